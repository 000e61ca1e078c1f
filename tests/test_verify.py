"""`backprop verify` as people and programs use it: the samples' answers, screens, options, exit statuses, streams and files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backprop_cli.render.visible import cells

if TYPE_CHECKING:
    from tests.conftest import Backprop

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
ANSWERS = sorted(SAMPLES.glob("*.answers"))
CHAIN = str(SAMPLES / "chain.expr")
SLIPS = str(SAMPLES / "chain-slips.answers")
NET = ("-e", "x = 2; a = 3; u = x*a; L = u^2")
Golden = Callable[[str, str], None]


def program_of(path: Path) -> str:
    """The program that a sample's answers belong to: the one it names, else that of the same stem."""
    named = re.search(r"^# judges: (\S+)$", path.read_text("utf-8"), re.M)
    return str(SAMPLES / (named.group(1) if named else f"{path.stem}.expr"))


def found(ran: Any) -> Any:
    """The document of a run with --json."""
    assert ran.err == ""
    assert ran.out.count("\n") == 1
    return json.loads(ran.out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


# ---- the samples ----


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_a_sample_is_judged_as_its_comments_say(path: Path, backprop: Backprop) -> None:
    text = path.read_text("utf-8")
    title, blank, shows, *_ = text.split("\n")
    assert re.fullmatch(r"# \S.*[.:].*", title)
    assert blank == "#"
    assert shows.startswith("# Shows: ")
    expected = {
        number: line.partition("# expect: ")[2].split() for number, line in enumerate(text.split("\n"), 1) if not line.startswith("#")
    }
    assert ("# expect: all correct" in text) == (not any(expected.values()))
    ran = backprop("verify", program_of(path), str(path), "--json")
    judged = found(ran)["answers"]
    for each in judged:
        verdict, *slips = expected[each["line"]] or ["correct"]
        assert each["verdict"] == verdict, each
        assert set(slips) <= set((each["diagnosis"] or {"slips": []})["slips"]), each
    said = {number for number, words in expected.items() if words}
    assert said <= {each["line"] for each in judged}
    assert ran.status == (1 if said else 0)


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_the_screen_of_a_sample(path: Path, backprop: Backprop, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = backprop("verify", os.path.relpath(program_of(path), ROOT), f"samples/{path.name}")
    golden(f"verify/{path.stem}.txt", ran.out)


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_of_a_sample(width: int, golden: Golden) -> None:
    text = on_a_terminal("verify", "samples/chain.expr", "samples/chain-slips.answers", COLUMNS=str(width), NO_COLOR="1")
    golden(f"verify/chain-slips-at-{width}.txt", text)
    assert max(cells(line) for line in text.splitlines()) <= width


def test_colour_is_said_in_words_too() -> None:
    arguments = ("verify", "samples/chain.expr", "samples/chain-slips.answers")
    coloured = on_a_terminal(*arguments, COLUMNS="80", TERM="xterm")
    plain = on_a_terminal(*arguments, COLUMNS="80", NO_COLOR="1")
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What a terminal of this environment is shown."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR")}
    environ |= {"TERM": "dumb", "PYTHONPATH": str(ROOT), **environment}
    process = subprocess.Popen([sys.executable, "-m", "backprop_cli", *arguments], cwd=ROOT, stdout=slave, stdin=slave, env=environ)
    os.close(slave)
    seen = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(master)
    process.wait(20)
    return seen.decode().replace("\r\n", "\n")


# ---- where answers come from ----


def test_answers_from_a_file_from_standard_input_and_inline(backprop: Backprop) -> None:
    line = "dL/da = 2*z/(a*w^2)"
    for arguments, stdin in (((CHAIN, "-a", line), ""), ((CHAIN, "-"), line)):
        ran = backprop("verify", *arguments, stdin=stdin)
        assert (ran.status, ran.out.splitlines()[0]) == (0, f"✓ 1  {line}   right")


