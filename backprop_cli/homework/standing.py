"""Numbers in a formula that stand for earlier answers: `0.405/u` after `dL/dw = 0.405` is `dL/dw/u`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from typing import Any, cast

import numpy as np

from backprop_cli.equality.decide import values
from backprop_cli.homework.board import Board
from backprop_cli.homework.following import Slip
from backprop_cli.homework.formulas import Numbers, half_unit, numbers_of, quotient_of, significant
from backprop_cli.homework.numbers import fraction
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.answers_syntax import BESIDE
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Number, Part, children, fold, rebuilt

_READINGS, _CHOICES, _DIGITS = 16, 3, 50
_PRODUCTS = ("*", BESIDE)
_PLAIN = (1, 2)  # numbers that stand for no value: there are so many of them
_POWERS = {Fraction(10) ** power for power in range(-6, 7)}


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Terms for literals by their spelling, for array literals by their numbers, and the answers that these are."""

    literals: Mapping[str, int]
    arrays: Mapping[Numbers, Ids]
    slips: Sequence[Slip]


def readings(board: Board, slips: Sequence[Slip], tree: Expr, world: World = TRUTH) -> Iterator[Standing]:
    """The ways in which numbers of a formula may stand for earlier answers, of which there are few; not where it is a number itself."""
    inner = tree.operands[0] if isinstance(tree, Apply) and tree.head == NEGATE else tree
    if isinstance(inner, Number) or quotient_of(inner) or (isinstance(inner, Brackets) and numbers_of(inner) is not None):
        return
    named = {id(slip): board.value(slip.of, world) if slip.by is None else board.derivative(slip.of, slip.by, world) for slip in slips}
    arrays: dict[Numbers, Ids] = {}
    whole: list[Slip] = []
    claims: list[_Claim] | None = None
    choices: dict[str, list[tuple[int, Slip] | None]] = {}
    factors = _factors(tree)
    pending: list[Part] = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, Brackets):
            key = numbers_of(part)
            slip = next((slip for slip in reversed(slips) if key is not None and _same(board, slip, key)), None)
            if key is not None and slip is not None:
                arrays[key] = named[id(slip)]
                whole.append(slip)
                continue
        text = quotient_of(part) or (part.text if isinstance(part, Number) else "")
        value = _value(text)
        if value and text not in choices and (value not in _PLAIN or id(part) in factors):
            if claims is None:
                claims = [each for slip in reversed(slips) for each in _claims(board, slip, named[id(slip)])]
            found = {term: (term, slip) for term, slip in reversed(list(_terms(board, claims, text, value)))}
            if found:
                choices[text] = [*list(found.values())[:_CHOICES], None]
                continue
        pending.extend(children(part))
    for chosen in islice(product(*choices.values()), _READINGS):
        picked = {text: each for text, each in zip(choices, chosen, strict=True) if each is not None}
        if picked or arrays:
            used = [*whole, *(slip for _, slip in picked.values())]
            yield Standing({text: term for text, (term, _) in picked.items()}, arrays, list({id(each): each for each in used}.values()))


def _factors(tree: Expr) -> set[int]:
    """The factors of a whole formula, by their identity: `2` in `-2*x`, not in `x + 2` or `x/2`."""
    found: set[int] = set()
    pending: list[Part] = [tree]
    while pending:
        part = pending.pop()
        match part:
            case Apply(head=head, operands=operands) if head in _PRODUCTS or head == NEGATE:
                pending.extend(operands)
            case Apply(head="/", operands=(top, _)):
                pending.append(top)
            case _:
                found.add(id(part))
    return found


def _value(text: str) -> Fraction:
    """What a number or a quotient of two spells; 0 where it is none."""
    above, _, below = text.partition("/")
    bottom = Fraction(below or 1)
    return Fraction(above) / bottom if text and bottom else Fraction(0)


