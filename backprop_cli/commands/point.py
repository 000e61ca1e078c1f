"""What `--at` says: names and the values they take, from the command line and from files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from backprop_cli.commands.reading import read_file
from backprop_cli.errors import BackpropError, Diagnostic, Source, Span
from backprop_cli.lang.parse import parse_bindings, parse_expression
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Number, names_in
from backprop_cli.lang.text import canonical
from backprop_cli.limits import Limits

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given
    from backprop_cli.lang.program import Program

_NAME = "--at"
_FROM_FILE = re.compile(r"\s*([^\s=,@]+)\s*=\s*@(.+)", re.DOTALL)
_FOREIGN = re.compile(r"\s*(?:(?:param|input)\s+)?([^\W\d]\w*)\s*(?:=|:=|:|<-|\s)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
_DATA = re.compile(r"\s*([^\W\d]\w*)\s*=\s*([^@\s,][^\s,]*\.(?:csv|npy|npz))\s*", re.IGNORECASE)
_ENTRY = re.compile(r"\s*([^\W\d]\w*)\s*\[[^\]=]*\]\s*=")
_CONSTANTS = ("pi", "e")
_NOT_NUMBERS = ("nan", "inf", "infinity")


def point(options: Iterable[str] | None, limits: Limits) -> dict[str, Given]:
    """The values that all `--at` options give, by name. The same name twice is an error."""
    found: dict[str, Given] = {}
    for option in options or ():
        for name, value, complaint in _bindings(option, limits):
            if name in found:
                raise BackpropError(complaint("value-twice", f"{name} is given two values", "give each name one value"))
            found[name] = value
    return found


def with_columns(program: Program, at: dict[str, Given], path: str, limits: Limits) -> tuple[dict[str, Given], tuple[str, ...]]:
    """The point with each column of a table at the input of its name, and the names that received one."""
    from backprop_cli.commands.values import columns
    from backprop_cli.graph.build import build
    from backprop_cli.reports.patterns import bound

    where = bound(build(program, at.keys(), limits), columns(path, limits), at, path)
    return where, tuple(name for name in where if name not in at)


def _bindings(option: str, limits: Limits) -> Iterable[tuple[str, Given, Any]]:
    if option.lstrip().startswith("@"):
        yield from _point_file(option.strip()[1:], limits)
        return
    from_file = _FROM_FILE.fullmatch(option)
    if from_file:
        from backprop_cli.commands.values import values

        yield canonical(from_file.group(1)), values(from_file.group(2).strip(), limits), _without_place
        return
    source = Source(_NAME, option)
    for name, span, value in _read(option, limits):

        def complaint(code: str, message: str, hint: str, span: Span = span) -> Diagnostic:
            return Diagnostic(code, message, source, span, hint=hint)

        if value is None:
            raise BackpropError(complaint("no-value", f"{name} is given no value", f"write --at {name}=2"))
        yield name, _constant(name, value, source), complaint


def _read(option: str, limits: Limits) -> list[tuple[str, Span, Expr | None]]:
    """The names and values in an option, with a hint for the ways other languages write them."""
    try:
        return list(parse_bindings(option, _NAME, limits))
    except BackpropError as error:
        foreign, entry = _FOREIGN.fullmatch(option), _ENTRY.match(option)
        file = _DATA.fullmatch(option)
        hint = ""
        if file:
            hint = f"write  {file[1]}=@{file[2]}"
        elif foreign:
            hint = f"write  {foreign[1]}={foreign[2]}"
        elif entry:
            hint = f"give the whole array, as in  {entry[1]}=[1, 2]"
        if hint and not any(each.reference.startswith("literal-") for each in error.diagnostics):  # these know better
            from dataclasses import replace

            raise BackpropError(replace(each, hint=hint) for each in error.diagnostics) from None
        raise


def _without_place(code: str, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code, message, hint=hint)


def _constant(name: str, value: Expr, source: Source) -> Expr:
    """An expression in which no variable stands."""
    for word, span in names_in(value).items():
        if word.lower() in _NOT_NUMBERS:
            raise BackpropError(
                Diagnostic("not-finite", f"{name} must be a finite number", source, span, hint=f"write a number, as in {name}=2")
            )
        if word not in _CONSTANTS:
            message = f"the value of {name} must be a number, and {word} is a name"
            raise BackpropError(Diagnostic("not-constant", message, source, span, hint="pi and e are the only names that may stand here"))
    return value


def _point_file(path: str, limits: Limits) -> Iterable[tuple[str, Given, Any]]:
    """A whole point: one JSON object, from names to numbers, lists of numbers, or texts such as "1/3"."""
    import json

    shape = 'the file holds one object, as in {"x": 2, "a": "1/3"}'
    if path.lower().endswith((".csv", ".npy", ".npz")):
        shape = f"an array goes to a name:  --at x=@{path}"
    if not path:
        raise BackpropError(Diagnostic("no-such-file", "--at @ names no file", hint="write --at @point.json"))
    data = read_file(path, limits)
    if len(data) > limits.file_bytes:
        raise BackpropError(
            _without_place("file-too-large", f"{path} is larger than {limits.file_bytes:,} bytes", "allow more with --limit file-bytes=N")
        )
    try:
        text = data.decode("utf-8-sig")
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_int=_number, parse_float=_number, parse_constant=_number)
    except json.JSONDecodeError as error:
        span = Span(error.pos, error.pos + 1)
        raise BackpropError(Diagnostic("bad-json", f"this is no JSON: {error.msg}", Source(path, text), span, hint=shape)) from None
    except (UnicodeDecodeError, RecursionError):
        raise BackpropError(_without_place("bad-json", f"{path} is no JSON in UTF-8", shape)) from None
    if not isinstance(pairs, _Pairs):
        raise BackpropError(_without_place("bad-json", f"{path} holds no object", shape))
    for written, value in pairs:
        name = canonical(written.strip())
        yield name, _json_value(name, value, path, limits), _without_place


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON, names that stand twice included."""


class _Written(str):
    """A number as the file spells it."""


_number = _Written


def _json_value(name: str, value: Any, path: str, limits: Limits) -> Expr:
    """A JSON value as an expression: numbers keep their spelling, so that 0.1 is 1/10 where the tool works exactly."""
    results: list[Expr] = []
    pending: list[tuple[Any, bool]] = [(value, False)]
    while pending:
        each, opened = pending.pop()
        if opened:
            cut = len(results) - len(each)
            results[cut:] = [Brackets(tuple(results[cut:]))]
        elif isinstance(each, list) and not isinstance(each, _Pairs):
            pending.append((each, True))
            pending.extend((item, False) for item in reversed(each))
        elif isinstance(each, str):
            results.append(_json_number(name, each, path, limits))
        else:
            shown = {True: "true", False: "false", None: "null"}.get(each, "an object") if not isinstance(each, list) else "an object"
            raise BackpropError(Diagnostic("not-a-number", f"{name} in {path} must be a number, not {shown}"))
    return results[0]


def _json_number(name: str, text: str, path: str, limits: Limits) -> Expr:
    if isinstance(text, _Written) and text.lstrip("-") in ("NaN", "Infinity"):
        raise BackpropError(Diagnostic("not-finite", f"{name} in {path} must be a finite number, not {text}"))
    if isinstance(text, _Written) and len(text) < 18 and "e" not in text and "E" not in text:
        return Apply(NEGATE, (Number(text[1:]),)) if text.startswith("-") else Number(text)
    label = f"{path}, {name}"
    return _constant(name, parse_expression(text, label, limits), Source(label, text))