def test_a_program_inline_or_from_standard_input(backprop: Backprop, tmp_path: Path) -> None:
    answers = tmp_path / "mine.txt"
    answers.write_text("dL/da = 24\n")
    assert backprop("verify", *NET, str(answers)).status == 0
    assert backprop("verify", "-", str(answers), stdin=NET[1]).status == 0
    assert backprop("verify", *NET, "-a", "dL/da = 24", "-a", "dL/dx = 36").status == 0
    assert backprop("verify", *NET, "-", stdin="dL/da = 24").status == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "no-input"),
        ((CHAIN,), "no-answers"),
        (("-e", "L = 2"), "no-answers"),
        ((CHAIN, SLIPS, "-a", "da = 2"), "two-inputs"),
        ((CHAIN, SLIPS, "-e", "L = 2"), "two-inputs"),
        (("-", "-"), "bad-usage"),
        ((CHAIN, "missing.answers"), "no-such-file"),
        ((CHAIN, str(SAMPLES)), "not-a-file"),
        ((CHAIN, "-a", "# nothing"), "no-answers"),
        ((CHAIN, "-a", "da = 1", "--of", "Q"), "unknown-name"),
        ((CHAIN, "-a", "da = 1", "--require", "dL/dq"), "unknown-answer"),
        ((CHAIN, "-a", "da = 1", "--digits", "0"), "bad-digits"),
        ((CHAIN, "-a", "da = 1", "--digits", "many"), "bad-digits"),
        ((CHAIN, "-a", "da = 1", "--tolerance", "2"), "bad-tolerance"),
        ((CHAIN, "-a", "da = 1", "--tolerance", "x"), "bad-tolerance"),
        ((CHAIN, "-a", "da = 1", "--form", "short"), "bad-form"),
        ((CHAIN, "-a", "da = 1", "--rate", "0"), "bad-rate"),
        ((CHAIN, "-a", "da = 1", "--rate", "1e999999999"), "bad-rate"),
        ((CHAIN, "-a", "da = 1", "--hints", "all"), "bad-hints"),
        ((CHAIN, "-a", "da = 1", "--format", "gradescop"), "bad-choice"),
        ((CHAIN, "-a", "da = 1", "--limit", "lines=2"), "bad-limit"),
        ((CHAIN, "-a", "da = 1", "-o", "nowhere/x.json"), "no-such-file"),
        ((CHAIN, "-a", "da = 1", "--rubric", "missing.toml"), "no-such-file"),
        ((CHAIN, "-a", "da = 1", "--at", "q=2"), "unknown-name"),
        ((CHAIN, "-a", "da = 1", "--at", "u=2"), "not-a-leaf"),
    ],
)
def test_bad_usage_is_2_and_prints_no_answer(arguments: tuple[str, ...], code: str, backprop: Backprop) -> None:
    ran = backprop("verify", *arguments, "--json")
    assert (ran.status, ran.out) == (2, "")
    (complaint, *_) = json.loads(ran.err)["errors"]
    assert complaint["code"] == code


def test_a_suffix_that_is_no_format(backprop: Backprop, tmp_path: Path) -> None:
    ran = backprop("verify", CHAIN, "-a", "da = 1", "-o", str(tmp_path / "x.pdf"))
    assert (ran.status, ran.out) == (2, "")
    assert "unknown-format" in ran.err


def test_limits_are_those_of_submissions(backprop: Backprop) -> None:
    text = "# " + "x" * 300_000
    ran = backprop("verify", CHAIN, "-", stdin=text + "\nda = 1")
    assert ran.status == 2
    assert "file-bytes" in ran.err
    assert (
        backprop("verify", CHAIN, "-", "--limit", "file-bytes=400000", "--limit", "line=400000", stdin=text + "\ndL/dz = 2*z").status == 0
    )


# ---- rules ----


def test_digits_and_tolerance(backprop: Backprop) -> None:
    assert backprop("verify", CHAIN, "-a", "dL/db = 0.42").status == 1
    assert backprop("verify", CHAIN, "-a", "dL/db = 0.42", "--digits", "2").status == 0
    assert backprop("verify", CHAIN, "-a", "dL/db = 0.42", "--tolerance", "0.01").status == 0
    assert backprop("verify", CHAIN, "-a", "dL/db = 0.4213", "--digits", "5").status == 1


def test_required_answers(backprop: Backprop) -> None:
    ran = backprop("verify", CHAIN, "-a", "dL/da = 2*z/(a*w^2)", "--require", "da,∂L/∂b", "--json")
    assert (ran.status, found(ran)["missing"], found(ran)["score"]) == (1, ["dL/db"], {"points": 1, "max": 2})
    shown = backprop("verify", CHAIN, "-a", "dL/da = 2*z/(a*w^2)", "--require", "dL/da", "--require", "dL/db")
    assert "✗    dL/db" in shown.out
    assert "1 missing" in shown.out


