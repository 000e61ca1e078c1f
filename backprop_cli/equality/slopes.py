"""Derivatives of terms, as terms: reverse mode with the local derivatives that the table prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache

from backprop_cli.calculus.table import row, row_of_several
from backprop_cli.equality.terms import NAMED, Terms
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import Expr, Name, names_in, substitute
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.textbook import FIXED

_OWN = "y"


@cache
def formula_of(head: str, count: int, operand: int) -> tuple[tuple[str, ...], Expr | None]:
    """The operand names of a head, and the table's formula of its derivative by one of them; None where nothing passes."""
    known = row(head)
    if known is not None and count > len(known.operands) and head in ("maximum", "minimum"):
        known = row_of_several(head, count)
    if known is None or known.code is not None:
        raise NoOpinion(f"{head} has no derivative here")
    text = known.local[operand]
    if text is None:
        return known.operands, None
    return known.operands, substitute(parse_expression(text, "<table>"), {each: Name(fixed) for each, fixed in FIXED.items()})


@cache
def by_own_value(head: str) -> bool:
    """Whether the table writes the derivative of a function with its own value, as `y*(1 - y)` of a sigmoid."""
    known = row(head)
    return (
        known is not None
        and known.code is None
        and any(_OWN in names_in(parse_expression(text, "<table>")) for text in known.local if text)
    )


def shares(terms: Terms, inner: Sequence[int], instead: Sequence[int]) -> dict[int, int]:
    """For the terms of a softmax, with others in their place: its exponentials and their sum as if the sum were 1.

    So its derivative is written with its own values. Empty for terms that are no softmax.
    """
    if len(inner) < 2 or any(terms.heads[each] != "/" for each in inner):
        return {}
    tops, sums = [terms.operands[each][0] for each in inner], {terms.operands[each][1] for each in inner}
    if any(terms.heads[each] != "exp" for each in tops) or not all(set(tops) <= set(terms.below([each])) for each in sums):
        return {}
    return dict(zip(tops, instead, strict=True)) | dict.fromkeys(sums, terms.number(1))


def local(terms: Terms, user: int, operand: int) -> int | None:
    """The derivative of a term by its operand with that number; None where nothing passes through it."""
    head, operands = terms.heads[user], terms.operands[user]
    if head == NAMED:
        return terms.number(1)
    names, tree = formula_of(head, len(operands), operand)
    if tree is None:
        return None
    if head == "^" and operand == 0 and terms.value(operands[1]) == 0:
        return None
    found = terms.formula(tree, {**dict(zip(names, operands, strict=True)), _OWN: user})
    return None if terms.value(found) == 0 else found


def pulled(
    terms: Terms, seeds: Mapping[int, int], stop: Callable[[int], bool], slopes: dict[tuple[int, int], int | None] | None = None
) -> dict[int, int]:
    """The adjoints that arrive at stops when the seeded terms have those adjoints; a seeded term is not itself a stop.

    Only what arrives is listed: a stop that is missing has adjoint 0. Local derivatives are kept in `slopes`.
    """
    known = {} if slopes is None else slopes
    adjoints: dict[int, int] = {}
    arrived: dict[int, int] = {}
    for each, adjoint in seeds.items():
        (arrived if stop(each) else adjoints)[each] = adjoint
    inside = terms.below([each for each in seeds if not stop(each)], stop)
    for user in reversed(inside):
        if user not in adjoints or not terms.moved[user]:
            continue
        adjoint = adjoints[user]
        for number, below in enumerate(terms.operands[user]):
            if not terms.moved[below]:
                continue
            if (user, number) not in known:
                known[user, number] = local(terms, user, number)
            slope = known[user, number]
            if slope is None:
                continue
            into = arrived if stop(below) else adjoints
            added = terms.apply("*", adjoint, slope)
            into[below] = terms.apply("+", into[below], added) if below in into else added
    return arrived


def gradient(terms: Terms, root: int, by: Iterable[int]) -> dict[int, int]:
    """The derivatives of a term by others below it, 0 where it does not depend on them; what stands below one of them is not seen."""
    wanted = set(by)
    found = pulled(terms, {root: terms.number(Fraction(1))}, wanted.__contains__)
    return {each: found.get(each, terms.number(Fraction(0))) for each in wanted}
