"""What `trace` tells: the forward sweep, the backward sweep with every contribution, and the gradients they end in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backprop_cli.errors import BackpropError
from backprop_cli.lang.program import Program
from backprop_cli.lang.syntax import Name
from backprop_cli.limits import OWN, Limits
from backprop_cli.reports.document import Block, Cell, Document, Figure, Listing, Paragraph, Partial, Phrase, Rail, Status, Substituted
from backprop_cli.reports.document import Shape as Sizes
from backprop_cli.reports.document import Table, Title
from backprop_cli.reports.plain_data import exact_data, is_exact, plain_number
from backprop_cli.reports.trace_rails import rails

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given, Gradients
    from backprop_cli.autodiff.trace import Contributed, Evaluated, Trace

SMALL = 500  # steps; larger traces are told as they are made, and nothing is gathered
_FEW = 6  # entries of an array that may stand inside a line
_RAILED = 60  # lines


@dataclass(frozen=True, eq=False)
class Report:
    """The steps of a run. `names` are those whose gradients were asked for."""

    program: Program
    at: Mapping[str, Given]
    found: Gradients
    trace: Trace
    names: tuple[str, ...]
    limits: Limits

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
        return self.trace.arrays and any(getattr(self.found.record.values[node], "shape", ()) for node in self.found.record.plan.order)


def report(
    program: Program,
    at: Mapping[str, Given],
    of: str | None = None,
    wrt: Sequence[str] | None = None,
    *,
    exact: bool = False,
    ops: bool = False,
    limits: Limits = OWN,
) -> Report:
    """Run a program at a point and keep every step; with `ops` every operation is a step.

    Without `wrt` the steps are those to every leaf, and the gradients are those of the parameters, where there are any.
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
    if found is None:
        found = differentiate(graph, at, of, wrt, exact=exact, limits=limits)
    return Report(program, at, found, Trace(found, ops), tuple(names), limits)


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
            for each in found.warnings
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


def document(given: Report) -> Document:
    """The whole lesson: forward, backward, what is to be noted, and the gradients."""
    from backprop_cli.reports.trace_notes import notes

    blocks: list[Block] = [title(given), forward_table(given)]
    if given.trace.blocks:
        blocks.append(backward_table(given))
    blocks.append(summary(given))
    blocks.extend(notes(given))
    return Document(tuple(blocks))


def title(given: Report) -> Title:
    """The output and its value."""
    return Title((Name(given.output), "=", Figure(given.found.value)))


def forward_table(given: Report) -> Table:
    """The forward sweep: leaves where they are first used, and every step with numbers put in."""
    lines = list(_lines(given)) if len(given.trace.blocks) <= _RAILED else None
    drawn = None if lines is None else rails(lines)
    shaped = given.shaped
    rows = _forward_rows(given, shaped, drawn)
    return Table(("",) * (5 if shaped else 4), rows, "forward", "values, in the order of the file", (3,) if shaped else ())


def _lines(given: Report) -> Iterator[tuple[int, Sequence[int]]]:
    """Each line of the forward table: a node, and the nodes it reads."""
    graph, known = given.trace.graph, set()
    for block in given.trace.blocks:
        for read in block.reads:
            if graph.op[read] < 0 and read not in known:
                known.add(read)
                yield read, ()
        yield block.node, block.reads


def _forward_rows(given: Report, shaped: bool, drawn: Sequence[str] | None) -> Iterator[list[Cell]]:
    trace, number, line = given.trace, 0, 0
    graph, values = trace.graph, given.found.record.values
    known: set[int] = set()

    def left(parts: tuple[Cell, ...]) -> Cell:
        nonlocal line
        line += 1
        return Phrase((Rail(drawn[line - 1]), *parts) if drawn is not None else parts)

    def row(first: str, cell: Cell, working: Cell, value: Any) -> list[Cell]:
        return [first, cell, *([Sizes(sizes(value))] if shaped else []), working, Figure(value)]

    for leaf in [given.found.record.plan.output] if not trace.blocks else []:
        yield row("", left((Name(trace.name(leaf)), given.found.roles.get(trace.name(leaf), "leaf"))), "", values[leaf])
    for block in trace.blocks:
        for read in block.reads:
            if graph.op[read] < 0 and read not in known:
                known.add(read)
                name = trace.name(read)
                yield row("", left((Name(name), given.found.roles.get(name, "leaf"))), "", values[read])
        number += 1
        step = trace.evaluated(block)
        few = all(getattr(value, "size", 1) <= _FEW for value in step.operands.values())
        working: Cell = Substituted(step.written, step.operands) if few else ""
        yield row(str(number), left((Name(step.node), "=", step.written)), working, step.value)


