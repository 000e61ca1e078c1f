"""Numbers as people read them and as files keep them."""

from __future__ import annotations

import math
from typing import Any

FEW_ENTRIES = 200  # what a terminal shows of an array before it shows the corners alone
_SHORT = 40
_EDGE = 3  # rows and columns on each side of an array whose corners alone are shown
_WHOLE = 10**9


def number_text(value: Any, digits: int = 6) -> str:
    """A scalar with so many significant digits: whole numbers up to 10^9 in full, no trailing zeros, no `-0`; exact numbers exactly.

    NaN and None, which stand for what is no number, are `undefined`.
    """
    if hasattr(value, "item"):
        value = value.item()
    if value is None:
        return "undefined"
    if not isinstance(value, int | float):
        from backprop_cli.calculus.exact_text import exact_text

        return exact_text(value)
    if math.isnan(value):
        return "undefined"
    if math.isfinite(value) and abs(value) < _WHOLE and value == int(value):
        return str(int(value))
    text = f"{value:.{digits}g}"
    mantissa, sign, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if sign else text


def value_text(value: Any, digits: int = 6, most: int | None = None, room: int | None = None) -> str:
    """Any value; an array in the language's own brackets, in several lines where one would be long.

    With `most`, an array of more entries shows its corners only. With `room`, no line is longer: vectors go on in the next
    line, and of wider matrices only the first and the last columns are shown.
    """
    if not is_array(value):
        return number_text(value, digits)
    threshold = value.size + 1 if most is None else most
    inline = " ".join(_layout(value, threshold, _EDGE, lambda entry: number_text(entry, digits), None).split())
    if len(inline) <= (_SHORT if value.ndim > 1 else room or len(inline)):
        return inline
    width = _widest(value, threshold, _EDGE, digits)
    if value.ndim == 1:
        return _layout(value, threshold, _EDGE, lambda entry: number_text(entry, digits).rjust(width), room)
    edge = _EDGE
    if room is not None and _columns(value, threshold) * (width + 2) + value.ndim > room:
        threshold, width = 0, _widest(value, value.size, _EDGE, digits)
        edge = max(1, (room - value.ndim - 5) // (2 * width + 4))
    return _layout(value, threshold, edge, lambda entry: number_text(entry, digits).rjust(width), None)


def _columns(value: Any, threshold: int) -> int:
    """How many entries of a row are shown."""
    length: int = value.shape[-1]
    return length if value.size <= threshold else min(length, 2 * _EDGE + 1)


def _widest(value: Any, threshold: int, edge: int, digits: int) -> int:
    return max((len(number_text(entry, digits)) for entry in _corners(value, threshold, edge).ravel().tolist()), default=0)


def _layout(value: Any, threshold: int, edge: int, write: Any, room: int | None) -> str:
    import numpy

    if room is None and 0 < value.size <= threshold:
        return _whole(value, write)
    text: str = numpy.array2string(
        value, separator=", ", threshold=threshold, edgeitems=edge, max_line_width=room or 1 << 40, formatter={"all": write}
    )
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def _whole(value: Any, write: Any) -> str:
    """All entries, a row to a line; as NumPy would write them, which takes the square of a long row's length."""
    outer = [math.prod(value.shape[axis:-1]) for axis in range(value.ndim - 1)]
    rows = value.reshape(-1, value.shape[-1]).tolist()
    lines = []
    for at, row in enumerate(rows, 1):
        opened, closed = (sum(not each % size for size in outer) for each in (at - 1, at))
        inner = f"[{', '.join(map(write, row))}]"
        lines.append(f"{' ' * (len(outer) - opened)}{'[' * opened}{inner}{']' * closed}{',' * (at < len(rows))}")
    return "\n".join(lines)


def _corners(value: Any, threshold: int, edge: int) -> Any:
    if value.size <= threshold:
        return value
    import numpy

    for axis, length in enumerate(value.shape):
        if length > 2 * edge:
            value = value.take([*range(edge), *range(length - edge, length)], axis=axis)
    return numpy.asarray(value)


def is_array(value: Any) -> bool:
    """Whether a value is a NumPy array of one dimension or more; asks without importing NumPy."""
    return bool(getattr(value, "shape", ()))
