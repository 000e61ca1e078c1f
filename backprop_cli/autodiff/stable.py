"""Spellings that lose digits or overflow, and the functions that do not."""

from __future__ import annotations

from functools import cache

from backprop_cli.graph.graph import Graph
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import Apply, Expr, Index, Name, Number, Part, children, postorder, same, substitute
from backprop_cli.lang.unparse import unparse

# Capital letters stand for any expression. The first that fits around the place is told.
_SPELLINGS = (
    ("log(sigmoid(X))", "logsigmoid(X)"),
    ("log(1 - sigmoid(X))", "logsigmoid(-X)"),
    ("log(1/(1 + exp(-X)))", "logsigmoid(X)"),
    ("log(1/(1 + exp(X)))", "logsigmoid(-X)"),
    ("log(1 + exp(X))", "softplus(X)"),
    ("log(exp(X) + 1)", "softplus(X)"),
    ("1/(1 + exp(-X))", "sigmoid(X)"),
    ("1/(exp(-X) + 1)", "sigmoid(X)"),
    ("1/(1 + exp(X))", "sigmoid(-X)"),
    ("exp(X)/(1 + exp(X))", "sigmoid(X)"),
    ("exp(X)/(exp(X) + 1)", "sigmoid(X)"),
    ("log(sum(exp(X)))", "logsumexp(X)"),
    ("log(exp(X) + exp(Y))", "logsumexp([X, Y])"),
    ("log(exp(X) + exp(Y) + exp(Z))", "logsumexp([X, Y, Z])"),
    ("exp(X)/(exp(X) + exp(Y))", "sigmoid(X - Y)"),
    ("exp(Y)/(exp(X) + exp(Y))", "sigmoid(Y - X)"),
    ("exp(X)/(exp(X) + exp(Y) + exp(Z))", "softmax([X, Y, Z])[0]"),
    ("exp(Y)/(exp(X) + exp(Y) + exp(Z))", "softmax([X, Y, Z])[1]"),
    ("exp(Z)/(exp(X) + exp(Y) + exp(Z))", "softmax([X, Y, Z])[2]"),
    ("(exp(X) - exp(-X))/(exp(X) + exp(-X))", "tanh(X)"),
    ("(exp(2*X) - 1)/(exp(2*X) + 1)", "tanh(X)"),
    ("log(softmax(X))", "log_softmax(X)"),
    ("log(softmax(X)[I])", "log_softmax(X)[I]"),
    ("exp(X)/sum(exp(X))", "softmax(X)"),
    ("exp(X)[I]/sum(exp(X))", "softmax(X)[I]"),
    ("exp(X[I])/sum(exp(X))", "softmax(X)[I]"),
    ("sqrt(X^2 + 1)", "hypot(X, 1)"),
    ("sqrt(1 + X^2)", "hypot(1, X)"),
    ("sqrt(X^2 + Y^2)", "hypot(X, Y)"),
    ("sqrt(X*X + Y*Y)", "hypot(X, Y)"),
    ("(X^2 + Y^2)^0.5", "hypot(X, Y)"),
    ("sqrt(X^2 + Y^2 + Z^2)", "norm([X, Y, Z])"),
    ("sqrt(sum(X^2))", "norm(X)"),
    ("sqrt(sum(X*X))", "norm(X)"),
    ("sum(X^2)^0.5", "norm(X)"),
    ("log(cosh(X))", "abs(X) + log1p(exp(-2*abs(X))) - log(2)"),
    ("log(exp(X) - 1)", "X + log1p(-exp(-X))"),
    ("exp(X) - 1", "expm1(X)"),
    ("log(1 + X)", "log1p(X)"),
)
_MOST_PARTS = 400
_NEARBY = 2_000  # nodes, among which the users of one are looked for


@cache
def _patterns() -> list[tuple[Expr, Expr]]:
    return [(parse_expression(bad), parse_expression(good)) for bad, good in _SPELLINGS]


def stable_spelling(graph: Graph, node: int) -> str | None:
    """The stable function for what the file spells out around a node; None where no pattern fits."""
    around = _surroundings(graph, node)
    for bad, good in _patterns():
        for whole in around:
            found = _match(bad, whole)
            if found is not None:
                text = unparse(substitute(good, found))
                if len(text) <= 60:
                    return text
    return None


def _surroundings(graph: Graph, node: int) -> list[Expr]:
    """The expressions that a node stands in, nearest first, with the definitions of names below written in."""
    found: list[Expr] = []
    users = _users(graph, node // _NEARBY)
    level = [node]
    for _ in range(4):
        found.extend(_opened(graph, each) for each in level[:4])
        level = [user for each in level for user in users.get(each, [])][:4]
    return found


def _users(graph: Graph, block: int) -> dict[int, list[int]]:
    """For nodes of a block, and of the next one, their users in these: looked up once, for many nodes may be complained of."""
    known: dict[int, list[int]] | None = graph.known.get((_surroundings, block))
    if known is None:
        known = graph.known[_surroundings, block] = {}
        for user in range(block * _NEARBY, min(len(graph), (block + 2) * _NEARBY)):
            for operand in graph.operands(user):
                known.setdefault(operand, []).append(user)
    return known


def _opened(graph: Graph, node: int) -> Expr:
    """What a node computes, names replaced by their definitions as long as that stays small."""
    expr = graph.expr(node)
    for _ in range(3):
        definitions: dict[str, Expr] = {}
        count = 0
        for part in postorder(expr):
            count += 1
            if isinstance(part, Name) and part.id in graph.names and graph.op[graph.names[part.id]] >= 0:
                definitions[part.id] = graph.expr(graph.names[part.id])
        if not definitions or count > _MOST_PARTS:
            break
        opened = substitute(expr, definitions)
        if sum(1 for _ in postorder(opened)) > _MOST_PARTS:
            break
        expr = opened
    return expr


def _match(pattern: Expr, expr: Expr) -> dict[str, Expr] | None:
    """What the capitals of a pattern stand for in an expression, or None."""
    found: dict[str, Expr] = {}
    pairs: list[tuple[Part, Part]] = [(pattern, expr)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, Name):
            known = found.setdefault(left.id, right)  # type: ignore[arg-type]
            if not same(known, right):
                return None
        elif isinstance(left, Number):
            if not isinstance(right, Number) or left.exact != right.exact:
                return None
        elif isinstance(left, Apply):
            if not isinstance(right, Apply) or left.head != right.head or len(left.operands) != len(right.operands):
                return None
            pairs.extend(zip(left.operands, right.operands, strict=True))
        elif isinstance(left, Index):
            if not isinstance(right, Index) or len(left.items) != len(right.items):
                return None
            pairs.extend(zip(children(left), children(right), strict=True))
        else:
            return None
    return found
