"""Slips at one step of the way back: what a student may have taken for a local derivative. A function per family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from backprop_cli.homework.mistakes_field import Field, Row
from backprop_cli.homework.mistakes_sweep import Edge
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import Expr, Name, substitute
from backprop_cli.oracles.textbook import FIXED

ACTIVATIONS = frozenset({"sigmoid", "relu", "leaky_relu", "elu", "softplus", "softsign", "gelu", "silu", "tanh", "logsigmoid"})
GATES = frozenset({"relu", "leaky_relu"})
# Functions of one operand by another name than their derivative: what integrating by the operand gives.
_INTEGRALS = {
    ("+", 0): "a^2/2 + a*b",
    ("+", 1): "b^2/2 + a*b",
    ("-", 0): "a^2/2 - a*b",
    ("-", 1): "a*b - b^2/2",
    ("*", 0): "a^2*b/2",
    ("*", 1): "a*b^2/2",
    ("/", 0): "a^2/(2*b)",
    ("/", 1): "a*log(b)",
    ("^", 0): "a^(b + 1)/(b + 1)",
    ("^", 1): "y/log(a)",
    ("exp", 0): "y",
    ("log", 0): "a*log(a) - a",
    ("sqrt", 0): "2*a*y/3",
    ("sin", 0): "-cos(a)",
    ("cos", 0): "sin(a)",
    ("tan", 0): "-log(cos(a))",
    ("sinh", 0): "cosh(a)",
    ("cosh", 0): "sinh(a)",
    ("tanh", 0): "log(cosh(a))",
    ("sigmoid", 0): "log(1 + exp(a))",
}
# Half of the power rule, or its factor alone.
_POWERS = {
    ("^", 0): (("b*a^b", "the exponent was not lowered"), ("a^(b - 1)", "the exponent was not brought down as a factor")),
    ("/", 1): (("-a/b", "the exponent of the denominator was not changed"), ("-a/b^3", "the exponent of the denominator is off by one")),
    ("sqrt", 0): (("1/y", "the factor 1/2 of the root was lost"), ("y/2", "the exponent of the root was not lowered")),
    ("cbrt", 0): (("1/y^2", "the factor 1/3 of the root was lost"), ("y/3", "the exponent of the root was not lowered")),
}
# The rule of a function that looks alike.
_MUTANTS = {
    ("^", 1): (("b*a^(b - 1)", "the power rule was used where the exponent varies"), ("y", "the factor log of the base was lost")),
    ("^", 0): (("y*log(a)", "the exponential rule was used where the base varies"),),
    ("exp", 0): (("a*exp(a - 1)", "the power rule was used on exp"),),
    ("exp2", 0): (("y", "the factor log(2) was lost"),),
    ("log", 0): (("1/(a*log(10))", "the logarithm was taken to base 10"), ("1/(a*log(2))", "the logarithm was taken to base 2")),
    ("log10", 0): (("1/a", "the factor log(10) of the base was lost"), ("log(10)/a", "the factor log(10) stands in the numerator")),
    ("log2", 0): (("1/a", "the factor log(2) of the base was lost"), ("log(2)/a", "the factor log(2) stands in the numerator")),
    ("sin", 0): (("-cos(a)", "the derivative of sin has no minus"),),
    ("cos", 0): (("sin(a)", "the derivative of cos has a minus"),),
    ("cosh", 0): (("-sinh(a)", "the derivative of cosh has no minus"),),
    ("tan", 0): (("1/sin(a)^2", "the derivative of cot was used"), ("1 - y^2", "the derivative of tanh was used")),
    ("tanh", 0): (("1 + y^2", "the derivative of tan was used"), ("y*(1 - y)", "the slope of the sigmoid was used")),
    ("sigmoid", 0): (("1 - y^2", "the slope of tanh was used"), ("y", "the factor 1 - y of the slope was lost")),
    ("/", 0): (("-1/b", "the quotient rule was turned round"),),
    ("/", 1): (("a/b^2", "the quotient rule was turned round"),),
}  # fmt: skip
# The slope of an activation, taken at the wrong one of argument and value.
_MISPLACED = {
    "sigmoid": (("a*(1 - a)", "y*(1 - y) was taken at the argument"), ("sigmoid(y)*(1 - sigmoid(y))", "the function was applied twice")),
    "tanh": (("1 - a^2", "1 - y^2 was taken at the argument"), ("1 - tanh(y)^2", "the function was applied twice")),
    "softplus": (("sigmoid(y)", "the function was applied twice"),),
    "exp": (("exp(y)", "the function was applied twice"),),
}


@cache
def _read(text: str) -> Expr:
    return substitute(parse_expression(text, "<slips>"), {each: Name(fixed) for each, fixed in FIXED.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Twist:
    """A wrong local derivative: the slip's id, what happened ({edge} stands for the edge), the numbers for every member of the edge.

    `extra` makes it less plain than its kind.
    """

    slip: str
    said: str
    rows: Row
    extra: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """A local derivative on numbers: the `slope`, the operands, the edge's own operand, and the value; one line for each member."""

    field: Field
    head: str
    at: int
    slope: Row
    y: Row
    own: Row
    operands: tuple[Row, ...] = ()
    constant: tuple[bool, ...] = ()

    @property
    def other(self) -> Row:
        """The other one of two operands, for each member."""
        same = np.all(self.own == self.operands[self.at], axis=-1, keepdims=True)
        return np.where(same, self.operands[1 - self.at], self.operands[self.at])

    def worked(self, text: str) -> Row:
        """A formula in the operands (`a`, `b`) and the value `y`."""
        rows = {"y": self.y, **dict(zip("ab", self.operands, strict=False))}
        return np.array([self.field.formula(_read(text), {name: each[i] for name, each in rows.items()}) for i in range(len(self.y))])


