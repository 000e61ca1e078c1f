"""The second opinion: teaching problems beyond the import of SymPy, and large files by the statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.benchmarks.measure import ROOT, compared
from tests.benchmarks.programs import expr_text
from tests.benchmarks.table import drawn, goal

TITLE = "4. The second opinion, SymPy imported already"
SIZES = (50, 1_000, 2_000, 4_000)


def contestant(who: str, size: int) -> Callable[[], dict[str, float]]:
    """The opinion on the program of `size` statements, or on the sample called `who`; its answer is 1 where it agrees."""
    import sympy  # noqa: F401  (not what is measured)

    from backprop_cli.lang.parse import parse
    from backprop_cli.reports.grad import judged, report

    path = ROOT / "samples" / who
    found = report(parse(path.read_text("utf-8") if path.is_file() else expr_text(size), who), {})
    return lambda: {"agrees": float(type(judged(found).opinion).__name__ == "Agrees")}


def section(quick: bool, patience: float) -> Iterator[str]:
    """The table, and whether the goals are met."""
    rows = []
    goals = []
    each: dict[int, float] = {}
    samples = ["chain.expr", "hidden-layer.expr", "layers-relu.expr", "softmax-cross-entropy.expr"]
    for who, size in [*((name, 0) for name in samples), *(("program", size) for size in (SIZES[:2] if quick else SIZES))]:
        seconds = first(who, size, 3 if quick else 5, patience)
        told = f"{seconds * 1e3:.0f} ms" if seconds is not None else "late"
        rows.append([who if not size else f"{size:,} statements", told, f"{seconds / size * 1e3:.2f} ms" if size and seconds else ""])
        if size <= 50:
            goals.append(goal(f"{rows[-1][0]}: at most 0.5 s", seconds is not None and seconds <= 0.5))
        elif seconds is not None:
            each[size] = seconds / size
            goals.append(goal(f"{size:,} statements: at most 1 ms each", each[size] <= 1e-3))
    if len(each) > 1:
        goals.append(
            goal("linear: a statement of the largest costs at most 1.5 times one of the smallest", each[max(each)] <= 1.5 * each[min(each)])
        )
    yield drawn(["program", "opinion", "a statement"], rows)
    yield from goals


def first(who: str, size: int, rounds: int, patience: float) -> float | None:
    """The median time of an opinion."""
    return compared("opinions", [who], size, rounds, patience)[who]
