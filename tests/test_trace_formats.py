"""Traces on paper: Markdown and LaTeX, with everything that a user typed made harmless."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from backprop_cli.errors import BackpropError
from backprop_cli.lang.parse import parse, parse_expression
from backprop_cli.lang.pattern import Filled, Pattern, opened
from backprop_cli.lang.syntax import Name
from backprop_cli.lang.unparse import unparse
from backprop_cli.render import FORMATS
from backprop_cli.render.latex_formulas import latex, latex_filled
from backprop_cli.render.latex_lines import linear
from backprop_cli.render.latex_words import name, words
from backprop_cli.render.look import Look
from backprop_cli.reports.trace import report
from backprop_cli.reports.trace_views import View, document
from tests.strategies import programs, trees

if TYPE_CHECKING:
    from tests.conftest import Backprop
    from tests.strategies import Sample

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = sorted(ROOT.glob("samples/*.expr"))
# Every kind of name and function, every view, and texts that mean something to TeX.
HARD = """
input ŷ = 1, θ₁ = 2, 名 = 3, x_1 = 0.5, alpha_12 = 1e-9, _under_score_ = 2, lambda = 3, ñandú = 1
own_f(p, q) = p^q/2 + e^p
s = sin(x_1)^2 + (θ₁ - ŷ)*(名 + lambda) - -alpha_12 + exp(x_1)^2 + sqrt(x_1)^3
c = where(s > 1, s*ñandú, -s) + max(s, 2, lambda) + mod(名, 2) + abs(x_1 - 1) + cbrt(θ₁) + floor(s)
h = own_f(c/100, _under_score_) + leaky_relu(s, slope=0.1) + hypot(s, c) - (1/θ₁)^2
L = log(h^2 + 1)^0.5 + atan2(h, 2)
"""


def paper(text: str, kind: str, **view: bool) -> str:
    return "".join(FORMATS[kind](document(report(parse(text), {}), View(**view)), Look()))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["markdown", "latex"])
@pytest.mark.parametrize("sample", ["chain", "several-children", "neurons"])
def test_golden_papers(kind: str, sample: str, golden: Callable[[str, str], None]) -> None:
    text = (ROOT / f"samples/{sample}.expr").read_text("utf-8")
    golden(f"trace/{sample}.{'md' if kind == 'markdown' else 'tex'}", paper(text, kind))


# ---- Markdown ----


@given(sample=programs())
def test_every_row_of_a_markdown_table_has_as_many_cells(sample: Sample) -> None:
    found = report(parse(sample.text), sample.at)
    width = None
    for line in FORMATS["markdown"](document(found), Look()):
        if not line.startswith("|"):
            width = None
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        assert width in (None, cells), line
        width = cells


def test_markup_in_names_stays_text() -> None:
    said = paper("_a_ = 2; __b__ = 3; L = _a_*__b__", "markdown")
    assert "`_a_` leaf" in said
    assert "`∂L/∂__b__ = " in said or "`∂L/∂_a_ = " in said
    outside = re.sub(r"`[^`]*`", "", said)
    assert "_a_" not in outside.replace("\\_", "")


# ---- LaTeX ----


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a/b", r"\frac{a}{b}"),
        ("(a + b)*c", r"\left(a + b\right) \cdot c"),
        ("a*(b/c)^2", r"a \cdot {\left(\frac{b}{c}\right)}^{2}"),
        ("-x^2", r"-{x}^{2}"),
        ("(-x)^2", r"{\left(-x\right)}^{2}"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a*-b", r"a \cdot \left(-b\right)"),
        ("exp(x)^2", r"{\left(e^{x}\right)}^{2}"),
        ("2^x^y", r"{2}^{{x}^{y}}"),
        ("sigmoid(w*x)", r"\sigma\left(w \cdot x\right)"),
        ("W.T @ dz", r"{W}^{\top} \, \mathit{dz}"),
        ("(A + B).T", r"{\left(A + B\right)}^{\top}"),
        ("[[1, 2], [3, x]]", r"\begin{bmatrix} 1 & 2 \\ 3 & x \end{bmatrix}"),
        ("1.5e-7*x", r"1.5 \times 10^{-7} \cdot x"),
        ("sum(x, axis=1)", r"\operatorname{sum}\left(x, \mathrm{axis} = 1\right)"),
        ("my_f(theta, x_1)", r"\operatorname{my\_f}\left(\theta, x_{1}\right)"),
    ],
)
def test_formulas(text: str, drawn: str) -> None:
    assert latex(parse_expression(text)) == drawn


@pytest.mark.parametrize(
    ("word", "drawn"),
    [
        ("x", "x"),
        ("x12", "x_{12}"),
        ("w_1", "w_{1}"),
        ("θ₁", r"\theta_{1}"),
        ("alpha", r"\alpha"),
        ("ŷ", r"\hat{y}"),
        ("x̂", r"\hat{x}"),
        ("θ̂_1", r"\hat{\theta}_{1}"),
        ("dW̄", r"\mathit{d}\bar{W}"),
        ("é̂", r"\text{[U+00E9][U+0302]}"),
        ("W_ij", "W_{ij}"),
        ("net_in", r"\mathit{net\_in}"),
        ("名", r"\text{[U+540D]}"),
        ("θ_long", r"\theta_{\mathit{long}}"),
        ("y_hat", r"\hat{y}"),
        ("dy_hat", r"\mathit{d}\hat{y}"),
        ("dα", r"\mathit{d}\alpha"),
        ("φ", r"\varphi"),
        # One subscript, however many there are in the name.
        ("w_1_2", "w_{1,2}"),
        ("x_a1", r"x_{\mathit{a},1}"),
        ("ŷ_1_2", r"\hat{y}_{1,2}"),
        ("h_t_ij", r"h_{\mathit{t},ij}"),
        ("dx_a1", r"\mathit{d}x_{\mathit{a},1}"),
        ("θ₁_2", r"\theta{}_{1,2}"),
        ("x₁_ij", r"\mathit{x}{}_{1,ij}"),
        ("Α", r"\mathrm{A}"),
    ],
)
def test_names(word: str, drawn: str) -> None:
    assert name(word) == drawn


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("x^2", "{x}^{2}"),
        ("x^2^y", r"{x} \uparrow 2^{{y}}"),
        ("x^(a + b)", r"{x}^{(\allowbreak {a}+{b})}"),
        ("1.5e-7^2", r"(1.5 \times 10^{-7}){}^{2}"),
        ("W0.T @ dz", r"{W_{0}}^{\top} \,\allowbreak {\mathit{dz}}"),
        ("f(α, x_1)", r"\operatorname{f}(\allowbreak {\alpha},\allowbreak {x_{1}})"),
        ("hidden_activation_7*2", r"\mathit{hidden\_}\allowbreak \mathit{activation\_}\allowbreak \mathit{7} \cdot 2"),
    ],
)
def test_formulas_in_one_line(text: str, drawn: str) -> None:
    assert linear(unparse(parse_expression(text))) == drawn


@given(tree=trees())
def test_a_pattern_is_drawn_as_its_tree(tree: object) -> None:
    filled = opened(tree)  # type: ignore[arg-type]
    assert latex_filled(filled) == latex(filled.tree)


def test_a_pattern_with_numbers_is_drawn_as_its_tree() -> None:
    for word in ("2", "0.5", "1e-5", "x_1"):
        pattern = Pattern(parse_expression("a^n*n + n^2"), lambda part: 0 if isinstance(part, Name) and part.id == "n" else None)
        assert latex_filled(Filled(pattern, (word,))) == latex(Filled(pattern, (word,)).tree)


@given(tree=trees())
def test_braces_match_whatever_the_tree(tree: object) -> None:
    for drawn in (latex(tree), linear(unparse(tree))):  # type: ignore[arg-type]
        depth = 0
        for sign in re.sub(r"\\[{}]", "", drawn):
            depth += (sign == "{") - (sign == "}")
            assert depth >= 0
        assert depth == 0
    drawn = latex(tree)  # type: ignore[arg-type]
    assert drawn.count(r"\left") == drawn.count(r"\right") + drawn.count(r"\leftarrow")


def test_what_tex_would_obey_is_text() -> None:
    said = words(r"\input{/etc/passwd} $x^2$ 100% #1 a_b & ~ \write18{id} <|>")
    assert not re.search(r"(?<!\\)[%#&]|\\input|\\write", said)
    assert "[U+540D]" in words("名")


def net(layers: int, width: int) -> str:
    """A scalar net with so many neurons in each layer, and all its weights as leaves of their own."""
    lines, before = ["input x_0 = 0.5, x_1 = -1"], ["x_0", "x_1"]
    for layer in range(layers):
        now = []
        for unit in range(width):
            names = [f"w{layer}_{unit}{n}" for n in range(len(before))]
            lines.append(f"param {', '.join(f'{each} = 0.{len(each)}{n}1' for n, each in enumerate(names))}")
            lines.append(f"z{layer}_{unit} = {' + '.join(f'{w}*{x}' for w, x in zip(names, before, strict=True))}")
            lines.append(f"h{layer}_{unit} = tanh(z{layer}_{unit})")
            now.append(f"h{layer}_{unit}")
        before = now
    return "\n".join([*lines, f"E = ({' + '.join(before)} - 1)^2/2"])


WIDE = {
    "net": net(5, 3),
    "arrays": """
