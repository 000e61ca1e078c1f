"""Local derivatives as formulas, for single operations and for whole assignments.

An assignment such as `L = (sigmoid(w*x) - y)^2` is several operations; its derivative by `w` is put together from the
table's formulas by the same reverse sweep that the numbers take, with trees in place of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from backprop_cli.autodiff.blocks import Block
from backprop_cli.autodiff.engine import Value
from backprop_cli.calculus.formula import tree
from backprop_cli.calculus.tidy import ONE, ZERO, product, tidy, total
from backprop_cli.graph.graph import CONSTANT, Graph
from backprop_cli.lang.pattern import Filled, Pattern, whole
from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Name, Part, fold, names_in, postorder, rebuilt, same, substitute

if TYPE_CHECKING:
    from backprop_cli.calculus.array_cases import Written

LARGEST = 1_000
_LARGEST_OPERAND = 200  # parts; tidying a product takes a few calls for each factor


class Formulas:
    """Writes the local derivatives of one run; `values` give the shapes where there are arrays."""

    def __init__(self, graph: Graph, values: Sequence[Value], static: dict[int, dict[str, object]]) -> None:
        self.graph, self.values, self.static = graph, values, static

    def by_operand(self, node: int, inner: Sequence[int], upstream: Expr | None = None) -> dict[int, Expr | None]:
        """For each node that an assignment reads: its local derivative, or, with `upstream`, what it receives.

        `inner` are the operations the assignment is made of, `node` the last of them. None where there is no formula.
        """
        members = set(inner)
        arriving: dict[int, Written | None] = {node: (ONE, ()) if upstream is None else (upstream, self.shape(node))}
        found: dict[int, Written | None] = {}
        for each in reversed(inner):
            if each not in arriving:
                continue
            g = arriving[each]
            for at, operand in enumerate(self.graph.operands(each)):
                if self.graph.op[operand] == CONSTANT or not self.graph.rows[self.graph.op[each]].passes(at):
                    continue
                part = None if g is None else self.contribution(each, at, g, own_name=each == node)
                target = arriving if operand in members else found
                before = target.get(operand)
                entire = part if operand not in target else None if before is None or part is None else _sum(before, part)
                target[operand] = None if entire is None or _size(entire[0]) > LARGEST else entire
        return {read: None if written is None else _signs_first(written[0]) for read, written in found.items()}

    def contribution(self, node: int, at: int, upstream: Written, own_name: bool = True) -> Written | None:
        """What operand `at` of a node receives when `upstream` arrives, each written with the shape that it has."""
        graph = self.graph
        row = graph.rows[graph.op[node]]
        operands = graph.operands(node)
        if any(self.sizes[each] > _LARGEST_OPERAND for each in (operands if own_name else (node,))):
            return None
        written = [self.operand(operand) for operand in operands]
        own = self.operand(node) if own_name else graph.expr(node)
        if row.code is not None:
            from backprop_cli.calculus.array_formulas import received

            if row.code == "prod" and not self.whole(operands[0]):
                return None  # total/x has no value where x is 0
            shaped = [(text, self.shape(operand)) for text, operand in zip(written, operands, strict=True)]
            return received(row.code, self.static.get(node, {}), at, upstream, (own, self.shape(node)), shaped)
        text = row.local[at]
        assert text is not None
        if row.head == "where":
            # Not a factor of 0 or 1: the branch that is not taken may have no derivative at all.
            taken = (upstream[0], ZERO) if at == 1 else (ZERO, upstream[0])
            chosen = Apply("where", (written[0], *taken)), _together(upstream[1], self.shape(operands[0]))
            return self.summed(chosen, node, operands[at])
        names = {**dict(zip(row.operands, written, strict=True)), "y": own}
        local = tidy(substitute(tree(text), names))
        shape = self.local_shape(node, tree(text), names)
        return None if shape is None else self.summed((product(upstream[0], local), _together(upstream[1], shape)), node, operands[at])

    def local_shape(self, node: int, formula: Expr, names: Mapping[str, Expr]) -> tuple[int, ...] | None:
        """The shape of a local derivative as it is written, where what tidying drops has no part in it; None where that is not clear."""
        shapes = {name: self.shape(operand) for name, operand in zip(names, self.graph.operands(node), strict=False)}
        shapes["y"] = self.shape(node)
        if not any(shapes.values()):
            return ()
        kept = names_in(tidy(substitute(formula, {name: tree for name, tree in names.items() if not shapes[name]})))
        left = [name for name, shape in shapes.items() if shape and name in kept]
        if any(not isinstance(names[name], Name) and not same(tidy(names[name]), names[name]) for name in left):
            return None
        return _together(*(shapes[name] for name in left))

    def summed(self, part: Written, node: int, operand: int) -> Written:
        """What an operand receives, summed over the copies of it where it was repeated."""
        if self.shape(node) == self.shape(operand):
            return part
        from backprop_cli.calculus.array_cases import summed_to

        return summed_to(part, self.shape(node), self.shape(operand))

    @cached_property
    def sizes(self) -> list[int]:
        """How many parts each node has where it stands in a formula: one where it has a name."""
        sizes: list[int] = []
        for node in range(len(self.values)):
            parts = 1 if node in self.graph.labels else 1 + sum(sizes[each] for each in self.graph.operands(node))
            sizes.append(min(parts, LARGEST))
        return sizes

    def whole(self, node: int) -> bool:
        """Whether no entry of a value is 0."""
        import numpy as np

        return bool(np.all(self.values[node] != 0))

    def shape(self, node: int) -> tuple[int, ...]:
        return getattr(self.values[node], "shape", ())

    def operand(self, node: int) -> Expr:
        """A node as it stands in a formula: its name, or what it computes."""
        return Name(self.graph.labels[node]) if node in self.graph.labels else self.graph.expr(node)


def _sum(left: Written, right: Written) -> Written:
    """left + right, what is taken away last."""
    if _negative(left[0]) and not _negative(right[0]):
        left, right = right, left
    return total(left[0], right[0]), _together(left[1], right[1])


def _together(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that shapes have together."""
    if not any(shapes):
        return ()
    import numpy as np

    return np.broadcast_shapes(*shapes)


