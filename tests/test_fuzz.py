"""A few seconds of every kind of trial, what the long runs have found, and that the trials notice what is wrong."""

from __future__ import annotations

import os
from collections import Counter
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_cli import BackpropError, grad
from backprop_cli.equality.decide import Status
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.limits import SUBMISSION
from tests.fuzz import constants, equality, screens
from tests.fuzz import kept as keeping
from tests.fuzz.__main__ import main
from tests.fuzz.atheris_run import fuzz
from tests.fuzz.drawn import texts
from tests.fuzz.grown import Program, program
from tests.fuzz.parallel import shared_out
from tests.fuzz.spelled import text
from tests.fuzz.sympy_engine import TooMuch, gradients
from tests.fuzz.tally import Tally
from tests.fuzz.targets import TARGETS, allowed, bench, seeds
from tests.fuzz.textbook_engine import Undefined, true_gradients
from tests.fuzz.trial import Trial
from tests.rewrites import Case

# ---- a few seconds of everything ----


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_harms_nobody(name: str) -> None:
    trial = Trial(name, TARGETS[name])
    for each in seeds(name):
        trial.run(each)
    assert not trial.failures
    assert not trial.slow
    assert trial.cases > 40


@settings(max_examples=60)
@given(st.data())
@pytest.mark.parametrize("name", ["parse", "answers"])
def test_no_text_harms_the_readers(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(texts(name)))


@settings(max_examples=25)
@given(texts("judge"))
def test_no_text_harms_the_judge(data: bytes) -> None:
    TARGETS["judge"](data)


def nearly(ours: Any, right: Any) -> bool:
    return bool((abs(np.asarray(ours, dtype=float) - right) <= 1e-7 * (1 + abs(right))).all())


@settings(max_examples=40)
@given(st.integers(0, 2**40))
def test_gradients_of_grown_programs(number: int) -> None:
    made = program(Random(number))
    try:
        found = grad(text(made), at=made.leaves, wrt=list(made.leaves))
    except BackpropError as refused:
        reference = refused.diagnostics[0].reference
        found = None
    if found is None:
        assert reference in ("domain", "overflow", "infinite-derivative", "no-derivative")
        return
    right = true_gradients(made)
    if right is not None and not found.kinked and all(abs(each).max(initial=0.0) < 1e6 for each in right.values()):
        assert all(nearly(found.gradients[name], each) for name, each in right.items()), text(made)


def test_the_textbooks_inverse_of_one_number() -> None:
    made = Program({"x": [[4.0]]}, {"x": (1, 1)}, {}, [("L", ("sum", (None, False), ("inv", (), "x")))])
    right = true_gradients(made)
    assert right is not None
    assert right["x"].tolist() == [[pytest.approx(-1 / 16)]]


def test_sympy_says_the_same_statement_by_statement() -> None:
    asked = 0
    for number in range(14):
        made = program(Random(f"sympy {number}"))
        try:
            found, right = grad(text(made), at=made.leaves, wrt=list(made.leaves)), gradients(made)
        except (BackpropError, TooMuch, Undefined):
            continue
        assert all(nearly(found.gradients[name], each) for name, each in right.items()), text(made)
        asked += 1
    assert asked > 5


def test_pairs_are_judged_right() -> None:
    tally = equality.share(range(100), 5)
    assert not tally.failures
    assert tally.counts["judged as answers"] > 5
    assert tally.counts["undecided"] == 0


def test_views_of_programs_are_shown_and_their_gradients_are_judged_right() -> None:
    tally = screens.share(range(6), 7)
    assert not tally.failures
    assert tally.counts["views"] == 24
    assert tally.counts["right answers: correct"] > 10
    assert tally.counts["off answers: wrong"] > 5


def test_formulas_of_constants_are_shown_and_their_gradients_are_judged_right() -> None:
    tally = constants.share(range(12), 7)
    assert not tally.failures
    assert tally.counts["views"] == 48
    assert tally.counts["right answers: correct"] > 10
    assert tally.counts["off answers: wrong"] > 5


def test_digits_that_float64_loses_and_grad_tells_of_are_no_failure() -> None:
    tally = Tally()
    assert screens.judged("x = 1\nL = x*cos(10^20 + pi)", Random(1), tally) == ""
    assert tally.counts[screens._SAID] == 1
    assert tally.counts["right answers: wrong"] == 1


