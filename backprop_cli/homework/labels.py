"""Leaves that are labels at the point: rows or columns that hold a single 1."""

from __future__ import annotations

import numpy as np

from backprop_cli.homework.board import Board


def one_hot_here(board: Board, columns: bool = False) -> list[tuple[str, ...]]:
    """The rows, or else the columns (first the columns if told so), of leaves that hold a single 1 and zeros at the point,
    `onehot` leaves included."""
    found = list(board.one_hot)
    held = {key for row in found for key in row}
    for name in board.leaves:
        ids = board.values[name]
        keys = [str(board.terms.data[each]) for each in ids.ravel().tolist()]
        if not ids.ndim or name in board.params or not held.isdisjoint(keys) or any(key not in board.home for key in keys):
            continue
        named = np.array(keys, dtype=object).reshape(ids.shape)
        ways = (named.reshape(-1, ids.shape[-1]), named.T.reshape(-1, ids.shape[0]))
        for rows in reversed(ways) if columns else ways:
            if rows.shape[1] > 1 and all(sorted(str(board.terms.value(board.home[key])) for key in row) == _hot(len(row)) for row in rows):
                found.extend(tuple(row) for row in rows)
                break
    return found


def _hot(size: int) -> list[str]:
    return ["0"] * (size - 1) + ["1"]
