"""Why a value or a derivative does not exist, told with the values that led to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backprop_cli.calculus.formula import Rules
from backprop_cli.calculus.primitive import Domain, Primitive
from backprop_cli.errors import BackpropError, Diagnostic, Remark
from backprop_cli.graph.graph import LEAF, Graph
from backprop_cli.lang.unparse import POSTFIX, rung, unparse

_MOST_REMARKS = 4


class Faults:
    """Makes the complaints about one graph; `given` are the leaves whose values come from outside the file."""

    def __init__(self, graph: Graph, rules: Rules, given: frozenset[int], show: Callable[[Any], str]) -> None:
        self.graph, self.rules, self.given, self.show = graph, rules, given, show

    def value(self, node: int, values: list[Any]) -> BackpropError:
        """The complaint about a node that has no finite value although its operands have, those that `where` chooses from aside."""
        graph, node = self.graph, self.origin(node, values)
        row = graph.primitive(node)
        assert row is not None
        inputs = [values[operand] for operand in graph.operands(node)]
        for domain in row.domain:
            if not self.holds(row, domain, inputs, values[node]):
                broken = domain.broken if "{value}" in domain.broken else domain.broken + "{entry}"
                return self.error("domain", self.told(broken, node, values), node, values, self.told(domain.needs, node, values))
        label = f"{self.named(node)} is larger than float64 can hold (1.8e308)"
        hint = _stable_spelling(graph, node)
        return self.error("overflow", f"overflow in {self.function_of(row)}", node, values, label, f"write  {hint}" if hint else "")

    def origin(self, node: int, values: list[Any]) -> int:
        """The node in which a value stopped being finite: behind a `where`, one in the branch that is taken."""
        finite = self.rules.namespace.arithmetic.finite
        while True:
            operands, row = self.graph.operands(node), self.graph.primitive(node)
            taken = [values[each] for each in operands]
            if row is not None and row.head == "where":
                choose = self.rules.forward(row)
                taken = [taken[0], choose(taken[0], taken[1], 0.0), choose(taken[0], 0.0, taken[2])]
            bad = next((each for each, value in zip(operands, taken, strict=True) if not finite(value)), None)
            if bad is None or self.graph.primitive(bad) is None:
                return node
            node = bad

    def slope(self, node: int, operand: int, values: list[Any]) -> BackpropError:
        """The complaint about a local derivative that does not exist or is infinite."""
        graph = self.graph
        row = graph.primitive(node)
        assert row is not None
        inputs = [values[each] for each in graph.operands(node)]
        domain = row.slope_domain[operand] if operand < len(row.slope_domain) else None
        by = self.operand_text(node, operand)
        if domain is not None and not self.holds(row, domain, inputs, values[node]):
            return self.error("no-derivative", self.told(domain.broken, node, values), node, values, self.told(domain.needs, node, values))
        at = self.show(values[graph.operands(node)[operand]])
        message = f"the derivative of {self.function_of(row)} by {by} at {at} is infinite or too large for float64"
        return self.error(
            "infinite-derivative", message, node, values, f"no finite slope at {by} = {at}", "move the point, or add a small number inside"
        )

    def adjoint(self, node: int, operand: int, values: list[Any]) -> BackpropError:
        """The complaint about a gradient that is larger than a float."""
        message = f"the gradient by {self.named(operand)} is larger than float64 can hold (1.8e308)"
        return self.error("overflow", message, node, values, "it grows too large here", "rescale the problem, or work with its logarithm")

    def inexact(self, node: int, values: list[Any], reason: str) -> BackpropError:
        """The complaint about a number that cannot be kept exactly."""
        return self.error("not-exact", reason, node, values, "", "leave --exact out to work with decimal numbers")

    def shape(self, node: int, values: list[Any], message: str, hint: str, reference: str = "shape-mismatch") -> BackpropError:
        """The complaint about shapes that do not go together, or arrays that a function is not made for."""
        for at, letter in enumerate("ab"):
            if f"<{letter}>" in hint:
                hint = hint.replace(f"<{letter}>", self.operand_text(node, at, tight=True)).replace(".T.T", "")
        return self.error(reference, message, node, values, self.shapes(node, values), hint)

    def too_large(self, node: int, values: list[Any], shape: tuple[int, ...], limit: int) -> BackpropError:
        """The complaint about an array with more entries than allowed."""
        size = " x ".join(f"{each:,}" for each in shape)
        message, hint = f"this value would have {size} entries; the limit is {limit:,}", "allow more with --limit entries=N"
        return self.error("too-many-entries", message, node, values, self.shapes(node, values), hint)

    def not_integer(self, node: int, leaf: int, values: list[Any]) -> BackpropError:
        """The complaint about an index or an axis that is no integer."""
        name = self.named(leaf)
        message = f"{name} = {self.show(values[leaf])} is used where an integer is due"
        several = getattr(values[leaf], "shape", ())
        hint = f"for several rows at once write  onehot({name}, n) @ ..." if several else f"give {name} an integer"
        return self.error("not-an-integer", message, node, values, "", hint)

    def shapes(self, node: int, values: list[Any]) -> str:
        """The operands with their shapes."""
        shapes = [
            (self.operand_text(node, at), getattr(values[operand], "shape", ())) for at, operand in enumerate(self.graph.operands(node)[:3])
        ]
        return ", ".join(f"{text} has shape {shape}" if shape else f"{text} is a scalar" for text, shape in shapes)

    # ---- the parts of a complaint ----

    def error(self, reference: str, message: str, node: int, values: list[Any], label: str, hint: str = "") -> BackpropError:
        hint = hint or self.hint(node)
        source = self.graph.program.source
        return BackpropError(
            Diagnostic(reference, message, source, self.graph.span(node), label, self.trail(node, values), self.note(node, values), hint)
        )

    def hint(self, node: int) -> str:
        stable = _stable_spelling(self.graph, node)
        return f"write  {stable}" if stable else ""

    def holds(self, row: Primitive, domain: Domain, inputs: list[Any], value: Any) -> bool:
        try:
            held = self.rules.condition(row, domain.holds)(*inputs, value)
            return bool(held.all() if hasattr(held, "all") else held)
        except (ArithmeticError, ValueError, TypeError):
            return False

    def told(self, text: str, node: int, values: list[Any]) -> str:
        """A domain's text with the operands' own words in it."""
        row = self.graph.primitive(node)
        assert row is not None
        for at, name in enumerate(row.operands):
            text = text.replace("{" + name + "}", self.operand_text(node, at))
        number, entry = values[self.graph.operands(node)[0]], ""
        if getattr(values[node], "shape", ()):
            number, entry = self.offender(row, node, values)
        negative = number is not None and number < 0 and row.head in ("log", "log2", "log10", "sqrt")
        what = "0" if number == 0 else f"a negative number, {self.show(number)}" if negative else self.show(number)
        return text.replace("{head}", row.head).replace("{value}", what + entry).replace("{entry}", entry)

    def offender(self, row: Primitive, node: int, values: list[Any]) -> tuple[Any, str]:
        """The first entry outside the domain, and where it is."""
        import numpy as np

        inputs = [values[operand] for operand in self.graph.operands(node)]
        shape = np.shape(values[node])
        for domain in row.domain:
            held = np.broadcast_to(self.rules.condition(row, domain.holds)(*inputs, values[node]), shape)
            if not held.all():
                place = [int(i) for i in np.argwhere(~held.astype(bool))[0]]
                return np.broadcast_to(inputs[0], shape)[tuple(place)], f", at entry {place}"
        return np.ravel(inputs[0])[0], ""

    def operand_text(self, node: int, at: int, tight: bool = False) -> str:
        """An operand in the words of the file; `tight`: in parentheses where a sign beside it would bind tighter."""
        operand = self.graph.operands(node)[at]
        expr = self.graph.expr(operand)
        text = self.name(operand) or unparse(expr)
        if tight and text != self.name(operand) and rung(expr) < POSTFIX:
            text = f"({text})"
        return text if len(text) <= 40 else "the argument"

    def name(self, node: int) -> str | None:
        return self.graph.labels.get(node)

    def named(self, node: int) -> str:
        name = self.name(node)
        if name is not None:
            return name
        text = unparse(self.graph.expr(node))
        return text if len(text) <= 40 else "this"

    def function_of(self, row: Primitive) -> str:
        return {"*": "a product", "/": "a quotient", "+": "a sum", "-": "a difference", "^": "a power", "u-": "a sign"}.get(
            row.head, row.head
        )

    def trail(self, node: int, values: list[Any]) -> tuple[Remark, ...]:
        """The named nodes just before, with the numbers that made their values."""
        graph = self.graph
        named: dict[int, None] = {}
        level = list(graph.operands(node))
        while level and len(named) < _MOST_REMARKS:
            upper: list[int] = []
            for each in level:
                if graph.op[each] >= 0 and each in graph.labels:
                    named[each] = None
                upper.extend(graph.operands(each))
            level = upper[:20] if len(named) < 2 else []
        remarks = []
        for each in sorted(named)[-_MOST_REMARKS:]:
            statement = graph.statement(each)
            remarks.append(Remark(statement.span, f"{graph.labels[each]} = {self.show(values[each])}"))
        return tuple(remarks)

    def note(self, node: int, values: list[Any]) -> str:
        """The leaves that the node depends on, with their values."""
        graph = self.graph
        seen: set[int] = set()
        pending = [node]
        leaves: list[int] = []
        while pending and len(seen) < 200:
            each = pending.pop()
            if each in seen:
                continue
            seen.add(each)
            if graph.op[each] == LEAF:
                leaves.append(each)
            else:
                pending.extend(graph.operands(each))
        told = [f"{graph.labels[leaf]} = {self.show(values[leaf])}" + (" (given)" if leaf in self.given else "") for leaf in sorted(leaves)]
        return f"here {', '.join(told[:6])}" + (", ..." if len(told) > 6 else "") if told else ""


def _stable_spelling(graph: Graph, node: int) -> str | None:
    from backprop_cli.autodiff.stable import stable_spelling

    return stable_spelling(graph, node)
