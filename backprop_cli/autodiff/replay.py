"""A sweep written as statements of the language, and the values these have when they are run by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backprop_cli.autodiff.differentiate import plain
from backprop_cli.autodiff.engine import Engine, Value
from backprop_cli.autodiff.plan import Plan
from backprop_cli.autodiff.trace import Trace
from backprop_cli.calculus.tidy import ONE, total
from backprop_cli.graph.build import build
from backprop_cli.graph.graph import CONSTANT
from backprop_cli.lang.parse import parse
from backprop_cli.lang.program import Assign, Define
from backprop_cli.lang.syntax import Expr
from backprop_cli.lang.unparse import unparse
from backprop_cli.limits import OWN, Limits


def adjoint_statements(trace: Trace) -> Iterator[tuple[int, str, Expr | None]]:
    """The reverse sweep as statements, in the order worked: a node, what its adjoint is called, and its expression.

    The expression is None where the language has no short way to say it.
    """
    found: dict[int, Expr | None] = {trace.record.plan.output: ONE}
    steps = {block.node for block in trace.blocks}
    for block in reversed(trace.blocks):
        if block.node not in found:
            continue
        name = trace.upstream_name(block.node)
        yield block.node, name, found[block.node]
        sent = trace.writer.written(block, name, True)
        for read in trace.receivers(block):
            part = sent.get(read)
            before = found.get(read)
            tree = None if part is None else part.tree
            found[read] = tree if read not in found else None if before is None or tree is None else total(before, tree)
    for node, expr in found.items():
        if node not in steps:
            yield node, trace.upstream_name(node), expr


def forward_statements(trace: Trace) -> Iterator[str]:
    """The forward sweep as statements, own functions included."""
    visible = {block.node: f"{trace.name(block.node)} = {trace.expressions.of(block).text}" for block in trace.blocks}
    if trace.opened:
        yield from visible.values()
        return
    for statement in trace.graph.program.statements:
        if isinstance(statement, Define):
            yield f"{statement.name}({', '.join(statement.parameters)}) = {unparse(statement.body)}"
        elif isinstance(statement, Assign) and trace.graph.names.get(statement.name) in visible:
            yield visible[trace.graph.names[statement.name]]


def run(statements: list[str], leaves: Mapping[str, Value], exact: bool = False, limits: Limits = OWN) -> dict[str, Value]:
    """The values of all names in some statements, with leaves of these values."""
    text = "\n".join([*(f"input {name}" for name in leaves), *statements])
    graph = build(parse(text, "<statements>", limits), frozenset(leaves), limits)
    given = {graph.leaves[name]: value for name, value in leaves.items()}
    fixed = bytearray(len(graph))
    for node, op in enumerate(graph.op):
        fixed[node] = op == CONSTANT or (op >= 0 and all(fixed[operand] for operand in graph.operands(node)))
    applied = [node for node, op in enumerate(graph.op) if op >= 0]
    constant = [node for node in applied if fixed[node]]
    plan = Plan(graph, len(graph) - 1, (), bytearray(b"\1") * len(graph), bytearray(len(graph)), applied, constant)
    engine = Engine(graph, given, exact, limits)
    values = engine.start(plan)
    named = [node for node in graph.names.values() if graph.op[node] >= 0 and not fixed[node]]
    with engine.quiet():
        engine.interpreter(plan).forward(values, plan.order, named)
    return {name: plain(values[node]) for name, node in graph.names.items()}
