"""The language of homework answers: every spelling of an answer is read as the same tree; what is ambiguous is never guessed."""

from __future__ import annotations

import pytest

from backprop_cli.calculus.signatures import signatures
from backprop_cli.calculus.table import function_names, row
from backprop_cli.lang.answers import (
    BESIDE,
    DERIVATIVE,
    PARTIAL,
    PRIME,
    Answer,
    Target,
    Unreadable,
    Vocabulary,
    read_answers,
    written,
)
from backprop_cli.lang.syntax import TRANSPOSE, Apply, Brackets, Name, Number, same

# The graph of the seeds (S0.3, S4.1) and a layer of a net.
NAMES = frozenset(["x", "a", "u", "v", "w", "b", "t", "z", "y", "L", "n", "h", "N", "f", "W", "Z1", "W1", "w2", "ŷ", "alpha", "θ₁", "c"])
GRAPH = Vocabulary(NAMES, frozenset({"g", "g2"}), "L", signatures())


def read(text: str, graph: Vocabulary = GRAPH, decimal_comma: bool = False) -> list[Answer]:
    found = read_answers(text, graph, decimal_comma=decimal_comma)
    for each in found:
        assert isinstance(each, Answer), f"{each.text}: {each.diagnostic.message}"
    return [each for each in found if isinstance(each, Answer)]


def one(text: str, graph: Vocabulary = GRAPH, decimal_comma: bool = False) -> Answer:
    (found,) = read(text, graph, decimal_comma)
    return found


def right(text: str, graph: Vocabulary = GRAPH) -> str:
    """The right side of an answer, as the reader understood it."""
    (link,) = one(f"L = {text}", graph).links
    return written(link)


def unreadable(text: str, graph: Vocabulary = GRAPH, decimal_comma: bool = False) -> Unreadable:
    (found,) = read_answers(text, graph, decimal_comma=decimal_comma)
    assert isinstance(found, Unreadable), [written(link) for link in found.links]
    return found


# ---- right sides: plain, Unicode and LaTeX of one meaning ----

