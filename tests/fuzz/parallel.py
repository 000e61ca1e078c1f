"""Trials in several processes, each with its own share of the numbers; a process that dies is a failure, not a silence."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tests.fuzz.tally import Tally

Share = Callable[[range, int], Tally]


def shared_out(run: Share, cases: int, seed: int, processes: int = 2, every: int = 2_500) -> Tally:
    """Have `processes` processes work through `cases` cases in stretches of `every`.

    A case depends on the seed and its own number alone, so that it can be had again by itself. A stretch whose process
    dies is one failure, and the next stretch is begun in a new process.
    """
    begun = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    stretches = [range(first, min(first + every, cases)) for first in range(0, cases, every)][::-1]
    running: dict[Connection, tuple[range, BaseProcess]] = {}
    whole = Tally()
    while stretches or running:
        while stretches and len(running) < processes:
            here, there = context.Pipe(duplex=False)
            stretch = stretches.pop()
            process = context.Process(target=_work, args=(run, stretch, seed, there), daemon=True)
            process.start()
            there.close()
            running[here] = stretch, process
        for ready in wait(list(running)):
            assert isinstance(ready, Connection)
            stretch, ended = running.pop(ready)
            try:
                found = ready.recv()
            except EOFError:
                found = Tally(failures=[f"the process with the cases {stretch.start} to {stretch.stop - 1} died"])
            whole.add(found)
            ready.close()
            ended.join()
            print(*found.failures, f"{whole.cases:,} of {cases:,}, {len(whole.failures)} failures", sep="\n", file=sys.stderr, flush=True)
    whole.seconds = time.perf_counter() - begun
    return whole


def _work(run: Share, stretch: range, seed: int, there: Connection) -> None:
    begun = time.perf_counter()
    there.send(run(stretch, seed).close(begun))
    there.close()
