"""What hypothesis draws: trees of the whole language, statements in every layout, programs with gradients, hostile texts."""

from __future__ import annotations

import os
import re
import string
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from backprop_cli.lang.syntax import (
    INFIX,
    NEGATE,
    TRANSPOSE,
    Apply,
    Brackets,
    Expr,
    Index,
    Name,
    Number,
    Part,
    Slice,
    fold,
    rebuilt,
)

# A run on a server finds the same as the run before it; EXAMPLES=2000 looks longer; SHRINK=0 tells a failure as it is found.
settings.register_profile(
    "backprop",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
    max_examples=int(os.environ.get("EXAMPLES", "100")),
    phases=[each for each in Phase if each is not Phase.shrink or os.environ.get("SHRINK") != "0"],
)
settings.load_profile("backprop")

# ---- words ----

# Names that mean something to Python, to SymPy or to somebody's notes, and names that ASCII cannot spell. All are in NFC.
TELLING_NAMES = (
    *("x", "y", "a", "b", "T", "e", "pi", "E", "I", "S", "N", "O", "Q", "d", "dL", "beta", "gamma", "zeta", "lambda", "class", "None"),
    *("oo", "Symbol", "__class__", "grad", "diff", "_", "x1", "e3", "inputs", "sum", "log", "True", "nan"),
    *("ŷ", "θ₁", "σ", "𝓛", "名", "ñandú", "x̂", "Δw", "ϕ", "ي", "ا٣"),
)
FUNCTIONS = ("f", "exp", "log", "sigmoid", "where", "max", "g₁", "é", "lambda", "T")
SPELLINGS = ("0", "1", "2", "2.", ".5", "1e-3", "1E+3", "007", "3.25", "10", "1e3", "12345678901234567890")


def names() -> st.SearchStrategy[str]:
    letters = st.text(string.ascii_letters + "_" + string.digits, min_size=1, max_size=6)
    plain = letters.filter(lambda text: text.isidentifier() and text not in ("input", "param"))
    return st.sampled_from(TELLING_NAMES) | plain


def spellings() -> st.SearchStrategy[str]:
    return st.sampled_from(SPELLINGS) | st.integers(0, 10**6).map(str) | st.decimals(0, 1000, places=3).map(str)


# ---- trees ----


@st.composite
def word(draw: st.DrawFn) -> Expr:
    return Number(draw(spellings())) if draw(st.booleans()) else Name(draw(names()))


@st.composite
def trees(draw: st.DrawFn, parts: int = 10) -> Expr:
    """Trees over the whole language, arrays included. They need not make sense."""
    made: list[Expr] = [draw(word())]

    def some(least: int = 1, most: int = 3) -> tuple[Expr, ...]:
        count = draw(st.integers(least, most))
        return tuple(made.pop(draw(st.integers(0, len(made) - 1))) if made else draw(word()) for _ in range(count))

    def cut() -> Slice:
        return Slice(*(draw(word()) if draw(st.booleans()) else None for _ in range(2)), *(some(1, 1) if draw(st.booleans()) else [None]))

    for _ in range(draw(st.integers(0, parts))):
        kind = draw(st.sampled_from(["word", "infix", "infix", "infix", "sign", "call", "keywords", "transpose", "array", "index", "cut"]))
        match kind:
            case "word":
                made.append(draw(word()))
            case "infix":
                made.append(Apply(draw(st.sampled_from(INFIX)), some(2, 2)))
            case "sign" | "transpose":
                made.append(Apply(NEGATE if kind == "sign" else TRANSPOSE, some(1, 1)))
            case "call":
                made.append(Apply(draw(st.sampled_from(FUNCTIONS)), some()))
            case "keywords":
                keyword = draw(st.sampled_from(["axis", "slope", "keepdims", "T"]))
                made.append(Apply(draw(st.sampled_from(FUNCTIONS)), some(0, 2), ((keyword, *some(1, 1)),)))
            case "array":
                made.append(Brackets(some()))
            case "index":
                made.append(Index(*some(1, 1), some(1, 2)))
            case "cut":
                made.append(Index(*some(1, 1), (cut(), *some(0, 1))))
    return made[0] if len(made) == 1 else Apply(draw(st.sampled_from(FUNCTIONS)), tuple(made))