SPELLINGS: dict[str, tuple[str, ...]] = {
    "dL/du*x": ("dL/du * x", "dL/du·x", "dL/du × x", "d L / d u * x", r"\frac{dL}{du}\cdot x", r"\dfrac{dL}{du} \times x", "du*x",
                r"\frac{\mathrm{d}L}{\mathrm{d}u} \odot x", r"\frac{d L}{d u} * x", "grad[u]*x", "grad(u)*x", "u.grad*x", "u_bar*x",
                r"\bar{u} * x", "ū*x", "∇_u L * x", r"\nabla_{u} L \cdot x", r"\frac{d}{du} L \cdot x", "d/du L * x", "d u * x"),
    "∂L/∂u*x": ("∂L/∂u * x", r"\frac{\partial L}{\partial u} \cdot x", r"\partial L/\partial u \cdot x"),
    "∂L/∂v*∂v/∂u": ("∂L/∂v · ∂v/∂u", r"\tfrac{\partial L}{\partial v} \cdot \tfrac{\partial v}{\partial u}"),
    "2*z/w^2*(x/u)": (r"\frac{2 z}{w^2}\cdot\frac{x}{u}", r"\frac{2z}{w^{2}} \cdot \frac{x}{u}", r"\frac{2 z}{w²}\cdot\frac xu",
                      r"$ \frac{2\,z}{w^2} \cdot \left( \frac{x}{u} \right) $"),
    "2*z/w^2*x/u": ("2*z/w^2 * x/u", "2*z/w² · x/u", "2*z / w**2 * x / u", r"2*z/w^{2} \cdot x/u"),
    "2*x": ("2x", "2 x", "2(x)", "(2)x", "(2)(x)", r"2\,x", r"\left(2\right) x"),
    "2*x^2": ("2x^2", "2x²", "2x**2", "2 x^{2}", "2x^(2)"),
    "-(2*x)": ("-2x", "−2x", "- 2 x", "–2x"),
    "2*x/w": ("2x/w", "2 x / w", "2(x)/w"),
    "x/u*(2*z)": ("x/u*2z", "x/u · 2z", r"x/u \cdot 2 z"),
    "x^-2": ("x^-2", "x⁻²", "x^(-2)", "x^{-2}", "x**-2"),
    "1/2*x": ("½ x", r"\frac12 x", r"\frac{1}{2}x", r"\tfrac12 x", "(1/2)x", r"\frac{1}2 x"),
    "sqrt(x)": ("√x", "√(x)", r"\sqrt{x}", r"\sqrt x", r"\sqrt[2]{x}", "sqrt(x)"),
    "cbrt(x)": (r"\sqrt[3]{x}", "cbrt(x)"),
    "x^(1/4)": (r"\sqrt[4]{x}", r"x^{1/4}", r"x^\frac14", "x^(1/4)"),
    "e^x": ("e^x", "e^{x}", r"\mathrm{e}^{x}", "e**x"),
    "e^x*tanh(v)": ("e^x tanh(v)", "e^x tanh v", "e^x·tanh(v)", r"e^x \tanh(v)"),
    "2*e^-x*tanh(v)^2*x": ("2e^-x tanh²(v) x", "2 e^-x tanh(v)^2 x", "2 e^-x tanh^2(v) x"),
    "a^n*log(u)": ("a^n log(u)", "a^n log u"),
    "e^(-alpha*x)": ("e^(-alpha*x)", r"e^{-\alpha \cdot x}", "e^(−α·x)"),
    "ŷ - y": ("ŷ - y", "y\u0302 − y", "yhat - y", "y_hat - y", r"\hat{y} - y", r"\hat y - y", r"\widehat{y} - y", r"\mathbf{\hat{y}} - y"),
    "θ₁*W1": ("θ₁·W1", r"\theta_1 \cdot W_1", r"\theta_{1} * W_{1}", "theta_1*W1", "theta1*W₁", r"\boldsymbol{\theta}_1 * \mathbf{W}_{1}"),
    "alpha": ("α", r"\alpha", "alpha", r"\mathrm{alpha}"),
    "pi*e": ("π·e", r"\pi \cdot e", "pi*e"),
    "W.T*dL/dz": ("W^T dz", "W.T dz", "Wᵀ dz", "W⊤ dz", "W^⊤ dz", r"W^\top dz", r"W^{T} dz", r"W^{\top}\,dz", r"\mathbf{W}^T d\mathbf{z}",
                  r"W^\mathsf{T} dz", r"W^{\mathrm T} dz", r"W^Tdz", r"W^\intercal dz", r"{W}^T dz"),
    "W.T @ dL/dz": ("W^T @ dz", "Wᵀ@dz", "W.T@dL/dz", r"W^\top @ \frac{dL}{dz}"),
    "dL/dz*x.T": ("dz·xᵀ", "dz*x.T", r"dz \cdot x^T", r"dz \cdot x^{\top}"),
    "sigmoid'(z)": ("σ'(z)", "σ′(z)", "σ’(z)", "sigmoid'(z)", r"\sigma'(z)", r"\sigma^\prime(z)", r"\sigma^{\prime}(z)", "sigma'(z)",
                    r"\operatorname{sigmoid}'\left(z\right)", "Sigmoid'(z)"),
    "relu'(z)": ("relu'(z)", r"\operatorname{relu}'(z)", r"\mathrm{ReLU}'(z)", "ReLU′(z)"),
    "silu'(z)": ("swish'(z)",),
    "g'(x)": ("g'(x)", "g′(x)", r"g^{\prime}(x)"),
    "log(u) + ln(u)": (r"\log(u) + \ln(u)", "log(u) + ln(u)", r"\log{u} + \ln{(u)}", r"\log\left(u\right) + \ln\!\left( u \right)"),
    "exp(u)*tanh(v)": (r"\exp(u)\tanh(v)", "exp(u) tanh(v)", "exp(u)*tanh(v)", r"\exp(u) \cdot \tanh\left(v\right)"),
    "tanh(z)^2": ("tanh(z)^2", "tanh²(z)", "tanh^2(z)", r"\tanh^2(z)", r"\tanh^{2}\left(z\right)"),
    "log(x/u) + 1": (r"\log \frac{x}{u} + 1", r"\log\frac xu + 1", r"\log\left(\frac{x}{u}\right) + 1"),
    "log(sqrt(x)/u)": (r"\log \frac{\sqrt{x}}{u}",),
    "log(log(x)/u)": (r"\log \frac{\log x}{u}",),
    "abs(x)": ("|x|", r"\left|x\right|", r"\lvert x \rvert", "abs(x)"),
    "[[1, 2], [3, 4]]": (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\\\end{bmatrix}", "[[1,2],[3,4]]",
                         r"\begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix}", r"\begin{array}{cc} 1 & 2 \\ 3 & 4 \end{array}"),
    "[[1], [2]]": (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "[[1], [2]]"),
    "W*[[1], [2]]": (r"W \begin{pmatrix} 1 \\ 2 \end{pmatrix}",),
    "-1/N*sum((t - z)*sigmoid'(n)*h)": (
        "-1/N * sum((t - z) * σ'(n) * h)",
        r"-1/N \cdot \operatorname{sum}((t - z) \cdot \sigma'(n) \cdot h)",
    ),
    "y/c*(b + 1)^-2*exp(a)": ("(y/c)(b+1)^(−2)exp(a)", r"\frac{y}{c}(b+1)^{-2}\exp(a)"),
    "y*(1 - c)*x": ("y(1−c)x", "y (1 - c) x", r"y \left(1-c\right) x"),
    "a*(b + c)": ("a(b+c)", "a (b + c)", r"a\left(b+c\right)"),
    "(a + b)*(b + c)": ("(a+b)(b+c)", r"\left(a+b\right)\left(b+c\right)"),
    "dL/dW[0, 1]": ("dL/dW[0, 1]", r"\frac{dL}{dW}[0,1]", "dW[0,1]", "W.grad[0, 1]"),
    "where(x > 0, 1, 0)": ("where(x > 0, 1, 0)", "where(x>0,1,0)"),
    "sum(Z1, axis=1)": ("sum(Z1, axis=1)", "sum(Z_1,axis = 1)"),
    "maximum(0, x)": ("maximum(0, x)", r"\operatorname{maximum}(0, x)"),
    "dL/du/2": ("dL/du/2", "(dL/du)/2", "du/2", r"\frac{dL/du}{2}", r"\frac{\frac{dL}{du}}{2}"),
    "1/(dL/du)": ("1/dL/du", "1/(dL/du)", r"\frac{1}{dL/du}", "1/du"),
}  # fmt: skip


