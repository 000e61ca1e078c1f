"""What is said of a comparison: which entry, where else it differs, and by which values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.equality.decide import Decision


def place(flat: int, shape: tuple[int, ...]) -> str:
    """The place of an entry in an array, as in `[0, 1]`."""
    return "[" + ", ".join(str(int(each)) for each in np.unravel_index(flat, shape)) + "]"


def elsewhere(found: Decision) -> str:
    """A point at which two functions differ; empty where none is known."""
    if found.witness is None:
        return ""
    some = list(found.witness.point.items())[:4]
    return ": it differs at " + ", ".join(f"{name} = {_short(value)}" for name, value in some)


def value_text(value: Any) -> str:
    """A value at such a point."""
    return "undefined" if value is None else str(+value)


def _short(value: Any) -> str:
    exact = Fraction(value) if isinstance(value, Fraction | int) else None
    if exact is None or len(str(exact)) <= 8:
        return str(value)
    return f"{float(exact):.6g}"
