"""Values as JSON keeps them."""

from __future__ import annotations

import math
from typing import Any


def plain_number(value: Any) -> Any:
    """A value for JSON: a float, or floats nested as in NumPy's `tolist()`; `-0.0` is `0.0`, what is not finite is None."""
    if hasattr(value, "tolist"):
        return _each(value.tolist())
    return _finite(value)


def _each(nested: Any) -> Any:
    return [_each(item) for item in nested] if isinstance(nested, list) else _finite(nested)


def _finite(value: Any) -> float | None:
    if value is None:  # what has no exact value, in a branch that is not taken
        return None
    number = near_float(value)
    return number + 0.0 if math.isfinite(number) else None


def near_float(value: Any) -> float:
    """The float nearest to a number of any kind; infinite where it is beyond float64."""
    if isinstance(value, float):
        return value
    try:
        if is_exact(value):
            from backprop_cli.calculus.exact_text import exact_float

            return exact_float(value)
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def is_exact(value: Any) -> bool:
    """Whether a value is neither a float nor an array of floats."""
    return not isinstance(value, int | float) and str(getattr(value, "dtype", "")) != "float64"


def exact_data(value: Any) -> Any:
    """An exact number as text; nested lists of texts for an array of them; None where there is no number."""
    from backprop_cli.calculus.exact_text import exact_text

    def each(nested: Any) -> Any:
        if isinstance(nested, list):
            return [each(item) for item in nested]
        return None if nested is None else exact_text(nested)

    return each(value.tolist() if hasattr(value, "tolist") else value)
