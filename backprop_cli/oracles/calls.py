"""What stands written in a call and in an array literal, before anything has a value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from backprop_cli.calculus.table import SEVERAL, row
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Number, Part, fold
from backprop_cli.oracles.opinion import NoOpinion

Shape = tuple[int, ...]


def arguments(part: Apply) -> tuple[tuple[Expr, ...], dict[str, Expr]]:
    """The operands of a built-in function, and those arguments that are no operands (axis, keepdims, shape, ...) by name."""
    known = row(part.head)
    several = part.head in SEVERAL and len(part.operands) > 1 and not part.keywords
    if known is None or known.code is None or not known.static or several:
        return (*part.operands, *(value for _, value in part.keywords)), {}
    placed = dict(zip((*known.operands, *known.static), part.operands, strict=False)) | dict(part.keywords)
    if not placed.keys() >= set(known.operands):
        raise NoOpinion(f"{part.head} is given no array")
    return tuple(placed[name] for name in known.operands), {name: placed[name] for name in known.static if name in placed}


def plain(tree: Brackets) -> tuple[list[Fraction | str | float], Shape] | None:
    """The numbers of an array literal that holds nothing else, and its shape."""

    def combine(part: Part, below: list[Any]) -> Any:
        match part:
            case Number(text=text):
                return [Fraction(text)], ()
            case Apply(head=head) if head == NEGATE and below[0] is not None and below[0][1] == ():
                return [-below[0][0][0]], ()
            case Brackets() if all(each is not None and each[1] == below[0][1] for each in below):
                return [number for each in below for number in each[0]], (len(below), *below[0][1])
            case _:
                return None

    found: tuple[list[Fraction | str | float], Shape] | None = fold(tree, combine)
    return found
