"""The limits on what is read: brackets, numbers, lines, files. Exactly at a limit all is well; one more is refused at its place."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from backprop_cli import Limits, parse
from backprop_cli.commands import reading
from backprop_cli.commands.point import point
from backprop_cli.commands.values import columns, values
from backprop_cli.errors import BackpropError, Diagnostic, Span
from backprop_cli.lang.answers import Vocabulary, read_answers
from backprop_cli.lang.answers_syntax import Unreadable
from backprop_cli.lang.literals import out_of_range, too_long
from backprop_cli.lang.parse import parse_bindings, parse_expression


def refused(what: Callable[[], object]) -> Diagnostic:
    """The one complaint of what must not pass."""
    with pytest.raises(BackpropError) as caught:
        what()
    (found,) = caught.value.diagnostics
    return found


# ---- brackets ----

# All of depth 3; where the bracket is that goes beyond a limit of 2.
DEPTH_3 = [
    ("y = (((x)))", 6),
    ("y = (x) + [[(x)]]", 12),
    ("y = ((x)) + ((x)) + ((x + (1)))", 26),
    ("f(p) = (((p)))", 9),
    ("input x = [[[1]]]", 12),
]


@pytest.mark.parametrize(("text", "place"), DEPTH_3)
def test_the_depth_of_brackets(text: str, place: int) -> None:
    """Many brackets are not deep ones: what counts is how many are open at once."""
    assert parse(text, limits=Limits(nesting=3)).statements
    found = refused(lambda: parse(text, limits=Limits(nesting=2)))
    assert (found.reference, found.message) == ("nested-too-deeply", "brackets nest 3 levels deep; the limit is 2")
    assert found.span == Span(place, place + 1)
    assert "--limit nesting=N" in found.hint


def test_brackets_in_values_given_from_outside() -> None:
    assert parse_expression("((2))", limits=Limits(nesting=2))
    assert parse_bindings("x = ((2))", "--at", Limits(nesting=2))
    for call in (
        lambda: parse_expression("((2))", limits=Limits(nesting=1)),
        lambda: parse_bindings("x = ((2))", "--at", Limits(nesting=1)),
    ):
        assert refused(call).message == "brackets nest 2 levels deep; the limit is 1"


# ---- numbers ----


@pytest.mark.parametrize("text", ["12345", "1.2345", ".12345", "12345.", "12.345e9", "00001"])
def test_the_digits_of_a_number(text: str) -> None:
    """Neither the point nor the exponent counts as a digit."""
    assert not too_long(text, Limits(digits=5))
    assert too_long(text, Limits(digits=4)) == "a number of 5 digits; the limit is 4"
    assert parse(f"y = x*{text}", limits=Limits(digits=5)).statements
    assert refused(lambda: parse(f"y = x*{text}", limits=Limits(digits=4))).reference == "literal-too-long"


@pytest.mark.parametrize("text", ["1e12", "1e-12", "1E+12", "2.5e012", "0e12"])
def test_the_exponent_of_a_number(text: str) -> None:
    shown = text.lower().partition("e")[2]
    assert not out_of_range(text, Limits(exponent=12))
    assert out_of_range(text, Limits(exponent=11)) == f"the exponent of this number is {shown}; the limit is ±11"
    assert parse(f"y = x*{text}", limits=Limits(exponent=12)).statements
    assert refused(lambda: parse(f"y = x*{text}", limits=Limits(exponent=11))).reference == "literal-out-of-range"


def test_numbers_that_no_limit_allows() -> None:
    """Python writes no more digits than these, and exact powers of ten beyond these take too long, whatever a person sets."""
    wide = Limits(digits=10**9, exponent=10**9)
    assert not too_long("1" * 4_000, wide)
    assert too_long("1" * 4_001, wide) == "a number of 4,001 digits; the limit is 4,000, whatever --limit says"
    assert too_long("1" * 4_001, Limits(digits=4_000)) == "a number of 4,001 digits; the limit is 4,000"
    assert not out_of_range("1e-99999", wide)
    assert out_of_range("1e-100000", wide) == "the exponent of this number is -100000; the limit is ±99,999, whatever --limit says"
    assert out_of_range("1e999999", Limits()) == "the exponent of this number is 999999; the limit is ±400"
    assert out_of_range("1e1000000", Limits()) == "the exponent of this number is a number of 7 digits; the limit is ±400"


# ---- answers ----


def said(text: str, **limits: int) -> list[tuple[int, str]]:
    """The lines of an answer file, each with what is wrong with it."""
    found = read_answers(text, Vocabulary(frozenset({"x", "L"}), output="L"), limits=Limits(**limits))
    return [(each.line, each.diagnostic.message if isinstance(each, Unreadable) else "") for each in found]


LINES = [
    ("dx = 2*x + 1", 12, "a line of 12 characters; the limit is 11"),
    ("dx = (2*x +\n 0 +\n 0)", 20, "a line of 20 characters; the limit is 19"),  # a bracket holds the lines together
    ("dx = 2*x\n= 3", 12, "a line of 12 characters; the limit is 11"),  # so does the = of a chain
]


@pytest.mark.parametrize(("text", "length", "message"), LINES)
def test_the_length_of_a_line(text: str, length: int, message: str) -> None:
    assert said(text + "\ndx = 4", line=length) == [(1, ""), (text.count("\n") + 2, "")]
    assert said(text + "\ndx = 4", line=length - 1) == [(1, message), (text.count("\n") + 2, "")]


def test_a_bracket_that_is_never_closed_holds_no_more_than_a_line() -> None:
    """Once as much is open as a line may hold, the next line is one of its own."""
    open_bracket = "dx = (2*x\nhelp"
    assert said(open_bracket, line=10) == [(1, "a line of 14 characters; the limit is 10")]
    assert said(open_bracket, line=9) == [(1, "this ( is never closed"), (2, "this line gives no answer")]


@pytest.mark.parametrize(("answer", "depth"), [("dx = ((2*x))", 2), ("dx = [[2*x]]", 2), (r"dx = \frac{\frac{x}{2}}{1}", 4)])
def test_brackets_in_answers(answer: str, depth: int) -> None:
    assert said(answer, nesting=depth) == [(1, "")]
    assert said(answer, nesting=depth - 1) == [(1, f"brackets nest deeper than {depth - 1} levels, the limit")]


def test_numbers_in_answers() -> None:
    assert said("dx = 4.0000", digits=5) == said("dx = 4e7", exponent=7) == [(1, "")]
    assert said("dx = 4.0000", digits=4) == [(1, "a number of 5 digits; the limit is 4")]
    assert said("dx = 4e-7", exponent=6) == [(1, "the exponent of this number is -7; the limit is ±6")]


def test_the_size_of_answers_that_are_text_already() -> None:
    assert said("dx = 2*x", file_bytes=8) == [(1, "")]
    assert refused(lambda: said("dx = 2*x", file_bytes=7)).message == "<answers> is larger than 7 bytes, the limit for a file"


# ---- files ----


def test_no_more_is_read_than_one_byte_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a file without an end (`/dev/zero`, a pipe) costs no more than one just too large."""
    file, typed = tmp_path / "x", io.BytesIO(b"7" * 100)
    file.write_bytes(b"7" * 100)
    assert len(reading.read_file(str(file), Limits(file_bytes=10))) == 11
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=typed, isatty=lambda: False))
    assert len(reading.read_stdin(Limits(file_bytes=10))) == typed.tell() == 11


