"""Whether digits were cancelled that were needed: a difference that is next to nothing beside what it is the difference of.

At fifty digits 1 - cos(1e-30) is 0, as it is in float64; that both say so is no confirmation. mpmath's precision is the
whole process's, and so is what is watched here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_KEPT = 90  # bits that a difference has to have left
_SHORT = 20  # bits of a number that a rounded one has only by chance, or because something next to nothing was swallowed
_LONG = 100  # bits of a number that is no exact one


@dataclass(slots=True)
class _Watch:
    """What happened since `begin`; `room` is how many bits a difference may cost."""

    room: int = 0
    cancelled: bool = False  # a difference of rounded numbers lost too many bits
    nought: bool = False  # one of numbers that look exact did
    swallowed: bool = False  # numbers that look exact may not be: 1 + 1e-60 is 1


_watch = _Watch()


def begin() -> None:
    """Forget what was seen; called where the precision to work at is set."""
    from mpmath import mp

    _watch.room = mp.prec - _KEPT
    _watch.cancelled = _watch.nought = _watch.swallowed = False


def lost() -> bool:
    """Whether more digits may give other values."""
    return _watch.cancelled or (_watch.nought and _watch.swallowed)


def _fallen(bits: int, left: Any, room: int) -> None:
    """Of numbers of so many bits, or of a function of them, something is left that is much smaller."""
    if not left[1] or left[2] + left[3] < room:
        if bits > _LONG:
            _watch.cancelled = True
        else:
            _watch.nought = True


def quotient(top: int, bottom: int) -> Any:
    """A rational number, watched: 1.000...01 may be 1 at the present precision."""
    from mpmath import mpf

    found = mpf(top) / bottom
    if 0 < found._mpf_[3] <= _SHORT and max(top.bit_length(), bottom.bit_length()) > _LONG:
        _watch.swallowed = True
    return found


def add(a: Any, b: Any) -> Any:
    """A sum, watched."""
    found = a + b
    try:
        left, right, total = a._mpf_, b._mpf_, found._mpf_
    except AttributeError:
        return found
    if left[1] and right[1]:
        x, y = left[2] + left[3], right[2] + right[3]
        if abs(x - y) > _watch.room:
            _watch.swallowed = True
        else:
            _fallen(max(left[3], right[3]), total, max(x, y) - _watch.room)
    return found


def rounding(function: Callable[..., Any], transcendental: bool = False) -> Callable[..., Any]:
    """A function of which a short result of a long number is no exact one; of a transcendental one, no short result is."""

    def run(*values: Any) -> Any:
        found = function(*values)
        try:
            if 0 < found._mpf_[3] <= _SHORT and any(each._mpf_[1] if transcendental else each._mpf_[3] > _LONG for each in values):
                _watch.swallowed = True
        except AttributeError:
            pass
        return found

    return run


def vanishing(function: Callable[..., Any], power: int, relative: bool = False) -> Callable[..., Any]:
    """A function that cancels next to a zero of it: log next to 1, acosh (as a root does: `power` 2), sin far from 0 (`relative`)."""
    of = rounding(function, True)

    def run(value: Any) -> Any:
        found = of(value)
        try:
            raw = value._mpf_
            if raw[1]:
                _fallen(raw[3], found._mpf_, (raw[2] + raw[3] if relative else 0) - _watch.room // power)
        except AttributeError:
            pass
        return found

    return run
