"""Atheris over one target: texts grown by what they reach in the code. Where there is no Atheris, hypothesis draws them.

The run itself happens in processes of its own (`python -m tests.fuzz.atheris_child`), which are started again when libFuzzer
ends one. What they find is told once for each kind of error, and slow texts are timed again without instrumentation.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.tally import Tally, waited_for
from tests.fuzz.targets import ROOT, TARGETS, allowed, seeds
from tests.fuzz.trial import Trial

_HANG = 60  # seconds after which libFuzzer ends a process, and the text is a failure
_MEGABYTES = 2_000
_PATIENCE = 5  # times as long by the clock as by the processor, on a machine with other work


def fuzz(name: str, seconds: float, seed: int, keep: Path | None = None) -> Tally:
    """Run one target for so many seconds of processor time. In the folder `keep` are texts to begin with; new ones are added."""
    if find_spec("atheris") is None:
        from tests.fuzz.drawn import fuzz_drawn

        return fuzz_drawn(name, seconds, seed)
    with tempfile.TemporaryDirectory() as scratch:
        return _fuzz(name, seconds, seed, keep or Path(scratch) / "texts", Path(scratch))


def _fuzz(name: str, seconds: float, seed: int, texts: Path, scratch: Path) -> Tally:
    begun = time.perf_counter()
    texts.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(seeds(name)):
        (texts / f"seed-{number:03}").write_bytes(text)
    whole = Tally()
    known: dict[str, str] = {}
    patience = begun + _PATIENCE * seconds
    while (left := seconds - whole.processor) > 1 and time.perf_counter() < patience:
        seed += 1
        whole.processor += _child(name, int(left), seed, texts, scratch)
        _gather(name, scratch, whole, known)
    whole.counts["texts that reached something new"] = sum(1 for path in texts.iterdir() if not path.name.startswith("seed-"))
    whole.failures += [f"{kind} from {text}" for kind, text in known.items()]
    whole.seconds = time.perf_counter() - begun
    return whole


def _child(name: str, seconds: int, seed: int, texts: Path, scratch: Path) -> float:
    """A run of a process; its processor time in seconds."""
    words = ROOT / "tests" / "fuzz" / "corpus" / "words.dict"
    limits = [f"-max_total_time={seconds}", f"-timeout={_HANG}", f"-rss_limit_mb={_MEGABYTES}", "-max_len=2000", f"-seed={seed}"]
    command = [sys.executable, "-m", "tests.fuzz.atheris_child", name, str(scratch / "found"), str(texts), f"-dict={words}"]
    with (scratch / "log").open("wb") as log:
        child = subprocess.Popen([*command, f"-artifact_prefix={scratch}/ended-", *limits], cwd=ROOT, stdout=log, stderr=log)
        watch = threading.Timer(seconds + _HANG, child.kill)  # libFuzzer counts from when it has read its texts
        watch.start()
        used = waited_for(child)
        watch.cancel()
    return used.ru_utime + used.ru_stime


def _gather(name: str, scratch: Path, whole: Tally, known: dict[str, str]) -> None:
    """Add what a process wrote down and what ended it."""
    found = scratch / "found"
    if not found.exists():
        raise RuntimeError(f"the process did not begin: {(scratch / 'log').read_text('utf-8', 'replace')[-500:]}")
    report = json.loads(found.read_text("utf-8"))
    found.unlink()
    whole.cases += report["cases"]
    whole.counts.update(report["counts"])
    whole.megabytes = max(whole.megabytes, report["megabytes"])
    if report["slowest"] > whole.slowest:
        whole.slowest, whole.slowest_case = report["slowest"], f"instrumented: {base64.b64decode(report['slowest_case'])[:60]!r}"
    for kind, text in report["failures"].items():
        known.setdefault(kind, repr(base64.b64decode(text)))
    for each in map(base64.b64decode, report["slow"]):
        timed = Trial(name, TARGETS[name]).run(each)
        whole.counts["texts that were slow when instrumented"] += 1
        if timed > allowed(name, each):
            known.setdefault(f"slow ({timed:.1f} s)", repr(each))
    for ended in scratch.glob("ended-*"):
        known.setdefault(ended.name.rpartition("-")[0].removeprefix("ended-"), repr(ended.read_bytes()))
        ended.unlink()
