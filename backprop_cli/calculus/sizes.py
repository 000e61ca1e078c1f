"""How large SymPy objects are, and how much may become of them; asked before the work."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_COUNTLESS = 10**7  # terms


def tree_size(expr: Any) -> int:
    """How many parts a SymPy object has when it is written out, shared parts counted each time."""
    sizes: dict[Any, int] = {}
    for each in parts_below(expr):
        sizes[each] = 1 + sum(sizes[arg] for arg in each.args)
    return sizes[expr]


def parts_below(*exprs: Any, known: Iterable[Any] = ()) -> list[Any]:
    """Every distinct part that is not known, each after its arguments."""
    order: list[Any] = []
    seen: set[Any] = set(known)
    pending = [(each, False) for each in reversed(exprs)]
    while pending:
        each, opened = pending.pop()
        if opened:
            order.append(each)
        elif each not in seen:
            seen.add(each)
            pending.append((each, True))
            pending.extend((arg, False) for arg in reversed(each.args))
    return order


@lru_cache(maxsize=4096)
def effort(value: Any) -> int:
    """How many steps SymPy may take to look at a closed constant: it works out what stands in a function or a power twice."""
    steps: dict[Any, int] = {}
    for part in parts_below(value):
        inside = sum(steps[each] for each in part.args)
        steps[part] = 1 + (2 * inside if part.is_Function or part.is_Pow else inside)
    return steps[value]


def terms(expr: Any) -> int:
    """At most how many terms an expression has when it is expanded; no more than ten million are told apart."""
    counts: dict[Any, int] = {}
    for each in parts_below(expr):
        below = [counts[arg] for arg in each.args]
        if each.is_Add:
            counts[each] = min(sum(below), _COUNTLESS)
        elif each.is_Mul:
            counts[each] = min(math.prod(below), _COUNTLESS)
        elif each.is_Pow and each.exp.is_Integer:
            counts[each] = _terms_of_power(below[0], abs(int(each.exp)))
        else:
            counts[each] = 1
    return max(counts.values())


def _terms_of_power(count: int, exponent: int) -> int:
    """A power of a sum has as many terms as there are ways to choose, with repetition, so many of its terms."""
    total = 1
    for chosen in range(1, min(count - 1, exponent) + 1):
        total = total * (max(count - 1, exponent) + chosen) // chosen
        if total > _COUNTLESS:
            return _COUNTLESS
    return total
