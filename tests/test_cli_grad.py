"""`backprop grad` as people and programs use it: screens, JSON, exit statuses, streams."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Backprop

ROOT = Path(__file__).resolve().parents[1]
CHAIN = str(ROOT / "samples" / "chain.expr")
ME = [sys.executable, "-m", "backprop_cli"]


def strict(text: str) -> Any:
    """JSON read as strictly as the standard says."""

    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is no JSON")

    assert text.endswith("}\n")
    assert text.count("\n") == 1
    return json.loads(text, parse_constant=refuse)


def process(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*ME, *arguments], input=stdin, capture_output=True, cwd=ROOT, env={**os.environ, **environment}, check=False)


# ---- the answer ----


def test_the_seed_chain(backprop: Backprop) -> None:
    ran = backprop("grad", CHAIN, "--wrt", "a", "--no-check")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "L = 2.69552\n\n  leaf   value   ∂L/∂leaf\n  a      3       0.140434\n"


def test_agreement_is_said(backprop: Backprop) -> None:
    ran = backprop("grad", CHAIN)
    assert ran.status == 0
    assert "✓ agrees with SymPy" in ran.out.splitlines()[-1]


def test_params_are_what_is_asked_for_by_default(backprop: Backprop) -> None:
    found = strict(backprop("grad", CHAIN, "--json", "--no-check").out)
    assert list(found["gradients"]) == ["a", "b"]


@pytest.mark.parametrize("options", [["--wrt", "x,y"], ["--wrt", "x", "--wrt", "y"], ["--wrt= x , y "], ["--wrt", "x,y,x"]])
def test_wrt_is_repeatable_and_takes_lists(backprop: Backprop, options: list[str]) -> None:
    found = strict(backprop("grad", CHAIN, "--json", "--no-check", *options).out)
    assert list(found["gradients"]) == ["x", "y"]


def test_adjoints_and_the_output_itself(backprop: Backprop) -> None:
    found = strict(backprop("grad", CHAIN, "--json", "--no-check", "--wrt", "w,L").out)
    assert found["gradients"]["w"] == pytest.approx(0.4213034661, rel=1e-9)
    assert found["gradients"]["L"] == 1.0


def test_another_output(backprop: Backprop) -> None:
    found = strict(backprop("grad", CHAIN, "--json", "--of", "v", "--wrt", "a", "--no-check").out)
    assert (found["output"], found["gradients"]) == ("v", {"a": pytest.approx(1 / 3)})


def test_json_has_the_keys_of_the_contract(backprop: Backprop) -> None:
    ran = backprop("grad", CHAIN, "--json")
    found = strict(ran.out)
    assert list(found)[:5] == ["output", "value", "gradients", "warnings", "check"]
    assert list(found["check"]) == ["status", "method", "max_relative_difference", "detail"]
    assert found["check"]["status"] == "agrees"
    assert found["check"]["max_relative_difference"] < 1e-9
    assert ran.err == ""


def test_numbers_round_trip(backprop: Backprop) -> None:
    found = strict(backprop("grad", "-e", "L = x/3", "--at", "x=0.1", "--json", "--no-check").out)
    assert found["value"] == 0.1 / 3
    assert found["gradients"]["x"] == 1 / 3


def test_exact_fractions(backprop: Backprop) -> None:
    options = ("grad", CHAIN, "--at", "a=1/2,b=2,y=1", "--wrt", "a,b,x,y", "--exact", "--no-check")
    assert [line.split() for line in backprop(*options).out.splitlines()[3:]] == [
        ["a", "1/2", "1/2"], ["b", "2", "1/4"], ["x", "2", "1/8"], ["y", "1", "1"],
    ]  # fmt: skip
    assert strict(backprop(*options, "--json").out)["exact"] == {
        "value": "1/4",
        "gradients": {"a": "1/2", "b": "1/4", "x": "1/8", "y": "1"},
    }


def test_closed_forms(backprop: Backprop) -> None:
    ran = backprop("grad", CHAIN, "--symbolic", "--no-check")
    assert "2*z/(a*w^2)" in ran.out
    assert strict(backprop("grad", CHAIN, "--symbolic", "--no-check", "--json").out)["formulas"]["b"]["in_nodes"] == "2*z/w^2"


@pytest.mark.parametrize(("digits", "shown"), [("1", "0.3"), ("3", "0.333"), ("6", "0.333333"), ("17", "0.33333333333333331")])
def test_digits(backprop: Backprop, digits: str, shown: str) -> None:
    ran = backprop("grad", "-e", "L = x/3", "--at", "x=2", "--digits", digits, "--no-check")
    assert ran.out.split()[-1] == shown


@pytest.mark.parametrize("wrong", ["0", "18", "-1", "six", "", "٣", "1.5"])
def test_bad_digits(backprop: Backprop, wrong: str) -> None:
    assert backprop("grad", CHAIN, f"--digits={wrong}").status == 2


def test_whole_numbers_have_no_point_and_zero_no_sign(backprop: Backprop) -> None:
    ran = backprop("grad", "-e", "L = -(x^2)*0", "--at", "x=3", "--no-check")
    assert "L = 0\n" in ran.out
    assert ran.out.split()[-2:] == ["3", "0"]


def test_ascii(backprop: Backprop) -> None:
    ran = backprop("grad", CHAIN, "--ascii")
    assert ran.out.isascii()
    assert "dL/dleaf" in ran.out
    assert "[ok] agrees with SymPy" in ran.out


def test_quiet_leaves_the_verdict_out(backprop: Backprop) -> None:
    assert "SymPy" not in backprop("grad", CHAIN, "-q").out


def test_a_convention_is_a_warning_and_nobody_is_asked(backprop: Backprop) -> None:
    arguments = ("grad", "-e", "h = x; L = relu(h)", "--at", "x=0")
    ran = backprop(*arguments)
    assert ran.status == 0
    assert "! " in ran.out
    assert "? not checked" in ran.out
    found = strict(backprop(*arguments, "--json").out)
    assert found["check"]["status"] == "skipped"
    assert found["warnings"][0]["line"] == 1


def test_a_disagreement_shows_both_numbers_and_is_status_1(backprop: Backprop, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_cli import oracles

    disagreement = oracles.Disagrees("symbolic", 0.5, "a", (("a", 0.25, 0.5),))
    monkeypatch.setattr(oracles, "second_opinion", lambda *_: disagreement)
    ran = backprop("grad", CHAIN, "-q")
    assert ran.status == 1
    assert "✗ SymPy disagrees" in ran.out
    assert ran.out.splitlines()[-1].split() == ["a", "0.25", "0.5"]
    ran = backprop("grad", CHAIN, "--json")
    assert ran.status == 1
    assert strict(ran.out)["check"]["status"] == "disagrees"


# ---- where the text and the values come from ----


def test_standard_input(backprop: Backprop) -> None:
    assert backprop("grad", "-", "--no-check", stdin="x = 3\nL = x^2\n").out.startswith("L = 9\n")


def test_a_fifo(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = subprocess.Popen([*ME, "grad", str(pipe), "--no-check"], stdout=subprocess.PIPE, cwd=ROOT)
    pipe.write_text("x = 3\nL = x^2\n")
    assert running.communicate()[0].startswith(b"L = 9\n")


@pytest.mark.parametrize("at", [["--at", "x=2,a=1/3"], ["--at", "x=2", "--at", "a=1/3"], ["--at=x=2, a = 2/6"]])
def test_at(backprop: Backprop, at: list[str]) -> None:
    found = strict(backprop("grad", "-e", "L = x*a", "--json", "--no-check", *at).out)
    assert found["gradients"] == {"x": pytest.approx(1 / 3), "a": 2.0}


def test_constant_expressions(backprop: Backprop) -> None:
    found = strict(backprop("grad", "-e", "L = sin(x)", "--at", "x=pi/2", "--json", "--no-check").out)
    assert found["value"] == 1.0


def test_a_point_from_a_file(backprop: Backprop, tmp_path: Path) -> None:
    point = tmp_path / "point.json"
    point.write_text('{"x": 2, "a": "1/2", "b": 2.0, "y": 1e0}')
    ran = backprop("grad", CHAIN, "--at", f"@{point}", "--exact", "--no-check", "--wrt", "a,y")
    assert [line.split() for line in ran.out.splitlines()[3:]] == [["a", "1/2", "1/2"], ["y", "1", "1"]]


def test_values_from_a_data_file(backprop: Backprop, tmp_path: Path) -> None:
    table = tmp_path / "x.csv"
    table.write_text("x\n1\n2\n")
    found = strict(backprop("grad", "-e", "L = sum(x^2)", "--at", f"x=@{table}", "--json", "--no-check").out)
    assert found["gradients"] == {"x": [2.0, 4.0]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"x": 1', "bad-json"), ("[1, 2]", "bad-json"), ("", "bad-json"), ('{"x": null}', "not-a-number"), ('{"x": true}', "not-a-number"),
        ('{"x": {"y": 1}}', "not-a-number"), ('{"x": NaN}', "not-finite"), ('{"x": -Infinity}', "not-finite"),
        ('{"x": 1, "x": 2}', "value-twice"), ('{"x": "1 +"}', "missing-operand"), ("[" * 100_000, "bad-json"),
    ],
)  # fmt: skip
def test_bad_point_files(backprop: Backprop, tmp_path: Path, text: str, code: str) -> None:
    point = tmp_path / "point.json"
    point.write_text(text)
    ran = backprop("grad", "-e", "L = x", "--at", f"@{point}", "--json")
    assert (ran.status, ran.out) == (2, "")
    assert strict(ran.err)["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (["x=1,x=2"], "value-twice"), (["x=1", "x=1"], "value-twice"),
        (["x=nan"], "not-finite"), (["x=inf"], "not-finite"), (["x=-inf"], "not-finite"),
        (["x=y"], "not-constant"), (["x"], "no-value"), (["u=1"], "not-a-leaf"),
        (["q=1"], "unknown-name"), (["@nowhere.json"], "no-such-file"),
    ],
)  # fmt: skip
def test_bad_values(backprop: Backprop, at: list[str], code: str) -> None:
    options = [word for each in at for word in ("--at", each)]
    ran = backprop("grad", "-e", "u = x; L = u", "--json", *options)
    assert (ran.status, ran.out) == (2, "")
    assert strict(ran.err)["errors"][0]["code"] == code


def test_all_missing_values_at_once(backprop: Backprop) -> None:
    ran = backprop("grad", "-e", "L = (w*x + b - y)^2")
    assert ran.status == 2
    assert "no value for w, x, b, y" in ran.err


def test_missing_file_names_the_nearest(backprop: Backprop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = backprop("grad", "samples/chian.expr")
    assert (ran.status, ran.out) == (2, "")
    assert "did you mean samples/chain.expr?" in ran.err


def test_a_folder(backprop: Backprop) -> None:
    ran = backprop("grad", str(ROOT / "samples"))
    assert ran.status == 2
    assert "is a folder" in ran.err


def test_a_file_with_a_null_in_its_name(backprop: Backprop) -> None:
    assert backprop("grad", "a\0b").status == 2


def test_the_limit_for_a_file(backprop: Backprop) -> None:
    ran = backprop("grad", "-", "--limit", "file-bytes=100", stdin="L = 1\n" * 100)
    assert ran.status == 2
    assert "100 bytes" in ran.err


def test_an_endless_file() -> None:
    assert process("grad", "/dev/zero", "--limit", "file-bytes=1000").returncode == 2


@pytest.mark.parametrize("wrong", ["nodes", "nodes=", "nodes=x", "node=3", "nodes=-1"])
def test_bad_limits(backprop: Backprop, wrong: str) -> None:
    assert backprop("grad", CHAIN, "--limit", wrong).status == 2


# ---- usage ----


@pytest.mark.parametrize(
    "arguments",
    [
        ["grad"], ["grad", CHAIN, "-e", "L = 1"], ["grad", CHAIN, CHAIN], ["grad", CHAIN, "--nope"], ["nope"], ["--nope"],
        ["grad", CHAIN, "--at"], ["grad", CHAIN, "--of", "L", "--of", "L"], ["grad", CHAIN, "--wrt", ""],
        ["grad", CHAIN, "--wrt", "a,,b"], ["grad", CHAIN, "--color", "mauve"],
        ["grad", CHAIN, "--wrt", "nope"], ["grad", CHAIN, "--of", "nope"], [],
    ],
)  # fmt: skip
def test_bad_usage_is_status_2(backprop: Backprop, arguments: list[str]) -> None:
    ran = backprop(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("arguments", [["grad", "--nope"], ["nope"], ["grad"], ["grad", "-e", "L = = 2"]])
def test_usage_errors_are_json_too(backprop: Backprop, arguments: list[str]) -> None:
    ran = backprop(*arguments, "--json")
    assert (ran.status, ran.out) == (2, "")
    (error,) = strict(ran.err)["errors"]
    assert {"code", "message", "file", "line", "column", "end_line", "end_column", "help"} <= set(error)


def test_a_file_where_a_command_should_be(backprop: Backprop) -> None:
    assert "backprop grad net.expr" in backprop("net.expr").err


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["grad", "--help"], ["grad", "-h"]])
def test_help_ends_with_examples(backprop: Backprop, arguments: list[str]) -> None:
    ran = backprop(*arguments)
    assert (ran.status, ran.err) == (0, "")
    assert "examples\n  backprop grad" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_examples_run(backprop: Backprop, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    monkeypatch.chdir(ROOT)
    for line in backprop("grad", "--help").out.partition("examples\n")[2].splitlines():
        words = shlex.split(line.strip().partition("   ")[0])
        assert backprop(*words[1:]).status == 0, line


def test_version(backprop: Backprop) -> None:
    from backprop_cli import __version__

    assert backprop("--version").out == backprop("-V").out == f"backprop {__version__}\n"
    assert "sympy" in backprop("--version", "--verbose").out


# ---- what is imported, and when ----


def loaded(*arguments: str) -> set[str]:
    code = "import sys; from backprop_cli.commands import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, cwd=ROOT, text=True, check=True)
    return set(ran.stderr.split())


def without_typers_own(modules: set[str]) -> set[str]:
    code = "import sys, typer; print(*sys.modules)"
    return modules - set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_help_builds_no_parser() -> None:
    for arguments in (["--help"], ["--version"], ["grad", "--help"]):
        assert not without_typers_own(loaded(*arguments)) & {"lark", "sympy", "numpy", "rich", "pydantic"}


def test_an_unchecked_answer_needs_no_sympy() -> None:
    modules = without_typers_own(loaded("grad", CHAIN, "--no-check"))
    assert not modules & {"sympy", "numpy", "rich", "pydantic", "fractions", "decimal", "lark.tools"}
    rooms = {"oracles", "equality", "homework", "worker", "calculus.exact", "calculus.arrays"}
    assert not modules & {f"backprop_cli.{room}" for room in rooms}


def test_only_the_command_asked_for_is_imported() -> None:
    commands = {"grad", "trace", "verify"}
    assert {name for name in commands if f"backprop_cli.commands.{name}" in loaded("grad", CHAIN, "--no-check")} == {"grad"}
    assert not commands & {name.rpartition(".")[2] for name in loaded("--version") if name.startswith("backprop_cli.commands.")}


# ---- streams and signals ----


@pytest.mark.parametrize(
    "arguments", [["grad", CHAIN, "--no-check"], ["grad", CHAIN], ["grad", CHAIN, "--json"], ["--help"], ["--version"]]
)
def test_a_closed_pipe_is_quiet(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run([*ME, *arguments], stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said() -> None:
    with open("/dev/full", "w") as full:
        ran = subprocess.run([*ME, "grad", CHAIN, "--no-check"], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith(b"error[cannot-write]")
    assert b"Traceback" not in ran.stderr


def test_interruption(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = subprocess.Popen([*ME, "grad", str(pipe)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    time.sleep(1)  # it waits for somebody to write into the pipe
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)
    assert (running.returncode, out, err) == (130, b"", b"")


def test_no_streams_at_all() -> None:
    code = f"exec {sys.executable} -m backprop_cli grad - <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", code], cwd=ROOT, check=False).returncode == 2


def test_a_fault_of_ours_is_70_and_one_line(backprop: Backprop, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_cli.reports import grad

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(grad, "report", broken)
    ran = backprop("grad", CHAIN)
    assert (ran.status, ran.out) == (70, "")
    assert "BACKPROP_DEBUG=1" in ran.err
    assert "Traceback" not in ran.err
    monkeypatch.setenv("BACKPROP_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        backprop("grad", CHAIN)


@pytest.mark.parametrize(
    ("environment", "options", "coloured"),
    [
        ({}, [], False), ({"FORCE_COLOR": "1"}, [], True), ({"FORCE_COLOR": "0"}, [], False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False), ({"FORCE_COLOR": "1"}, ["--no-color"], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True), ({"FORCE_COLOR": "1"}, ["--color=never"], False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, [], True),
    ],
)  # fmt: skip
def test_colour(
    backprop: Backprop, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: list[str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for arguments in (["grad", CHAIN, "--no-check"], ["grad", "-e", "L = = 2"]):
        ran = backprop(*arguments, *options)
        assert ("\x1b[" in ran.out + ran.err) is coloured
    assert "\x1b" not in backprop("grad", CHAIN, "--no-check", "--json", *options).out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_encoding_without_our_signs(encoding: str) -> None:
    ran = process("grad", CHAIN, PYTHONIOENCODING=encoding)
    assert ran.returncode == 0
    assert b"dL/dleaf" in ran.stdout
    assert b"[ok]" in ran.stdout


def test_a_redirected_stream_is_utf8_whatever_the_locale() -> None:
    ran = process("grad", CHAIN, "--no-check", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="")
    assert "∂L/∂leaf" in ran.stdout.decode("utf-8")


def test_nothing_typed_reaches_the_terminal_raw(backprop: Backprop) -> None:
    nasty = "\x1b[31m\x07\x9b\u202e\r"
    for arguments in (
        ["grad", nasty],
        [nasty],
        ["grad", "-e", f"L = {nasty}"],
        ["grad", "-e", f"L = foo( # {nasty}"],
        ["grad", CHAIN, f"--{nasty}"],
    ):
        for options in ([], ["--json"]):
            ran = backprop(*arguments, *options)
            assert ran.status == 2
            assert (ran.out + ran.err).replace("\n", "").isprintable()


def test_the_module_is_the_same_program() -> None:
    assert (
        process("grad", CHAIN, "--no-check", "--wrt", "a").stdout.decode()
        == "L = 2.69552\n\n  leaf   value   ∂L/∂leaf\n  a      3       0.140434\n"
    )


def test_an_option_with_one_value_is_given_once(backprop: Backprop) -> None:
    ran = backprop("grad", "-e", "y = 2*x", "-e", "z = 3*x", "--at", "x=1")
    assert ran.status == 2
    assert "error[option-twice]: -e is given 2 times" in ran.err
    ran = backprop("grad", CHAIN, "-o", "a.json", "--output", "b.json")
    assert "-o is given 2 times" in ran.err
    assert backprop("grad", CHAIN, "--digits", "3", "--digits", "4", "--no-check").status == 0


def test_a_formula_that_divides_by_zero_is_told_so(backprop: Backprop) -> None:
    ran = backprop("grad", "-e", "L = where(y > 0, x/(1 - 1), x)", "--at", "x=2, y=-1", "--symbolic")
    assert "? no formula for x: a part of it has no value, as where it divides by zero" in ran.out
    assert "✓ agrees with SymPy" in ran.out