@pytest.mark.parametrize(("meant", "text"), [(meant, text) for meant, texts in SPELLINGS.items() for text in texts])
def test_a_spelling(meant: str, text: str) -> None:
    assert right(text) == meant


@pytest.mark.parametrize("meant", SPELLINGS)
def test_what_is_shown_is_read_again_as_the_same(meant: str) -> None:
    assert right(meant) == meant


def test_heads_that_no_name_can_spell() -> None:
    (link,) = one("L = σ'(z)*dL/du + ∂v/∂u + 2x + W^T").links
    prime = Apply(PRIME, (Name("sigmoid"), Name("z")))
    derivatives = Apply(DERIVATIVE, (Name("L"), Name("u"))), Apply(PARTIAL, (Name("v"), Name("u")))
    product = Apply("*", (prime, derivatives[0]))
    beside = Apply(BESIDE, (Number("2"), Name("x")))
    expected = Apply("+", (Apply("+", (Apply("+", (product, derivatives[1])), beside)), Apply(TRANSPOSE, (Name("W"),))))
    assert same(link, expected)


def test_spans_are_those_of_the_source() -> None:
    text = "u = 1\nv = 2x + \\frac{dL}{du}"
    (link,) = read(text)[1].links
    assert isinstance(link, Apply)
    left, symbol = link.operands
    assert (text[link.span.start : link.span.end], text[left.span.start : left.span.end]) == ("2x + \\frac{dL}{du}", "2x")
    assert text[symbol.span.start : symbol.span.end] == "\\frac{dL}{du}"


