"""Formulas as a teacher would write them: `2*z` for `2*z^(2 - 1)`. Only steps that change no value are taken."""

from __future__ import annotations

from fractions import Fraction

from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Number, Part, Slice, fold, rebuilt, same

ZERO, ONE = Number("0"), Number("1")
_MOST_DIGITS = 12


def tidy(expr: Expr) -> Expr:
    """The same expression without the ones, zeros and double signs that rules leave behind."""
    result = fold(expr, lambda part, below: _step(rebuilt(part, below)) if below else part)
    assert not isinstance(result, Slice)
    return result


def product(left: Expr, right: Expr) -> Expr:
    """left*right, tidied."""
    return tidy_step("*", left, right)


def total(left: Expr, right: Expr) -> Expr:
    """left + right, tidied."""
    if isinstance(right, Apply) and right.head == NEGATE:
        return tidy_step("-", left, right.operands[0])
    if same(left, right) and not isinstance(left, Number):
        return tidy_step("*", Number("2"), left)
    if isinstance(left, Apply) and left.head == "+" and same(left.operands[1], right):
        return tidy_step("+", left.operands[0], tidy_step("*", Number("2"), right))
    return tidy_step("+", left, right)


def tidy_step(head: str, *operands: Expr) -> Expr:
    """A head applied to operands that are tidy already."""
    part = _step(Apply(head, operands))
    assert not isinstance(part, Slice)
    return part


def negated(expr: Expr) -> Expr:
    """-expr, tidied."""
    return tidy_step(NEGATE, expr)


def _step(part: Part) -> Part:
    if not isinstance(part, Apply) or part.keywords:
        return part
    match part.head, part.operands:
        case "u-", (inner,):
            return _negate(part, inner)
        case "+", (a, b):
            return _number(part) or (b if _is(a, 0) else a if _is(b, 0) else part)
        case "-", (a, b):
            return _number(part) or (negated(b) if _is(a, 0) else a if _is(b, 0) else part)
        case "*", (a, b):
            return _number(part) or _multiply(part, a, b)
        case "/", (a, b):
            return _divide(part, a, b)
        case "^", (a, b):
            return _number(part) or (a if _is(b, 1) else ONE if _is(b, 0) else part)
        case "where", (_, a, b) if same(a, b):
            return a
        case _:
            return part


def _negate(part: Apply, inner: Expr) -> Expr:
    if _is(inner, 0):
        return inner
    match inner:
        case Apply(head="u-", operands=(twice,)):
            return twice
        case Apply(head="-", operands=(a, b)):
            return Apply("-", (b, a))
        case Apply(head="*" | "/" as head, operands=(Apply(head="u-", operands=(a,)), b)):
            return Apply(head, (a, b))
        case Apply(head="*", operands=(a, Apply(head="-", operands=(b, c)))):
            return Apply("*", (a, Apply("-", (c, b))))
        case _:
            return part


def _multiply(part: Apply, a: Expr, b: Expr) -> Expr:
    if _is(a, 0) or _is(b, 0):
        return ZERO
    if _is(a, 1):
        return b
    if _is(b, 1):
        return a
    match a, b:
        case Apply(head="where", operands=(condition, x, y)), _ if _is(x, 0) or _is(y, 0):
            return Apply("where", (condition, *(ZERO if _is(each, 0) else tidy_step("*", each, b) for each in (x, y))))
        case Apply(head="u-", operands=(x,)), Apply(head="u-", operands=(y,)):
            return tidy_step("*", x, y)
        case Apply(head="u-", operands=(x,)), _:
            return negated(tidy_step("*", x, b))
        case _, Apply(head="u-", operands=(y,)):
            return negated(tidy_step("*", a, y))
        case _, Apply(head="/", operands=(top, bottom)):
            return tidy_step("/", tidy_step("*", a, top), bottom)
        case Apply(head="/", operands=(top, bottom)), _:
            return tidy_step("/", tidy_step("*", top, b), bottom)
        case _, Apply(head="*", operands=(x, y)):
            return tidy_step("*", tidy_step("*", a, x), y)
        case Number() | Apply(head="*", operands=(_, Number())), Number():
            return part  # nothing but numbers, which are not worked out
        case _, Number():
            return tidy_step("*", b, a)
        case _:
            return part


def _divide(part: Apply, a: Expr, b: Expr) -> Expr:
    if _is(b, 1):
        return a
    if _is(a, 0):
        return ZERO
    if same(a, b) and not isinstance(a, Number):
        return part
    match a, b:
        case Apply(head="where", operands=(condition, x, y)), _ if _is(x, 0) or _is(y, 0):
            return Apply("where", (condition, *(ZERO if _is(each, 0) else tidy_step("/", each, b) for each in (x, y))))
        case Apply(head="u-", operands=(x,)), Apply(head="u-", operands=(y,)):
            return tidy_step("/", x, y)
        case Apply(head="u-", operands=(x,)), _ if not isinstance(x, Number):
            return negated(tidy_step("/", x, b))
        case _, Apply(head="u-", operands=(y,)):
            return negated(tidy_step("/", a, y))
        case Apply(head="/", operands=(top, bottom)), _:
            return tidy_step("/", top, tidy_step("*", bottom, b))
        case _, Number() if (shorter := _cancelled(a, b)) is not None:
            return shorter
        case _:
            return part


def _cancelled(top: Expr, bottom: Number) -> Expr | None:
    """`2*x/2` without the 2: the number stands leftmost in a product."""
    factors: list[Expr] = []
    while isinstance(top, Apply) and top.head == "*":
        factors.append(top.operands[1])
        top = top.operands[0]
    if not factors or not isinstance(top, Number) or top.text != bottom.text or bottom.exact == 0:
        return None
    result = factors.pop()
    while factors:
        result = Apply("*", (result, factors.pop()))
    return result


def _is(part: Part, value: int) -> bool:
    return isinstance(part, Number) and len(part.text) < _MOST_DIGITS and part.exact == value


def _number(part: Apply) -> Number | None:
    """The result of whole numbers in sums, products and small powers, where it is no negative number."""
    if not all(isinstance(each, Number) and each.text.isdecimal() and len(each.text) < _MOST_DIGITS for each in part.operands):
        return None
    a, b = (each.exact for each in part.operands if isinstance(each, Number))
    if part.head == "^" and b > 4:
        return None
    result = {"+": a + b, "-": a - b, "*": a * b}[part.head] if part.head != "^" else Fraction(a ** int(b))
    return Number(str(result)) if 0 <= result < 10**_MOST_DIGITS else None