def local_of(field: Field, edge: Edge) -> Local:
    """What is known of a primitive's edge."""
    terms = field.terms
    users = [upper for upper, _ in edge.ends]
    nothing = np.zeros(field.count)
    slopes = [field.local(user, at) for user, at in zip(users, edge.places, strict=True)]
    operands = tuple(field.rows(terms.operands[user][i] for user in users) for i in range(len(terms.operands[users[0]])))
    return Local(
        field,
        edge.head,
        edge.at,
        np.array([nothing if each is None else each for each in slopes]),
        field.rows(users),
        field.rows(lower for _, lower in edge.ends),
        operands,
        tuple(terms.value(each) is not None for each in terms.operands[users[0]]),
    )


def local_across(field: Field, edge: Edge, block: Row) -> Local | None:
    """What is known of a step across a statement, where entries feed their counterparts alone. `block` is its derivatives."""
    count = len(edge.ends)
    block = block.reshape(count, count, field.count)
    if count > 1 and np.any(block[~np.eye(count, dtype=bool)]):
        return None
    uppers, lowers = zip(*edge.ends, strict=True)
    return Local(field, "", 0, block[range(count), range(count)], field.rows(uppers), field.rows(lowers))


def sign(local: Local) -> Iterator[Twist]:
    """M01: a minus lost or gained. `dt/dw = 1/w^2` for `t = 1/w`."""
    lost = bool(np.all(local.slope <= 0))
    said = "the minus of {edge} was dropped" if lost else "{edge} was given a minus that it does not have"
    yield Twist("M01", said, -local.slope, 0.0 if lost else 0.6)


def dropped(local: Local) -> Iterator[Twist]:
    """M02, for activations M22 and M24: the factor left out. `dv/du = 1` for `v = log(u)`."""
    one = np.ones_like(local.slope)
    if local.head in ACTIVATIONS:
        yield Twist("M22", f"the slope of {local.head} was left out: {{edge}}", one)
        if local.head in GATES:
            yield Twist("M24", f"the gate of {local.head} was ignored: {{edge}}", one)
    yield Twist("M02", "the factor {edge} was left out", one)
    if local.head == "/" and local.at == 1:
        yield Twist("M02", "of {edge} only the minus was kept", -one, 0.3)


def function_kept(local: Local) -> Iterator[Twist]:
    """M03: the function in place of its derivative. `dv/du = v` for `v = log(u)`."""
    yield Twist("M03", "the function itself stands in the place of {edge}", local.y)


def argument_kept(local: Local) -> Iterator[Twist]:
    """M04: the derivative taken for the argument. `dv/du = u` for `v = log(u)`."""
    yield Twist("M04", "what stands inside the function was taken for {edge}", local.own)


