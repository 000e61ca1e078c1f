"""Answers with several signs of equality: when a number is that of the link before it, and what a student goes on with."""

from __future__ import annotations

from dataclasses import replace

from backprop_cli.homework.compared import Compared
from backprop_cli.homework.comparing import Comparer
from backprop_cli.homework.formulas import moving, symbols
from backprop_cli.homework.world import TRUTH, World
from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.opinion import NoOpinion

UNLIKE = "this is not the number before it"


def once_more(comparer: Comparer, before: Compared, found: Compared, tree: Expr) -> bool:
    """Whether a number that is not the truth is the value of the link before it, which holds."""
    if comparer.equal_numbers(before.claimed, found.claimed):
        return True
    return found.numeric and before.claimed is not None and comparer.placed(before.claimed) and comparer.compare(before.claimed, tree).right


def agree(comparer: Comparer, before: Compared, found: Compared, tree: Expr) -> bool:
    """Whether two numbers of a chain are the same, to the digits of either."""
    if before.claimed is None or found.claimed is None or comparer.digits_agree(before.claimed, found.claimed):
        return True
    return comparer.compare(before.claimed, tree).right


def same_step(comparer: Comparer, last: tuple[Compared, Expr], found: Compared) -> bool:
    """Whether two links of an update come to the same at the point, where they come to anything, to the digits of either."""
    before, written = last
    if before.claimed is None or found.claimed is None or not (comparer.placed(before.claimed) and comparer.placed(found.claimed)):
        return True
    pair = comparer.known([*before.claimed.ravel().tolist(), *found.claimed.ravel().tolist()])
    if None in pair or before.claimed.shape != found.claimed.shape:
        return True
    return comparer.digits_agree(before.claimed, found.claimed) or comparer.compare(found.claimed, written).right


def carried_on(comparer: Comparer, found: Compared, tree: Expr, last: Expr, world: World) -> Compared:
    """What a student goes on with: of a wrong chain the number at its end, of a wrong formula its value with wrong answers before it."""
    try:
        own = replace(found, claimed=comparer.formulas(world).terms_of(tree)) if world and symbols(tree) else found
        if last is tree or moving(last):
            return own
        number = comparer.formulas(TRUTH).terms_of(last)
        if comparer.placed(own.claimed) and comparer.compare(own.claimed, last).right:
            return own  # the number is that of the formula
        return replace(found, claimed=number, numeric=True)
    except NoOpinion:
        return found
