"""Accumulation over the rows of a table: what each pattern adds to the gradients, row by row for a few, then the total."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backprop_cli.reports.document import Block, Cell, Figure, Paragraph, Partial, Phrase, Status, Table
from backprop_cli.reports.patterns import Patterns
from backprop_cli.reports.plain_data import plain_number

_FEW = 6  # rows that are shown before the total


def accumulation(found: Patterns) -> list[Block]:
    """The gradients of the patterns, added up one after the other."""
    names, output = list(found.whole), found.rows[0].output
    count = len(found.rows)
    share = count if found.relation == "mean" else 1
    head: list[Cell] = ["pattern", output]
    for name in names:
        head += [Partial(output, name), "sum so far"]
    aside = f"{count} patterns" + (f", the first {_FEW} one by one" if count > _FEW else "")
    said = {
        "sum": "the gradient of all patterns is the sum of theirs",
        "mean": f"the loss is a mean, so the gradient of all patterns is the sum divided by {count}",
        "neither": "the patterns act on each other: the gradient of all is neither the sum nor the mean of theirs",
    }[found.relation]
    rows = _rows(found, names, share)
    return [Table(tuple(head), rows, "accumulation over the patterns", aside), Paragraph((Status.NOTE, said))]


def _rows(found: Patterns, names: list[str], share: int) -> Iterator[list[Cell]]:
    totals: dict[str, Any] = dict.fromkeys(names, 0.0)
    for number, row in enumerate(found.rows, 1):
        cells: list[Cell] = [str(number), Figure(row.value)]
        for name in names:
            totals[name] = totals[name] + row.gradients[name]
            cells += [Figure(row.gradients[name], gradient=True), Figure(totals[name], gradient=True)]
        if number <= _FEW:
            yield cells
    if len(found.rows) > _FEW:
        yield [f"to {len(found.rows)}", "", *(cell for name in names for cell in ("", Figure(totals[name], gradient=True)))]
    whole: list[Cell] = ["all", Figure(found.value)]
    for name in names:
        divided = Phrase((f"/ {share}", "=")) if share != 1 else ""
        whole += [divided, Figure(found.whole[name], gradient=True)]
    yield whole


def accumulation_data(found: Patterns) -> dict[str, Any]:
    """The same as data: each pattern's value and gradients, and the gradients of all."""
    rows = [
        {"value": plain_number(row.value), "gradients": {name: plain_number(value) for name, value in row.gradients.items()}}
        for row in found.rows
    ]
    whole = {name: plain_number(value) for name, value in found.whole.items()}
    return {"rows": rows, "relation": found.relation, "value": plain_number(found.value), "gradients": whole}