def with_quotients(tree: Expr) -> Expr:
    """The same formula with its fractions in one piece: `x*9/8` and `9*x/8` as `x*(9/8)`, `-9/8` as `-(9/8)`."""

    def combine(part: Part, below: list[Any]) -> Part:
        again = rebuilt(part, below) if below else part
        match again:
            case Apply(head="/", operands=(Apply(head=head, operands=(top,)), Number() as bottom)) if head == NEGATE:
                found = _divided(top, bottom)
                return Apply(NEGATE, (found,), (), again.span) if found else again
            case Apply(head="/", operands=(top, Number() as bottom)):
                return _divided(top, bottom) or again
            case _:
                return again

    found: Any = fold(tree, combine)
    return cast("Expr", found)


def _divided(top: Expr, bottom: Number) -> Expr | None:
    """A number by a number, or the product that a number is in by a number, with the fraction in one piece; None for others."""
    whole = _fraction(top, bottom)
    if whole is not None or not isinstance(top, Apply) or top.head not in _PRODUCTS:
        return whole
    left, right = top.operands
    second = _fraction(right, bottom)
    first = _fraction(left, bottom) if second is None else left
    return None if first is None else Apply("*", (first, second or right), (), top.span)


def _fraction(part: Expr, bottom: Number) -> Expr | None:
    match part:
        case Number():
            return Apply("/", (part, bottom), (), part.span)
        case Apply(head=head, operands=(Number() as top,)) if head == NEGATE:
            return Apply(NEGATE, (Apply("/", (top, bottom), (), part.span),), (), part.span)
        case _:
            return None


def _same(board: Board, slip: Slip, key: Numbers) -> bool:
    claimed = tuple(board.terms.value(each) for each in slip.claimed.ravel().tolist())
    return claimed == key[0] and slip.claimed.shape == key[1] and any(each not in (0, 1) for each in key[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Claim:
    """An entry of an answer: its number, whether fewer digits will do, its term, and the answer to it alone."""

    number: Fraction
    loose: bool
    term: int
    slip: Slip


def _claims(board: Board, slip: Slip, named: Ids) -> list[_Claim]:
    """The entries of an answer that have a number; of a wrong formula, its value at the point."""
    terms = board.terms
    flat = slip.claimed.ravel().tolist()
    balls = [None] * len(flat) if slip.right else values(terms, flat, board.home, _DIGITS)
    found = []
    for index, claimed, ball, term in zip(np.ndindex(slip.claimed.shape), flat, balls, named.ravel().tolist(), strict=True):
        written = terms.value(claimed)
        number = written if written is not None or ball is None else fraction(ball.mid)
        if number and (slip.right or terms.moved[term]):  # what stands for a constant says nothing
            found.append(_Claim(number, slip.right or written is None, term, _entry(slip, index, named)))
    return found


def _terms(board: Board, claims: Sequence[_Claim], text: str, value: Fraction) -> Iterator[tuple[int, Slip]]:
    """What a literal is in terms of answers, and these: an entry, with its sign, a power of ten away, or with fewer digits."""
    terms = board.terms
    long = "/" not in text and significant(text) >= 3 and not text.isdecimal()
    for claim in claims:
        if value in _PLAIN and claim.slip.by is None:
            continue
        ratio = value / abs(claim.number)
        if ratio != 1 and not (long and ratio in _POWERS):
            if not (long and claim.loose and abs(abs(claim.number) - value) <= half_unit(text)):
                continue
            ratio = Fraction(1)
        factor = ratio if claim.number > 0 else -ratio
        yield (claim.term if factor == 1 else terms.apply("*", terms.number(factor), claim.term)), claim.slip


def _entry(slip: Slip, index: tuple[int, ...], named: Ids) -> Slip:
    """An answer that was given entry by entry, as if that entry alone had been."""
    if index not in slip.entries:
        return slip
    claimed = named.copy()
    claimed[index] = slip.claimed[index]
    return Slip(slip.of, slip.by, claimed, {index: slip.entries[index]}, slip.degenerate, slip.partial)
