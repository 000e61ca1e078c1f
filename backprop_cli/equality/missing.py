"""What stands where there is no number, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """What stands where there is no number: `sure` tells that there is none; else it could not be made out."""

    reason: str
    sure: bool


class NoNumber(ArithmeticError):
    """An operation has no result. `missing` says why."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(missing.reason)
        self.missing = missing


def undefined(reason: str) -> NoNumber:
    """There is no real value."""
    return NoNumber(Missing(reason, True))


def vague(reason: str) -> NoNumber:
    """The value cannot be made out with the digits in use."""
    return NoNumber(Missing(reason, False))


EDGE = "the point lies too near an edge to tell"
LARGE = "a value is too large or too small to be worked with"
WIDE = "too few digits are left"
