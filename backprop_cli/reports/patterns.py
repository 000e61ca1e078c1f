"""Gradients over a table of data: the columns bound to inputs, and the gradient of each pattern beside that of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backprop_cli.errors import BackpropError, Diagnostic, nearest
from backprop_cli.graph.graph import Graph
from backprop_cli.limits import OWN, Limits
from backprop_cli.reports.document import Block, Cell, Document, Figure, Paragraph, Partial, Status, Table, Title
from backprop_cli.reports.plain_data import plain_number

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given, Gradients
    from backprop_cli.autodiff.points import Evaluations

_CLOSE = 1e-9
UNCHECKED = "single patterns are not checked; a loss over all rows, such as sum(...), is"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Value and gradients for one pattern."""

    output: str
    value: float
    gradients: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Value and gradients for each row of the data by itself.

    `whole` are those for all rows, and `relation` says how they come about from the rows: their "sum", their "mean", or
    "neither". `vectorised` tells that the program takes whole columns; else it is written for one pattern.
    """

    rows: tuple[Row, ...]
    value: Any
    whole: Mapping[str, Any]
    relation: str
    vectorised: bool


def bound(graph: Graph, columns: Mapping[str, Any], at: Mapping[str, Given], name: str) -> dict[str, Given]:
    """The point with every column at the leaf of its name. Parameters keep their values, other columns are left out."""
    inputs = [leaf for leaf in graph.leaves if graph.roles.get(leaf) != "param"]
    used = {word: column for word, column in columns.items() if word in inputs}
    if not used:
        listed = ", ".join(list(columns)[:8])
        close = next((f"did you mean {near}?" for word in columns if (near := nearest(word, inputs))), "")
        hint = close or f"the inputs are {', '.join(inputs[:8]) or 'none'}"
        raise BackpropError(Diagnostic("unknown-name", f"{name} has columns {listed}, and no input is called so", hint=hint))
    twice = next((word for word in used if word in at), None)
    if twice is not None:
        raise BackpropError(
            Diagnostic("value-twice", f"{twice} is given two values, by --at and by {name}", hint="give each name one value")
        )
    return {**at, **used}


def patterns(
    graph: Graph,
    at: Mapping[str, Given],
    columns: Sequence[str],
    of: str | None,
    wrt: Sequence[str] | None,
    limits: Limits = OWN,
) -> Patterns:
    """The gradient of each pattern, each column giving one number at a time.

    Where the program is written for a whole column (its loss is a sum or a mean over patterns) a pattern is a column of one
    entry, and the whole is the program's own gradient. Where it is written for one pattern, the whole is the sum.
    """
    import numpy as np

    from backprop_cli.autodiff import differentiate
    from backprop_cli.autodiff.points import evaluate_many

    given: dict[str, Any] = {name: np.asarray(at[name]) for name in columns}
    whole: Gradients | None
    try:
        whole = differentiate(graph, at, of, wrt, limits=limits)
    except BackpropError as error:
        if error.diagnostics[0].reference != "output-not-scalar":
            raise
        whole = None
    shared = {name: value for name, value in at.items() if name not in given}
    table = given if whole is None else {name: column[:, None] for name, column in given.items()}
    each = evaluate_many(graph, table, of, wrt, at=shared, limits=limits)
    rows = _rows(each)
    count = len(rows)
    total = {name: np.add.accumulate(gradient)[-1] for name, gradient in each.gradients.items()}
    if whole is None:
        return Patterns(rows, sum(row.value for row in rows), total, "sum", False)
    holding = [
        (word, share)
        for word, share in (("sum", 1), ("mean", count))
        if all(np.allclose(np.asarray(total[name]) / share, whole.gradients[name], rtol=_CLOSE, atol=1e-12) for name in total)
    ]
    # Gradients that are all 0 are sum and mean at once; then the values tell.
    value = sum(row.value for row in rows)
    by_value = [word for word, share in holding if np.allclose(value / share, whole.value, rtol=_CLOSE, atol=1e-12)]
    relation = (by_value[:1] if len(holding) > 1 else []) or [word for word, _ in holding[:1]] or ["neither"]
    return Patterns(rows, whole.value, whole.gradients, relation[0], True)


def _rows(found: Evaluations) -> tuple[Row, ...]:
    """Point by point what was found for all of them; a gradient is a number or an array that nobody can write to."""
    for gradient in found.gradients.values():
        gradient.setflags(write=False)
    listed = {name: gradient.tolist() if gradient.ndim == 1 else list(gradient) for name, gradient in found.gradients.items()}
    return tuple(
        Row(found.output, value, {name: gradients[at] for name, gradients in listed.items()})
        for at, value in enumerate(found.values.tolist())
    )


def data(found: Patterns) -> dict[str, Any]:
    """The patterns as `grad --json --per-row` adds them."""
    listed = [{"value": plain_number(row.value), "gradients": {n: plain_number(g) for n, g in row.gradients.items()}} for row in found.rows]
    return {"rows": listed, "relation": found.relation}


def whole_data(found: Patterns) -> dict[str, Any]:
    """The patterns as a document of their own, for a program that is written for one pattern."""
    return {
        "output": found.rows[0].output,
        "value": plain_number(found.value),
        "gradients": {name: plain_number(value) for name, value in found.whole.items()},
        "warnings": [],
        "check": {"status": "skipped", "method": None, "max_relative_difference": None, "detail": UNCHECKED},
        **data(found),
    }


def document(found: Patterns) -> Document:
    """A row for each pattern, and the whole below."""
    names, output = list(found.whole), found.rows[0].output
    head: list[Cell] = ["row", output, *(Partial(output, name) for name in names)]

    def lines() -> Any:
        for number, row in enumerate(found.rows, 1):
            yield [str(number), Figure(row.value), *(Figure(row.gradients[name], gradient=True) for name in names)]
        yield ["all", Figure(found.value), *(Figure(found.whole[name], gradient=True) for name in names)]

    said = {"sum": "the gradient of all is the sum of the rows", "mean": "the gradient of all is the mean of the rows"}
    note = said.get(found.relation, "the gradient of all is neither the sum nor the mean of the rows: patterns act on each other")
    blocks: list[Block] = [Title(("each pattern",)), Table(tuple(head), lines()), Paragraph((Status.NOTE, note))]
    if not found.vectorised:
        blocks.append(Paragraph((Status.OPEN, f"not checked: {UNCHECKED}")))
    return Document(tuple(blocks))
