"""What has to be worked out for one output and some leaves, as flat lists that the sweeps run over."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from itertools import compress
from operator import itemgetter

from backprop_cli.graph.graph import LEAF, Graph
from backprop_cli.records import record

# Of a node's row, or LEAF or CONSTANT, as a byte: whether anything is applied.
_APPLIED = bytes([1] * 128 + [0] * 128)
_NOT = bytes([1, 0]) + bytes(254)
_FOURFOLD = bytes(4 * row % 256 for row in range(256))
_BITS = bytes(code & 3 for code in range(256))
_FEW = 48  # rows; the codes of more may not fit into bytes


@record
class Plan:
    """The work of one gradient.

    `needed` marks what the output depends on; `moved` marks, among that, what the leaves in question move and whose
    derivative is asked for; it has one entry more, 0, for operand -1. `order` lists the needed applications from operands
    to users; `constant` those that make the values of leaves (`a = 1/2`) and come before. `chosen` marks what is in `order`;
    it is empty where nobody runs over the lists of the whole graph. `codes` are those of `codes_of`, where they are known.
    """

    graph: Graph
    output: int
    wrt: tuple[int, ...]
    needed: bytearray
    moved: bytearray
    order: Sequence[int]
    constant: Sequence[int]
    chosen: bytes = b""
    codes: bytes | None = None


def needed_for(graph: Graph, output: int, given: Collection[int]) -> bytearray:
    """Marks the nodes that a node depends on, itself included. Leaves in `given` have their value already."""
    question = "needed", output, frozenset(given)
    needed: bytearray | None = graph.known.get(question)
    if needed is None:
        needed = graph.known[question] = _needed(graph, output, given)
    return needed


def _needed(graph: Graph, output: int, given: Collection[int]) -> bytearray:
    if graph.loose == frozenset((output,)) and not graph.preset:
        return bytearray(b"\1") * len(graph)
    if graph.more or graph.static or graph.preset:
        return _needed_by_all(graph, output, given)
    needed = bytearray(len(graph) + 1)  # operands that are not there, number -1, mark the one behind the last
    needed[output] = 1
    for node, first, second in zip(range(output, -1, -1), graph.a[output::-1], graph.b[output::-1], strict=True):
        if needed[node]:
            needed[first] = needed[second] = 1
    del needed[-1]
    return needed


def _needed_by_all(graph: Graph, output: int, given: Collection[int]) -> bytearray:
    """The same, where nodes read more than their two operands."""
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
    moved = bytearray(len(graph) + 1)  # the one behind the last stands for operands that are not there, number -1
    for node in wrt:
        moved[node] = needed[node]
    chosen = array("b", graph.op).tobytes().translate(_APPLIED)
    if 0 in needed:
        chosen = _both(chosen, needed)
    constant: list[int] = []
    computed = [node for leaf, node in graph.preset.items() if graph.op[node] >= 0 and needed[leaf] and leaf not in given]
    if computed:
        inner = _below(graph, computed)
        constant = list(compress(range(len(graph)), _both(chosen, inner)))
        chosen = _both(chosen, inner.translate(_NOT))
    order = list(compress(range(len(graph)), chosen))
    codes = None
    if any(moved):
        codes = _all_moved(graph, chosen, moved)
        if codes is None:
            _mark_moved(graph, order, chosen, moved)
        else:
            moved[:-1] = _either(moved[:-1], chosen)
    return Plan(graph, output, tuple(wrt), needed, moved, order, constant, chosen, codes)


def _both(marks: bytes, others: bytes | bytearray) -> bytes:
    """What two rows of marks have in common."""
    return (int.from_bytes(marks, "big") & int.from_bytes(others, "big")).to_bytes(len(marks), "big")


def _either(marks: bytes | bytearray, others: bytes) -> bytes:
    """What one row of marks has or the other."""
    return (int.from_bytes(marks, "big") | int.from_bytes(others, "big")).to_bytes(len(marks), "big")


def _all_moved(graph: Graph, chosen: bytes, moved: bytearray) -> bytes | None:
    """The codes of all nodes of a plan, where all of them are moved, as is common; None where some are not.

    It is so if all have an operand that is moved when all of them are: each node is settled by those before it.
    """
    if graph.more or any(None in row.local for row in graph.rows):
        return None
    codes = codes_of(graph, chosen, _either(moved, chosen + b"\0"))
    return codes if isinstance(codes, bytes) and 0 not in codes.translate(_BITS) else None


def codes_of(graph: Graph, chosen: bytes, moved: bytes | bytearray) -> bytes | list[int]:
    """A number for each of the chosen nodes: four times its row, with a bit for each of its two operands that is moved."""
    op, a, b = bytes(compress(graph.op, chosen)), compress(graph.a, chosen), compress(graph.b, chosen)
    if len(graph.rows) > _FEW or len(op) < 2:
        return [row << 2 | moved[second] << 1 | moved[first] for row, first, second in zip(op, a, b, strict=True)]
    rows, first, second = op.translate(_FOURFOLD), bytes(itemgetter(*a)(moved)), bytes(itemgetter(*b)(moved))
    whole = int.from_bytes(rows, "big") | int.from_bytes(second, "big") << 1 | int.from_bytes(first, "big")
    return whole.to_bytes(len(op), "big")


def _mark_moved(graph: Graph, order: Sequence[int], chosen: bytes, moved: bytearray) -> None:
    """Mark the nodes of a plan which those that are marked already move, and whose derivative passes."""
    op, a, b, more, rows = graph.op, graph.a, graph.b, graph.more, graph.rows
    whole = [None not in row.local for row in rows]
    if all(whole) and not more:
        for node, first, second in zip(order, compress(a, chosen), compress(b, chosen), strict=True):
            if moved[first] or moved[second]:
                moved[node] = 1
        return
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
