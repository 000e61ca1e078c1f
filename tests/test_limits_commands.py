"""Every limit through the command line: met exactly it passes; one more, and the message names it, the value met and the option."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from backprop_cli.limits import OWN, SUBMISSION, Limits
from tests.conftest import Backprop

AT = ("--at", "x=2")


def brackets(count: int) -> str:
    return "L = " + "(" * count + "x" + ")" * count


# name, value that passes, program, what the message says of the next lower value
OF_PROGRAMS = [
    ("file-bytes", 12, "L = x + 1000", "larger than 11 bytes"),
    ("nesting", 7, brackets(7), "brackets nest 7 levels deep; the limit is 6"),
    ("nesting", 3, "L = [[[x]]]\nM = sum(L)", "brackets nest 3 levels deep; the limit is 2"),
    ("nodes", 4, "L = x*x + 1", "the graph would have 4 nodes or more; the limit is 3"),
    ("nodes", 8, "f(p) = p*p\ng(p) = f(p) + f(p)\nL = g(x) + g(x)", "the graph would have 8 nodes or more; the limit is 7"),
    ("digits", 5, "L = x + 12345", "a number of 5 digits; the limit is 4"),
    ("exponent", 30, "L = x + 1e30", "the exponent of this number is 30; the limit is ±29"),
    ("exponent", 30, "L = x + 1e-30", "the exponent of this number is -30; the limit is ±29"),
    ("exponent", 30, "L = x + 1E+030", "the exponent of this number is +030; the limit is ±29"),
    ("entries", 6, "L = sum([[1], [2], [3]]*[1, x])", "3 x 2 entries; the limit is 5"),
]


@pytest.mark.parametrize("command", ["grad", "trace"])
@pytest.mark.parametrize(("name", "value", "program", "said"), OF_PROGRAMS)
def test_limits_of_programs(backprop: Backprop, command: str, name: str, value: int, program: str, said: str) -> None:
    assert backprop(command, "-e", program, *AT, "--limit", f"{name}={value}").status == 0
    ran = backprop(command, "-e", program, *AT, "--limit", f"{name}={value - 1}")
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert f"--limit {name}=N" in ran.err


OF_ANSWERS = [
    ("line", 15, "dx = 2*x + 1000", "a line of 15 characters; the limit is 14"),
    ("nesting", 4, "dx = ((((2*x))))", "brackets nest deeper than 3 levels, the limit"),
    ("nodes", 5, "dx = 2*x + 0", "an answer of 5 nodes; the limit is 4"),
    ("digits", 5, "dx = 4.0000", "a number of 5 digits; the limit is 4"),
    ("exponent", 7, "dx = 4e7", "the exponent of this number is 7; the limit is ±6"),
    ("exponent", 7, "dx = 4e-7", "the exponent of this number is -7; the limit is ±6"),
]


@pytest.mark.parametrize(("name", "value", "answer", "said"), OF_ANSWERS)
def test_limits_of_answers(backprop: Backprop, name: str, value: int, answer: str, said: str) -> None:
    assert "unreadable" not in backprop("verify", "-e", "L = x^2", *AT, "-a", answer, "--limit", f"{name}={value}").out
    ran = backprop("verify", "-e", "L = x^2", *AT, "-a", answer, "--limit", f"{name}={value - 1}")
    assert ran.status == 1
    assert said in " ".join(ran.out.split())
    assert f"--limit {name}=N" in ran.out


def test_a_limit_that_is_raised_brings_numbers_that_are_judged(backprop: Backprop) -> None:
    """A power of ten with more digits than Python writes at once is still shown where it differs."""
    ran = backprop("verify", "-e", "L = x^2", *AT, "-a", "dx = 2*x + 1e9999", "--limit", "exponent=9999")
    assert ran.status == 1
    assert "at x = 2: yours is 1.0e+9999" in ran.out


@pytest.mark.parametrize("answer", ["dx = sum([x, x])", "dx = sum([1, 3])", "dx = 4*sum(onehot(1, 2))", "dx = sum(x*[[0.5], [1.5]])"])
def test_the_entries_of_answers(backprop: Backprop, answer: str) -> None:
    assert backprop("verify", "-e", "L = x^2", *AT, "-a", answer, "--limit", "entries=2").status == 0
    ran = backprop("verify", "-e", "L = x^2", *AT, "-a", answer, "--limit", "entries=1")
    assert ran.status == 3  # neither right nor wrong
    assert "this makes an array of 2 entries; the limit is 1 (--limit entries=N)" in ran.out


OF_THE_TEACHER = [
    ("file-bytes", 7, "L = x^2", "larger than 6 bytes"),
    ("nodes", 3, "L = x*3", "the graph would have 3 nodes or more; the limit is 2"),
    ("nesting", 2, "L = ((x))", "brackets nest 2 levels deep; the limit is 1"),
    ("digits", 3, "L = x*123", "a number of 3 digits; the limit is 2"),
]


@pytest.mark.parametrize(("name", "value", "program", "said"), OF_THE_TEACHER)
def test_limits_of_the_program_that_answers_are_about(
    backprop: Backprop, tmp_path: Path, name: str, value: int, program: str, said: str
) -> None:
    """They are those of a person's own files, not those of what is handed in."""
    file = tmp_path / "p.expr"
    file.write_text(program, "utf-8")
    given = ("verify", str(file), *AT, "-a", "dx=0", "--limit")
    assert backprop(*given, f"{name}={value}").status == 1
    ran = backprop(*given, f"{name}={value - 1}")
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert f"--limit {name}=N" in ran.err


