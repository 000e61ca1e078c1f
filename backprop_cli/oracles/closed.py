"""Closed forms of gradients: in the leaves, as expanding gives them, and in the names of the nodes, as people write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backprop_cli.calculus.algebra import Untranslatable, from_sympy
from backprop_cli.calculus.sizes import tree_size
from backprop_cli.lang.program import Program
from backprop_cli.lang.syntax import Apply, Brackets, Expr, Name, Number
from backprop_cli.limits import OWN, Limits
from backprop_cli.oracles.derived import ASKED_FOR, Allowed, derivative
from backprop_cli.oracles.expand import Written
from backprop_cli.oracles.opinion import FAILURES, HoldsArrays, NoOpinion
from backprop_cli.oracles.scope import CONSTANTS, Scope
from backprop_cli.oracles.symbolic import MOST_STATEMENTS, WORK


@dataclass(frozen=True, slots=True, eq=False)
class ClosedForm:
    """A derivative as trees; either may be missing, and `reason` says why."""

    in_leaves: Expr | None
    in_nodes: Expr | None
    reason: str = ""


def closed_forms(
    program: Program, output: str, wrt: Sequence[str], limits: Limits = OWN, given: Mapping[str, Any] | Sequence[str] = ()
) -> dict[str, ClosedForm]:
    """The derivatives of `output` by each name of `wrt`, valid wherever they exist.

    `given` are the values that `--at` sets, or their names alone, which is enough where no array is among them. By an array,
    the derivative is an array literal of formulas in the entries of the leaves.
    """
    try:
        values = given if isinstance(given, Mapping) else dict.fromkeys(given, 0)
        scope = Scope(program, values)
        names = scope.needed(output)
        if any(_is_array(values.get(name)) for name in names):
            return _of_arrays(scope, output, wrt, limits)
        if len(names) > 2 * MOST_STATEMENTS:
            raise NoOpinion(f"more than {MOST_STATEMENTS} statements")
        nodes = _Nodes(scope, output, limits)
    except HoldsArrays:
        unknown = [] if isinstance(given, Mapping) else [name for name in given if name in names]
        if unknown:
            return dict.fromkeys(wrt, ClosedForm(None, None, f"the shape of {unknown[0]} is not known here"))
        return _of_arrays(scope, output, wrt, limits)
    except (NoOpinion, *FAILURES) as error:
        return dict.fromkeys(wrt, ClosedForm(None, None, _why(error)))
    return {name: _form(nodes, name) for name in wrt}


def _is_array(value: Any) -> bool:
    return isinstance(value, Brackets | list | tuple) or bool(getattr(value, "ndim", 0))


def _of_arrays(scope: Scope, output: str, wrt: Sequence[str], limits: Limits) -> dict[str, ClosedForm]:
    from backprop_cli.oracles import arrays

    try:
        found = arrays.closed_forms(scope, output, wrt, limits)
    except (NoOpinion, Untranslatable, *FAILURES) as error:
        return dict.fromkeys(wrt, ClosedForm(None, None, _why(error)))
    return {name: ClosedForm(tree, None, "formulas in the names of the nodes are made for scalars only") for name, tree in found.items()}


def _form(nodes: _Nodes, name: str) -> ClosedForm:
    if name not in nodes.reached:
        return ClosedForm(Number("0"), Number("0"))
    if name == nodes.output:
        return ClosedForm(Number("1"), Number("1"))
    reasons: list[str] = []
    trees: list[Expr | None] = []
    for made in (nodes.in_leaves, nodes.in_nodes):
        try:
            trees.append(made(name))
        except (NoOpinion, Untranslatable, *FAILURES) as error:
            reasons.append(_why(error))
            trees.append(None)
    return ClosedForm(trees[0], trees[1], "; ".join(dict.fromkeys(reasons)))


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, NoOpinion | Untranslatable) else f"SymPy failed with {type(error).__name__}"


class _Nodes:
    """The nodes an output depends on, with what SymPy has made of them so far."""

    def __init__(self, scope: Scope, output: str, limits: Limits) -> None:
        self.output = output
        self.most = limits.expanded
        self.written = Written(scope, output, limits.expanded, strict=False)
        self.reached = set(self.written.names)
        self.scope = scope
        self.adjoints: dict[str, Any] | None = None
        self.allowed = Allowed(ASKED_FOR)

    def in_leaves(self, name: str) -> Expr:
        """What expanding the output and differentiating gives."""
        self.written.refuse(self.most)
        if self.written.extent.size > WORK // 4:
            raise NoOpinion("SymPy would take too long")
        with self.allowed:
            whole = self.written.expanded(self.output, (name,))
            return self._tree(derivative(whole, self.written.symbol(name)))

    def in_nodes(self, name: str) -> Expr:
        """The chain rule from behind, in the names of the nodes, shortened where a node's own definition cancels."""
        with self.allowed:
            if self.adjoints is None:
                self.adjoints = self._swept()
            found = self.adjoints.get(name)
            if found is None:
                raise NoOpinion(f"more than {self.most:,} parts (--limit expanded=N)")
            return self._tree(self._shortened(found))

    def _swept(self) -> dict[str, Any]:
        import sympy

        written = self.written
        adjoints: dict[str, Any] = dict.fromkeys(written.names, sympy.S.Zero)
        adjoints[self.output] = sympy.S.One
        self.locals = {name: written.local(name) for name in written.trees}
        for name in reversed(written.names):
            if name not in written.trees or adjoints[name] == 0:
                continue
            local = self.locals[name]
            for symbol in sorted(local.free_symbols, key=str):
                read = written.name(symbol)
                if adjoints[name] is None or adjoints[read] is None:
                    adjoints[read] = None
                    continue
                total = adjoints[read] + adjoints[name] * derivative(local, symbol)
                adjoints[read] = total if tree_size(total) <= self.most else None
        return adjoints

    def _shortened(self, expr: Any) -> Any:
        """Put in the definition of a node wherever that makes the whole shorter: x/(u*w^2) with u = x*a is 1/(a*w^2)."""
        size = tree_size(expr)
        for name in reversed(list(self.locals)):
            symbol = self.written.symbol(name)
            if name == self.output or symbol not in expr.free_symbols:
                continue
            other = expr.xreplace({symbol: self.locals[name]})
            shorter = tree_size(other)
            if shorter < size:
                expr, size = other, shorter
        return expr

    def _tree(self, expr: Any) -> Expr:
        import sympy

        names: dict[Any, Expr] = {symbol: Name(name) for name, symbol in self.written.symbols.items()}
        stand_ins = {sympy.pi: Apply("acos", (Apply("u-", (Number("1"),)),)), sympy.E: Apply("exp", (Number("1"),))}
        names.update(
            (constant, stand_ins[constant])
            for text, constant in zip(CONSTANTS, (sympy.pi, sympy.E), strict=True)
            if text in self.scope.sources
        )
        return from_sympy(expr, names, self.most)
