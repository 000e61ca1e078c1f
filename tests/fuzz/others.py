"""What keeps a tally of its own: the tests of threats, limits and numerics, and the mutants of table, bounds and limits."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

from tests.fuzz.tally import Tally, peak_megabytes, waited_for
from tests.fuzz.targets import ROOT

_KINDS = ("threats", "limits", "numerics", "infinite_slopes", "worker", "endings")
_RATE = re.compile(r"^(\w+): ([\d,]+) of ([\d,]+) mutants noticed", re.M)
_QUICK = 40
MUTATED = ("table", "bounds", "limits", "exact")


def timed_tests() -> Tally:
    """The ordinary tests, with no more than three seconds of processor time for each threat."""
    begun, tally = time.perf_counter(), Tally()
    paths = sorted({str(path) for kind in _KINDS for path in (ROOT / "tests").glob(f"test_{kind}*.py")})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        status, said, used = _run("pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *paths)
        cases = list(ElementTree.parse(report).getroot().iter("testcase")) if report.exists() else []
    for case in cases:
        name, seconds = f"{case.get('classname')}::{case.get('name')}", float(case.get("time", 0))
        kind = next((each.tag for each in case if each.tag in ("failure", "error", "skipped")), "passed")
        tally.cases += 1
        tally.counts[kind] += 1
        if kind in ("failure", "error"):
            tally.failures.append(name)
        if seconds > tally.slowest:
            tally.slowest, tally.slowest_case = seconds, name
    if status and not tally.failures:
        tally.failures.append(f"exit status {status}: {said[-300:]}")
    return _closed(tally, begun, used)


def mutants(name: str, most: int | None, quick: bool) -> Tally:
    """What `python -m tests.mutation` says of one target; its exit status says whether enough were noticed. `most` is how many."""
    most = _QUICK if quick else most
    if find_spec("cosmic_ray") is None:
        return Tally(failures=["Cosmic Ray is not installed: pip install -e '.[mutation]'"])
    begun = time.perf_counter()
    status, said, used = _run("tests.mutation", name, *([] if most is None else ["--sample", str(most)]))
    tally = Tally(notes=[line.strip() for line in said.strip().splitlines()])
    for _, noticed, tried in _RATE.findall(said):
        tally.cases += int(tried.replace(",", ""))
        tally.counts["noticed"] += int(noticed.replace(",", ""))
    if status:
        tally.failures.append(f"exit status {status}: too few are noticed")
    return _closed(tally, begun, used)


def _closed(tally: Tally, begun: float, used: resource.struct_rusage) -> Tally:
    tally.seconds, tally.megabytes = time.perf_counter() - begun, peak_megabytes(used)
    tally.processor = used.ru_utime + used.ru_stime
    return tally


def _run(module: str, *arguments: str) -> tuple[int, str, resource.struct_rusage]:
    """Exit status, what was printed, what was used."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        command = [sys.executable, "-m", module, *arguments]
        child = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ, "THREAT_SECONDS": "3"})
        used = waited_for(child)
        output.seek(0)
        return child.returncode, output.read(), used
