"""Which of the slips that fit are the likeliest: fewest slips, agreement with the student's other lines, plainness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backprop_cli.homework.mistakes_case import Case, Other, Suspect, sweeping
from backprop_cli.homework.mistakes_field import Row
from backprop_cli.homework.mistakes_sweep import pairs_of

_MOST_LINES, _MOST_SUSPECTS = 12, 60


def ranked(case: Case, found: Sequence[Suspect]) -> list[Suspect]:
    """The suspects, the likeliest first; those that the student's other lines speak against drop out if any others are left."""
    if case.plain and case.fits(2 * case.truth):
        # On a single path, a step that counts twice is nothing but a factor 2.
        found = [each for each in found if each.slip != "M14"]
    first = sorted(found, key=lambda each: each.cost)[:_MOST_SUSPECTS]
    least = min(each.slips for each in first)
    first = [each for each in first if each.slips == least]
    if case.coarse():
        first = [each for each in first if each.cost < first[0].cost + 1]
    against, speaking = _evidence(case, first)
    fewest = min(against)
    kept = [number for number, each in enumerate(against) if each == fewest]
    # Of equally plain ones the edge that is nearest to the name asked.
    kept.sort(key=lambda number: (-speaking[number], first[number].cost, -number))
    return [first[number] for number in kept]


def _evidence(case: Case, suspects: Sequence[Suspect]) -> tuple[list[int], list[int]]:
    """For each suspect the right lines that it would have made wrong, and the wrong lines that it explains."""
    against, speaking = [0] * len(suspects), [each.agrees for each in suspects]
    changed = [number for number, each in enumerate(suspects) if each.changes is not None]
    if case.ground is None or not changed:
        return against, speaking
    for other in _lines(case):
        pairs = pairs_of(case.board, other.of, other.by or "", other.claimed.shape)
        if pairs is None or len({root for root, _ in pairs}) > 4:
            continue
        if not case.budget.spend(sweeping(case, len(changed), pairs)):
            break
        rows = case.ground.predicted(pairs, [suspects[number].changes or () for number in changed])
        if other.right and case.mistaken.by in _users(case, other.by or ""):
            # Further down than what is asked: such a line may well be written with the derivative asked as a symbol.
            continue
        if other.right:
            true = case.ground.predicted(pairs)
            for at, number in enumerate(changed):
                against[number] += not _near(rows[:, at], true[:, 0], 1e-6)
        elif case.mistaken.numeric or any(case.board.terms.moved[each] for each in other.claimed.ravel().tolist()):
            claimed = case.rows(other.claimed)
            near = 5e-3 if case.mistaken.numeric else 1e-8
            for at, number in enumerate(changed):
                speaking[number] += _near(rows[:, at], claimed, near)
    return against, speaking


def _users(case: Case, name: str) -> set[str]:
    """The names that depend on a name."""
    board, found = case.board, {name}
    for each in board.order:
        if not board.scope.is_leaf(each) and found & set(board.reads(each)):
            found.add(each)
    return found - {name}


def _lines(case: Case) -> list[Other]:
    """The student's other derivatives."""
    mistaken, board = case.mistaken, case.board
    return [
        each
        for each in mistaken.others
        if each.by is not None
        and (each.of, each.by) != (mistaken.of, mistaken.by)
        and {each.of, each.by} <= set(board.order)
        and case.known(board.values[each.of])
        and case.known(each.claimed)
    ][:_MOST_LINES]


def _near(rows: Row, others: Row, relative: float) -> bool:
    with np.errstate(all="ignore"):
        return rows.shape == others.shape and bool(
            np.all(np.abs(rows - others) <= relative * np.maximum(np.abs(rows), np.abs(others)) + 1e-12)
        )