def test_the_size_of_answers(backprop: Backprop) -> None:
    text = "dx = 2*x\ndx = 4"
    assert backprop("verify", "-e", "L = x^2", *AT, "-", "--limit", f"file-bytes={len(text)}", stdin=text).status == 0
    ran = backprop("verify", "-e", "L = x^2", *AT, "-", "--limit", f"file-bytes={len(text) - 1}", stdin=text)
    assert (ran.status, ran.out) == (2, "")
    assert "larger than 14 bytes" in ran.err
    assert "--limit file-bytes=N" in ran.err
    ran = backprop("verify", "-e", "L = x^2", *AT, "-", "--limit", "answers=1", stdin=text)
    assert "2 answers; the limit is 1" in ran.err
    assert "--limit answers=N" in ran.err
    assert backprop("verify", "-e", "L = x^2", *AT, "-", "--limit", "answers=2", stdin=text).status == 0
    many = "dx = 4; dx = 4 # twice; in a line\n\n\ndx = 4\n"  # three answers: neither remarks nor empty lines count
    assert backprop("verify", "-e", "L = x^2", *AT, "-", "--limit", "answers=3", stdin=many).status == 0
    for limit in (0, 1, 2):
        ran = backprop("verify", "-e", "L = x^2", *AT, "-", "--limit", f"answers={limit}", stdin=many)
        assert f"3 answers; the limit is {limit}" in ran.err


def test_exact_numbers(backprop: Backprop) -> None:
    assert backprop("grad", "--exact", "-e", "L = x^9", *AT, "--limit", "exact-bits=27").status == 0
    ran = backprop("grad", "--exact", "-e", "L = x^9", *AT, "--limit", "exact-bits=26")
    assert ran.status == 2
    assert "the limit is 26 (--limit exact-bits=N)" in ran.err
    assert backprop("grad", "--exact", "-e", "L = sin(x)", *AT, "--limit", "expanded=2").status == 0
    ran = backprop("grad", "--exact", "-e", "L = sin(x)", *AT, "--limit", "expanded=1")
    assert ran.status == 2
    assert "a closed form would have 2 parts; the limit is 1 (--limit expanded=N)" in ran.err


