"""What is shipped: the grammars inside the package, nothing outside it, one set of developers' tools."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_wheel_holds_the_package_and_the_grammars() -> None:
    from hatchling.builders.wheel import WheelBuilder

    shipped = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert all(path.startswith("backprop_cli/") for path in shipped)
    grammars = {path.name for path in (ROOT / "grammar").glob("*.lark")}
    assert {Path(path).name for path in shipped if path.endswith(".lark")} == grammars
    assert all(path.startswith("backprop_cli/grammar/") for path in shipped if path.endswith(".lark"))
    assert {
        "backprop_cli/py.typed",
        "backprop_cli/commands/__init__.py",
        "backprop_cli/lang/expr.json",
        "backprop_cli/lang/answers.json",
    } <= shipped
    assert len([path for path in shipped if path.endswith(".py")]) == len(list((ROOT / "backprop_cli").rglob("*.py")))


def test_the_source_archive_holds_samples_and_tests() -> None:
    from hatchling.builders.sdist import SdistBuilder

    shipped = {file.relative_path for file in SdistBuilder(str(ROOT)).recurse_included_files()}
    for expected in ("samples/chain.expr", "tests/test_packaging.py", "grammar/expr.lark", ".ci/run"):
        assert expected in {path.replace("\\", "/") for path in shipped}


def test_developers_tools_are_listed_alike() -> None:
    assert PROJECT["dependency-groups"]["dev"] == PROJECT["project"]["optional-dependencies"]["dev"]


def test_nothing_else_configures_a_tool() -> None:
    others = {"setup.py", "setup.cfg", "tox.ini", "pytest.ini", "mypy.ini", "ruff.toml", ".ruff.toml", "conftest.py", "MANIFEST.in"}
    assert not others & {path.name for path in ROOT.iterdir()}
