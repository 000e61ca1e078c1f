"""Texts drawn by hypothesis: where there is no Atheris, and for the ordinary tests."""

from __future__ import annotations

import time
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.fuzz.tally import Tally
from tests.fuzz.targets import TARGETS, seeds
from tests.fuzz.trial import Trial
from tests.strategies import hostile

_AT_ONCE = 200


def texts(name: str) -> st.SearchStrategy[bytes]:
    """Hostile texts, and the seeds of a target with pieces moved, doubled, dropped and put in."""
    known = seeds(name)
    random = st.integers(0, 2**32).map(Random)
    spliced = st.builds(_spliced, st.sampled_from(known), st.sampled_from(known), hostile().map(str.encode), random)
    return spliced | hostile().map(lambda text: b"0" + text.encode())


def _spliced(text: bytes, other: bytes, piece: bytes, random: Random) -> bytes:
    for _ in range(random.randint(1, 4)):
        first, last = sorted(random.randint(0, len(text)) for _ in range(2))
        last = min(last, first + random.choice((0, 1, 3, 20)))
        there = random.randint(0, len(other))
        taken = random.choice((b"", piece, text[first:last] * 2, other[there : there + 30], bytes([random.randrange(256)])))
        text = text[:first] + taken + text[last:]
    return text[:2_000]


def fuzz_drawn(name: str, seconds: float, seed: int) -> Tally:
    """Draw texts for one target for so many seconds."""
    begun = time.perf_counter()
    trial = Trial(name, TARGETS[name])

    @settings(max_examples=_AT_ONCE, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(texts(name))
    def tried(data: bytes) -> None:
        trial.run(data)

    while not trial.cases or time.perf_counter() - begun < seconds:
        seed += 1
        seeded(seed)(tried)()
    tally = Tally(cases=trial.cases, counts=trial.counts, notes=["Atheris is not installed: the texts were drawn by hypothesis"])
    tally.slowest, tally.slowest_case = trial.slowest, repr(trial.slowest_case[:60])
    tally.failures = [f"{kind} from {text!r}" for kind, text in trial.failures.items()] + [f"slow: {text!r}" for text in trial.slow]
    return tally.close(begun)
