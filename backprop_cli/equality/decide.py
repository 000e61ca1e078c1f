"""Whether pairs of terms are the same functions: the same terms, exact identity modulo primes, 50 digits at many points."""

from __future__ import annotations

from collections.abc import Sequence

from backprop_cli.equality.meeting import Budget, OutOfMeans
from backprop_cli.equality.outcome import Decision, Effort, Prover, Region, Status, Witness
from backprop_cli.equality.survey import Survey
from backprop_cli.equality.terms import Terms
from backprop_cli.equality.values import Ball, values

__all__ = ["Ball", "Decision", "Effort", "Prover", "Region", "Status", "Witness", "decide", "values"]


def decide(
    terms: Terms,
    pairs: Sequence[tuple[int, int]],
    region: Region,
    seed: str,
    *,
    prove: Prover | None = None,
    effort: Effort = Effort(),  # noqa: B008
) -> Decision:
    """Whether the right term of each pair is the same function of the leaves as the left one, the truth.

    Raises NoOpinion where a function has no definition here, TooLarge where there are too many terms.
    """
    basic = terms.basic([each for pair in pairs for each in pair])
    open_pairs = [(i, left, right) for i, (left, right) in enumerate(zip(basic[::2], basic[1::2], strict=True)) if left != right]
    if not open_pairs:
        return Decision(Status.EQUAL, "same tree")
    try:
        return Survey(terms, open_pairs, _with_basic_home(terms, region), seed, Budget(effort), prove).decide()
    except OutOfMeans:
        return Decision(Status.UNDECIDED, why="the work that may be done on one answer is used up")


def _with_basic_home(terms: Terms, region: Region) -> Region:
    keys = list(region.home)
    return Region(dict(zip(keys, terms.basic([region.home[each] for each in keys]), strict=True)), region.fixed, region.one_hot)
