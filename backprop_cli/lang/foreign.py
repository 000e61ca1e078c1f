"""Spellings that mean something in other languages, on paper or in a shell, and what to write here."""

from __future__ import annotations

import re
from typing import NamedTuple

_LOGIC = {"and": "multiply conditions, as in (x > 0)*(y > 0)", "or": "add conditions, as in (x > 0) + (y > 0) > 0"}
_NOT = "compare with 0, as in x == 0"
_CHOICE = re.compile(r"(?:(.*?)=\s*)?(.+?)\s+if\s+(.+?)\s+else\s+(.+)", re.DOTALL)
_OTHER_BASE = re.compile(r"0(?:[xX][0-9A-Fa-f]+|[bB][01]+|[oO][0-7]+)(?!\w)")
_GROUPED = re.compile(r"[0-9]+(?:_[0-9]+)+(?!\w)")
_GIVES = re.compile(r"\s*=(?!=)")
_SHOWN = 120  # a longer text is not repeated in a hint
_POWER_OF_NAME = re.compile(r"([^\W\d]\w*)\s*([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|(?:\^|\*\*)\s*[-+]?\s*[0-9]+)\Z")


class Meant(NamedTuple):
    """What a spelling is: where it stands in its text, the name of the complaint and its message, what to write."""

    start: int
    end: int
    reference: str
    message: str
    hint: str


def foreign(text: str, where: int, previous: str, token: str) -> Meant | None:
    """What was meant where `token` stands after `previous` with no operator between them; None where nothing is known."""
    if token in ("if", "else"):
        found = _CHOICE.fullmatch(text.strip()) if len(text) < _SHOWN else None
        name, yes, condition, no = found.groups() if found else (None, "a", "c", "b")
        hint = f"write  {f'{name.strip()} = ' if name else ''}where({condition}, {yes}, {no})"
        return Meant(where, where + len(token), "unknown-word", f"`{token}` has no meaning here: where(condition, x, y) chooses", hint)
    if token in _LOGIC:
        return Meant(where, where + len(token), "unknown-word", f"`{token}` has no meaning here", _LOGIC[token])
    if previous == "not":
        start = text.rindex("not", 0, where)
        return Meant(start, start + 3, "unknown-word", "`not` has no meaning here", _NOT)
    return _number(text, where, previous) or _power(text, where, token)


def _number(text: str, where: int, previous: str) -> Meant | None:
    start = where - len(previous)
    for pattern, base in ((_OTHER_BASE, 0), (_GROUPED, 10)):
        found = pattern.match(text, start) if previous.isdecimal() else None
        if found:
            said = found.group()
            hint = f"write  {int(said, base)}" if len(said) < _SHOWN else "write it in decimal digits alone"
            return Meant(start, found.end(), "bad-number", f"{said[:40]} is no number here: numbers have decimal digits alone", hint)
    return None


def _power(text: str, where: int, token: str) -> Meant | None:
    """`sin²(x)`: on paper the power of a function's value."""
    lead = max(where - _SHOWN, 0)
    found = _POWER_OF_NAME.search(text[lead:where].rstrip()) if token == "(" else None
    if found is None:
        return None
    name, power = found.groups()
    inside = _bracket(text, where)
    hint = f"write  {name}{inside}{power}  where {name} is a function, or  {name}{power}*{inside}"
    if power.replace(" ", "") in ("⁻¹", "^-1", "**-1"):
        hint = f"write  a{name}{inside}  for the inverse of a function such as sin, or  1/{name}{inside}"
    message = f"an operator is missing between {power} and (; the power of a function stands after its brackets"
    return Meant(lead + found.start(1), where + 1, "missing-operator", message, hint)


def _bracket(text: str, where: int) -> str:
    """The brackets that open at a place, with what they hold; shortened where that is long."""
    depth = 0
    for at in range(where, min(len(text), where + 40)):
        depth += (text[at] in "([") - (text[at] in ")]")
        if depth == 0:
            return text[where : at + 1]
    return "(...)"


def unbound(text: str, where: int, previous: str, token: str) -> Meant | None:
    """What is wrong with a list such as `x=2, a=1/3` at a place where a name or a sign of the list itself is due."""
    example = "write  x=2, a=1/3"
    before = text[:where]
    if before.count("(") + before.count("[") > before.count(")") + before.count("]"):
        return None
    if not text.strip():
        return Meant(0, 1, "no-value", "this names nothing and gives no value", "write  x=2")
    if not token and previous == ",":
        return Meant(where - 1, where, "missing-operand", "nothing stands after the last comma", "leave it out, or go on:  x=2, a=1/3")
    if token == "=" and previous == "=":
        return Meant(where - 1, where + 1, "second-equals", "== compares; a value is given with a single =", example)
    if token and previous in ("", ","):
        return Meant(where, where + len(token), "bad-target", f"a name is due here, not {token}", example)
    if token and _GIVES.match(text, where + len(token)):
        hint = f"write  {before.strip()}, {text[where:].strip()}" if len(text) < _SHOWN else example
        return Meant(where, where + len(token), "missing-comma", "values are separated by commas", hint)
    return None
