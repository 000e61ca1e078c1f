"""Numbers rounded on the way: the way forward and back is walked again with few digits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backprop_cli.homework.mistakes_case import WORKED, Case, Suspect
from backprop_cli.homework.mistakes_field import Field, Row

# What is rounded: values on the way forward, local derivatives, what arrives on the way back.
_MODES = (
    (True, False, False),
    (True, True, True),
    (True, False, True),
    (True, True, False),
    (False, True, True),
    (False, True, False),
    (False, False, True),
)
# Significant digits, and digits after the point.
_SIGNIFICANT, _PLACES = (2, 3, 4), (1, 2, 3, 4)
_MOST_STEPS, _FARTHEST = 60, 0.25


def early(case: Case) -> Iterator[Suspect]:
    """M43: rounded too early. `dL/da = 0.1404` is 0.1417 where every step keeps two places. For numbers at the point."""
    board, mistaken = case.board, case.mistaken
    if not mistaken.numeric or mistaken.half_unit is None or len(case.claimed) != 1 or mistaken.by is None:
        return
    if board.values[mistaken.of].size != 1 or board.values[mistaken.by].size != 1 or case.ground is None:
        return
    gap = abs(case.claimed[0, 0] - case.truth[0, 0])
    if not np.isfinite(gap) or gap > _FARTHEST * abs(case.truth[0, 0]):
        return
    names = [name for name in board.order if any(each in case.ground.inside for each in board.values[name].ravel().tolist())]
    if any(board.values[name].size > 1 for name in names) or len(names) > _MOST_STEPS:
        return
    if not case.budget.spend(len(_MODES) * len(case.ground.inside) * 3 * WORKED):
        return
    for mode in _MODES:
        found = _walked(case, names, mode)
        for row, digits in zip(found, _digits(), strict=True):
            if abs(row - case.claimed[0, 0]) <= mistaken.half_unit * (1 + 1e-6):
                said = f"the method is right, but numbers on the way were rounded to {digits}; keep more until the end"
                yield Suspect("M43", said, where=case.asked)
                return


def _digits() -> list[str]:
    places = [f"{each} decimal{'s' * (each > 1)}" for each in _PLACES]
    return [f"{each} digits" for each in _SIGNIFICANT] + places


def rounded(row: Row) -> Row:
    """A row with one column for each way of rounding, rounded, halves away from zero."""
    row = np.broadcast_to(row, (len(_SIGNIFICANT) + len(_PLACES),)).astype(float)
    with np.errstate(all="ignore"):
        size = np.floor(np.log10(np.where(row == 0, 1, np.abs(row))))
    places = np.concatenate([np.array(_SIGNIFICANT) - 1 - size[: len(_SIGNIFICANT)], np.array(_PLACES, dtype=float)])
    unit = 10.0**-places
    return np.sign(row) * np.floor(np.abs(row) / unit + 0.5 + 1e-9) * unit


def _walked(case: Case, names: list[str], mode: tuple[bool, bool, bool]) -> Row:
    """The derivative as it comes out when every step is rounded: one number for each way of rounding."""
    board, mistaken = case.board, case.mistaken
    forward, local, back = mode
    count = len(_SIGNIFICANT) + len(_PLACES)
    numbers = Field(board.terms, {name: np.full(count, row[0]) for name, row in case.numbers.points.items()}, count)
    for name in names:
        if not board.scope.is_leaf(name):
            value = numbers.row(int(board.inner(name).ravel()[0]))
            numbers.take(int(board.values[name].ravel()[0]), rounded(value) if forward else value)
    adjoints: dict[str, Row] = {mistaken.of: np.ones(count)}
    for name in reversed(names):
        if name not in adjoints or name == mistaken.by or board.scope.is_leaf(name):
            continue
        for below in board.reads(name):
            slope = numbers.row(int(board.local(name, below).ravel()[0]))
            part = adjoints[name] * (rounded(slope) if local else slope)
            part = rounded(part) if back else part
            adjoints[below] = adjoints[below] + part if below in adjoints else part
    return adjoints.get(mistaken.by or "", np.full(count, np.nan))