def test_faults_control_bytes_and_wrong_verdicts_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(arguments: list[str]) -> int:
        print(arguments[1])
        if arguments[0] == "trace":
            raise KeyError("no")
        return 70

    monkeypatch.setattr(screens, "command", broken)
    assert screens.shown(["trace", "x"]).startswith("KeyError")
    assert screens.shown(["grad", "x"]) == "status 70"
    monkeypatch.setattr(screens, "command", lambda arguments: print("\x1b[2J") or 0)
    assert screens.shown(["grad"]) == "a control byte"
    monkeypatch.setattr(screens, "command", lambda arguments: print('{"value": NaN}') or 0)
    assert screens.shown(["grad", "--json"]) == "no JSON: NaN"
    monkeypatch.setattr(screens, "command", lambda arguments: 2)
    assert screens.shown(["grad"]) == "status 2 without a complaint"


def test_a_right_answer_called_wrong_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "_ACCUSED", frozenset({Verdict.CORRECT}))
    assert screens.judged("x = 2\nL = x^2", Random(1), Tally()).startswith("right, but correct: dL/dx = 4.0")


# ---- what the long runs have found ----


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    ("source", "value", "slopes"),
    [
        ("a = [1, 2, 3]; c = 0; L = sum(where(c > 1, a, 5))", 15, {"a": [0, 0, 0]}),
        ("a = [1, 2, 3]; b = 5; c = 2; L = sum(where(c < 1, a, b))", 15, {"a": [0, 0, 0], "b": 3}),
        ("a = [[1], [2]]; b = 5; c = 0; L = sum(where(c > 1, a, b) + a)", 13, {"a": [[1], [1]], "b": 2}),
        ("a = [[1], [2]]; b = [3, 4]; c = 0; L = sum(where(c == 0, a, b))", 6, {"a": [[2], [2]], "b": [0, 0]}),
    ],
)
def test_a_choice_by_one_number_keeps_the_shape(source: str, value: float, slopes: dict[str, Any], exact: bool) -> None:
    found = grad(source, wrt=list(slopes), exact=exact)
    assert found.value == value
    for name, slope in slopes.items():
        assert np.shape(found.gradients[name]) == np.shape(slope)
        assert np.array_equal(found.gradients[name], slope)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("inner", ["log(x)", "sqrt(x)", "mod(1, x + 1)", "1/(x + 1)", "(x + 1)^-1"])
@pytest.mark.parametrize("outer", ["floor", "ceil", "round", "abs", "sign", "relu", "softsign"])
def test_corners_without_a_value_are_no_matter_in_a_branch_not_taken(outer: str, inner: str, exact: bool) -> None:
    found = grad(f"x = -1; L = where(x > 0, {outer}({inner}), 2*x)", exact=exact)
    assert found.gradients == {"x": 2}
    assert not found.warnings
    # Arrays elsewhere in the program make no difference.
    assert grad(f"x = -1; a = [1, 2]; L = where(x > 0, {outer}({inner}), 2*x)*sum(a)", exact=exact).gradients["x"] == 6


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("inner", ["mod(1, x)", "where(1/x > 2, 1, 2)*x"])
def test_a_corner_is_told_where_another_has_no_value(inner: str, exact: bool) -> None:
    found = grad(f"x = 0; L = where(x > 0, {inner}, 2*x)", exact=exact)
    assert found.gradients == {"x": 2}
    assert [each.node for each in found.warnings] == ["x > 0"]


@pytest.mark.parametrize(
    "answer",
    [
        "L = sum(onehot(3, 2000000000))",
        "L = sum(outer(onehot(0, 3000), onehot(0, 3000)))",
        "L = sum(reshape(onehot(0, 3000), [3000, 1]) + onehot(1, 3000))",
        "L = sum(reshape(onehot(0, 3000), [3000, 1]) @ reshape(onehot(1, 3000), [1, 3000]))",
    ],
)
def test_answers_make_no_huge_arrays(answer: str) -> None:
    (line,) = bench("chain").judge(answer, "<answers>", SUBMISSION).answers
    assert line.verdict is Verdict.UNDECIDED
    assert "entries" in line.message


