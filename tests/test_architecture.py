"""The floors of the house: imports point down, and each library is imported in its own room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "backprop_cli"
FLOORS = [
    {"records"},
    {"errors", "limits"},
    {"lang", "data"},
    {"calculus"},
    {"graph"},
    {"autodiff", "oracles", "worker"},
    {"equality"},
    {"homework", "door"},
    {"reports"},
    {"render", "export"},
    {"commands"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem in FLOOR)
ORACLES_MAY = {"errors", "limits", "records", "lang", "calculus", "oracles"}
HOMES = {  # which rooms may import a library
    "lark": {"lang"},
    "sympy": {"oracles", "worker"} | {f"calculus/{name}" for name in ("algebra", "corners", "exact", "exact_text", "objects", "powers")},
    "mpmath": {"oracles", "equality", "worker", "calculus/approximation"},
    "rich": {"render"},
    "typer": {"commands"},
}
# Imported inside functions, so that no run pays for what it does not need, or in modules that are themselves imported so.
LAZY = {"sympy", "mpmath", "rich", "numpy"}
MANY_POINTS = {"autodiff/points", "autodiff/columns", "autodiff/leading"}
HEAVY_ROOMS = {
    "calculus/arrays",
    "calculus/algebra",
    "calculus/approximation",
    "calculus/corners",
    "autodiff/array_sweep",
    "oracles",
    "homework",
    *MANY_POINTS,
}
GENERATING = {"calculus/formula"}  # compiles code made from the table's own formulas, never from a user's text


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module a file imports at run time, and whether at its top."""
    tree = ast.parse(path.read_text("utf-8"))
    typed = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for each in ast.walk(node)
    }
    inside = {id(each) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for each in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in typed:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            yield node.module or "", id(node) not in inside


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    mine = room(path)
    here = str(path.relative_to(PACKAGE).with_suffix(""))
    for module, at_top in imports(path):
        library, _, rest = module.partition(".")
        if library == "backprop_cli" and rest:
            other = rest.split(".")[0]
            assert FLOOR[other] < FLOOR[mine] or other == mine, f"{here} imports {module}"
            assert mine != "oracles" or other in ORACLES_MAY, f"a second opinion must not see {module}"
        elif library in HOMES:
            assert any(here == home or here.startswith(home + "/") for home in HOMES[library]), f"{here} imports {library}"
        if library in LAZY and at_top:
            assert mine in HEAVY_ROOMS or any(here == heavy or here.startswith(heavy + "/") for heavy in HEAVY_ROOMS), (
                f"{here} imports {library} at its top"
            )


@pytest.mark.parametrize(
    "path", sorted(p for p in PACKAGE.rglob("*.py") if p.stat().st_size > 2), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module opens with one sentence"
    assert len(text.splitlines()) <= 300, "a file has at most 300 lines"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_below_the_drawings_prints_and_nothing_runs_a_text(path: Path) -> None:
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)}
    if FLOOR[room(path)] < FLOOR["render"]:
        assert not called & {"print", "sys.stdout.write", "sys.stderr.write"}
    if str(path.relative_to(PACKAGE).with_suffix("")) not in GENERATING:
        assert not called & {"eval", "exec", "sympify", "sympy.sympify", "parse_expr", "sympy.lambdify", "pickle.loads", "marshal.loads"}


def test_only_grammars_lie_in_the_grammar_folder() -> None:
    # Any .py there would make the editable install refuse.
    assert {path.suffix for path in (PACKAGE.parent / "grammar").iterdir()} == {".lark"}
