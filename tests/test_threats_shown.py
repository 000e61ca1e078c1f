"""What strangers may send, second part: what is shown of it, files that are not what they seem, JSON, and runs that end early."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("resource")

from tests.confined import Server
from tests.threats import AT, SQUARE, checked, refused


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


# ---- what is shown ----

HOSTILE = (
    "\x1b[31m \x1b]8;;http://x\x07 \x1b]52;c;AAAA\x07 \x9b2J \r \b \x7f [red]x[/red] :smile: <script>alert(1)</script> &amp; ]]> \\input{x}"
)
SINKS = [
    *(["trace", "--format", each] for each in ("plain", "markdown", "latex", "json")),
    *(["grad", *each] for each in ([], ["--json"], ["--symbolic"])),
    *(
        ["verify", "-a", "dx = 2*x", "-a", f"dx = 3 # {HOSTILE}", "-a", f"dx = x{HOSTILE}", "--format", each]
        for each in ("terminal", "plain", "markdown", "json", "csv", "gradescope", "prairielearn", "classroom", "junit")
    ),
]


@pytest.mark.parametrize("command", SINKS, ids=lambda command: f"{command[0]} {command[-1]}")
def test_nothing_in_a_comment_an_answer_or_a_file_name_reaches_the_terminal_as_it_is(
    server: Server, tmp_path: Path, command: list[str]
) -> None:
    name = f"n{HOSTILE[:60].replace('/', '')}.expr"
    (tmp_path / name).write_text(f"L = x^2 # {HOSTILE.replace(chr(13), '')}\n", "utf-8")
    found = checked(server.run([command[0], name, *AT, *command[1:]], tmp_path), 0, 1)
    if command[-1] in ("junit", "markdown"):
        assert "<script>" not in found.out
    if command[-1] in ("json", "--json"):
        json.loads(found.out)


def test_errors_show_hostile_names_escaped(server: Server, tmp_path: Path) -> None:
    for name in ("\x1b[31m.expr", "\x1b]52;c;AAAA\x07.expr", "\u202eabc.expr", "a\nb.expr", "[red]x.expr", ":smile:.expr"):
        (tmp_path / name).write_text("L = ", "utf-8")
        for file in (name, f"no{name}"):
            found = server.run(["grad", file], tmp_path)
            checked(found, 2)
            assert "Traceback" not in found.err
            if name.startswith("["):
                assert "[red]x" in found.err
            if name.startswith(":"):
                assert ":smile:" in found.err


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1 x", "@SUM(A1)", "\t=1", "＝1", " =1"])
def test_cells_of_a_spreadsheet_are_never_formulas(server: Server, cell: str) -> None:
    found = checked(server.run([*SQUARE, "-a", f"{cell}", "-a", "dx = 2*x", "--format", "csv"]), 1, 2)
    for line in found.out.splitlines():
        for each in re.findall(r'(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))', line):
            text = "".join(each)
            assert not re.match(r"\s*[=@＝]|\s*[+-](?![\d.]+$)", text), text


# ---- files ----


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder of files that are not what they seem."""
    import numpy as np

    os.mkfifo(tmp_path / "fifo.csv")
    os.symlink("loop.csv", tmp_path / "loop.csv")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (40000000,), }"
        archive.writestr("X.npy", b"\x93NUMPY\x01\x00v\x00" + header.ljust(117) + b"\n" + bytes(100_000_000))
    with zipfile.ZipFile(tmp_path / "escape\x1b[31m.npz", "w") as archive:
        archive.writestr("../../owned.npy", b"x")
        archive.writestr("\x1b[31m.npy", b"x")
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "short.npy").write_bytes((tmp_path / "object.npy").read_bytes()[:40])
    (tmp_path / "lies.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00" + b"__import__('os').system('touch owned')".ljust(117) + b"\n")
    (tmp_path / "deep.json").write_text('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}", "utf-8")
    (tmp_path / "nan.json").write_text('{"x": NaN}', "utf-8")
    (tmp_path / "long.json").write_text('{"x": ' + "9" * 100_000 + "}", "utf-8")
    (tmp_path / "odd.json").write_text('{"x\x1b[31m": 1}', "utf-8")
    (tmp_path / "formula.csv").write_text("x\n=1+1\n", "utf-8")
    (tmp_path / "long.csv").write_text("x\n" + "q" * 200_000 + "\n", "utf-8")
    (tmp_path / "nul.csv").write_bytes(b"x\n1\0\n")
    (tmp_path / "latin.csv").write_bytes(b"x\n\xe9\n")
    return tmp_path


DATA = {
    "fifo.csv": "nobody writes to it",
    "loop.csv": "symbolic links",
    "../../../../../../etc/passwd": "row 2, column 1",
    "/dev/zero": "larger than 67,108,864 bytes",
    "formula.csv": "row 2, column 1: '=1+1' is no finite number",
    "long.csv": "field larger than field limit",
    "nul.csv": "zero bytes",
    "latin.csv": "byte 3 is 0xe9",
    ".": "is a folder",
    "nowhere.csv": "there is no file",
}
ARRAYS = {
    "bomb.npz": "unpacks to 320,000,000 bytes; the limit for a file is 67,108,864",
    "escape\x1b[31m.npz": "several arrays",
    "object.npy": "Python objects",
    "short.npy": "no array that NumPy wrote",
    "lies.npy": "no array that NumPy wrote",
    "fifo.csv": "nobody writes to it",
    "loop.csv": "symbolic links",
}
POINTS = {
    "deep.json": "no JSON",
    "nan.json": "must be a finite number, not NaN",
    "long.json": "100,000 digits; the limit is 1,000",
    "odd.json": "no JSON",
    "fifo.csv": "nobody writes to it",
    "/dev/zero": "larger than 67,108,864 bytes",
}


@pytest.mark.parametrize("file", DATA)
def test_tables_that_are_none(server: Server, trap: Path, file: str) -> None:
    for command in (["grad"], ["trace"], ["verify", "-a", "dL/dw = 1"]):
        if file == "fifo.csv" and command != ["grad"]:
            continue  # two seconds each
        assert DATA[file] in refused(server.run([command[0], "-e", "w = 2; L = sum(w*x)", *command[1:], "--data", file], trap)).err


@pytest.mark.parametrize("file", ARRAYS)
def test_arrays_that_are_none(server: Server, trap: Path, file: str) -> None:
    assert ARRAYS[file] in refused(server.run(["grad", "-e", "L = sum(x)", "--at", f"x=@{file}"], trap)).err
    assert not (trap / "owned").exists()


@pytest.mark.parametrize("file", POINTS)
def test_points_that_are_none(server: Server, trap: Path, file: str) -> None:
    for command in (["grad"], ["verify", "-a", "dx = 1"]):
        if file == "fifo.csv" and command != ["grad"]:
            continue
        assert POINTS[file] in refused(server.run([command[0], "-e", "L = sum(x)", *command[1:], "--at", f"@{file}"], trap)).err


@pytest.mark.parametrize("file", ["fifo.csv", "loop.csv", "/dev/zero", ".", "nowhere.expr"])
def test_programs_and_answers_that_are_none(server: Server, trap: Path, file: str) -> None:
    refused(server.run(["trace", file], trap))
    refused(server.run([*SQUARE, file], trap))


def test_a_link_at_the_place_of_the_output_is_replaced_and_not_followed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "precious.json").write_text("precious", "utf-8")
    (tmp_path / "out.json").symlink_to("precious.json")
    found = server.run(["grad", "-e", "L = x^2", *AT, "-o", "out.json"], tmp_path)
    assert found.status == 0
    assert (tmp_path / "precious.json").read_text("utf-8") == "precious"
    assert found.acts  # the hook sees what is written
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["gradients"] == {"x": 4}


