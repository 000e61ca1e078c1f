"""Slips with updates of gradient descent, and weights that were updated before the errors had gone back through them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backprop_cli.equality.terms import NAMED
from backprop_cli.homework.board import Board
from backprop_cli.homework.mistakes_case import Case, Suspect
from backprop_cli.homework.mistakes_field import Row
from backprop_cli.homework.world import Ids


def updates(case: Case) -> Iterator[Suspect]:
    """M40: with +, without the rate, with its square, with another weight's gradient. `w + lr*dL/dw`."""
    board, mistaken = case.board, case.mistaken
    if not case.plain or board.output is None:
        return
    old = case.rows(board.values[mistaken.of])
    step = case.truth - old
    name = mistaken.of
    for said, rows in (
        (f"the step of {name} goes uphill: the gradient was added", old - step),
        (f"{name} itself is missing: this is only the step", step),
        (f"{name} itself is missing, and the step goes uphill", -step),
        (f"the step of {name} is twice as long as it should be", old + 2 * step),
        (f"the step of {name} is half as long as it should be", old + step / 2),
    ):
        if case.fits(rows):
            yield Suspect("M40", said, where=name)
    yield from _rates(case, old, step)


def _rates(case: Case, old: Row, step: Row) -> Iterator[Suspect]:
    board, name = case.board, case.mistaken.of
    own = board.derivative(board.output or "", name)
    if own.size != len(step) or not case.known(own):
        return
    slope = case.rows(own)
    rates = -step / slope
    known = np.isfinite(rates)
    # Every entry tells the same rate, where its gradient is not 0.
    rate = np.where(known, rates, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    for said, rows in (
        ("the rate is missing", old - slope),
        ("the rate is missing, and the gradient was added", old + slope),
        ("the rate was used twice", old - rate**2 * slope),
        ("it was divided by the rate", old - slope / rate),
    ):
        if case.fits(rows):
            yield Suspect("M40", f"in the update of {name} {said}", where=name)
    for other in board.order:
        if other not in (name, board.output) and board.values[other].shape == board.values[name].shape:
            wrong = board.derivative(board.output or "", other)
            if case.known(wrong) and case.fits(old - rate * case.rows(wrong)):
                yield Suspect("M40", f"{name} was updated with the gradient of {other}", where=name, extra=0.1)


def too_early(case: Case) -> Iterator[Suspect]:
    """M39: the errors went back through weights that had been updated. Needs the rate."""
    board, mistaken = case.board, case.mistaken
    if mistaken.rate is None or not case.plain or board.values[mistaken.of].size != 1:
        return
    terms = board.terms
    rate = terms.number(mistaken.rate)
    truth = mistaken.truth.ravel().tolist()
    met = set(terms.below(truth))
    kept = {each: each for each in met if terms.heads[each] == NAMED}
    weights = [name for name in _weights(board) if name != mistaken.by and met & set(board.values[name].ravel().tolist())]
    moved = {name: _moved(case, name, rate) for name in weights}
    groups = [[name] for name in weights] + ([weights] if len(weights) > 1 else [])
    for group in groups:
        instead = dict(kept)
        for name in group:
            instead.update(zip(board.values[name].ravel().tolist(), moved[name].ravel().tolist(), strict=True))
        wrong = np.array(terms.rewritten(truth, instead), dtype=np.int64)
        if case.known(wrong) and case.fits(case.rows(wrong)):
            said = f"the error was sent back through {' and '.join(group)} after the update"
            yield Suspect("M39", said, where=case.asked)
            return


def _weights(board: Board) -> list[str]:
    """The parameters; where none is declared, every leaf."""
    declared = [name for name in board.leaves if getattr(board.scope.sources.get(name), "role", "") == "param"]
    return declared or board.leaves


def _moved(case: Case, name: str, rate: int) -> Ids:
    """A weight after its update."""
    board, terms = case.board, case.board.terms
    gradient = board.adjoints(case.mistaken.of)[name].ravel().tolist()
    own = board.values[name].ravel().tolist()
    made = [terms.apply("-", weight, terms.apply("*", rate, slope)) for weight, slope in zip(own, gradient, strict=True)]
    return np.array(made, dtype=np.int64)
