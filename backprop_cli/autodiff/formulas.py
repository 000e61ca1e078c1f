"""Local derivatives as formulas, for single operations and for whole assignments.

An assignment such as `L = (sigmoid(w*x) - y)^2` is several operations; its derivative by `w` is put together from the
table's formulas by the same reverse sweep that the numbers take, with trees in place of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from backprop_cli.autodiff.engine import Value
from backprop_cli.calculus.formula import tree
from backprop_cli.calculus.tidy import ONE, product, tidy, total
from backprop_cli.graph.graph import CONSTANT, Graph
from backprop_cli.lang.syntax import Expr, Name, postorder, substitute

LARGEST = 1_000


class Unwritten(Exception):
    """A derivative that has no formula of readable length."""


class Formulas:
    """Writes the local derivatives of one run; `values` give the shapes where there are arrays."""

    def __init__(self, graph: Graph, values: Sequence[Value], static: dict[int, dict[str, object]]) -> None:
        self.graph, self.values, self.static = graph, values, static

    def by_operand(self, node: int, inner: Sequence[int], upstream: Expr | None = None) -> dict[int, Expr | None]:
        """For each node that an assignment reads: its local derivative, or, with `upstream`, what it receives.

        `inner` are the operations the assignment is made of, `node` the last of them. None where there is no formula.
        """
        members = set(inner)
        arriving: dict[int, Expr | None] = {node: ONE if upstream is None else upstream}
        found: dict[int, Expr | None] = {}
        for each in reversed(inner):
            if each not in arriving:
                continue
            g = arriving[each]
            for at, operand in enumerate(self.graph.operands(each)):
                if self.graph.op[operand] == CONSTANT or not self.passes(each, at):
                    continue
                part = None if g is None else self.contribution(each, at, g, own_name=each == node)
                target = arriving if operand in members else found
                before = target.get(operand)
                whole = part if operand not in target else None if before is None or part is None else total(before, part)
                target[operand] = None if whole is None or _size(whole) > LARGEST else whole
        return found

    def passes(self, node: int, at: int) -> bool:
        row = self.graph.rows[self.graph.op[node]]
        return bool(row.local) and row.local[min(at, len(row.local) - 1)] is not None

    def contribution(self, node: int, at: int, upstream: Expr, own_name: bool = True) -> Expr | None:
        """What operand `at` of a node receives when `upstream` arrives."""
        graph = self.graph
        row = graph.rows[graph.op[node]]
        operands = graph.operands(node)
        written = [self.operand(operand) for operand in operands]
        own = self.operand(node) if own_name else graph.expr(node)
        if row.code is not None:
            from backprop_cli.calculus.array_formulas import received

            shapes = [self.shape(operand) for operand in operands]
            return received(row.code, self.static.get(node, {}), at, upstream, own, written, shapes)
        text = row.local[at]
        assert text is not None
        local = tidy(substitute(tree(text), {**dict(zip(row.operands, written, strict=True)), "y": own}))
        part = product(upstream, local)
        if self.shape(node) != self.shape(operands[at]):
            from backprop_cli.calculus.array_formulas import summed_to

            return summed_to(part, self.shape(node), self.shape(operands[at]))
        return part

    def shape(self, node: int) -> tuple[int, ...]:
        return getattr(self.values[node], "shape", ())

    def operand(self, node: int) -> Expr:
        """A node as it stands in a formula: its name, or what it computes."""
        return Name(self.graph.labels[node]) if node in self.graph.labels else self.graph.expr(node)


def _size(expr: Expr) -> int:
    return sum(1 for _ in postorder(expr))
