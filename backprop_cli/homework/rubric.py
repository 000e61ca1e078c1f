"""Rubric files: what a teacher decides, written in TOML."""

from __future__ import annotations

import math
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from backprop_cli.errors import MOST_REPORTED, BackpropError, Diagnostic, Source, Span, nearest
from backprop_cli.homework.rules import FORMS, STRENGTHS, Rules
from backprop_cli.lang.text import decode
from backprop_cli.limits import Limits

_LONGEST = 60  # characters of a rate
_MOST_DIGITS = 17
_RATE = re.compile(r"[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?(?:/[0-9]+)?")
# Comments and texts are passed over.
_WHOLE = re.compile(r"""#.*|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|(?<![\w.])([0-9][0-9_]*+)(?![\w.])""")
_HEADER = re.compile(r"\s*+\[++([^\]]*+)\]++\s*+(?:#.*)?$")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^\s=."'\[#]+))""")


class Unfit(ValueError):
    """A value that its key does not take; the text says what it takes."""


class _Faults(list[Diagnostic]):
    """The complaints so far; no more are looked for than are told."""

    def add(self, fault: Diagnostic) -> None:
        self.append(fault)
        if len(self) == MOST_REPORTED:
            raise BackpropError(self)


class _Decimal(float):
    """A decimal number that remembers its spelling."""

    text: str

    def __new__(cls, text: str) -> _Decimal:
        made = super().__new__(cls, text)
        made.text = text
        return made


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or math.isnan(value):
        raise Unfit("a number")
    return float(value)


def points(value: Any) -> float:
    """Points: a number from 0 on."""
    number = _number(value)
    if number < 0:
        raise Unfit("a number from 0 on")
    return number


def credit(value: Any) -> float:
    """A part of the points: a number from 0 to 1."""
    if not 0 <= _number(value) <= 1:
        raise Unfit("a number from 0 to 1, the part of the points that is earned")
    return float(value)


def tolerance(value: Any) -> float:
    """A relative tolerance: a number from 0 on, below 1."""
    if not 0 <= _number(value) < 1:
        raise Unfit("a number from 0 on and below 1, relative to the truth")
    return float(value)


