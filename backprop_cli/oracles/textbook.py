"""The textbook definitions of the table's functions; nothing else of a row is read here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce

from backprop_cli.calculus.table import SEVERAL, row
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import INFIX, NEGATE, Apply, Expr, Name, Part, Slice, fold, rebuilt, substitute
from backprop_cli.oracles.opinion import HoldsArrays, NoOpinion

# How the constants are called where no variable of a file can take their name.
FIXED = {"pi": "0pi", "e": "0e"}
# The heads that the oracles know by themselves; every other one is put in terms of these.
BASIC = frozenset(
    {*INFIX, NEGATE, "where", "maximum", "minimum", "abs", "sign", "floor", "ceil", "round", "cbrt", "sqrt", "exp", "log"}
    | {"sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "atan2"}
) - {"@"}


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """A function as a formula of basic heads in its operands."""

    operands: tuple[str, ...]
    body: Expr


@cache
def _body(text: str) -> Expr:
    return parse_expression(text, "<textbook>")


@cache
def meaning(head: str) -> Meaning | None:
    """What a head stands for; None for a basic one. Raises NoOpinion where nothing is known of it."""
    known = row(head)
    if known is None:
        raise NoOpinion(f"{head} has no textbook definition")
    if known.head in BASIC:
        return None
    if not known.textbook or known.textbook.startswith(f"{known.head}("):
        raise NoOpinion(f"{head} has no textbook definition")
    return Meaning(known.operands, _basic(_body(known.textbook)))


@cache
def formula(text: str) -> Expr:
    """A formula of ours in basic heads."""
    return _basic(_body(text))


def complete(part: Apply, given: list[Expr]) -> tuple[str, list[Expr]]:
    """The head by its first name, and its operands in order, those left out included. `given` are positional, then by keyword.

    Raises HoldsArrays where the head is that of a function of whole arrays.
    """
    if part.head in SEVERAL and len(given) > 1 and not part.keywords:
        return SEVERAL[part.head], given
    known = row(part.head)
    if known is None or known.code is not None:
        raise HoldsArrays
    placed = dict(zip(known.operands, given[: len(part.operands)], strict=False))
    placed.update(zip((name for name, _ in part.keywords), given[len(part.operands) :], strict=True))
    if len(part.operands) > len(known.operands) or set(placed) - set(known.operands):
        raise NoOpinion(f"{part.head} is given too much")
    for name in known.operands:
        if name not in placed:
            if name not in known.defaults:
                raise NoOpinion(f"{part.head} is given too little")
            placed[name] = _body(known.defaults[name])
    return known.head, [placed[name] for name in known.operands]


def in_basics(part: Apply, given: list[Expr]) -> Expr:
    """A function applied to trees of basic heads, as a tree of basic heads."""
    head, operands = complete(part, given)
    definition = meaning(head)
    if definition is not None:
        return substitute(definition.body, dict(zip(definition.operands, operands, strict=True)))
    if len(operands) > 2 and head in SEVERAL.values():
        return reduce(lambda left, right: Apply(head, (left, right), (), part.span), operands)
    return Apply(head, tuple(operands), (), part.span)


def _basic(tree: Expr) -> Expr:
    def combine(part: Part, below: list[Part]) -> Part:
        if isinstance(part, Apply):
            return in_basics(part, [each for each in below if not isinstance(each, Slice)])
        if isinstance(part, Name) and part.id in FIXED:
            return Name(FIXED[part.id])
        return rebuilt(part, below)

    found = fold(tree, combine)
    assert not isinstance(found, Slice)
    return found
