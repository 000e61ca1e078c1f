"""The judge of answers: the time of single lines, right and wrong, and lines a second, in a warm process."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import fmean, median
from time import process_time

from tests.benchmarks.measure import ROOT, whole_process
from tests.benchmarks.table import drawn, goal

TITLE = "5. The judge: a line judged for the first time by a judge that has the program ready, in a warm process"
MEDIAN, LONGEST, LEAST = 0.015, 0.8, 50  # seconds, seconds for 99 lines of 100, lines a second
_EXERCISES = {"chain-latex": "chain", "chain-slips": "chain", "chain-unicode": "chain"} | {
    "layers-relu-latex": "layers-relu", "log-likelihood-slips": "log-likelihood", "relu-exercise": "relu-exercise",
}  # fmt: skip


def right_lines() -> Iterator[tuple[str, str]]:
    """The lines of the samples, each with its program; most of them are right."""
    for path in sorted((ROOT / "samples").glob("*.answers")):
        program = path.with_name(_EXERCISES.get(path.stem, path.stem) + ".expr")
        if program.is_file():
            yield from ((program.read_text("utf-8"), line) for line in _lines(path))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if "=" in line and not line.startswith(("#", "%", "\\begin", "\\end"))]


def wrong_lines() -> Iterator[tuple[str, str]]:
    """A line for every example of the catalogue of mistakes, arrays among them, each with its program."""
    from tests.test_mistakes import EXAMPLES

    for _, program, of, by, answer in EXAMPLES:
        yield program, f"d{of}/d{by} = {answer}"


def timed(rounds: int) -> tuple[dict[str, list[float]], float]:
    """The seconds of every line by verdict, the mean of some rounds that all begin anew, and the lines of a processor second.

    The processor's clock is coarse for one line, but right on the average, and other work on the machine hardly changes it.
    """
    lines = [*right_lines(), *wrong_lines()]
    start = process_time()
    found = [_judged(lines) for _ in range(rounds)]
    rate = sum(map(len, found)) / (process_time() - start)
    by_verdict: dict[str, list[float]] = {}
    for runs in zip(*found, strict=True):
        by_verdict.setdefault(runs[0][0], []).append(fmean(seconds for _, seconds in runs))
    return by_verdict, rate


def _judged(lines: Iterable[tuple[str, str]]) -> list[tuple[str, float]]:
    """The verdict on every line and the processor seconds it took."""
    from backprop_cli.errors import BackpropError
    from backprop_cli.homework.judge import Bench
    from backprop_cli.lang.parse import parse

    benches: dict[str, Bench] = {}
    found: list[tuple[str, float]] = []
    for program, line in lines:
        if program not in benches:
            benches[program] = Bench(parse(program))
            benches[program].judge("dq/dq = 1")  # whatever is imported or built once, is
        start = process_time()
        try:
            (judged,) = benches[program].judge(line).answers
        except (BackpropError, ValueError):  # the line is half of a longer one
            continue
        found.append((judged.verdict.value, process_time() - start))
    return found


def section(quick: bool, patience: float) -> Iterator[str]:
    """The table, and whether the goals are met."""
    ran = whole_process(["-m", "tests.benchmarks.judging", "3" if quick else "10"], 10 * patience)
    if ran is None:
        yield "late"
        return
    found: dict[str, list[float]]
    found, rate = json.loads(ran.out)
    every = sorted(seconds for each in found.values() for seconds in each)
    rows = [_row(verdict, sorted(each)) for verdict, each in sorted(found.items())]
    yield drawn(["verdict", "lines", "median", "99 of 100", "longest"], [*rows, _row("all", every)])
    yield goal(f"median {median(every) * 1e3:.1f} ms, below {MEDIAN * 1e3:.0f}", median(every) < MEDIAN)
    yield goal(f"99 of 100 within {_most(every):.2f} s, below {LONGEST}", _most(every) < LONGEST)
    yield goal(f"{rate:.0f} lines a processor second, making the programs ready included, at least {LEAST}", rate >= LEAST)


def _most(seconds: list[float]) -> float:
    """What 99 of 100 do not exceed."""
    return seconds[-(-99 * len(seconds) // 100) - 1]


def _row(verdict: str, seconds: list[float]) -> list[str]:
    return [verdict, str(len(seconds)), *(f"{each * 1e3:.1f} ms" for each in (median(seconds), _most(seconds), seconds[-1]))]


if __name__ == "__main__":
    print(json.dumps(timed(int(sys.argv[1]))))
