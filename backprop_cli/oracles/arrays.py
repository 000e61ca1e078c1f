"""The second opinion on programs with arrays: entry by entry where that is small, else along random directions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop_cli.lang.syntax import Expr
from backprop_cli.limits import Limits
from backprop_cli.oracles import directional, judging, symbolic, written_out
from backprop_cli.oracles.derived import Differentiated
from backprop_cli.oracles.lowering import Lowered, labels
from backprop_cli.oracles.numeric import Duals, Pieces
from backprop_cli.oracles.opinion import FAILURES, Abstains, Agrees, Disagrees, NoOpinion, Opinion
from backprop_cli.oracles.pieces import Planner
from backprop_cli.oracles.predicted import Predicted
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.statements import Found, deadline
from backprop_cli.oracles.tape import Ground, Tape
from backprop_cli.oracles.walk import Shape, Walk

METHOD = "entry by entry"
# Scalar steps, times the output's entries, that are taken one by one.
MOST_STEPS = 20_000


class Held:
    """The integers that leaves hold, where an axis, an index or a position is asked for."""

    def __init__(self, scope: Scope, planner: Planner) -> None:
        self.scope, self.planner = scope, planner
        self.known: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        if name not in self.known:
            engine = Duals(self.planner, Pieces(Differentiated().of, np.float64), ())
            value = Walk(self.scope, self.planner, engine, self).source(name).value
            if not np.all(value == np.rint(value)):
                raise NoOpinion(f"{name} holds no integer")
            self.known[name] = value.astype(int) if value.ndim else int(value)
        return self.known[name]


@dataclass(frozen=True, slots=True)
class Problem:
    """A program with arrays at a point, our gradients (the output's shape first, if it has one), and its size."""

    scope: Scope
    output: str
    names: list[str]
    held: Held
    planner: Planner
    predicted: Predicted
    gradients: dict[str, Any]
    entries: Shape


def opinion(scope: Scope, output: str, gradients: Mapping[str, Any], limits: Limits) -> Opinion:
    """What the second engine says of gradients or Jacobians. Raises NoOpinion where it can say nothing."""
    tick = deadline(limits)
    problem = _problem(scope, output, gradients, limits, tick)
    if isinstance(problem, Disagrees):
        return problem
    if problem.predicted.steps * math.prod(problem.entries) <= MOST_STEPS:
        return entry_by_entry(problem, limits, tick)
    return directional.opinion(problem, tick)


def _problem(scope: Scope, output: str, gradients: Mapping[str, Any], limits: Limits, tick: Callable[[], None]) -> Problem | Disagrees:
    names = scope.needed(output)
    planner = Planner(scope)
    held = Held(scope, planner)
    predicted = Predicted(limits)
    Walk(scope, planner, predicted, held).run(names, tick)
    whole = predicted.shapes.get(output, ())
    one = math.prod(whole) == 1
    arrays = {name: np.asarray(value) for name, value in gradients.items()}
    for name, array in arrays.items():
        shape = predicted.shapes.get(name)
        if shape is None:
            continue
        if one and array.shape == (*whole, *shape):
            arrays[name] = array.reshape(shape)
        elif array.shape != (shape if one else (*whole, *shape)):
            told = f"the derivative by {name} has shape {array.shape}, but {output} has {whole} and {name} has {shape}"
            return Disagrees(METHOD, 1.0, told, ())
    return Problem(scope, output, names, held, planner, predicted, arrays, () if one else whole)


def lowered(problem: Problem, tick: Callable[[], None]) -> tuple[Tape, list[int]]:
    """The tape of a problem, and the slots of the output's entries."""
    engine = Lowered(problem.planner, set(problem.gradients))
    values = Walk(problem.scope, problem.planner, engine, problem.held).run(problem.names, tick)
    return engine.tape, values[problem.output].value.ravel().tolist()


def entry_by_entry(problem: Problem, limits: Limits, tick: Callable[[], None]) -> Opinion:
    """Every entry by the tape; the entries of an output with several one after the other."""
    tape, outputs = lowered(problem, tick)
    found: list[Opinion] = []
    for at, (slot, output) in enumerate(zip(outputs, labels(problem.output, problem.entries), strict=True)):
        tape.output = slot
        ours: dict[str, Any] = {}
        for name, array in problem.gradients.items():
            row = array.reshape(len(outputs), -1)[at] if problem.entries else array.ravel()
            shape = array.shape[len(problem.entries) :]
            ours.update(zip(labels(name, shape), map(judging.number, row.tolist()), strict=True))
        base = Ground(problem.scope, output, lambda wrt, fine: tape)
        theirs = None if problem.entries else _written_out(problem, tape, list(ours), limits, tick)
        if theirs is None:
            found.append(judging.by_statements(base, ours, METHOD, limits))
        else:
            found.append(judging.judged(base, ours, theirs, symbolic.METHOD, limits, tick, METHOD))
    return _together(found)


def _written_out(problem: Problem, tape: Tape, wrt: list[str], limits: Limits, tick: Callable[[], None]) -> dict[str, Found] | None:
    """What SymPy finds when it differentiates the whole, where that is small enough and all names are leaves."""
    if not all(written_out.is_leaf(problem.scope, name) for name in problem.gradients):
        return None
    try:
        return written_out.gradients(tape, wrt, limits.expanded, tick)
    except (NoOpinion, *FAILURES):
        return None


def closed_forms(scope: Scope, output: str, wrt: Sequence[str], limits: Limits) -> dict[str, Expr]:
    """The derivatives by names in the entries of the leaves. Raises NoOpinion past the limits."""
    tick = deadline(limits)
    names = scope.needed(output)
    if not set(wrt) <= {name for name in names if written_out.is_leaf(scope, name)}:
        raise NoOpinion("with arrays, formulas are written for leaves only")
    planner = Planner(scope)
    held = Held(scope, planner)
    predicted = Predicted(limits)
    Walk(scope, planner, predicted, held).run(names, tick)
    if math.prod(predicted.shapes[output]) != 1:
        raise NoOpinion(f"{output} has more entries than one")
    if predicted.steps > limits.expanded:
        raise NoOpinion(f"written out, it would have more than {limits.expanded:,} parts (--limit expanded=N)")
    leaves = {name: predicted.shapes[name] for name in predicted.shapes if written_out.is_leaf(scope, name) and name not in held.known}
    engine = Lowered(planner, leaves)
    values = Walk(scope, planner, engine, held).run(names, tick)
    (engine.tape.output,) = values[output].value.ravel().tolist()
    return written_out.formulas(engine.tape, leaves, wrt, limits.expanded)


def _together(found: list[Opinion]) -> Opinion:
    """One opinion out of those on each entry of the output: the worst."""
    if len(found) == 1:
        return found[0]
    for kind in (Disagrees, Abstains):
        worst = [each for each in found if isinstance(each, kind)]
        if worst:
            return worst[0]
    agreed = [each for each in found if isinstance(each, Agrees)]
    first = max(agreed, key=lambda each: each.gap)
    notes = tuple(note for each in agreed for note in each.notes)[: judging.SHOWN]
    return Agrees(METHOD, first.gap, f"{len(agreed)} times {first.detail}", notes)
