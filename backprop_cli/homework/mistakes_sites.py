"""Where whole arrays are worked on in a program: the calls of a head in its statements, with the terms of their operands."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from backprop_cli.homework.board import Board
from backprop_cli.homework.mistakes_case import Case
from backprop_cli.homework.mistakes_field import Row
from backprop_cli.homework.mistakes_sweep import Ground
from backprop_cli.homework.world import Ids
from backprop_cli.lang.program import Assign
from backprop_cli.lang.syntax import Apply, Expr, names_in, postorder
from backprop_cli.oracles.calls import arguments
from backprop_cli.oracles.opinion import NoOpinion


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """An application in the statement of `owner`: its tree, the terms of its operands and of its value."""

    owner: str
    tree: Apply
    operands: tuple[Ids, ...]
    value: Ids


def sites(case: Case, ground: Ground, heads: Collection[str]) -> Iterator[Site]:
    """The applications of some heads between the two names; those inside functions of one's own are not seen."""
    for owner in dict.fromkeys(reversed(ground.owner.values())):
        source = case.board.scope.sources.get(owner)
        if not isinstance(source, Assign):
            continue
        for part in postorder(source.expr):
            if isinstance(part, Apply) and part.head in heads:
                found = _site(case.board, owner, part)
                if found is not None and case.known(found.value) and any(each in ground.leads for each in found.value.ravel().tolist()):
                    yield found


def _site(board: Board, owner: str, part: Apply) -> Site | None:
    place = board.scope.place.get(owner, 0)

    def terms(tree: Expr) -> Ids:
        return np.asarray(board.walk.evaluate(tree, place).value)

    if not set(names_in(part)) <= set(board.values) | {"pi", "e"}:
        return None
    try:
        operands = part.operands if part.head in board.scope.functions else arguments(part)[0]
        return Site(owner, part, tuple(terms(each) for each in operands), terms(part))
    except (NoOpinion, ValueError, IndexError):
        return None


def adjoints(case: Case, ground: Ground, ids: Ids) -> Row | None:
    """The derivatives of the top by an array of terms: the array's shape, then points. None where the top has several entries."""
    if len(ground.roots) != 1:
        return None
    found = ground.swept(ground.roots[0])
    nothing = np.zeros((1, case.numbers.count))
    rows = [found.get(each, nothing)[0] for each in ids.ravel().tolist()]
    return np.array(rows).reshape(*ids.shape, case.numbers.count)


def wide(ids: Ids, left: bool) -> Ids:
    """A vector as the row or the column that it is as an operand of a matrix product."""
    if ids.ndim >= 2:
        return ids
    return ids.reshape(1, -1) if left else ids.reshape(-1, 1)
