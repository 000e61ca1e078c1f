"""The derivative table: one row for each primitive. This is the file that the whole tool is about.

How to read a row: the head, the names of the operands, the value, then the local derivative by each operand. In a
derivative, `y` is the row's own value. `computed` gives the same derivatives in a form that keeps its digits and knows
the limits, where the textbook's form does not. `textbook` is the definition SymPy starts from.
"""

from __future__ import annotations

from functools import cache, reduce

from backprop_cli.calculus.primitive import Domain, Kink, Primitive, elementwise, structural

_POSITIVE = (0.25, 3.0)
_LOG = Domain("x > 0", "{head} of {value}", "{head} needs {x} > 0")
_NOT_ZERO = Domain("b != 0", "division by zero", "{b} must not be 0")

ARITHMETIC = (
    elementwise("=", "x", "x", "1", rule="identity", textbook="x", latex="<x>"),
    elementwise("+", "a b", "a + b", "1", "1", rule="sum rule", textbook="a + b", latex="<a> + <b>"),
    elementwise("-", "a b", "a - b", "1", "-1", rule="difference rule", textbook="a - b", latex="<a> - <b>"),
    elementwise("u-", "x", "-x", "-1", rule="sign rule", textbook="-x", latex="-<x>"),
    elementwise("*", "a b", "a*b", "b", "a", rule="product rule", textbook="a*b", latex=r"<a> \cdot <b>"),
    elementwise(
        "/",
        "a b",
        "a/b",
        "1/b",
        "-a/b^2",
        rule="quotient rule",
        textbook="a/b",
        latex=r"\frac{<a>}{<b>}",
        computed=("1/b", "-y/b"),
        domain=_NOT_ZERO,
        samples=((-2.0, 2.0), (0.5, 3.0)),
    ),
    elementwise(
        "^",
        "a b",
        "a^b",
        "b*a^(b - 1)",
        "a^b*log(a)",
        rule="power rule",
        textbook="a^b",
        latex="{<a>}^{<b>}",
        computed=("where(b == 0, 0, b*a^(b - 1))", "where((a == 0)*(b > 0), 0, y*log(a))"),
        domain=(
            Domain("(a != 0) + (b >= 0)", "zero to a negative power", "{a} must not be 0 when {b} is negative"),
            Domain("(a >= 0) + (b == round(b))", "a power without a real value", "a negative {a} needs a whole exponent"),
        ),
        slope_domain=(
            None,
            Domain(
                "a > 0",
                "the derivative by an exponent of a base that is not positive",
                "{a} must be positive for a derivative by {b}",
            ),
        ),
        alias="pow",
        samples=(_POSITIVE, (-2.0, 3.0)),
    ),
)

COMPARISONS = tuple(
    elementwise(
        sign, "a b", f"where(a {sign} b, 1, 0)", None, None, rule="comparison", textbook=f"a {sign} b", latex=f"<a> {latex} <b>",
        kink=Kink("a == b", "the branch that the comparison takes"),
    )
    for sign, latex in {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}.items()
)  # fmt: skip

