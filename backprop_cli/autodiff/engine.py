"""Which arithmetic a run works in, and the two sweeps in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from backprop_cli.autodiff.faults import Faults
from backprop_cli.autodiff.interpret import Interpreter
from backprop_cli.autodiff.loops import Loops
from backprop_cli.autodiff.plan import Plan
from backprop_cli.calculus.arithmetic import FLOAT, Arithmetic
from backprop_cli.calculus.formula import rules_of
from backprop_cli.graph.graph import Graph
from backprop_cli.limits import Limits

Value = Any  # a float or an array of floats; with `exact` an exact number (calculus/exact.py) or an array of these


class Engine:
    """Runs plans over one graph: floats on the flat tape, arrays and exact numbers node by node."""

    def __init__(self, graph: Graph, given: Mapping[int, Value], exact: bool, limits: Limits) -> None:
        self.graph, self.given, self.exact, self.limits = graph, given, exact, limits
        self.arrays = any(row.code is not None for row in graph.rows) or any(hasattr(value, "shape") for value in given.values())
        self.arithmetic = self.choose_arithmetic()
        self.rules = rules_of(self.arithmetic)
        # Of the last sweep: nodes, and operands by which the slope is 0 though what arrives at the node is no number.
        self.silenced: Sequence[tuple[int, int]] = ()
        # The reverse: nothing arrives at a node whose slope is infinite; and in which entries.
        self.hushed: Sequence[tuple[int, int, Any]] = ()
        self.faults = Faults(graph, self.rules, frozenset(given), self.show)

    def choose_arithmetic(self) -> Arithmetic:
        if not self.arrays:
            return scalar_arithmetic(self.exact, self.limits)
        from backprop_cli.calculus.arrays import array_arithmetic, lifted

        return lifted(scalar_arithmetic(True, self.limits)) if self.exact else array_arithmetic()

    def start(self, plan: Plan) -> list[Value]:
        """The values before the sweep: literals, given leaves, and leaves whose value is a constant expression."""
        loops = self.graph.known.get(plan) if self.arithmetic is FLOAT else None
        if loops is None:
            return self.first_start(plan)
        if loops.start is None:
            loops.start = self.first_start(plan)
        values: list[Value] = loops.start.copy()
        for leaf, value in self.given.items():
            values[leaf] = value
        return values

    def first_start(self, plan: Plan) -> list[Value]:
        graph, number, constants = self.graph, self.arithmetic.number, self.arithmetic.constants
        values: list[Value] = [number("0")] * len(graph)
        for node, text in graph.literal.items():
            if plan.needed[node]:
                values[node] = constants[text] if text in constants else number(text)
        for leaf, value in self.given.items():
            values[leaf] = value
        presets = {leaf: node for leaf, node in graph.preset.items() if plan.needed[leaf] and leaf not in self.given}
        if presets:
            with self.quiet():
                self.interpreter(plan).forward(values, plan.constant, presets.values())
            for leaf, node in presets.items():
                values[leaf] = values[node]
        return values

    def interpreter(self, plan: Plan, strict: bool = False) -> Interpreter:
        if not self.arrays:
            return Interpreter(plan, self.rules, self.faults)
        from backprop_cli.autodiff.array_sweep import ArrayInterpreter

        return ArrayInterpreter(plan, self.rules, self.faults, self.limits, strict)

    def sweep(self, plan: Plan, values: list[Value], check: Callable[[Value], None]) -> tuple[list[Value], list[Value]]:
        """Primals and adjoints of all nodes of a plan. `check` sees the output before anything goes back."""
        if not self.exact:
            swept = self.sweep_arrays(plan, values, check) if self.arrays else self.sweep_floats(plan, values)
            if swept is not None:
                return swept
        with self.quiet():
            careful = self.interpreter(plan)
            careful.forward(values, plan.order, (plan.output,))
            check(values[plan.output])
            adjoints = careful.backward(values, self.seed(values[plan.output]))
            self.silenced, self.hushed = careful.silenced, careful.hushed
            return values, adjoints

    def sweep_floats(self, plan: Plan, values: list[Value]) -> tuple[list[Value], list[Value]] | None:
        """The fast loops; None where something is not finite."""
        swept = list(values)
        loops = self.graph.known.get(plan)
        if loops is None:
            loops = self.graph.known[plan] = Loops(plan)
        if loops.forward(swept) >= 0 or not FLOAT.finite(sum(swept)):
            return None
        adjoints, failed = loops.backward(swept)
        if failed >= 0 or not FLOAT.finite(sum(adjoints)):
            return None
        quiet = [node for node in loops.steep if not adjoints[node]]
        return None if quiet and self.hushes(plan, swept, quiet) else (swept, adjoints)

    def hushes(self, plan: Plan, values: list[Value], quiet: list[int]) -> bool:
        """Whether the slope is infinite of some node at which nothing arrives."""
        careful = self.interpreter(plan)
        return any(True for node in quiet for _ in careful.hushed_at(node, None, values))

    def sweep_arrays(self, plan: Plan, values: list[Value], check: Callable[[Value], None]) -> tuple[list[Value], list[Value]] | None:
        """NumPy with its alarms on; None where one rings or the result is not finite."""
        import numpy as np

        swept = list(values)
        strict = self.interpreter(plan, strict=True)
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
                for node in plan.order:
                    swept[node] = strict.value(node, swept)
                check(swept[plan.output])
                adjoints = strict.backward(swept, self.seed(swept[plan.output]))
        except (FloatingPointError, ZeroDivisionError, OverflowError, ValueError):
            return None
        finite = self.arithmetic.finite
        if finite(swept[plan.output]) and all(finite(adjoints[node]) for node in plan.wrt):
            return swept, adjoints
        return None

    def sweep_each(self, plan: Plan, values: list[Value]) -> tuple[list[Value], Iterator[list[Value]]]:
        """Primals of all nodes, and for every entry of the output, in order, the adjoints of all nodes."""
        with self.quiet():
            careful = self.interpreter(plan)
            careful.forward(values, plan.order, (plan.output,))
        return values, self.backward_each(plan, careful, values)

    def backward_each(self, plan: Plan, careful: Interpreter, values: list[Value]) -> Iterator[list[Value]]:
        output = values[plan.output]
        if not getattr(output, "shape", ()):
            adjoints = careful.backward(values, self.seed(output))
            self.silenced, self.hushed = careful.silenced, careful.hushed
            yield adjoints
            return
        import numpy as np

        ones = self.seed(output)
        for entry in range(output.size):
            with self.quiet():
                seed = np.where(np.arange(output.size).reshape(output.shape) == entry, ones, ones * 0)
                adjoints = careful.backward(values, seed)
            self.silenced, self.hushed = careful.silenced, careful.hushed
            yield adjoints

    def seed(self, output: Value) -> Value:
        shape = getattr(output, "shape", ())
        one = self.arithmetic.number("1")
        if not shape:
            return one
        import numpy as np

        return np.full(shape, one, dtype=float if isinstance(one, float) else object)

    def quiet(self) -> Any:
        """NumPy keeps its warnings to itself: what is not finite is told in our own words."""
        if not self.arrays:
            return nullcontext()
        import numpy as np

        return np.errstate(all="ignore")

    def show(self, value: Value) -> str:
        """A value in a message: six digits, or all where six make it a whole number; arrays of a few entries in full."""
        shape = getattr(value, "shape", ())
        if shape:
            if value.size > 6:
                return f"an array of shape {shape}"
            return self.show_rows(value)
        if value is None:
            return "undefined"
        if self.exact:
            from backprop_cli.calculus.exact_text import exact_float, exact_text

            text = exact_text(value)
            return text if len(text) <= 60 else f"about {exact_float(value):.6g}"
        six = f"{float(value) + 0.0:.6g}"
        return repr(float(value)) if abs(value) < 1e6 and float(six).is_integer() and float(six) != value else six

    def show_rows(self, value: Value) -> str:
        inner = (self.show_rows(each) if getattr(each, "shape", ()) else self.show(each) for each in value)
        return f"[{', '.join(inner)}]"


def scalar_arithmetic(exact: bool, limits: Limits) -> Arithmetic:
    """Floats, or exact numbers."""
    if not exact:
        return FLOAT
    from backprop_cli.calculus.exact import exact_arithmetic

    return exact_arithmetic(limits)
