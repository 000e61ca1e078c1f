"""The judge of answers: latency of single lines and lines a second in a warm process."""

from __future__ import annotations

from collections.abc import Iterator

TITLE = "5. The judge"


def section(quick: bool, patience: float) -> Iterator[str]:
    """What there is to say."""
    yield "not measured"
