"""What may have gone wrong: slips are injected into the way back, and those that give the student's answer are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from backprop_cli.homework import mistakes_arrays, mistakes_paths, mistakes_ratios, mistakes_steps
from backprop_cli.homework.board import Board
from backprop_cli.homework.labels import one_hot_here
from backprop_cli.homework.mistakes_case import Budget, Case, Mistaken, Other, Suspect, believed, grounded, opened
from backprop_cli.homework.mistakes_injected import matching, pairs, single
from backprop_cli.homework.mistakes_ranking import ranked
from backprop_cli.homework.mistakes_rounding import early
from backprop_cli.homework.mistakes_turned import turned
from backprop_cli.homework.mistakes_typing import carried, forward, mistyped
from backprop_cli.homework.mistakes_updates import too_early, updates
from backprop_cli.homework.mistakes_words import worded
from backprop_cli.homework.verdicts import Diagnosis

__all__ = ["Budget", "Mistaken", "Other", "diagnose"]

Family = Callable[[Case], Iterator[Suspect]]


def injected(case: Case) -> Iterator[Suspect]:
    """One wrong local derivative. `dL/dw = -2*z/w^2` where the minus of `dt/dw = -1/w^2` was dropped."""
    return matching(case, single(case))


def doubled(case: Case) -> Iterator[Suspect]:
    """Two wrong local derivatives at once; for formulas alone, since numbers would fit by chance."""
    return iter(()) if case.mistaken.numeric else matching(case, pairs(case))


def on_top(case: Case) -> Iterator[Suspect]:
    """One wrong local derivative on top of the student's earlier wrong answers."""
    own = believed(case)
    if own is None or own.ground is None or own.pairs is None:
        return
    for each in matching(own, single(own)):
        yield replace(each, said=f"besides the earlier answers, {each.said}")


# The families in the order in which they are tried. Those of a stage are left out where a slip as plain as its number has
# been found before: they cost more, or fit by chance.
Stages = tuple[tuple[float, tuple[Family, ...]], ...]
_FIRST = (
    early,
    injected,
    *mistakes_steps.FAMILIES,
    *mistakes_ratios.FAMILIES,
    *mistakes_paths.FAMILIES,
    *mistakes_arrays.FAMILIES,
    too_early,
)
DERIVATIVES: Stages = ((0, _FIRST), (1.3, (turned,)), (1.9, (mistyped,)), (9, (on_top,)), (9, (carried,)), (9, (doubled,)))
SHAPELESS: Stages = ((0, (turned,)),)
VALUES: Stages = ((0, (forward, mistyped)),)
UPDATES: Stages = ((0, (updates,)), (1.9, (mistyped,)))


def diagnose(board: Board, mistaken: Mistaken, seed: str, budget: Budget | None = None) -> Diagnosis | None:
    """What a wrong answer is consistent with; None where nothing fits. Deterministic in `seed`.

    An answer that equals the truth, as far as float64 can tell, is never accused. Raises NoOpinion where the graph cannot be
    put in terms.
    """
    budget = budget or Budget()
    # Divisions by zero and the like are nan and fit nothing.
    with np.errstate(all="ignore"):
        for labels in _labels(board, mistaken):
            case = opened(board, mistaken, seed, budget, labels)
            found = [] if case is None else _found(case)
            if case is not None and found:
                return worded(case, ranked(case, found))
    return None


def _labels(board: Board, mistaken: Mistaken) -> list[tuple[tuple[str, ...], ...]]:
    """The groups of leaves that may be meant as labels, one of each group being 1; several rows or columns hardly are so by chance."""
    plain = tuple(board.one_hot)
    if mistaken.numeric:
        return [plain]
    seen = [tuple(one_hot_here(board, columns)) for columns in (False, True)]
    several = [groups for groups in seen if len(groups) > len(plain) + 1]
    return list(dict.fromkeys([*several, plain, *seen]))


def _found(case: Case) -> list[Suspect]:
    """The slips that fit, of the stages that are due."""
    mistaken = case.mistaken
    stages = UPDATES if mistaken.kind == "update" else VALUES
    if mistaken.kind == "derivative" and mistaken.by is not None:
        grounded(case)
        stages = SHAPELESS if case.shapeless else DERIVATIVES
    found: list[Suspect] = []
    for plain, families in stages:
        if all(each.cost > plain for each in found):
            found.extend(each for family in families for each in family(case))
    return found
