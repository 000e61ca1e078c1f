"""The derivative table against itself: each row says the same thing three times, and a lie in one place breaks two comparisons.

The value (`forward`), the slope (`computed`) and the definition (`textbook`) of a row are compared in pairs: forward with
textbook, slope with SymPy's derivative of textbook, slope with the central difference of forward.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from mpmath import mp

from backprop_cli.calculus.algebra import basic_heads, from_sympy, to_sympy
from backprop_cli.calculus.arithmetic import FLOAT
from backprop_cli.calculus.formula import Rules, native_tree, tree
from backprop_cli.calculus.primitive import Primitive
from backprop_cli.calculus.table import ROWS, function_names, row, row_of_several
from backprop_cli.lang.syntax import Apply, Name, names_in, postorder
from backprop_cli.lang.unparse import unparse
from tests.reference import formula, formula_slope

SCALAR = [each for each in ROWS.values() if each.code is None] + [row_of_several(head, 3) for head in ("maximum", "minimum")]
by_row = pytest.mark.parametrize("row", SCALAR, ids=lambda row: f"{row.head}/{len(row.operands)}")
POINTS = 12
Point = dict[str, float]


def points(row: Primitive) -> list[Point]:
    """Points inside the row's sample ranges; at none of them is there a kink."""
    rules, chance = Rules(FLOAT), random.Random(row.head)
    found = []
    for _ in range(100 * POINTS):
        at = {name: chance.uniform(*between) for name, between in zip(row.operands, row.samples, strict=True)}
        value = rules.forward(row)(*at.values())
        if row.kink is None or not rules.condition(row, row.kink.at)(*at.values(), value):
            found.append(at)
            if len(found) == POINTS:
                return found
    pytest.fail(f"{row.head} has kinks nearly everywhere")


def near(ours: float, theirs: object, digits: int = 11) -> bool:
    return math.isclose(ours, float(theirs), rel_tol=10**-digits, abs_tol=10**-digits)  # type: ignore[arg-type]


def slopes(row: Primitive) -> list[int]:
    return [at for at, text in enumerate(row.computed) if text is not None]


# ---- the three comparisons ----


def forward_is_the_textbook(row: Primitive) -> bool:
    forward = Rules(FLOAT).forward(row)
    return all(near(forward(*at.values()), formula(row.textbook, at)) for at in points(row))


def slope_is_what_sympy_derives(row: Primitive) -> bool:
    import sympy

    rules = Rules(FLOAT)
    symbols = {name: sympy.Symbol(f"v{at}", real=True) for at, name in enumerate(row.operands)}
    written = {symbol: Name(name) for name, symbol in symbols.items()}
    definition = to_sympy(tree(row.textbook), symbols)
    for operand in slopes(row):
        theirs = unparse(from_sympy(definition.diff(symbols[row.operands[operand]]), written))
        for at in points(row):
            value = float(formula(row.textbook, at))
            if not near(rules.slope(row, operand)(*at.values(), value), formula(theirs, at)):
                return False
    return True


def slope_is_the_difference_of_forward(row: Primitive) -> bool:
    rules = Rules(FLOAT)
    forward = unparse(native_tree(row.forward))
    for operand in slopes(row):
        for at in points(row):
            value = rules.forward(row)(*at.values())
            if not near(rules.slope(row, operand)(*at.values(), value), formula_slope(forward, row.operands[operand], at)):
                return False
    return True


LEGS = (forward_is_the_textbook, slope_is_what_sympy_derives, slope_is_the_difference_of_forward)
CULPRIT = {
    frozenset({forward_is_the_textbook, slope_is_the_difference_of_forward}): "forward",
    frozenset({forward_is_the_textbook, slope_is_what_sympy_derives}): "textbook",
    frozenset({slope_is_what_sympy_derives, slope_is_the_difference_of_forward}): "slope",
}


@by_row
def test_forward_is_the_textbook_definition(row: Primitive) -> None:
    assert forward_is_the_textbook(row)


@by_row
def test_slope_is_what_sympy_derives_from_the_textbook_definition(row: Primitive) -> None:
    assert slope_is_what_sympy_derives(row)


@by_row
def test_slope_is_the_central_difference_of_forward(row: Primitive) -> None:
    assert slope_is_the_difference_of_forward(row)


