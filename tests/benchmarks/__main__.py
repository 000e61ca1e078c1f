"""Prints today's tables: `python -m tests.benchmarks [--quick] [--only SECTION ...] [--patience SECONDS]`."""

from __future__ import annotations

import argparse
import os
import platform
import sys

from tests.benchmarks import arrays, judging, many, one_shot, opinions, sweeps, traces
from tests.benchmarks.measure import WrongAnswer
from tests.benchmarks.peers import HEADERS, installed

SECTIONS = {
    "one-shot": one_shot,
    "sweeps": sweeps,
    "points": many,
    "arrays": arrays,
    "opinion": opinions,
    "judge": judging,
    "trace": traces,
}


def main() -> int:
    """Run the sections asked for; 1 where two contestants disagree."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Ratios of medians of interleaved runs, answers compared."
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds: a minute instead of a quarter of an hour")
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, metavar="SECTION", help=f"one of {', '.join(SECTIONS)}; repeat for more"
    )
    parser.add_argument("--patience", type=float, default=60.0, metavar="SECONDS", help="the most that one run may take (60)")
    asked = parser.parse_args()
    missing = [peer for peer in HEADERS if not installed(peer)]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores" + (f"; not installed: {', '.join(missing)}" if missing else ""))
    for name in asked.only or SECTIONS:
        print(f"\n{SECTIONS[name].TITLE}", flush=True)
        try:
            for text in SECTIONS[name].section(asked.quick, asked.patience):
                print(text, flush=True)
        except WrongAnswer as wrong:
            print(f"wrong answer: {wrong}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
