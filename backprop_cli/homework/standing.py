"""Numbers in a formula that stand for earlier answers: `0.405/u` after `dL/dw = 0.405` is `dL/dw/u`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

from backprop_cli.homework.board import TRUTH, Board, Ids, World
from backprop_cli.homework.following import Slip
from backprop_cli.homework.formulas import half_unit, significant
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Number, Part, children
from backprop_cli.oracles.calls import plain

_READINGS, _CHOICES = 16, 3
_PLAIN = (0, 1, 2)  # numbers that stand for themselves
_POWERS = {Fraction(10) ** power for power in range(-6, 7)}
# The numbers of an array literal, row by row, and its shape.
Numbers = tuple[tuple[Fraction, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Terms for literals by their spelling, for array literals by their numbers, and the answers that these are."""

    literals: Mapping[str, int]
    arrays: Mapping[Numbers, Ids]
    slips: Sequence[Slip]


def readings(board: Board, slips: Sequence[Slip], tree: Expr, world: World = TRUTH) -> Iterator[Standing]:
    """The ways in which numbers of a formula may stand for earlier answers, of which there are few; not where it is a number itself."""
    inner = tree.operands[0] if isinstance(tree, Apply) and tree.head == NEGATE else tree
    if isinstance(inner, Number) or (isinstance(inner, Brackets) and plain(inner) is not None):
        return
    named = {id(slip): board.value(slip.of, world) if slip.by is None else board.derivative(slip.of, slip.by, world) for slip in slips}
    arrays: dict[Numbers, Ids] = {}
    whole: list[Slip] = []
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
            found = {term: (term, slip) for slip in reversed(slips) for term in _terms(board, slip, part, named[id(slip)])}
            if found:
                choices[part.text] = [*list(found.values())[:_CHOICES], None]
        pending.extend(children(part))
    for chosen in islice(product(*choices.values()), _READINGS):
        picked = {text: each for text, each in zip(choices, chosen, strict=True) if each is not None}
        if picked or arrays:
            used = [*whole, *(slip for _, slip in picked.values())]
            yield Standing({text: term for text, (term, _) in picked.items()}, arrays, list({id(each): each for each in used}.values()))


def numbers_of(part: Brackets) -> Numbers | None:
    """The numbers of an array literal, None where it holds anything else."""
    found = plain(part)
    return None if found is None else (tuple(Fraction(each) for each in found[0]), found[1])


def _same(board: Board, slip: Slip, key: Numbers) -> bool:
    claimed = tuple(board.terms.value(each) for each in slip.claimed.ravel().tolist())
    return claimed == key[0] and slip.claimed.shape == key[1] and any(each not in (0, 1) for each in key[0])


def _terms(board: Board, slip: Slip, literal: Number, named: Ids) -> Iterator[int]:
    """What a literal is in terms of an answer: an entry of it, with its sign, a power of ten away, or with fewer digits."""
    terms, value, text = board.terms, literal.exact, literal.text
    long = significant(text) >= 3 and not text.isdecimal()
    for claimed, term in zip(slip.claimed.ravel().tolist(), named.ravel().tolist(), strict=True):
        number = terms.value(claimed)
        if not number:
            continue
        ratio = value / abs(number)
        if ratio == 1 or (long and ratio in _POWERS):
            factor = ratio if number > 0 else -ratio
        elif slip.right and long and abs(abs(number) - value) <= half_unit(text):
            factor = Fraction(1 if number > 0 else -1)
        else:
            continue
        yield term if factor == 1 else terms.apply("*", terms.number(factor), term)
