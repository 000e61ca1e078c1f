"""Value and gradients of one graph at many points in one pass: rows of data, sliders, steps of a descent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backprop_cli.autodiff.columns import Points, sweep_columns
from backprop_cli.autodiff.differentiate import Gradients, differentiate, prepared
from backprop_cli.autodiff.point import Given
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.graph.graph import Graph
from backprop_cli.limits import OWN, Limits

_ROOM = 2**22  # numbers held at once for values, and as many for adjoints
_BLOCK = 4096  # points at once: a column stays in the processor's cache
_FEW = 8  # for fewer points than these, one after the other is as fast


@dataclass(frozen=True, slots=True, eq=False)
class Evaluations:
    """The output at each point, shape (points,), and its derivatives by name, shape (points, ...): the name's own shape behind.

    `kinked` marks the points at which a convention stood in for a derivative that does not exist.
    """

    output: str
    values: Any
    gradients: dict[str, Any]
    kinked: Any


def evaluate_many(
    graph: Graph,
    points: Mapping[str, Any],
    of: str | None = None,
    wrt: Sequence[str] | None = None,
    *,
    at: Mapping[str, Given] | None = None,
    limits: Limits = OWN,
) -> Evaluations:
    """What `differentiate` gives at each of many points, in one pass over the graph.

    `points` has for each leaf that varies a sequence of numbers, or of arrays of one shape; its first axis counts the
    points. `at` has the values that are the same at all of them; `of` and `wrt` are those of `differentiate`. Raises
    BackpropError as `differentiate` does, about the first point at fault, with its number counted from 1.
    """
    table = {name: _column(name, column) for name, column in points.items()}
    lengths = {len(column) for column in table.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{name} has {len(column)}" for name, column in table.items())
        raise BackpropError(Diagnostic("shape-mismatch", f"every name needs a value for each point, and {told}"))
    if not lengths or lengths == {0}:
        raise BackpropError(
            Diagnostic("missing-value", "there are no points to evaluate at", hint="give at least one leaf a value for each point")
        )
    return _Run(graph, table, dict(at or {}), of, wrt, limits).result()


def _column(name: str, given: Any) -> Any:
    """The values of a leaf at all points, as an array of floats."""
    try:
        column = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        column = None
    if column is None or not column.shape:
        raise BackpropError(Diagnostic("not-a-number", f"{name} is no list of numbers", hint="give one number for each point"))
    finite = np.isfinite(column)
    if not finite.all():
        row = int(np.argwhere(~finite)[0][0])
        raise BackpropError(Diagnostic("not-finite", f"{name} must be finite, and at point {row + 1} it is not", hint="give numbers"))
    return column


class _Run:
    """One graph over one table; fills `values`, `gradients` and `kinked` block by block."""

    def __init__(
        self, graph: Graph, table: dict[str, Any], at: dict[str, Given], of: str | None, wrt: Sequence[str] | None, limits: Limits
    ) -> None:
        self.graph, self.table, self.at, self.of, self.wrt, self.limits = graph, table, at, of, wrt, limits
        self.count = len(next(iter(table.values())))
        self.output, self.names, self.plan, self.engine = prepared(graph, {**at, **self.row(0)}, of, wrt, False, limits)
        self.values = np.empty(self.count)
        self.kinked = np.zeros(self.count, dtype=bool)
        self.gradients: dict[str, Any] = {}

    def row(self, number: int) -> dict[str, Any]:
        """The point of one row, as `differentiate` takes it."""
        return {name: float(column[number]) if column.ndim == 1 else column[number] for name, column in self.table.items()}

    def result(self) -> Evaluations:
        size = len(self.graph)
        if self.engine.arrays:
            entries = sum(int(np.size(value)) for value in self.engine.given.values())
            size += 4 * entries
        block = min(_BLOCK, _ROOM // size)
        if block < _FEW or self.count < _FEW:
            self.one_by_one(range(self.count))
        else:
            for start in range(0, self.count, block):
                self.sweep(np.arange(start, min(start + block, self.count)))
        return Evaluations(self.output, self.values, {name: self.gradients[name] for name in self.names}, self.kinked)

    def sweep(self, rows: Any) -> None:
        """Some rows together; those at which something is undefined once more with care, and what is left one by one."""
        for careful in (False,) if self.engine.arrays else (False, True):
            swept = self.swept(rows, careful)
            if swept is None:
                break
            good = rows[swept.good]
            if len(good):
                self.values[good] = swept.values[swept.good]
                self.kinked[good] = swept.kinked[swept.good]
                for name, node in zip(self.names, self.plan.wrt, strict=True):
                    self.filled(name, swept.adjoints[node])[good] = swept.adjoints[node][swept.good]
            rows = rows[~swept.good]
            if not len(rows):
                return
        self.one_by_one(rows)

    def swept(self, rows: Any, careful: bool) -> Points | None:
        """A sweep at some rows, None where no sweep runs at many points at once."""
        values = self.engine.start(self.plan)
        varying = {self.graph.leaves[name]: column[rows] for name, column in self.table.items()}
        for leaf, column in varying.items():
            values[leaf] = column
        if not self.engine.arrays:
            return sweep_columns(self.engine, self.plan, values, len(rows), careful)
        from backprop_cli.autodiff.leading import Unsuited, sweep_leading

        try:
            return sweep_leading(self.engine, self.plan, values, len(rows), set(varying))
        except Unsuited:
            return None

    def filled(self, name: str, example: Any) -> Any:
        """The array of all gradients by a name, made when the first ones are known."""
        if name not in self.gradients:
            self.gradients[name] = np.empty((self.count, *example.shape[1:]))
        return self.gradients[name]

    def one_by_one(self, rows: Sequence[int]) -> None:
        for row in rows:
            found = self.one(int(row))
            self.values[row], self.kinked[row] = found.value, found.kinked
            for name in self.names:
                gradient = np.asarray(found.gradients[name])
                self.filled(name, gradient[None])[row] = gradient

    def one(self, row: int) -> Gradients:
        try:
            return differentiate(self.graph, {**self.at, **self.row(row)}, self.of, self.wrt, limits=self.limits)
        except BackpropError as error:
            raise BackpropError([_at_point(each, row + 1) for each in error.diagnostics]) from None


def _at_point(complaint: Diagnostic, number: int) -> Diagnostic:
    return replace(complaint, note=f"at point {number}" + (f"; {complaint.note}" if complaint.note else ""))