# ---- JSON ----


@pytest.mark.parametrize(
    "text",
    [
        "L = x - x",
        "L = -0*x",
        "L = 0*x^0.5",
        "L = 1e300*x*1e7",
        "L = 1e-320*x",
        "L = where(x > 0, x, 1/0)",
        "L = sum([1e308*x, -1e308*x])",
        "L = abs(0*x)",
    ],
)
def test_json_has_no_nan_and_no_infinity(server: Server, text: str) -> None:
    def never(word: str) -> None:
        raise AssertionError(word)

    for command in (["grad"], ["trace"], ["verify", "-a", "dx = 1", "-a", "dx = 1e400", "-a", "dx = 10^400", "-a", "dx = 0/0"]):
        found = checked(server.run([command[0], "-e", text, *command[1:], *AT, "--json"]), 0, 1, 2, 3)
        for written in (found.out, found.err):
            if written:
                json.loads(written, parse_constant=never)
        assert "-0.0" not in found.out


# ---- the end comes early ----


@pytest.mark.parametrize(("signal", "status"), [("int", 130), ("term", -15)])
def test_interrupted(server: Server, trap: Path, signal: str, status: int) -> None:
    before = sorted(trap.iterdir())
    for command in (["grad", "fifo.csv"], ["verify", "-e", "L = x", "fifo.csv"]):
        found = server.run([*command, "-o", "out.json"], trap, after=signal)
        assert (found.status, found.out, found.err) == (status, "", "")
    assert sorted(trap.iterdir()) == before
