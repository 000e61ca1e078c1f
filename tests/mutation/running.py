"""Mutants against their tests: each in a copy of the project, in a process that already holds the libraries."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.mutation.targets import ROOT, Mutant

_SECONDS = 240.0  # for the tests of one mutant; one that makes them hang is noticed too
_OPTIONS = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
_COPIED = ("backprop_cli", "grammar", "samples", "tests", "pyproject.toml", "README.md")


class _First:
    """A plug-in of pytest's: the tests whose name holds a word come first, for they will fail first."""

    def __init__(self, word: str) -> None:
        self.word = word

    def pytest_collection_modifyitems(self, items: list[object]) -> None:
        """Sort, keeping the order otherwise."""
        items.sort(key=lambda item: self.word not in str(getattr(item, "name", "")))


@contextmanager
def a_copy() -> Iterator[Path]:
    """A copy of the project, in a folder that is removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "0"
        made.mkdir()
        for name in _COPIED:
            there = ROOT / name
            (shutil.copytree if there.is_dir() else shutil.copy2)(there, made / name)
        yield made


def copies(first: Path, count: int) -> list[Path]:
    """So many copies, the first one included."""
    others = [first.with_name(str(number)) for number in range(1, count)]
    for each in others:
        shutil.copytree(first, each)
    return [first, *others]


def preload() -> None:
    """Load what every test needs and no mutant changes."""
    import hypothesis
    import lark
    import mpmath
    import numpy
    import pytest
    import rich.console
    import sympy
    import typer

    assert all((hypothesis, lark, mpmath, numpy, pytest, rich.console, sympy, typer))
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "CI": "1", "SHRINK": "0"}  # the same examples for all, and no search for smaller ones
    for name in [name for name in sys.modules if name.partition(".")[0] == "backprop_cli"]:
        raise RuntimeError(f"{name} is loaded already: its mutants would not be")


def survives(tests: Sequence[str], copies: Sequence[Path], mutants: Sequence[Mutant | None]) -> Iterator[tuple[int, bool]]:
    """For each mutant (None: the project as it is), by its place, as soon as it is known, whether no test notices it."""
    waiting, free = list(enumerate(mutants))[::-1], list(copies)
    running: dict[int, tuple[int, Path, float]] = {}
    while waiting or running:
        while waiting and free:
            at, mutant = waiting.pop()
            copy = free.pop()
            running[_forked(lambda copy=copy, mutant=mutant: _tested(copy, tests, mutant))] = (at, copy, time.monotonic())  # type: ignore[misc]
        time.sleep(0.05)
        for process, (at, copy, begun) in list(running.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended and time.monotonic() - begun < _SECONDS:
                continue
            if not ended:
                os.killpg(process, signal.SIGKILL)
                os.waitpid(process, 0)
            del running[process]
            free.append(copy)
            yield at, bool(ended) and os.waitstatus_to_exitcode(status) == 0


def _forked(job: Callable[[], int]) -> int:
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        os.setpgid(0, 0)
        status = job()
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _tested(copy: Path, tests: Sequence[str], mutant: Mutant | None) -> int:
    """0 where all tests pass."""
    import pytest

    os.chdir(copy)
    sys.path[:] = [str(copy), *(each for each in sys.path if Path(each or ".").resolve() != ROOT)]
    with open(copy / "output.txt", "w", encoding="utf-8") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    word = "\0"
    if mutant is None:
        sys.dont_write_bytecode = False  # what no mutant changes is compiled once
    else:
        path = copy / "backprop_cli" / f"{mutant.module}.py"
        before = path.read_text("utf-8")
        path.write_text(mutant.code(), "utf-8")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()
        word = _word(before.splitlines()[mutant.line - 1])
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "conftest")]:
        del sys.modules[name]
    try:
        for each in tests:  # one after the other: most mutants fail in the first
            status = pytest.main([*_OPTIONS, f"tests/{each}.py"], plugins=[_First(word)])
            if status:
                return int(status)
        return 0
    finally:
        if mutant is not None:
            path.write_text(before, "utf-8")


def _word(line: str) -> str:
    """The head of the row that a line of the table holds: the tests of that row bear its name."""
    head = line.partition('elementwise("')[2].partition('"')[0]
    return f"[{head}" if head else "\0"
