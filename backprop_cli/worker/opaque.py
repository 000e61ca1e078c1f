"""SymPy functions for what has steps and odd roots: real, and opaque but for what is certain.

SymPy's own `Piecewise`, `Max`, `Abs` and odd roots mean something else for negative or complex arguments, or ask so many
questions about signs that a handful of them nested does not end.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any


@cache
def opaque() -> SimpleNamespace:
    """The classes `Positive` (1 where its argument is above 0, else 0), `Magnitude`, `Root` (the real cube root), `Step` and `Angle`."""
    import sympy

    class Positive(sympy.Function):  # type: ignore[misc]
        nargs = 1
        is_integer = True
        is_nonnegative = True

        @classmethod
        def eval(cls, argument: Any) -> Any:
            if argument.is_positive:
                return sympy.S.One
            if argument.is_nonpositive:
                return sympy.S.Zero
            # What is 0 or 1 already.
            if isinstance(argument, cls) or isinstance(1 - argument, cls):
                return argument
            if isinstance(1 + argument, cls):
                return sympy.S.Zero
            content, rest = argument.as_content_primitive()
            return cls(rest) if content.is_positive and content != 1 and rest != argument else None

        def _eval_power(self, exponent: Any) -> Any:
            return self if exponent.is_Integer and exponent.is_positive else None

    class Magnitude(sympy.Function):  # type: ignore[misc]
        nargs = 1
        is_extended_nonnegative = True

        @classmethod
        def eval(cls, argument: Any) -> Any:
            if argument.is_nonnegative or isinstance(argument, cls):
                return argument
            if argument.is_nonpositive:
                return -argument
            return cls(-argument) if argument.could_extract_minus_sign() else None

        def _eval_power(self, exponent: Any) -> Any:
            return self.args[0] ** exponent if exponent.is_Integer and exponent.is_even else None

    class Root(sympy.Function):  # type: ignore[misc]
        nargs = 1
        is_extended_real = True

        @classmethod
        def eval(cls, argument: Any) -> Any:
            if argument.is_nonnegative:
                return argument ** sympy.Rational(1, 3)
            if argument.is_nonpositive:
                return -((-argument) ** sympy.Rational(1, 3))
            return -cls(-argument) if argument.could_extract_minus_sign() else None

        def _eval_power(self, exponent: Any) -> Any:
            if not exponent.is_Integer or -3 < exponent < 3:
                return None
            whole, rest = divmod(int(exponent), 3)
            return self.args[0] ** whole * self**rest

    class Step(sympy.Function):  # type: ignore[misc]
        """Its first argument tells which: floor, ceil or round."""

        nargs = 2
        is_integer = True

        @classmethod
        def eval(cls, which: Any, argument: Any) -> Any:
            return argument if argument.is_integer else None

    class Angle(sympy.Function):  # type: ignore[misc]
        nargs = 2
        is_extended_real = True

        @classmethod
        def eval(cls, up: Any, along: Any) -> Any:
            return sympy.atan(up / along) if along.is_positive else None

    return SimpleNamespace(Positive=Positive, Magnitude=Magnitude, Root=Root, Step=Step, Angle=Angle)