@by_row
def test_the_derivative_that_is_shown_is_the_one_that_is_computed(row: Primitive) -> None:
    for shown, computed in zip(row.local, row.computed, strict=True):
        assert (shown is None) == (computed is None)
        if shown is None or computed is None:
            continue
        for at in points(row):
            here = {**at, "y": formula(row.textbook, at)}
            assert near(float(formula(unparse(native_tree(computed)), here)), formula(shown, here), 14)


AT_KINKS = [
    ("abs", {"x": 0.0}),
    ("relu", {"x": 0.0}),
    ("leaky_relu", {"x": 0.0, "slope": 0.25}),
    ("elu", {"x": 0.0, "alpha": 0.5}),
    ("clip", {"x": 1.0, "lo": 1.0, "hi": 3.0}),
    ("clip", {"x": 3.0, "lo": 1.0, "hi": 3.0}),
    ("clip", {"x": 1.0, "lo": 1.0, "hi": 1.0}),
    ("maximum", {"a": 2.0, "b": 2.0}),
    ("mod", {"a": 6.0, "b": 3.0}),
]


@pytest.mark.parametrize(("head", "at"), AT_KINKS)
def test_at_a_kink_the_derivative_that_is_shown_is_the_convention_too(head: str, at: Point) -> None:
    rules, row = Rules(FLOAT), ROWS[head]
    value = rules.forward(row)(*at.values())
    assert row.kink is not None
    assert rules.condition(row, row.kink.at)(*at.values(), value)
    for operand in slopes(row):
        shown = row.local[operand]
        assert shown is not None
        computed = rules.slope(row, operand)(*at.values(), value)
        assert computed == pytest.approx(float(formula(unparse(native_tree(shown)), {**at, "y": value})))


# ---- a lie is found and named ----

LIES = [
    ("forward", "sin", "sin(x) + x/1000"),
    ("slope", "sin", "cos(x)*1.001"),
    ("textbook", "sin", "cos(x)"),
    ("forward", "/", "a/b + 1/1000"),
    ("slope", "/", "a/b^2"),
    ("textbook", "/", "b/a"),
    ("forward", "sigmoid", "1/(1 + exp(x))"),
    ("slope", "sigmoid", "y*(1 + y)"),
    ("textbook", "sigmoid", "1/(1 + exp(x))"),
    ("forward", "^", "a^b + a/100"),
    ("slope", "^", "b*a^b"),
    ("textbook", "^", "b^a"),
    ("forward", "relu", "maximum(x, 0) + x/50"),
    ("slope", "relu", "x < 0"),
    ("textbook", "relu", "minimum(x, 0)"),
]


@pytest.mark.parametrize(("place", "head", "lie"), LIES, ids=[f"{head}-{place}" for place, head, _ in LIES])
def test_a_row_made_wrong_on_purpose_breaks_two_comparisons_that_name_the_lie(place: str, head: str, lie: str) -> None:
    row = ROWS[head]
    changed = {
        "forward": {"forward": lie},
        "textbook": {"textbook": lie},
        "slope": {"computed": (*row.computed[:-1], lie) if head == "/" else (lie, *row.computed[1:])},
    }[place]
    wrong = replace(row, **changed)  # type: ignore[arg-type]
    broken = frozenset(leg for leg in LEGS if not leg(wrong))
    assert CULPRIT.get(broken) == place


# ---- what the texts may say ----


@by_row
def test_a_row_speaks_of_its_operands_and_its_value_only(row: Primitive) -> None:
    operands, constants = set(row.operands), {"pi", "e"}
    assert names_in(tree(row.forward)).keys() <= operands | constants
    assert names_in(tree(row.textbook)).keys() <= operands | constants
    conditions = [domain.holds for domain in (*row.domain, *row.slope_domain) if domain] + ([row.kink.at] if row.kink else [])
    for text in (*row.local, *row.computed, *conditions):
        assert text is None or names_in(tree(text)).keys() <= operands | constants | {"y"}


@by_row
def test_a_textbook_definition_is_made_of_what_sympy_knows(row: Primitive) -> None:
    heads = {part.head for part in postorder(tree(row.textbook)) if isinstance(part, Apply)}
    assert heads <= basic_heads()


