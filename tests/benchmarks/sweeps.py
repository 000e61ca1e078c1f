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
_VALUE = "value only"


def contestant(who: str, size: int) -> Callable[[], dict[str, float]]:
    """A gradient of a program of `size` operations."""
    count = size // OPERATIONS
    if who != _VALUE:
        return gradient(who, count)
    from backprop_cli.autodiff import differentiate
    from backprop_cli.graph.build import build
    from backprop_cli.lang.parse import parse

    graph = build(parse(expr_text(count), "program"))
    return lambda: differentiate(graph, wrt=[]).gradients


def section(quick: bool, patience: float) -> Iterator[str]:
    """The table, and whether the goals are met."""
    rows: list[list[str]] = []
    goals: list[str] = []
    peers = [peer for peer in PEERS if installed(peer)]
    for size in SIZES[:3] if quick else SIZES:
        names = ["flat tape", "ours", _VALUE, *(peer for peer in peers if size <= _MOST.get(peer, size))]
        found = compared("sweeps", names, size, 3 if quick else 5, patience)
        unit, mine, value = found["flat tape"], found["ours"], found[_VALUE]
        each = f"{unit / size * 1e6:.2f} µs" if unit else "late"
        rows.append(
            [f"{size:,}", each, times(mine, unit), times(mine, value), *(times(found[p], unit) if p in found else "-" for p in peers)]
        )
        for peer, least in (("micrograd", 6), ("PyTorch", 12)):
            if peer in found:
                cost = found[peer]
                met = None if not mine or not cost else cost >= least * mine
                goals.append(goal(f"{size:,} operations: {times(cost, mine)} times ahead of {peer}, at least {least}", met))
        goals.append(
            goal(
                f"{size:,} operations: gradient {times(mine, value)} of the value alone, at most 3",
                bool(mine and value and mine <= 3 * value),
            )
        )
    yield drawn(["operations", "flat tape, each", "ours", "ours/value", *peers], rows)
    yield from goals
