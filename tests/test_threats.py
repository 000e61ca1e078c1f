"""What strangers may send, through the command line: one clear answer, and nothing run, written, started or opened on the way.

Each command is a watched process of its own (`confined.py`): an audit hook tells what it does to files, processes and the
network, and what text is made into code; the system tells what it cost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("resource")

from tests.confined import Server
from tests.threats import AT, PLACE, SQUARE, checked, refused, verdict


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


# ---- code in a text ----

ATTACKS = {
    "__import__('os').system('touch owned')": 13,
    "().__class__.__bases__[0].__subclasses__()": 2,
    "f'{open(1)}'": 2,
    "lambda: open('owned', 'w')": 7,
    "exec('import os')": 6,
    "eval('1')": 6,
    "open('owned','w')": 6,
    "getattr(x, y)": 1,
    "Symbol(x).subs(y, z)": 10,
    "x.__class__": 2,
    "`touch owned`": 1,
    "$(touch owned)": 1,
    "x if open(1) else y": 3,
    "(x := open(1))": 4,
    "x; import os": 4,
    "{{config}}": 1,
    "${jndi:ldap}": 1,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_code_is_a_mistake_with_a_place_wherever_it_stands(server: Server, tmp_path: Path, attack: str) -> None:
    runs = []
    for command in ("grad", "trace"):
        runs += [
            refused(server.run([command, "-e", f"L = x + {attack}", *AT], tmp_path)),
            refused(server.run([command, "-e", "L = x", "--at", f"x={attack}"], tmp_path)),
        ]
        assert PLACE.search(runs[-2].err)
    runs.append(refused(server.run(["verify", "-e", f"L = x + {attack}", *AT, "-a", "dx = 1"], tmp_path)))
    runs.append(checked(server.run([*SQUARE, "-a", f"dx = {attack}"], tmp_path), 1))
    assert " unreadable" in runs[-1].out
    for option in ("--of", "--wrt"):
        runs.append(refused(server.run(["grad", "-e", "L = x", *AT, option, attack], tmp_path)))
    words = [word for word in ("touch", "open", "__class__", "subs(", "import os", "getattr", "config", "jndi") if word in attack]
    assert not [text for run in runs for text in run.compiled if any(word in text for word in words)]
    assert list(tmp_path.iterdir()) == []


NAMES = (
    *("E", "I", "S", "N", "O", "Q", "C", "oo", "zoo", "nan", "Symbol", "Integer", "beta", "gamma", "zeta", "lamda", "Lambda", "diff"),
    *("def", "lambda", "class", "import", "None", "True", "False", "and", "or", "not", "if", "else", "self", "print", "open", "eval"),
    *("exec", "os", "sys", "__import__", "__builtins__", "__class__", "__name__", "_", "__", "v0", "v1", "x0", "g", "y", "np", "math"),
)  # fmt: skip


def test_names_that_mean_something_elsewhere_are_variables(server: Server) -> None:
    for name in NAMES:
        found = checked(server.run(["grad", "-e", f"L = {name}^2 + 3*{name}", "--at", f"{name}=2", "--symbolic", "--json"]), 0)
        assert json.loads(found.out)["gradients"] == {name: 7}, name
        verdict(server.run(["verify", "-e", f"L = {name}^2 + 3*{name}", "--at", f"{name}=2", "-a", f"dL/d{name} = 2*{name} + 3"]), "right")


# ---- characters ----

CHARACTERS = {
    "look-alike": ("xа = 1\nL = xа + xa".encode(), "unknown", None),
    "right-to-left override": ("L = x # \u202e abc".encode(), "U+202E", (1, 9)),
    "isolate": ("L = x\u2066 + 1".encode(), "U+2066", (1, 6)),
    "zero-width space": ("L = x\u200b + 1".encode(), "U+200B", (1, 6)),
    "zero-width joiner": ("L = x\u200d + 1".encode(), "U+200D", (1, 6)),
    "NUL": (b"L = 1 + x\0", "U+0000", (1, 10)),
    "ESC": (b"L = x + \x1b[31m", "U+001B", (1, 9)),
    "C1": ("L = x + \x9b31m".encode(), "U+009B", (1, 9)),
    "soft hyphen": ("L = x\u00ad1".encode(), "U+00AD", (1, 6)),
    "UTF-16": ("L = x".encode("utf-16"), "not UTF-8: byte 1 begins a UTF-16 text", None),
    "Latin-1": ("L = é".encode("latin-1"), "byte 5 (line 1) is 0xe9", None),
    "carriage return": (b"L = 1\r\x1b[2KL = x", "U+001B", (2, 1)),
    "private use": ("L = \ue000 + 1".encode(), "U+E000", (1, 5)),
    "tag": ("L = x\U000e0041".encode(), "U+E0041", (1, 6)),
}


@pytest.mark.parametrize("what", [what for what in CHARACTERS if what != "look-alike"])
def test_characters_that_deceive_are_named_with_their_place(server: Server, what: str) -> None:
    data, said, place = CHARACTERS[what]
    for command in (["grad", "-", *AT], ["trace", "-", *AT], ["verify", "-", *AT, "-a", "dx = 1"]):
        assert said in refused(server.run(command, stdin=data), None, place).err
    found = server.run([*SQUARE, "-"], stdin=data)
    checked(found, 1, 2)
    assert said in found.out + found.err
    if place:
        assert f":{place[0]}:{place[1]}\n" in found.out + found.err


def test_look_alikes_are_told_apart(server: Server) -> None:
    found = server.run(["grad", "-"], stdin="xа = 1\nxa = 2\nL = xа + xaa".encode())
    assert refused(found, "missing-value", (3, 10))
    assert "U+0430" in checked(server.run([*SQUARE, "-a", "dх = 2*x"]), 1).out + checked(server.run([*SQUARE, "-a", "dx = 2*а"]), 1).out


# ---- size ----


def deep(opening: str, inner: str, closing: str, count: int) -> str:
    return opening * count + inner + closing * count


LONG = {
    "100,000 brackets": ("L = " + deep("(", "x", ")", 100_000), 0),
    "100,001 brackets": ("L = " + deep("(", "x", ")", 100_001), 2),
    "100,000 square brackets never closed": ("L = " + "[" * 100_000, 2),
    "100,000 brackets never opened": ("L = x" + ")" * 100_000, 2),
    "10,000 unary minuses": ("L = " + "-" * 10_000 + "x", 0),
    "100,000 blanks": ("L = x" + " " * 100_000 + "+ 1", 0),
    "100,000 signs of comments": ("L = x " + "#" * 100_000, 0),
    "100,000 semicolons": ("L = x" + ";" * 100_000, 0),
    "100,000 dots": ("L = x" + "." * 100_000, 2),
    "100,000 digits": ("L = x + " + "9" * 100_000, 2),
    "100,000 decimals": ("L = x + 0." + "9" * 100_000, 2),
    "an exponent of 100,000 digits": ("L = x + 1e" + "9" * 100_000, 2),
    "a name of 100,000 letters": ("L = x + " + "n" * 100_000, 2),
    "1e100000000": ("L = x + 1e100000000", 2),
    "9^9^9^9": ("L = x + 9^9^9^9", 2),
    "2^(10^9)": ("L = x + 2^(10^9)", 2),
    "x^(10^9)": ("L = x^(10^9)", 2),
    "nested powers": ("L = ((((x^99)^99)^99)^99)^99", 2),
    "a tower of exponentials": ("L = exp(exp(exp(exp(exp(x)))))", 2),
    "a broadcast to 2 GB from 62 KB": (f"a = [{','.join(['[1]'] * 10_000)}]\nb = [{','.join(['1'] * 10_000)}]\nL = sum(a*b*x)", 2),
    "a product of 2 GB": (f"a = [{','.join(['[1]'] * 16_000)}]\nL = sum(x*a @ a.T)", 2),
    "functions that double, 30 deep": (
        "f0(p) = p*p\n" + "".join(f"f{n}(p) = f{n - 1}(p) + f{n - 1}(p)\n" for n in range(1, 31)) + "L = f30(x)",
        2,
    ),
    "u <- u*u": ("u0 = x/2\n" + "".join(f"u{n + 1} = u{n}*u{n}\n" for n in range(40)), 0),
    "u <- sin(u)*u": ("u0 = x/2\n" + "".join(f"u{n + 1} = sin(u{n})*u{n}\n" for n in range(40)), 0),
    "u <- u^u": ("u0 = x/2\n" + "".join(f"u{n + 1} = u{n}^u{n}\n" for n in range(40)), 0),
}


def test_100000_unary_minuses(server: Server) -> None:
    found = checked(server.run(["grad", "--no-check", "-", *AT], stdin=("L = " + "-" * 100_000 + "x").encode()), 0)
    assert found.out.startswith("L = 2\n")


@pytest.mark.parametrize("what", LONG)
def test_what_explodes_is_worked_out_or_refused(server: Server, what: str) -> None:
    text, status = LONG[what]
    commands = [["grad"], ["trace"], ["trace", "--json"], ["grad", "--exact"], ["grad", "--symbolic"]]
    for command in commands[: 1 if len(text) > 20_000 else None]:
        found = server.run([*command, "-", *AT], stdin=text.encode())
        if len(command) > 1:  # exact numbers overflow later, closed forms may be missing
            checked(found, 0, 2)
            assert found.status != status or found.out or found.err
        elif status:
            refused(found)
            assert PLACE.search(found.err)
        else:
            checked(found, 0)
    found = server.run(["verify", "-", *AT, "-a", "dx = 1"], stdin=text.encode())
    checked(found, 0, 1, 2, 3)


ANSWERS = {
    "9,990 brackets": (deep("(", "2*x", ")", 4_900), "unreadable"),
    "200 brackets": (deep("(", "2*x", ")", 200), "right"),
    "brackets never closed": ("2*x" + "(" * 9_000, "unreadable"),
    "unary minuses": ("-" * 9_000 + "2*x", "right"),
    "a long line": ("2*x + 0*x" * 2_000, "unreadable"),
    "digits": ("9" * 9_000, "unreadable"),
    "1e100000000": ("1e100000000", "unreadable"),
    "9^9^9^9": ("9^9^9^9", "undecided"),
    "2^(10^9)": ("2^(10^9)", "wrong"),
    "x^(10^9)": ("x^(10^9)", "wrong"),
    "(1/3)^(10^8)": ("(1/3)^(10^8)", "wrong"),
    "nested powers": ("(((((x+1)^100)^100)^100)^100)^100", "wrong"),
    "nested powers of numbers": ("(((((1+1)^100)^100)^100)^100)^100", "wrong"),
    "a tower": ("exp(exp(exp(exp(10))))", "undecided"),
    "0*2^(10^9)": ("2*x + 0*2^(10^9)", "right"),
    "0/0": ("0/0", "wrong"),
    "roots": (deep("sqrt(", "x", ")", 190), "wrong"),
    "sines": (deep("sin(", "x", ")", 190), "wrong"),
    "absolute values": (deep("abs(", "2*x", ")", 190), None),
    "a sum of sines": ("+".join(f"sin({n}*x)" for n in range(900)), "wrong"),
    "a large product": ("*".join(f"(x+{n})" for n in range(1_200)), "wrong"),
    "a long sum": ("2*x" + " + x - x" * 1_000, "right"),
    "itself": ("dx", "wrong"),
    "itself, spelled otherwise": ("dL/dx", "wrong"),
    "itself and nothing": ("dL/dx + 0", "wrong"),
    "dollars": ("$" * 9_000, "unreadable"),
    "backslashes": ("\\" * 9_001, None),
    "fractions": (r"\frac{" * 1_500, "unreadable"),
    "primes": ("x" + "'" * 9_000, "unreadable"),
    "carets": ("x" + "^" * 9_000, "unreadable"),
    "blanks": ("2*x" + " " * 9_000, "right"),
    "bars": ("|" * 9_000, "unreadable"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_answers_that_explode_are_judged_or_refused(server: Server, what: str) -> None:
    text, word = ANSWERS[what]
    found = server.run([*SQUARE, "-a", f"dx = {text}"])
    checked(found, 0, 1, 2, 3) if word is None else verdict(found, word)


def test_a_circle_of_answers_is_no_answer(server: Server) -> None:
    found = checked(server.run(["verify", "-e", "a = x^2; L = sin(a)", *AT, "-a", "dL/da = dL/dx/(2*x); dL/dx = dL/da*2*x"]), 1)
    assert "this goes round in a circle" in found.out
    assert "1 right, 1 wrong" in found.out


def test_a_large_file_of_answers(server: Server) -> None:
    many = b"dx = 2*x\n" * 1_900
    checked(server.run([*SQUARE, "-", "-q"], stdin=many), 0)
    refused(server.run([*SQUARE, "-"], stdin=b"dx = 2*x\n" * 2_001), "too-many-answers")
    refused(server.run([*SQUARE, "-"], stdin=b"#" * (256 * 2**10 + 1)), "file-too-large")
