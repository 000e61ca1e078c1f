"""Local derivatives as formulas, for single operations and for whole assignments.

An assignment such as `L = (sigmoid(w*x) - y)^2` is several operations; its derivative by `w` is put together from the
table's formulas by the same reverse sweep that the numbers take, with trees in place of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from backprop_cli.calculus.formula import tree
from backprop_cli.calculus.tidy import ONE, product, tidy, total
from backprop_cli.graph.graph import CONSTANT, Graph
from backprop_cli.lang.syntax import Apply, Expr, Name, Number, postorder, substitute

LARGEST = 2_000


class TooLong(Exception):
    """A formula has more parts than anybody would read."""


def local_formulas(graph: Graph, node: int, inner: Sequence[int], upstream: Expr | None = None) -> dict[int, Expr]:
    """For each node that an assignment reads: the derivative of the assignment by it, in the names of the file.

    `inner` are the operations the assignment is made of, `node` the last of them, in topological order. With `upstream`
    the formulas are what each operand receives when that arrives; that is the form that works for arrays too.
    Raises TooLong.
    """
    members = set(inner)
    arriving: dict[int, Expr] = {node: ONE if upstream is None else upstream}
    found: dict[int, Expr] = {}
    for each in reversed(inner):
        if each not in arriving:
            continue
        for at, operand in enumerate(graph.operands(each)):
            if graph.op[operand] == CONSTANT:
                continue
            part = contribution_formula(graph, each, at, arriving[each], own_name=each == node)
            if part is None:
                continue
            target = arriving if operand in members else found
            target[operand] = part if operand not in target else total(target[operand], part)
            if sum(1 for _ in postorder(target[operand])) > LARGEST:
                raise TooLong
    return found


def contribution_formula(graph: Graph, node: int, at: int, upstream: Expr, own_name: bool = True) -> Expr | None:
    """What operand `at` of a node receives when `upstream` arrives, None where nothing ever does."""
    row = graph.rows[graph.op[node]]
    text = row.local[min(at, len(row.local) - 1)] if row.local else None
    if text is None or text == "0":
        return None
    operands = graph.operands(node)
    names: dict[str, Expr] = {name: operand_expr(graph, operand) for name, operand in zip(row.operands, operands, strict=False)}
    names["y"] = operand_expr(graph, node) if own_name and node in graph.labels else graph.expr(node)
    if row.code is None:
        return product(upstream, tidy(substitute(tree(text), names)))
    return tidy(substitute(tree(text), {**names, "g": upstream}))


def operand_expr(graph: Graph, node: int) -> Expr:
    """A node as it stands in a formula: its name, or what it computes."""
    if node in graph.labels:
        return Name(graph.labels[node])
    return graph.expr(node)


__all__ = ["LARGEST", "TooLong", "contribution_formula", "local_formulas", "operand_expr"]
_ = (Callable, Mapping, Apply, Number)