W_first_layer = [[0.123456, -0.5, 0.25], [1.5, 2.75, -3.125], [0.001, 1e-7, 12345.678], [1, 2, 3]]
X = [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
     [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]]
hidden_preactivation_of_the_first_layer = W_first_layer @ X/100
hidden_activation_of_the_first_layer = tanh(hidden_preactivation_of_the_first_layer)
P = softmax(hidden_activation_of_the_first_layer, axis=0)
v = [0.123456789, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.3456789]
L = mean(sum(P*hidden_activation_of_the_first_layer, axis=0)) + 0.01*sum(W_first_layer^2) - dot(v, P[0])/10
""",
    "long": "a = 1.23456; b = 2; s(p, q) = log(1 + exp(p*q))/(p + q)\nL = "
    + " + ".join(f"s(a + {n}, b*{n})^{n}/(1 + exp(-a*b/{n}))" for n in range(1, 9)),
    "deep": "x = 1\nL = " + "1/(1 + " * 60 + "x" + ")" * 60,
    "names": f"{'very_' * 30}long = 2; {'x' * 90} = 3\nL = {'very_' * 30}long*{'x' * 90} + exp({'x' * 90}^({'very_' * 30}long/10))/1000",
}


def compiled(text: str, folder: Path) -> str:
    """What TeX says of a document; it has to compile."""
    (folder / "trace.tex").write_text(text, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "trace.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    assert ran.returncode == 0, "\n".join(line for line in ran.stdout.split("\n") if line.startswith(("!", "l.")))
    return ran.stdout


def overfull(said: str) -> list[float]:
    """By how many points boxes stick out of the page or of their column."""
    return [float(found) for found in re.findall(r"Overfull \\hbox \((\d+\.?\d*)pt", said)]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
@pytest.mark.parametrize("text", [HARD, *WIDE.values(), *SAMPLES], ids=["hard", *WIDE, *(path.stem for path in SAMPLES)])
def test_latex_compiles_as_it_stands_and_fits_the_page(text: str | Path, tmp_path: Path) -> None:
    source = text if isinstance(text, str) else text.read_text("utf-8")
    try:
        drawn = paper(source, "latex", elementwise=True, paths=True)
    except BackpropError:
        pytest.skip("this sample needs data")
    assert max(overfull(compiled(drawn, tmp_path)), default=0) <= 5


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
@pytest.mark.parametrize("text", [HARD, WIDE["net"], WIDE["arrays"], WIDE["long"]], ids=["hard", "net", "arrays", "long"])
@pytest.mark.parametrize(
    "view", [{"symbolic": True}, {"algorithm": "recursive"}, {"algorithm": "iterative"}, {"style": "static"}, {"style": "tape"},
             {"mode": "both"}, {"expand": True}]
)  # fmt: skip
def test_every_view_compiles_and_fits_the_page(view: dict[str, str | bool], text: str, tmp_path: Path) -> None:
    said = compiled(paper(text, "latex", **view), tmp_path)  # type: ignore[arg-type]
    assert max(overfull(said), default=0) <= 5


# ---- files ----


@pytest.mark.parametrize(
    ("suffix", "start"), [("txt", "L = 2.69552"), ("md", "# `L = 2.69552`"), ("tex", r"\documentclass"), ("json", '{"output": "L"')]
)
def test_a_file_by_its_suffix(suffix: str, start: str, backprop: Backprop, tmp_path: Path) -> None:
    path = tmp_path / f"trace.{suffix}"
    ran = backprop("trace", str(ROOT / "samples/chain.expr"), "-o", str(path))
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert path.read_text("utf-8").startswith(start)
    kind = {"txt": "plain", "md": "markdown", "tex": "latex", "json": "json"}[suffix]
    assert backprop("trace", str(ROOT / "samples/chain.expr"), "--format", kind).out == path.read_text("utf-8")


@pytest.mark.parametrize("form", ["latex", "markdown"])
def test_empty_arrays_are_drawn(form: str, backprop: Backprop) -> None:
    for text in ("x=[1,2]; y=x[5:]; L=sum(y)", "x=[[1,2],[3,4]]; y=x[:,2:]; L=sum(y^2)"):
        found = backprop("trace", "-e", text, "--format", form)
        assert (found.status, found.err) == (0, "")
