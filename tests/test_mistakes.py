"""Every slip of the catalogue that shows in a line by itself, with the example of the catalogue; right answers are never accused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from backprop_cli.homework.catalogue import CATALOGUE, name_of, table
from backprop_cli.homework.lowering import Misfit
from backprop_cli.homework.mistakes import Budget, Mistaken, diagnose
from backprop_cli.lang.parse import parse_expression
from tests.mistakes_bench import G1, G2, G2T, G3, S2, board_of, derivative, sample, terms, update, value

SIGMOIDS = sample("sigmoid-layers")
BCE = (
    "input x = [0, 1, 2, 3], y = [0, 0, 1, 1]\nparam w0 = 0.2, w1 = -0.3\na = w0 + w1*x\nf = sigmoid(a)\n"
    "L = -mean(y*log(f) + (1 - y)*log(1 - f))"
)
SOFTMAX = "z = [1, 2, 3]; t = [0, 1, 0]; p = softmax(z); L = -sum(t*log(p))"
DIRECT = "n = 2; n1 = n^2; n2 = n*n1 + n1"
POWERS = "a = 2; x = 3; y = a^x"
OWN = "input n = 0.3\nparam alpha = 2\nsigma(NET) = 1/(1 + exp(-alpha*NET))\nz = sigma(n)"
DZ = "((A - Y)/2)"

# id, graph, of, by, the wrong answer as a formula or as a number at the point
EXAMPLES = [
    ("M01", G1, "L", "a", "-2*z*x/(u*w^2)"),
    ("M01", G1, "L", "a", "-0.140434"),
    ("M01", G1, "t", "w", "1/w^2"),
    ("M02", G1, "L", "a", "2*z*x/w^2"),
    ("M02", G1, "L", "a", "0.842607"),
    ("M03", G1, "L", "a", "2*z*x*v/w^2"),
    ("M04", G1, "L", "a", "2*z*x*u/w^2"),
    ("M05", G1, "L", "a", "2*z*x*u/w^2"),
    ("M06", G1, "L", "z", "2*z^2"),
    ("M06", G1, "L", "z", "z"),
    ("M06", G1, "L", "a", "2*z*x/(u*w)"),
    ("M06", G1, "L", "a", "0.392059"),
    ("M07", G1, "L", "a", "-2*z*x*log(w)/u"),
    ("M07", G1, "L", "a", "-1.123729"),
    ("M08", G1, "L", "a", "2*z*a/(u*w^2)"),
    ("M08", G1, "L", "a", "0.210652"),
    ("M09", G1, "L", "a", "2*z - 1 - 1/w^2 + 1 + 1/u + x"),
    ("M10", G1, "w", "v", "b"),
    ("M11", G2, "L", "u", "60"),
    ("M11", G2, "L", "u", "2*u*5"),
    ("M12", G2, "L", "u", "372"),
    ("M12", G2, "L", "u", "5*v"),
    ("M13", G2, "L", "u", "180"),
    ("M13", "u = 3; s = u*u", "s", "u", "u"),
    ("M13", "a = 3; b = a + a", "b", "a", "1"),
    ("M14", G2, "L", "u", "924"),
    ("M14", G2, "L", "u", "732"),
    ("M15", G2, "L", "u", "66960"),
    ("M15", G2, "L", "u", "276"),
    ("M15", G2, "L", "u", "372"),
    ("M15", G2, "L", "u", "2*u*w*5*v"),
    ("M16", G2, "L", "u", "2*u*w"),
    ("M17", DIRECT, "n2", "n", "n1"),
    ("M18", G2T, "d", "a", "2"),
    ("M18", G2T, "d", "a", "10"),
    ("M20", G1, "L", "a", "2*z*x/(v*w^2)"),
    ("M20", G1, "L", "a", "0.470268"),
    ("M21", "n = 0.3; z = sigmoid(n); L = z^2", "L", "n", "2*z*n*(1 - n)"),
    ("M21", "n = 0.3; z = sigmoid(n); L = z^2", "L", "n", "2*z*sigmoid(z)*(1 - sigmoid(z))"),
    ("M22", SIGMOIDS, "J", "w2", "-(t - z)*h*alpha"),
    ("M22", OWN, "z", "n", "1"),
    ("M23", SIGMOIDS, "J", "w2", "-(t - z)*z*(1 - z)*h"),
    ("M23", OWN, "z", "n", "z*(1 - z)"),
    ("M24", S2, "J", "W1", "[[-1, 0], [-2, 0]]"),
    ("M24", S2, "J", "W1", "outer(-(t - z)*w2, x)"),
    ("M25", SOFTMAX, "L", "z", "-t/p*p*(1 - p)"),
    ("M26", BCE, "L", "f", "-y/f/4"),
    ("M26", BCE, "L", "f", "-(y/f + (1 - y)/(1 - f))/4"),
    ("M26", BCE, "L", "w1", "-mean(y*(1 - f)*x)"),
    ("M27", S2, "J", "w2", "(t - z)*h"),
    ("M28", G1, "L", "z", "4*z"),
    ("M28", G3, "J", "A", "A - Y"),
    ("M29", G3, "J", "W", "[[3, 1], [2, 1]]"),
    ("M29", BCE, "L", "w1", "sum((f - y)*x)"),
    ("M30", BCE, "L", "w1", "mean((f - y)*x)/4"),
    ("M30", BCE, "L", "w1", "mean((f - y)*x)/16"),
    ("M32", G3, "J", "W", "[[1.5, 1], [0.5, 0.5]]"),
    ("M32", G3, "J", "W", f"({DZ} @ X.T).T"),
    ("M32", "W = [[1, 2, 3], [4, 5, 6]]; x = [1, 2, 3]; L = sum((W @ x)^2)", "L", "W", "outer(x, 2*(W @ x))"),
    ("M33", G3, "J", "W", "[[0.5, 0.5], [1, 1.5]]"),
    ("M33", G3, "J", "W", "[[0.5, 1.5], [0, 0.5]]"),
    ("M33", G3, "J", "W", f"X.T @ {DZ}"),
    ("M34", G3, "J", "W", "[[0.5, 1], [0, 0.5]]"),
    ("M34", G3, "J", "W", f"{DZ}*X"),
    ("M35", G3, "J", "X", "[[0.5, 1.5], [1.5, 3.5]]"),
    ("M35", G3, "J", "X", f"W @ {DZ}"),
    ("M36", G3, "J", "b", DZ),
    ("M37", G3, "J", "b", "[0.5, 1]"),
    ("M37", G3, "J", "b", "[[0.5], [0.25]]"),
    ("M37", G3, "J", "b", f"sum({DZ}, axis=0)"),
    ("M38", G1, "L", "a", "2*(y - 1/(b + log(x + a)))*x/((x + a)*(b + log(x + a))^2)"),
    ("M41", "x = 3; y = 2*x + 1", "y", "x", "3"),
    ("M41", "x = 3; y = 2*x + 1", "y", "x", "2 + 1"),
    ("M42", POWERS, "y", "x", "x*a^(x - 1)"),
    ("M42", "x = 1; y = cos(x)", "y", "x", "sin(x)"),
    ("M42", "x = 1; y = log10(x)", "y", "x", "1/x"),
    ("M42", "x = 3; v = x^2 + 1; y = x/v", "y", "x", "-(v - x*2*x)/v^2"),
    ("M44", G1, "L", "a", "2*z*x/(u*v^2)"),
    ("M44", G1, "L", "a", "2*z*x/(u + w^2)"),
]


@pytest.mark.parametrize(("slip", "graph", "of", "by", "answer"), EXAMPLES, ids=lambda each: each if len(each) < 30 else "graph")
def test_the_examples_of_the_catalogue(slip: str, graph: str, of: str, by: str, answer: str) -> None:
    found = derivative(board_of(graph), of, by, answer)
    assert found is not None
    assert slip in found.slips
    assert found.message.startswith("consistent with: ")
    assert found.hints is not None


def test_the_likeliest_comes_first() -> None:
    graph = board_of(G1)
    firsts = {
        "-2*z*x/(u*w^2)": "M01",
        "2*z*x/w^2": "M02",
        "z*x/(u*w^2)": "M28",
        "2*z*x/(u*w)": "M06",
        "2*z*a/(u*w^2)": "M08",
        "2*z*x/(u*v^2)": "M44",
        "2*z*x*u/w^2": "M05",
    }
    for answer, slip in firsts.items():
        found = derivative(graph, "L", "a", answer)
        assert found is not None
        assert found.slips[0] == slip, answer
    for text, by, answer, slip in (
        ("u = 3; s = u*u", "u", "u", "M12"),
        ("x = 1; y = cos(x)", "x", "sin(x)", "M42"),
        (POWERS, "x", "x*a^(x - 1)", "M42"),
        (S2, "W1", "outer(-(t - z)*w2, x)", "M24"),
        (G3, "b", f"mean({DZ}, axis=1, keepdims=1)", "M37"),
    ):
        other = board_of(text)
        found = derivative(other, other.output or "", by, answer)
        assert found is not None
        assert found.slips[0] == slip, answer


def test_a_forgotten_two_and_a_forgotten_x_are_one_number_at_this_point() -> None:
    found = derivative(board_of(G1), "L", "a", "0.0702172")
    assert found is not None
    assert {"M02", "M28"} <= set(found.slips)
    assert "M02" not in (derivative(board_of(G1), "L", "a", "z*x/(u*w^2)") or found).slips


def test_other_lines_single_out_the_edge() -> None:
    graph = board_of(G1)
    wrong = "-2*z*x/(u*w^2)"
    lines = [("L", "z", "2*z", True), ("L", "t", "-2*z", True)]
    below = derivative(graph, "L", "a", wrong, lines)
    assert below is not None
    assert below.where == "dt/dw"
    above = derivative(graph, "L", "a", wrong, [("L", "z", "2*z", True), ("L", "t", "2*z", False)])
    assert above is not None
    assert above.where == "dz/dt"
    assert above.row == "z -> t"


def test_lines_further_down_do_not_speak_against_an_edge() -> None:
    # dL/dv = dL/dw*1 is right by itself, whatever was written for dL/dw.
    found = derivative(board_of(G1), "L", "w", "-2*z/w^2", [("L", "t", "-2*z", True), ("L", "v", "2*z/w^2", True)])
    assert found is not None
    assert found.where == "dt/dw"
    assert "∂t/∂w = -1/w^2" in found.message


def test_all_lines_with_one_factor() -> None:
    graph = board_of(G1)
    twice = [("L", "b", "4*z/w^2", False), ("L", "y", "4*z", False)]
    found = derivative(graph, "L", "a", "4*z*x/(u*w^2)", twice)
    assert found is not None
    assert "M19" in found.slips
    alone = derivative(graph, "L", "a", "4*z*x/(u*w^2)", [("L", "b", "2*z/w^2", True)])
    assert alone is not None
    assert "M19" not in alone.slips
    turned = derivative(graph, "L", "a", "-2*z*x/(u*w^2)", [("L", "b", "-2*z/w^2", False), ("L", "y", "-2*z", False)])
    assert turned is not None
    assert turned.slips[0] == "M27"


def test_a_factor_left_out_above_and_put_in_below() -> None:
    found = derivative(board_of(G3), "J", "A", "A - Y", [("J", "W", f"{DZ} @ X.T", True)])
    assert found is not None
    assert "M31" in found.slips


def test_weights_updated_before_the_error_goes_back() -> None:
    found = derivative(board_of(S2), "J", "W1", "[[-1.5, 0], [0, 0]]", rate=Fraction(1, 2))
    assert found is not None
    assert found.slips[0] == "M39"
    assert "w2" in found.message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("a + 0.1*2*z*x/(u*w^2)", "uphill"),
        ("a - 2*z*x/(u*w^2)", "the rate is missing"),
        ("a - 0.01*2*z*x/(u*w^2)", "twice"),
        ("a - 0.1*2*z/w^2", "the gradient of"),
        ("a - 0.1*4*z*x/(u*w^2)", "twice as long"),
        ("-0.1*2*z*x/(u*w^2)", "itself is missing"),
        ("3.0140434", "uphill"),
    ],
)
def test_updates(answer: str, said: str) -> None:
    found = update(board_of(G1), "a", answer, Fraction(1, 10))
    assert found is not None
    assert found.slips[0] == "M40"
    assert said in found.message


@pytest.mark.parametrize(
    ("name", "answer", "slip"),
    [("u", "5", "M44"), ("v", "0.778", "M42"), ("z", "t - y", "M01"), ("z", "-1.642", "M01"), ("w", "v*b", "M44"), ("L", "4.43", "M44")],
)
def test_values(name: str, answer: str, slip: str) -> None:
    found = value(board_of(G1), name, answer)
    assert found is not None
    assert slip in found.slips
    assert found.where == name


@pytest.mark.parametrize(
    ("by", "steps"),
    # Worked out by hand, each step rounded to two places: v = 1.79, w = 2.79, t = 0.36, z = 1.64; the locals 3.28, -0.13, 0.17.
    [("w", "0.43"), ("u", "0.073")],
)
def test_rounded_too_early(by: str, steps: str) -> None:
    found = derivative(board_of(G1), "L", by, steps)
    assert found is not None
    assert found.slips[0] == "M43"
    assert "rounded" in found.message


def test_the_seeds_own_slips() -> None:
    graph = board_of(sample("log-likelihood"), {"w0": Fraction(3, 10), "w1": Fraction(-7, 10), "x": Fraction(3, 2), "y": Fraction(2, 3)})
    minus = derivative(graph, "c", "b", "(b + 1)^(-2)")
    assert minus is not None
    assert minus.slips[0] == "M01"
    assert minus.where == "dc/db"
    for of, by, answer in (("d", "c", "1/c"), ("d", "w0", "1 - c"), ("d", "w1", "(1 - c)*x")):
        factor = derivative(graph, of, by, answer)
        assert factor is not None
        assert factor.slips[0] == "M02"
        assert factor.where == "dd/dc"


RIGHT = [
    (G1, "L", "a", "2*z/(a*w^2)"),
    (G1, "L", "a", "2*z*x/(u*w^2)"),
    (G1, "L", "a", "0.1404345"),
    (G1, "L", "w", "2*z/w^2"),
    (G2, "L", "u", "552"),
    (G2, "L", "a", "x*(2*u*w + 5*v)"),
    (G2T, "d", "a", "8"),
    (G3, "J", "W", f"{DZ} @ X.T"),
    (G3, "J", "W", "[[1.5, 0.5], [1, 0.5]]"),
    (S2, "J", "W1", "[[-1, 0], [0, 0]]"),
    (SOFTMAX, "L", "z", "p*sum(t) - t"),
    (BCE, "L", "w1", "mean((f - y)*x)"),
    (OWN, "z", "n", "alpha*z*(1 - z)"),
]


@pytest.mark.parametrize(("graph", "of", "by", "answer"), RIGHT)
def test_a_right_answer_is_never_accused(graph: str, of: str, by: str, answer: str) -> None:
    assert derivative(board_of(graph), of, by, answer) is None


def test_a_number_right_to_too_few_digits_is_no_slip() -> None:
    assert derivative(board_of(G1), "L", "a", "0.14") is None


def test_nonsense_and_numbers_without_a_point_have_no_diagnosis() -> None:
    assert derivative(board_of(G1), "L", "a", "sin(u)*cos(y)*7") is None
    assert derivative(board_of("u = x*a; L = u^2"), "L", "a", "12") is None


def test_without_a_point_formulas_are_diagnosed_all_the_same() -> None:
    found = derivative(board_of("u = x*a; v = log(u); L = v^2"), "L", "a", "2*v*x")
    assert found is not None
    assert found.slips[0] == "M02"


def test_the_answer_asked_for_is_not_given_away() -> None:
    found = derivative(board_of(G1), "t", "w", "1/w^2")
    assert found is not None
    assert found.hints is not None
    assert "1/w^2" not in found.message + found.hints.node + found.hints.rule + found.hints.local
    upper = derivative(board_of(G1), "L", "z", "z")
    assert upper is not None
    assert upper.hints is not None
    assert "2*z" not in upper.message + upper.hints.local


def test_the_outcome_depends_on_the_seed_and_nothing_else() -> None:
    once, again = (derivative(board_of(G1), "L", "a", "2*z*x/w^2", seed="one") for _ in range(2))
    assert once is not None
    assert again is not None
    assert (once.slips, once.where, once.message) == (again.slips, again.where, again.message)


def test_a_vector_for_a_column_and_one_entry_and_jacobians() -> None:
    graph = board_of(G3)
    vector = derivative(graph, "J", "b", f"-sum({DZ}, axis=1)")
    assert vector is not None
    assert "M01" in vector.slips
    truth = graph.derivative("J", "W")
    twice = terms(graph, f"2*({DZ} @ X.T)")
    entry = diagnose(graph, Mistaken("J", "W", twice[0, 1], truth[0, 1]), "entry")
    assert entry is not None
    assert entry.slips[0] == "M28"
    neurons = board_of(sample("neurons"))
    jacobian = derivative(neurons, "z", "x", "-W")
    assert jacobian is not None
    assert "M01" in jacobian.slips


@pytest.mark.parametrize(
    ("by", "answer", "slip"),
    [
        ("A1", "W2 @ (Z2 - Y)", "M35"),
        ("W2", "(Z2 - Y) @ A1", "M33"),
        ("W1", "X @ ((W2.T @ (Z2 - Y))*(A1 > 0))", "M33"),
        ("W1", "((W2.T @ (Z2 - Y))*(A1 > 0)) @ X", "M33"),
        ("X", "W1 @ ((W2.T @ (Z2 - Y))*(A1 > 0))", "M35"),
    ],
)
def test_products_whose_shapes_need_not_fit(by: str, answer: str, slip: str) -> None:
    graph = board_of(sample("layers-relu"))
    try:
        claimed = terms(graph, answer)
    except Misfit:
        claimed = None
    given = Mistaken("J", by, claimed, graph.derivative("J", by), tree=parse_expression(answer))
    found = diagnose(graph, given, "shapes")
    assert found is not None
    assert slip in found.slips


def test_an_infinite_prediction_fits_nothing() -> None:
    # 1/l of a rectifier that is switched off is infinite; no number agrees with that.
    assert derivative(board_of(sample("micrograd")), "g", "a", "97.531") is None


def test_work_is_bounded() -> None:
    graph = board_of(G1)
    other, truth = graph.derivative("L", "x"), graph.derivative("L", "a")
    assert diagnose(graph, Mistaken("L", "a", other, truth), "s", Budget(10)) is None
    assert diagnose(graph, Mistaken("L", "a", other, truth), "s") is not None


def test_many_mistyped_symbols_leave_room_for_the_other_lines() -> None:
    graph = board_of(G1)
    before = len(graph.terms)
    assert derivative(graph, "L", "a", " + ".join(f"sin({number}*u*w)*z^{number}" for number in range(1, 9))) is None
    assert len(graph.terms) - before < graph.terms.most // 20


def test_the_catalogue_lists_every_slip() -> None:
    assert list(CATALOGUE) == [f"M{number:02}" for number in range(1, 45)]
    lines = table().splitlines()
    assert len(lines) == len(CATALOGUE) + 2
    assert all(line.count("|") == 4 for line in lines)
    assert name_of("M01") in lines[2]
