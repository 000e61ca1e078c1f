"""What the reader of a gradient should know beside the numbers: conventions used, statements that have no value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backprop_cli.autodiff.engine import Engine, Value
from backprop_cli.autodiff.interpret import NEEDED
from backprop_cli.autodiff.nearby import only_here
from backprop_cli.autodiff.plan import Plan
from backprop_cli.errors import BackpropError, Span
from backprop_cli.graph.graph import CONSTANT, Graph
from backprop_cli.lang.unparse import unparse
from backprop_cli.records import record


@record(eq=True)
class Warned:
    """Something the reader of a gradient should know: which node, where it stands, and what about it."""

    node: str
    span: Span | None
    message: str


_SELECTING = frozenset({"max", "min", "maximum", "minimum", "clip", "[i]"})
JUMPS = frozenset({"sign", "floor", "ceil", "round", "mod"})


def label(graph: Graph, node: int) -> str:
    """What a node is called: its name, or what it computes."""
    text = graph.labels.get(node) or unparse(graph.expr(node))
    return text if len(text) <= 60 else text[:57] + "..."


def conventions(engine: Engine, plan: Plan, values: list[Value], adjoints: list[Value]) -> list[Warned]:
    """A warning for every node at which a convention stood in for a derivative that does not exist."""
    graph = engine.graph
    bent = {number for number, row in enumerate(graph.rows) if row.kink is not None}
    found = [_silenced(engine, node, at, values) for node, at in sorted(engine.silenced) if not _level(plan, node, at)]
    found += [_hushed(engine, node, at, values) for node, at in only_here(engine, plan, values, adjoints[plan.output])]
    found = list({each.message: each for each in found}.values())
    if not bent:
        return found
    depends = dependent(plan)
    counts = _counting(engine, plan, values) if any(graph.rows[number].head in JUMPS for number in bent) else bytearray()
    for node in plan.order:
        if graph.op[node] not in bent or not depends[node]:
            continue
        if plan.moved[node] and adjoints[node] is None:
            continue
        row = graph.rows[graph.op[node]]
        assert row.kink is not None
        jumps = row.head in JUMPS and counts[node]
        place = _kink(engine, node, values, adjoints[node] if plan.moved[node] and not jumps else None)
        if place is not None:
            found.append(Warned(label(graph, node), graph.span(node), f"{row.head} has no derivative at {place}: {row.kink.takes}"))
    return found


def _counting(engine: Engine, plan: Plan, values: list[Value]) -> bytearray:
    """Marks what surely shows in the output: not a branch that is not taken, an entry left out, or what is multiplied by 0 or a mask."""
    graph = plan.graph
    counts = bytearray(len(graph))
    counts[plan.output] = 1
    for node in reversed(plan.order):
        if not counts[node]:
            continue
        operands = graph.operands(node)
        head = graph.rows[graph.op[node]].head
        if head == "where":
            scalar = not getattr(values[operands[0]], "shape", ())
            operands = (operands[0], operands[1 if values[operands[0]] else 2]) if scalar else operands[:1]
        elif head in _SELECTING:
            operands = ()
        elif head == "*":
            operands = tuple(each for each, other in zip(operands, reversed(operands), strict=True) if _shows(plan, other, values[other]))
        for each in operands:
            counts[each] = 1
    return counts


def _shows(plan: Plan, factor: int, value: Value) -> bool:
    """Whether what is multiplied by a factor shows: by one that moves, or by a number other than 0."""
    return bool(plan.moved[factor]) or (not getattr(value, "shape", ()) and value != 0)


def _level(plan: Plan, node: int, at: int) -> bool:
    """Whether a slope of 0 is 0 all around, and not at this point only: a branch not taken, a factor that is 0 for good."""
    graph = plan.graph
    row = graph.rows[graph.op[node]]
    if row.kink is not None or row.head == "where":
        return True
    multiplies = row.head in ("*", "/") or row.code in ("matmul", "dot", "outer")
    return multiplies and not any(plan.moved[each] for number, each in enumerate(graph.operands(node)) if number != at)


def _silenced(engine: Engine, node: int, at: int, values: list[Value]) -> Warned:
    """A slope of 0 behind one that is infinite."""
    graph = engine.graph
    operand = graph.operands(node)[at]
    by = label(graph, operand)
    message = f"an infinite slope arrives, and the slope by {by} is 0 at {by} = {engine.show(values[operand])}: together 0 by convention"
    return Warned(label(graph, node), graph.span(node), message)


def _hushed(engine: Engine, node: int, at: int, values: list[Value]) -> Warned:
    """A slope that is infinite, behind one of 0."""
    graph = engine.graph
    operand = graph.operands(node)[at]
    by = label(graph, operand)
    domain = graph.rows[graph.op[node]].slope_domain
    missing = "does not exist" if domain and domain[at] else "is infinite"
    message = f"the slope by {by} {missing} at {by} = {engine.show(values[operand])}, and 0 arrives: together 0 by convention"
    return Warned(label(graph, node), graph.span(node), message)


def _kink(engine: Engine, node: int, values: list[Value], adjoint: Value | None) -> str | None:
    """Where a node sits on a kink through which something flows, None where it does not. `adjoint` None: a comparison."""
    graph = engine.graph
    row = graph.rows[graph.op[node]]
    assert row.kink is not None
    operands = graph.operands(node)
    if row.code is not None:
        from backprop_cli.autodiff.array_sweep import tie

        alone = Plan(graph, node, (), bytearray(), bytearray(), (), ())
        return _place(engine, operands, values) if tie(engine.interpreter(alone), node, values, adjoint) else None
    taken = [values[operand] for operand in operands] + [values[node]]
    condition = engine.rules.condition(row, row.kink.at)
    if any(getattr(each, "shape", ()) for each in taken):
        condition = _entrywise(condition) if engine.exact else condition
    elif (adjoint is not None and adjoint == 0) or not all(engine.arithmetic.finite(each) for each in taken):
        return None  # a branch that is not taken need not have values
    with engine.quiet():
        hit = condition(*taken)
    if not engine.arrays or not getattr(hit, "shape", ()):
        return _place(engine, operands, values) if hit and (adjoint is None or adjoint != 0) else None
    if not hit.any():
        return None
    import numpy as np

    hit = np.asarray(hit, dtype=bool)
    if adjoint is not None:
        hit = hit & np.not_equal(adjoint, 0).astype(bool)
    count = int(np.count_nonzero(hit))
    return f"{count} of the {hit.size} entries of {label(graph, operands[0])}" if count else None


def _entrywise(condition: Callable[..., Any]) -> Callable[..., Any]:
    """A condition on exact numbers for arrays in which some entries have none."""
    import numpy as np

    def hit(*taken: Any) -> bool:
        return not any(each is None for each in taken) and bool(condition(*taken))

    made: Callable[..., Any] = np.frompyfunc(hit, condition.__code__.co_argcount, 1)
    return made


def _place(engine: Engine, operands: Sequence[int], values: list[Value]) -> str:
    graph = engine.graph
    return ", ".join(f"{label(graph, each)} = {engine.show(values[each])}" for each in operands[:3] if graph.op[each] != CONSTANT)


def dependent(plan: Plan) -> bytearray:
    """Marks what changes when the leaves in question do, also where no derivative passes, as through a comparison."""
    depends = bytearray(len(plan.graph))
    for node in plan.wrt:
        depends[node] = 1
    for node in plan.order:
        if any(depends[operand] for operand in plan.graph.operands(node)):
            depends[node] = 1
    return depends


def unused(engine: Engine, plan: Plan, computed: list[Value]) -> list[Warned]:
    """A warning for every statement outside its domain that the output does not use."""
    graph = engine.graph
    careful = engine.interpreter(plan)
    known = bytearray(plan.needed)
    values: list[Any] = list(computed)
    order: list[int] = []
    found: dict[int, Warned] = {}

    def tell(node: int, fault: BackpropError) -> None:
        message = f"{graph.labels[plan.output]} does not use this, and it has no value: {fault.diagnostics[0].message}"
        found.setdefault(graph.first_of(node), Warned(label(graph, node), graph.span(node), message))

    with engine.quiet():
        for node, op in enumerate(graph.op):
            if known[node]:
                continue
            if op < 0:
                known[node] = _leaf_value(engine, node, values, known)
                continue
            if all(known[each] for each in (*graph.operands(node), *graph.held(node))):
                try:
                    values[node] = careful.value(node, values)
                    known[node] = 1
                    order.append(node)
                except BackpropError as error:
                    tell(node, error)
        constants = set(graph.preset.values())
        careful.demand(values, order, [node for node in order if node in graph.labels or node in constants])
        undefined = [node for node in order if careful.demanded[node] == NEEDED and not engine.arithmetic.finite(values[node])]
        for node in undefined:
            if all(engine.arithmetic.finite(values[operand]) for operand in graph.operands(node)):
                tell(node, engine.faults.value(node, values))
    return list(found.values())


def _leaf_value(engine: Engine, node: int, values: list[Any], known: bytearray) -> bool:
    graph = engine.graph
    if node in engine.given:
        return True
    if node in graph.literal:
        text = graph.literal[node]
        constants = engine.arithmetic.constants
        values[node] = constants[text] if text in constants else engine.arithmetic.number(text)
        return True
    if node in graph.preset:
        values[node] = values[graph.preset[node]]
        return bool(known[graph.preset[node]])
    return False
