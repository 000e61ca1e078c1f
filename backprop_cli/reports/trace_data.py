"""The views of a trace as data: keys beside those that `trace --json` always has, each only when its view is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from backprop_cli.lang.syntax import Expr
from backprop_cli.reports.plain_data import plain_number
from backprop_cli.reports.trace import Report, sizes
from backprop_cli.reports.trace_views import View

_PATHS = 1_000  # written for each name


def view_data(given: Report, view: View) -> dict[str, Any]:
    """What the views asked for add to the data of a trace; null where a view does not fit the program."""
    found: dict[str, Any] = {}
    for name, make in _views(view):
        found[name] = make(given) if given.trace.blocks else None
    return found


def _views(view: View) -> Iterator[tuple[str, Callable[[Report], Any]]]:
    if view.symbolic:
        yield "closed_forms", _closed_forms
    if view.mode:
        yield "tangents", _tangents
        yield "operations", _operations
    if view.algorithm == "iterative":
        yield "iterative", _iterative
    if view.algorithm == "recursive":
        yield "recursive", _recursive
    if view.style == "static":
        yield "static", _static
    if view.style == "tape":
        yield "tape", _tape
    if view.elementwise:
        yield "entries", _entries
    if view.paths:
        yield "paths", _paths
    if view.expand:
        yield "expanded", _expanded


def _number(value: Any) -> Any:
    return None if value is None else plain_number(value)


def _text(expr: Expr | None) -> str | None:
    from backprop_cli.lang.unparse import unparse

    return None if expr is None else unparse(expr)


def _closed_forms(given: Report) -> dict[str, Any]:
    from backprop_cli.oracles import closed_forms

    forms = closed_forms(given.program, given.output, given.names, given.limits, tuple(given.at))
    return {name: {"in_nodes": _text(form.in_nodes), "in_leaves": _text(form.in_leaves)} for name, form in forms.items()}


def _tangents(given: Report) -> list[dict[str, Any]] | None:
    """For each leaf that was asked for, arrays entry by entry, the tangents of all nodes it moves."""
    from backprop_cli.autodiff.tangents import TooLarge
    from backprop_cli.reports.trace_modes import seeds_of, sweeps

    seeds = list(seeds_of(given))
    try:
        found = sweeps(given, seeds)
    except TooLarge:
        return None
    nodes = dict.fromkeys(node for block in given.trace.blocks for node in (*block.reads, block.node))
    return [
        {
            "leaf": label.partition("[")[0],
            "entry": list(entry),
            "nodes": {given.trace.name(node): plain_number(moved[node]) for node in nodes if moved[node] is not None},
        }
        for (label, _, entry), moved in zip(seeds, found, strict=False)
    ]


def _operations(given: Report) -> dict[str, Any]:
    from backprop_cli.reports.trace_modes import products, seeds_of

    seeds = list(seeds_of(given))
    reverse, forward = products(given, seeds)
    return {"reverse": {"sweeps": 1, "products": reverse}, "forward": {"sweeps": len(seeds), "products": forward}}


def _iterative(given: Report) -> list[dict[str, Any]]:
    from backprop_cli.autodiff.walks import iterative
    from backprop_cli.reports.trace_walks import edges_of

    return [
        {
            "turn": each.turn,
            "node": each.node,
            "marked": list(each.ready),
            "grad": plain_number(each.grad),
            "edges": [
                {
                    "operand": step.operand,
                    "before": plain_number(before),
                    "added": plain_number(step.contribution),
                    "after": plain_number(after),
                }
                for step, before, after in each.adds
            ],
        }
        for each in iterative(edges_of(given))
    ]


def _recursive(given: Report) -> list[dict[str, Any]]:
    from backprop_cli.autodiff.walks import recursive
    from backprop_cli.reports.trace_walks import edges_of

    wanted = [given.trace.graph.names[name] for name in given.names]
    return [
        {"depth": each.depth, "node": each.node, "what": each.what, "value": _number(each.value)}
        for each in recursive(edges_of(given), wanted)
    ]


def _static(given: Report) -> list[dict[str, Any]]:
    """The gradient statements in the order worked; `value` is null where they could not be run."""
    from backprop_cli.autodiff.replay import adjoint_statements
    from backprop_cli.reports.trace_forms import run_statements

    values = run_statements(given) or {}
    return [
        {"node": given.trace.name(node), "adjoint": name, "expression": _text(expr), "value": _number(values.get(name))}
        for node, name, expr in adjoint_statements(given.trace)
    ]


def _tape(given: Report) -> dict[str, Any]:
    trace, values = given.trace, given.found.record.values
    recorded = [
        {
            "node": trace.name(block.node),
            "rule": trace.rule(block),
            "operands": [trace.name(read) for read in block.reads],
            "value": plain_number(values[block.node]),
        }
        for block in trace.blocks
    ]
    replayed = [{"user": step.user, "operand": step.operand, "adjoint": plain_number(step.adjoint)} for step in given.steps]
    return {"recorded": recorded, "replayed": replayed}


def _entries(given: Report) -> list[dict[str, Any]]:
    """The rules of arrays entry by entry, nested as the arrays are; null where one is large or mixes entries otherwise."""
    from backprop_cli.reports.trace_entries import rules

    return [
        {
            "of": rule.name,
            "sign": rule.sign,
            "expression": _text(rule.expr),
            "formulas": None if rule.entries is None else _nested(rule.entries),
        }
        for rule in rules(given)
    ]


def _nested(entries: Any) -> Any:
    import numpy as np

    return np.frompyfunc(_text, 1, 1)(entries).tolist() if sizes(entries) else _text(entries[()])


def _paths(given: Report) -> dict[str, Any] | None:
    """For each name its paths, of very many the first ones; null where there are arrays, whose edges are no numbers."""
    if given.shaped or any(step.local is None for step in given.steps):
        return None
    from backprop_cli.autodiff.walks import count_paths, paths
    from backprop_cli.reports.trace_walks import edges_of

    edges = edges_of(given)
    counts = count_paths(edges)
    found = {}
    for name in given.names:
        leaf = given.trace.graph.names[name]
        shown = [
            {
                "nodes": [name, *(step.user for step in path.steps)],
                "factors": [plain_number(step.local) for step in path.steps],
                "product": plain_number(path.product),
            }
            for path in (paths(edges, leaf, _PATHS) if leaf in edges.out else ())
        ]
        found[name] = {"count": counts.get(leaf, 0), "paths": shown, "sum": plain_number(given.gradients[name])}
    return found


def _expanded(given: Report) -> dict[str, Any]:
    from backprop_cli.oracles import closed_forms
    from backprop_cli.reports.trace_forms import written_out

    forms = closed_forms(given.program, given.output, given.names, given.limits, tuple(given.at))
    derivatives = {name: {"direct": _text(form.in_leaves), "chain_rule": _text(form.in_nodes)} for name, form in forms.items()}
    return {"expression": _text(written_out(given)), "derivatives": derivatives}
