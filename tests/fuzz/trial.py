"""One text after the other to one target: what comes out is counted, anything that must not come out is kept."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.targets import ROOT, Target, allowed

_MOST_SLOW = 20


class Trial:
    """`failures` has one text for each kind of error; `slow` holds the texts that took longer than they may."""

    def __init__(self, name: str, target: Target) -> None:
        self.name, self.target = name, target
        self.cases = 0
        self.counts: Counter[str] = Counter()
        self.failures: dict[str, bytes] = {}
        self.slow: list[bytes] = []
        self.slowest = 0.0
        self.slowest_case = b""

    def run(self, data: bytes) -> float:
        """Try one text; how many seconds of the processor it took."""
        begun = time.process_time()
        try:
            self.target(data)
        except Exception as error:  # whatever comes out is what is looked for
            kind = told(error)
            self.counts[f"texts with {kind}"] += 1
            kept = self.failures.get(kind)
            if kept is None or len(data) < len(kept):
                self.failures[kind] = data
        taken = time.process_time() - begun
        self.cases += 1
        if taken > self.slowest:
            self.slowest, self.slowest_case = taken, data
        if taken > allowed(self.name, data) and len(self.slow) < _MOST_SLOW:
            self.slow.append(data)
        return taken


def told(error: BaseException) -> str:
    """The kind of an error: what it is, and the last place of ours that it passed."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(ROOT)]
    place = f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].name}" if ours else "nowhere of ours"
    return f"{type(error).__name__} in {place}"
