"""What strangers may send, third part: one line of very many operations, with the second opinion, and odd cells of tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("resource")

from tests.confined import Server
from tests.threats import AT, SQUARE, checked, refused

MOST, MANY = 100_000, 20_000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def chain(sign: str) -> str:
    return "L = " + sign.join("x" * MANY)


# The program, the point, and value and gradient there.
DEEP = {
    "unary minuses": ("L = " + "-" * MOST + "x", 2, 2, 1),
    "unary pluses": ("L = " + "+" * MANY + "x", 2, 2, 1),
    "brackets": ("L = " + "(" * MOST + "x" + ")" * MOST, 2, 2, 1),
    "a sum": (chain("+"), 2, 2 * MANY, MANY),
    "a difference": (chain("-"), 2, -2 * (MANY - 2), 2 - MANY),
    "a product": (chain("*"), 1, 1, MANY),
    "a quotient": (chain("/"), 1, 1, 2 - MANY),
    "a tower of powers": (chain("^"), 1, 1, 1),
    "powers of powers": ("L = x" + "^1" * MANY, 2, 2, 1),
    "absolute values": ("L = " + "abs(" * MANY + "x" + ")" * MANY, 2, 2, 1),
}


@pytest.mark.parametrize("what", DEEP)
def test_one_long_line_is_worked_out_and_confirmed(server: Server, what: str) -> None:
    text, at, value, gradient = DEEP[what]
    found = json.loads(checked(server.run(["grad", "-", "--at", f"x={at}", "--json"], stdin=text.encode()), 0).out)
    assert (found["value"], found["gradients"]) == (value, {"x": gradient})
    # A machine that is too busy may let the check run out of time; it never says anything else.
    assert found["check"]["status"] == "agrees" or "took longer than 10 s" in found["check"]["detail"], found["check"]


def test_one_long_line_at_a_corner(server: Server) -> None:
    text = "L = " + "abs(" * MANY + "x" + ")" * MANY
    assert "not checked: kink" in checked(server.run(["grad", "-", "--at", "x=0"], stdin=text.encode()), 0).out


def test_the_check_of_one_long_line_ends_when_its_time_is_over(server: Server) -> None:
    text = "L = " + "+".join(["erf(x)"] * (MANY // 2))
    found = checked(server.run(["grad", "-", *AT, "--limit", "seconds=1"], stdin=text.encode()), 0)
    assert "agrees with SymPy" in found.out or "not checked: the check took longer than 1 s (--limit seconds=N)" in found.out


def test_comparisons_in_a_chain(server: Server) -> None:
    text = f"L = where({'<'.join('x' * MOST)}, 1, 2)*x"
    for command in (["grad", "-", *AT], ["trace", "-", *AT], ["verify", "-", *AT, "-a", "dx = 1"]):
        refused(server.run(command, stdin=text.encode()), "chained-comparison", (1, 14))


def test_lines_of_answers_are_short(server: Server) -> None:
    for answer in ("-" * 20_000 + "2*x", "(" * 20_000 + "2*x" + ")" * 20_000, "+".join(["x"] * 20_000)):
        found = checked(server.run([*SQUARE, "-a", f"dx = {answer}"]), 1, 2)
        assert "the limit is 10,000" in " ".join((found.out + found.err).split())


@pytest.mark.parametrize("cell", ["1_000", "١٢", "１２", "0x10", "1e400", "1,5", "1 2", "\u202e1", "1\u200b", "--1", "1e", "½", "True"])
def test_a_cell_that_is_no_number_has_its_row_and_column(server: Server, tmp_path: Path, cell: str) -> None:
    (tmp_path / "t.csv").write_text(f"x;y\n1;2\n3;{cell}\n", "utf-8")
    found = refused(server.run(["grad", "-e", "L = sum(x*y)", "--data", "t.csv"], tmp_path))
    assert "t.csv, row 3, column 2: " in found.err


@pytest.mark.parametrize("given", ["\u202e", "\x1b[31m", "x\x9b2J", "n" * 100_000, "x\u2066", "x\ny"])
def test_what_stands_in_options_is_shown_escaped_and_short(server: Server, tmp_path: Path, given: str) -> None:
    for command in ("grad", "trace", "verify"):
        for option in ("--of", "--wrt", "--at", "--limit", "--format", "-o", "--rubric", "--data", "--color", "--digits"):
            found = server.run([command, "-e", "L = x^2", *AT, *(["-a", "dx = 4"] if command == "verify" else []), option, given], tmp_path)
            checked(found, 2)
            assert len(found.err) < 2_500
    assert list(tmp_path.iterdir()) == []


EXPONENTS = [
    "L = exp(tanh((x^2 + 1)^0.333333333333333))",
    "L = sum(exp(tanh(([x, 2]^2 + 1)^0.333333333333333)))",
    "f(p) = p^0.333333333333333; L = exp(tanh(f(x^2 + 1)))",
    "L = exp(tanh(exp(0.333333333333333*log(x^2 + 1))))",
]


@pytest.mark.parametrize("text", EXPONENTS)
@pytest.mark.parametrize("options", [(), ("--symbolic",)])
def test_an_exponent_of_many_digits_does_not_take_all_memory(server: Server, text: str, options: tuple[str, ...]) -> None:
    """SymPy looks for common factors of x^0.333333333333333 as in a polynomial of 333333333333333 terms."""
    found = checked(server.run(["grad", "-e", text, "--at", "x=1.3", *options]), 0)
    assert "agrees with SymPy" in found.out