@pytest.mark.parametrize(
    "answer", ["db2 = sum(axis=1)", "db2 = sum(dwithaxis=1)", "db2 = softmax(axis=0)", "dW2 = concat(axis=1)", "dW2 = onehot(axis=1)"]
)
def test_functions_without_their_operands_are_no_error_of_ours(answer: str) -> None:
    (line,) = bench("layers-relu").judge(answer, "<answers>", SUBMISSION).answers
    assert line.verdict in (Verdict.UNDECIDED, Verdict.UNREADABLE)
    assert line.message


# ---- the trials notice what is wrong ----


def test_a_target_that_fails_is_told_once_with_its_shortest_text() -> None:
    def target(data: bytes) -> None:
        if b"x" in data:
            raise ValueError("no")

    trial = Trial("parse", target)
    for each in (b"a", b"xx", b"x", b"yx"):
        trial.run(each)
    assert list(trial.failures.values()) == [b"x"]
    assert trial.counts.total() == 3
    assert "ValueError" in next(iter(trial.failures))


def test_slow_texts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert allowed("parse", b"a\nb\nc") == 2.0
    assert allowed("judge", b"a\nb\nc") == 6.0
    monkeypatch.setattr("tests.fuzz.targets.LONGEST", 0.02)
    trial = Trial("parse", lambda data: None if data == b"fast" else print(sum(range(3_000_000)), end=""))
    trial.run(b"fast")
    trial.run(b"slow")
    assert trial.slow == [b"slow"]
    assert trial.slowest_case == b"slow"


def test_the_command_prints_its_tally(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["fuzz", "equality", "--pairs", "12", "--seed", "4"])
    assert main() == 0
    printed = capsys.readouterr().out
    assert printed.startswith("equality: 12 cases in ")
    assert "false correct: 0 of " in printed
    assert "peak memory" in printed
    monkeypatch.setattr(equality, "run", lambda cases, seed: Tally(cases=cases, failures=[f"of seed {seed}"]))
    assert main() == 1
    assert "FAILED of seed 4" in capsys.readouterr().out


def dying(stretch: range, seed: int) -> Tally:
    """A share whose second stretch kills its process."""
    if stretch.start == 2:
        os._exit(9)
    return Tally(cases=len(stretch))


def test_a_process_that_dies_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    whole = shared_out(dying, 5, 0, every=2)
    assert whole.cases == 3
    assert whole.failures == ["the process with the cases 2 to 3 died"]
    assert "the process with the cases 2 to 3 died" in capsys.readouterr().err


def test_a_wrong_gradient_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from tests.fuzz import differential

    assert not differential.share(range(12), 3).failures

    def wrong(*given: Any, **named: Any) -> Any:
        found = grad(*given, **named)
        for name in found.gradients:
            found.gradients[name] = np.asarray(found.gradients[name], dtype=float) * (1 + 1e-8)
        return found

    monkeypatch.setattr(differential, "grad", wrong)
    failures = differential.share(range(12), 3).failures
    assert len(failures) > 6
    assert "unexplained: ours and high precision" in failures[0]


@pytest.mark.parametrize(
    ("right", "truth"),
    [
        (("+", "x", "x"), "equal"),
        (("*", Fraction(2), ("*", "x", 1 + Fraction("1e-12"))), "differs at home"),
        (("+", "x", ("maximum", "x", Fraction(0))), "differs elsewhere"),
        (("log", ("-", Fraction(-1), ("^", "x", Fraction(2)))), "undefined"),
    ],
)
def test_mpmath_alone_tells_what_a_pair_is(right: Any, truth: str) -> None:
    case = Case(("*", Fraction(2), "x"), right, {key: Fraction(3, 2) for key in "xypq"}, "sign")
    assert equality.what_it_is(case, Random(1)) == truth


def test_what_rounding_hides_from_mpmath_is_no_difference() -> None:
    """With 300 digits `exp(-x^8) + sin(y) - sin(y)` is 0; 1 - tanh(125) has its first digit at the 109th place; log(0) is no number."""
    home = {"x": Fraction(4), "y": Fraction(3, 2), "p": Fraction(1), "q": Fraction(1)}
    tiny = ("exp", ("u-", ("^", "x", Fraction(8))))
    hidden = Case(tiny, ("-", ("+", tiny, ("sin", "y")), ("sin", "y")), home, "everywhere")
    assert equality._differs(hidden, home) is None
    near = Case(("tanh", Fraction(125)), ("tanh", Fraction(126)), home, "added")
    assert equality._differs(near, home) is True
    endless = Case(("maximum", "x", "y"), ("maximum", ("log", ("-", "x", "x")), "x"), home, "dropped")
    assert equality._differs(endless, home) is None