@st.composite
def like(draw: st.DrawFn, tree: Expr) -> Expr:
    """The same tree with other names and numbers in it."""

    def combine(part: Part, below: list[Part]) -> Part:
        if isinstance(part, Name):
            return Name(draw(names()))
        if isinstance(part, Number):
            return Number(draw(spellings()))
        return rebuilt(part, below)

    found = fold(tree, combine)
    assert not isinstance(found, Slice)
    return found


# ---- layouts: one meaning, many ways to type it ----

_GAPS = (" ", "  ", "\t", "\u00a0", "\u2009", "")
_BREAKS = ("\n", "\r\n", "\r", "\u2028", " # a (note]; = \n")


@st.composite
def layouts(draw: st.DrawFn, text: str) -> str:
    """The text with spaces widened and, inside brackets, broken into lines with comments."""
    depth, found = 0, []
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == " " or (sign == "," and depth):
            gap = draw(st.sampled_from(_BREAKS + _GAPS if depth else _GAPS[:-1])) if draw(st.integers(0, 3)) == 0 else ""
            found.append(sign + gap)
        else:
            found.append(sign)
    return "".join(found)


# ---- texts that Python reads as we do, once ^ is ** ----

_PYTHON_WORDS = st.sampled_from(["a", "b", "x1", "2", "3.5", ".5", "1e-3", "2.", "7"])


_PYTHON_FORMS = (
    *("{0}+{1}", "{0} - {1}", "{0}*{1}", "{0}/{1}", "{0}^{1}", "{0}**{1}", "{0}@{1}", "{0}*-{1}", "{0}^-{1}", "{0}-{1}+{2}", "{0}/{1}/{2}"),
    *("{0}*{1}^{2}", "{0}^{1}^{2}", "-{0}", "+{0}", "- -{0}", "({0})", "({0})^{1}", "-({0})", "f({0}, {1})", "f({0}, axis={1})", "g[{0}]"),
    *("(a)[{0}, {1}].T", "[{0}, {1}]"),
)


@st.composite
def python_texts(draw: st.DrawFn) -> str:
    """Expressions with operators of every rung and few parentheses, in the words that Python and we share."""
    texts = [draw(_PYTHON_WORDS)]
    for _ in range(draw(st.integers(1, 6))):
        pieces = [draw(st.sampled_from(texts)) if draw(st.booleans()) else draw(_PYTHON_WORDS) for _ in range(2)]
        texts.append(draw(st.sampled_from(_PYTHON_FORMS)).format(texts[-1], *pieces))
    text = texts[-1]
    sign = draw(st.sampled_from(["", "", "<", "<=", ">", ">=", "==", "!="]))
    if sign:
        text = f"{text} {sign} {texts[0]}"
    return f"where({text}, a, b)*2" if draw(st.integers(0, 4)) == 0 else text


# ---- programs whose output is smooth around a point ----


@dataclass(frozen=True, slots=True)
class Sample:
    """A program and a point at which it is smooth; `text` gives no leaf a value."""

    text: str
    at: dict[str, float]


