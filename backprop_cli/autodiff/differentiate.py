"""Value and gradients of a graph at a point: one forward sweep, one reverse sweep."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backprop_cli.autodiff.faults import Faults
from backprop_cli.autodiff.interpret import Interpreter
from backprop_cli.autodiff.loops import Loops
from backprop_cli.autodiff.plan import Plan, make_plan, needed_for
from backprop_cli.calculus.arithmetic import FLOAT, Arithmetic
from backprop_cli.calculus.formula import Rules
from backprop_cli.errors import BackpropError, Diagnostic, Span, nearest
from backprop_cli.graph.build import build
from backprop_cli.graph.graph import CONSTANT, Graph
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.program import Declare, Program
from backprop_cli.lang.syntax import Apply, Brackets, Expr, Index, Name, Number
from backprop_cli.lang.text import source
from backprop_cli.lang.unparse import unparse
from backprop_cli.limits import OWN, Limits

Value = Any  # a float; with `exact` an exact number (calculus/exact.py)
Given = float | int | Fraction | Expr  # an Expr is a constant expression, such as pi/2


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the reader of a gradient should know: which node, where it stands, and what about it."""

    node: str
    span: Span | None
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Gradients:
    """What one run found.

    `gradients` has the derivative of the output by each name asked for, in the order asked; `leaves` the values of the
    leaves the output depends on; `roles` what each leaf is ("input", "param", "leaf") and "node" for computed names.
    `kinked` tells that a convention stood in for a derivative that does not exist. `record` is the run itself, node by node.
    """

    output: str
    value: Value
    gradients: dict[str, Value]
    leaves: dict[str, Value]
    roles: dict[str, str]
    kinked: bool
    warnings: tuple[Warned, ...]
    record: Record


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """The run node by node: the plan, the primal and the adjoint of every node that took part."""

    plan: Plan
    values: Sequence[Value]
    adjoints: Sequence[Value]


def differentiate(
    graph: Graph,
    at: Mapping[str, Given] | None = None,
    of: str | None = None,
    wrt: Sequence[str] | None = None,
    *,
    exact: bool = False,
    limits: Limits = OWN,
) -> Gradients:
    """The value of `of` and its derivatives by `wrt` at a point.

    `at` gives leaves their values and overrides those of the file. `of` is the last name assigned unless given; `wrt` the
    `param` leaves, or every leaf the output depends on where none is declared. With `exact` numbers are rationals and
    closed constants. Raises BackpropError for unknown names, missing values, values outside a function's domain, overflow.
    """
    return _Run(graph, at or {}, exact, limits).gradients(of, wrt)