ELEMENTARY = (
    elementwise("exp", "x", "exp(x)", "y", rule="exponential", latex=r"e^{<x>}"),
    elementwise("exp2", "x", "exp2(x)", "y*log(2)", rule="exponential, base 2", textbook="2^x", latex=r"2^{<x>}"),
    elementwise("expm1", "x", "expm1(x)", "exp(x)", rule="exponential less one", textbook="exp(x) - 1", latex=r"e^{<x>} - 1"),
    elementwise("log", "x", "log(x)", "1/x", rule="logarithm", latex=r"\ln\left(<x>\right)", domain=_LOG, alias="ln", samples=(_POSITIVE,)),
    elementwise("log2", "x", "log2(x)", "1/(x*log(2))", rule="logarithm, base 2", textbook="log(x)/log(2)", latex=r"\log_2\left(<x>\right)", domain=_LOG, samples=(_POSITIVE,)),
    elementwise("log10", "x", "log10(x)", "1/(x*log(10))", rule="logarithm, base 10", textbook="log(x)/log(10)", latex=r"\log_{10}\left(<x>\right)", domain=_LOG, samples=(_POSITIVE,)),
    elementwise("log1p", "x", "log1p(x)", "1/(1 + x)", rule="logarithm of 1 + x", textbook="log(1 + x)", latex=r"\ln\left(1 + <x>\right)", domain=Domain("x > -1", "log1p of {value}", "log1p needs {x} > -1"), samples=((-0.75, 2.0),)),
    elementwise("sqrt", "x", "sqrt(x)", "1/(2*y)", rule="square root", latex=r"\sqrt{<x>}", domain=Domain("x >= 0", "sqrt of {value}", "sqrt needs {x} >= 0"), samples=(_POSITIVE,)),
    elementwise("cbrt", "x", "cbrt(x)", "1/(3*y^2)", rule="cube root", latex=r"\sqrt[3]{<x>}", samples=(_POSITIVE,)),
    elementwise("abs", "x", "abs(x)", "sign(x)", rule="absolute value", latex=r"\left|<x>\right|", kink=Kink("x == 0", "abs'(0) = 0")),
    elementwise("sign", "x", "sign(x)", "0", rule="sign", kink=Kink("x == 0", "sign' = 0")),
    elementwise("floor", "x", "floor(x)", "0", rule="step", latex=r"\left\lfloor <x> \right\rfloor", kink=Kink("x == floor(x)", "floor' = 0")),
    elementwise("ceil", "x", "ceil(x)", "0", rule="step", latex=r"\left\lceil <x> \right\rceil", kink=Kink("x == floor(x)", "ceil' = 0")),
    elementwise("round", "x", "round(x)", "0", rule="step", kink=Kink("x - floor(x) == 0.5", "round' = 0")),
    elementwise("hypot", "a b", "hypot(a, b)", "a/y", "b/y", rule="length", textbook="sqrt(a^2 + b^2)", latex=r"\sqrt{{<a>}^2 + {<b>}^2}", computed=("where(y == 0, 0, a/y)", "where(y == 0, 0, b/y)"), kink=Kink("y == 0", "hypot'(0, 0) = 0")),
    elementwise("mod", "a b", "a - b*floor(a/b)", "1", "-floor(a/b)", rule="remainder", latex=r"<a> \bmod <b>", textbook="a - b*floor(a/b)", domain=_NOT_ZERO, kink=Kink("a/b == floor(a/b)", "mod' = 1, from the right"), samples=((-2.0, 2.0), (0.75, 3.0))),
)  # fmt: skip

