"""Value and gradients of a graph at a point: one forward sweep, one reverse sweep."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from backprop_cli.autodiff.engine import Engine, Value
from backprop_cli.autodiff.notices import Warned, conventions, unused
from backprop_cli.autodiff.plan import Plan, make_plan, needed_for
from backprop_cli.autodiff.point import Given, point, require_values
from backprop_cli.errors import BackpropError, Diagnostic, nearest
from backprop_cli.graph.graph import CONSTANT, Graph
from backprop_cli.limits import OWN, Limits
from backprop_cli.records import record

_MOST_KNOWN = 32  # questions about one graph that are remembered


@record
class Record:
    """The run node by node: the plan, the primal and the adjoint of every node that took part."""

    engine: Engine
    plan: Plan
    values: Sequence[Value]
    adjoints: Sequence[Value]


@record
class Gradients:
    """What one run found.

    `gradients` has the derivative of the output by each name asked for, in the order asked, each in the shape of its name;
    `leaves` the values of the leaves the output depends on; `roles` what each leaf is ("input", "param", "leaf") and
    "node" for computed names. `kinked` tells that a convention stood in for a derivative that does not exist. `record` is
    the run itself, node by node.
    """

    output: str
    value: Value
    gradients: dict[str, Value]
    leaves: dict[str, Value]
    roles: dict[str, str]
    kinked: bool
    warnings: tuple[Warned, ...]
    record: Record

    def __repr__(self) -> str:
        return f"Gradients(output={self.output!r}, value={self.value!r}, gradients={self.gradients!r}, warnings={self.warnings!r})"


def differentiate(
    graph: Graph,
    at: Mapping[str, Given] | None = None,
    of: str | None = None,
    wrt: Sequence[str] | None = None,
    *,
    exact: bool = False,
    limits: Limits = OWN,
) -> Gradients:
    """The value of `of` and its derivatives by `wrt` at a point.

    `at` gives leaves their values and overrides those of the file. `of` is the last name assigned unless given, and has one
    entry; `wrt` are the `param` leaves unless given, or every leaf the output depends on where none is declared. With
    `exact` numbers are rationals and closed constants. Raises BackpropError for unknown names, missing values, shapes that
    do not fit, values outside a function's domain, overflow.
    """
    name, names, plan, engine = prepared(graph, at, of, wrt, exact, limits)
    output, nodes = plan.output, plan.wrt
    values, adjoints = engine.sweep(plan, engine.start(plan), lambda value: require_scalar(graph, output, value))
    independent = [(each, node) for each, node in zip(names, nodes, strict=True) if not plan.needed[node]]
    warnings = [Warned(each, graph.span(node), f"{name} does not depend on {each}, so the gradient is 0") for each, node in independent]
    kinks = conventions(engine, plan, values, adjoints)
    warnings += kinks
    if not all(plan.needed):
        warnings += unused(engine, plan, values)
    roles = {each: graph.roles.get(each, "leaf") if each in graph.leaves else "node" for each in (*graph.leaves, *names)}
    leaves = {each: plain(values[leaf]) for each, leaf in graph.leaves.items() if plan.needed[leaf]}
    gradients = {each: plain(adjoints[node]) for each, node in zip(names, nodes, strict=True)}
    for each, node in independent:
        gradients[each] = nothing_in_the_shape_of(engine, node)
    record = Record(engine, plan, values, adjoints)
    return Gradients(name, plain(values[output], scalar=True), gradients, leaves, roles, bool(kinks), tuple(warnings), record)


@record
class Jacobians:
    """`value` of the output, and by name the derivative of each of its entries: output's shape, then the leaf's."""

    output: str
    value: Value
    jacobians: dict[str, Value]
    kinked: bool
    warnings: tuple[Warned, ...]


def jacobian(
    graph: Graph,
    at: Mapping[str, Given] | None = None,
    of: str | None = None,
    wrt: Sequence[str] | None = None,
    *,
    exact: bool = False,
    limits: Limits = OWN,
) -> Jacobians:
    """The derivatives of every entry of `of` by every entry of `wrt`: one forward sweep, one reverse sweep an entry.

    Arguments and errors are those of `differentiate`; the output may have any shape.
    """
    import numpy as np

    name, names, plan, engine = prepared(graph, at, of, wrt, exact, limits)
    output, nodes = plan.output, plan.wrt
    values, sweeps = engine.sweep_each(plan, engine.start(plan))
    shape = np.shape(values[output])
    size = int(np.prod(shape)) * sum(int(np.size(values[node])) for node in nodes)
    if size > limits.entries:
        message = f"the Jacobian would have {size:,} entries; the limit is {limits.entries:,}"
        hint = "choose fewer names with --wrt, or allow more with --limit entries=N"
        raise BackpropError(Diagnostic("too-many-entries", message, graph.program.source, graph.span(output), hint=hint))
    if np.size(values[output]) == 0:
        raise BackpropError(Diagnostic("output-not-scalar", f"{name} has no entries", graph.program.source, graph.span(output)))
    parts: list[list[Value]] = [[] for _ in nodes]
    warnings: dict[str, Warned] = {}
    for adjoints in sweeps:
        for found, node in zip(parts, nodes, strict=True):
            found.append(adjoints[node])
        warnings |= {each.message: each for each in conventions(engine, plan, values, adjoints)}
    whole = {each: plain(np.reshape(np.array(found), shape + np.shape(found[0]))) for each, found in zip(names, parts, strict=True)}
    return Jacobians(name, plain(values[output]), whole, bool(warnings), tuple(warnings.values()))


def nothing_in_the_shape_of(engine: Engine, node: int) -> Value:
    """Zero, or an array of zeros where a name that the output does not depend on holds an array."""
    if not engine.arrays or node in engine.graph.literal:
        return engine.arithmetic.number("0")
    if node in engine.given:
        return plain(engine.seed(engine.given[node]) * 0)
    plan = make_plan(engine.graph, node, (), engine.given)
    try:
        require_values(plan, engine.given)
        values = engine.start(plan)
        with engine.quiet():
            engine.interpreter(plan).forward(values, plan.order, ())
        return plain(engine.interpreter(plan).zero(values[node]))
    except BackpropError:
        return engine.arithmetic.number("0")


def plain(value: Value, scalar: bool = False) -> Value:
    """A value as people's programs expect it: a Python number, or an array that nobody can write to."""
    if not hasattr(value, "shape"):
        return value
    if not value.shape or scalar:
        return value.reshape(()).item()
    value.setflags(write=False)
    return value


