"""What a trace once got wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.commands import run

ROOT = Path(__file__).resolve().parents[1]


def trace(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backprop_cli", "trace", "-e", text, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def edges(text: str, *options: str) -> dict[tuple[str, str], Any]:
    found = json.loads(trace(text, "--json", *options).stdout)
    return {(edge["user"], edge["operand"]): edge["local"]["formula"] for edge in found["backward"]}


def test_what_stack_sends_back_is_cut_along_the_axis_it_made() -> None:
    text = "a = [1, 2, 3]; b = [4, 5, 6]; X = stack(a, b, axis=1); L = sum(X^2)"
    assert edges(text)["X", "a"] == "dX[:, 0]"
    assert edges(text.replace("axis=1", "axis=0"))["X", "b"] == "dX[1]"


@pytest.mark.parametrize("options", [(), ("--ops",), ("--ops", "--exact"), ("--ops", "--algorithm", "recursive"), ("--ops", "--paths")])
def test_a_branch_without_a_value_is_left_out(options: tuple[str, ...]) -> None:
    found = trace("z = 0; L = where(z > -1, z, log(z))", *options)
    assert (found.returncode, found.stderr) == (0, "")
    assert "∂L/∂z = 1" in found.stdout


def test_the_formula_through_a_where_has_a_value_where_its_branch_has_none() -> None:
    assert edges("a = 0; b = 1; k = where(a >= 0, b^2, log(a)); L = k*2")["k", "a"] == "where(a >= 0, 0, 1/a)"


@pytest.mark.parametrize("options", [("--format", "latex"), ("-o", "x.md"), ("--step",)])
def test_one_format_at_a_time(options: tuple[str, ...]) -> None:
    found = trace("x = 1; L = x^2", "--json", *options)
    assert (found.returncode, found.stdout) == (2, "")
    assert json.loads(found.stderr)["errors"][0]["code"] == "bad-usage"


def test_exact_numbers_that_would_take_for_ever_are_refused() -> None:
    found = trace(
        "x = [1/3, 1/7, 2/5]; W = [[1/3, 2/7, 1/5], [1/9, 1/4, 2/3], [1/2, 1/5, 3/8]]; h = tanh(W @ tanh(W @ tanh(W @ x))); L = sum(h^2)",
        "--exact",
    )
    assert found.returncode == 2
    assert "not-exact" in found.stderr


def test_a_product_of_decimals_comes_to_an_end() -> None:
    found = trace("x = 2; y = x*0.99*0.99*0.99; L = y*0.5")
    assert found.returncode == 0, found.stderr
    assert "∂y/∂x = 0.99*0.99*0.99" in found.stdout


def test_single_operations_on_numbers_are_written_in_latex() -> None:
    found = trace("x = 0.5; L = x + x*2", "--ops", "--symbolic", "--format", "latex")
    assert found.returncode == 0, found.stderr
    assert r"$L_{1} = x \cdot 2$" in found.stdout


def test_one_entry_of_a_product_is_written_out_entry_by_entry() -> None:
    found = trace("x = [1, 2]; y = [x, x]; v = (y @ x)[1]; L = v*2", "--elementwise")
    assert found.returncode == 0, found.stderr
    assert "y[0, 1] = x[1] = 2" in found.stdout


@pytest.mark.parametrize("options", [(), ("--exact",), ("--ops", "--exact")])
def test_the_entry_outside_a_domain_is_named_also_with_exact_numbers(options: tuple[str, ...]) -> None:
    found = trace("x = [[-1, 2], [3, 1]]; v = x^tanh(x); L = sum(v)", *options)
    assert found.returncode == 2
    assert "a power without a real value, at entry [0, 0]" in found.stderr


def test_a_contribution_entry_by_entry_is_told_from_a_gradient() -> None:
    text = "param W = [[1, 2], [3, 4]]; x = [1, -1]; u = W @ x; v = W @ u; L = sum(v)"
    found = trace(text, "--elementwise").stdout
    assert "dW[0, 0] += dv[0]*u[0] = 1 × (-1) = -1" in found
    assert "∂L/∂W_ik += ∂L/∂u_i · x_k" in found
    assert "dx[0] = " in found
    signs = {each["expression"]: each["sign"] for each in json.loads(trace(text, "--elementwise", "--json").stdout)["entries"]}
    assert signs["outer(du, x)"] == "+="
    assert signs["W.T @ du"] == "="


@pytest.mark.parametrize("x", ["0", "-30", "1"])
def test_a_number_and_an_array_of_slopes_go_through_one_function(x: str) -> None:
    found = trace(f"x = {x}; a = [1, 2]; L = sum(elu(x, alpha=a)) + sum(leaky_relu(x, slope=a))")
    assert found.returncode == 0, found.stderr


_ABSENT = "x = {}; y = 2; u = sqrt(x); v = {}; L = sum(where(x > 0, v, x)) + y*sum(x)"


@pytest.mark.parametrize("head", ["floor(u)", "round(u)", "mod(u, 2)", "abs(u)", "tanh(u)", "2 - u", "atan2(u, u)", "where(u > 1, u, 2)"])
@pytest.mark.parametrize("x", ["-1", "[-1, -2]", "[-1, -2, 4]"])
@pytest.mark.parametrize("mode", ["", "--mode forward", "--ops", "--json", "--format latex"])
@pytest.mark.parametrize("exact", ["", "--exact"])
def test_an_untaken_branch_without_values_is_no_fault(head: str, x: str, mode: str, exact: str) -> None:
    """Floors of what is no number; `None` among exact entries."""
    text = _ABSENT.format(x, head)
    assert run(["trace", "-e", text if "[" in x else text.replace("sum", ""), *mode.split(), *exact.split()]) == 0


@pytest.mark.parametrize("exact", [(), ("--exact",)])
def test_entries_without_a_value_are_shown_as_undefined(exact: tuple[str, ...]) -> None:
    text = _ABSENT.format("[-1, -2, 4]", "u^2")
    drawn = trace(text, *exact).stdout
    quarter = "1/4" if exact else "0.25"
    assert f"∂u/∂x = 1/(2*u)                    [undefined, undefined, {quarter}]" in drawn
    assert "nothing arrives" not in drawn
    data = json.loads(trace(text, "--json", *exact).stdout)
    assert data["forward"][0]["value"] == [None, None, 2]
    assert [edge["local"]["value"] for edge in data["backward"] if edge["user"] == "u"] == [[None, None, 0.25]]


@pytest.mark.parametrize("exact", [(), ("--exact",)])
def test_forward_mode_needs_no_branch_that_is_not_taken(exact: tuple[str, ...]) -> None:
    """It said that both modes agree, and showed `undefined`."""
    drawn = trace(_ABSENT.format("[-1, -2, 4]", "u^2"), "--mode", "forward", *exact).stdout
    assert [line.split()[-4:] for line in drawn.splitlines() if line.startswith("  3   L ")] == [["3", "3", "3", "1"]]
    assert "both modes give the same gradients" in drawn


def test_forward_mode_says_where_it_has_no_number() -> None:
    drawn = trace("x = [0, 2]; y = 2; u = sqrt(x); L = sum(u - u) + y*sum(x)", "--mode", "forward").stdout
    assert "forward mode by x[0] meets a derivative that does not exist and that reverse mode does not need" in drawn
    assert "both modes" not in drawn