def test_what_nobody_asked_for_is_information(backprop: Backprop) -> None:
    ran = backprop("verify", CHAIN, "-a", "dL/da = 2*z/(a*w^2)")
    assert ran.status == 0
    assert "! not answered, and not asked for: dL/db" in ran.out


def test_a_rubric(backprop: Backprop, tmp_path: Path) -> None:
    rubric = tmp_path / "hw.toml"
    rubric.write_text('points = 0\ndigits = 2\n[credit]\nfollow-through = 0.5\n[answers."dL/da"]\npoints = 4\n[answers.db]\npoints = 2\n')
    arguments = ("verify", CHAIN, "-a", "dL/dw = -2*z/w^2", "-a", "da = dw * x/u", "-a", "db = 0.42", "--rubric", str(rubric), "--json")
    answers = found(backprop(*arguments))
    assert answers["score"] == {"points": answers["answers"][1]["points"] + 2, "max": 6}
    assert [each["max"] for each in answers["answers"]] == [0, 4, 2]
    assert backprop(*arguments, "--digits", "3").status == 1
    rubric.write_text("digitts = 2\n")
    ran = backprop("verify", CHAIN, "-a", "db = 0.42", "--rubric", str(rubric))
    assert (ran.status, ran.out) == (2, "")
    assert "did you mean digits?" in ran.err
    assert "hw.toml:1:1" in ran.err


def test_another_point_and_another_output(backprop: Backprop) -> None:
    assert backprop("verify", CHAIN, "-a", "da = 1/2", "--at", "a=1/2,b=2,y=1").status == 0
    assert backprop("verify", CHAIN, "-a", "da = 1/a", "--of", "v").status == 0


def test_a_table_of_data(backprop: Backprop) -> None:
    program, table = str(SAMPLES / "logistic-vectors.expr"), str(SAMPLES / "points.csv")
    assert backprop("verify", program, "-a", "dL/dw1 = -1/2", "--data", table).status == 0


def test_decimal_commas(backprop: Backprop) -> None:
    assert backprop("verify", CHAIN, "-a", "db = 0,4213").status == 1
    assert backprop("verify", CHAIN, "-a", "db = 0,4213", "--decimal-comma").status == 0


# ---- what is told ----


def test_the_manual_lists_the_slips(update_golden: bool) -> None:
    from backprop_cli.homework.catalogue import table

    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    before, start, rest = text.partition("<!-- slips -->\n")
    written, end, after = rest.partition("<!-- end of slips -->\n")
    assert start
    assert end
    if update_golden and written != table() + "\n":
        readme.write_text(f"{before}{start}{table()}\n{end}{after}", "utf-8")
    assert written == table() + "\n" or update_golden


def test_without_a_diagnosis(backprop: Backprop) -> None:
    arguments = ("verify", CHAIN, "-a", "dL/dw = -2*z/w^2")
    assert found(backprop(*arguments, "--json"))["answers"][0]["diagnosis"]["slips"]
    assert found(backprop(*arguments, "--json", "--no-diagnosis"))["answers"][0]["diagnosis"] is None


def test_only_reveal_shows_what_is_right(backprop: Backprop) -> None:
    arguments = ("verify", CHAIN, "-a", "dL/dw = -2*z/w^2")
    for hints in ("none", "node", "rule", "local"):
        assert "0.4213" not in backprop(*arguments, "--hints", hints).out.replace("-0.4213", "")
    ran = backprop(*arguments, "--reveal")
    assert "correct  0.421303" in ran.out
    assert "2*z/w^2" in ran.out.replace("-2*z/w^2", "")


def test_quiet_and_ascii(backprop: Backprop) -> None:
    ran = backprop("verify", CHAIN, SLIPS, "-q")
    assert "likely" not in ran.out
    assert "hint" not in ran.out
    plain = backprop("verify", CHAIN, SLIPS, "--ascii")
    assert plain.out.isascii()
    assert "[no]" in plain.out


# ---- formats and files ----