TRIGONOMETRIC = (
    elementwise("sin", "x", "sin(x)", "cos(x)", rule="sine", latex=r"\sin\left(<x>\right)", alias="sen"),
    elementwise("cos", "x", "cos(x)", "-sin(x)", rule="cosine", latex=r"\cos\left(<x>\right)"),
    elementwise("tan", "x", "tan(x)", "1 + y^2", rule="tangent", latex=r"\tan\left(<x>\right)", alias="tg", samples=((-1.25, 1.25),)),
    elementwise("sec", "x", "1/cos(x)", "y*tan(x)", rule="secant", textbook="1/cos(x)", latex=r"\sec\left(<x>\right)", samples=((-1.25, 1.25),)),
    elementwise("csc", "x", "1/sin(x)", "-y/tan(x)", computed=("-cos(x)/sin(x)/sin(x)",), rule="cosecant", textbook="1/sin(x)", latex=r"\csc\left(<x>\right)", domain=Domain("sin(x) != 0", "csc of a multiple of pi", "sin({x}) must not be 0"), samples=((0.25, 2.75),)),
    elementwise("cot", "x", "cos(x)/sin(x)", "-1/sin(x)^2", rule="cotangent", textbook="cos(x)/sin(x)", latex=r"\cot\left(<x>\right)", domain=Domain("sin(x) != 0", "cot of a multiple of pi", "sin({x}) must not be 0"), samples=((0.25, 2.75),)),
    elementwise("asin", "x", "asin(x)", "1/sqrt(1 - x^2)", rule="inverse sine", latex=r"\arcsin\left(<x>\right)", computed=("1/sqrt((1 - x)*(1 + x))",), domain=Domain("abs(x) <= 1", "asin of {value}", "asin needs -1 <= {x} <= 1"), alias="arcsin", samples=((-0.9, 0.9),)),
    elementwise("acos", "x", "acos(x)", "-1/sqrt(1 - x^2)", rule="inverse cosine", latex=r"\arccos\left(<x>\right)", computed=("-1/sqrt((1 - x)*(1 + x))",), domain=Domain("abs(x) <= 1", "acos of {value}", "acos needs -1 <= {x} <= 1"), alias="arccos", samples=((-0.9, 0.9),)),
    elementwise("atan", "x", "atan(x)", "1/(1 + x^2)", rule="inverse tangent", latex=r"\arctan\left(<x>\right)", alias="arctan"),
    elementwise("atan2", "a b", "atan2(a, b)", "b/(a^2 + b^2)", "-a/(a^2 + b^2)", computed=("b/hypot(a, b)/hypot(a, b)", "-a/hypot(a, b)/hypot(a, b)"), rule="angle", latex=r"\operatorname{atan2}\left(<a>, <b>\right)", slope_domain=(Domain("(a != 0) + (b != 0)", "atan2(0, 0) has no angle", "{a} and {b} must not both be 0"),) * 2, samples=((0.25, 2.0), (-2.0, 2.0))),
    elementwise("sinh", "x", "sinh(x)", "cosh(x)", rule="hyperbolic sine", latex=r"\sinh\left(<x>\right)"),
    elementwise("cosh", "x", "cosh(x)", "sinh(x)", rule="hyperbolic cosine", latex=r"\cosh\left(<x>\right)"),
    elementwise("tanh", "x", "tanh(x)", "1 - y^2", rule="hyperbolic tangent", latex=r"\tanh\left(<x>\right)", computed=("4*exp(-2*abs(x))/(1 + exp(-2*abs(x)))^2",)),
    elementwise("asinh", "x", "asinh(x)", "1/sqrt(x^2 + 1)", rule="inverse hyperbolic sine", latex=r"\operatorname{arsinh}\left(<x>\right)", computed=("1/hypot(x, 1)",), alias="arcsinh"),
    elementwise("acosh", "x", "acosh(x)", "1/sqrt(x^2 - 1)", rule="inverse hyperbolic cosine", latex=r"\operatorname{arcosh}\left(<x>\right)", computed=("1/(sqrt(x - 1)*sqrt(x + 1))",), domain=Domain("x >= 1", "acosh of {value}", "acosh needs {x} >= 1"), alias="arccosh", samples=((1.25, 4.0),)),
    elementwise("atanh", "x", "atanh(x)", "1/(1 - x^2)", rule="inverse hyperbolic tangent", latex=r"\operatorname{artanh}\left(<x>\right)", computed=("1/((1 - x)*(1 + x))",), domain=Domain("abs(x) < 1", "atanh of {value}", "atanh needs -1 < {x} < 1"), alias="arctanh", samples=((-0.9, 0.9),)),
    elementwise("erf", "x", "erf(x)", "2*exp(-x^2)/sqrt(pi)", rule="error function"),
    elementwise("erfc", "x", "erfc(x)", "-2*exp(-x^2)/sqrt(pi)", rule="complementary error function"),
)  # fmt: skip

CHOICES = (
    elementwise("maximum", "a b", "maximum(a, b)", "(a > b) + (a == b)/2", "(b > a) + (a == b)/2", rule="larger one", latex=r"\max\left(<a>, <b>\right)", kink=Kink("a == b", "a tie shares the gradient equally")),
    elementwise("minimum", "a b", "minimum(a, b)", "(a < b) + (a == b)/2", "(b < a) + (a == b)/2", rule="smaller one", latex=r"\min\left(<a>, <b>\right)", kink=Kink("a == b", "a tie shares the gradient equally")),
    elementwise("clip", "x lo hi", "minimum(maximum(x, lo), hi)", "(x >= lo)*(x <= hi)", "(x < lo)*(lo <= hi)", "(x > hi) + (x <= hi)*(lo > hi)", rule="clipping", textbook="minimum(maximum(x, lo), hi)", kink=Kink("(x == lo) + (x == hi)", "clip' = 1 on its bounds"), alias="clamp", samples=((-2.0, 2.0), (-1.0, -0.5), (0.5, 1.0))),
    elementwise("where", "c a b", "where(c, a, b)", None, "c != 0", "c == 0", rule="the branch taken", latex=r"\begin{cases} <a> & <c> \\ <b> & \text{otherwise} \end{cases}", samples=((-1.0, 1.0), (-2.0, 2.0), (-2.0, 2.0))),
)  # fmt: skip

