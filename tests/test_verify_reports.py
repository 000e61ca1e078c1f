"""What is told of a judgement, and how: screens, data, and the formats of other systems, all from judgements made by hand."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_cli.errors import Diagnostic, Span
from backprop_cli.homework.judge import judge
from backprop_cli.homework.rules import Rules
from backprop_cli.homework.score import scored
from backprop_cli.homework.verdicts import Diagnosis, Example, Hints, Judged, Judgement, Verdict
from backprop_cli.lang.parse import parse, parse_expression
from backprop_cli.lang.text import source
from backprop_cli.render import FEEDBACK, FORMATS, draw
from backprop_cli.render.csv_text import csv_text, safe
from backprop_cli.render.junit import escaped
from backprop_cli.render.look import Look
from backprop_cli.render.visible import cells
from backprop_cli.reports.verify import Report, document
from backprop_cli.reports.verify_data import data, feedback, rows

Golden = Callable[[str, str], None]
SOURCE = source("dL/dz = 2*z\ndL/dt = -2*z\n\ndL/dw = -2*z/w^2\ndL/dv = dL/dw * 1\ndL/dq = 3\n", "answers.txt")
SLIP = Diagnosis(
    ("M01", "M05"),
    "dt/dw",
    "consistent with: the minus in ∂t/∂w = -1/w^2 was dropped (t = 1/w, line 7)",
    Hints("look at the node t", "the quotient rule at t = 1/w has a minus", "∂t/∂w = -1/w^2"),
    "t -> w",
)
RIGHT = Judged(1, "dL/dz", "2*z", Verdict.CORRECT, "the same tree", text="dL/dz = 2*z")
WRONG = Judged(
    4,
    "dL/dw",
    "-2*z/w^2",
    Verdict.WRONG,
    "50 digits",
    "",
    SLIP,
    example=Example((("z", "2"), ("w", "3")), "-0.444444", "0.444444"),
    yours="-0.214637",
    correct="0.214637",
    solution=parse_expression("2*z/w^2"),
    text="dL/dw = -2*z/w^2",
)
FOLLOWS = Judged(
    5, "dL/dv", "dL/dw * 1", Verdict.FOLLOW_THROUGH, "50 digits", "right step, carries the error of line 4", text="dL/dv = dL/dw * 1"
)
UNREADABLE = Judged(
    6,
    "dL/dq",
    "3",
    Verdict.UNREADABLE,
    complaint=Diagnostic("unknown-name", "no node named q", SOURCE, Span(51, 52), "this is no name of the graph", hint="did you mean a?"),
    text="dL/dq = 3",
)
CONVENTION = Judged(7, "dL/dy", "-2*z", Verdict.CONVENTION, "", "target minus output throughout", text="dL/dy = -2*z")
AT_POINT = Judged(8, "dL/dx", "x/4", Verdict.CORRECT_AT_POINT, "50 digits", yours="0.5", correct="0.5", text="dL/dx = x/4",
                  example=Example((("x", "3"),), "0.75", "0.333333"))  # fmt: skip
UNDECIDED = Judged(9, "dL/da", "gamma(x)", Verdict.UNDECIDED, "", "the function is beyond the means of the judge", text="dL/da = gamma(x)")
CHAIN = Judged(10, "dL/db", "dL/dw * 1 = 2*z/w = 0.4", Verdict.WRONG, broken=2, text="dL/db = dL/dw * 1 = 2*z/w = 0.4", yours="1.18")
NOTED = Judged(11, "dL/du", "0", Verdict.CORRECT, notes=("holds where u > 0",), text="dL/du = 0")
ALL = (RIGHT, WRONG, FOLLOWS, UNREADABLE, CONVENTION, AT_POINT, UNDECIDED, CHAIN, NOTED)


def report(*answers: Judged, rules: Rules | None = None, missing: tuple[str, ...] = (), **more: Any) -> Report:
    rules = rules or Rules()
    unanswered = more.pop("unanswered", ())
    judgement = scored(Judgement(answers, missing, unanswered), rules)
    return Report(judgement, rules, "net.expr", "answers.txt", **more)


def screen(shown: Report, width: int | None = 80, **look: Any) -> str:
    return "".join(draw(document(shown), Look(width=width, **look)))


# ---- screens ----


@pytest.mark.parametrize("width", [80, 120, None])
def test_every_verdict_on_a_screen(golden: Golden, width: int | None) -> None:
    drawn = screen(report(*ALL, missing=("dL/dc",), unanswered=("dL/dd",)), width)
    golden(f"verify/verdicts-at-{width}.txt" if width else "verify/verdicts-piped.txt", drawn)
    if width:
        assert max(cells(line) for line in drawn.splitlines()) <= width


def test_a_screen_in_ascii(golden: Golden) -> None:
    drawn = screen(report(*ALL, missing=("dL/dc",)), None, unicode=False)
    golden("verify/verdicts-ascii.txt", drawn)
    assert drawn.isascii()


def test_a_screen_for_teachers(golden: Golden) -> None:
    golden("verify/verdicts-revealed.txt", screen(report(*ALL, reveal=True)))


def test_a_page_in_markdown(golden: Golden) -> None:
    golden("verify/verdicts.md", "".join(FORMATS["markdown"](document(report(*ALL, missing=("dL/dc",))), Look())))


def test_answers_have_a_page_in_every_format() -> None:
    for name, draw_as in FORMATS.items():
        assert "dL/dw" in "".join(draw_as(document(report(*ALL)), Look())).replace("\\", ""), name


def test_colour_says_nothing_that_words_do_not() -> None:
    plain, coloured = screen(report(*ALL)), screen(report(*ALL), colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    for word in ("right", "wrong", "follows through", "undecided", "unreadable", "right by another convention", "right at this point only"):
        assert word in plain


def test_all_right() -> None:
    assert screen(report(RIGHT)).splitlines() == ["✓ 1  dL/dz = 2*z   right", "", "1 of 1 right"]


def test_quiet_leaves_explanations_out() -> None:
    lines = screen(report(*ALL, quiet=True), 200).splitlines()
    assert len(lines) == len(ALL) + 2


@pytest.mark.parametrize("width", [40, 60, 80, None])
def test_long_answers_are_folded_and_never_cut(width: int | None) -> None:
    long = "dL/da = " + "+".join(f"x{n}*y{n}" for n in range(60))
    drawn = screen(report(replace(WRONG, text=long, message="because " * 30), replace(RIGHT, text="dL/db = 漢" * 30)), width)
    assert long in re.sub(r"\n[│╰] +", "", drawn)
    if width:
        assert max(cells(line) for line in drawn.splitlines()) <= max(width, 56)


def test_an_answer_of_several_lines_stands_on_one() -> None:
    assert screen(report(replace(RIGHT, text="dL/da = (2*z\n   + z)"))).startswith("✓ 1  dL/da = (2*z + z)   right\n")


def test_no_more_of_an_unreadable_answer_than_is_needed() -> None:
    drawn = screen(report(replace(UNREADABLE, text="dL/dq = " + "(" * 100_000)), None)
    assert len(drawn) < 1000
    assert "((( ..." in drawn


def test_what_came_from_outside_is_shown_escaped() -> None:
    hostile = "dL/da = \x1b[31m\u202ered\x07[/b]"
    shown = report(replace(RIGHT, text=hostile), replace(WRONG, yours="\x1b]0;title\x07", message=hostile))
    for name, draw_as in FORMATS.items():
        drawn = "".join(draw_as(document(shown), Look()))
        assert not set(drawn) & set("\x1b\x07\u202e"), name
    for name, write in FEEDBACK.items():
        assert not set(write(feedback(shown))) & set("\x1b\x07\u202e"), name
    assert not set(csv_text(rows(shown))) & set("\x1b\x07\u202e")


# ---- secrets ----


def outputs(shown: Report) -> dict[str, str]:
    """The report in every format there is."""
    drawn = {name: "".join(draw_as(document(shown), Look())) for name, draw_as in FORMATS.items()}
    drawn |= {name: write(feedback(shown)) for name, write in FEEDBACK.items()}
    return {**drawn, "json": json.dumps(data(shown)), "csv": csv_text(rows(shown))}


@pytest.mark.parametrize("hints", ["none", "node", "rule", "local"])
def test_students_are_shown_no_right_answer(hints: str) -> None:
    wrong = replace(WRONG, correct="31.4159", solution=parse_expression("hidden*z"), example=Example((("z", "2"),), "-0.444444", "27.1828"))
    for name, text in outputs(report(wrong, rules=Rules(hints=hints))).items():
        for secret in ("31.4159", "hidden", "27.1828"):
            assert secret not in text, name
    revealed = report(wrong, rules=Rules(hints=hints), reveal=True)
    for name in ("terminal", "plain", "markdown", "json", "gradescope"):
        for secret in ("31.4159", "hidden", "27.1828"):
            assert secret in outputs(revealed)[name].replace("\\", ""), name


# Programs whose local derivative is itself the answer, with what would give it away.
LOCAL = [
    ("x = 2; u = relu(x); L = u", "x", "x > 0"),
    ("x = 2; u = abs(x); L = u", "x", "sign(x)"),
    ("x = 2; u = floor(x)*x; L = u", "x", "= floor(x)"),
    ("x = 2; u = sign(x)*x; L = u", "x", "= sign(x)"),
    ("x = 2; u = leaky_relu(x); L = u", "x", "1/100"),
    ("x = 2; u = max(x, 1); L = u", "x", "x > 1"),
    ("x = 2; u = where(x > 1, x^5, x); L = u", "x", "x^4"),
    ("x = 2; u = x^3; L = u", "x", "x^2"),
    ("x = 2; u = x^3; v = u + 1; L = v", "u", "= 1"),
    ("x = 2; u = x - 5; L = u", "x", "= 1"),
    ("x = 2; u = 5 - x; L = u", "x", "= -1"),
    ("x = 2; u = 43*x; L = u", "x", "43"),
    ("x = 2; u = x/16; L = u", "x", "1/16"),
    ("x = [1, 2]; s = sum(x); L = s^7", "x", "s^6"),
    ("x = 2; k = 9; m = 7; u = k*x; L = u", "x", "mean k"),
]
SLIPS = ("x", "2*x", "5*x", "-x", "0", "3.5", "abs(x)", "exp(x)", "u", "v", "s", "2*s", "5*s^4", "m", "[1, 1]", "[2, 1]")


@pytest.mark.parametrize(("program", "by", "secret"), LOCAL)
def test_a_local_derivative_that_is_the_answer_is_not_told(program: str, by: str, secret: str) -> None:
    met = 0
    for slip in SLIPS:
        (found,) = judge(parse(program), f"dL/d{by} = {slip}").answers
        if found.verdict is Verdict.CORRECT:
            continue
        met += found.diagnosis is not None
        for hints in ("node", "rule", "local"):
            for name, text in outputs(report(found, rules=Rules(hints=hints))).items():
                told = html.unescape(text).replace("\\", "")
                for statement in program.split("; "):
                    told = told.replace(statement, "")
                assert secret not in told, (slip, hints, name)
    assert met


def test_the_strength_of_hints() -> None:
    def told(hints: str) -> str:
        return screen(report(WRONG, rules=Rules(hints=hints)), None)

    assert SLIP.hints is not None
    likely = SLIP.message.removeprefix("consistent with: ")
    assert all(text not in told("none") for text in (likely, SLIP.hints.node, "yours", "differs"))
    assert SLIP.hints.node in told("node")
    assert likely not in told("node")
    assert SLIP.hints.rule in told("rule")
    assert likely in told("rule")
    assert SLIP.hints.local in told("local")
    assert SLIP.hints.local not in told("rule").replace(likely, "")
    assert data(report(WRONG, rules=Rules(hints="none")))["answers"][0]["diagnosis"] is None


def test_long_points_are_not_told_whole() -> None:
    point = tuple((f"x[{n}]", str(n)) for n in range(100))
    drawn = screen(report(replace(WRONG, example=Example(point, "1", "2"))), None)
    assert "x[11] = 11 and 88 more values: yours is 1" in drawn
    assert len(data(report(replace(WRONG, example=Example(point, "1", "2"))))["answers"][0]["example"]["point"]) == 100


# ---- data ----


def test_json_has_the_keys_of_the_contract() -> None:
    found = data(report(RIGHT, WRONG, missing=("dL/dc",)))
    assert list(found) == ["answers", "missing", "score"]
    assert found["missing"] == ["dL/dc"]
    assert found["score"] == {"points": 1, "max": 3}
    first, second = found["answers"]
    contract = ["line", "of", "given", "verdict", "how", "message", "diagnosis"]
    assert list(first)[:7] == list(second)[:7] == contract
    assert first["diagnosis"] is None
    assert second["diagnosis"] == {"slips": ["M01", "M05"], "where": "dt/dw", "message": SLIP.message}
    json.dumps(found, allow_nan=False)


def test_json_of_a_line_that_cannot_be_read() -> None:
    (found,) = data(report(UNREADABLE))["answers"]
    assert (found["verdict"], found["message"]) == ("unreadable", "no node named q")
    assert found["complaint"]["help"] == "did you mean a?"


def test_undecided_points_are_open() -> None:
    shown = report(RIGHT, UNDECIDED)
    assert data(shown)["score"] == {"points": 1, "max": 2, "open": 1}
    assert "1 point still open: a human decides" in screen(shown)
    assert shown.status == 3


@pytest.mark.parametrize(
    ("answers", "missing", "status"),
    [
        ((RIGHT,), (), 0),
        ((RIGHT, UNDECIDED), (), 3),
        ((RIGHT, UNDECIDED, WRONG), (), 1),
        ((RIGHT, UNDECIDED), ("dL/dc",), 1),
        ((RIGHT,), ("dL/dc",), 1),
        ((FOLLOWS,), (), 1),
        ((CONVENTION,), (), 1),
        ((AT_POINT,), (), 1),
        ((UNREADABLE,), (), 1),
    ],
)
def test_exit_status(answers: tuple[Judged, ...], missing: tuple[str, ...], status: int) -> None:
    shown = report(*answers, missing=missing)
    assert shown.status == status
    assert shown.ok == (status == 0)
    assert (f"exit status {status}" in screen(shown)) == (status != 0)


def test_a_table_of_answers(golden: Golden) -> None:
    text = csv_text(rows(report(*ALL, missing=("dL/dc",))))
    golden("verify/verdicts.csv", text)
    head, *body = list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in body} == {len(head)}
    assert body[-1][head.index("verdict")] == "missing"
    assert body[1][head.index("given")] == "'-2*z/w^2"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-2*z", "@x", "\t=1", "\r=1", "  =1", "＝1", "=HYPERLINK(1)"])
def test_a_cell_is_never_a_formula(cell: str) -> None:
    assert str(safe(cell)).startswith("'")


def test_numbers_stay_numbers_in_tables() -> None:
    assert (safe(-2), safe(0.5), safe(None), safe("x - 1")) == (-2, 0.5, "", "x - 1")


# ---- other systems ----


def test_gradescope(golden: Golden) -> None:
    text = FEEDBACK["gradescope"](feedback(report(*ALL, missing=("dL/dc",))))
    golden("verify/gradescope.json", text)
    found = json.loads(text)
    assert found["score"] == sum(test["score"] for test in found["tests"])
    assert found["output_format"] == "text"
    for test in found["tests"]:
        assert test.keys() >= {"name", "score", "max_score", "output", "output_format", "visibility"}
        assert test.get("status", "passed") in ("passed", "failed")
        assert 0 <= test["score"] <= test["max_score"]
        assert test["output_format"] == "text"
    assert [test["name"] for test in found["tests"] if "status" not in test] == ["line 9: dL/da = gamma(x)"]


def test_prairielearn(golden: Golden) -> None:
    text = FEEDBACK["prairielearn"](feedback(report(*ALL, missing=("dL/dc",))))
    golden("verify/prairielearn.json", text)
    found = json.loads(text)
    assert found["gradable"] is True
    assert 0 <= found["score"] <= 1
    assert found["score"] == pytest.approx(sum(t["points"] for t in found["tests"]) / sum(t["max_points"] for t in found["tests"]))
    for test in found["tests"]:
        assert list(test) == ["name", "description", "points", "max_points", "message", "output"]
    unreadable = json.loads(FEEDBACK["prairielearn"](feedback(report(UNREADABLE))))
    assert unreadable["gradable"] is False
    assert "no node named q" in unreadable["format_errors"][0]


def test_prairielearn_without_points() -> None:
    for answer, score in ((RIGHT, 1.0), (WRONG, 0.0)):
        assert json.loads(FEEDBACK["prairielearn"](feedback(report(answer, rules=Rules(others=0)))))["score"] == score


def test_classroom(golden: Golden) -> None:
    text = FEEDBACK["classroom"](feedback(report(*ALL, missing=("dL/dc",))))
    golden("verify/classroom.json", text)
    found = json.loads(text)
    assert (found["version"], found["status"], found["max_score"]) == (1, "fail", 10)
    assert {test["status"] for test in found["tests"]} == {"pass", "fail", "error"}
    assert json.loads(FEEDBACK["classroom"](feedback(report(RIGHT))))["status"] == "pass"
    assert json.loads(FEEDBACK["classroom"](feedback(report(RIGHT, UNDECIDED))))["status"] == "error"


def test_junit(golden: Golden) -> None:
    text = FEEDBACK["junit"](feedback(report(*ALL, missing=("dL/dc",))))
    golden("verify/junit.xml", text)
    root = ElementTree.fromstring(text)
    (suite,) = root
    cases = suite.findall("testcase")
    assert int(root.attrib["tests"]) == int(suite.attrib["tests"]) == len(cases) == len(ALL) + 1
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(suite.attrib[name]) == len(suite.findall(f"testcase/{kind}")) > 0
    assert cases[1].attrib["name"] == "line 4: dL/dw = -2*z/w^2"


@given(st.text())
def test_any_text_survives_in_xml(text: str) -> None:
    shown = report(replace(WRONG, text=f"x{text}", message=text, given=text, of="a"))
    root = ElementTree.fromstring(FEEDBACK["junit"](feedback(shown)))
    assert root.find("testsuite/testcase/failure") is not None
    assert "<" not in escaped(text)


@given(st.text())
def test_any_text_survives_in_tables(text: str) -> None:
    shown = report(replace(WRONG, given=text, message=text))
    head, row = list(csv.reader(io.StringIO(csv_text(rows(shown)))))
    assert len(head) == len(row)
    assert not row[head.index("given")].startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text(), st.sampled_from([20, 40, 80, None]))
def test_any_text_survives_on_a_screen(text: str, width: int | None) -> None:
    drawn = screen(report(replace(WRONG, text=f"x{text}", message=text, yours=text)), width)
    assert all(char.isprintable() or char == "\n" for char in drawn)