@pytest.mark.parametrize(("status", "word"), [(Status.EQUAL, "false correct"), (Status.DIFFERENT, "false wrong")])
def test_a_false_verdict_is_a_failure(status: Status, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Always:
        witness = None

        def __init__(self, *_: Any) -> None:
            self.status = status

    monkeypatch.setattr(equality, "decide", Always)
    tally = equality.share(range(20), 6)
    assert tally.counts[word] > 4
    assert any(each.startswith(word) for each in tally.failures)


def test_texts_are_drawn_where_there_is_no_atheris(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.atheris_run.find_spec", lambda name: None)
    tally = fuzz("answers", 0.01, 1)
    assert tally.cases > 50
    assert not tally.failures
    assert "Atheris is not installed" in tally.notes[0]


@pytest.mark.parametrize("number", [9_627, 49_305])
def test_saturation_is_looked_into(number: int) -> None:
    """A pair that differs in the 48th digit of one branch was once called equal; one of tiny numbers was thought to be equal."""
    assert not equality.share(range(number, number + 1), 3).failures


@pytest.mark.parametrize("number", [51_853, 81_787, 95_175, 95_699])
def test_a_corner_of_several_pieces_is_looked_for(number: int) -> None:
    """Pairs that differ in one corner alone, which drawn points missed: they were once called equal."""
    from tests.fuzz import equality

    tally = equality.share(range(number, number + 1), 1)
    assert not tally.failures


@pytest.mark.parametrize("answer", ["dL/dx = rate*2", "  dL/dx = x*rate", "dL/dx = xrate."])
def test_a_complaint_about_a_name_of_updates_has_its_place(answer: str) -> None:
    """Its place was that in the whole file, shown on a text of this line alone."""
    TARGETS["judge"](f"3# one\n# two\n\n{answer}\n".encode())
    (judged,) = bench("log-likelihood").judge(f"# one\n# two\n\n{answer}\n").answers
    complaint = judged.complaint
    assert complaint is not None
    if complaint.span is not None and complaint.source is not None and "rate" in complaint.message:
        assert complaint.source.text[complaint.span.start : complaint.span.end] == "rate"
        assert complaint.source.text.count("\n", 0, complaint.span.start) == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("parse", "L = si₀gma(x)"),  # a function whose name has a subscript: KeyError
        ("parse", "L = abs(x) + ([x< 0]) + atan2(x .T< 0, 0/norm)^0.5"),  # an output of shape (1,) and an infinite slope: IndexError
    ],
)
def test_texts_that_once_ended_in_a_fault(name: str, text: str) -> None:
    TARGETS[name](text.encode())


def test_a_trial_that_was_passed_is_not_made_again_by_the_same_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def trial(name: str, failures: int = 0) -> keeping.Trial:
        def run() -> Tally:
            made.append(name)
            return Tally(cases=3, counts=Counter(good=2), failures=["bad"] * failures)

        return name, (), run

    def go(how: str = "0") -> list[tuple[str, Tally]]:
        made.clear()
        return list(keeping.kept(tmp_path, how)([trial("one"), trial("two", failures=1)]))

    assert [name for name, _ in go()] == ["one", "two"]
    again = go()
    assert made == ["two"]  # what failed is tried again
    assert (again[0][1].cases, again[0][1].counts["good"], again[0][1].notes) == (3, 2, [keeping.AGAIN])
    go("another seed")
    assert made == ["one", "two"]
    monkeypatch.setattr(keeping, "code", lambda of: "other")
    go()
    assert made == ["one", "two"]
    assert next(iter(keeping.kept(None, "0")([trial("three")])))[1].cases == 3


def test_a_digest_of_the_code_knows_the_smallest_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, held in {"grammar/a.lark": "", "tests/a.py": "from tests.b import x\n", "tests/b.py": "", "tests/c.py": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(held, "utf-8")
    monkeypatch.setattr(keeping, "ROOT", tmp_path)
    digests = [keeping.code(keeping.imported("a"))]
    for name in ("grammar/a.lark", "tests/b.py", "tests/c.py"):
        (tmp_path / name).write_text("y = 1", "utf-8")
        digests.append(keeping.code(keeping.imported("a")))
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]  # nothing of it is made of the last
