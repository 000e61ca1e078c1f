"""The manual is run: every console block, every Python block, the help texts, the rule table, the commands of the set-up."""

from __future__ import annotations

import doctest
import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Backprop

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"(?<=^```pycon\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
RULES = re.compile(r"(?<=^<!-- rules -->\n).*?(?=^<!-- end of rules -->$)", re.MULTILINE | re.DOTALL)
SET_UP = re.compile(r"(?<=^```sh\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def transcript(block: str, backprop: Backprop) -> str:
    """The block with what its commands print today."""
    lines = []
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        words = shlex.split(command)
        stdin = ""
        if "<" in words:
            at = words.index("<")
            stdin = (ROOT / words[at + 1]).read_text("utf-8")
            del words[at : at + 2]
        if words[0] == "cat":
            lines.append(f"$ {command}\n{(ROOT / words[1]).read_text('utf-8')}")
            continue
        assert words[0] == "backprop", f"cannot run {command}"
        ran = backprop(*words[1:], stdin=stdin)
        lines.append(f"$ {command}\n{ran.out}{ran.err}" + (f"[exit {ran.status}]\n" if ran.status else ""))
    return "\n".join(lines)


def steady(text: str) -> str:
    """The text without the last digits of rounding errors, in which mathematical libraries differ."""
    return re.sub(r"largest relative difference \S+|(?<=\"max_relative_difference\": )[^,]+|no difference", "…", text)


def blocks(pattern: re.Pattern[str]) -> list[str]:
    return pattern.findall(README.read_text("utf-8"))


def replaced(old: str, new: str) -> None:
    text = README.read_text("utf-8")
    assert text.count(old) == 1, "two blocks are alike"
    README.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("block", blocks(CONSOLE), ids=lambda block: block.split("\n")[0][2:])
def test_console(block: str, backprop: Backprop, update_golden: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    printed = transcript(block, backprop)
    same = steady(printed) == steady(block)
    if update_golden and not same:
        replaced(f"```console\n{block}", f"```console\n{printed}")
    assert same or update_golden, printed


@pytest.mark.parametrize("block", blocks(PYTHON), ids=lambda block: block.split("\n")[0][4:])
def test_python(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", None, 0)
    runner = doctest.DocTestRunner()
    heard: list[str] = []
    runner.run(test, out=heard.append)
    assert runner.failures == 0, "".join(heard)


def rule_table() -> str:
    """The derivative table in Markdown, in the order of calculus/table.py."""
    from backprop_cli.calculus.table import ROWS

    def code(text: str) -> str:
        return f"`{text}`".replace("|", "\\|")

    lines = ["| function | rule | local derivatives (`y` is its value, `g` what arrives) | at a kink |", "| --- | --- | --- | --- |"]
    for head, row in ROWS.items():
        slopes = ", ".join(f"{code(name)}: {code(text)}" for name, text in zip(row.operands, row.local, strict=False) if text is not None)
        lines.append(f"| {code(head)} | {row.rule} | {slopes or 'none'} | {code(row.kink.takes) if row.kink else ''} |")
    return "\n".join(lines) + "\n"


def test_the_rule_table_is_that_of_the_program(update_golden: bool) -> None:
    (written,) = blocks(RULES)
    if update_golden and written != rule_table():
        replaced(f"<!-- rules -->\n{written}", f"<!-- rules -->\n{rule_table()}")
    assert written == rule_table() or update_golden


def test_every_command_is_in_the_manual() -> None:
    from backprop_cli.commands.app import COMMANDS

    text = README.read_text("utf-8")
    for name in COMMANDS:
        assert f"$ backprop {name} --help" in text, f"the manual does not show the help of {name}"


def test_every_limit_is_in_the_manual() -> None:
    from backprop_cli.limits import Limits

    text = README.read_text("utf-8")
    for field in fields(Limits):
        assert f"`{field.name.replace('_', '-')}`" in text, f"the manual does not name the limit {field.name}"


def test_the_build_server_runs_the_words_of_the_manual() -> None:
    first, second = (block.strip() for block in blocks(SET_UP)[:2])
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert "backprop grad samples/chain.expr --wrt a" in first
    assert second in script
