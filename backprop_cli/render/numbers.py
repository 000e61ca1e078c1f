"""Numbers as people read them and as files keep them."""

from __future__ import annotations

import math
from typing import Any

FEW_ENTRIES = 200  # what a terminal shows of an array before it shows the corners alone
_SHORT = 40
_WHOLE = 10**9


def number_text(value: Any, digits: int = 6) -> str:
    """A scalar with so many significant digits: whole numbers up to 10^9 in full, no trailing zeros, no `-0`; exact numbers exactly."""
    if hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, int | float):
        from backprop_cli.calculus.exact import exact_text

        return exact_text(value)
    if math.isfinite(value) and abs(value) < _WHOLE and value == int(value):
        return str(int(value))
    text = f"{value:.{digits}g}"
    mantissa, sign, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if sign else text


def value_text(value: Any, digits: int = 6, most: int | None = None) -> str:
    """Any value; an array in the language's own brackets, in several lines where one would be long.

    With `most`, an array of more entries shows its corners only.
    """
    if not is_array(value):
        return number_text(value, digits)
    import numpy

    threshold = value.size + 1 if most is None else most
    shown = _corners(value, threshold)
    texts = [number_text(entry, digits) for entry in shown.ravel().tolist()]
    inline = _layout(value, threshold, lambda entry: number_text(entry, digits), numpy)
    if len(inline) <= _SHORT or value.ndim == 1:
        return inline
    width = max(map(len, texts), default=0)
    return _layout(value, threshold, lambda entry: number_text(entry, digits).rjust(width), numpy, "\n")


def _layout(value: Any, threshold: int, write: Any, numpy: Any, line_end: str = " ") -> str:
    text: str = numpy.array2string(value, separator=", ", threshold=threshold, max_line_width=1 << 40, formatter={"all": write})
    lines = [line for line in text.split("\n") if line.strip()]
    return "\n".join(lines) if line_end == "\n" else " ".join(line.strip() for line in lines)


def _corners(value: Any, threshold: int) -> Any:
    if value.size <= threshold:
        return value
    import numpy

    for axis, length in enumerate(value.shape):
        if length > 6:
            value = value.take([0, 1, 2, length - 3, length - 2, length - 1], axis=axis)
    return numpy.asarray(value)


def is_array(value: Any) -> bool:
    """Whether a value is a NumPy array of one dimension or more; asks without importing NumPy."""
    return bool(getattr(value, "shape", ()))
