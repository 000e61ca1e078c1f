"""Tallies that are kept, for this code alone: the whole trial takes hours, and may be made in several goes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from tests.fuzz.tally import Tally
from tests.fuzz.targets import ROOT

Trial = tuple[str, tuple[str, ...], Callable[[], Tally]]  # its title, what of the tests it is made of, itself
AGAIN = "made before, on this very code"
_PACKAGE = ("backprop_cli/**/*.py", "grammar/**/*")
TESTS = "tests/*.py", "tests/golden/**/*", "tests/mutation/*"
_IMPORT = re.compile(r"^ *from tests\.([\w.]+) import", re.M)


def imported(*names: str) -> tuple[str, ...]:
    """Modules of the tests, and those of the tests that they are made of."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [each.replace(".", "/") for each in _IMPORT.findall((ROOT / "tests" / f"{name}.py").read_text("utf-8"))]
    return tuple(f"tests/{name}.py" for name in sorted(found))


def code(patterns: Iterable[str]) -> str:
    """A digest of the package, and of the tests that a tally depends on."""
    digest = sha256()
    found = {path for pattern in (*_PACKAGE, *patterns) for path in ROOT.glob(pattern)}
    for path in sorted(each for each in found if each.is_file() and "__pycache__" not in each.parts):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def kept(folder: Path | None, how: str) -> Callable[[Iterable[Trial]], Iterator[tuple[str, Tally]]]:
    """A way to make trials: one that failed nowhere is taken from the folder, where the same code made it in the same way."""

    def made(trials: Iterable[Trial]) -> Iterator[tuple[str, Tally]]:
        for title, of, trial in trials:
            if folder is None:
                yield title, trial()
                continue
            path = folder / code(of) / f"{sha256(f'{title} {how}'.encode()).hexdigest()[:16]}.json"
            if path.exists():
                found = json.loads(path.read_text("utf-8"))
                yield title, Tally(**{**found, "counts": Counter(found["counts"]), "skipped": Counter(found["skipped"])})
                continue
            tally = trial()
            if not tally.failures:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps({**vars(tally), "notes": [*tally.notes, AGAIN]}), "utf-8")
            yield title, tally

    return made
