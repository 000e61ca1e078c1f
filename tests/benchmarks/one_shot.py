"""From a file on disk to printed gradients, the whole process: processor time as a multiple of `python -c pass`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Cost, WrongAnswer, agree, interleaved, whole_process
from tests.benchmarks.peers import HEADERS, installed, script
from tests.benchmarks.programs import LEAVES, expr_text
from tests.benchmarks.table import drawn, goal, times

TITLE = "1. One shot: from a file to printed gradients, processor time in units of `python -c pass`"
SIZES = {6: 12, 100: 13, 10_000: 25, 100_000: 200}  # statements, and the most that is allowed
_AHEAD = {10_000: 4, 100_000: 4}
_HOPELESS = {"SymPy": 6, "JAX": 10_000}  # peers that find no end beyond


class _Runs:
    """Runs a command and remembers what it cost."""

    def __init__(self, arguments: list[str], patience: float) -> None:
        self.arguments, self.patience, self.last = arguments, patience, Cost(0.0, 0.0, 0, "")

    def __call__(self) -> float | None:
        found = whole_process(self.arguments, self.patience)
        if found is None:
            return None
        self.last = found
        return found.cpu


def section(quick: bool, patience: float) -> Iterator[str]:
    """The table, and whether the goals are met."""
    rows: list[list[str]] = []
    peers = [peer for peer in HEADERS if installed(peer)]
    with tempfile.TemporaryDirectory() as folder:
        for size, most in SIZES.items():
            if quick and size > 10_000:
                continue
            yield from _size(Path(folder), size, most, peers, 3 if quick else 5, patience, rows)
    yield drawn(["statements", "ours", "with check", *peers, "our peak", "least peak of the peers"], rows)


def _size(folder: Path, size: int, most: int, peers: list[str], rounds: int, patience: float, rows: list[list[str]]) -> Iterator[str]:
    file = folder / f"program{size}.expr"
    file.write_text(expr_text(size), "utf-8")
    runs: dict[str, _Runs] = {"pass": _Runs(["-c", "pass"], patience), "import sympy": _Runs(["-c", "import sympy"], patience)}
    runs["ours"] = _Runs(["-m", "backprop_cli", "grad", str(file), "--no-check"], patience)
    if size == 6:
        runs["checked"] = _Runs(["-m", "backprop_cli", "grad", str(file)], patience)
    for peer in peers:
        if size <= _HOPELESS.get(peer, size):
            written = folder / f"{peer}{size}.py"
            written.write_text(script(peer, size), "utf-8")
            runs[peer] = _Runs([str(written)], patience)
    costs = interleaved(runs, rounds if size <= 1000 else 3)
    ran = [name for name in ("ours", *peers) if costs.get(name) is not None]
    agree({name: _answer(name, runs[name].last.out) for name in ran}, 1e-4)
    unit, mine, theirs = costs["pass"], costs["ours"], [costs[peer] for peer in peers if costs.get(peer) is not None]
    peaks = [runs[peer].last.peak for peer in peers if costs.get(peer) is not None]
    least = min(peaks, default=0)
    shown = [times(costs.get(peer), unit) if peer in runs else "-" for peer in peers]
    peak_of_ours = f"{runs['ours'].last.peak >> 20} MiB"
    rows.append([f"{size:,}", times(mine, unit), times(costs.get("checked"), unit, "-"), *shown, peak_of_ours, f"{least >> 20} MiB"])
    yield goal(f"{size:,} statements: at most {most} times `python -c pass`", None if not mine or not unit else mine <= most * unit)
    if size == 6:
        bare, checked = costs["import sympy"], costs["checked"]
        text = f"6 statements with the check: {times(checked, bare)} of `import sympy`, at most 1.5"
        yield goal(text, None if not bare or not checked else checked <= 1.5 * bare)
    if size in _AHEAD and theirs and mine:
        best = min(cost for cost in theirs if cost)
        text = f"{size:,} statements: {times(best, mine)} times ahead of the best peer, at least {_AHEAD[size]}"
        yield goal(text, best >= _AHEAD[size] * mine)
    if size == 100_000 and least:
        peak = runs["ours"].last.peak
        yield goal(f"{size:,} statements: peak {times(peak, least)} of the least of theirs, at most 1/3", 3 * peak <= least)


def _answer(who: str, out: str) -> dict[str, float]:
    """The derivatives in what was printed: our table, or two numbers."""
    words = [line.split() for line in out.splitlines() if line.strip()]
    if len(words) == 1:
        return dict(zip(LEAVES, map(float, words[0]), strict=True))
    found = {line[0]: float(line[-1]) for line in words if line[0] in LEAVES and len(line) == 3}
    if found.keys() != LEAVES.keys():
        raise WrongAnswer(f"{who} printed no derivatives: {out[:80]!r}")
    return found