LEAVES = ("x", "y", "a", "b")
# Each keeps what goes in within its domain and what comes out within a few units, whatever `{0}` and `{1}` are.
_SMOOTH = (
    *("{0} + {1}", "{0} - {1}", "{0}*{1}", "-{0}", "({0} - {1})^2", "{0}/(2 + sin({1}))", "{0}^3/4", "({0} + {1})/3", "2*{0} - 1/3"),
    *("sin({0})", "cos({0})", "tanh({0})", "sigmoid({0})", "softplus({0})", "logsigmoid({0})", "gelu({0})", "silu({0})", "erf({0})"),
    *("atan({0})", "asinh({0})", "exp(sin({0}))", "log(1.5 + cos({0})^2)", "sqrt(2 + sin({0}))", "(2 + cos({0}))^(sin({1}))", "2^sin({0})"),
    *("log1p(exp(cos({0})))", "expm1(sin({0}))", "hypot({0}, 1 + {1}^2)", "atan2({0}, 2 + sin({1}))", "asin(sin({0})/2)", "1/(1 + {0}^2)"),
    *("atanh(cos({0})/2)", "log(2 + sin({0}))", "cbrt(2 + sin({0}))", "log2(3 + cos({0}))", "tan(sin({0}))", "(1 + {0}^2)^-1"),
    *("e^cos({0})", "{0}*{0}/4"),
)  # fmt: skip
# These have corners; the tests keep away from them.
_CORNERED = (
    *("relu({0} + 1/7)", "abs({0} - 1/9)", "leaky_relu({0} - 1/11)", "leaky_relu({0}, slope=0.3)", "elu({0} + 1/5)", "maximum({0}, {1})"),
    *("minimum({0}, {1} + 1/3)", "where({0} < {1}, {0}*{1}, sin({0}))", "clip({0}, -1, 1.25)", "max({0}, {1}, 0.5)"),
)  # fmt: skip


@st.composite
def programs(draw: st.DrawFn, statements: int = 8, cornered: bool = True) -> Sample:
    """A program with nodes used several times, perhaps a function of its own, and a point."""
    forms = st.sampled_from(_SMOOTH + _CORNERED if cornered else _SMOOTH)
    known = list(LEAVES)
    lines: list[str] = []
    own = draw(st.booleans())
    if own:
        inner = draw(forms).format("p", "q")
        lines.append(f"own(p, q) = {inner} + p*{draw(st.sampled_from(LEAVES))}/4")
    # The leaves of a statement are the newest names more often than not: deep graphs with shared nodes.
    for number in range(draw(st.integers(1, statements))):
        picked = [draw(st.sampled_from(known[-3:]) | st.sampled_from(known)) for _ in range(3)]
        right = draw(forms).format(picked[0], picked[1])
        if draw(st.integers(0, 2)) == 0:
            right = draw(forms).format(f"({right})", picked[2])
        if own and draw(st.integers(0, 2)) == 0:
            right = f"own({right}, {picked[2]})/3"
        lines.append(f"v{number} = {right}")
        known.append(f"v{number}")
    lines.append("L = " + " + ".join(known[-3:]))
    sixteenths = st.integers(-24, 24).map(lambda n: n / 16 + 1 / 1000)
    text = "\n".join(lines)
    used = set(re.findall(r"\w+", text))
    return Sample(text, {name: draw(sixteenths) for name in LEAVES if name in used})


# ---- texts that nobody means well ----

_PIECES = (
    *("x", "=", " = ", "(", ")", "[", "]", ",", ";", "\n", "\r\n", "#", "+", "-", "*", "/", "^", "**", "@", ".T", ".", ":", "<", "=="),
    *("input", "param", " ", "\t", "\x00", "\x1b[31m", "\u202e", "\u200b", "\ufeff", "²", "⁻", "√", "σ", "π", "·", "−", "½", "'", '"', "%"),
    *("__import__('os')", "lambda:", "[b]red[/b]", "0", "2", "9" * 30, "f(", "x.y", "e", "1e999", "≤", "{", "}", "\\input", "é", "e\u0301"),
)  # fmt: skip


def hostile() -> st.SearchStrategy[str]:
    """Texts made of the language's own pieces and of others' in no order, and texts of any characters."""
    return st.lists(st.sampled_from(_PIECES), max_size=30).map("".join) | st.text(max_size=60)
