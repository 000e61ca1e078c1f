"""What `trace` tells: the forward sweep, the backward sweep with every contribution, and the gradients they end in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backprop_cli.errors import BackpropError
from backprop_cli.lang.program import Program
from backprop_cli.lang.syntax import Name
from backprop_cli.limits import OWN, Limits
from backprop_cli.reports.document import Block, Cell, Figure, Listing, Partial, Phrase, Title
from backprop_cli.reports.plain_data import exact_data, is_exact, plain_number
from backprop_cli.reports.warned import warned

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given, Gradients
    from backprop_cli.autodiff.notices import Warned
    from backprop_cli.autodiff.trace import Contributed, Evaluated, Trace
    from backprop_cli.graph.graph import Graph

SMALL = 500  # steps; larger traces are told as they are made, and nothing is gathered


@dataclass(frozen=True, eq=False)
class Report:
    """The steps of a run. `names` are those whose gradients were asked for; not `valued`: leaves have no values, only formulas count."""

    program: Program
    at: Mapping[str, Given]
    found: Gradients
    trace: Trace
    names: tuple[str, ...]
    limits: Limits
    valued: bool = True

    @property
    def output(self) -> str:
        return self.found.output

    @property
    def gradients(self) -> dict[str, Any]:
        """The gradients asked for."""
        return {name: self.found.gradients[name] for name in self.names}

    @property
    def small(self) -> bool:
        """Whether the steps may be gathered."""
        return len(self.trace.blocks) <= SMALL

    @cached_property
    def steps(self) -> list[Contributed]:
        """All backward steps."""
        return list(self.trace.backward())

    @property
    def shaped(self) -> bool:
        """Whether any value is an array."""
        if not self.trace.arrays:
            return False
        values = self.found.record.values
        return any(getattr(values[node], "shape", ()) for block in self.trace.blocks for node in (*block.reads, block.node))


def report(
    program: Program,
    at: Mapping[str, Given],
    of: str | None = None,
    wrt: Sequence[str] | None = None,
    *,
    exact: bool = False,
    ops: bool = False,
    symbolic: bool = False,
    limits: Limits = OWN,
) -> Report:
    """Run a program at a point and keep every step; with `ops` every operation is a step.

    Without `wrt` the steps are those to every leaf, and the gradients are those of the parameters, where there are any.
    With `symbolic` leaves may lack values, unless there are arrays.
    """
    from backprop_cli.autodiff import differentiate
    from backprop_cli.autodiff.differentiate import asked, leaves_of
    from backprop_cli.autodiff.trace import Trace
    from backprop_cli.graph.build import build

    graph = build(program, at.keys(), limits)
    given = [graph.leaves[name] for name in at if name in graph.leaves]
    _, output, names, _ = asked(graph, of, wrt, given)
    found = None
    if wrt is None:
        everything = dict.fromkeys([*names, *leaves_of(graph, output, given)])
        try:
            found = differentiate(graph, at, of, list(everything), exact=exact, limits=limits)
        except BackpropError:
            found = None  # an infinite derivative by a leaf that nobody asked for; any other error comes again
    try:
        found = found or differentiate(graph, at, of, wrt, exact=exact, limits=limits)
    except BackpropError as error:
        if not symbolic or error.diagnostics[0].reference != "missing-value" or any(row.code is not None for row in graph.rows):
            raise
        return Report(program, at, *_unvalued(graph, output, names, wrt is None, given, ops, limits), tuple(names), limits, False)
    return Report(program, at, found, Trace(found, ops), tuple(names), limits)


def _unvalued(
    graph: Graph, output: int, names: Sequence[str], everything: bool, given: Sequence[int], ops: bool, limits: Limits
) -> tuple[Gradients, Trace]:
    """The steps of a run that has not been made: the plan and the formulas are there, and every number is 0."""
    from backprop_cli.autodiff.differentiate import Gradients, Record, leaves_of
    from backprop_cli.autodiff.engine import Engine
    from backprop_cli.autodiff.plan import make_plan
    from backprop_cli.autodiff.trace import Trace

    wanted = dict.fromkeys([*names, *(leaves_of(graph, output, given) if everything else ())])
    plan = make_plan(graph, output, [graph.names[name] for name in wanted], given)
    nothing = [0.0] * len(graph)
    roles = {name: graph.roles.get(name, "leaf") for name in graph.leaves}
    record = Record(Engine(graph, {}, False, limits), plan, nothing, nothing)
    found = Gradients(graph.labels[output], 0.0, dict.fromkeys(wanted, 0.0), {}, roles, False, (), record)
    return found, Trace(found, ops)


# ---- as data ----


def data(given: Report) -> dict[str, Any]:
    """The report as `trace --json` writes it."""
    found = given.found
    result: dict[str, Any] = {
        "output": found.output,
        "value": plain_number(found.value),
        "forward": [_forward_data(given, step) for step in given.trace.forward()],
        "backward": [_backward_data(step) for step in given.trace.backward()],
        "gradients": {name: plain_number(value) for name, value in given.gradients.items()},
        "warnings": [
            {"node": each.node, "line": None if each.span is None else line_of(given, each.span), "message": each.message}
            for each in in_order(found.warnings)
        ],
    }
    exact = {name: exact_data(value) for name, value in given.gradients.items() if is_exact(value)}
    if exact:
        result["exact"] = {"value": exact_data(found.value), "gradients": exact}
    return result


def _forward_data(given: Report, step: Evaluated) -> dict[str, Any]:
    return {
        "node": step.node,
        "line": line_of(given, step.span),
        "expression": step.written.text,
        "operands": {name: plain_number(value) for name, value in step.operands.items()},
        "value": plain_number(step.value),
    }


def _backward_data(step: Contributed) -> dict[str, Any]:
    return {
        "user": step.user,
        "operand": step.operand,
        "rule": step.rule,
        "local": {
            "formula": None if step.written is None else step.written.text,
            "value": None if step.local is None else plain_number(step.local),
        },
        "upstream": plain_number(step.upstream),
        "contribution": plain_number(step.contribution),
        "adjoint": plain_number(step.adjoint),
    }


def line_of(given: Report, span: Any) -> int:
    """The line a place stands in."""
    return given.program.source.place(span.start)[0]


# ---- as a document ----


def title(given: Report) -> Title:
    """The output and its value."""
    return Title((Name(given.output), "=", Figure(given.found.value)))


def summary(given: Report) -> Block:
    """The gradients asked for, each as the chain rule's last step."""
    output = given.output
    last: dict[str, list[Contributed]] = {}
    if given.small:
        for step in given.steps:
            last.setdefault(step.operand, []).append(step)
    lines: list[tuple[Cell, ...]] = []
    for name, value in given.gradients.items():
        parts: list[Cell] = [Partial(output, name), "="]
        steps = last.get(name, [])
        if 0 < len(steps) <= 3 and all(step.factor and step.user != output for step in steps):
            for number, step in enumerate(steps):
                parts += [*(["+"] if number else []), Partial(output, step.user), "·", Partial(step.user, step.operand)]
            parts.append("=")
            if len(steps) == 1 and steps[0].local is not None and getattr(steps[0].local, "size", 1) == 1:
                parts += [Figure(steps[0].upstream), "×", Figure(steps[0].local, factor=True), "="]
        lines.append((Phrase((*parts, Figure(value, gradient=True))),))
    return Listing("gradients", tuple(lines))


def in_order(found: Sequence[Warned]) -> list[Warned]:
    """Warnings in the order of the file; those of no place in it first."""
    return sorted(found, key=lambda each: -1 if each.span is None else each.span.start)


def warnings(given: Report) -> list[Block]:
    """Conventions used at kinks, and what else the run noticed."""
    return warned(in_order(given.found.warnings), lambda each: None if each.span is None else line_of(given, each.span))


def listed(names: Sequence[str], last: str = "") -> tuple[Cell, ...]:
    """Names with commas between them, and `last` before the last one: `a, b and c`."""
    parts: list[Cell] = []
    for number, name in enumerate(names):
        if number:
            parts.append(last if last and number == len(names) - 1 else ",")
        parts.append(Name(name))
    return tuple(parts)


def sizes(value: Any) -> tuple[int, ...]:
    """The shape of a value; () of a number."""
    return tuple(getattr(value, "shape", ()))