OF_SUFFIX = {"json": "json", "csv": "csv", "md": "markdown", "xml": "junit", "txt": "plain"}


@pytest.mark.parametrize("suffix", OF_SUFFIX)
def test_files_by_suffix(suffix: str, backprop: Backprop, tmp_path: Path) -> None:
    path = tmp_path / f"out.{suffix}"
    ran = backprop("verify", CHAIN, SLIPS, "-o", str(path))
    assert (ran.status, ran.out) == (1, "")
    assert "wrote" in ran.err
    shown = backprop("verify", CHAIN, SLIPS, "--format", OF_SUFFIX[suffix])
    assert path.read_text("utf-8") == shown.out
    assert backprop("verify", CHAIN, SLIPS, "-o", str(path), "-q").err == ""


@pytest.mark.parametrize("kind", ["gradescope", "prairielearn", "classroom"])
def test_json_of_other_systems(kind: str, backprop: Backprop, tmp_path: Path) -> None:
    ran = backprop("verify", CHAIN, SLIPS, "--format", kind)
    assert ran.status == 1
    whole = json.loads(ran.out)
    assert len(whole["tests"]) == 9
    path = tmp_path / "results.json"
    assert backprop("verify", CHAIN, SLIPS, "--format", kind, "-o", str(path)).status == 1
    assert json.loads(path.read_text("utf-8")) == whole


def test_standard_output_by_name(backprop: Backprop) -> None:
    assert backprop("verify", CHAIN, SLIPS, "-o", "-", "--json").out == backprop("verify", CHAIN, SLIPS, "--format", "json").out


def test_json_is_for_status_0_and_1_and_3(backprop: Backprop) -> None:
    assert found(backprop("verify", CHAIN, "-a", "dL/dz = 2*z", "--json"))["answers"][0]["how"]
    assert backprop("verify", CHAIN, "-a", "dL/dz = 2*z", "--json", "--format", "csv").status == 2


def test_hostile_answers_and_names_are_shown_escaped(backprop: Backprop, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31mb.answers"
    path.write_text("dL/da = \x1b]52;c;x\x07\ndL/db = [/red]\u202e\n", "utf-8")
    for arguments in ((), ("--json",), ("--format", "csv"), ("--format", "gradescope"), ("--format", "junit"), ("--format", "markdown")):
        ran = backprop("verify", CHAIN, str(path), *arguments)
        assert ran.status == 1
        assert not set(ran.out + ran.err) & set("\x1b\x07\u202e")


def test_a_formula_in_a_cell(backprop: Backprop) -> None:
    ran = backprop("verify", CHAIN, "-a", "dL/dt = -2*z", "--format", "csv")
    assert ",'-2*z," in ran.out


@pytest.mark.parametrize(
    ("answer", "options", "told"),
    [
        ("dL/dw = dL/db", [], ("1260", "1,260")),
        ("dL/dw = dL/dp*dp/dw + 1", [], ("3781",)),
        ("L = h*1", ["--require", "L,h,p"], ("49",)),
    ],
)
def test_the_value_of_a_formula_does_not_tell_an_answer(answer: str, options: list[str], told: tuple[str, ...], backprop: Backprop) -> None:
    program = "param w = 2, b = 1; input x = 3, y = 4; p = w*x + b; h = p^2; L = (h - y)^2"
    for more in ([], ["--json"]):
        shown = backprop("verify", "-e", program, "-a", answer, *options, *more).out
        assert not any(each in shown for each in told), shown
        assert any(each in backprop("verify", "-e", program, "-a", answer, *options, *more, "--reveal").out for each in told)
    # A shape, or one entry, is no right answer to the whole.
    for line in ("shape(dL/db) = ()", "shape(h) = ()"):
        shown = backprop("verify", "-e", program, "-a", line, "-a", answer, *options).out
        assert not any(each in shown for each in told), shown
    # With the symbol's own right answer in the file nothing is told any more.
    assert "1260" in backprop("verify", "-e", program, "-a", "dL/db = 1260", "-a", "dL/dw = dL/db").out


def test_what_is_computed_has_no_new_value(backprop: Backprop) -> None:
    found = backprop("verify", "-e", "x = 2; L = x^2", "-a", "L = 4", "-a", "L' = 2x").out
    assert "L is computed from others: it has no new value" in found
    assert "1 of 1 point" in found