# ---- left sides ----

TARGETS: dict[str, Target] = {
    "dL/da = 1": Target("derivative", "L", "a", False, None, "dL/da"),
    "∂L/∂a = 1": Target("derivative", "L", "a", True, None, "∂L/∂a"),
    "d L / d a = 1": Target("derivative", "L", "a", False, None, "dL/da"),
    "dv/du = 1/u": Target("derivative", "v", "u", False, None, "dv/du"),
    r"\frac{\partial L}{\partial \hat{y}} = 1": Target("derivative", "L", "ŷ", True, None, "∂L/∂ŷ"),
    "da = 1": Target("derivative", "L", "a", False, None, "dL/da"),
    "dZ1 = 1": Target("derivative", "L", "Z1", False, None, "dL/dZ1"),
    "grad[a] = 1": Target("derivative", "L", "a", False, None, "dL/da"),
    "a.grad = 1": Target("derivative", "L", "a", False, None, "dL/da"),
    "grad(a) = 1": Target("derivative", "L", "a", False, None, "dL/da"),
    "a_bar = 1": Target("derivative", "L", "a", False, None, "dL/da"),
    "u = 6": Target("value", "u", None, False, None, "u"),
    "z[0] = 3": Target("value", "z", None, False, (0,), "z[0]"),
    "z[-1] = 3": Target("value", "z", None, False, (-1,), "z[-1]"),
    "dL/dW[0, 1] = 2": Target("derivative", "L", "W", False, (0, 1), "dL/dW[0, 1]"),
    "dL/dW[0][1] = 2": Target("derivative", "L", "W", False, (0, 1), "dL/dW[0, 1]"),
    "dW[0,1] = 2": Target("derivative", "L", "W", False, (0, 1), "dL/dW[0, 1]"),
    "shape(dL/dW) = (2, 3)": Target("shape", "L", "W", False, None, "shape(dL/dW)"),
    "shape(z) = (3)": Target("shape", "z", None, False, None, "shape(z)"),
    "dW.shape = (2, 3)": Target("shape", "L", "W", False, None, "shape(dL/dW)"),
    r"\operatorname{shape}\left(\frac{\partial L}{\partial W}\right) = (2, 3)": Target("shape", "L", "W", True, None, "shape(∂L/∂W)"),
    "w_new = w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    "w <- w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    "w ← w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    "w := w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    "w -= 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    "w' = w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    "w⁺ = w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    "w^{new} = w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    r"w^{\text{new}} = w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    r"w_{new} \leftarrow w - 0.1 \frac{dL}{dw}": Target("update", "w", None, False, None, "w"),
    "w^+ = w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
    "w2_new = 1": Target("update", "w2", None, False, None, "w2"),
    "w = w - 0.1*dL/dw": Target("update", "w", None, False, None, "w"),
}


@pytest.mark.parametrize("text", TARGETS)
def test_a_target(text: str) -> None:
    assert one(text).target == TARGETS[text]


@pytest.mark.parametrize("text", [text for text, about in TARGETS.items() if "0.1" in text and about.kind == "update"])
def test_all_updates_give_the_new_value(text: str) -> None:
    (link,) = one(text).links
    assert written(link) in ("w - 0.1*dL/dw",)


def test_new_is_part_of_the_name_where_the_graph_has_that_name() -> None:
    graph = Vocabulary(frozenset({"w", "w_new"}), output="w")
    assert one("w_new = 3", graph).target.kind == "value"


SHAPES = ("(2, 3)", "[2, 3]", "2 x 3", "2×3", "2x3", "(2,3,)", r"2 \times 3", r"\mathbb{R}^{2 \times 3}", "R^(2×3)", "2*3", "(2×3)")


