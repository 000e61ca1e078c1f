"""Forward mode beside reverse mode: tangents of every node, and what each mode costs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

from backprop_cli.lang.syntax import Name
from backprop_cli.reports.document import Block, Cell, Figure, Paragraph, Partial, Status, Table
from backprop_cli.reports.trace import Report, sizes

_MOST = 6  # tangents side by side
_FIT = 2  # of them that fit everywhere
_SWEPT = 200  # sweeps that are made for the comparison
_CLOSE = 1e-9

Seed = tuple[str, int, tuple[int, ...]]


def modes(given: Report, both: bool) -> list[Block]:
    """The table of tangents, the count of operations, and whether the two modes agree."""
    from backprop_cli.autodiff.tangents import TooLarge

    seeds = list(seeds_of(given))
    try:
        found = sweeps(given, seeds)
    except TooLarge as reason:
        return [Paragraph((Status.OPEN, f"no forward mode: a function of whole arrays has {reason}"))]
    shown = seeds[:_MOST]
    aside = "one sweep for each leaf: a node's tangent is the sum of local derivative × tangent over its operands"
    if len(seeds) > _FIT:
        aside += f"; of {len(seeds)} leaves or entries the first ones, as many as fit"
    adjoint = [Partial(given.output, "node")] if both else []
    head: tuple[Cell, ...] = ("", "node", "value", *adjoint, *(Partial("", label) for label, _, _ in shown))
    spare = tuple(range(len(head) - 1, len(head) - len(shown), -1))
    table = Table(head, _rows(given, found[: len(shown)], both), "forward mode", aside, spare)
    return [table, *_costs(given, seeds), *_agreement(given, seeds, found)]


def seeds_of(given: Report) -> Iterator[Seed]:
    """The leaves asked for, arrays entry by entry."""
    graph, values = given.trace.graph, given.found.record.values
    for name in given.names:
        leaf = graph.names[name]
        if not given.found.record.plan.needed[leaf]:
            continue
        for entry in product(*map(range, sizes(values[leaf]))):
            yield f"{name}[{', '.join(map(str, entry))}]" if entry else name, leaf, entry


def _rows(given: Report, found: list[list[Any]], both: bool) -> Iterator[list[Cell]]:
    trace, values = given.trace, given.found.record.values
    adjoints: dict[int, Any] = {step.read: step.adjoint for step in given.steps}
    adjoints[given.found.record.plan.output] = given.found.record.adjoints[given.found.record.plan.output]
    known: set[int] = set()
    for block in trace.blocks:
        for node in (*block.reads, block.node):
            if node in known or (trace.graph.op[node] >= 0 and node != block.node):
                continue
            known.add(node)
            number = str(trace.number_of[node]) if node in trace.number_of else ""
            adjoint: list[Cell] = []
            if both:
                adjoint = [Figure(adjoints[node], gradient=True) if node in adjoints else ""]
            moved: list[Cell] = [Figure(0.0 if each[node] is None else each[node]) for each in found]
            yield [number, Name(trace.name(node)), Figure(values[node]), *adjoint, *moved]


def sweeps(given: Report, seeds: list[Seed]) -> list[list[Any]]:
    """The tangents of all nodes, for each of the first seeds. Raises TooLarge."""
    from backprop_cli.autodiff.tangents import tangents

    return [tangents(given.found.record, leaf, entry) for _, leaf, entry in seeds[:_SWEPT]]


def products(given: Report, seeds: list[Seed]) -> tuple[int, int]:
    """How many products with local derivatives reverse and forward mode take, counted over the edges of the trace."""
    edges = [(step.read, step.index) for step in reversed(given.steps)]
    counts: dict[int, int] = {}
    needed: set[int] = set()
    for leaf in {leaf for _, leaf, _ in seeds}:
        reached, used = {leaf}, 0
        for number, (read, user) in enumerate(edges):
            if read in reached:
                reached.add(user)
                needed.add(number)
                used += 1
        counts[leaf] = used
    return len(needed), sum(counts[leaf] for _, leaf, _ in seeds)


def _costs(given: Report, seeds: list[Seed]) -> Iterator[Block]:
    reverse, forward = products(given, seeds)
    leaves = f"{len(seeds)} {'number' if len(seeds) == 1 else 'numbers'}"
    yield Paragraph(("reverse mode:", f"1 sweep for all of {leaves}, {reverse} products with local derivatives"))
    yield Paragraph(
        ("forward mode:", f"{len(seeds)} {'sweep' if len(seeds) == 1 else 'sweeps'}, one for each of {leaves}, {forward} products")
    )
    if len(seeds) > 1:
        yield Paragraph((f"One output and {leaves}: reverse mode wins. With one leaf and many outputs forward mode would.",))
    else:
        yield Paragraph(("One output and one number: both modes need one sweep.",))


def _agreement(given: Report, seeds: list[Seed], found: list[list[Any]]) -> Iterator[Block]:
    output = given.found.record.plan.output
    worst = 0.0
    for (label, _, entry), moved in zip(seeds, found, strict=False):
        reverse = given.gradients[label.partition("[")[0]]
        reverse = reverse[entry] if entry else reverse
        forward = moved[output]
        forward = forward.reshape(-1)[0] if sizes(forward) else forward
        left, right = float(reverse), 0.0 if forward is None else float(forward)
        if math.isnan(right) or (forward is None and left):
            yield Paragraph(
                (Status.NOTE, f"forward mode by {label} meets a derivative that does not exist and that reverse mode does not need")
            )
            return
        worst = max(worst, abs(left - right) / max(abs(left), abs(right), 1e-300)) if left != right else worst
    if worst <= _CLOSE:
        yield Paragraph((Status.RIGHT, "both modes give the same gradients"))
    else:
        worst = float(f"{worst:.0e}")
        yield Paragraph((Status.NOTE, "the modes differ by", Figure(worst), ", relative: the sums cancel at this point"))
