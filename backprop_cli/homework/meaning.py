"""What an answer may mean: which truth is asked for, and what `∂` stands for inside a formula."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from backprop_cli.homework.compared import Compared
from backprop_cli.homework.comparing import Comparer
from backprop_cli.homework.formulas import read_as_products
from backprop_cli.homework.targets import by_edge, options, same
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.homework.world import Ids, World
from backprop_cli.lang.answers_syntax import PARTIAL, Target
from backprop_cli.lang.syntax import Apply, Expr, postorder
from backprop_cli.oracles.opinion import NoOpinion

# From the worst to the best: a chain is as good as its worst link.
WORST_FIRST = (
    Verdict.UNREADABLE,
    Verdict.WRONG,
    Verdict.UNDECIDED,
    Verdict.CORRECT_AT_POINT,
    Verdict.CONVENTION,
    Verdict.FOLLOW_THROUGH,
    Verdict.CORRECT,
)


def best(target: Target, tree: Expr, comparer: Comparer, world: World, rounding: Fraction = Fraction(0)) -> tuple[Compared, Ids]:
    """The best of the readings: which truth is meant, what `∂` means inside the formula, and whether a bracket is an index or a factor."""
    first = _best(target, tree, comparer, world, rounding)
    other = None if first[0].right else read_as_products(tree)
    if other is None:
        return first
    second = _best(target, other, comparer, world, rounding)
    better = WORST_FIRST.index(second[0].verdict) > WORST_FIRST.index(first[0].verdict)
    readable = first[0].verdict is not Verdict.UNDECIDED and (first[0].how != "shapes" or second[0].how == "shapes")
    if not better and readable:
        return first
    return replace(second[0], notes=(*second[0].notes, "what stands in brackets is read as a factor")), second[1]


def _best(target: Target, tree: Expr, comparer: Comparer, world: World, rounding: Fraction) -> tuple[Compared, Ids]:
    """The best of the readings: which truth is meant, and what `∂` means inside the formula."""
    partial = any(isinstance(part, Apply) and part.head == PARTIAL for part in postorder(tree))
    board = comparer.board
    first: tuple[Compared, Ids] | None = None
    known = [each for each, _ in options(board, target)] if world else []
    for truth, note in options(board, target, world):
        if any(same(board, truth, each) for each in known):
            continue  # the earlier answers do not bear on this one
        for direct in (True,) if partial and by_edge(board, target, tree) else (False, True) if partial else (False,):
            found = comparer.compare(truth, tree, world, rounding, direct)
            if note and found.right:
                found = replace(found, notes=(*found.notes, note))
            if found.right:
                return found, truth
            if first is None or WORST_FIRST.index(found.verdict) > WORST_FIRST.index(first[0].verdict):
                first = found, truth
    if first is None:
        raise NoOpinion("no earlier answer bears on this")
    return first