def backward_table(given: Report) -> Table:
    """The backward sweep: one row for each local derivative, and one for each sum."""
    shaped, output = given.shaped, given.output
    aside = f"chain rule from {output} back to the leaves, start with ∂{output}/∂{output} = 1"
    if shaped:
        name = given.trace.name(max((node for block in given.trace.blocks for node in block.reads), default=0))
        aside += f"; d{name} is short for ∂{output}/∂{name}"
    head: tuple[Cell, ...] = ("", "node", "rule", "local", "value", "upstream × local", *(["shape"] if shaped else []), "gradient")
    rows = (row for step in _steps(given) for row in _backward_rows(given, step, shaped))
    return Table(head, rows, "backward", aside, (4, 2))


def _steps(given: Report) -> Iterator[Contributed]:
    yield from given.steps if given.small else given.trace.backward()


def _backward_rows(given: Report, step: Contributed, shaped: bool) -> Iterator[list[Cell]]:
    output, trace = given.output, given.trace
    number: Cell = str(trace.number_of[step.index]) if not step.reused else ""
    node: Cell = Phrase((Name(step.user), "=", trace.written(step.index)))
    if step.reused:
        node = "reused" if step.user != output else ""
    sign = "=" if step.paths == 1 else "+="

    def row(*cells: Cell, value: Any, mark: str) -> list[Cell]:
        middle: list[Cell] = [Sizes(sizes(value))] if shaped else []
        return [*cells, *middle, Phrase((Partial(output, step.operand), mark, Figure(value, gradient=True)), room=True)]

    rule: Cell = step.rule if not step.reused else ""
    yield row(number, node, rule, local_cell(step), local_value(step), working(step), value=step.contribution, mark=sign)
    if step.paths > 1 and step.nth > 1:
        said = f"{step.paths} paths meet at {step.operand}, sum" if step.nth == step.paths else f"so far, {step.nth} of {step.paths} paths"
        yield row("", "", "", "", "", said, value=step.adjoint, mark=" =")


def local_cell(step: Contributed) -> Cell:
    """`∂u/∂a = x`, or between arrays what is sent: `dW = dz @ x.T`."""
    if step.written is None:
        return ""
    if step.factor:
        return Phrase((Partial(step.user, step.operand), "=", step.written))
    return Phrase((Name(f"d{step.operand}"), "=" if step.paths == 1 else "+=", step.written))


def local_value(step: Contributed) -> Cell:
    """The number of a local derivative."""
    return Figure(step.local) if step.local is not None and getattr(step.local, "size", 1) <= _FEW else ""


def working(step: Contributed) -> Cell:
    """`0.5 × 3`."""
    if step.local is None:
        return "nothing arrives, nothing flows" if step.factor else ""
    if getattr(step.local, "size", 1) > _FEW:
        return ""
    return Phrase((Figure(step.upstream, gradient=True), "×", Figure(step.local, factor=True)))


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


def warnings(given: Report) -> list[Block]:
    """Conventions used at kinks, and what else the run noticed."""
    blocks: list[Block] = []
    for each in given.found.warnings:
        place = f"{each.node} (line {line_of(given, each.span)}):" if each.span is not None else f"{each.node}:"
        blocks.append(Paragraph((Status.NOTE, place, each.message)))
    return blocks


def sizes(value: Any) -> tuple[int, ...]:
    """The shape of a value; () of a number."""
    return tuple(getattr(value, "shape", ()))