def require_scalar(graph: Graph, output: int, value: Value) -> None:
    """Complain of an output with more entries than one."""
    if getattr(value, "size", 1) == 1:
        return
    name = graph.labels[output]
    raise BackpropError(
        Diagnostic(
            "output-not-scalar",
            f"{name} has shape {value.shape}, and a gradient belongs to a single number",
            graph.program.source,
            graph.span(output),
            f"{value.size} entries",
            hint=f"end with  sum({name})  or another number, choose it with --of, or see all of it with  backprop grad --jacobian",
        )
    )


def prepared(
    graph: Graph, at: Mapping[str, Given] | None, of: str | None, wrt: Sequence[str] | None, exact: bool, limits: Limits
) -> tuple[str, list[str], Plan, Engine]:
    """The output's name, the names to differentiate by, and the plan and the engine for them, every value that is needed at hand."""
    given = point(graph, at or {}, exact, limits)
    question = (of, None if wrt is None else tuple(wrt), frozenset(given))
    found = graph.known.get(question)
    if found is None:
        if len(graph.known) >= _MOST_KNOWN:
            graph.known.clear()
        name, output, names, nodes = asked(graph, of, wrt, given)
        plan = make_plan(graph, output, nodes, given)
        require_values(plan, given)
        found = graph.known[question] = name, names, plan
    name, names, plan = found
    return name, list(names), plan, Engine(graph, given, exact, limits)


def asked(graph: Graph, of: str | None, wrt: Sequence[str] | None, given: Collection[int]) -> tuple[str, int, list[str], list[int]]:
    """The output and the names to differentiate by, each with its node."""
    name = of or graph.output
    assert name is not None
    output = node_named(graph, name, "differentiate")
    names = names_asked(graph, output, wrt, given)
    return name, output, names, [node_named(graph, each, "differentiate by") for each in names]


def node_named(graph: Graph, name: str, purpose: str) -> int:
    """The node of a name; raises BackpropError where there is none."""
    if name in graph.names and graph.op[graph.names[name]] != CONSTANT:
        return graph.names[name]
    if name in graph.names:
        hint = f"assign or declare {name} in the file, or give it a value with --at"
    else:
        close = nearest(name, graph.names)
        hint = f"did you mean {close}?" if close else f"its names: {', '.join(list(graph.names)[:12])}"
    raise BackpropError(Diagnostic("unknown-name", f"{graph.program.source.name} has no node {name} to {purpose}", hint=hint))


def names_asked(graph: Graph, output: int, wrt: Sequence[str] | None, given: Collection[int]) -> list[str]:
    """The names to differentiate by: those asked for, else the parameters, else every leaf that the output depends on."""
    if wrt is not None:
        return list(dict.fromkeys(wrt))
    params = [name for name in graph.leaves if graph.roles.get(name) == "param"]
    return params or leaves_of(graph, output, given)


def leaves_of(graph: Graph, output: int, given: Collection[int]) -> list[str]:
    """Every leaf that the output depends on, without those that hold an axis or an index and nothing else."""
    needed = needed_for(graph, output, given)
    integers = {leaf for node in graph.static if needed[node] for leaf in graph.held(node)}
    if integers:
        used = (node for node in range(len(graph)) if needed[node] and graph.op[node] >= 0)
        integers -= {operand for node in used for operand in graph.operands(node)}
    return [name for name, leaf in graph.leaves.items() if needed[leaf] and leaf not in integers]
