"""The derivative of every entry of an output that has several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backprop_cli.lang.program import Program
from backprop_cli.lang.syntax import Name
from backprop_cli.limits import OWN, Limits
from backprop_cli.reports.document import Block, Cell, Document, Figure, Paragraph, Partial, Shape, Status, Table, Title
from backprop_cli.reports.plain_data import plain_number

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given, Jacobians


def report(
    program: Program, at: Mapping[str, Given], of: str | None, wrt: Sequence[str] | None, exact: bool, limits: Limits = OWN
) -> Jacobians:
    """The Jacobians of a program at a point."""
    from backprop_cli.autodiff import jacobian
    from backprop_cli.graph.build import build

    return jacobian(build(program, at.keys(), limits), at, of, wrt, exact=exact, limits=limits)


def data(found: Jacobians, program: Program) -> dict[str, Any]:
    """The Jacobians as `grad --jacobian --json` writes them."""
    place = program.source.place
    return {
        "output": found.output,
        "value": plain_number(found.value),
        "jacobians": {name: plain_number(value) for name, value in found.jacobians.items()},
        "warnings": [{"node": w.node, "line": place(w.span.start)[0] if w.span else None, "message": w.message} for w in found.warnings],
        "check": {"status": "skipped", "method": None, "max_relative_difference": None, "detail": UNCHECKED},
    }


UNCHECKED = "Jacobians are not checked; --of a single number is"


def document(found: Jacobians) -> Document:
    """The value, and for each name the derivatives: the output's shape first, then the name's."""
    outer = getattr(found.value, "shape", ())
    rows: list[list[Cell]] = [
        [Name(name), Shape(tuple(getattr(value, "shape", ()))), Figure(value, gradient=True)] for name, value in found.jacobians.items()
    ]
    blocks: list[Block] = [
        Title((Name(found.output), "=", Figure(found.value))),
        Table(("leaf", "shape", Partial(found.output, "leaf")), rows),
    ]
    if outer:
        blocks.append(
            Paragraph(
                (
                    Status.NOTE,
                    f"entry [i, j] is the derivative of {found.output}[i] by entry j of the leaf; {found.output} has shape {outer}",
                )
            )
        )
    blocks.extend(Paragraph((Status.NOTE, f"{each.node}:", each.message)) for each in found.warnings)
    blocks.append(Paragraph((Status.OPEN, f"not checked: {UNCHECKED}")))
    return Document(tuple(blocks))
