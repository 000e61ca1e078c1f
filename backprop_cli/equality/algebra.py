"""The last resort: SymPy in the worker is asked to prove that a pair of terms is one function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backprop_cli.equality.outcome import Prover, Region
from backprop_cli.equality.terms import CONSTANT, LEAF, NAMED, NUMBER, Terms
from backprop_cli.limits import OWN, Limits

if TYPE_CHECKING:
    from backprop_cli.worker.host import Worker

Token = tuple[Any, ...]


def prover(seconds: float = 2.0, worker: Worker | None = None, limits: Limits = OWN) -> Prover:
    """What asks a worker, by default the one that this process shares, for so many seconds a pair."""

    def prove(terms: Terms, pair: tuple[int, int], region: Region) -> bool | None:
        from backprop_cli.worker.proving import prove_equal

        fixed = {terms.leaf(key): region.home[key] for key in sorted(region.fixed) if key in region.home}
        leaves = {each: i for i, each in enumerate(each for each in terms.below(pair) if terms.heads[each] == LEAF and each not in fixed)}
        left, right = (tokens(terms, side, leaves, fixed) for side in pair)
        return prove_equal(left, right, ["real"] * len(leaves), worker, seconds, limits).status == "equal" or None

    return prove


def tokens(terms: Terms, root: int, leaves: Mapping[int, int], instead: Mapping[int, int]) -> list[Token]:
    """A term as the worker reads it: post-order, shared parts referred to by their place. Leaves are numbered."""
    found: list[Token] = []
    place: dict[int, int] = {}
    pending = [(root, False)]
    while pending:
        term, opened = pending.pop()
        while term in instead or terms.heads[term] == NAMED:
            term = instead[term] if term in instead else terms.operands[term][0]
        if term in place and not opened:
            found.append(("r", place[term]))
        elif opened or not terms.operands[term]:
            place[term] = len(found)
            found.append(_token(terms, term, leaves))
        else:
            pending.append((term, True))
            pending.extend((each, False) for each in reversed(terms.operands[term]))
    return found


def _token(terms: Terms, term: int, leaves: Mapping[int, int]) -> Token:
    head = terms.heads[term]
    if head == NUMBER:
        value = terms.value(term)
        assert value is not None
        return ("n", value.numerator, value.denominator)
    if head == CONSTANT:
        return ("c", terms.data[term])
    return ("v", leaves[term]) if head == LEAF else (head, len(terms.operands[term]))
