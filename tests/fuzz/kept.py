"""Tallies that are kept, for this code alone: the whole trial takes hours, and may be made in several goes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from tests.fuzz.tally import Tally
from tests.fuzz.targets import ROOT

Trial = tuple[str, Callable[[], Tally]]
AGAIN = "made before, on this very code"
_PACKAGE = ("backprop_cli/**/*.py", "grammar/**/*")
TRIALS = (*_PACKAGE, "tests/fuzz/**/*.py", "tests/rewrites.py", "tests/strategies.py")  # what random trials are made of
TESTS = (*_PACKAGE, "tests/**/*.py", "tests/**/*.txt")


def code(patterns: tuple[str, ...]) -> str:
    """A digest of all that a tally depends on."""
    digest = sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file() and "__pycache__" not in path.parts}):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def kept(folder: Path | None, how: str, of: tuple[str, ...]) -> Callable[[Iterable[Trial]], Iterator[tuple[str, Tally]]]:
    """A way to make trials: one that failed nowhere is taken from the folder, where the same code made it in the same way."""
    there = None if folder is None else folder / code(of)

    def made(trials: Iterable[Trial]) -> Iterator[tuple[str, Tally]]:
        for title, trial in trials:
            if there is None:
                yield title, trial()
                continue
            path = there / f"{sha256(f'{title} {how}'.encode()).hexdigest()[:16]}.json"
            if path.exists():
                found = json.loads(path.read_text("utf-8"))
                yield title, Tally(**{**found, "counts": Counter(found["counts"]), "skipped": Counter(found["skipped"])})
                continue
            tally = trial()
            if not tally.failures:
                there.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps({**vars(tally), "notes": [*tally.notes, AGAIN]}), "utf-8")
            yield title, tally

    return made
