"""The sweeps over arrays: NumPy for the work, shapes checked before it, gradients in the shape of their leaf.

Imported only where a graph holds arrays.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from backprop_cli.autodiff.faults import Faults
from backprop_cli.autodiff.interpret import Interpreter
from backprop_cli.autodiff.plan import Plan
from backprop_cli.calculus.arrays import CODE, Misshapen, broadcast, unbroadcast
from backprop_cli.calculus.arrays.exact_work import require_bearable, require_steps
from backprop_cli.calculus.formula import Rules
from backprop_cli.calculus.primitive import Primitive
from backprop_cli.graph.graph import Held
from backprop_cli.limits import Limits


class ArrayInterpreter(Interpreter):
    """Runs a plan over arrays. `strict`: undefined values raise at once; else they are carried along and judged at the end.

    Exact numbers that are missing raise, too, unless `carries`: local derivatives are shown with the entries that they have.
    """

    def __init__(self, plan: Plan, rules: Rules, faults: Faults, limits: Limits, strict: bool = False) -> None:
        super().__init__(plan, rules, faults)
        self.limits = limits
        self.strict = strict
        self.functions = self.arithmetic.functions
        self.exact = not isinstance(self.arithmetic.undefined, float)
        self.known = _there if self.exact else np.isfinite
        self.bent = {number for number, row in enumerate(plan.graph.rows) if row.kink is not None}
        self.values: list[Any] = []
        self.gathered: dict[int, Any] = {}  # adjoints made here, to which entries are added in place
        if strict:
            self.demanded = bytearray(b"\2") * len(plan.graph)

    def compute(self, node: int, row: Primitive, inputs: list[Any], values: list[Any]) -> Any:
        try:
            if row.code is not None:
                inputs = self.operands(row, inputs)
                static = self.static(node, values)
                code = CODE[row.code]
                shape = code.shape(static, *map(np.shape, inputs))
                self.bound(shape, node, values)
                if self.exact:
                    require_bearable(row.code, static, inputs, shape, self.limits)
                with self.arithmetic.counted:
                    result = code.forward(self.functions, static, *inputs)
                if self.strict and row.code == "matmul" and not self.arithmetic.finite(result):
                    raise FloatingPointError
                return self.within(result[()] if isinstance(result, np.ndarray) and not result.shape else result)
            shapes = {each.shape for each in inputs if isinstance(each, np.ndarray)}
            if len(shapes) > 1:
                whole: tuple[int, ...] = ()
                for each in inputs:
                    whole = broadcast(whole, np.shape(each))
                self.bound(whole, node, values)
        except Misshapen as wrong:
            raise self.faults.shape(node, values, str(wrong), wrong.hint, wrong.reference) from None
        return self.rules.forward(row)(*inputs)

    def within(self, found: Any) -> Any:
        """What NumPy put together, if exact numbers in it are of bearable size. Raises NotExact."""
        return self.functions["within"](found) if self.exact and found is not None else found

    def operands(self, row: Primitive, inputs: list[Any]) -> list[Any]:
        """Whole-array functions see arrays; only the entries of an array literal may stay what they are."""
        return inputs if row.variadic else [np.asarray(each) for each in inputs]

    def bound(self, shape: tuple[int, ...], node: int, values: list[Any]) -> None:
        entries = math.prod(shape)
        if entries > self.limits.entries:
            raise self.faults.too_large(node, values, shape, self.limits.entries)

    def static(self, node: int, values: list[Any]) -> dict[str, Any]:
        """The arguments that are no operands, leaves replaced by the integers they hold."""
        found: dict[str, Any] = {}
        for name, given in self.plan.graph.static.get(node, ()):
            resolved = self.integers(given, node, values, several=name == "k")
            found[name] = resolved if name == "index" else resolved[0]
        return found

    def integers(self, given: Any, node: int, values: list[Any], several: bool = False) -> Any:
        """The integers that leaves hold; only a one-hot array is made from `several` at once."""
        if isinstance(given, Held):
            held = values[given.leaf]
            whole = np.asarray(held, dtype=float)
            if (whole.ndim and not several) or not np.all(whole == np.round(whole)):
                raise self.faults.not_integer(node, given.leaf, values)
            found = whole.astype(int) if whole.ndim else int(whole)
            return -found if given.minus else found
        if isinstance(given, tuple):
            return tuple(self.integers(each, node, values, several) for each in given)
        if isinstance(given, slice):
            return slice(*(self.integers(each, node, values) for each in (given.start, given.stop, given.step)))
        return given

    def everywhere(self, taken: Any) -> bool | None:
        some, every = bool(np.any(taken != 0)), bool(np.all(taken != 0))
        return every if some == every else None

    def nothing(self, upstream: Any) -> bool:
        return upstream is None or (not self.strict and not np.any(upstream != 0))

    def backward(self, values: list[Any], seed: Any) -> list[Any]:
        self.values, self.gathered = values, {}
        return super().backward(values, seed)

    def passed(self, node: int, at: int, operand: int, adjoints: list[Any], inputs: list[Any], values: list[Any]) -> tuple[Any, Any]:
        graph = self.plan.graph
        if graph.rows[graph.op[node]].code != "index":
            return super().passed(node, at, operand, adjoints, inputs, values)
        # Added in its place: a whole array for each entry that is taken would be the square of their number.
        total = adjoints[operand]
        if total is None or total is not self.gathered.get(operand):
            total = self.zero(inputs[at]) if total is None else np.array(total)
            adjoints[operand] = self.gathered[operand] = total
        index = self.static(node, values)["index"]
        part = self.entry(adjoints[node])
        total[index] = self.added(total[index], part)
        return part, total[index]

    def done(self, node: int, adjoints: list[Any]) -> None:
        """Let go of what nobody asks for: large nets would otherwise hold two arrays for every node."""
        if node not in self.kept and not (self.plan.graph.op[node] in self.bent and self.may_be_on_kink(node)):
            adjoints[node] = None

    def may_be_on_kink(self, node: int) -> bool:
        """Whether a node has an entry on a kink; then its adjoint tells whether something flows through it."""
        row = self.plan.graph.rows[self.plan.graph.op[node]]
        if row.code is not None:
            return True
        assert row.kink is not None
        inputs = [self.values[operand] for operand in self.plan.graph.operands(node)]
        return bool(np.any(self.rules.condition(row, row.kink.at)(*inputs, self.values[node])))

    def filled(self, adjoints: list[Any], values: list[Any]) -> list[Any]:
        """Zeros where nothing arrived, for the names asked for; arrays of zeros for all others would be a waste."""
        for node in self.plan.wrt:
            if adjoints[node] is None:
                adjoints[node] = self.zero(values[node])
        return adjoints

    def zero(self, value: Any) -> Any:
        shape = np.shape(value)
        nil = self.arithmetic.number("0")
        return np.full(shape, nil, dtype=object if not isinstance(nil, float) else float) if shape else nil

    def part(self, node: int, at: int, upstream: Any, inputs: list[Any], values: list[Any]) -> Any:
        if self.plan.graph.rows[self.plan.graph.op[node]].variadic:
            return self.entry(upstream[at])  # alone: a look at all entries would be one for each of them
        if self.strict or self.carries or self.is_number(upstream):
            return self.within(self.sent(node, at, upstream, inputs, values))
        self.require_floats(node, at, values)
        known = np.isfinite(upstream)
        part = self.sent(node, at, np.where(known, upstream, 0.0), inputs, values)
        # An entry of what is sent is unknown where it depends on what is unknown: some number there would show in it.
        shown = self.sent(node, at, np.where(known, 0.0, np.random.default_rng(0).uniform(1, 2, np.shape(upstream))), inputs, values)
        return part if part is None or shown is None else np.where(shown == 0, part, np.nan)[()]

    def entry(self, arriving: Any) -> Any:
        """What is sent on as it is, no number where that is not known."""
        return arriving if self.strict or self.exact else np.where(np.isfinite(arriving), arriving, np.nan)[()]

    def sent(self, node: int, at: int, upstream: Any, inputs: list[Any], values: list[Any]) -> Any:
        """What an operand receives from one user where all that arrives is known; None where it is nothing."""
        graph = self.plan.graph
        row = graph.rows[graph.op[node]]
        shape = np.shape(inputs[at])
        if row.code is not None:
            inputs = self.operands(row, inputs)
            with self.arithmetic.counted:
                part = self.attempt(CODE[row.code].back, self.functions, self.static(node, values), at, upstream, values[node], *inputs)
            if not self.strict and not self.arithmetic.finite(part):
                self.require_floats(node, at, values)
                return part if np.shape(part) == shape else np.full(shape, np.nan)
            return part
        text = row.computed[at]
        if text == "0":
            return None
        if text in ("1", "-1"):
            negative = self.functions["negative"] if self.carries else operator.neg
            return self.summed(upstream if text == "1" else negative(upstream), shape)
        local = self.slope(node, at, inputs, values)
        if not self.strict and not self.arithmetic.finite(local):
            # A slope that does not exist does no harm where nothing arrives.
            known = np.where(self.known(local), local, self.arithmetic.undefined)
            local = np.where(np.asarray(upstream != 0, dtype=bool), known, self.arithmetic.number("0"))[()]
            if not self.carries and not self.arithmetic.finite(local):
                self.require_floats(node, at, values)
        return self.summed(self.arithmetic.multiply(upstream, local), shape)

    def summed(self, sent: Any, shape: tuple[int, ...]) -> Any:
        """What an operand of a shape receives of what was sent in the shape that it was repeated to."""
        if self.exact and np.shape(sent) != shape:
            require_steps(np.size(sent), np.size(sent) // max(math.prod(shape), 1), [sent], self.limits)
        with self.arithmetic.counted:
            return unbroadcast(sent, shape)

    def require_floats(self, node: int, at: int, values: list[Any]) -> None:
        """Complain of what is no number where it cannot be carried along: among exact numbers."""
        if self.exact:
            raise self.faults.slope(node, at, values)

    def is_number(self, adjoint: Any) -> bool:
        return self.arithmetic.finite(adjoint)

    def quiet_entries(self, upstream: Any, local: Any, value: Any) -> Any:
        quiet = np.broadcast_to(np.equal(0 if upstream is None else upstream, 0).astype(bool), np.shape(value))
        quiet = quiet & ~self.known(local) & self.known(value)
        return quiet if np.any(quiet) else False

    def unknown(self, part: Any) -> bool:
        return bool(np.any(np.isnan(part)))

    def added(self, left: Any, right: Any) -> Any:
        return self.arithmetic.add(left, right)

    def attempt(self, function: Any, *inputs: Any) -> Any:
        return function(*inputs) if self.strict else super().attempt(function, *inputs)


def tie(interpreter: Interpreter, node: int, values: list[Any], adjoint: Any) -> bool:
    """Whether a whole-array function sits on a kink through which something flows."""
    assert isinstance(interpreter, ArrayInterpreter)
    graph = interpreter.plan.graph
    row = graph.rows[graph.op[node]]
    assert row.code is not None
    kink = CODE[row.code].kink
    inputs = [np.asarray(values[operand]) for operand in graph.operands(node)]
    return kink is not None and bool(np.any(adjoint != 0)) and kink(interpreter.static(node, values), values[node], *inputs)


def _there(value: Any) -> Any:
    """Which entries of exact numbers there are."""
    return np.equal(np.frompyfunc(lambda entry: entry is not None, 1, 1)(value), True)
