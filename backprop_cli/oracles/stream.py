"""SymPy objects as straight-line code for mpmath: each distinct part is computed once, with poles and complex values kept apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from backprop_cli.calculus.sizes import parts_below
from backprop_cli.oracles.cancelling import add, quotient, rounding, vanishing
from backprop_cli.oracles.opinion import NoOpinion

# Beyond these powers of two, values have no use here and would cost without bound.
_FAR, _EXP_FAR = 1 << 16, 64
_CIRCULAR = ("sin", "cos", "tan", "sec", "csc", "cot")


@dataclass(frozen=True, slots=True)
class Bad:
    """What stands where there is no real number, and why there is none."""

    reason: str


class _NotReal(ArithmeticError):
    pass


_FAULTS = (ArithmeticError, AttributeError, ValueError, TypeError)  # of attributes: where a number is complex, or Bad


class Stream:
    """Values of SymPy objects in given symbols, at whatever precision mpmath works with when it is called."""

    def __init__(self, outputs: Sequence[Any], symbols: Sequence[Any]) -> None:
        self._slots: dict[Any, int] = {symbol: i for i, symbol in enumerate(symbols)}
        self.inputs = len(symbols)
        self.makers: list[Callable[[], Any]] = []
        self.code: list[tuple[Callable[..., Any], tuple[int, ...]]] = []
        self._constants: dict[int, list[Any]] = {}
        order = parts_below(*outputs, known=self._slots)
        for each in order:
            if not each.args:
                self._slots[each] = self.inputs + len(self.makers)
                self.makers.append(_constant(each))
        self._next = self.inputs + len(self.makers)
        for each in order:
            if each.args:
                self._slots[each] = self._emit(each)
        self.outputs = tuple(self._slots[each] for each in outputs)
        self.terms = tuple(tuple(self._slots[term] for term in (each.args if each.is_Add else (each,))) for each in outputs)

    def operations(self) -> dict[str, Callable[..., Any]]:
        """What each head does to values."""
        return _operations()

    def whole_power(self, exponent: int) -> Callable[[Any], Any]:
        """What raises a value to a whole number."""
        return _whole_power(exponent)

    def _add(self, operation: Callable[..., Any], *operands: int) -> int:
        self.code.append((operation, operands))
        self._next += 1
        return self._next - 1

    def _emit(self, each: Any) -> int:
        places = [self._slots[arg] for arg in each.args]
        operations = self.operations()
        if each.is_Add or each.is_Mul:
            operation = operations["+" if each.is_Add else "*"]
            at = places[0]
            for place in places[1:]:
                at = self._add(operation, at, place)
            return at
        if each.is_Pow:
            exponent = each.exp
            if exponent == -1:
                return self._add(operations["1/"], places[0])
            if exponent == 2:
                return self._add(operations["*"], places[0], places[0])
            if exponent.is_Rational and exponent.q == 2:
                at = self._add(operations["sqrt"], places[0])
                return at if exponent.p == 1 else self._add(self.whole_power(int(exponent.p)), at)
            if exponent.is_Integer:
                return self._add(self.whole_power(int(exponent)), places[0])
            return self._add(operations["^"], *places)
        head = getattr(each, "head", None) or type(each).__name__
        if head not in operations:
            raise NoOpinion(f"SymPy answers with {head}, which has no value here")
        if head in ("Max", "Min"):
            at = places[0]
            for place in places[1:]:
                at = self._add(operations[head], at, place)
            return at
        return self._add(operations[head], *places)

    def constants(self) -> list[Any]:
        """The constants at the present precision."""
        from mpmath import mp

        found = self._constants.get(mp.prec)
        if found is None:
            found = self._constants[mp.prec] = [make() for make in self.makers]
        return found

    def registers(self, arguments: list[Any]) -> list[Any]:
        """Every intermediate value."""
        values = arguments + self.constants()
        try:
            for operation, places in self.code:
                values.append(operation(*[values[i] for i in places]))
        except _FAULTS:
            return self._carefully(arguments)
        return values

    def _carefully(self, arguments: list[Any]) -> list[Any]:
        choose = _operations()["where"]
        values = arguments + self.constants()
        for operation, places in self.code:
            taken = [values[i] for i in places]
            bad = next((each for each in (taken[:1] if operation is choose else taken) if isinstance(each, Bad)), None)
            try:
                values.append(bad or real(operation(*taken)))
            except ZeroDivisionError:
                values.append(Bad("a pole"))
            except _FAULTS:
                values.append(Bad("no real value"))
        return values

    def run(self, arguments: list[Any]) -> list[Any]:
        """The outputs for the inputs; each is an mpf or Bad."""
        values = self.registers(arguments)
        return [real(values[i]) for i in self.outputs]

    def gross(self, arguments: list[Any]) -> list[tuple[Any, Any]]:
        """Each output with the sum of its terms' absolute values, the scale on which cancellation is no fault."""
        values = self.registers(arguments)
        found: list[tuple[Any, Any]] = []
        for output, slot in zip(self.terms, self.outputs, strict=True):
            value = real(values[slot])
            found.append((value, value if isinstance(value, Bad) else sum(abs(values[term]) for term in output)))
        return found


