"""Whether SymPy finds that an expression is 0, by means that only ever prove: from the cheap to the costly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backprop_cli.calculus.sizes import terms
from backprop_cli.worker.building import HOPELESS, MOST_TERMS

_MOST_RADICALS = 60  # operations in a constant whose minimal polynomial is looked for


def undefined(expr: Any) -> bool:
    """Whether SymPy met something infinite or without a value while it built an expression."""
    import sympy

    return bool(expr.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.AccumBounds))


def vanishes(expr: Any) -> str:
    """The means by which an expression is shown to be 0 wherever it has a value; empty where none shows it.

    Raises MemoryError alone; whatever else a means raises, the next one is tried.
    """
    if undefined(expr):
        return ""
    if expr == 0:
        return "as built"
    if terms(expr) > HOPELESS:
        return ""
    for name, means in _MEANS.items():
        try:
            if means(expr) == 0:
                return name
        except MemoryError:
            raise
        except Exception:  # SymPy raises what it likes, and a means that raises has shown nothing
            continue
    return ""


def _expand(expr: Any) -> Any:
    """Powers and products multiplied out."""
    return expr.expand() if terms(expr) <= MOST_TERMS else expr


def _cancel(expr: Any) -> Any:
    """One fraction whose numerator is multiplied out; what is not rational in it stands for itself."""
    import sympy

    return _expand(sympy.fraction(sympy.together(expr))[0])


def _radicals(expr: Any) -> Any:
    """A constant made of roots, by its minimal polynomial."""
    import sympy

    if expr.free_symbols or sympy.count_ops(expr) > _MOST_RADICALS or not expr.is_algebraic:
        return expr
    unknown = sympy.Dummy()
    return sympy.S.Zero if sympy.minimal_polynomial(expr, unknown) == unknown else expr


def _roots(expr: Any) -> Any:
    import sympy

    return _cancel(sympy.sqrtdenest(sympy.radsimp(expr)))


def _exponentials(expr: Any) -> Any:
    """Hyperbolic functions as exponentials, and these apart."""
    import sympy

    written = expr.rewrite((sympy.sinh, sympy.cosh, sympy.tanh), sympy.exp)
    return _cancel(sympy.expand_power_exp(sympy.expand_log(written)))


def _logarithms(expr: Any) -> Any:
    import sympy

    return _cancel(sympy.expand_log(sympy.logcombine(_expand(expr))))


def _angles(expr: Any) -> Any:
    """Sines and cosines of sums and multiples in those of their parts, and the square of the sine in that of the cosine."""
    import sympy

    written = sympy.expand_trig(expr.rewrite(sympy.tan, sympy.cos) if expr.has(sympy.tan) else expr)
    numerator = _expand(sympy.fraction(sympy.together(written))[0])
    return _expand(numerator.replace(_is_power_of_sine, _one_circle))


def _is_power_of_sine(expr: Any) -> bool:
    import sympy

    return bool(expr.is_Pow and isinstance(expr.base, sympy.sin) and expr.exp.is_Integer and expr.exp > 1)


def _one_circle(power: Any) -> Any:
    import sympy

    half, rest = divmod(int(power.exp), 2)
    return (1 - sympy.cos(power.base.args[0]) ** 2) ** half * power.base**rest


def _complex(expr: Any) -> Any:
    """Sines and cosines as exponentials of imaginary numbers, unless they stand in each other."""
    import sympy

    periodic = (sympy.sin, sympy.cos, sympy.tan)
    if any(each.args[0].has(*periodic) for each in expr.atoms(*periodic)):
        return expr
    return _cancel(sympy.expand_power_exp(expr.rewrite(periodic, sympy.exp)))


def _simplify(expr: Any) -> Any:
    import sympy

    return sympy.simplify(expr)


_MEANS: dict[str, Callable[[Any], Any]] = {
    "multiplied out": _expand,
    "as a fraction": _cancel,
    "minimal polynomial": _radicals,
    "roots": _roots,
    "exponentials": _exponentials,
    "logarithms": _logarithms,
    "angles": _angles,
    "imaginary exponentials": _complex,
    "simplified": _simplify,
}
