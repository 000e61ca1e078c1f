"""Other tellings of the backward sweep as tables: marks, calls, and every path by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backprop_cli.lang.syntax import Apply, Expr, Index, Name, Number
from backprop_cli.reports.document import Block, Cell, Figure, Paragraph, Partial, Phrase, Rail, Status, Table
from backprop_cli.reports.trace import Report, listed

if TYPE_CHECKING:
    from backprop_cli.autodiff.walks import Edges

_PATHS = 20  # shown for each name
_LONG = 6  # nodes of a path that is shown with all its factors
_END = 12  # nodes at each end of a longer path that are shown
_DEEP = 24  # calls inside calls that are drawn; the first column has their number


def edges_of(given: Report) -> Edges:
    """The edges of the run."""
    from backprop_cli.autodiff.walks import Edges

    return Edges(given.trace, given.steps)


# ---- marks ----


def iterative_table(given: Report) -> Table:
    """The algorithm of marks, turn by turn."""
    output = given.output
    aside = Phrase(
        (_grad(output), "=", Number("1"), ", all others 0; while a node is unmarked, take one whose outgoing edges are all marked")
    )
    head = ("turn", "node", "taken because", "edge marked", "grad before", "added", "grad after")
    return Table(head, _turns(given), "backward, with marks", aside, lifted=(0, 1, 2))


def _turns(given: Report) -> Iterator[list[Cell]]:
    from backprop_cli.autodiff.walks import iterative

    for each in iterative(edges_of(given)):
        why: tuple[Cell, ...] = ("it has no users",)
        if each.ready:
            said = f"all {len(each.ready)} edges to its users are marked:" if len(each.ready) > 1 else "the edge to its user is marked:"
            why = (said, *listed(list(dict.fromkeys(each.ready))))
        grad: tuple[Cell, ...] = (";", _grad(each.node), "=", Figure(each.grad, gradient=True))
        first: list[Cell] = [str(each.turn), Phrase((Name(each.node),)), Phrase((*why, *grad))]
        for step, before, after in each.adds:
            edge = Phrase((Name(step.user), "→", Name(step.operand)))
            yield [*first, edge, Figure(before), _added(step), Figure(after, gradient=True)]
            first = ["", "", ""]
        if not each.adds:
            yield [*first, "", "", "", ""]


def _grad(node: str) -> Expr:
    return Index(Name("grad"), (Name(node),))


def _added(step: Any) -> Cell:
    if step.local is None:
        return Figure(step.contribution)
    return Phrase((Figure(step.upstream), "×", Figure(step.local, factor=True)))


# ---- calls ----


def recursive_table(given: Report) -> Table:
    """The recursion from behind: every gradient asks its users for theirs, and what is known is not worked out again."""
    return Table(
        ("", "call", "", "value"),
        _calls(given),
        "backward, by recursion",
        "grad(n) = sum over its users n' of grad(n') × ∂n'/∂n, remembered",
    )


def _calls(given: Report) -> Iterator[list[Cell]]:
    from backprop_cli.autodiff.walks import recursive

    graph = given.trace.graph
    hits = 0
    for each in recursive(edges_of(given), [graph.names[name] for name in given.names]):
        deep = "│ " * each.depth if each.depth <= _DEEP else "│ " * _DEEP + "…"
        call: Cell = Phrase((Rail(deep.rstrip()), Apply("grad", (Name(each.node),))))
        said: Cell = {"asks": "asks its users", "start": "= 1, the start", "known": "remembered: no work"}.get(each.what, "")
        if each.what == "answers":
            parts: list[Cell] = []
            for step, value in each.terms:
                parts += ["+"] if parts else []
                parts += [Figure(value), "×", Figure(step.local, factor=True)] if step.local is not None else []
            said = Phrase(("=", *parts)) if len(each.terms) <= 4 and len(parts) > 1 else "= the sum of what its users send"
        hits += each.what == "known"
        yield [str(each.depth), call, said, "" if each.value is None else Figure(each.value, gradient=True)]
    yield ["", "", f"{hits} {'call' if hits == 1 else 'calls'} answered from memory", ""]


# ---- paths ----


def path_tables(given: Report) -> list[Block]:
    """For every name asked for, each path to the output with its product, and their sum."""
    if given.shaped or any(step.local is None for step in given.steps):
        return [Paragraph((Status.OPEN, "no paths: a product along a path needs a number at every edge, and there are arrays here"))]
    from backprop_cli.autodiff.walks import count_paths

    edges = edges_of(given)
    counts = count_paths(edges)
    graph = given.trace.graph
    return [_paths_to(given, edges, name, counts.get(graph.names[name], 0)) for name in given.names if graph.names[name] in edges.out]


def _paths_to(given: Report, edges: Edges, name: str, count: int) -> Table:
    shown = min(count, _PATHS)
    aside = "1 path" if count == 1 else f"{count:,} paths"
    if shown < count:
        aside += f", of which the first {shown} are shown"
    rows = _path_rows(given, edges, name, count)
    return Table(("", "path", "product", "value"), rows, Phrase(("paths from", Name(name), "to", Name(given.output))), aside, below=(2,))


def _path_rows(given: Report, edges: Edges, name: str, count: int) -> Iterator[list[Cell]]:
    from backprop_cli.autodiff.walks import paths

    output = given.output
    for number, path in enumerate(paths(edges, given.trace.graph.names[name], _PATHS), 1):
        nodes: list[Cell] = [Name(name)]
        factors: list[Cell] = []
        for step in path.steps if len(path.steps) <= 2 * _END else path.steps[:_END]:
            nodes += ["→", Name(step.user)]
        if len(path.steps) > 2 * _END:
            nodes += ["→", "…"]
            for step in path.steps[-_END:]:
                nodes += ["→", Name(step.user)]
        for step in reversed(path.steps):
            factors += [*(["×"] if factors else []), Figure(step.local, factor=bool(factors))]
        product: Cell = Phrase(tuple(factors)) if len(path.steps) <= 2 * _LONG else f"{len(path.steps)} factors"
        yield [str(number), Phrase(tuple(nodes)), product, Figure(path.product, gradient=True)]
    total = Phrase((Partial(output, name), "=", Figure(given.gradients[name], gradient=True)))
    yield ["", "sum over the paths" if count > 1 else "the only path", "" if count <= _PATHS else f"all {count:,} of them", total]
