"""One gradient of a graph that is there already: every primitive forward and back, as a multiple of a flat tape by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.benchmarks.measure import compared
from tests.benchmarks.peers import gradient, installed
from tests.benchmarks.programs import OPERATIONS, expr_text
from tests.benchmarks.table import drawn, goal, times

TITLE = "2. Sweeps: one gradient, in units of a flat tape written by hand"
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
PEERS = ("micrograd", "autograd", "PyTorch", "MyGrad", "JAX", "CasADi")
_MOST = {"autograd": 100_000, "JAX": 1_000, "MyGrad": 100_000, "CasADi": 100_000}  # operations; beyond, building takes minutes
_TAPE, _FIRST, _AGAIN, _VALUE = "flat tape", "ours, first", "ours", "value only"


def contestant(who: str, size: int) -> Callable[[], dict[str, float]]:
    """A gradient of a program of `size` operations."""
    count = size // OPERATIONS
    if who not in (_FIRST, _VALUE):
        return gradient(who, count)
    from backprop_cli.autodiff import differentiate
    from backprop_cli.graph.build import build
    from backprop_cli.lang.parse import parse

    graph = build(parse(expr_text(count), "program"))

    def first() -> dict[str, float]:
        graph.known.clear()
        return differentiate(graph).gradients

    return first if who == _FIRST else lambda: differentiate(graph, wrt=[]).gradients


def section(quick: bool, patience: float) -> Iterator[str]:
    """The table, and whether the goals are met."""
    rows: list[list[str]] = []
    peers = [peer for peer in PEERS if installed(peer)]
    for size in SIZES[:3] if quick else SIZES:
        names = [_TAPE, _FIRST, _AGAIN, _VALUE, *(peer for peer in peers if size <= _MOST.get(peer, size))]
        found = compared("sweeps", names, size, 3 if quick else 5, patience)
        unit, value = found[_TAPE], found[_VALUE]
        each = f"{unit / size * 1e6:.2f} µs" if unit else "late"
        ours = [times(found[_FIRST], unit), times(found[_AGAIN], unit), times(found[_AGAIN], value)]
        rows.append([f"{size:,}", each, *ours, *(times(found[p], unit) if p in found else "-" for p in peers)])
        for peer, least in (("micrograd", 6), ("PyTorch", 12)):
            if peer in found:
                yield ahead(size, peer, found[peer], found[_FIRST], found[_AGAIN], least)
        again = found[_AGAIN]
        met = bool(again and value and again <= 3 * value)
        yield goal(f"{size:,} operations: gradient {times(again, value)} of the value alone, at most 3", met)
    yield drawn(["operations", "flat tape, each", "ours, first", "ours", "ours/value", *peers], rows)


def ahead(size: int, peer: str, theirs: float | None, first: float | None, again: float | None, least: int) -> str:
    """How far ahead of a peer the first gradient of a graph is, and every further one; the goal is on both."""
    text = (
        f"{size:,} operations: {times(theirs, first)} times ahead of {peer} the first time, {times(theirs, again)} then, at least {least}"
    )
    return goal(text, None if not theirs or not first or not again else theirs >= least * max(first, again))
