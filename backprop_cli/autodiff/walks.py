"""Other ways of telling the backward sweep: the algorithm of marks, the recursion with a memory, every path by itself."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backprop_cli.autodiff.engine import Value
from backprop_cli.autodiff.trace import Contributed, Trace

Add = Callable[[Any, Any], Any]


class Edges:
    """The edges of a run in both directions: `into[n]` those on which n sends, `out[n]` those on which n receives."""

    def __init__(self, trace: Trace, steps: Sequence[Contributed]) -> None:
        plan = trace.record.plan
        self.trace, self.output = trace, plan.output
        self.into: dict[int, list[Contributed]] = {}
        self.out: dict[int, list[Contributed]] = {}
        for step in steps:
            self.into.setdefault(step.index, []).append(step)
            self.out.setdefault(step.read, []).append(step)
        self.nodes = {self.output} | set(self.into) | set(self.out)
        self.add: Add = trace.interpreter.arithmetic.add
        self.multiply: Add = trace.interpreter.arithmetic.multiply
        self.seed: Value = trace.record.adjoints[plan.output]


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """One turn of the iterative algorithm: a node all of whose outgoing edges are marked, and what it adds to its operands.

    `ready` are the users whose edges to the node are marked; `adds` has for each operand its gradient before, what is added,
    and its gradient after.
    """

    turn: int
    node: str
    ready: tuple[str, ...]
    grad: Value
    adds: tuple[tuple[Contributed, Value, Value], ...]


def iterative(edges: Edges) -> Iterator[Marked]:
    """The algorithm of marks: grad[output] = 1, all else 0; while nodes are unmarked, take one whose outgoing edges are all marked."""
    zero = edges.trace.interpreter.zero
    values = edges.trace.record.values
    grad: dict[int, Value] = {edges.output: edges.seed}
    open_edges = {node: len(edges.out.get(node, ())) for node in edges.nodes}
    ready = [-node for node, count in open_edges.items() if count == 0]
    heapq.heapify(ready)
    turn = 0
    while ready:
        node = -heapq.heappop(ready)
        assert open_edges[node] == 0, "a node is taken before all its outgoing edges are marked"
        turn += 1
        adds = []
        for step in edges.into.get(node, ()):
            before = grad.get(step.read)
            after = step.contribution if before is None else edges.add(before, step.contribution)
            grad[step.read] = after
            adds.append((step, zero(values[step.read]) if before is None else before, after))
            open_edges[step.read] -= 1
            if open_edges[step.read] == 0:
                heapq.heappush(ready, -step.read)
        users = tuple(step.user for step in edges.out.get(node, ()))
        yield Marked(turn, edges.trace.name(node), users, grad[node], tuple(adds))


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """A line of the recursion: a node is asked for its gradient.

    `what` is "asks" where it has to ask its users first, "known" where the answer is remembered, "start" for the output, and
    "answers" with the `terms` that were summed.
    """

    depth: int
    node: str
    what: str
    value: Value | None
    terms: tuple[tuple[Contributed, Value], ...] = ()


def recursive(edges: Edges, wanted: Sequence[int]) -> Iterator[Called]:
    """grad(n) = the sum over the users n' of grad(n')*∂n'/∂n, each grad worked out once and remembered. An explicit stack."""
    known: dict[int, Value] = {}
    name = edges.trace.name
    for start in wanted:
        stack: list[tuple[int, Iterator[Contributed] | None]] = [(start, None)]
        while stack:
            node, rest = stack.pop()
            depth = len(stack)
            if rest is None:
                if node in known:
                    yield Called(depth, name(node), "known", known[node])
                    continue
                if node == edges.output:
                    known[node] = edges.seed
                    yield Called(depth, name(node), "start", edges.seed)
                    continue
                yield Called(depth, name(node), "asks", None)
                rest = iter(edges.out.get(node, ()))
            step = next(rest, None)
            if step is not None:
                stack.append((node, rest))
                stack.append((step.index, None))
                continue
            terms = tuple((each, known[each.index]) for each in edges.out.get(node, ()))
            total: Value = None
            for each, _ in terms:
                total = each.contribution if total is None else edges.add(total, each.contribution)
            known[node] = edges.trace.interpreter.zero(edges.trace.record.values[node]) if total is None else total
            yield Called(depth, name(node), "answers", known[node], terms)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A way from a leaf to the output: the edges from the leaf up, and the product of their local derivatives."""

    steps: tuple[Contributed, ...]
    product: Value


def count_paths(edges: Edges) -> dict[int, int]:
    """How many paths lead from each node to the output."""
    counts = {edges.output: 1}
    for node in sorted(edges.nodes, reverse=True):
        if node != edges.output:
            counts[node] = sum(counts[step.index] for step in edges.out.get(node, ()))
    return counts


def paths(edges: Edges, leaf: int, most: int) -> Iterator[Path]:
    """The first `most` paths from a leaf to the output. Only where every local derivative is a number."""
    walked: list[Contributed] = []
    stack: list[Iterator[Contributed]] = [iter(edges.out.get(leaf, ()))]
    while stack and most:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            if walked:
                walked.pop()
            continue
        walked.append(step)
        if step.index != edges.output:
            stack.append(iter(edges.out.get(step.index, ())))
            continue
        product: Value = edges.trace.interpreter.arithmetic.number("1")
        for each in reversed(walked):
            product = edges.multiply(product, each.local)
        yield Path(tuple(walked), product)
        most -= 1
        walked.pop()
