"""SymPy's derivatives of a grown program, statement by statement, put together by the chain rule at high precision."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from mpmath import mp, mpf

from tests.fuzz.grown import Program, Tree
from tests.fuzz.textbook_engine import STEPS, Undefined, entrywise, numbers, symbols, value

_DIGITS = 30
_MOST_ENTRIES = 14  # that a statement may read
_SECONDS = 2  # for a program; SymPy can be caught in a thought
_MOST_PARTS = 20  # of a statement, written out by the definitions


class TooMuch(Exception):
    """More than SymPy would do in a moment."""


@contextmanager
def _deadline() -> Iterator[None]:
    """Raise TooMuch when the time is up. For the main thread only."""

    def ring(*_: Any) -> None:
        raise TooMuch

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def gradients(program: Program) -> dict[str, Any]:
    """The derivative of the last statement by every leaf, as NumPy arrays of floats. Raises TooMuch, Undefined."""
    with _deadline():
        return _gradients(program)


def _gradients(program: Program) -> dict[str, Any]:
    for _, tree in program.statements:
        _weigh(program, tree)
    with mp.workdps(_DIGITS):
        f = numbers()
        known = {name: entrywise(mpf, np.array(given, dtype=object)) for name, given in program.leaves.items()}
        for name, tree in program.statements:
            known[name] = value(tree, known, program, f)
        arriving = {name: entrywise(lambda _: mpf(0), each) for name, each in known.items()}
        arriving["L"] = entrywise(lambda _: mpf(1), known["L"])
        for name, tree in reversed(program.statements):
            for read, part in _backwards(program, tree, known, arriving[name]):
                arriving[read] = entrywise(lambda a, b: a + b, arriving[read], part)
        return {name: entrywise(float, arriving[name]).astype(float) for name in program.leaves}


def _backwards(program: Program, tree: Tree, known: dict[str, Any], arriving: Any) -> Iterator[tuple[str, Any]]:
    """What each name that a statement reads receives from it."""
    import sympy as sp

    names = sorted(set(_names(program, tree)))
    letters = {name: entrywise(lambda _: sp.Dummy(real=True), known[name]) for name in names}
    if sum(each.size for each in letters.values()) > _MOST_ENTRIES:
        raise TooMuch
    entries = np.asarray(value(tree, dict(letters), program, symbols()), dtype=object).ravel()
    above = [sp.Dummy(real=True) for _ in entries]
    total = sum(up * each for up, each in zip(above, entries, strict=True))
    flat = [each for name in names for each in letters[name].ravel()]
    at = [each for name in names for each in known[name].ravel()]
    steps = {f"{word}_": function for word, function in STEPS.items()}
    slopes = sp.lambdify([*flat, *above], [sp.diff(total, each) for each in flat], modules=[steps, "mpmath"])
    try:
        found = slopes(*at, *arriving.ravel())
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        raise Undefined(str(error)) from None
    if not all(isinstance(each, mpf | int) and mp.isfinite(each) for each in found):
        raise Undefined("no real slope")
    for name in names:
        size = known[name].size
        part = np.empty(size, dtype=object)
        part[:] = found[:size]
        found = found[size:]
        yield name, part.reshape(known[name].shape)


def _parts(program: Program, tree: Tree) -> Iterator[Tree]:
    pending = [tree]
    while pending:
        part = pending.pop()
        yield part
        if isinstance(part, tuple):
            pending.extend(part[2:])
            if part[0] == "call":
                pending.append(program.functions[part[1][0]])


def _names(program: Program, tree: Tree) -> Iterator[str]:
    return (part for part in _parts(program, tree) if isinstance(part, str) and part not in ("p", "q"))


def _weigh(program: Program, tree: Tree) -> None:
    parts = list(_parts(program, tree))
    if len(parts) > _MOST_PARTS or any(isinstance(part, tuple) and part[0] in ("inv", "det") for part in parts):
        raise TooMuch