def test_the_check_by_sympy(backprop: Backprop) -> None:
    """Past its size the second opinion is given statement by statement, past its time not at all; the gradient stands."""
    given = ("grad", "-e", "L = x*x + x", *AT, "--limit")  # of five parts
    assert "agrees with SymPy   symbolic" in backprop(*given, "expanded=5").out
    assert "agrees with SymPy   statement by statement" in backprop(*given, "expanded=4").out
    ran = backprop(*given, "seconds=0")
    assert ran.status == 0
    assert "? not checked: the check took longer than 0 s (--limit seconds=N)" in ran.out


def test_the_size_of_a_formula(backprop: Backprop) -> None:
    """x*x*(x*x) + x has nine parts."""
    given = ("trace", "-e", "u = x*x\nL = u*u + x", *AT, "--expand", "--limit")
    assert "L = x*x*(x*x) + x" in backprop(*given, "expanded=9").out
    assert "not expanded: the formula would have more than 8 parts (--limit expanded=N)" in backprop(*given, "expanded=8").out


def test_the_size_of_a_value_given(backprop: Backprop, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text('{"x": [1, 2, 3]}', "utf-8")
    for given in ("x=[1,2,3]", f"@{file}"):
        assert backprop("grad", "-e", "L = sum(x)", "--at", given, "--limit", "entries=3").status == 0
        ran = backprop("grad", "-e", "L = sum(x)", "--at", given, "--limit", "entries=2")
        assert (ran.status, ran.out) == (2, "")
        assert "x would have 3 entries; the limit is 2" in ran.err
        assert "--limit entries=N" in ran.err


def test_the_size_of_a_jacobian(backprop: Backprop) -> None:
    program = "y = [x[0], x[1], x[0]*x[1]]"
    given = ("--at", "x=[1,2]", "--jacobian")
    assert backprop("grad", "-e", program, *given, "--limit", "entries=6").status == 0
    ran = backprop("grad", "-e", program, *given, "--limit", "entries=5")
    assert "the Jacobian would have 6 entries; the limit is 5" in ran.err
    assert "--limit entries=N" in ran.err


def test_the_size_of_data_files(backprop: Backprop, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("x\n1\n2\n3\n", "utf-8")
    program = tmp_path / "p.expr"
    program.write_text("L=x[0]", "utf-8")
    given = (str(program), "--data", str(table))
    assert backprop("grad", *given, "--limit", "file-bytes=8", "--limit", "entries=3").status == 0
    ran = backprop("grad", *given, "--limit", "file-bytes=7")
    assert "larger than 7 bytes" in ran.err
    assert "--limit file-bytes=N" in ran.err
    ran = backprop("grad", *given, "--limit", "entries=2")
    assert "holds 3 numbers; the limit for one value is 2" in ran.err
    assert "--limit entries=N" in ran.err
    ran = backprop("grad", "-e", "L = x", "--at", f"@{table}", "--limit", "file-bytes=7")
    assert "larger than 7 bytes" in ran.err


def test_the_limits_are_those_of_the_manual() -> None:
    assert Limits(
        file_bytes=67_108_864, line=67_108_864, answers=100_000, nesting=100_000, nodes=2_000_000, entries=50_000_000,
        digits=1_000, exponent=400, exact_bits=100_000, expanded=1_000, seconds=10.0, memory=1_073_741_824,
    ) == OWN  # fmt: skip
    assert Limits(
        file_bytes=262_144, line=10_000, answers=2_000, nesting=200, nodes=20_000, entries=1_000_000,
        digits=100, exponent=400, exact_bits=4_096, expanded=1_000, seconds=2.0, memory=1_073_741_824,
    ) == SUBMISSION  # fmt: skip


@pytest.mark.parametrize("wrong", ["nodes", "nodes=", "nodes=x", "nodes=-1", "nodes=1e3", "nodes=²", "pages=3", "=3", "nodes=" + "9" * 16])
def test_what_is_no_limit(backprop: Backprop, wrong: str) -> None:
    ran = backprop("grad", "-e", "L = x", *AT, "--limit", wrong)
    assert ran.status == 2
    assert "--limit takes NAME=N" in ran.err
    assert all(field.name.replace("_", "-") in ran.err for field in fields(Limits))