def test_the_size_of_a_point(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"x": 2}), "utf-8")
    assert point([f"@{file}"], Limits(file_bytes=8)).keys() == {"x"}
    assert f"{file} is larger than 7 bytes" in refused(lambda: point([f"@{file}"], Limits(file_bytes=7))).message


TABLES = [("1,2,3\n4,5,6\n", 6), ("1,2,3\n4,5,6", 6), ("1\n2\n3\n", 3), ("x;y\n1;2\n\n3;4\n", 4), ("7", 1)]


@pytest.mark.parametrize(("text", "numbers"), TABLES)
def test_the_numbers_of_a_table(tmp_path: Path, text: str, numbers: int) -> None:
    """Neither the names in the first row nor empty lines count."""
    file = tmp_path / "t.csv"
    file.write_text(text, "utf-8")
    assert values(str(file), Limits(entries=numbers, file_bytes=len(text))).size == numbers
    found = refused(lambda: values(str(file), Limits(entries=numbers - 1)))
    assert found.message == f"{file} holds {numbers} numbers; the limit for one value is {numbers - 1}"
    assert "--limit entries=N" in found.hint
    found = refused(lambda: values(str(file), Limits(file_bytes=len(text) - 1)))
    assert found.message == f"{file} is larger than {len(text) - 1} bytes, the limit for a file"


def test_the_columns_of_a_table_count_together(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("x,y\n1,2\n3,4\n", "utf-8")
    assert list(columns(str(file), Limits(entries=4))) == ["x", "y"]
    assert "holds 4 numbers; the limit for one value is 3" in refused(lambda: columns(str(file), Limits(entries=3))).message


def test_arrays_in_numpy_s_format(tmp_path: Path) -> None:
    """A packed array is no larger than its header says, and that is read before anything is unpacked."""
    plain, packed = str(tmp_path / "a.npy"), str(tmp_path / "a.npz")
    array = np.ones((20, 50))
    np.save(plain, array)
    np.savez_compressed(packed, a=array)
    for path in (plain, packed):
        assert values(path, Limits(entries=1_000)).shape == (20, 50)
    found = refused(lambda: values(plain, Limits(entries=999)))
    assert found.message == f"{plain} holds 1,000 numbers; the limit for one value is 999"
    assert values(packed, Limits(file_bytes=8_000)).shape == (20, 50)
    found = refused(lambda: values(packed, Limits(file_bytes=7_999)))
    assert found.message == f"{packed} unpacks to 8,000 bytes; the limit for a file is 7,999"
    assert "--limit file-bytes=N" in found.hint


def test_a_line_of_a_program() -> None:
    text = "x = 2\nL = x*x + 1"
    assert len(parse(text, limits=Limits(line=11)).statements) == 2
    found = refused(lambda: parse(text, limits=Limits(line=10)))
    assert found.span is not None
    assert (found.reference, found.message) == ("line-too-long", "a line of 11 characters; the limit is 10")
    assert (found.span.start, found.hint) == (6, "split it, or allow more with --limit line=N")
