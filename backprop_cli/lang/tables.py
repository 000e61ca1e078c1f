"""Lark's tables for a grammar, worked out beforehand: reading them takes a tenth of the time that making them takes.

They are kept beside this file, one `.json` for each grammar, as what they are: data. Tables that another grammar or another
release of Lark made are passed over, and Lark makes its own. `pytest --update-golden -k tables` writes them anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from pkgutil import get_data
from typing import Any

import lark
from lark import Lark, Transformer
from lark.grammar import Rule
from lark.lexer import Lexer, TerminalDef

Lexing = type[Lexer] | None  # what makes the tokens, where it is not Lark


def quick_parser(
    name: str, starts: Sequence[str], transformer: Transformer[Any, Any], read: Callable[[str], str], lexer: Lexing = None
) -> Lark:
    """The LALR parser of a grammar; `read` gives the text of a grammar by its name, those that it imports included."""
    kept = _kept(name)
    if kept is not None and kept["made_by"] == _made_by(kept["grammars"], read):
        load: Callable[..., Lark] = Lark._load_from_dict  # what Lark's own stand-alone parsers call
        if lexer is not None:
            _set_lexer(kept["data"], lexer)
        return load(kept["data"], kept["memo"], transformer=transformer)
    return slow_parser(name, starts, transformer, read, lexer)


def slow_parser(
    name: str, starts: Sequence[str], transformer: Transformer[Any, Any] | None, read: Callable[[str], str], lexer: Lexing = None
) -> Lark:
    """The same parser, its tables made by Lark from the grammar's text."""

    def imported(_base: str | None, path: str) -> tuple[str, str]:
        return path, read(path.removesuffix(".lark"))

    return Lark(
        read(name), parser="lalr", lexer=lexer or "auto", start=list(starts),
        maybe_placeholders=True, transformer=transformer, import_paths=[imported],
    )  # fmt: skip


def tables_path(name: str) -> Path:
    """Where the tables of a grammar are kept."""
    return Path(__file__).with_name(f"{name}.json")


def tables_text(name: str, starts: Sequence[str], grammars: Sequence[str], read: Callable[[str], str], lexer: Lexing = None) -> str:
    """The tables of a grammar as they are kept; the same text in every run. `grammars` are the grammar and those it imports."""
    made = slow_parser(name, starts, None, read, lexer)
    made.options.options["import_paths"] = []
    data, memo = made.memo_serialize([TerminalDef, Rule])
    data["parser"]["parser"] = _ordered(data["parser"]["parser"])
    if lexer is not None:
        _set_lexer(data, None)
    kept = {"made_by": _made_by(grammars, read), "grammars": list(grammars), "data": data, "memo": memo}
    return json.dumps(kept, sort_keys=True, separators=(",", ":")) + "\n"


def _set_lexer(data: Any, lexer: Lexing) -> None:
    """A class is no data: tables are kept without it."""
    data["options"]["lexer"] = data["parser"]["lexer_conf"]["lexer_type"] = lexer


def _kept(name: str) -> Any:
    try:
        text = get_data(__package__, f"{name}.json")
    except OSError:
        return None
    return json.loads(text or "null", object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    """JSON turns the numbers that are keys into texts: turn them back."""
    return {int(key) if key.isdecimal() else key: value for key, value in pairs}


def _made_by(grammars: Sequence[str], read: Callable[[str], str]) -> str:
    digest = sha256("\0".join(map(read, grammars)).encode()).hexdigest()
    return f"lark {lark.__version__} {digest}"


def _ordered(tables: Any) -> Any:
    """States and tokens numbered in an order that does not depend on the run: as they are reached, tokens by their names."""
    names = sorted(tables["tokens"].values())
    number = {old: names.index(token) for old, token in tables["tokens"].items()}
    order: dict[int, int] = {}
    pending = [state for _, state in sorted(tables["start_states"].items())]
    for state in pending:
        if state in order:
            continue
        order[state] = len(order)
        row = sorted(tables["states"][state].items(), key=lambda entry: number[entry[0]])
        pending.extend(target for _, (reduce, target) in row if not reduce)
    return {
        "tokens": dict(enumerate(names)),
        "states": {
            order[state]: {number[token]: [reduce, target if reduce else order[target]] for token, (reduce, target) in row.items()}
            for state, row in tables["states"].items()
        },
        "start_states": {start: order[state] for start, state in tables["start_states"].items()},
        "end_states": {start: order[state] for start, state in tables["end_states"].items()},
    }
