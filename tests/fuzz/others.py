"""What keeps a tally of its own: the threats of the ordinary tests, and the mutants of the derivative table."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec

from tests.fuzz.tally import Tally
from tests.fuzz.targets import ROOT

_THREATS = ("tests/test_threats.py", "tests/test_limits.py", "tests/test_worker.py")
_COUNTED = re.compile(r"(\d+) (passed|failed|errors?|skipped)\b")


def others(quick: bool) -> Iterator[tuple[str, Tally]]:
    """The tests of threats and limits, and the mutants where there are any."""
    yield "threats and limits", _tests([each for each in _THREATS if (ROOT / each).exists()])
    if find_spec("tests.mutation") is not None and (ROOT / "tests" / "mutation" / "__main__.py").exists():
        yield "mutants", _mutants(quick)


def _tests(paths: list[str]) -> Tally:
    begun = time.perf_counter()
    done = _run("pytest", "-q", "-p", "no:cacheprovider", *paths)
    tally = Tally()
    for number, word in _COUNTED.findall(done.stdout.splitlines()[-1] if done.stdout else ""):
        tally.cases += int(number)
        tally.counts[word] += int(number)
    if done.returncode:
        tally.failures = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))] or [done.stderr[-300:]]
    return tally.close(begun)


def _mutants(quick: bool) -> Tally:
    """The last lines of `python -m tests.mutation` as they are; its exit status says whether enough were killed."""
    begun = time.perf_counter()
    done = _run("tests.mutation", *(["--quick"] if quick else []))
    lines = done.stdout.strip().splitlines()[-12:]
    tally = Tally(notes=lines, failures=[] if done.returncode == 0 else [f"exit status {done.returncode}: {done.stderr[-300:]}"])
    return tally.close(begun)


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
