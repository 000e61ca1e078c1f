"""The derivative of every entry of an output that has several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backprop_cli.lang.program import Program
from backprop_cli.lang.syntax import Name
from backprop_cli.limits import OWN, Limits
from backprop_cli.reports.document import Block, Cell, Document, Figure, Paragraph, Partial, Shape, Status, Table, Title
from backprop_cli.reports.grad import check_data, opinion_blocks
from backprop_cli.reports.plain_data import plain_number
from backprop_cli.reports.warned import warned

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given, Jacobians
    from backprop_cli.oracles import Opinion


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The Jacobians of a program at a point; `opinion` is None until a second engine has been asked."""

    program: Program
    at: Mapping[str, Given]
    found: Jacobians
    opinion: Opinion | None = None

    @property
    def ok(self) -> bool:
        """False where the second engine found another answer."""
        return type(self.opinion).__name__ != "Disagrees"


def report(
    program: Program, at: Mapping[str, Given], of: str | None, wrt: Sequence[str] | None, exact: bool, limits: Limits = OWN
) -> Report:
    """The Jacobians of a program at a point. Nobody has confirmed them yet."""
    from backprop_cli.autodiff import jacobian
    from backprop_cli.graph.build import build

    return Report(program, at, jacobian(build(program, at.keys(), limits), at, of, wrt, exact=exact, limits=limits))


def judged(given: Report, limits: Limits = OWN) -> Report:
    """The report with the second engine's opinion."""
    from backprop_cli.oracles import second_opinion

    found = given.found
    return replace(given, opinion=second_opinion(given.program, given.at, found.output, found.jacobians, found.kinked, limits))


def data(given: Report) -> dict[str, Any]:
    """The Jacobians as `grad --jacobian --json` writes them."""
    place, found = given.program.source.place, given.found
    return {
        "output": found.output,
        "value": plain_number(found.value),
        "jacobians": {name: plain_number(value) for name, value in found.jacobians.items()},
        "warnings": [{"node": w.node, "line": place(w.span.start)[0] if w.span else None, "message": w.message} for w in found.warnings],
        "check": check_data(given.opinion),
    }


def answer(given: Report) -> Document:
    """The value, and for each name the derivatives: the output's shape first, then the name's."""
    found = given.found
    outer = getattr(found.value, "shape", ())
    rows: list[list[Cell]] = [
        [Name(name), Shape(tuple(getattr(value, "shape", ()))), Figure(value, gradient=True)] for name, value in found.jacobians.items()
    ]
    blocks: list[Block] = [
        Title((Name(found.output), "=", Figure(found.value))),
        Table(("leaf", "shape", Partial(found.output, "leaf")), rows),
    ]
    if outer:
        meaning = f"entry [i, j] is the derivative of {found.output}[i] by entry j of the leaf; {found.output} has shape {outer}"
        blocks.append(Paragraph((Status.NOTE, meaning)))
    return Document(tuple(blocks))


def verdict(given: Report) -> Document:
    """Conventions that were used, and what the second engine says."""
    blocks = warned(given.found.warnings, lambda each: None)
    if given.opinion is not None:
        blocks.extend(opinion_blocks(given.opinion, given.found.output))
    return Document(tuple(blocks))