class _Run:
    def __init__(self, graph: Graph, at: Mapping[str, Given], exact: bool, limits: Limits) -> None:
        self.graph, self.limits, self.exact = graph, limits, exact
        self.arithmetic = self.choose_arithmetic()
        self.given: dict[int, Value] = {}
        self.warnings: list[Warned] = []
        wrong = [complaint for name in at if (complaint := self.unfit(name)) is not None]
        if wrong:
            raise BackpropError(wrong)
        for name, value in at.items():
            self.given[graph.leaves[name]] = self.number(name, value)

    def choose_arithmetic(self) -> Arithmetic:
        if not self.exact:
            return FLOAT
        from backprop_cli.calculus.exact import exact_arithmetic

        return exact_arithmetic(self.limits)

    # ---- names and values ----

    def unfit(self, name: str) -> Diagnostic | None:
        graph = self.graph
        if name in graph.leaves:
            return None
        if name in graph.names:
            return Diagnostic(
                "not-a-leaf",
                f"{name} is computed, and only leaves can be given a value",
                graph.program.source,
                graph.span(graph.names[name]),
                hint=f"give its leaves values: {', '.join(list(graph.leaves)[:6])}",
            )
        close = nearest(name, graph.leaves)
        return Diagnostic(
            "unknown-name",
            f"{graph.program.source.name} has no leaf {name}",
            hint=f"did you mean {close}?" if close else f"its leaves: {', '.join(list(graph.leaves)[:12]) or 'none'}",
        )

    def number(self, name: str, value: Given) -> Value:
        if isinstance(value, Number | Name | Apply | Brackets | Index):
            return self.constant(name, value)
        if isinstance(value, Fraction) and not self.exact:
            return float(value)
        exact = isinstance(value, int | Fraction) or math.isfinite(value)
        if not exact:
            raise BackpropError(
                Diagnostic("not-finite", f"{name} must be a finite number, not {value}", hint=f"write a number, as in {name}=2")
            )
        return self.arithmetic.number(str(Fraction(value) if self.exact else value))

    def constant(self, name: str, value: Expr) -> Value:
        """The value of a constant expression such as `pi/2`."""
        text = unparse(value)
        program = Program(source(text, f"the value of {name}"), (Declare("input", name, Span(0, len(text)), parse_expression(text)),))
        graph = build(program, (), self.limits)
        stray = [leaf for leaf in graph.leaves if leaf != name]
        if stray:
            raise BackpropError(
                Diagnostic(
                    "not-constant",
                    f"the value of {name} must be a number, and {stray[0]} is a name",
                    hint="pi and e are the only names that may stand here",
                )
            )
        return _Run(graph, {}, self.exact, self.limits).gradients(name, ()).value

    def named(self, name: str, what: str) -> int:
        graph = self.graph
        if name in graph.names and graph.op[graph.names[name]] != CONSTANT:
            return graph.names[name]
        close = nearest(name, graph.names)
        if name in graph.names:
            hint = f"assign or declare {name} in the file, or give it a value with --at"
        else:
            hint = f"did you mean {close}?" if close else f"its names: {', '.join(list(graph.names)[:12])}"
        raise BackpropError(Diagnostic("unknown-name", f"{graph.program.source.name} has no node {name} to {what}", hint=hint))

    def chosen(self, output: int, wrt: Sequence[str] | None) -> list[str]:
        graph = self.graph
        if wrt is not None:
            return list(dict.fromkeys(wrt))
        params = [name for name in graph.leaves if graph.roles.get(name) == "param"]
        if params:
            return params
        needed = needed_for(graph, output, self.given)
        integers = {leaf for node in graph.static if needed[node] for leaf in graph.held(node)}
        return [name for name, leaf in graph.leaves.items() if needed[leaf] and leaf not in integers]

    # ---- running ----

    def gradients(self, of: str | None, wrt: Sequence[str] | None) -> Gradients:
        graph = self.graph
        name = of or graph.output
        assert name is not None
        output = self.named(name, "differentiate")
        names = self.chosen(output, wrt)
        nodes = [self.named(each, "differentiate by") for each in names]
        plan = make_plan(graph, output, nodes, self.given)
        self.require(plan)
        values = self.start(node for node in graph.literal if plan.needed[node])
        rules = Rules(self.arithmetic)
        faults = Faults(graph, rules, frozenset(self.given), self.show)
        values, adjoints = self.sweep(plan, values, rules, faults)
        for each, node in zip(names, nodes, strict=True):
            if not plan.needed[node]:
                self.warnings.append(Warned(each, graph.span(node), f"{name} does not depend on {each}, so the gradient is 0"))
        kinked = self.kinks(plan, values, adjoints, rules)
        if not all(plan.needed):
            self.unused(plan, values, rules, faults)
        roles = {each: graph.roles.get(each, "leaf") if each in graph.leaves else "node" for each in (*graph.leaves, *names)}
        leaves = {each: values[leaf] for each, leaf in graph.leaves.items() if plan.needed[leaf]}
        gradients = {each: adjoints[node] for each, node in zip(names, nodes, strict=True)}
        return Gradients(name, values[output], gradients, leaves, roles, kinked, tuple(self.warnings), Record(plan, values, adjoints))

    def require(self, plan: Plan) -> None:
        graph = self.graph
        missing = [name for name, leaf in graph.leaves.items() if plan.needed[leaf] and not self.has_value(leaf)]
        if not missing:
            return
        listed = ", ".join(missing[:12]) + (f" and {len(missing) - 12} more" if len(missing) > 12 else "")
        several = len(missing) > 1
        hints = [f"{name}: did you mean {close}?" for name in missing[:3] if (close := nearest(name, set(graph.names) - set(missing)))]
        example = ",".join(f"{name}=1" for name in missing[:4]) + (",..." if len(missing) > 4 else "")
        span = graph.first_use[graph.leaves[missing[0]]]
        raise BackpropError(
            Diagnostic(
                "missing-value",
                f"no value for {listed}",
                graph.program.source,
                span,
                "used here first" if not several else f"{missing[0]} is used here first",
                note="; ".join(hints),
                hint=f"give {'them values' if several else 'it a value'}: --at {example}, or in the file {missing[0]} = 1",
            )
        )

    def has_value(self, leaf: int) -> bool:
        return leaf in self.given or leaf in self.graph.literal or leaf in self.graph.preset

    def start(self, literals: Iterable[int]) -> list[Value]:
        """The values before the sweep: literals and given leaves."""
        graph, number, constants = self.graph, self.arithmetic.number, self.arithmetic.constants
        values: list[Value] = [number("0")] * len(graph)
        for node in literals:
            text = graph.literal[node]
            values[node] = constants[text] if text in constants else number(text)
        for leaf, value in self.given.items():
            values[leaf] = value
        return values

    def sweep(self, plan: Plan, values: list[Value], rules: Rules, faults: Faults) -> tuple[list[Value], list[Value]]:
        careful = Interpreter(plan, rules, faults)
        presets = {leaf: node for leaf, node in self.graph.preset.items() if plan.needed[leaf] and leaf not in self.given}
        if presets:
            careful.forward(values, plan.constant, presets.values())
            for leaf, node in presets.items():
                values[leaf] = values[node]
        if not self.exact:
            swept = list(values)
            loops = Loops(plan)
            if loops.forward(swept) < 0 and FLOAT.finite(sum(swept)):
                adjoints, failed = loops.backward(swept)
                if failed < 0 and FLOAT.finite(sum(adjoints)):
                    return swept, adjoints
        careful.forward(values, plan.order, (plan.output,))
        return values, careful.backward(values)

    # ---- what the reader should know ----

    def kinks(self, plan: Plan, values: list[Value], adjoints: list[Value], rules: Rules) -> bool:
        """Warn of every node at which a convention stood in for a derivative."""
        graph = self.graph
        bent = {number for number, row in enumerate(graph.rows) if row.kink is not None}
        if not bent:
            return False
        depends = self.dependent(plan)
        found = False
        for node in plan.order:
            if graph.op[node] not in bent or not depends[node]:
                continue
            row = graph.rows[graph.op[node]]
            if plan.moved[node] and adjoints[node] == 0:
                continue
            inputs = [values[operand] for operand in graph.operands(node)]
            assert row.kink is not None
            if rules.condition(row, row.kink.at)(*inputs, values[node]):
                found = True
                shown = self.label(node)
                place = ", ".join(f"{self.label(o)} = {self.show(values[o])}" for o in graph.operands(node)[:3] if graph.op[o] != CONSTANT)
                self.warnings.append(Warned(shown, graph.span(node), f"{row.head} has no derivative at {place}: {row.kink.takes}"))
        return found

    def dependent(self, plan: Plan) -> bytearray:
        """Marks what changes when the leaves in question do, also where no derivative passes, as through a comparison."""
        graph = self.graph
        depends = bytearray(len(graph))
        for node in plan.wrt:
            depends[node] = 1
        for node in plan.order:
            if any(depends[operand] for operand in graph.operands(node)):
                depends[node] = 1
        return depends

    def unused(self, plan: Plan, computed: list[Value], rules: Rules, faults: Faults) -> None:
        """Warn of statements outside their domain that the output does not use."""
        graph = self.graph
        careful = Interpreter(plan, rules, faults)
        known = bytearray(plan.needed)
        told: set[int] = set()
        values = self.start(graph.literal)
        for node, value in enumerate(graph.op):
            if known[node]:
                continue
            if value < 0:
                known[node] = node in graph.literal or node in self.given or known[graph.preset.get(node, node)]
                if node in graph.preset and node not in self.given:
                    values[node] = values[graph.preset[node]]
                continue
            row = graph.rows[value]
            operands = graph.operands(node)
            inputs = [(computed if plan.needed[operand] else values)[operand] for operand in operands]
            if row.head == "where" and known[operands[0]]:
                operands = (operands[1] if inputs[0] != 0 else operands[2],)
            if not all(known[operand] for operand in operands):
                continue
            values[node] = careful.attempt(rules.forward(row), *inputs)
            known[node] = self.arithmetic.finite(values[node])
            place = graph.first_of(node)
            if not known[node] and place not in told:
                told.add(place)
                both = [c if n else v for c, n, v in zip(computed, plan.needed, values, strict=True)]
                reason = faults.value(node, both).diagnostics[0].message
                self.warnings.append(
                    Warned(
                        self.label(node), graph.span(node), f"{graph.labels[plan.output]} does not use this, and it has no value: {reason}"
                    )
                )

    def label(self, node: int) -> str:
        text = self.graph.labels.get(node) or unparse(self.graph.expr(node))
        return text if len(text) <= 60 else text[:57] + "..."

    def show(self, value: Value) -> str:
        if self.exact:
            from backprop_cli.calculus.exact import exact_text

            return exact_text(value)
        return f"{value + 0.0:.6g}"
