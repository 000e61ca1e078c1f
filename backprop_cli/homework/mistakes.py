"""What may have gone wrong: slips are injected into the way back, and those that give the student's answer are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backprop_cli.homework import mistakes_paths, mistakes_ratios
from backprop_cli.homework.board import Board
from backprop_cli.homework.mistakes_case import Budget, Case, Mistaken, Other, Suspect, grounded, opened
from backprop_cli.homework.mistakes_injected import matching, pairs, single
from backprop_cli.homework.mistakes_ranking import ranked
from backprop_cli.homework.mistakes_words import worded
from backprop_cli.homework.verdicts import Diagnosis

__all__ = ["Budget", "Mistaken", "Other", "diagnose"]


def injected(case: Case) -> Iterator[Suspect]:
    """One wrong local derivative. `dL/dw = -2*z/w^2` where the minus of `dt/dw = -1/w^2` was dropped."""
    return matching(case, single(case))


DERIVATIVES: tuple[Callable[[Case], Iterator[Suspect]], ...] = (injected, *mistakes_ratios.FAMILIES, *mistakes_paths.FAMILIES)


def diagnose(board: Board, mistaken: Mistaken, seed: str, budget: Budget | None = None) -> Diagnosis | None:
    """What a wrong answer is consistent with; None where nothing fits. Deterministic in `seed`.

    An answer that equals the truth, as far as float64 can tell, is never accused.
    """
    case = opened(board, mistaken, seed, budget or Budget())
    if case is None:
        return None
    if mistaken.kind == "derivative" and mistaken.by is not None:
        grounded(case)
        found = [each for family in DERIVATIVES for each in family(case)]
        if not found and not mistaken.numeric:
            found = list(matching(case, pairs(case)))
    else:
        found = []
    return worded(case, ranked(case, found)) if found else None
