"""Numbers in a formula that stand for earlier answers: `0.405/u` after `dL/dw = 0.405` is `dL/dw/u`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

import numpy as np

from backprop_cli.equality.decide import values
from backprop_cli.homework.board import TRUTH, Board, Ids, World
from backprop_cli.homework.following import Slip
from backprop_cli.homework.formulas import Numbers, half_unit, numbers_of, significant
from backprop_cli.homework.numbers import fraction
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Number, Part, children

_READINGS, _CHOICES, _DIGITS = 16, 3, 50
_PLAIN = (0, 1, 2)  # numbers that stand for themselves
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
    if isinstance(inner, Number) or (isinstance(inner, Brackets) and numbers_of(inner) is not None):
        return
    named = {id(slip): board.value(slip.of, world) if slip.by is None else board.derivative(slip.of, slip.by, world) for slip in slips}
    arrays: dict[Numbers, Ids] = {}
    whole: list[Slip] = []
    claims: list[_Claim] | None = None
    choices: dict[str, list[tuple[int, Slip] | None]] = {}
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
        if isinstance(part, Number) and part.text not in choices and part.exact not in _PLAIN:
            if claims is None:
                claims = [each for slip in reversed(slips) for each in _claims(board, slip, named[id(slip)])]
            found = {term: (term, slip) for term, slip in reversed(list(_terms(board, claims, part)))}
            if found:
                choices[part.text] = [*list(found.values())[:_CHOICES], None]
        pending.extend(children(part))
    for chosen in islice(product(*choices.values()), _READINGS):
        picked = {text: each for text, each in zip(choices, chosen, strict=True) if each is not None}
        if picked or arrays:
            used = [*whole, *(slip for _, slip in picked.values())]
            yield Standing({text: term for text, (term, _) in picked.items()}, arrays, list({id(each): each for each in used}.values()))


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


def _terms(board: Board, claims: Sequence[_Claim], literal: Number) -> Iterator[tuple[int, Slip]]:
    """What a literal is in terms of answers, and these: an entry, with its sign, a power of ten away, or with fewer digits."""
    terms, value, text = board.terms, literal.exact, literal.text
    long = significant(text) >= 3 and not text.isdecimal()
    for claim in claims:
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
    return Slip(slip.of, slip.by, claimed, {index: slip.entries[index]}, slip.degenerate)