def _negative(expr: Expr) -> bool:
    return isinstance(expr, Apply) and expr.head == NEGATE


def _signs_first(tree: Expr) -> Expr:
    """`-2*w` for `-(2*w)`: the sign of a product goes to its first factor."""

    def combine(part: Part, below: list[Part]) -> Part:
        part = rebuilt(part, below) if below else part
        if not (isinstance(part, Apply) and part.head == NEGATE):
            return part
        above: list[Apply] = []
        inner = part.operands[0]
        while isinstance(inner, Apply) and inner.head in ("*", "/"):
            above.append(inner)
            inner = inner.operands[0]
        if not above or _negative(inner):
            return part
        result: Expr = Apply(NEGATE, (inner,))
        for product_ in reversed(above):
            result = Apply(product_.head, (result, product_.operands[1]))
        return result

    return fold(tree, combine)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _HoleOf:
    """Which hole a name of one block is in the pattern of all blocks made alike."""

    numbers: Mapping[str, int]

    def __call__(self, part: Part) -> int | None:
        return self.numbers.get(part.id) if isinstance(part, Name) else None


class Writer:
    """Writes the formulas of blocks; where there are no arrays, blocks that are made alike share one pattern."""

    def __init__(self, formulas: Formulas, names: Mapping[int, str]) -> None:
        self.formulas, self.graph, self.names = formulas, formulas.graph, names
        self.known: dict[tuple[object, ...], dict[int, Pattern | None]] = {}

    def written(self, block: Block, upstream: str | None, arrays: bool) -> dict[int, Filled | None]:
        """For each node that a block reads: its local derivative, or, with `upstream`, what it receives of that."""
        if arrays or upstream is not None:
            arriving = None if upstream is None else Name(upstream)
            found = self.formulas.by_operand(block.node, block.inner, arriving)
            return {read: None if tree is None else whole(tree) for read, tree in found.items()}
        key = self._making(block)
        words = [self.names[read] for read in (*block.reads, block.node)]
        if key not in self.known:
            number_of = _HoleOf({word: number for number, word in enumerate(words)})
            found = self.formulas.by_operand(block.node, block.inner)
            self.known[key] = {
                number: None if (tree := found.get(read)) is None else Pattern(tree, number_of) for number, read in enumerate(block.reads)
            }
        patterns = self.known[key]
        return {read: None if (made := patterns[n]) is None else Filled(made, words) for n, read in enumerate(block.reads)}

    def _making(self, block: Block) -> tuple[object, ...]:
        """What a block is made of, whatever its nodes are called."""
        graph = self.graph
        places: dict[int, object] = {read: -number - 1 for number, read in enumerate(block.reads)}
        made: list[object] = []
        for number, node in enumerate(block.inner):
            made.append(graph.op[node])
            # A branch without a value is read by nobody; what it is called makes the block one of its own.
            made.extend(places.get(operand, graph.literal.get(operand, (operand,))) for operand in graph.operands(node))
            places[node] = number
        return tuple(made)


def _size(expr: Expr) -> int:
    return sum(1 for _ in postorder(expr))
