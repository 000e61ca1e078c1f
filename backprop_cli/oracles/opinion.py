"""What a second opinion may say, and how near two gradients have to be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from backprop_cli.errors import Span

# Relative to the sum of the absolute contributions, in which cancellation is no fault.
TOLERANCE = 1e-9
# A gradient that is off by more than NOTED of itself carries a note; where its terms cancel exactly (what is left of them at
# high precision is below NOISE), one that is off by more than ROUNDING of its terms.
NOTED, ROUNDING, NOISE = 1e-6, 1e-13, 1e-40
# Below this float64 thins out: a gradient that underflows is no disagreement.
TINY = 1e-300
# Entries that one array may have, as in a person's own files.
MOST_ENTRIES = 50_000_000
# What SymPy and mpmath are known to raise where they fail.
FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, NotImplementedError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Note:
    """A remark that is no fault: float64 lost digits at a node. `span` is the statement's place."""

    node: str
    span: Span | None
    message: str


@dataclass(frozen=True, slots=True)
class Agrees:
    """Every gradient was confirmed. `gap` is the largest relative difference met."""

    method: str
    gap: float
    detail: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Disagrees:
    """Some gradient is another number for the second engine: `pairs` are (name, ours, theirs), the worst first."""

    method: str
    gap: float
    detail: str
    pairs: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Abstains:
    """No opinion, and why."""

    method: str
    reason: str


Opinion = Agrees | Disagrees | Abstains


class NoOpinion(Exception):
    """Raised inside an oracle where it can say nothing; the text is the reason."""


def require_room(shape: Sequence[int], most: int) -> None:
    """Raise NoOpinion for an array that is larger than may be made."""
    if math.prod(shape) > most:
        raise NoOpinion(f"this makes an array of {math.prod(shape):,} entries, and {most:,} are the most that are looked at")


class HoldsArrays(NoOpinion):
    """Raised where the reading of scalars meets an array or a function of whole arrays."""

    def __init__(self) -> None:
        super().__init__("arrays stand among the scalars")
