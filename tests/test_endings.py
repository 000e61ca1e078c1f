"""How every command ends that is not let go on: nobody reads it, the disk is full, somebody interrupts or ends it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("resource")

from backprop_cli.commands.writing import write_whole
from backprop_cli.errors import BackpropError
from tests.confined import ROOT, Run, Server

PROGRAM = "".join(f"n{i} = {i}*x\n" for i in range(50)) + f"L = {' + '.join(f'n{i}' for i in range(50))}\n"
ANSWERS = "".join(f"dL/dy = 2*y + {i} - {i}  # a comment on the line\n" for i in range(120))
ARRAY = f"x = [{', '.join(map(str, range(900)))}]; L = sum(x^2)"
TRACES = ("plain", "markdown", "latex", "json")
REPORTS = ("terminal", "plain", "markdown", "json", "csv", "gradescope", "prairielearn", "classroom", "junit")
GRAD, TRACE, VERIFY = (
    ["grad", "p.expr", "--at", "x=2"],
    ["trace", "p.expr", "--at", "x=2"],
    ["verify", "-e", "L = y^2", "a.answers", "--at", "y=2"],
)
TABLE = ["grad", "-e", "w = 3; L = mean((w*x - 1)^2)", "--data", "t.csv"]
LONG = [
    [*TRACE],
    [*TRACE, "--ops", "--symbolic"],
    *([*TRACE, "--format", each] for each in TRACES),
    *([*VERIFY, "--format", each] for each in REPORTS),
    [*VERIFY, "--json"],
    ["grad", "-e", ARRAY, "--no-check"],
    ["grad", "-e", ARRAY, "--no-check", "--json"],
]
SHORT = [
    ["--version"],
    ["--help"],
    *([each, "--help"] for each in ("grad", "trace", "verify")),
    [*GRAD, "--no-check"],
    ["grad", "-e", "L = x^2", "--at", "x=2"],
    ["grad", "-e", "L = x^2", "--at", "x=2", "--symbolic"],
    ["grad", "-e", "x = [1, 2]; y = softmax(x)", "--jacobian"],
    ["grad", "-e", "x = [1, 2]; y = softmax(x)", "--jacobian", "--json"],
    TABLE,
    [*TABLE, "--per-row"],
    [*TABLE, "--per-row", "--json"],
    [*TRACE, "-o", "-"],
    ["trace", "-e", "L = x", "--at", "x=2", "-o", "/dev/fd/1", "--format", "plain"],
    ["verify", "-e", "L = x^2", "--at", "x=2", "-a", "dx = 4", "-o", "-"],
]
FILES = [
    ["grad", "-e", ARRAY, "-o", "out.npz"],
    ["grad", "-e", ARRAY, "--no-check", "-o", "out.json"],
    ["grad", "-e", ARRAY, "--no-check", "--json", "-o", "out.json"],
    ["grad", "-e", f"x = {list(range(20))}; y = softmax(x)", "--jacobian", "--no-check", "-o", "out.npz"],
    *([*TRACE, "-o", f"out.{suffix}"] for suffix in ("txt", "md", "tex", "json")),
    *([*VERIFY, "--format", each, "-o", "out.any"] for each in REPORTS),
    *([*VERIFY, "-o", f"out.{suffix}"] for suffix in ("json", "csv", "md")),
]


def named(command: list[str]) -> str:
    return " ".join([command[0], *command[-2:]])[:40]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.expr").write_text(PROGRAM, "utf-8")
    (tmp_path / "a.answers").write_text(ANSWERS, "utf-8")
    (tmp_path / "t.csv").write_text("x\n1\n2\n", "utf-8")
    return tmp_path


def quiet(found: Run) -> None:
    """No traceback, no fault, and at most one complaint."""
    assert "Traceback" not in found.err + found.out
    assert "Exception ignored" not in found.err
    assert "internal-fault" not in found.err
    assert found.err.count("error[") + found.err.count('"code"') <= 1


@pytest.mark.parametrize("command", [*SHORT, *LONG], ids=named)
def test_nobody_reads(server: Server, folder: Path, command: list[str]) -> None:
    found = server.run(command, folder, after="closed")
    quiet(found)
    assert (found.status, found.err) == (141, "")


@pytest.mark.parametrize("command", [*SHORT, *LONG], ids=named)
def test_the_disk_is_full_for_standard_output(server: Server, folder: Path, command: list[str]) -> None:
    found = server.run(command, folder, after="full")
    quiet(found)
    assert found.status == 2
    assert "No space left on device" in found.err


@pytest.mark.parametrize("command", FILES, ids=named)
def test_the_disk_is_full_for_a_file(server: Server, folder: Path, command: list[str]) -> None:
    before = sorted(folder.iterdir())
    (folder / command[-1]).write_text("what was there", "utf-8")
    found = server.run(command, folder, after="small")
    quiet(found)
    assert found.status == 2
    assert "cannot be written" in found.err or "could not be written" in found.err
    assert (folder / command[-1]).read_text("utf-8") == "what was there"
    (folder / command[-1]).unlink()
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("command", LONG, ids=named)
def test_interrupted_while_it_writes(server: Server, folder: Path, command: list[str]) -> None:
    found = server.run(command, folder, after="stuck int")
    assert (found.status, found.err) == (130, "")


@pytest.mark.parametrize("command", [LONG[0], VERIFY, LONG[-1]], ids=named)
def test_ended_while_it_writes(server: Server, folder: Path, command: list[str]) -> None:
    found = server.run(command, folder, after="stuck term")
    assert (found.status, found.err) == (-signal.SIGTERM, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_while_a_file_is_made_comes_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    come: list[int] = []
    (tmp_path / "out.json").write_bytes(b"old")

    def sent(handle: int) -> None:
        os.kill(os.getpid(), number)
        assert come == []
        assert (tmp_path / "out.json").read_bytes() == b"old"

    before = signal.signal(number, lambda each, _: come.append(each))
    try:
        monkeypatch.setattr(os, "fsync", sent)
        write_whole(str(tmp_path / "out.json"), b"new")
        assert come == [number]
        assert signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN)
    finally:
        signal.signal(number, before)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("out.json", b"new")]


def test_a_file_that_fails_leaves_the_signals_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackpropError, match="No space left"):
        write_whole(str(tmp_path / "out.json"), b"new")
    assert signal.getsignal(signal.SIGTERM) is before
    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_of_a_file_can_be_written(tmp_path: Path) -> None:
    name = "n" * 250 + ".json"
    write_whole(str(tmp_path / name), b"x")
    assert (tmp_path / name).read_bytes() == b"x"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("{backprop} grad -e 'L = x^2' --at x=2 | true", 141),
        ("{backprop} trace p.expr --at x=2 | head -1 >/dev/null", 141),
        ("{backprop} grad -e 'L = ' 2>&1 >/dev/null | true", 2),
        ("{backprop} grad -e 'L = x^2' --at x=2 -o out.json >/dev/null 2>/dev/full", 0),
        ("{backprop} --help >&- 2>&-", 0),
        ("{backprop} grad - --at x=2 <&-", 2),
    ],
)
def test_in_a_shell(folder: Path, line: str, status: int) -> None:
    script = "set -o pipefail; " + line.format(backprop=f"'{sys.executable}' -m backprop_cli")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert ran.returncode == status, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
def test_a_walk_without_its_streams_asks_for_a_terminal(closed: str) -> None:
    """Python has no object for a stream that was closed before it began."""
    command = f"{shlex.quote(sys.executable)} -m backprop_cli trace -e 'L = x^2' --at x=2 --step {closed}"
    found = subprocess.run(["sh", "-c", command], cwd=ROOT, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False, timeout=60)
    assert found.returncode == 2
    assert b"error[no-terminal]" in found.stderr