@by_row
def test_each_operand_has_one_derivative_one_sample_range_and_a_hole_in_the_drawing(row: Primitive) -> None:
    assert len(row.local) == len(row.computed) == len(row.operands) == len(row.samples)
    assert row.rule
    for name in row.operands:
        assert f"<{name}>" in row.latex


SECTION_5 = (
    *("exp", "exp2", "expm1", "log", "ln", "log2", "log10", "log1p", "sqrt", "cbrt", "abs", "sign", "sin"),
    *("cos", "tan", "sec", "csc", "cot", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh"),
    *("atanh", "erf", "erfc", "pow", "atan2", "hypot", "maximum", "minimum", "clip", "where", "mod", "floor", "ceil"),
    *("round", "sigmoid", "relu", "leaky_relu", "elu", "softplus", "softsign", "gelu", "silu", "logsigmoid", "max", "min", "arcsin"),
    *("arccos", "arctan", "arcsinh", "arccosh", "arctanh", "tg", "sen", "clamp", "swish"),
)  # fmt: skip


def test_every_elementary_function_of_the_language_has_a_row() -> None:
    assert set(SECTION_5) <= set(function_names())
    assert {name for name in SECTION_5 if row(name) is None} <= {"max", "min"}


# ---- numerics: digits are kept where a textbook's form loses them ----

FAR = (-1000.0, -40.0, -20.0, -1.0, -1e-9, 0.0, 1e-300, 1e-9, 0.5, 20.0, 40.0, 700.0, 1000.0)
EDGES = {
    **dict.fromkeys(("sigmoid", "logsigmoid", "softplus", "gelu", "silu", "elu", "tanh"), FAR),
    "softsign": (*FAR, 1e200),
    "relu": tuple(x for x in FAR if x),
    "leaky_relu": tuple(x for x in FAR if x),
    "expm1": (-1000.0, -1e-12, 1e-300, 1e-12, 700.0),
    "log1p": (-1 + 1e-12, -1e-12, 1e-300, 1e-12, 1e300),
    "asin": (1 - 1e-12, -1 + 1e-15, 1e-300),
    "acos": (1 - 1e-12, -1 + 1e-15, 1e-300),
    "acosh": (1 + 1e-12, 1e300),
    "asinh": (1e-300, -1e-12, 1e200, -1e300),
    "atanh": (1 - 1e-12, 1e-300),
    "atan": (1e-300, 1e8, 1e150),
    "erf": (1e-300, -1e-12, 6.0),
    "erfc": (26.0, -40.0, 1e-12),
    "cbrt": (1e-300, -1e300, -8.0),
    "sqrt": (1e-300, 1e300),
}
ACCURATE = 900  # digits: enough for 1 + exp(-1000)


@pytest.mark.parametrize(("head", "x"), [(head, x) for head, places in EDGES.items() for x in places])
def test_values_and_slopes_keep_their_digits_far_out_and_close_to_edges(head: str, x: float) -> None:
    row, rules = ROWS[head], Rules(FLOAT)
    inputs = [x, *(float(text) for text in row.defaults.values())]
    at = dict(zip(row.operands, inputs, strict=True))
    value = rules.forward(row)(*inputs)
    slope = rules.slope(row, 0)(*inputs, value)
    with mp.workdps(ACCURATE):
        assert math.isclose(value, float(formula(row.textbook, at, ACCURATE)), rel_tol=1e-13, abs_tol=5e-324)
        assert math.isclose(slope, float(formula_slope(row.textbook, row.operands[0], at, ACCURATE)), rel_tol=1e-13, abs_tol=5e-324)


@pytest.mark.parametrize("head", ["hypot", "atan2"])
@pytest.mark.parametrize("a", [1e-300, -1e-160, 1.0, 1e160, 1e300])
@pytest.mark.parametrize("b", [1e-300, 3e-160, 1.0, -3e160, 2e300])
def test_functions_of_two_sides_work_at_every_size(head: str, a: float, b: float) -> None:
    row, rules = ROWS[head], Rules(FLOAT)
    value = rules.forward(row)(a, b)
    for operand, by in enumerate("ab"):
        theirs = float(formula_slope(row.textbook, by, {"a": a, "b": b}, 2000))
        assert math.isclose(rules.slope(row, operand)(a, b, value), theirs, rel_tol=1e-14, abs_tol=5e-324)