NETWORK = (
    elementwise("sigmoid", "x", "where(x >= 0, 1, exp(-abs(x)))/(1 + exp(-abs(x)))", "y*(1 - y)", rule="logistic", textbook="1/(1 + exp(-x))", latex=r"\sigma\left(<x>\right)", computed=("exp(-abs(x))/(1 + exp(-abs(x)))^2",)),
    elementwise("logsigmoid", "x", "minimum(x, 0) - log1p(exp(-abs(x)))", "sigmoid(-x)", rule="log of the logistic", textbook="-log(1 + exp(-x))", latex=r"\ln \sigma\left(<x>\right)"),
    elementwise("relu", "x", "maximum(x, 0)", "x > 0", rule="rectifier", textbook="maximum(x, 0)", kink=Kink("x == 0", "relu'(0) = 0")),
    elementwise("leaky_relu", "x slope", "where(x > 0, x, slope*x)", "where(x > 0, 1, slope)", "where(x > 0, 0, x)", rule="leaky rectifier", textbook="where(x > 0, x, slope*x)", kink=Kink("(x == 0)*(slope != 1)", "leaky_relu'(0) = slope"), defaults={"slope": "0.01"}, samples=((-2.0, 2.0), (0.0, 0.5))),
    elementwise("elu", "x alpha", "where(x > 0, x, alpha*expm1(minimum(x, 0)))", "where(x > 0, 1, alpha*exp(x))", "where(x > 0, 0, exp(x) - 1)", rule="exponential linear unit", textbook="where(x > 0, x, alpha*(exp(x) - 1))", computed=("where(x > 0, 1, alpha*exp(minimum(x, 0)))", "where(x > 0, 0, expm1(minimum(x, 0)))"), kink=Kink("(x == 0)*(alpha != 1)", "elu'(0) = alpha"), defaults={"alpha": "1"}, samples=((-2.0, 2.0), (0.5, 1.5))),
    elementwise("softplus", "x", "maximum(x, 0) + log1p(exp(-abs(x)))", "sigmoid(x)", rule="soft rectifier", textbook="log(1 + exp(x))"),
    elementwise("softsign", "x", "x/(1 + abs(x))", "1/(1 + abs(x))^2", computed=("1/(1 + abs(x))/(1 + abs(x))",), rule="softsign", textbook="x/(1 + abs(x))"),
    elementwise("gelu", "x", "x*erfc(-x/sqrt(2))/2", "(1 + erf(x/sqrt(2)))/2 + x*exp(-x^2/2)/sqrt(2*pi)", rule="Gaussian error linear unit", textbook="x*(1 + erf(x/sqrt(2)))/2", computed=("erfc(-x/sqrt(2))/2 + x*exp(-x*x/2)/sqrt(2*pi)",)),
    elementwise("silu", "x", "x*sigmoid(x)", "sigmoid(x)*(1 + x*(1 - sigmoid(x)))", rule="sigmoid linear unit", textbook="x/(1 + exp(-x))", computed=("sigmoid(x)*(1 + x*sigmoid(-x))",), alias="swish"),
)  # fmt: skip

