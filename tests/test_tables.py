"""The parser's tables that are kept with the package are those that Lark makes of the grammar."""

from __future__ import annotations

import os
import subprocess
import sys

import lark
import pytest

from backprop_cli.lang import answers_trees, tables
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import same
from backprop_cli.lang.trees import STARTS, TREES, grammar_text, lark_parser

ROOT = tables.tables_path("expr").parents[2]


def made_of(name: str) -> str:
    if name == "expr":
        return tables.tables_text("expr", STARTS, ["expr"], grammar_text)
    return tables.tables_text("answers", answers_trees.STARTS, ["answers", "expr"], grammar_text, answers_trees.Given)


@pytest.mark.parametrize("name", ["expr", "answers"])
def test_the_tables_that_are_kept_are_up_to_date(name: str, update_golden: bool) -> None:
    path = tables.tables_path(name)
    made = made_of(name)
    if update_golden:
        path.write_text(made, "utf-8")
    kept = path.read_text("utf-8")
    if f'"made_by":"lark {lark.__version__} ' not in kept:
        pytest.skip("they were made by another release of Lark, and this one makes its own")
    assert kept == made, "the grammar has changed: run pytest --update-golden -k tables"


@pytest.mark.parametrize("name", ["expr", "answers"])
def test_tables_do_not_depend_on_the_run(name: str) -> None:
    program = f"from tests.test_tables import made_of; import hashlib;print(hashlib.sha256(made_of({name!r}).encode()).hexdigest())"
    found = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
    }
    assert len(found) == 1


@pytest.mark.parametrize("spoiled", ["absent", "another grammar", "another Lark"])
def test_without_fitting_tables_lark_makes_its_own(spoiled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = grammar_text
    if spoiled == "absent":
        monkeypatch.setattr(tables, "get_data", lambda package, name: (_ for _ in ()).throw(FileNotFoundError(name)))
    elif spoiled == "another Lark":
        monkeypatch.setattr(lark, "__version__", "0.0")
    else:
        read = lambda name: grammar_text(name) + "\n// changed\n"  # noqa: E731
    slow: list[str] = []
    make = tables.slow_parser
    monkeypatch.setattr(tables, "slow_parser", lambda name, *rest: slow.append(name) or make(name, *rest))
    made = tables.quick_parser("expr", STARTS, TREES, read)
    assert slow == ["expr"]
    TREES.begin(0)
    assert same(made.parse("a*(b + 2)^2", start="expr"), parse_expression("a*(b + 2)^2"))  # type: ignore[arg-type]


def test_fitting_tables_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    if f'"made_by":"lark {lark.__version__} ' not in tables.tables_path("expr").read_text("utf-8"):
        pytest.skip("they were made by another release of Lark")
    monkeypatch.setattr(tables, "slow_parser", lambda *rest: pytest.fail("Lark is asked to make tables that are there"))
    for parser in (lark_parser, answers_trees._parser):
        parser.cache_clear()
        try:
            assert parser().options.parser == "lalr"
        finally:
            parser.cache_clear()
