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
from backprop_cli.render import FORMATS
from backprop_cli.render.latex_formulas import latex, name, words
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
        ("W_ij", "W_{ij}"),
        ("net_in", r"\mathit{net\_in}"),
        ("名", r"\text{[U+540D]}"),
    ],
)
def test_names(word: str, drawn: str) -> None:
    assert name(word) == drawn


@given(tree=trees())
def test_braces_match_whatever_the_tree(tree: object) -> None:
    drawn = latex(tree)  # type: ignore[arg-type]
    depth = 0
    for sign in re.sub(r"\\[{}]", "", drawn):
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    assert drawn.count(r"\left") == drawn.count(r"\right") + drawn.count(r"\leftarrow")


def test_what_tex_would_obey_is_text() -> None:
    said = words(r"\input{/etc/passwd} $x^2$ 100% #1 a_b & ~ \write18{id} <|>")
    assert not re.search(r"(?<!\\)[%#&]|\\input|\\write", said)
    assert "[U+540D]" in words("名")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
@pytest.mark.parametrize("text", [HARD, *SAMPLES], ids=["hard", *(path.stem for path in SAMPLES)])
def test_latex_compiles_as_it_stands(text: str | Path, tmp_path: Path) -> None:
    source = text if isinstance(text, str) else text.read_text("utf-8")
    try:
        drawn = paper(source, "latex", elementwise=True, paths=True)
    except BackpropError:
        pytest.skip("this sample needs data")
    (tmp_path / "trace.tex").write_text(drawn, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "trace.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    assert ran.returncode == 0, "\n".join(line for line in ran.stdout.split("\n") if line.startswith(("!", "l.")))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
@pytest.mark.parametrize(
    "view", [{"symbolic": True}, {"algorithm": "recursive"}, {"algorithm": "iterative"}, {"style": "static"}, {"mode": "both"}]
)
def test_every_view_compiles(view: dict[str, str | bool], tmp_path: Path) -> None:
    (tmp_path / "trace.tex").write_text(paper(HARD, "latex", **view), "utf-8")  # type: ignore[arg-type]
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "trace.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    assert ran.returncode == 0, "\n".join(line for line in ran.stdout.split("\n") if line.startswith(("!", "l.")))


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
