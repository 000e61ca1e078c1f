"""What has to be worked out for one output and some leaves, as flat lists that the sweeps run over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backprop_cli.graph.graph import LEAF, Graph
from backprop_cli.records import record


@record
class Plan:
    """The work of one gradient.

    `needed` marks what the output depends on; `moved` marks, among that, what the leaves in question move and whose
    derivative is asked for; it has one entry more, 0, for operand -1. `order` lists the needed applications from operands
    to users; `constant` those that make the values of leaves (`a = 1/2`) and come before.
    """

    graph: Graph
    output: int
    wrt: tuple[int, ...]
    needed: bytearray
    moved: bytearray
    order: Sequence[int]
    constant: Sequence[int]


def needed_for(graph: Graph, output: int, given: Collection[int]) -> bytearray:
    """Marks the nodes that a node depends on, itself included. Leaves in `given` have their value already."""
    question = "needed", output, frozenset(given)
    needed: bytearray | None = graph.known.get(question)
    if needed is None:
        needed = graph.known[question] = _needed(graph, output, given)
    return needed


def _needed(graph: Graph, output: int, given: Collection[int]) -> bytearray:
    needed = bytearray(len(graph))
    needed[output] = 1
    op, a, b, more, preset = graph.op, graph.a, graph.b, graph.more, graph.preset
    has_static = bool(graph.static)
    for node in range(output, -1, -1):
        if not needed[node]:
            continue
        first, second = a[node], b[node]
        if first >= 0:
            needed[first] = 1
            if second >= 0:
                needed[second] = 1
        elif node in more:
            for operand in more[node]:
                needed[operand] = 1
        elif op[node] == LEAF and node in preset and node not in given:
            needed[preset[node]] = 1
        if has_static and op[node] >= 0:
            for leaf in graph.held(node):
                needed[leaf] = 1
    return needed


def make_plan(graph: Graph, output: int, wrt: Sequence[int], given: Collection[int]) -> Plan:
    """The plan for the derivatives of `output` by the nodes `wrt`."""
    needed = needed_for(graph, output, given)
    op, a, b, more = graph.op, graph.a, graph.b, graph.more
    rows = graph.rows
    whole = [None not in row.local for row in rows]
    moved = bytearray(len(graph) + 1)  # the one behind the last stands for operands that are not there, number -1
    for node in wrt:
        moved[node] = needed[node]
    order = [node for node, (asked, applied) in enumerate(zip(needed[: output + 1], op, strict=False)) if asked and applied >= 0]
    constant: list[int] = []
    computed = [node for leaf, node in graph.preset.items() if op[node] >= 0 and needed[leaf] and leaf not in given]
    if computed:
        inner = _below(graph, computed)
        constant = [node for node in order if inner[node]]
        order = [node for node in order if not inner[node]]
    for node in order:
        if a[node] < 0:
            if node in more and any(moved[operand] and rows[op[node]].passes(at) for at, operand in enumerate(more[node])):
                moved[node] = 1
        elif whole[op[node]]:
            if moved[a[node]] or moved[b[node]]:
                moved[node] = 1
        else:
            row = rows[op[node]]
            if (moved[a[node]] and row.passes(0)) or (moved[b[node]] and row.passes(1)):
                moved[node] = 1
    return Plan(graph, output, tuple(wrt), needed, moved, order, constant)


def _below(graph: Graph, nodes: Sequence[int]) -> bytearray:
    """Marks some nodes and the applications they are made of."""
    inner = bytearray(len(graph))
    for node in nodes:
        inner[node] = 1
    for node in range(max(nodes, default=-1), -1, -1):
        if inner[node]:
            for operand in graph.operands(node):
                inner[operand] = 1
    return inner
