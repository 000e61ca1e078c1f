"""SymPy functions for what has corners and steps, each of which SymPy differentiates away from them without any search.

SymPy's own `Piecewise`, `Max` and `Abs` ask so many questions about signs that a handful of them nested does not end.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from backprop_cli.lang.syntax import INFIX


@cache
def corners() -> dict[str, Any]:
    """The class for each head. An instance has the head as its attribute `head`."""
    import sympy

    zero, one = sympy.S.Zero, sympy.S.One

    class Cornered(sympy.Function):  # type: ignore[misc]
        """Real, and flat unless a subclass says more."""

        head = ""
        is_extended_real = True

        def fdiff(self, argindex: int = 1) -> Any:
            return zero

    class Where(Cornered):
        nargs = 3

        @classmethod
        def eval(cls, condition: Any, taken: Any, other: Any) -> Any:
            return taken if taken == other else None

        def _eval_derivative(self, symbol: Any) -> Any:
            condition, taken, other = self.args
            return Where(condition, taken.diff(symbol), other.diff(symbol))

    class Sign(Cornered):
        nargs = 1

    class Absolute(Cornered):
        nargs = 1

        def fdiff(self, argindex: int = 1) -> Any:
            return Sign(self.args[0])

    class Larger(Cornered):
        nargs = 2

        def fdiff(self, argindex: int = 1) -> Any:
            left, right = self.args
            return Where(found[">"](left, right), *((one, zero) if argindex == 1 else (zero, one)))

    class Smaller(Cornered):
        nargs = 2

        def fdiff(self, argindex: int = 1) -> Any:
            left, right = self.args
            return Where(found["<"](left, right), *((one, zero) if argindex == 1 else (zero, one)))

    class Root(Cornered):
        """The real cube root; its derivative follows from cbrt(x)^3 = x."""

        nargs = 1

        def fdiff(self, argindex: int = 1) -> Any:
            return one / (3 * self**2)

    found: dict[str, Any] = {"where": Where, "sign": Sign, "abs": Absolute, "maximum": Larger, "minimum": Smaller, "cbrt": Root}
    for each, head in enumerate(INFIX[:6]):
        found[head] = type(f"Compared{each}", (Cornered,), {"nargs": 2})
    for head in ("floor", "ceil", "round"):
        found[head] = type(head.capitalize(), (Cornered,), {"nargs": 1})
    for head, kind in found.items():
        kind.head = head
    return found
