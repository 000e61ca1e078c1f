"""What a student takes to be so after earlier wrong answers, and which of those answers may carry a later one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from backprop_cli.equality.decide import Effort, Region, Status, decide, values
from backprop_cli.homework.board import Board, Ids, World
from backprop_cli.lang.answers_syntax import Target
from backprop_cli.oracles.opinion import NoOpinion

_SINGLES, _LISTED = 6, 6
# What may be done to see that an answer is a constant.
_EFFORT = Effort(operations=500_000, seconds=1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Slip:
    """An earlier answer that is not the truth itself: wrong, or `right` as a rounded number.

    Its lines (of an array answered entry by entry several), what was asked, the student's terms in the shape of the truth, how
    coarsely they were rounded, and the digits of their decimals.

    It is `degenerate` where it makes the rest trivial: a derivative that is 0, 1 or -1 as a function, a value that is 0 or 1,
    in all entries alike.
    """

    lines: tuple[int, ...]
    of: str
    by: str | None
    claimed: Ids
    rounding: Fraction = Fraction(0)
    degenerate: bool = False
    right: bool = False
    decimals: frozenset[str] = frozenset()


def constant(board: Board, ids: Ids, among: Sequence[int]) -> bool:
    """Whether terms are constants among some numbers, however they are written: as `x/x`, or `relu(x)` where x is negative."""
    terms = board.terms
    different = list(dict.fromkeys(ids.ravel().tolist()))
    if any((literal := terms.value(each)) is not None and literal not in among for each in different):
        return False
    written = [each for each in different if terms.value(each) is None]
    try:
        home = {**board.home, **board.made_up(board.without_value(written, board.home))}
        pairs = []
        for some in (written[:1], written[1:]):  # one entry is enough to see that most arrays are none
            for each, ball in zip(some, values(terms, some, home), strict=True):
                near = [number for number in among if ball is not None and ball.contains(number)]
                if not near:
                    return False
                pairs.append((each, terms.number(near[0])))
        region = Region(board.home, board.fixed, tuple(board.one_hot))
        return decide(terms, pairs, region, "", effort=_EFFORT).status in (Status.EQUAL, Status.EQUAL_HERE)
    except NoOpinion:
        return False


def joined(before: Slip, entry: Slip) -> Slip:
    """What is claimed for an array whose entries are answered one by one, after one more of them."""
    lines = (*before.lines, *entry.lines) if entry.rounding or not entry.right else before.lines
    rounding, right = max(before.rounding, entry.rounding), before.right and entry.right
    return replace(entry, lines=lines, rounding=rounding, right=right, decimals=before.decimals | entry.decimals)


def rounding_of(slips: Sequence[Slip]) -> Fraction:
    """How coarsely the wrong answers among some were rounded."""
    return max((slip.rounding for slip in slips if not slip.right), default=Fraction(0))


def lines_of(slips: Sequence[Slip]) -> str:
    """The lines of answers, the first ones if they are many."""
    lines = list(dict.fromkeys(line for slip in slips for line in slip.lines))
    return ", ".join(map(str, lines[:_LISTED])) + ", ..." * (len(lines) > _LISTED)


def entry_replaced(truth: Ids, index: tuple[int, ...] | None, claimed: Ids) -> Ids:
    """The truth with one entry, or all of it, as the student has it."""
    if index is None:
        return claimed
    made = truth.copy()
    made[index] = claimed
    return np.asarray(made)


def world_of(board: Board, slips: Sequence[Slip]) -> World:
    """The world in which these answers hold."""
    values: dict[str, Ids] = {}
    derivatives: dict[tuple[str, str], Ids] = {}
    edges: dict[tuple[str, str], Ids] = {}
    for slip in slips:
        if slip.by is None:
            values[slip.of] = slip.claimed
        elif slip.of == board.output:
            derivatives[slip.of, slip.by] = slip.claimed
        else:
            derivatives[slip.of, slip.by] = slip.claimed
            block = board.values[slip.of].shape + board.values[slip.by].shape
            if slip.by in board.reads(slip.of) and slip.claimed.size == int(np.prod(block, dtype=int)):
                edges[slip.of, slip.by] = slip.claimed.reshape(block)
            elif slip.by in board.reads(slip.of) and slip.claimed.shape == board.values[slip.of].shape == board.values[slip.by].shape:
                edges[slip.of, slip.by] = _diagonal(board, slip.claimed)
    return World(values, derivatives, edges)


def _diagonal(board: Board, claimed: Ids) -> Ids:
    whole = np.full((claimed.size, claimed.size), board.terms.number(0), dtype=np.int64)
    np.fill_diagonal(whole, claimed.ravel())
    return whole.reshape(claimed.shape + claimed.shape)


def worlds(slips: Sequence[Slip], target: Target) -> Iterator[list[Slip]]:
    """The sets of earlier wrong answers that may carry a line: each one by itself, the last first, then all together."""
    usable = [slip for slip in slips if (slip.of, slip.by) != (target.of, target.wrt) and not slip.degenerate]
    last = list({(slip.of, slip.by): slip for slip in usable}.values())
    for slip in reversed(last[-_SINGLES:]):
        yield [slip]
    if len(last) > 1:
        yield last
    first = list({(slip.of, slip.by): slip for slip in reversed(usable)}.values())
    if {id(slip) for slip in first} != {id(slip) for slip in last}:
        yield first
