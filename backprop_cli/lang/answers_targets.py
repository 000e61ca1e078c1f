"""The left side of an answer: what it is about."""

from __future__ import annotations

import re
from typing import NoReturn

from backprop_cli.lang.answers_syntax import DERIVATIVE, PARTIAL, Target
from backprop_cli.lang.answers_tokens import tokens
from backprop_cli.lang.answers_trees import tree_of
from backprop_cli.lang.answers_words import Sheet, Word
from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Index, Name, Number, Part

_UPDATED = re.compile(r"(.+?)_?(?:new|neu|next|updated)|new_?(.+)")


def target(words: list[Word], sign: Word, sheet: Sheet, notes: list[str]) -> Target:
    """What an answer is about, from the words before its first `=` (or `<-`). Raises BackpropError."""
    if not words:
        sheet.refuse("bad-target", f"nothing stands before {sign.text}", sign.start, sign.end, "write  dL/da = ...")
    updated = _updated(words, sign, sheet)
    if updated is not None:
        return Target("update", updated, None, False, None, updated)
    if sign.text in ("<-", ":=", "-=", "+="):
        _bad(words, sheet, f"{sign.text} gives a name a new value", f"write  w {sign.text} ...")
    inner = _shaped(words, sheet)
    found = _about(inner or words, sheet, notes)
    if inner is None:
        return found
    if found.index is not None:
        _bad(words, sheet, "one entry has no shape", "write  shape(dL/dW) = (2, 3)")
    return Target("shape", found.of, found.wrt, found.partial, None, f"shape({found.text})")


def _updated(words: list[Word], sign: Word, sheet: Sheet) -> str | None:
    """The name that gets a new value, or None where the line is no update."""
    known, first = sheet.known, words[0]
    if first.kind != "NAME":
        return None
    marked = len(words) == 2 and (words[1].kind in ("NEW", "PRIME") or (words[1].kind, words[1].text) == ("RAISED", "⁺"))
    if marked or (len(words) == 1 and sign.text in ("<-", ":=", "-=", "+=")):
        found = known.node(first.text)
        if found is not None:
            return found
    if len(words) > 1 or known.meanings(first.text):
        return None
    name = updated_name(first.text)
    return known.node(name) if name else None


def updated_name(text: str) -> str | None:
    """The name whose new value is called so: `w` for `w_new`."""
    parts = _UPDATED.fullmatch(text)
    return (parts.group(1) or parts.group(2)) if parts else None


def _shaped(words: list[Word], sheet: Sheet) -> list[Word] | None:
    """What a shape is asked of: the words within `shape(...)` or before `.shape`."""
    kinds = [each.kind for each in words]
    if words[0].text == "shape" and kinds[1:2] == ["LPAR"] and kinds[-1] == "RPAR" and len(words) > 3:
        return words[2:-1]
    if (kinds[-1], words[-1].text) == ("ATTRIBUTE", ".shape") and len(words) > 1:
        return words[:-1]
    return None


def _about(words: list[Word], sheet: Sheet, notes: list[str]) -> Target:
    """A derivative, a value, or one entry of either."""
    tree = tree_of(tokens(words, sheet, notes, left=True), sheet)
    places: list[int] = []
    base: Expr = tree
    while isinstance(base, Index):
        found = [_whole(each) for each in base.items]
        if any(each is None for each in found):
            _bad(words, sheet, "an entry is told by whole numbers", "write  dL/dW[0, 1] = ..., counted from 0")
        places = [each for each in found if each is not None] + places
        base = base.base
    index = tuple(places) if isinstance(tree, Index) else None
    entry = f"[{', '.join(map(str, places))}]" if index is not None else ""
    if isinstance(base, Apply) and base.head in (DERIVATIVE, PARTIAL):
        of, wrt = (each.id for each in base.operands if isinstance(each, Name))
        sign = base.head[0]
        return Target("derivative", of, wrt, base.head == PARTIAL, index, f"{sign}{of}/{sign}{wrt}{entry}")
    if isinstance(base, Name) and sheet.known.node(base.id):
        return Target("value", base.id, None, False, index, base.id + entry)
    return _bad(
        words, sheet, "an answer is about one name or one derivative", "write  dL/da = ...,  u = ...,  shape(u) = ...,  w_new = ..."
    )


def _whole(part: Part) -> int | None:
    """An index of whole number, negative ones count from the end."""
    sign = 1
    if isinstance(part, Apply) and part.head == NEGATE:
        sign, part = -1, part.operands[0]
    return sign * int(part.text) if isinstance(part, Number) and part.text.isdigit() and len(part.text) < 10 else None


def _bad(words: list[Word], sheet: Sheet, message: str, hint: str) -> NoReturn:
    sheet.refuse("bad-target", message, words[0].start, words[-1].end, hint)