def reciprocal(local: Local) -> Iterator[Twist]:
    """M05: upside down. `dv/du = u` for `v = log(u)`."""
    if local.head not in GATES:
        yield Twist("M05", "{edge} was turned upside down", 1 / local.slope)


def power_rule(local: Local) -> Iterator[Twist]:
    """M06: one half of the power rule. `dL/dz = 2*z^2` or `z` for `L = z^2`, `dt/dw = -1/w` for `t = 1/w`."""
    for text, said in _POWERS.get((local.head, local.at), ()):
        yield Twist("M06", said + " in {edge}", local.worked(text))


def integrated(local: Local) -> Iterator[Twist]:
    """M07: integrated. `dt/dw = log(w)` for `t = 1/w`."""
    text = _INTEGRALS.get((local.head, local.at))
    if text is not None:
        yield Twist("M07", "the step was integrated, not differentiated, in {edge}", local.worked(text))


def sibling(local: Local) -> Iterator[Twist]:
    """M08, and M10 for sums: the local derivative by the other operand. `du/da = a` for `u = x*a`; `dw/dv = b` for `w = v + b`."""
    if len(local.operands) != 2:
        return
    others = local.other
    if local.head in ("+", "-"):
        yield Twist("M10", "the sum was treated as a product in {edge}", others)
        if local.head == "-":
            yield Twist("M10", "the sum was treated as a product in {edge}", -others, 0.2)
    elif local.head == "*" and not any(local.constant):
        yield Twist("M08", "the factor kept in {edge} is the wrong one of the two", local.own)


def misplaced(local: Local) -> Iterator[Twist]:
    """M21: the slope of an activation at the wrong value. `z*(1 - z)` for `sigmoid(z)`."""
    for text, said in _MISPLACED.get(local.head, ()):
        yield Twist("M21", said + " in {edge}", local.worked(text))


def mutants(local: Local) -> Iterator[Twist]:
    """M42: the rule of a function that looks alike. `x*a^(x - 1)` for `a^x` by `x`."""
    for text, said in _MUTANTS.get((local.head, local.at), ()):
        # What is said of these is more to the point than a lost minus, or than another name's derivative.
        closer = -0.75 if local.head in ("sin", "cos", "cosh") else -0.3 if local.head == "^" else 0.0
        yield Twist("M42", said + " in {edge}", local.worked(text), closer)


def factor_two(local: Local) -> Iterator[Twist]:
    """M28: a 2 of this step lost. `dL/dz = z` for `L = z^2`."""
    if local.head == "^" and local.at == 0 and local.constant[1]:
        yield Twist("M28", "the factor of the exponent was lost in {edge}", local.worked("a^(b - 1)"))


def counted(local: Local) -> Iterator[Twist]:
    """M12 and M14: what comes over a step forgotten, or counted twice. `dL/dp = 1` for `L = p + exp(p)`."""
    yield Twist("M12", "what comes over {edge} is missing", np.zeros_like(local.slope), 0.15)
    yield Twist("M14", "what comes over {edge} was counted twice", 2 * local.slope, 0.15)


FAMILIES: tuple[Callable[[Local], Iterator[Twist]], ...] = (
    sign,
    dropped,
    factor_two,
    power_rule,
    misplaced,
    mutants,
    sibling,
    reciprocal,
    function_kept,
    argument_kept,
    integrated,
    counted,
)
# Those that make sense for a step across a whole statement.
ACROSS = (sign, dropped, reciprocal, function_kept, argument_kept, counted)
# The plain slips that may come in pairs.
PLAIN = (sign, dropped, power_rule, reciprocal, mutants)


def stale(field: Field, edge: Edge, others: Sequence[tuple[str, Row]]) -> Iterator[Twist]:
    """M20: a local derivative at another node's value. `dv/du = 1/v` for `v = log(u)`. Numbers only, `others` are nodes."""
    terms = field.terms
    if len(edge.ends) > 1 or edge.head in ("", "+", "-", "u-", "*"):
        return
    user, at = edge.ends[0][0], edge.at
    operands = [field.row(each) for each in terms.operands[user]]
    for name, row in others:
        for place, operand in enumerate(terms.operands[user]):
            if terms.moved[operand]:
                moved = [row if i == place else each for i, each in enumerate(operands)]
                found = field.local_at(user, at, moved)
                if found is not None:
                    yield Twist("M20", f"{{edge}} was taken at the value of {name}", found[None, :], 0.02 * place)