def real(value: Any) -> Any:
    """The value itself, or Bad where it is complex, infinite or no number."""
    if isinstance(value, Bad):
        return value
    raw = getattr(value, "_mpf_", None)
    if raw is None:
        return Bad("a complex value")
    return value if raw[1] or not raw[2] else Bad("a pole")


def _constant(each: Any) -> Callable[[], Any]:
    import sympy
    from mpmath import mp

    if each.is_Rational:
        top, bottom = int(each.p), int(each.q)
        return lambda: quotient(top, bottom)
    if each is sympy.pi:
        return lambda: +mp.pi
    if each is sympy.E:
        return lambda: +mp.e
    bad = Bad("a pole" if each in (sympy.zoo, sympy.oo, -sympy.oo, sympy.nan) else "a complex value")
    return lambda: bad


def _whole_power(exponent: int) -> Callable[[Any], Any]:
    power = _operations()["^"]
    if abs(exponent) > _EXP_FAR:
        from mpmath import mpf

        return lambda base: power(base, mpf(exponent))
    return lambda base: base**exponent


@cache
def _operations() -> dict[str, Callable[..., Any]]:
    import operator

    from mpmath import mp, mpf

    zero, one = mpf(0), mpf(1)

    def magnitude(value: Any) -> int:
        raw = value._mpf_
        return int(raw[2] + raw[3]) if raw[1] else 0

    def near(function: Callable[..., Any], most: int = _FAR) -> Callable[..., Any]:
        def run(*values: Any) -> Any:
            for value in values:
                if magnitude(value) > most:
                    raise NoOpinion("a value is too far from 1 to be worked with")
                if magnitude(value) < -_FAR:
                    return function(*[zero if magnitude(each) < -_FAR else each for each in values])
            return function(*values)

        return run

    def sqrt(value: Any) -> Any:
        if value < 0:
            raise _NotReal
        return mp.sqrt(value)

    def log(value: Any) -> Any:
        if value <= 0:
            raise _NotReal
        return mp.ln(value)

    def power(base: Any, exponent: Any) -> Any:
        if base == 0 and exponent < 0:
            raise ZeroDivisionError
        if base < 0 and not mp.isint(exponent):
            raise _NotReal
        if base not in (0, 1) and magnitude(exponent) > _EXP_FAR:
            raise NoOpinion("an exponent is too large to be worked with")
        return base**exponent

    def choose(condition: Any, taken: Any, other: Any) -> Any:
        return taken if condition != 0 else other

    def truth(test: Callable[[Any, Any], bool]) -> Callable[..., Any]:
        return lambda a, b: one if test(a, b) else zero

    found: dict[str, Callable[..., Any]] = {
        "+": add, "*": rounding(operator.mul), "1/": rounding(lambda a: one / a), "^": rounding(power), "sqrt": rounding(sqrt),
        "log": vanishing(log, 1), "exp": rounding(near(mp.exp, _EXP_FAR), True),
        "where": choose, "abs": abs, "Abs": abs, "sign": mp.sign, "maximum": max, "minimum": min, "Max": max, "Min": min,
        "floor": mp.floor, "ceil": mp.ceil, "round": mp.nint, "cbrt": lambda a: mp.cbrt(a) if a >= 0 else -mp.cbrt(-a),
        "<": truth(operator.lt), "<=": truth(operator.le), ">": truth(operator.gt), ">=": truth(operator.ge),
        "==": truth(operator.eq), "!=": truth(operator.ne),
    }  # fmt: skip
    for name in ("sinh", "cosh", "tanh"):
        found[name] = rounding(near(getattr(mp, name), _EXP_FAR), True)
    for name in ("asin", "atan", "asinh", "atanh", "erf", "erfc", "atan2"):
        found[name] = rounding(near(getattr(mp, name)), True)
    for name in (*_CIRCULAR, "acos", "acosh"):
        found[name] = vanishing(near(getattr(mp, name)), 1 if name in _CIRCULAR else 2, name in _CIRCULAR)
    return found