@pytest.mark.parametrize("text", SHAPES)
def test_a_shape(text: str) -> None:
    (link,) = one(f"shape(W) = {text}").links
    assert same(link, Brackets((Number("2"), Number("3"))))


def test_shapes_of_few_and_of_symbolic_sizes() -> None:
    assert [written(link) for link in one("shape(z) = (3) = 3 = [3] = (3,)").links] == ["[3]"] * 4
    assert written(one("shape(L) = ()").links[0]) == "[]"
    assert written(one("shape(dL/dW) = (m_k, m_{k-1})").links[0]) == "[m_k, m_{k-1}]"
    assert written(one("shape(dL/dW) = m_k × m_{k−1}").links[0]) == "[m_k, m_{k-1}]"


# ---- chains and lines ----


def test_a_chain_has_a_link_for_each_sign() -> None:
    found = one("dL/da = dL/du * x = 2*z/w^2 * x/u = 0.14  # at the point")
    assert found.link_texts == ("dL/du * x", "2*z/w^2 * x/u", "0.14")
    assert [written(link) for link in found.links] == ["dL/du*x", "2*z/w^2*x/u", "0.14"]
    assert (found.line, found.text) == (1, "dL/da = dL/du * x = 2*z/w^2 * x/u = 0.14")


def test_a_chain_goes_on_in_the_lines_below() -> None:
    assert one("dL/da = dL/du*x\n      = 0.14").link_texts == ("dL/du*x", "0.14")
    assert one("dL/da =\n  2*z").link_texts == ("2*z",)
    first, second = read("dL/da = x\n\ndL/db = (a +  # one\n  b) = 2\n")
    assert (first.line, second.line, second.link_texts) == (1, 3, ("(a + b)", "2"))
    text = "\\begin{align*}\n\\frac{dL}{da} &= \\frac{dL}{du} x \\\\\n &= 2 z \\\\\n&\\quad + b \\\\\ndL/db &= z,\n\\end{align*}"
    first, second = read(text)
    assert (first.line, first.link_texts) == (2, (r"\frac{dL}{du} x", r"2 z &\quad + b"))
    assert (second.line, second.link_texts) == (5, ("z",))


def test_statements_are_told_apart() -> None:
    text = "# head\n\nu = 6; v = 1.79 ; \r\n1) dL/da = 3\n  a) dL/db = 4\n- dL/dx = 5\n* dL/dw = 6\n(2) z = 7\n"
    text += "\\[\nt = 8 .\n\\]\n$$ n = 9 $$\n% no\n"
    assert [(each.line, each.target.text) for each in read(text)] == [
        *((3, "u"), (3, "v"), (4, "dL/da"), (5, "dL/db"), (6, "dL/dx"), (7, "dL/dw"), (8, "z"), (10, "t"), (12, "n"))
    ]
    assert [each.target.text for each in read(r"\begin{align} u &= 1 \\ &= 2 \\ v &= 3 \end{align}")] == ["u", "v"]
    assert [each.target.text for each in read("u = \\frac12 % six\\%\nu = 2 # 100 %")] == ["u", "u"]


def test_one_unreadable_line_stops_no_other() -> None:
    text = "dL/da = (x + \ndL/db = 2*z)\nu = 6\nv = ∞\nÜberschrift\nw = 2\nz = [1, 2\n"
    found = read_answers(text, GRAPH)
    assert [(each.line, isinstance(each, Answer)) for each in found] == [
        *((1, False), (2, False), (3, True), (4, False), (5, False), (6, True), (7, False))
    ]
    assert read_answers("# nothing\n\n", GRAPH) == []


def test_a_frame_around_an_answer_is_no_bracket() -> None:
    assert one(r"\[ \boxed{\frac{dL}{da} = 2z = 3} \]").link_texts == ("2z", "3")
    assert [written(link) for link in one(r"\frac{dL}{da} = 2z = \boxed{z + 1}").links] == ["2*z", "z + 1"]
    assert right(r"2\boxed{z + 1}") == "2*(z + 1)"


