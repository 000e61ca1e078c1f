"""What a run of trials came to: how many, why some were skipped, what failed, how long the slowest took, how much memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_MOST_SHOWN = 20


@dataclass
class Tally:
    """The counts of one run. `failures` are texts with which each failure can be had again; `seconds` is the time of the whole run."""

    cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    slowest_case: str = ""
    seconds: float = 0.0
    processor: float = 0.0  # seconds of processor time, where that is what counts
    megabytes: float = 0.0
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, case: str) -> Iterator[None]:
        """Watch over one case."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - begun
            if taken > self.slowest:
                self.slowest, self.slowest_case = taken, case

    def add(self, other: Tally) -> None:
        """Take in what another process counted at the same time."""
        self.cases += other.cases
        self.counts += other.counts
        self.skipped += other.skipped
        self.failures += other.failures
        self.notes += [note for note in other.notes if note not in self.notes]
        self.seconds = max(self.seconds, other.seconds)
        self.megabytes = max(self.megabytes, other.megabytes)
        if other.slowest > self.slowest:
            self.slowest, self.slowest_case = other.slowest, other.slowest_case

    def close(self, begun: float) -> Tally:
        """Note the time since `begun` and the most memory this process has held."""
        self.seconds = time.perf_counter() - begun
        self.megabytes = peak_megabytes()
        return self

    def lines(self, title: str) -> Iterator[str]:
        """The tally as text."""
        of_processor = f" ({self.processor:,.0f} s of processor time)" if self.processor else ""
        yield f"{title}: {self.cases:,} cases in {self.seconds:,.0f} s{of_processor}, {len(self.failures)} failures"
        for word, counted in self.counts.most_common():
            yield f"  {counted:>9,}  {word}"
        for word, counted in self.skipped.most_common():
            yield f"  {counted:>9,}  skipped: {word}"
        yield f"  slowest {self.slowest:.3f} s ({self.slowest_case}), peak memory {self.megabytes:,.0f} MB in one process"
        yield from (f"  {note}" for note in self.notes)
        yield from (f"  FAILED {each}" for each in self.failures[:_MOST_SHOWN])
        if len(self.failures) > _MOST_SHOWN:
            yield f"  and {len(self.failures) - _MOST_SHOWN:,} more"


def peak_megabytes(used: resource.struct_rusage | None = None) -> float:
    """The most memory that this process has held, or one that has ended."""
    peak = (used or resource.getrusage(resource.RUSAGE_SELF)).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def waited_for(child: subprocess.Popen[Any]) -> resource.struct_rusage:
    """Wait for a process to end; what it and those it started have used."""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return used
