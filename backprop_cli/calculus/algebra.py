"""Trees to SymPy and back, node by node: no text ever reaches SymPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from backprop_cli.calculus.corners import corners
from backprop_cli.calculus.powers import power_bits, product_bits, quotient_bits
from backprop_cli.calculus.sizes import parts_below, tree_size
from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Name, Number, Part, fold, postorder
from backprop_cli.lang.unparse import unparse

_SAME_NAME = (
    "exp",
    "log",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "erfc",
    "atan2",
)
_ZERO = Number("0")
_MOST_BITS = 4_096
_NO_VALUE = "a part of it has no value, as where it divides by zero"


class Untranslatable(Exception):
    """A SymPy object that the language has no words for, or a tree that SymPy has none for; the text says which."""


# ---- trees to SymPy ----


@cache
def _makers() -> dict[str, Callable[..., Any]]:
    import sympy

    makers: dict[str, Callable[..., Any]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": _product,
        "/": _quotient,
        "^": _power,
        NEGATE: lambda a: -a,
        "sqrt": sympy.sqrt,
    }
    makers.update((head, getattr(sympy, head)) for head in _SAME_NAME)
    makers["exp"] = lambda a: _power(sympy.E, a)
    makers.update(corners())
    return makers


def _power(base: Any, exponent: Any) -> Any:
    _require(max(power_bits(base, exponent)))
    return base**exponent


def _product(a: Any, b: Any) -> Any:
    _require(product_bits(a, b))
    return a * b


def _quotient(a: Any, b: Any) -> Any:
    _require(quotient_bits(a, b))
    return a / b


def _require(bits: int) -> None:
    if bits > _MOST_BITS:
        raise Untranslatable("a power of a number is too large to be written out")


@cache
def _endless() -> tuple[Any, ...]:
    """What SymPy makes of 1/0 and its like."""
    import sympy

    return sympy.zoo, sympy.nan, sympy.oo, -sympy.oo


def basic_heads() -> frozenset[str]:
    """The heads that `to_sympy` knows; imports SymPy."""
    return frozenset(_makers())


def to_sympy(tree: Expr, symbols: Mapping[str, Any]) -> Any:
    """The SymPy object of a tree of basic heads.

    `symbols` gives the SymPy object for each name; `pi` and `e` are the constants unless it knows them. Literals are
    exact rationals. The caller bounds the size of the tree and of its powers beforehand.
    Raises Untranslatable where the tree holds an array or another head.
    """
    import sympy

    makers = _makers()

    def combine(part: Part, below: list[Any]) -> Any:
        match part:
            case Number():
                exact = part.exact
                return sympy.Rational(exact.numerator, exact.denominator)
            case Name(id=name) if name in symbols:
                return symbols[name]
            case Name(id="pi"):
                return sympy.pi
            case Name(id="e"):
                return sympy.E
            case Apply(head=head, keywords=()) if head in makers:
                made = makers[head](*below)
                if made in _endless():  # SymPy goes on with these, and the derivative of what comes of them is 0
                    raise Untranslatable(_NO_VALUE)
                return made
            case Apply(head=head):
                raise Untranslatable(f"SymPy is not told about {head}")
            case _:
                raise Untranslatable("arrays")

    return fold(tree, combine)


# ---- SymPy to trees ----


def from_sympy(expr: Any, names: Mapping[Any, Expr], most: int = 10_000) -> Expr:
    """The tree of a SymPy object, in the order people write: positive terms first, one fraction bar, roots as roots.

    `names` gives the tree for each symbol, and for SymPy's `pi` and `E` where they are not to be called `pi` and `e`.
    Away from corners the tree has the object's value wherever that is real.
    Raises Untranslatable where the tree would have more than `most` parts, or the language has no word for a part.
    """
    if tree_size(expr) > most:
        raise Untranslatable(f"more than {most:,} parts")
    return _Writer(names).write(expr)


def number(value: Any) -> Expr:
    """The tree of a rational number (anything with `numerator` and `denominator`)."""
    top, bottom = int(value.numerator), int(value.denominator)
    tree: Expr = Number(str(abs(top)))
    if top < 0:
        tree = Apply(NEGATE, (tree,))
    return tree if bottom == 1 else Apply("/", (tree, Number(str(bottom))))


class _Writer:
    def __init__(self, names: Mapping[Any, Expr]) -> None:
        import sympy

        self.under_one = {sympy.cot: "tan", sympy.sec: "cos", sympy.csc: "sin"}  # SymPy's names for one over these
        self.bare: dict[Any, tuple[Any, Expr]] = {}
        self.trees: dict[Any, Expr] = {sympy.pi: Name("pi"), sympy.E: Name("e"), **names}

    def write(self, expr: Any) -> Expr:
        for each in parts_below(expr):
            if each not in self.trees:
                self.trees[each] = self.part(each)
        return self.trees[expr]

    def part(self, each: Any) -> Expr:
        if each.is_Rational:
            return number(each)
        if each.is_Add:
            self.bare[each] = self.total(each)
            return self.sum(each, 1) if self.bare[each][0] == -1 else self.product(each)
        if each.is_Mul or each.is_Pow or each.func in self.under_one:
            return self.product(each)
        below = tuple(self.trees[arg] for arg in each.args)
        head = getattr(each, "head", None) or _spoken().get(each.func)
        if each in _endless():  # what SymPy makes of 1/0, in a branch that is not taken perhaps
            raise Untranslatable(_NO_VALUE)
        if head is None:
            raise Untranslatable(f"no word for {type(each).__name__}")
        if len(below) <= 2 or head not in ("maximum", "minimum"):
            return Apply(head, below)
        tree = Apply(head, below[:2])
        for more in below[2:]:
            tree = Apply(head, (tree, more))
        return tree

    def total(self, expr: Any) -> tuple[Any, Expr]:
        """A sum as a number, negative where every term is, times a tree."""
        sign = -1 if all(_negative(term) for term in expr.args) else 1
        content = sign * expr.primitive()[0]
        plain = self.sum(expr, sign)
        if abs(content) != 1:
            scaled = self.sum(expr, content)
            around = 2 * (abs(content.p) != 1) + 2 * (content.q != 1)
            if _size(scaled) + around <= _size(plain):
                return content, scaled
        return sign, plain

    def sum(self, expr: Any, content: Any) -> Expr:
        """A sum divided by a number: positive terms first, then from the simple to the involved."""
        import sympy

        terms = [(_negative(term) != (content < 0), term) for term in expr.args]
        parts = [(minus, self.product(term, sympy.Rational(-1 if minus else 1) / content), term) for minus, term in terms]
        parts.sort(key=lambda part: (part[0], _rank(part[1])))
        minus, tree, first = parts[0]
        if minus:
            tree = self.product(first, sympy.Rational(1) / content)
        for minus, part, _ in parts[1:]:
            tree = Apply("-" if minus else "+", (tree, part))
        return tree

    def product(self, expr: Any, scale: Any = 1) -> Expr:
        """A product, power or single part times a rational number."""
        import sympy

        coefficient = sympy.Rational(scale)
        above: list[Expr] = []
        below: list[Expr] = []
        conditions: list[Expr] = []
        for factor in sympy.Mul.make_args(expr):
            if factor.is_Rational:
                coefficient *= factor
            elif factor.is_Add:
                content, tree = self.bare[factor]
                coefficient *= content
                above.append(tree)
            elif factor.is_Pow or factor.func in self.under_one:
                tree, exponent = self.turned(*(factor.args if factor.is_Pow else (factor, sympy.S.One)))
                falls = exponent.is_Rational and exponent < 0
                (below if falls else above).append(self.power(tree, -exponent if falls else exponent))
            elif getattr(factor, "head", "") == "where" and factor.args[1:] == (1, 0):
                conditions.append(self.trees[factor.args[0]])
            else:
                above.append(self.trees[factor])
        above.sort(key=_rank)
        below.sort(key=_rank)
        if abs(coefficient.p) != 1 or not above:
            above.insert(0, Number(str(abs(coefficient.p))))
        if coefficient.q != 1:
            below.insert(0, Number(str(coefficient.q)))
        if coefficient < 0:
            above[0] = Apply(NEGATE, (above[0],))
        top = _joined(above)
        tree = Apply("/", (top, _joined(below))) if below else top
        for condition in conditions:
            tree = Apply("where", (condition, tree, _ZERO))
        return tree

    def turned(self, base: Any, exponent: Any) -> tuple[Expr, Any]:
        """A base and an exponent in words of the language: SymPy says `cot(x)^2` for `tan(x)^-2`."""
        if base.func in self.under_one:
            return Apply(self.under_one[base.func], (self.trees[base.args[0]],)), -exponent
        return self.trees[base], exponent

    def power(self, tree: Expr, exponent: Any) -> Expr:
        import sympy

        if exponent == 1:
            return tree
        if exponent == sympy.S.Half:
            return Apply("sqrt", (tree,))
        written = number(exponent) if exponent.is_Rational else self.trees[exponent]
        return Apply("^", (tree, written))


def _negative(term: Any) -> bool:
    first = term.args[0] if term.is_Mul else term
    return bool(first.is_Rational and first < 0)


def _joined(factors: list[Expr]) -> Expr:
    tree = factors[0]
    for factor in factors[1:]:
        tree = Apply("*", (tree, factor))
    return tree


def _rank(tree: Expr) -> tuple[bool, int, str]:
    """Numbers first, then from the simple to the involved."""
    return (not isinstance(tree, Number), _size(tree), unparse(tree))


def _size(tree: Expr) -> int:
    return sum(1 for _ in postorder(tree))


@cache
def _spoken() -> dict[Any, str]:
    import sympy

    spoken = {getattr(sympy, head): head for head in _SAME_NAME}
    more = {sympy.Abs: "abs", sympy.sign: "sign", sympy.Max: "maximum", sympy.Min: "minimum", sympy.floor: "floor", sympy.ceiling: "ceil"}
    return {**spoken, **more}
