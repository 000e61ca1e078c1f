"""The two tables of a trace: the forward sweep with its wiring, and the backward sweep with every contribution and every sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backprop_cli.lang.syntax import Name, Number
from backprop_cli.reports.document import Cell, Figure, Partial, Phrase, Rail, Substituted, Table
from backprop_cli.reports.document import Shape as Sizes
from backprop_cli.reports.trace import Report, listed, sizes
from backprop_cli.reports.trace_rails import rails

if TYPE_CHECKING:
    from backprop_cli.autodiff.trace import Contributed

PRODUCT = Phrase(("upstream", "×", "local"))
_USERS = 4  # named beside a value
_FEW = 6  # entries of an array that may stand inside a line
_RAILED = 200  # lines


def forward_table(given: Report) -> Table:
    """The forward sweep: leaves where they are first used, and every step with numbers put in."""
    lines = list(lines_of(given)) if len(given.trace.blocks) <= _RAILED else None
    drawn = None if lines is None else rails(lines)
    shaped = given.shaped
    rows = _forward_rows(given, shaped, drawn)
    titles: tuple[Cell, ...] = ("", "node", *(["shape"] if shaped else []), "with numbers", "value", "used by")
    paper, below = (len(titles) - 1,), (len(titles) - 3,)
    return Table(("",) * len(titles), rows, "forward", "values, in the order of the file", paper=paper, below=below, titles=titles)


def lines_of(given: Report) -> Iterator[tuple[int, Sequence[int]]]:
    """Each line of the forward table: a node, and the nodes it reads."""
    graph, known = given.trace.graph, set()
    if not given.trace.blocks:
        yield given.found.record.plan.output, ()
    for block in given.trace.blocks:
        for read in block.reads:
            if graph.op[read] < 0 and read not in known:
                known.add(read)
                yield read, ()
        yield block.node, block.reads


def users_of(given: Report) -> dict[int, Cell]:
    """For each node the nodes that read it, the first ones by name: in words what rails draw."""
    users: dict[int, list[str]] = {}
    for block in given.trace.blocks:
        for read in block.reads:
            users.setdefault(read, []).append(given.trace.name(block.node))
    return {node: _named(names) for node, names in users.items()}


def _named(names: Sequence[str]) -> Cell:
    more = len(names) - _USERS
    return Phrase((*listed(names[:_USERS]), *([f", and {more} more"] if more > 0 else [])))


def _forward_rows(given: Report, shaped: bool, drawn: Sequence[str] | None) -> Iterator[list[Cell]]:
    trace, line = given.trace, 0
    graph, values = trace.graph, given.found.record.values
    known: set[int] = set()
    users = users_of(given)

    def left(parts: tuple[Cell, ...]) -> Cell:
        nonlocal line
        line += 1
        return Phrase((Rail(drawn[line - 1]), *parts) if drawn is not None else parts)

    def row(first: str, cell: Cell, working: Cell, value: Any, node: int) -> list[Cell]:
        return [first, cell, *([Sizes(sizes(value))] if shaped else []), working, Figure(value), users.get(node, "")]

    for leaf in [given.found.record.plan.output] if not trace.blocks else []:
        yield row("", left((Name(trace.name(leaf)), given.found.roles.get(trace.name(leaf), "leaf"))), "", values[leaf], leaf)
    for number, block in enumerate(trace.blocks, 1):
        for read in block.reads:
            if graph.op[read] < 0 and read not in known:
                known.add(read)
                name = trace.name(read)
                yield row("", left((Name(name), given.found.roles.get(name, "leaf"))), "", values[read], read)
        step = trace.evaluated(block)
        few = all(getattr(value, "size", 1) <= _FEW for value in step.operands.values())
        working: Cell = Substituted(step.written, step.operands) if few else ""
        yield row(str(number), left((Name(step.node), "=", step.written)), working, step.value, block.node)


def backward_table(given: Report) -> Table:
    """The backward sweep: one row for each local derivative, and one for each sum."""
    shaped, output = given.shaped, given.output
    aside = (*start(output), *(_short_for(given) if shaped else ()))
    totals = () if given.small else ("running total",)
    head: tuple[Cell, ...] = ("", "node", "rule", "local", "value", PRODUCT, *(["shape"] if shaped else []), "gradient", *totals)
    spare = (4, 2, 6, 5) if shaped else (4, 2)
    rows = (row for step in _steps(given) for row in _backward_rows(given, step, shaped))
    return Table(head, rows, "backward", Phrase(aside), (*spare, *([len(head) - 1] if totals else [])), lifted=(0, 1, 2))


def start(output: str) -> tuple[Cell, ...]:
    """Where the backward sweep starts, and where it goes."""
    return "chain rule from", Name(output), "back to the leaves, start with", Partial(output, output), "=", Number("1")


def _short_for(given: Report) -> tuple[Cell, ...]:
    """What the names of adjoints in the rules of arrays mean, by the first one that is used."""
    step = next((step for step in _steps(given) if not step.factor), None)
    if step is None:
        return ()
    name = step.operand
    return ";", Name(f"d{name}"), "is short for", Partial(given.output, name)


def _steps(given: Report) -> Iterator[Contributed]:
    yield from given.steps if given.small else given.trace.backward()


def _backward_rows(given: Report, step: Contributed, shaped: bool) -> Iterator[list[Cell]]:
    output, trace = given.output, given.trace
    number: Cell = str(trace.number_of[step.index]) if not step.reused else ""
    node: Cell = Phrase((Name(step.user), "=", trace.written(step.index)))
    if step.reused:
        node = "reused" if step.user != output else ""
    sign = "=" if step.count == 1 else "+="

    def row(*cells: Cell, value: Any, mark: str) -> list[Cell]:
        middle: list[Cell] = [Sizes(sizes(value))] if shaped else []
        total: list[Cell] = []
        if not given.small:
            total = [Figure(step.adjoint, gradient=True) if step.count > 1 else ""]
        return [*cells, *middle, Phrase((Partial(output, step.operand), mark, Figure(value, gradient=True)), room=True), *total]

    rule: Cell = step.rule if not step.reused else ""
    yield row(number, node, rule, local_cell(step), local_value(step), working(step), value=step.contribution, mark=sign)
    if step.count > 1 and (step.nth == step.count or (step.nth > 1 and given.small)):
        said = f"{step.count} contributions meet" if step.nth == step.count else f"so far, {step.nth} of {step.count}"
        yield row("", "", "", "", "", said, value=step.adjoint, mark=" =")


def local_cell(step: Contributed) -> Cell:
    """`∂u/∂a = x`, or between arrays what is sent: `dW = dz @ x.T`."""
    if step.written is None:
        return ""
    if step.factor:
        return Phrase((Partial(step.user, step.operand), "=", step.written))
    return Phrase((Name(f"d{step.operand}"), "=" if step.count == 1 else "+=", step.written))


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
