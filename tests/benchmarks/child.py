"""A contestant's own process: says its answer, then for every line it reads runs once more and says how long that took.

With one thread the processor's time is taken, which other work on the machine hardly changes; with more the clock's.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from time import perf_counter, process_time

LEAST = 0.02  # seconds; shorter runs are repeated within one


def timed(run: Callable[[], object]) -> float:
    """Seconds of one run, the mean of as many as fit into LEAST."""
    clock = process_time if os.environ.get("OMP_NUM_THREADS") == "1" else perf_counter
    start = clock()
    run()
    once = clock() - start
    count = int(LEAST / max(once, 1e-7))
    if count < 2:
        return once
    start = clock()
    for _ in range(count):
        run()
    return (clock() - start) / count


def main(kind: str, who: str, size: str) -> None:
    run: Callable[[], dict[str, float]] = import_module(f"tests.benchmarks.{kind}").contestant(who, int(size))
    print(json.dumps(run()), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"seconds": timed(run)}), flush=True)


if __name__ == "__main__":
    sys.setrecursionlimit(10**7)
    main(*sys.argv[1:])