def test_bytes_and_sources_are_read_alike() -> None:
    assert read_answers("\ufeffŷ = 1\r\n".encode(), GRAPH)[0].line == 1


# ---- readings that are told ----

NOTES = {
    "dL/da = 1/dL/du": "dL/du behind a / is read as one symbol: .../(dL/du)",
    r"dL/da = \log u": r"\log u is read as log(u)",
    "dL/da = exp a": "exp a is read as exp(a)",
    r"dL/da = \sin^{2} u": r"\sin^{2} u is read as sin(u)^2",
    "dL/da = sin² u": "sin² u is read as sin(u)^2",
    "dL/da = 2zx/(uw²)": "zx is read as z*x",
    "dL/da ≈ 0.14": "≈ is read as =",
    "w = w - 0.1*dL/dw": "w = w ... is read as an update",
}


@pytest.mark.parametrize("text", NOTES)
def test_a_reading_is_told(text: str) -> None:
    assert NOTES[text] in one(text).notes


def test_plain_readings_are_not() -> None:
    for text in ("dL/da = dL/du*x", "1) dL/da = 2x", r"\frac{dL}{da} = W^T \hat{y}", "da = 3"):
        assert one(text).notes == ()


def test_nodes_named_like_differentials() -> None:
    graph = Vocabulary(frozenset({"L", "u", "dL", "du", "x"}), output="L")
    assert right("dL/du", graph) == "dL/du"
    (link,) = one("x = dL/du", graph).links
    assert same(link, Apply("/", (Name("dL"), Name("du"))))
    assert "divided" in one("x = dL/du", graph).notes[0]
    assert (one("dL/du = 1", graph).target.kind, one("du = 1", graph).target.kind) == ("derivative", "value")
    assert one("dx = du", graph).target.text == "dL/dx"
    half = Vocabulary(frozenset({"L", "u", "du"}), output="L")
    assert one("dL/du = 1", half).notes == ()
    d = Vocabulary(frozenset({"L", "u", "d", "dc"}), output="L")
    assert one("d L / d u = 2d", d).target.text == "dL/du"
    assert one("dd/du = 2", d).target.text == "dd/du"


def test_without_signatures_any_name_before_a_bracket_is_a_function() -> None:
    graph = Vocabulary(frozenset({"a", "sum", "L"}), frozenset({"f"}), "L")
    assert right("relu'(a) + log(a) + f(a) + whatever(a)", graph) == "relu'(a) + log(a) + f(a) + whatever(a)"
    assert right(r"\sigma(a) + \log a", graph) == "sigmoid(a) + log(a)"
    assert right("sum(a)", Vocabulary(graph.names, output="L", signatures=signatures())) == "sum(a)"


def test_decimal_commas() -> None:
    assert [written(link) for link in one("L = 0,25 = 1,5*x", decimal_comma=True).links] == ["0.25", "1.5*x"]
    assert [written(link) for link in one("z = [0,5; 1; 2,5] = [1, 2]", decimal_comma=True).links] == ["[0.5, 1, 2.5]", "[1, 2]"]
    assert written(one("z = maximum(0,5; x)", decimal_comma=True).links[0]) == "maximum(0.5, x)"
    assert written(one(r"z = 0{,}25", decimal_comma=True).links[0]) == "0.25"
    assert len(read("u = 0,5; v = 1", decimal_comma=True)) == 2


def test_every_built_in_function_has_its_signature() -> None:
    known = signatures()
    for name in function_names():
        found = row(name)
        assert found is not None
        assert known[name].head == found.head or name in ("transpose", "matmul")
        assert 1 <= known[name].fewest <= known[name].most
    assert (known["sum"].fewest, known["onehot"].fewest, known["leaky_relu"].most) == (1, 2, 2)


def test_the_names_of_rates_hide_no_node() -> None:
    from backprop_cli.homework.targets import rates

    assert {"lr", "eta", "η"} <= rates(frozenset({"alpha", "γ"}))
    assert not {"alpha", "α", "gamma", "γ"} & rates(frozenset({"alpha", "γ"}))
