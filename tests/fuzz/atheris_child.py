"""The process in which Atheris runs: `python -m tests.fuzz.atheris_child TARGET REPORT TEXTS [libFuzzer's options]`."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["backprop_cli"]):
    from tests.fuzz.targets import TARGETS
    from tests.fuzz.trial import Trial

from tests.fuzz.tally import peak_megabytes

_EVERY = 5.0  # seconds between reports: libFuzzer ends the process without a word to Python


def main(arguments: list[str]) -> None:
    """Hand the process over to libFuzzer."""
    name, report, *rest = arguments
    trial = Trial(name, TARGETS[name])
    _report(trial, Path(report))
    told = time.perf_counter()

    def one(data: bytes) -> None:
        nonlocal told
        trial.run(data)
        if time.perf_counter() - told > _EVERY or trial.cases == 1:
            _report(trial, Path(report))
            told = time.perf_counter()

    atheris.Setup([sys.argv[0], *rest], one)
    atheris.Fuzz()


def _report(trial: Trial, path: Path) -> None:
    def plain(text: bytes) -> str:
        return base64.b64encode(text).decode()

    text = json.dumps(
        {
            "cases": trial.cases,
            "counts": trial.counts,
            "failures": {kind: plain(text) for kind, text in trial.failures.items()},
            "slow": [plain(text) for text in trial.slow],
            "slowest": trial.slowest,
            "slowest_case": plain(trial.slowest_case),
            "megabytes": peak_megabytes(),
        }
    )
    written = path.with_suffix(".new")
    written.write_text(text, "utf-8")
    os.replace(written, path)


if __name__ == "__main__":
    main(sys.argv[1:])
