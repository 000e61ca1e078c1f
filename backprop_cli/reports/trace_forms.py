"""A trace in formulas: without values, compiled before values are known, replayed from a tape, and against the expanded form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backprop_cli.errors import BackpropError
from backprop_cli.lang.syntax import Expr, Name, postorder, substitute
from backprop_cli.reports.document import Block, Cell, Figure, Listing, Paragraph, Partial, Phrase, Rail, Status, Table, Title
from backprop_cli.reports.trace import Report, listed, sizes
from backprop_cli.reports.trace_rails import rails
from backprop_cli.reports.trace_tables import PRODUCT, lines_of, start, working

_CLOSE = 1e-9


# ---- formulas without values ----


def symbolic(given: Report) -> list[Block]:
    """Both sweeps as formulas."""
    output = given.output
    lines = list(lines_of(given)) if given.small else []
    drawn = rails(lines) if 0 < len(lines) <= 60 else None
    forward = Table(("", ""), _forward(given, drawn), "forward", "in the order of the file")
    aside = Phrase(start(output))
    backward = Table(("", "node", "rule", "local", "chain rule"), _backward(given), "backward", aside, (2,), lifted=(0, 1, 2))
    return [Title((Name(output),)), forward, backward, *_closed(given)]


def _forward(given: Report, drawn: list[str] | None) -> Iterator[list[Cell]]:
    trace = given.trace
    known: set[int] = set()
    line = 0
    for block in trace.blocks:
        for node in (*block.reads, block.node):
            if node in known or (trace.graph.op[node] >= 0 and node != block.node):
                continue
            known.add(node)
            rail: tuple[Cell, ...] = (Rail(drawn[line]),) if drawn is not None else ()
            line += 1
            name = trace.name(node)
            if node == block.node:
                yield [str(trace.number_of[node]), Phrase((*rail, Name(name), "=", trace.written(node)))]
            else:
                yield ["", Phrase((*rail, Name(name), given.found.roles.get(name, "leaf")))]


def _backward(given: Report) -> Iterator[list[Cell]]:
    trace, output = given.trace, given.output
    visits: dict[int, int] = {}
    for block in reversed(trace.blocks):
        reads = trace.receivers(block)
        if not reads:
            continue
        user = trace.name(block.node)
        factor = trace.factors(block)
        formulas = trace.writer.written(block, None if factor else trace.upstream_name(block.node), trace.arrays)
        for at, read in enumerate(reads):
            operand, formula = trace.name(read), formulas.get(read)
            visits[read] = visits.get(read, 0) + 1
            sign = "=" if trace.counts[read] == 1 else "+="
            local: Cell = Phrase((Partial(user, operand), "=", formula)) if factor and formula is not None else ""
            if factor:
                right: tuple[Cell, ...] = (Partial(output, user), "·", Partial(user, operand)) if user != output else (formula or "",)
            else:
                right = (formula,) if formula is not None else ("by the rule's own code",)
            number, node = (str(trace.number_of[block.node]), Phrase((Name(user), "=", trace.written(block.node)))) if at == 0 else ("", "")
            rule = trace.rule(block) if at == 0 else ""
            yield [number, node, rule, local, Phrase((Partial(output, operand), sign, *right))]


def _closed(given: Report) -> list[Block]:
    from backprop_cli.oracles import closed_forms

    forms = closed_forms(given.program, given.output, given.names, given.limits, tuple(given.at))
    lines = [
        (Phrase((Partial(given.output, name), "=", tree)),)
        for name, form in forms.items()
        if (tree := form.in_nodes or form.in_leaves) is not None
    ]
    return [Listing("closed forms", tuple(lines))] if lines else []


# ---- static: expressions first, then values; tape: recorded, then replayed ----


def static(given: Report) -> list[Block]:
    """The gradient expressions made once from the graph, and then their values from the data."""
    from backprop_cli.autodiff.replay import adjoint_statements

    statements = list(adjoint_statements(given.trace))
    names = {name: node for node, name, _ in statements}
    example = given.trace.name(statements[-1][0])
    adjoint = Name(given.trace.upstream_name(statements[-1][0]))
    aside = Phrase(("expressions made once, before any value is known;", adjoint, "is", Partial(given.output, example)))
    rows: list[list[Cell]] = [
        [str(n), Phrase((Name(name), "=", expr if expr is not None else "not written"))] for n, (_, name, expr) in enumerate(statements, 1)
    ]
    compiled = Table(("", ""), rows, "compiled", aside)
    values = run_statements(given)
    if values is None:
        return [compiled, Paragraph((Status.OPEN, "not run: one of the expressions has no short form in the language"))]
    run: Iterator[list[Cell]] = ([Name(name), Figure(values[name], gradient=True)] for name in names)
    return [
        compiled,
        Table(("", ""), run, "run", "the data fed through the forward statements and then through these"),
        _equal(given, values),
    ]


def tape(given: Report) -> list[Block]:
    """The operations as they were recorded, and the tape played backwards."""
    trace = given.trace
    recorded: Iterator[list[Cell]] = (
        [
            str(trace.number_of[block.node]),
            Name(trace.name(block.node)),
            trace.rule(block),
            Phrase(listed([trace.name(read) for read in block.reads])),
            Figure(given.found.record.values[block.node]),
        ]
        for block in trace.blocks
    )
    played: Iterator[list[Cell]] = (
        [
            str(trace.number_of[step.index]) if not step.reused else "",
            Phrase((Name(step.user), "→", Name(step.operand))),
            working(step),
            Phrase((Partial(given.output, step.operand), "=", Figure(step.adjoint, gradient=True)), room=True),
        ]
        for step in given.steps
    )
    values = run_statements(given)
    blocks: list[Block] = [
        Table(("", "made", "by", "from", "value"), recorded, "recorded", "the tape, while the program runs"),
        Table(("", "edge", PRODUCT, "gradient so far"), played, "replayed", "the same tape from its end to its start"),
    ]
    return [*blocks, _equal(given, values)] if values is not None else blocks


def run_statements(given: Report) -> Mapping[str, Any] | None:
    """The values of the compiled statements, run by themselves."""
    from backprop_cli.autodiff.replay import adjoint_statements, forward_statements, run

    statements = list(adjoint_statements(given.trace))
    if any(expr is None for _, _, expr in statements):
        return None
    from backprop_cli.lang.unparse import unparse

    texts = [f"{name} = {unparse(expr)}" for _, name, expr in statements if expr is not None]
    try:
        return run([*forward_statements(given.trace), *texts], given.found.leaves, given.found.record.engine.exact, given.limits)
    except BackpropError:
        return None


def _equal(given: Report, values: Mapping[str, Any]) -> Block:
    names = {name: given.trace.upstream_name(given.trace.graph.names[name]) for name in given.names}
    known = {name: values[adjoint] for name, adjoint in names.items() if adjoint in values}
    if all(_close(value, given.gradients[name]) for name, value in known.items()):
        return Paragraph((Status.RIGHT, "static and tape give equal numbers"))
    return Paragraph((Status.NOTE, "static and tape differ in rounding at this point"))


def _close(left: Any, right: Any) -> bool:
    if sizes(left) or sizes(right):
        import numpy as np

        return bool(np.allclose(np.asarray(left, dtype=float), np.asarray(right, dtype=float), rtol=_CLOSE, atol=1e-300))
    a, b = float(left), float(right)
    return a == b or abs(a - b) <= _CLOSE * max(abs(a), abs(b))


# ---- the expanded form ----


def expanded(given: Report) -> list[Block]:
    """The output in its leaves alone, its derivative, the chain rule's form, and why the two are equal."""
    from backprop_cli.oracles import closed_forms

    whole = written_out(given)
    if whole is None:
        most = f"{given.limits.expanded:,} parts (--limit expanded=N)"
        return [Paragraph((Status.OPEN, f"not expanded: the formula would have more than {most}"))]
    output = given.output
    forms = closed_forms(given.program, output, given.names, given.limits, tuple(given.at))
    blocks: list[Block] = [Listing("expanded: everything in the leaves", ((Phrase((Name(output), "=", whole)),),))]
    direct = [(name, form.in_leaves) for name, form in forms.items() if form.in_leaves is not None]
    behind = [(name, form.in_nodes) for name, form in forms.items() if form.in_nodes is not None]
    if direct:
        blocks.append(Listing("differentiated as it stands", tuple((Phrase((Partial(output, n), "=", tree)),) for n, tree in direct)))
    if behind:
        blocks.append(Listing("from behind, by the chain rule", tuple((Phrase((Partial(output, n), "=", tree)),) for n, tree in behind)))
    for name, form in forms.items():
        if form.in_leaves is None and form.in_nodes is None:
            blocks.append(Paragraph((Status.OPEN, f"no formula for {name}: {form.reason}")))
    if direct and behind:
        blocks += _why(given, direct, behind)
    return blocks


