"""Running things side by side: whole processes by their processor time, contestants in processes of their own by the clock."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic

ROOT = Path(__file__).resolve().parents[2]
LONG = 4.0  # seconds; what takes longer is run once


class WrongAnswer(Exception):
    """Two contestants disagree: then no time means anything."""


@dataclass(frozen=True)
class Cost:
    """What a process cost: processor seconds, seconds by the clock, bytes of memory at most; and what it printed."""

    cpu: float
    wall: float
    peak: int
    out: str


def environment(threads: int) -> dict[str, str]:
    """The environment of a process whose libraries may use so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **dict.fromkeys(names, str(threads)), "JAX_PLATFORMS": "cpu", "NO_COLOR": "1", "COLUMNS": "80"}


def whole_process(arguments: Sequence[str], patience: float) -> Cost | None:
    """One run of Python with these arguments; None where it takes more than `patience` processor seconds. Raises where it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as wrong:
        start = monotonic()
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=out, stderr=wrong, env=environment(1))
        if hasattr(resource, "prlimit"):
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (int(patience), int(patience)))
        _, status, used = os.wait4(process.pid, 0)
        wall = monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return None
        if process.returncode:
            wrong.seek(0)
            raise RuntimeError(f"{' '.join(arguments)[:80]} failed: {wrong.read().decode(errors='replace')[-400:]}")
        out.seek(0)
        return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss * 1024, out.read().decode())


class Contestant:
    """A process that repeats one computation whenever it is asked; `answer` is what the first time came to."""

    def __init__(self, kind: str, who: str, size: int, patience: float, threads: int = 1) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.child", kind, who, str(size)],
            cwd=ROOT, env=environment(threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.patience, self.who = patience, who
        self.answer: dict[str, float] | None = self.said()

    def said(self) -> dict[str, float] | None:
        """The next line; None where it does not come in time."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        if not ready:
            self.stop()
            return None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.who} failed: {self.process.stderr.read()[-400:]}")
        found: dict[str, float] = json.loads(line)
        return found

    def seconds(self) -> float | None:
        """The time of one more run."""
        assert self.process.stdin is not None
        if self.process.poll() is not None:
            return None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        said = self.said()
        return None if said is None else said["seconds"]

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def compared(kind: str, names: Sequence[str], size: int, rounds: int, patience: float, threads: int = 1) -> dict[str, float | None]:
    """The median time of each contestant over interleaved rounds, None where one takes too long. All must have one answer."""
    contestants = {name: Contestant(kind, name, size, patience, threads) for name in names}
    try:
        agree({name: each.answer for name, each in contestants.items()})
        return interleaved({name: each.seconds for name, each in contestants.items()}, rounds)
    finally:
        for each in contestants.values():
            each.stop()


def interleaved(runs: Mapping[str, Callable[[], float | None]], rounds: int) -> dict[str, float | None]:
    """The median of each run's times, the runs taking turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    late: set[str] = set()
    for turn in range(rounds):
        for name, run in runs.items():
            if name in late or (turn and times[name][0] > LONG):
                continue
            found = run()
            if found is None:
                late.add(name)
            else:
                times[name].append(found)
    return {name: median(each) if each and name not in late else None for name, each in times.items()}


def agree(answers: Mapping[str, Mapping[str, float] | None], tolerance: float = 1e-8) -> None:
    """Raise WrongAnswer unless all answers that are there are one, up to rounding; they have the names of the first in common."""
    given = {who: answer for who, answer in answers.items() if answer}
    if not given:
        return
    first = next(iter(given))
    for who, answer in given.items():
        for name, value in answer.items():
            expected = given[first].get(name, value)
            if abs(value - expected) > tolerance * max(1.0, abs(expected)):
                raise WrongAnswer(f"{who} finds {name} = {value!r}, {first} finds {expected!r}")
