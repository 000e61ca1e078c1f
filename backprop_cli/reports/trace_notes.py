"""What a lecturer would point at: adjoints used several times, gradients that vanish, functions on their flat side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backprop_cli.lang.syntax import Name
from backprop_cli.reports.document import Block, Cell, Figure, Listing, Paragraph, Partial, Phrase, Status
from backprop_cli.reports.trace import Report, line_of, listed, sizes, warnings

if TYPE_CHECKING:
    from backprop_cli.autodiff.trace import Contributed

_MOST = 8  # remarks of one kind
_SATURATING = frozenset(["sigmoid", "tanh", "softsign", "erf", "erfc", "atan", "logsigmoid", "softplus", "elu", "gelu", "silu"])
_FLAT = frozenset(["relu", "clip", "floor", "ceil", "round", "sign"])
_SMALL_SLOPE = 1e-3
_LONG = 60  # signs of a local derivative


def notes(given: Report) -> list[Block]:
    """The remarks below a trace."""
    return [*_reused(given), *warnings(given), *_vanished(given), *_saturated(given), *_long(given)]


def _long(given: Report) -> Iterator[Block]:
    """How to see a derivative that is long because its assignment is."""
    if given.trace.opened or not given.small:
        return
    if any(step.factor and step.written is not None and len(step.written.text) > _LONG for step in given.steps):
        yield Paragraph((Status.NOTE, "a long local derivative is several rules at once; --ops opens assignments into single operations"))


def _reused(given: Report) -> list[Block]:
    """Which adjoints are computed once and lead on to several of the names asked for."""
    if not given.small:
        return []
    graph, output = given.trace.graph, given.output
    reached: dict[int, set[str]] = {graph.names[name]: {name} for name in given.names}
    users: dict[int, list[int]] = {}
    for step in given.steps:
        users.setdefault(step.index, []).append(step.read)
    groups: dict[tuple[str, ...], list[str]] = {}
    for block in given.trace.blocks:
        served = [reached.get(read, set()) for read in users.get(block.node, [])]
        everything = set().union(*served)
        reached.setdefault(block.node, set()).update(everything)
        if sum(map(bool, served)) > 1 and block.node != given.found.record.plan.output:
            groups.setdefault(tuple(name for name in given.names if name in everything), []).insert(0, given.trace.name(block.node))
    lines: list[tuple[Cell, ...]] = []
    for names, nodes in reversed(groups.items()):
        told: list[Cell] = []
        for node in nodes[:_MOST]:
            told += [*([","] if told else []), Partial(output, node)]
        if len(nodes) > _MOST:
            told.append(f"and {len(nodes) - _MOST} more")
        used: tuple[Cell, ...] = (*listed(names, "and"), *([", on several paths"] if len(names) == 1 else []))
        lines.append((Phrase((*told, "computed once, used for", *used)),))
    return [Listing("reused", tuple(lines))] if lines else []


def _vanished(given: Report) -> Iterator[Block]:
    """Why a gradient is exactly 0."""
    output = given.output
    if not given.small:
        names = [name for name, value in given.gradients.items() if not sizes(value) and value == 0]
        yield from (Paragraph((Status.NOTE, Partial(output, name), "vanishes")) for name in names[:_MOST])
        return
    last: dict[str, list[Contributed]] = {}
    for step in given.steps:
        last.setdefault(step.operand, []).append(step)
    found = 0
    for name, value in given.gradients.items():
        steps = last.get(name, [])
        if sizes(value) or not steps or value != 0 or any(step.contribution != 0 for step in steps):
            if sizes(value) or not steps or value != 0:
                continue
            said: list[Cell] = ["the contributions cancel"]
        else:
            step = steps[0]
            if len(steps) > 1:
                said = [f"each of its {len(steps)} contributions is 0"]
            elif (step.factor and step.local is not None and bool(step.local == 0)) or (
                step.written is not None and step.written.text == "0"
            ):
                said = [Partial(step.user, name), "= 0"] if step.user != output else ["the local derivative is 0"]
            elif _nothing(step.upstream):
                said = ["nothing arrives from above:", Partial(output, step.user), "= 0"]
            else:
                said = ["what its entries or copies receive adds up to 0"]
        found += 1
        if found > _MOST:
            return
        yield Paragraph((Status.NOTE, Partial(output, name), "vanishes:", *said))


def _nothing(value: Any) -> bool:
    return not value.any() if sizes(value) else bool(value == 0)


def _saturated(given: Report) -> Iterator[Block]:
    """Operations whose slope is so flat that they hold the gradient back."""
    record, graph = given.found.record, given.trace.graph
    plan, rules = record.plan, record.engine.rules
    watched = {number: row for number, row in enumerate(graph.rows) if row.head in _SATURATING or row.head in _FLAT}
    if not watched:
        return
    found = 0
    values: list[Any] = list(record.values)
    from backprop_cli.autodiff.notices import label

    for node in plan.order:
        row = watched.get(graph.op[node])
        if row is None or not plan.moved[node]:
            continue
        inputs = [values[operand] for operand in graph.operands(node)]
        number = not sizes(inputs[0])
        if number and not all(record.engine.arithmetic.finite(each) for each in inputs):
            continue  # in a branch that is not taken
        if row.kink is not None and number:
            bent = rules.condition(row, row.kink.at)(*inputs, values[node])
            if bent.any() if hasattr(bent, "any") else bent:
                continue  # told as a warning
        slope = given.trace.interpreter.attempt(rules.slope(row, 0), *inputs, values[node])
        said = _flat(slope, row.head in _FLAT)
        if said is None:
            continue
        found += 1
        if found > _MOST:
            return
        operand = graph.operands(node)[0]
        name = graph.labels.get(operand)
        place: list[Cell] = ["at", Name(name), "=", Figure(values[operand])] if name and number else []
        what = f"{label(graph, node)} (line {line_of(given, graph.span(node))}):"
        yield Paragraph((Status.NOTE, what, row.head, *said, *place))


def _flat(slope: Any, flat: bool) -> list[Cell] | None:
    """What to say about a slope, None where it is steep enough."""
    if sizes(slope):
        import numpy as np

        size = np.abs(np.asarray(slope, dtype=float))
        count = int(np.count_nonzero(size == 0 if flat else size < _SMALL_SLOPE))
        if not count:
            return None
        what = "passes nothing back in" if flat else "is saturated in"
        return [f"{what} {count} of {size.size} entries"]
    try:
        size = abs(float(slope))
    except (TypeError, ValueError, OverflowError):
        return None
    if flat:
        return ["passes nothing back: its slope is 0"] if size == 0 else None
    return ["is saturated: its slope is only", Figure(slope)] if size < _SMALL_SLOPE else None