def _why(given: Report, direct: list[tuple[str, Expr]], behind: list[tuple[str, Expr]]) -> list[Block]:
    """Why both forms are one function, and that they are equal here."""
    from backprop_cli.autodiff.replay import forward_statements, run
    from backprop_cli.lang.unparse import unparse

    used = {part.id for _, tree in behind for part in postorder(tree) if isinstance(part, Name)}
    inner = [given.trace.name(block.node) for block in given.trace.blocks if given.trace.name(block.node) in used]
    said: tuple[Cell, ...] = ()
    if inner:
        said = ("The second form says", *listed(inner), "where the first has their definitions written out.")
    both = "Both differentiate one function, so they are equal wherever it has a derivative; the second shares what the first repeats."
    blocks: list[Block] = [Paragraph((*said, both))]
    if not given.valued:
        return blocks
    names = [name for name, _ in direct if name in dict(behind)]
    pairs = [(f"first_{n}", f"second_{n}") for n in range(len(names))]
    taken = given.trace.graph.names
    if not names or any(word in taken for pair in pairs for word in pair):
        return blocks
    texts = []
    for (first, second), name in zip(pairs, names, strict=True):
        texts += [f"{first} = {unparse(dict(direct)[name])}", f"{second} = {unparse(dict(behind)[name])}"]
    try:
        values = run([*forward_statements(given.trace), *texts], given.found.leaves, given.found.record.engine.exact, given.limits)
    except BackpropError:
        return blocks
    if all(_close(values[first], values[second]) for first, second in pairs):
        found: list[Cell] = []
        for (first, _), name in zip(pairs, names, strict=True):
            found += [Phrase((Partial(given.output, name), "=", Figure(values[first], gradient=True)))]
        blocks.append(Paragraph((Status.RIGHT, "both are equal at this point:", *found)))
    return blocks


def written_out(given: Report) -> Expr | None:
    """The output with every node's definition put in; None past the limit."""
    known: dict[str, Expr] = {}
    graph = given.trace.graph
    for block in given.trace.blocks:
        tree = substitute(graph.expr(block.node) if not given.trace.opened else given.trace.written(block.node).tree, known)
        if sum(1 for _ in zip(postorder(tree), range(given.limits.expanded + 1), strict=False)) > given.limits.expanded:
            return None
        known[given.trace.name(block.node)] = tree
    return known.get(given.output, Name(given.output))
