"""A trace of 10,000 rows, printed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import interleaved, whole_process
from tests.benchmarks.programs import expr_text
from tests.benchmarks.table import drawn, goal

TITLE = "6. Trace of 10,000 rows, the whole process; the goal is on processor time, which other work on the machine does not change"
ROWS = 10_000
STATEMENTS = 3_600  # a row forward and about two back each


def section(quick: bool, patience: float) -> Iterator[str]:
    """The table, and whether the goal is met."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.expr"
        file.write_text(expr_text(STATEMENTS), "utf-8")
        lines, clock = 0, 0.0

        def run() -> float | None:
            nonlocal lines, clock
            found = whole_process(["-m", "backprop_cli", "trace", str(file)], patience)
            lines = found.out.count("\n") if found else 0
            clock = found.wall if found else 0.0
            return found.cpu if found else None

        seconds = interleaved({"trace": run}, 3 if quick else 5)["trace"]
    if seconds is None or lines < ROWS:
        raise RuntimeError(f"the trace has {lines:,} lines, fewer than {ROWS:,}")
    scaled = seconds * ROWS / lines
    row = [f"{lines:,}", f"{clock:.2f} s", f"{seconds:.2f} s", f"{scaled:.2f} s"]
    yield drawn(["lines", "by the clock", "processor", f"for {ROWS:,}"], [row])
    yield goal(f"{ROWS:,} rows in less than 1 s", scaled < 1)