def digits(value: Any) -> int:
    """Significant digits: 1 to 17."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_DIGITS:
        raise Unfit(f"a whole number from 1 to {_MOST_DIGITS}")
    return value


def rate(value: Any) -> Fraction:
    """A learning rate: a number above 0, exactly as it is written; a text may be a fraction."""
    text = getattr(value, "text", str(value)) if not isinstance(value, bool) else ""
    said = 'a number above 0, such as 0.1 or "1/10"'
    text = text.replace("_", "").removeprefix("+")
    if not text or len(text) > _LONGEST or not _RATE.fullmatch(text):
        raise Unfit(said)
    above, _, below = text.partition("/")
    try:
        if not (math.isfinite(float(above)) and float(above) > 0):
            raise Unfit(said)
        return Fraction(above) / Fraction(below or 1)
    except (ValueError, ZeroDivisionError):
        raise Unfit(said) from None


def form(value: Any) -> str:
    """A form that formulas must have."""
    if value not in FORMS:
        raise Unfit(f"one of {', '.join(FORMS)}")
    return str(value)


def strength(value: Any) -> str:
    """How much hints say."""
    if value not in STRENGTHS:
        raise Unfit(f"one of {', '.join(STRENGTHS)}")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit("true or false")
    return value


def _listed(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise Unfit('a list of answers, such as ["dL/da", "dL/db"]')
    return tuple(value)


Reader = Callable[[Any], Any]
# table of the file -> key -> field of the rules and what reads it
_KEYS: dict[str, dict[str, tuple[str, Reader]]] = {
    "": {
        "require": ("require", _listed),
        "digits": ("digits", digits),
        "tolerance": ("tolerance", tolerance),
        "form": ("form", form),
        "rate": ("rate", rate),
        "decimal-comma": ("decimal_comma", _flag),
        "points": ("others", points),
    },
    "credit": {
        "follow-through": ("follow_through", credit),
        "convention": ("convention", credit),
        "at-point": ("at_point", credit),
    },
    "hints": {"strength": ("hints", strength), "diagnosis": ("diagnose", _flag)},
}
_ANSWER: dict[str, tuple[str, Reader]] = {"points": ("points", points), "form": ("forms", form), "tolerance": ("tolerances", tolerance)}


def read_rubric(data: bytes, name: str, limits: Limits) -> Rules:
    """The rules that a rubric file sets.

    An answer that the file gives points to must be there, unless `require` lists what must.
    Raises BackpropError where the file is no TOML, has a key that means nothing, or a value that its key does not take.
    """
    source = decode(data, name, limits)
    try:
        tree = tomllib.loads(source.text, parse_float=_Decimal)
    except ValueError as error:  # of the reader, or of a number with too many digits
        raise BackpropError(_too_long(source) or _no_toml(str(error), source)) from None
    except RecursionError:
        raise BackpropError(Diagnostic("bad-rubric", f"{name} is nested too deeply", hint="a rubric has tables and lists only")) from None
    found: dict[str, Any] = {}
    faults = _Faults()
    for table, key, value, keys in _entries(tree, source, faults):
        if key not in keys:
            faults.add(_unknown(key, [*keys, *(_KEYS if not table else ())], source, table))
            continue
        field, reader = keys[key]
        try:
            read = reader(value)
        except Unfit as takes:
            faults.add(Diagnostic("bad-rubric", f"{key} takes {takes}", source, _spot(source, table, key)))
            continue
        if keys is _ANSWER:
            found.setdefault(field, {})[table[1]] = read
        else:
            found[field] = read
    if faults:
        raise BackpropError(faults)
    worth: Mapping[str, float] = found.get("points", {})
    found.setdefault("require", tuple(of for of, most in worth.items() if most > 0))
    return Rules(**found)


Table = tuple[str, ...]


def _entries(
    tree: Mapping[str, Any], source: Source, faults: _Faults
) -> Iterator[tuple[Table, str, Any, Mapping[str, tuple[str, Reader]]]]:
    """Every key of the file: the table it stands in, the key, its value, and the keys that the table knows."""
    for key, value in tree.items():
        if key == "answers" and isinstance(value, dict):
            for of, inside in value.items():
                if not isinstance(inside, dict):
                    hint = f'write  [answers."{of}"]  and below it  points = 2'
                    faults.add(Diagnostic("bad-rubric", f"answers.{of} is a table", source, _spot(source, ("answers",), of), hint=hint))
                    continue
                yield from ((("answers", of), word, given, _ANSWER) for word, given in inside.items())
        elif key in _KEYS and isinstance(value, dict):
            yield from (((key,), word, given, _KEYS[key]) for word, given in value.items())
        elif key in _KEYS or key == "answers":
            faults.add(Diagnostic("bad-rubric", f"{key} is a table", source, _spot(source, (), key), hint=f"write  [{key}]"))
        else:
            yield (), key, value, _KEYS[""]


def _unknown(key: str, known: list[str], source: Source, table: Table) -> Diagnostic:
    listed = [word for word in [*known, *(() if table else ("answers",))] if word]
    near = nearest(key.replace("_", "-"), listed)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(listed)}"
    where = f" in [{table[0]}]" if table else ""
    return Diagnostic("unknown-key", f"{key} means nothing{where}", source, _spot(source, table, key), hint=hint)


def _spot(source: Source, table: Table, key: str) -> Span | None:
    """Where a key is set, or the head of its table; None where neither is found."""
    here: Table = ()
    at = 0
    for line in source.text.split("\n"):
        header = _HEADER.match(line)
        first = _KEY.match(line)
        if header:
            here = tuple(next(filter(None, part.groups()), "") for part in _KEY.finditer(header.group(1).replace(".", " ")))
            if here[: len(table) + 1] == (*table, key):
                return Span(at + header.start(1), at + header.end(1))
        elif first and here == table and key in first.groups():
            group = next(number for number, text in enumerate(first.groups(), 1) if text is not None)
            return Span(at + first.start(group), at + first.end(group))
        at += len(line) + 1
    return None


def _too_long(source: Source) -> Diagnostic | None:
    """The complaint about the first whole number that has more digits than Python turns into one."""
    most = sys.get_int_max_str_digits()
    for found in _WHOLE.finditer(source.text):
        count = len(found[1].replace("_", "")) if found[1] else 0
        if most and count > most:
            said = f"a whole number of {count:,} digits; a rubric takes at most {most:,}"
            return Diagnostic("bad-rubric", said, source, Span(found.start(1), found.end(1)))
    return None


def _no_toml(said: str, source: Source) -> Diagnostic:
    """The complaint of the TOML reader with its place."""
    place = re.search(r" \(at line (\d+), column (\d+)\)", said)
    message = re.sub(r" \(at .*\)$", "", said)
    span = None
    if place:
        line, column = map(int, place.groups())
        start = sum(len(each) + 1 for each in source.text.split("\n")[: line - 1]) + column - 1
        span = Span(start, start + 1)
    elif said.endswith("(at end of document)"):
        span = Span(len(source.text.rstrip()), len(source.text.rstrip()) + 1)
    return Diagnostic("bad-rubric", f"this is no TOML: {message[:1].lower()}{message[1:]}", source, span)
