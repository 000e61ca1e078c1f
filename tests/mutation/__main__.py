"""`python -m tests.mutation [--quick] [--at MODULE[:LINE]] [NAME ...]`: how many small changes the tests notice, and which they do not."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.running import a_copy, copies, preload, survives
from tests.mutation.targets import TARGETS, Mutant, mutants

_EXPLAINED = Path(__file__).with_name("explained.txt")
_ENOUGH = 0.95
_QUICK = 40


def main() -> int:
    """0 where at least 95 of 100 mutants of each target are noticed, those apart that are explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TARGETS)}; all unless given")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} mutants of each, the same every time")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants of each, the same every time")
    parser.add_argument("--at", action="append", metavar="MODULE[:LINE]", help="the mutants there alone; repeat for more places")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time (2)")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {unknown[0]}")
    preload()
    explained = dict(_explanations())
    sample = _QUICK if given.quick else given.sample
    return max(_run(name, sample, given.jobs, explained, given.at or []) for name in given.names or TARGETS)


def _run(name: str, sample: int | None, jobs: int, explained: dict[str, str], places: Sequence[str]) -> int:
    """The mutants of one target. Returns 1 where too few are noticed."""
    chosen: list[Mutant] = list(mutants(name))
    total = len(chosen)
    if places:
        chosen = [each for each in chosen if not {each.module, f"{each.module}:{each.line}"}.isdisjoint(places)]
    if sample is not None and sample < total:
        chosen = random.Random(name).sample(chosen, sample)
    begun, tests = time.perf_counter(), TARGETS[name].tests
    with a_copy() as first:
        if not all(passed for _, passed in survives(tests, [first], [None])):
            print(f"{name}: the tests fail without any mutant")
            print((first / "output.txt").read_text("utf-8")[-3000:])
            return 2
        made = copies(first, jobs)
        left = []
        for done, (at, survived) in enumerate(survives(tests, made, chosen), 1):
            if survived:
                left.append(at)
                print(f"  survives: {chosen[at].module}:{chosen[at].line}: {chosen[at].change()}", flush=True)
            if not done % 50:
                print(
                    f"  ... {done} of {len(chosen)}, {len(left)} survive, {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True
                )
    known = [at for at in left if _key(chosen[at]) in explained]
    killed = len(chosen) - len(left)
    rate = killed / max(len(chosen) - len(known), 1)
    print(
        f"{name}: {killed:,} of {len(chosen):,} mutants noticed (there are {total:,}); {len(left)} survive, {len(known)} of them explained;"
    )
    print(f"  {killed / max(len(chosen), 1):.1%} of all, {rate:.1%} of those that change anything; {time.perf_counter() - begun:.0f} s")
    return int(rate < _ENOUGH)


def _key(mutant: Mutant) -> str:
    return f"{mutant.module}: {mutant.change()}"


def _explanations() -> list[tuple[str, str]]:
    """Mutants that change nothing that can be seen, each with the reason: two lines, then an empty one."""
    found, reason = [], ""
    for line in _EXPLAINED.read_text("utf-8").splitlines() if _EXPLAINED.exists() else []:
        if line.startswith("# "):
            reason = line[2:]
        elif line.strip():
            found.append((line.strip(), reason))
    return found


if __name__ == "__main__":
    sys.exit(main())
