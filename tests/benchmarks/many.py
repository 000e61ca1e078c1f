"""One graph at many points: a loop over `differentiate`, and all points in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from tests.benchmarks.measure import compared
from tests.benchmarks.table import drawn, goal, times

TITLE = "2b. Repeated evaluation: 10,000 points of a small network, a loop in units of one pass"
TEXT = "param a = 0.5, b = -0.3, c = 0.2, d = 0.7; h = tanh(a*x + b); f = sigmoid(c*x + d*h); L = -(y*log(f) + (1 - y)*log(1 - f))"
POINTS = 10_000


def contestant(who: str, size: int) -> Callable[[], dict[str, float]]:
    """The sums over `size` points."""
    import numpy as np

    from backprop_cli.autodiff import differentiate
    from backprop_cli.autodiff.points import evaluate_many
    from backprop_cli.graph.build import build
    from backprop_cli.lang.parse import parse

    graph = build(parse(TEXT, "text"))
    columns = {"x": [2 * math.sin(n) for n in range(size)], "y": [float(n % 2) for n in range(size)]}
    arrays = {name: np.array(column) for name, column in columns.items()}

    def together() -> dict[str, float]:
        return {name: float(column.sum()) for name, column in evaluate_many(graph, arrays).gradients.items()}

    def in_turn() -> dict[str, float]:
        rows = [differentiate(graph, {"x": x, "y": y}).gradients for x, y in zip(*columns.values(), strict=True)]
        return {name: math.fsum(row[name] for row in rows) for name in rows[0]}

    return together if who == "one pass" else in_turn


def section(quick: bool, patience: float) -> Iterator[str]:
    """The table, and whether the goal is met."""
    found = compared("many", ["one pass", "a loop"], POINTS, 3 if quick else 5, patience)
    mine, loop = found["one pass"], found["a loop"]
    each = f"{mine / POINTS * 1e6:.2f} µs" if mine else "late"
    yield drawn(["points", "one pass, each", "a loop over differentiate"], [[f"{POINTS:,}", each, times(loop, mine)]])
    yield goal("one pass at least 50 times ahead of the loop", bool(mine and loop and loop >= 50 * mine))