# What each operand of a whole-array function receives: `g` is what arrives from above. The functions stand in arrays.py.
ARRAYS = (
    structural("[]", "x", "g[i]", rule="array literal", code="stack", textbook="[x]", latex=r"\begin{bmatrix} <x> \end{bmatrix}", variadic=True),
    structural("[i]", "x", "g", rule="entries", code="index", textbook="x[i]", latex="{<x>}", static="index"),
    structural("@", "a b", "g @ b.T", "a.T @ g", rule="matrix product", code="matmul", textbook="a @ b", latex="<a> <b>", alias="matmul"),
    structural(".T", "x", "g.T", rule="transpose", code="transpose", textbook="x.T", latex=r"{<x>}^{\top}", alias="transpose"),
    structural("sum", "x", "g", rule="sum rule", code="sum", textbook="sum(x)", latex=r"\sum <x>", static="axis keepdims"),
    structural("mean", "x", "g/n", rule="mean", code="mean", textbook="sum(x)/n", latex=r"\operatorname{mean}\left(<x>\right)", static="axis keepdims"),
    structural("prod", "x", "g*y/x", rule="product of entries", code="prod", textbook="prod(x)", latex=r"\prod <x>", static="axis keepdims"),
    structural("var", "x", "g*2*(x - mean(x))/n", rule="variance", code="var", textbook="mean((x - mean(x))^2)", latex=r"\operatorname{var}\left(<x>\right)", static="axis keepdims"),
    structural("std", "x", "g*(x - mean(x))/(n*y)", rule="standard deviation", code="std", textbook="sqrt(var(x))", latex=r"\operatorname{std}\left(<x>\right)", static="axis keepdims", kink=Kink("", "std' = 0 where all entries are equal")),
    structural("max", "x", "g*(x == y)/n", rule="largest entry", code="max", textbook="max(x)", latex=r"\max <x>", static="axis keepdims", kink=Kink("", "tied entries share the gradient equally")),
    structural("min", "x", "g*(x == y)/n", rule="smallest entry", code="min", textbook="min(x)", latex=r"\min <x>", static="axis keepdims", kink=Kink("", "tied entries share the gradient equally")),
    structural("softmax", "x", "y*(g - sum(g*y))", rule="softmax", code="softmax", textbook="exp(x)/sum(exp(x))", latex=r"\operatorname{softmax}\left(<x>\right)", static="axis"),
    structural("log_softmax", "x", "g - exp(y)*sum(g)", rule="log of softmax", code="log_softmax", textbook="log(exp(x)/sum(exp(x)))", latex=r"\ln \operatorname{softmax}\left(<x>\right)", static="axis"),
    structural("logsumexp", "x", "g*exp(x - y)", rule="log of a sum of exponentials", code="logsumexp", textbook="log(sum(exp(x)))", latex=r"\ln \sum e^{<x>}", static="axis keepdims", alias="lse"),
    structural("norm", "x", "g*x/y", rule="length", code="norm", textbook="sqrt(sum(x^2))", latex=r"\left\|<x>\right\|", kink=Kink("", "norm'(0) = 0")),
    structural("dot", "a b", "g*b", "g*a", rule="product rule", code="dot", textbook="sum(a*b)", latex=r"<a> \cdot <b>"),
    structural("outer", "a b", "g @ b", "a @ g", rule="product rule", code="outer", textbook="a*b", latex=r"<a> {<b>}^{\top}"),
    structural("trace", "x", "g*I", rule="trace", code="trace", textbook="trace(x)", latex=r"\operatorname{tr}\left(<x>\right)"),
    structural("det", "x", "g*y*inv(x).T", rule="determinant", code="det", textbook="det(x)", latex=r"\det\left(<x>\right)"),
    structural("inv", "x", "-y.T @ g @ y.T", rule="inverse", code="inv", textbook="inv(x)", latex=r"{<x>}^{-1}"),
    structural("concat", "a b", "g[:n]", "g[n:]", rule="joining", code="concat", textbook="concat(a, b)", latex=r"\operatorname{concat}\left(<a>, <b>\right)", static="axis"),
    structural("stack", "a b", "g[0]", "g[1]", rule="stacking", code="pile", textbook="stack(a, b)", latex=r"\operatorname{stack}\left(<a>, <b>\right)", static="axis"),
    structural("reshape", "x", "reshape(g, shape)", rule="new shape", code="reshape", textbook="reshape(x, shape)", latex=r"\operatorname{reshape}\left(<x>\right)", static="shape"),
    structural("onehot", "", rule="one-hot vector", code="onehot", textbook="onehot(k, n)", latex=r"\operatorname{onehot}", static="k n"),
)  # fmt: skip

ROWS: dict[str, Primitive] = {
    each.head: each for each in (*ARITHMETIC, *COMPARISONS, *ELEMENTARY, *TRIGONOMETRIC, *CHOICES, *NETWORK, *ARRAYS)
}
_ALIASES = {alias: each.head for each in ROWS.values() for alias in each.aliases}

# Several operands where the row has two: max(a, b, c) is the elementwise maximum of all three.
SEVERAL = {"max": "maximum", "min": "minimum"}
MOST_OPERANDS = 64


def row(head: str) -> Primitive | None:
    """The row of a head or of one of its other names; None where there is none."""
    return ROWS.get(head) or ROWS.get(_ALIASES.get(head, ""))


@cache
def row_of_several(head: str, count: int) -> Primitive:
    """`maximum` or `minimum` of `count` operands; all that tie share the gradient equally."""
    if count == 2:
        return ROWS[head]
    names = [f"a{i}" for i in range(1, count + 1)]
    nested = reduce(lambda left, right: f"{head}({left}, {right})", names)
    ties = " + ".join(f"({name} == y)" for name in names)
    counted = f"0 + {ties}"  # NumPy's truths would not add up
    listed = ", ".join(f"<{name}>" for name in names)
    return elementwise(
        head, " ".join(names), nested, *(f"({name} == y)/({ties})" for name in names), rule=ROWS[head].rule, textbook=nested,
        latex=rf"\{head[:3]}\left({listed}\right)", kink=Kink(f"{counted} > 1", "a tie shares the gradient equally"),
        computed=tuple(f"({name} == y)/({counted})" for name in names),
    )  # fmt: skip


def function_names() -> list[str]:
    """Every function name that a file may use, aliases included."""
    return sorted(name for name in (*ROWS, *_ALIASES, *SEVERAL) if name.isidentifier())
