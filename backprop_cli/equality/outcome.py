"""What a decision on equality is made of: the question's region, the means, the verdict and its counterexample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

from backprop_cli.equality.terms import Terms


@dataclass(frozen=True, slots=True)
class Region:
    """Where functions are compared.

    `home` gives leaves the terms of their values, which hold no variables; it may be empty or partial. `fixed` leaves keep
    their home value at every point. In each group of `one_hot` leaves exactly one is 1 and the others are 0 at every point.
    """

    home: Mapping[str, int] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    one_hot: tuple[tuple[str, ...], ...] = ()


class Status(Enum):
    """Equal everywhere; on the piece that holds home; at home alone; not even there; or it could not be decided."""

    EQUAL = "equal"
    EQUAL_HERE = "equal here"
    EQUAL_AT_POINT = "equal at the point"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """A point at which a pair differs.

    `point` gives every leaf that is used: a rational, or the text of a constant that is none. `left` and `right` are mpf
    numbers with at least 15 right digits; `right` is None where it is undefined, and `reason` says why.
    """

    point: Mapping[str, Fraction | str]
    left: Any
    right: Any
    pair: int
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The verdict, the layer it comes from ("same tree", "prime fields", "50 digits", "computer algebra", or none), and why.

    The witness of functions that are equal is a single point at which they are not.
    """

    status: Status
    how: str = ""
    witness: Witness | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Effort:
    """The means: operations (a sum of two numbers of 50 digits is one), points at most, and seconds as the last resort."""

    operations: int = 2_000_000
    points: int = 500
    seconds: float = 20.0


# Whether a pair is the same function by other means: True, or None where nothing was found out.
Prover = Callable[[Terms, tuple[int, int], Region], bool | None]
