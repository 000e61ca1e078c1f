"""Verdicts on answers: the seeds' lines, numbers, chains, follow-through, conventions, pieces, shapes, updates, forms."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.errors import BackpropError
from backprop_cli.homework.judge import Bench, judge
from backprop_cli.homework.rules import Rules
from backprop_cli.homework.verdicts import Judgement, Verdict
from backprop_cli.lang.parse import parse

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
G1 = "input x = 2, y = 2; param a = 3, b = 1; u = x*a; v = log(u); w = v + b; t = 1/w; z = y - t; L = z^2"


def sample(name: str) -> str:
    return (SAMPLES / f"{name}.expr").read_text("utf-8")


def judged(program: str, answers: str, **options: Any) -> Judgement:
    return judge(parse(program), answers, **options)


def verdicts(program: str, answers: str, **options: Any) -> list[str]:
    return [each.verdict.value for each in judged(program, answers, **options).answers]


def only(program: str, answer: str, **options: Any) -> str:
    (verdict,) = verdicts(program, answer, **options)
    return verdict


# ---- the seeds, in three spellings ----

SEEDS = {
    "chain": [
        "dL/da = dL/du * x",
        "dL/du = dL/dv * 1/u",
        "dL/dv = dL/dw * 1",
        "dL/dw = dL/dt * (-1/w^2)",
        "dL/dt = dL/dz * (-1)",
        "dL/dz = 2z",
        "dL/db = dL/dw * 1",
        "∂L/∂a = ∂L/∂u · x",
        "∂L/∂u = ∂L/∂v · 1/u",
        "∂L/∂w = ∂L/∂t · (−1/w²)",
        "∂L/∂t = ∂L/∂z·(−1)",
        r"\frac{\partial L}{\partial a} = \frac{\partial L}{\partial u} \cdot x",
        r"\frac{dL}{dw} = \frac{dL}{dt} \cdot \left(-\frac{1}{w^2}\right)",
        r"\frac{\partial L}{\partial a} = \frac{2 z}{w^2}\cdot\frac{x}{u}",
        "dL/da = 2*z*x/(u*w^2) = 2*z/(a*w^2)",
        "dL/db = 2z/w²",
        "dL/dx = 2*z/(x*w^2)",
        "dL/dy = 2z",
        "da = du * x",
        "grad[a] = 2*z/(a*w^2)",
    ],
    "layers-relu": [
        "dZ2 = Z2 - Y",
        "dW2 = dZ2 @ A1.T",
        "db2 = sum(dZ2, axis=1)",
        "dA1 = W2.T @ dZ2",
        "dZ1 = dA1 * relu'(Z1)",
        "dZ1 = dA1 ⊙ relu'(Z1)",
        "dW1 = dZ1 @ X.T",
        "dW1 = dZ1 X^T",
        r"\frac{\partial J}{\partial W1} = \frac{\partial J}{\partial Z1} X^\top",
        "dX = W1^T dZ1",
        "dW1 = [[-2, -1], [4, 5]]",
        "db1 = [[-1], [3]]",
        "db2 = -3",
        "shape(dJ/dW1) = (2, 2)",
        "shape(dW2) = (m_k, m_{k-1})",
    ],
    "log-likelihood": [
        "dd/dc = y/c",
        "dc/db = -(b + 1)^(-2)",
        "db/da = exp(a)",
        "da/dw0 = -1",
        "dd/dw0 = (y/c)(b + 1)^(-2) exp(a) = y(1 - c)",
        "dd/dw1 = y(1 - c)x",
        r"\frac{\partial d}{\partial w0} = \frac{y}{c} (b+1)^{-2} e^{a}",
        "dd/dw0 = 0.5",
    ],
    "neuron-vectors": [
        "dL/db = dL/dyhat * dyhat/dz * dz/db = dz",
        "dz = -4",
        "dW = dz * x.T",
        "dW = [-4, 0, -8]",
        "dx = W.T * dz",
        "dx = [-16, -8, 20]",
        "dL/dyhat = 2*(yhat - y)*1/2 = yhat - y = -4",
        "W_new = W - 0.1*dW = [4.4, 2, -4.2]",
    ],
}


@pytest.mark.parametrize(("name", "line"), [(name, line) for name, lines in SEEDS.items() for line in lines])
def test_the_seeds_right_lines_are_correct(name: str, line: str) -> None:
    assert only(sample(name), line) == "correct"


@pytest.mark.parametrize("line", ["dc/db = (b + 1)^(-2)", "da/dw0 = 1", "dd/dc = 1/c", "dd/dw1 = -y(1 - c)x"])
def test_the_seeds_own_slips_are_not_correct(line: str) -> None:
    assert only(sample("log-likelihood"), line) in ("wrong", "correct-at-point")


@pytest.mark.parametrize("line", ["dc/db = (b + 1)^(-2)", "da/dw0 = 1", "dd/dc = 1/c"])
def test_the_seeds_own_slips_are_diagnosed(line: str) -> None:
    (found,) = judged(sample("log-likelihood"), line).answers
    assert found.diagnosis is not None
    assert {"M01", "M02"} & set(found.diagnosis.slips)


# ---- numbers ----


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("0.140", "correct"),
        ("0.1404", "correct"),
        ("0.140434", "correct"),
        ("0.1405", "wrong"),
        ("0.14", "wrong"),
        ("1.404e-1", "correct"),
        ("-0.140434", "wrong"),
        ("0.14043448871789826", "correct"),
        ("2*1.641803/(3*2.791759^2)", "correct"),
    ],
)
def test_a_decimal_is_right_if_the_truth_rounds_to_it(answer: str, verdict: str) -> None:
    assert only(G1, f"dL/da = {answer}") == verdict


def test_a_third_to_two_digits_is_wrong_and_says_so() -> None:
    (found,) = judged("x = 1; y = x/3", "dy/dx = 0.33").answers
    assert found.verdict is Verdict.WRONG
    assert "right to 2 digits; 3 are asked" in found.message


def test_fractions_and_roots_are_exact() -> None:
    assert only("x = 1; y = x/3", "dy/dx = 1/3") == "correct"
    assert only("x = 1/2; y = sin(pi*x/2)", "y = sqrt(2)/2") == "correct"
    assert only("x = 1/2; y = sin(pi*x/2)", "y = sqrt(3)/2") == "wrong"


def test_digits_and_tolerance_change_what_is_asked() -> None:
    assert only(G1, "dL/da = 0.14", rules=Rules(digits=2)) == "correct"
    assert only(G1, "dL/da = 0.1404", rules=Rules(digits=5)) == "wrong"
    assert only(G1, "dL/da = 0.15", rules=Rules(tolerance=0.1)) == "correct"
    assert only(G1, "dL/da = 0.16", rules=Rules(tolerance=0.1)) == "wrong"


def test_long_decimals_in_formulas_stand_for_what_they_round() -> None:
    program = "x = 2; y = x^2/6"
    (found,) = judged(program, "dy/dx = 0.333*x").answers
    assert found.verdict is Verdict.CORRECT
    assert found.notes
    assert only(program, "dy/dx = 0.33*x") == "wrong"
    assert only(program, "dy/dx = 0.334*x") == "wrong"
    assert only("x = 2; y = 0.15*x^2", "dy/dx = 0.30000000000000004*x") == "correct"
    assert only("x = 2; y = sin(2)*x^2", "dy/dx = 1.8186*x") == "correct"


def test_what_float64_makes_of_a_gradient_is_right_to_its_last_digits() -> None:
    assert only("x = 0.1; L = (1 - cos(x))^2", "dL/dx = 0.0009975024985950784") == "correct"
    assert only("x = 2; w = 0.123; t = 0.25; z = w*x; L = (t - z)^2", "dL/dx = -0.000984000000000001") == "correct"


@pytest.mark.parametrize(
    "nothing",
    ["1e9*0.123 - 123000000", "10^(1000*0.123)", "sin(1e9*0.123)", "2*z/(a*w^2)*(1e9*0.123 - 122999998)"],
)
def test_decimals_stand_for_others_only_where_the_digits_asked_are_left(nothing: str) -> None:
    """What is rounded away in `1e9*0.123` is a million times the truth: it would make any answer right."""
    assert only(G1, f"dL/da = {nothing}") == "wrong"


@pytest.mark.parametrize(
    ("program", "answer", "verdict"),
    [
        ("x = 2; y = 31*x", "dy/dx = 12.3^1.37", "wrong"),
        ("x = 2; y = 31*x", "dy/dx = 3.45^2.77", "wrong"),
        ("x = 2; y = 31*x", "dy/dx = 0.123*252", "correct"),
        ("x = 1; y = x/3", "dy/dx = 1000*0.333 - 332.9", "wrong"),
        ("x = 1; y = x/3", "dy/dx = 2*0.167", "correct"),
        ("x = 1; y = x*pi/10", "dy/dx = 3*0.105", "correct"),
        ("x = 2; y = x^2/6", "dy/dx = 1000*0.333*x - 333*x", "wrong"),
        ("x = 0.34; y = (x - 1/3)^2/2", "dy/dx = x - 0.333", "correct"),
        ("x = 0.34; y = x^2*pi/60", "dy/dx = 0.105*x", "correct"),
        ("x = 5; y = x^2/2", "dy/dx = 1e9*0.123*x - 122999998*x", "wrong"),
    ],
)
def test_how_far_decimals_carry(program: str, answer: str, verdict: str) -> None:
    assert only(program, answer) == verdict


def test_decimals_of_two_digits_less_than_asked_do_not_carry() -> None:
    assert only("x = 1; y = 2*x/3", "dy/dx = 2*0.333", rules=Rules(digits=5)) == "wrong"
    assert only("x = 2; y = x^2/6", "dy/dx = 0.333*x", rules=Rules(digits=5)) == "wrong"
    assert only("x = 2; y = x^2/6", "dy/dx = 0.33333*x", rules=Rules(digits=5)) == "correct"
    assert only("x = 2; y = x^2/6", "dy/dx = 0.333*x", rules=Rules(tolerance=0.01)) == "correct"


def test_numbers_need_a_point_unless_the_truth_is_constant() -> None:
    assert only("y = x^2", "dy/dx = 6") == "undecided"
    assert only("y = 3*x", "dy/dx = 3") == "correct"
    assert only("y = x^2", "dy/dx = 2x") == "correct"
    assert only("y = x^2", "dy/dx = 6", at={"x": 3}) == "correct"


# ---- chains ----


def test_the_first_broken_link_of_a_chain_is_marked() -> None:
    (found,) = judged(G1, "dL/da = dL/du * x = 2*z/w * x/u = 0.140").answers
    assert found.verdict is Verdict.WRONG
    assert found.broken == 2


def test_a_chain_ends_at_its_number() -> None:
    assert only(G1, "dL/da = dL/du * x = 2*z/w^2 * x/u = 0.1404") == "correct"


@pytest.mark.parametrize("answer", ["dL/da = dL/da", "dL/da = 2*dL/da - dL/da", "da = da", "u = u", "dL/da = dL/du*x = dL/da"])
def test_an_answer_that_refers_to_itself_is_no_answer(answer: str) -> None:
    assert only(G1, answer) == "wrong"


def test_answers_that_go_round_in_a_circle_are_no_answers() -> None:
    assert verdicts(G1, "dL/da = dL/du * x\ndL/du = dL/da / x") == ["correct", "wrong"]


@pytest.mark.parametrize(
    "answers",
    [
        "dL/dv = dL/dw/2\ndL/dw = 2*dL/dv",
        "dL/da = dL/du\ndL/du = dL/da",
        "dL/da = 2*dL/dx\ndL/dx = dL/da/2",
        "dL/du = dL/dv*u\ndL/dv = dL/du/u",
        "z = y + t\nt = z - y",
    ],
)
def test_a_circle_that_begins_with_a_wrong_answer_carries_nothing(answers: str) -> None:
    first, second = judged(G1, answers).answers
    assert (first.verdict, second.verdict) == (Verdict.WRONG, Verdict.WRONG)
    assert "circle" in second.message


def test_values_go_round_in_a_circle_too() -> None:
    assert verdicts(G1, "v = log(u)\nu = exp(v)") == ["correct", "wrong"]
    assert verdicts(G1, "dL/dz = 2*z\nz = dL/dz/2") == ["correct", "wrong"]


def test_what_the_graph_computes_forwards_is_no_circle() -> None:
    assert verdicts(G1, "w = 1/t\nt = 1/w\nz = y - t\ndL/dz = 2*z\ndL/dt = -2*z") == ["correct"] * 5
    assert verdicts(G1, "dL/da = dL/du*x = 2*z/w^2*x/u\ndL/du = dL/da/x") == ["correct", "correct"]
    assert verdicts(G1, "v = log(u) = 1.79176\nu = exp(v)") == ["correct", "correct"]


# ---- going on with rounded numbers ----


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("dL/dw = 0.421\ndL/du = 0.421/u\ndL/da = 0.421/u*x", ["correct"] * 3),
        ("dL/dw = 0.421\ndL/du = 0.0702\ndL/da = 0.0702*x", ["correct"] * 3),
        ("dL/dw = 0.421\ndL/du = 0.421*u", ["correct", "wrong"]),
        ("dL/dw = 0.421\ndL/du = -0.421/u", ["correct", "wrong"]),
        ("dL/dw = 0.421\ndL/du = 0.4211/u", ["correct", "wrong"]),  # 0.42130...: of other digits than line 1
        ("dL/dw = 0.42\ndL/du = 0.421/u", ["wrong", "correct-at-point"]),
        ("dL/du = 0.421/u", ["correct-at-point"]),
        ("dL/du = 0.0702 + x - 2", ["correct-at-point"]),
        ("dL/du = 0.421/u^2", ["wrong"]),
        ("dL/dw = 0.421\ndv/du = 1/u^2\ndL/du = 0.421/u^2", ["correct", "wrong", "follow-through"]),
        ("dL/dt = -3.28\ndL/dw = 3.28/w^2\ndL/du = 0.421/u", ["correct", "correct", "correct-at-point"]),
    ],
)
def test_a_formula_goes_on_with_the_number_that_an_earlier_line_rounds(answers: str, expected: list[str]) -> None:
    assert verdicts(G1, answers) == expected


def test_the_line_of_the_rounded_number_is_told() -> None:
    found = judged(G1, "dL/dw = 0.421\ndL/du = 0.421/u").answers[1]
    assert found.notes == ("right given the number of line 1",)


def test_a_rounded_number_that_leaves_too_few_digits_carries_nothing() -> None:
    program = "input x = 1; param a = 3; u = a/7; L = sin(1000*u)"
    assert verdicts(program, "u = 0.429\ndL/du = 1000*cos(1000*0.429)") == ["correct", "wrong"]


# ---- follow-through ----


def test_numbers_that_rest_on_a_wrong_one_follow_through() -> None:
    answers = "dL/dw = -0.421303\ndL/dv = -0.421303\ndL/du = -0.0702172\ndL/da = -0.140434"
    assert verdicts(G1, answers) == ["wrong", "follow-through", "follow-through", "follow-through"]


def test_follow_through_reaches_across_nodes_that_were_left_out() -> None:
    assert verdicts(G1, "dL/dw = -2*z/w^2\ndL/da = -2*z*x/(w^2*u)") == ["wrong", "follow-through"]


def test_a_wrong_forward_value_is_followed() -> None:
    assert verdicts(G1, "u = 5\nv = log(5)\nL = (2 - 1/(log(5) + 1))^2") == ["wrong", "follow-through", "follow-through"]


def test_a_step_that_uses_the_symbol_of_a_wrong_answer_is_correct() -> None:
    first, second = judged(G1, "dL/dw = -2*z/w^2\ndL/dv = dL/dw * 1").answers
    assert (first.verdict, second.verdict) == (Verdict.WRONG, Verdict.CORRECT)
    assert any("line 1" in note for note in second.notes)


@pytest.mark.parametrize("trivial", ["0", "1", "-1"])
def test_a_trivial_earlier_answer_carries_nothing(trivial: str) -> None:
    rest = {"0": "0", "1": "0.16667", "-1": "-0.16667"}[trivial]
    assert verdicts(G1, f"dL/dw = {trivial}\ndL/du = {rest}") == ["wrong", "wrong"]


@pytest.mark.parametrize(
    "answers",
    [
        "dL/dw = 0*z\ndL/dv = 0*z\ndL/da = 0\ndL/db = 0",
        "dL/dz = x - x\ndL/dt = 0\ndL/dw = 0\ndL/da = 0",
        "dL/dw = x/x\ndL/dv = 1\ndL/du = 1/u",
        "dL/dw = sin(x)^2 + cos(x)^2\ndL/dv = 1\ndL/du = 1/u",
        "dL/dw = relu(-x)\ndL/dv = 0\ndL/da = 0",
        "u = x/x\nv = 0\nw = 1\nt = 1\nz = 1\nL = 1",
        "t = y - 0*x\nz = 0\nL = 0\ndL/dz = 0\ndL/da = 0",
    ],
)
def test_a_trivial_answer_written_as_a_formula_carries_nothing(answers: str) -> None:
    assert set(verdicts(G1, answers)) == {"wrong"}


def test_an_answer_that_is_trivial_at_the_point_alone_is_followed() -> None:
    assert verdicts(G1, "dL/dw = x/y\ndL/dv = x/y\ndL/du = x/(y*u)") == ["wrong", "follow-through", "follow-through"]


def test_a_line_that_no_longer_depends_on_the_earlier_answer_is_wrong() -> None:
    assert verdicts(G1, "dL/dw = 5\ndL/dy = 5") == ["wrong", "wrong"]


# ---- conventions ----

LOSS = "input x = 2, t = 5; param w = 3, b = 1; z = w*x + b; e = t - z; L = e^2"


def test_half_of_everything_is_a_convention() -> None:
    assert verdicts(LOSS, "dL/dz = -(t - z)\ndL/dw = -(t - z)*x\ndL/db = -(t - z)") == ["convention"] * 3
    assert verdicts(LOSS, "dL/dz = -(t - z)\ndL/dw = -2*(t - z)*x")[1] == "correct"


def test_target_minus_output_with_the_update_turned_is_a_convention() -> None:
    answers = "dL/dz = 2*(t - z)\ndL/dw = 2*(t - z)*x\nw_new = w + 0.1*2*(t - z)*x"
    assert verdicts(LOSS, answers) == ["convention", "convention", "correct"]
    answers = "dL/dz = 2*(t - z)\ndL/dw = 2*(t - z)*x\nw_new = w + 0.1*dL/dw"
    assert verdicts(LOSS, answers) == ["convention"] * 3
    assert verdicts(LOSS, "dL/dz = 2*(t - z)\ndL/dw = 2*(t - z)*x")[0] == "wrong"
    assert verdicts(LOSS, answers.replace("+ 0.1", "- 0.1"))[0] == "wrong"


MATRICES = "X = [[1, 2], [0, 1]]; W = [[1, 2], [3, 4]]; V = [[1, -1], [2, 5]]; A = W@X; B = V@A; J = sum(B^2)/2"


def test_a_transposed_layout_kept_throughout_is_a_convention() -> None:
    right = {"dA": "V.T @ B", "dW": "V.T @ B @ X.T", "dV": "B @ A.T"}
    turned = "\n".join(f"{name} = ({text}).T" for name, text in right.items())
    assert verdicts(MATRICES, turned) == ["convention"] * 3
    assert verdicts(MATRICES, "\n".join(f"{name} = {text}" for name, text in right.items())) == ["correct"] * 3
    assert "wrong" in verdicts(MATRICES, f"dA = {right['dA']}\ndW = ({right['dW']}).T\ndV = {right['dV']}")


def test_a_mean_whose_share_comes_late_is_a_convention() -> None:
    program = "X = [1, 2, 4]; T = [1, 0, 1]; param w = 2; Z = w*X; J = mean((Z - T)^2)"
    assert verdicts(program, "dZ = 2*(Z - T)\ndw = 2*mean((Z - T)*X)") == ["convention", "correct"]


# ---- pieces ----


def test_right_on_the_piece_that_holds_the_point_is_correct_with_a_note() -> None:
    (found,) = judged("x = 2; y = relu(x)", "dy/dx = 1*x/x").answers
    assert found.verdict is Verdict.CORRECT
    (found,) = judged("x = 2; y = x^3/3", "dy/dx = x*sqrt(x^2)").answers
    assert found.verdict is Verdict.CORRECT
    assert any("not everywhere" in note for note in found.notes)
    assert only("x = -2; y = x^3/3", "dy/dx = x*sqrt(x^2)") == "wrong"


def test_what_agrees_at_the_point_alone_says_so() -> None:
    assert only("x = 2; y = x^2", "dy/dx = x^2") == "correct-at-point"
    assert only("x = 3; y = x^2", "dy/dx = x^2") == "wrong"


def test_one_hot_leaves_stay_one_hot() -> None:
    program = "param z = [0.5, -1, 2]; y = onehot(2, 3); p = softmax(z); L = -sum(y*log(p))"
    assert only(program, "dL/dz = p - y") == "correct"
    assert only(program, "dL/dz = y - p") == "wrong"


def test_labels_that_are_one_hot_at_the_point_count_as_such_with_a_note() -> None:
    program = "param Z = [[0.5, -1, 2], [1, 0, 3]]; input Y = [[0, 1, 0], [0, 0, 1]]; L = -sum(Y*log_softmax(Z))"
    (found,) = judged(program, "dZ = softmax(Z) - Y").answers
    assert found.verdict is Verdict.CORRECT
    assert any("one-hot" in note for note in found.notes)
    assert only(program, "dZ = Y - softmax(Z)") == "wrong"


def test_a_vector_for_a_column_is_correct_with_a_note() -> None:
    (found,) = judged(sample("layers-relu"), "db1 = [-1, 3]").answers
    assert found.verdict is Verdict.CORRECT
    assert any("shape" in note for note in found.notes)


def test_total_and_partial() -> None:
    program = "b = 3; n = b^2; c = b*n"
    assert only(program, "dc/db = 3*b^2") == "correct"
    assert only(program, "dc/db = n") == "wrong"
    (total,) = judged(program, "∂c/∂b = 3*b^2").answers
    (partial,) = judged(program, "∂c/∂b = n").answers
    assert (total.verdict, partial.verdict) == (Verdict.CORRECT, Verdict.CORRECT)
    assert any("total" in note for note in total.notes)
    assert any("partial" in note for note in partial.notes)


def test_twin_nodes_are_told_apart() -> None:
    program = "x = 3; u = 2*x; v = 2*x; L = u*v"
    assert verdicts(program, "dL/du = v\ndL/dv = u\ndL/dx = 8x\ndL/du = 2*v") == ["correct", "correct", "correct", "wrong"]


# ---- shapes ----


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("shape(W) = (2, 2)", "correct"),
        ("shape(dJ/dW) = (2, 2)", "correct"),
        ("shape(J) = ()", "correct"),
        ("shape(W) = (2)", "wrong"),
        ("shape(W) = (2, 3)", "wrong"),
    ],
)
def test_shapes(answer: str, verdict: str) -> None:
    assert only(MATRICES, answer) == verdict


def test_names_of_sizes_mean_one_size_each() -> None:
    program = "X = [[1, 2], [0, 1], [3, 3]]; W = [[1, 2, 0], [3, 4, 1], [1, 1, 1], [0, 0, 1]]; J = sum(W@X)"
    assert verdicts(program, "shape(dW) = (m, n)\nshape(dX) = (n, k)") == ["correct", "correct"]
    assert verdicts(program, "shape(dW) = (m, n)\nshape(dX) = (m, k)") == ["correct", "wrong"]


# ---- updates ----


def test_updates() -> None:
    assert only(G1, "a_new = a - 0.1*dL/da") == "correct"
    assert only(G1, "a <- a - eta*dL/da") == "correct"
    assert only(G1, "a_new = a + 0.1*dL/da") == "wrong"
    assert only(G1, "a_new = a - 0.1*dL/db") == "wrong"
    assert only(G1, "a_new = 2.98596", rules=Rules(rate=Fraction(1, 10))) == "correct"
    assert only(G1, "a_new = 2.98596") == "undecided"
    assert verdicts(G1, "b_new = b - 0.1*dL/db\na_new = 2.98596") == ["correct", "correct"]
    assert verdicts(G1, "dL/da = -0.140434\na_new = a + 0.1*0.140434") == ["wrong", "follow-through"]


# ---- forms, requirements, files ----


def test_forms() -> None:
    assert only(G1, "dL/da = dL/du*x", rules=Rules(form="simplified")) == "wrong"
    assert only(G1, "dL/da = 2*z/(a*w^2)", rules=Rules(form="simplified")) == "correct"
    assert only(G1, "dL/da = 2*z/(a*w^2)", rules=Rules(form="number")) == "wrong"
    for sum_of_like in ("x + x", "3*x - x", "-(-x/2 - 3/2*x)", "(x + 1) + (x - 1)", "4*x*x/(x + x)", "1 + 2*x - 1"):
        assert only("x = 2; y = x^2", f"dy/dx = {sum_of_like}", rules=Rules(form="simplified")) == "wrong"
    for done in ("2*x*z + x", "x + z*2*x", "x*(1 + 2*z)"):
        assert only("x = 2; z = 3; y = x^2*z + x^2/2", f"dy/dx = {done}", rules=Rules(form="simplified")) == "correct"
    assert only(G1, "dL/da = 2*z/(a*w^2) = 0.1404", rules=Rules(form="number")) == "correct"
    assert only("x = 2; y = x^2 + x", "dy/dx = 2*x + 1", rules=Rules(form="product")) == "wrong"


def test_required_answers_that_are_missing() -> None:
    found = judged(G1, "dL/da = 2*z/(a*w^2)", rules=Rules(require=("dL/da", "dL/db")))
    assert found.missing == ("dL/db",)
    assert not found.ok
    assert judged(G1, "dL/da = 2*z/(a*w^2)").unanswered == ("dL/db",)


def test_one_unreadable_line_never_stops_the_others() -> None:
    found = verdicts(G1, "dL/da = 2*z/(a*w^2)\ndL/dq = 3\ndL/db = 1/2x\ndL/dz = 2z")
    assert found == ["correct", "unreadable", "unreadable", "correct"]


def test_a_text_without_answers_is_an_error() -> None:
    with pytest.raises(BackpropError) as caught:
        judged(G1, "# nothing yet\n")
    assert caught.value.diagnostics[0].reference == "no-answers"


def test_the_same_derivative_answered_twice_is_judged_twice() -> None:
    assert verdicts(G1, "dL/dz = z\ndL/dz = 2z") == ["wrong", "correct"]


def test_verdicts_do_not_depend_on_the_order_of_independent_lines() -> None:
    lines = ["dL/dz = 2z", "dL/dw = 2*z/w^2", "dL/db = 2*z/w^2", "dL/dy = 2z", "u = 6"]
    bench = Bench(parse(G1))
    forward = {each.of: (each.verdict, each.how) for each in bench.judge("\n".join(lines)).answers}
    backward = {each.of: (each.verdict, each.how) for each in bench.judge("\n".join(reversed(lines))).answers}
    assert forward == backward


def test_undefined_is_never_agreement() -> None:
    assert only("x = 2; y = log(x)", "dy/dx = 1/x + 0*log(-1)") == "wrong"
    assert only("x = 2; y = log(x)", "dy/dx = 1/0") == "wrong"
    assert only("x = 2; y = x", "dy/dx = (x - x)/(x - x)") == "wrong"


@pytest.mark.parametrize("answer", ["9^9^9^9", "exp(exp(exp(exp(exp(100)))))"])
def test_numbers_beyond_all_means_are_undecided(answer: str) -> None:
    assert only("x = 1/2; y = x^2", f"dy/dx = {answer}") == "undecided"


def test_a_bench_judges_any_number_of_files() -> None:
    bench = Bench(parse(G1))
    for count in range(40):
        found = bench.judge(f"dL/da = 2*z/(a*w^2) + {count}*sin(a)^2 + {count}*cos(a)^2 - {count}\ndL/db = 2*z/w^2 + {count + 1}")
        assert [each.verdict for each in found.answers] == [Verdict.CORRECT, Verdict.WRONG]


def test_a_coarse_wrong_number_carries_nothing_by_its_coarseness() -> None:
    assert verdicts(G1, "dL/dw = -2*z/w^2\ndL/da = 0.2\ndL/db = 0.42") == ["wrong", "wrong", "wrong"]


def test_values_are_given_to_leaves_alone() -> None:
    with pytest.raises(BackpropError) as caught:
        judged(G1, "dL/da = 1", at={"u": 3})
    assert caught.value.diagnostics[0].reference == "not-a-leaf"


def test_a_wrong_shape_does_not_tell_the_right_one() -> None:
    for given in ("(2, 2, 2)", "(2)", "(5, 7)"):
        (found,) = judged(MATRICES, f"shape(W) = {given}").answers
        assert found.verdict is Verdict.WRONG
        assert "2" not in found.message


def test_a_file_of_too_many_answers_is_refused_before_they_are_read() -> None:
    with pytest.raises(BackpropError) as caught:
        judged(G1, "u = 6\n" * 2_001)
    assert caught.value.diagnostics[0].reference == "too-many-answers"
    assert len(judged(G1, "# a comment\n\n" * 5_000 + "u = 6; v = log(6)").answers) == 2


HUGE, TINY = "exp(w^2 + 100000)", "exp(-w^2 - 100000)"


@pytest.mark.parametrize(
    "factor",
    [
        *(f"erfc({inner})" for inner in ("exp(-w^2 - 2000)", f"-{TINY}", "w^-1000000")),
        *(f"{name}({TINY})/{TINY}" for name in ("sin", "tan", "sinh", "tanh", "asin", "atan", "asinh", "atanh")),
        *(f"{factor}/(pi/2)" for factor in (f"acos({TINY})", f"atan2(1, {TINY})", f"atan2({HUGE}, 1)")),
        *(f"{name}(exp(w^2 + 1000))/(log(2) + w^2 + 1000)" for name in ("asinh", "acosh")),
        *(f"{name}(w^2 + 1000)*2/exp(w^2 + 1000)" for name in ("sinh", "cosh")),
        f"erf({TINY})/{TINY}*sqrt(pi)/2",
        "acosh(w^(10^8))/acosh(w^(10^8))",
        "acosh(w^(10^12))/acosh(w^(10^12))",
    ],
)
def test_what_differs_far_behind_the_digits_looked_at_is_undecided(factor: str) -> None:
    """Each factor is 1 but for a part of e^-1000 or less, or cannot be worked out in the time there is."""
    assert verdicts("x = 2; w = 3; L = w*x", f"dL/dw = x*{factor}\ndL/dx = w") == ["undecided", "correct"]


LAYER_NORM = "x = [1, 2, 4]; u = (x - mean(x))/std(x); L = sum(u^2)"
SATURATED = "x = 200; p = sigmoid(x); L = -log(1 - p)"


@pytest.mark.parametrize(
    ("program", "answer", "verdict"),
    [
        ("x = [1, 2, 3]; p = softmax(x); L = sum(p)", "dL/dx = [0, 0, 0]", "correct"),
        (LAYER_NORM, "dL/dx = [0, 0, 0]", "correct"),
        (LAYER_NORM, "dL/dx = [0, 0.001, 0]", "wrong"),
        ("x = 0.3; y = sin(x)^2 + cos(x)^2", "dy/dx = 0", "correct"),
        ("x = 0.3; y = sin(x)^2 + cos(x)^2", "dy/dx = 1e-60", "wrong"),
        ("x = 0.3; y = silu(x) - x*sigmoid(x)", "dy/dx = 0", "correct"),
        ("x = 200; s = sigmoid(x); L = s^2", "dL/dx = 0", "wrong"),
        ("x = 200; s = sigmoid(x); L = s^2", "dL/dx = 2.77e-87", "correct"),
        ("x = 200; t = tanh(x); L = (t - 1)^2", "dL/dt = 0", "wrong"),
        ("z = [150, 0, -150]; p = softmax(z); L = -log(p[0])", "dz[0] = -7.18e-66", "correct"),
        (SATURATED, "dL/dx = 1.00", "correct"),
        (SATURATED, "L = 200", "correct"),
        ("x = 2.675; L = x^2/2", "dL/dx = 2.68", "correct"),
        ("x = 2.675; L = x^2/2", "dL/dx = 2.67", "correct"),
        ("x = 2.675; L = x^2/2", "dL/dx = 2.66", "wrong"),
        ("x = 0.1255; L = x^2/2", "dL/dx = 0.126", "correct"),
        ("x = -1; L = sqrt(relu(x))", "dL/dx = 0*x", "undecided"),
    ],
)
def test_a_truth_is_known_well_enough_before_it_is_compared(program: str, answer: str, verdict: str) -> None:
    """0 that fifty digits cannot tell from 1e-60, a tiny number that they cannot tell from 0, a tie of rounding, no value at all."""
    assert only(program, answer) == verdict


@pytest.mark.parametrize("rate", ["0.3", "1e-4", "1e-5", "3e-7", "1e-9"])
def test_a_rate_may_be_small(rate: str) -> None:
    program = "x = 1; y = 2; param w = 3; b = 1; p = w*x + b; L = 1/2*(p - y)^2"
    assert only(program, f"w_new = w - {rate}*dL/dw") == "correct"
    assert only(program, f"w_new = w + {rate}*dL/dw") == "wrong"


CHAIN_OF_LINKS = [
    ("dL/db = dL/dw*1 = dL/dw\ndL/dw = dL/db", ["correct", "wrong"]),  # a circle, however often it is written
    ("dL/du = dL/dv/u\ndL/dv = dL/du*u = 2*z/w^2", ["correct", "correct"]),  # none: a link of its own proves it
    ("dL/du = dL/dv/u\ndL/dv = dL/du*u", ["correct", "wrong"]),
    ("dL/dw = 5*z\ndL/dv = dL/dw = 5*z = 8.209\ndL/du = 8.209/u", ["wrong", "follow-through", "follow-through"]),
]


@pytest.mark.parametrize(("answers", "expected"), CHAIN_OF_LINKS)
def test_what_a_chain_claims_is_kept(answers: str, expected: list[str]) -> None:
    assert verdicts(G1, answers) == expected


def test_a_forward_slip_of_the_lecture_is_followed() -> None:
    """The rectifier forgotten: 1 and -1 in one array, and a value of -1, make nothing trivial."""
    lines = [
        "h = [1, -1]",
        "z = 1*1 + 2*(-1) = -1",
        "J = 1/2*9 = 4.5",
        "dJ/dz = -(2 - (-1)) = -3",
        "dJ/dw2 = -3*[1, -1] = [-3, 3]",
        "dJ/dh = [-3, -6]",
    ]
    assert verdicts(sample("relu-exercise"), "\n".join(lines)) == ["wrong", *["follow-through"] * 5]


def test_a_convention_is_seen_behind_a_number() -> None:
    lines = ["dJ/dz = t - z", "dJ/dw2 = (t - z)*h", "dJ/dh = (t - z)*w2 = [1, 2]", "w2_new = w2 + 0.5*dJ/dw2"]
    assert verdicts(sample("relu-exercise"), "\n".join(lines), rules=Rules(rate=Fraction(1, 2))) == ["convention"] * 4


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("require", [(), ("dt/dw",)])
def test_a_derivative_asked_for_elsewhere_is_told_in_no_other_line(order: int, require: tuple[str, ...]) -> None:
    """∂t/∂w is the answer to one line, and the local derivative that another one slipped on."""
    lines = ["dt/dw = 1/w", "dL/dw = -2*z/w^2"][::order]
    for given in (lines, ["dL/dw = -2*z/w^2"] if require else lines):
        found = [each.diagnosis for each in judged(sample("chain"), "\n".join(given), rules=Rules(require=require)).answers]
        told = [text for each in found if each is not None for text in (each.message, each.hints.node, each.hints.rule, each.hints.local)]
        assert told
        assert not any("-1/w" in text for text in told)
