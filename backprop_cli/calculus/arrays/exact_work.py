"""What whole-array functions cost in exact numbers, told before the work: nothing can stop NumPy inside of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.calculus.arrays.axes import Shape, Static, count_of
from backprop_cli.limits import Limits

_MOVERS = frozenset(("stack", "index", "transpose", "concat", "pile", "reshape", "onehot"))  # these put numbers elsewhere
_PRODUCTS = frozenset(("matmul", "dot", "outer"))
_ELIMINATIONS = frozenset(("inv", "det"))


def require_bearable(code: str, static: Static, operands: Sequence[Any], result: Shape, limits: Limits) -> None:
    """Raises NotExact where a function, or what it sends back, would take more steps than the limits allow."""
    if code in _MOVERS:
        return
    first = np.shape(operands[0])
    if code in _PRODUCTS:
        inner = 1 if code == "outer" else first[-1]
        steps, together = math.prod(result) * inner, max(*first, *np.shape(operands[1]))
    elif code in _ELIMINATIONS:
        steps, together = len(operands[0]) ** 3, len(operands[0])
    else:
        steps, together = math.prod(first), count_of(static, first)
    require_steps(steps, together, operands, limits)


def require_steps(steps: int, together: int, operands: Sequence[Any], limits: Limits) -> None:
    """The same for so many steps, each a part of a sum over at most so many numbers `together`.

    A closed constant such as `log(2)` that is added to others is compared with each of them.
    """
    most = limits.expanded**2
    if steps > most:
        raise NotExact(f"in exact numbers this takes {_told(steps, most)}")
    if steps * together <= most:
        return
    closed = sum(1 for each in operands for entry in np.ravel(each).tolist() if not isinstance(entry, Fraction | int | None))
    if steps * min(together, closed) > most:
        raise NotExact(f"to add up {closed:,} closed constants takes {_told(steps * min(together, closed), most)}")


def _told(steps: int, most: int) -> str:
    return f"{steps:,} steps; the limit is {most:,}, the square of --limit expanded=N"
