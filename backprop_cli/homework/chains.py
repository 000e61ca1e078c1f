"""Answers with several signs of equality: when a number is that of the link before it, and what a student goes on with."""

from __future__ import annotations

from dataclasses import replace

from backprop_cli.homework.board import TRUTH, World
from backprop_cli.homework.compared import Compared
from backprop_cli.homework.comparing import Comparer
from backprop_cli.homework.formulas import moving, symbols
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.opinion import NoOpinion


def once_more(comparer: Comparer, before: Compared, found: Compared, tree: Expr) -> bool:
    """Whether a number that is not the truth is the value of the link before it, which holds."""
    if comparer.equal_numbers(before.claimed, found.claimed):
        return True
    return found.numeric and before.claimed is not None and comparer.placed(before.claimed) and comparer.compare(before.claimed, tree).right


def carried_on(comparer: Comparer, found: Compared, tree: Expr, last: Expr, world: World) -> Compared:
    """What a student goes on with: of a wrong chain the number at its end, of a wrong formula its value with wrong answers before it."""
    if found.verdict is not Verdict.WRONG or found.claimed is None:
        return found
    try:
        if last is not tree and not moving(last):
            return replace(found, claimed=comparer.formulas(TRUTH).terms_of(last), numeric=True)
        if world and symbols(tree):
            return replace(found, claimed=comparer.formulas(world).terms_of(tree))
    except NoOpinion:
        pass
    return found
