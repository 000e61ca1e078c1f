"""What a student takes to be so after earlier wrong answers, and which of those answers may carry a later one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from backprop_cli.equality.decide import Effort, Region, Status, decide, values
from backprop_cli.homework.board import Board
from backprop_cli.homework.targets import options, same
from backprop_cli.homework.world import Ids, World
from backprop_cli.lang.answers_syntax import Target
from backprop_cli.oracles.opinion import NoOpinion

_SINGLES, _LISTED = 6, 6
# What may be done to see that an answer is a constant.
_EFFORT = Effort(operations=500_000, seconds=1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An answer, whole or to one entry: its line, whether it is right (as a number), how coarsely it was rounded."""

    line: int
    right: bool
    rounding: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Slip:
    """What a student takes a value or a derivative to be: a wrong answer, or a right number.

    What was asked, the student's terms in the shape of the truth, and the answers that these come from, those to single
    entries by their index. It is `degenerate` where it makes the rest trivial: a derivative that is 0, 1 or -1 as a function,
    a value that is 0 or 1, in all entries alike.
    """

    of: str
    by: str | None
    claimed: Ids
    entries: Mapping[tuple[int, ...] | None, Entry]
    degenerate: bool = False
    partial: bool = False  # asked with `∂`

    @property
    def right(self) -> bool:
        return all(each.right for each in self.entries.values())

    @property
    def rounding(self) -> Fraction:
        return max(each.rounding for each in self.entries.values())

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of the answers; of the wrong ones, where there are any."""
        found = [each.line for each in self.entries.values() if self.right or not each.right]
        return tuple(sorted(set(found)))


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


def usable_for(slips: Sequence[Slip], target: Target) -> list[Slip]:
    """The last answers to other questions, trivial wrong ones left out."""
    last = {(slip.of, slip.by): slip for slip in slips}
    return [slip for slip in last.values() if (slip.of, slip.by) != (target.of, target.wrt) and (slip.right or not slip.degenerate)]


def bears_on(board: Board, slip: Slip, target: Target) -> bool:
    """Whether what is asked depends on an earlier answer."""
    try:
        pairs = zip(options(board, target), options(board, target, world_of(board, [slip])), strict=False)
        return any(not same(board, true, own) for (true, _), (own, _) in pairs)
    except NoOpinion:
        return False


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
    totals: dict[tuple[str, str], Ids] = {}
    for slip in slips:
        if slip.by is None:
            values[slip.of] = slip.claimed
            continue
        derivatives[slip.of, slip.by] = slip.claimed
        block = None if slip.of == board.output else _block(board, slip.of, slip.by, slip.claimed)
        if block is None:
            continue
        direct = slip.by in board.reads(slip.of)
        if direct and (slip.partial or not any(board.feeds(slip.by, each) for each in board.reads(slip.of))):
            edges[slip.of, slip.by] = block
        else:
            totals[slip.of, slip.by] = block
    return World(values, derivatives, edges, totals)


def _block(board: Board, of: str, by: str, claimed: Ids) -> Ids | None:
    """A derivative of one name by another in the shape of both; None where it is in neither that nor a diagonal's."""
    shape = board.values[of].shape + board.values[by].shape
    if claimed.size == int(np.prod(shape, dtype=int)):
        return claimed.reshape(shape)
    return _diagonal(board, claimed) if claimed.shape == board.values[of].shape == board.values[by].shape else None


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
