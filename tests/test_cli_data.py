"""Tables of data, whole Jacobians and files of gradients, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
MEAN = "param w0 = 0, w1 = 0; f = sigmoid(w0 + w1*x); L = -mean(y*log(f) + (1 - y)*log(1 - f))"
ONE = "param w0 = 0, w1 = 0; f = sigmoid(w0 + w1*x); L = -(y*log(f) + (1 - y)*log(1 - f))"


def grad(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backprop_cli", "grad", "--no-check", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "train.csv"
    path.write_text("x,y\n0,0\n1,0\n2,1\n3,1\n", "utf-8")
    return str(path)


def test_columns_go_to_the_inputs_of_their_names(table: str) -> None:
    found = json.loads(grad("-e", MEAN, "--data", table, "--json").stdout)
    assert found["value"] == pytest.approx(np.log(2))
    assert found["gradients"] == {"w0": pytest.approx(0, abs=1e-16), "w1": pytest.approx(-0.5)}


def test_rows_stand_beside_the_whole_and_their_relation_is_told(table: str) -> None:
    found = json.loads(grad("-e", MEAN, "--data", table, "--per-row", "--json").stdout)
    assert found["relation"] == "mean"
    assert [row["gradients"]["w1"] for row in found["rows"]] == pytest.approx([0, 0.5, -1, -1.5])
    assert "mean of the rows" in grad("-e", MEAN, "--data", table, "--per-row").stdout


def test_a_program_for_one_pattern_is_summed_over_the_rows(table: str) -> None:
    found = json.loads(grad("-e", ONE, "--data", table, "--per-row", "--json").stdout)
    assert found["relation"] == "sum"
    assert found["gradients"]["w1"] == pytest.approx(-2)
    assert found["value"] == pytest.approx(4 * np.log(2))
    assert found["check"]["status"] == "skipped"
    assert "sum(L)" in grad("-e", ONE, "--data", table).stderr


def test_patterns_that_act_on_each_other_are_told_so(table: str) -> None:
    found = json.loads(grad("-e", "param w = 2; L = sum(w*x)^2", "--data", table, "--per-row", "--json").stdout)
    assert found["relation"] == "neither"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-e", "L = q^2", "--data", "TABLE"], "unknown-name"),
        (["-e", MEAN, "--data", "TABLE", "--at", "x=1"], "value-twice"),
        (["-e", MEAN, "--per-row"], "bad-usage"),
        (["-e", MEAN, "--data", "TABLE", "--jacobian", "--per-row"], "bad-usage"),
        (["-e", MEAN, "--data", "nowhere.csv"], "no-such-file"),
        (["-e", "L = x^2", "--at", "x=1", "-o", "out.txt"], "bad-usage"),
        (["-e", "L = x^2", "--at", "x=1", "-o", "nowhere/out.npz"], "no-such-file"),
    ],
)
def test_what_does_not_go_together_is_bad_usage_and_writes_nothing(arguments: list[str], code: str, table: str) -> None:
    found = grad(*[table if each == "TABLE" else each for each in arguments], "--json")
    assert found.returncode == 2
    assert found.stdout == ""
    assert json.loads(found.stderr)["errors"][0]["code"] == code
    assert not (ROOT / "out.txt").exists()


def test_a_table_without_names_or_with_one_twice_is_refused(tmp_path: Path) -> None:
    for text, code in (("1,2\n3,4\n", "no-heading"), ("x,x\n1,2\n", "value-twice"), ("x,y\n1,\n", "missing-cell")):
        path = tmp_path / "t.csv"
        path.write_text(text, "utf-8")
        assert json.loads(grad("-e", MEAN, "--data", str(path), "--json").stderr)["errors"][0]["code"] == code


def test_a_jacobian_has_the_shape_of_the_output_then_of_the_leaf(table: str) -> None:
    text = "W = [[1, 2], [3, 4]]; x = [1, 1]; y = W @ x"
    assert grad("-e", text).returncode == 2
    found = json.loads(grad("-e", text, "--jacobian", "--json").stdout)
    assert found["jacobians"]["x"] == [[1, 2], [3, 4]]
    assert found["jacobians"]["W"] == [[[1, 1], [0, 0]], [[0, 0], [1, 1]]]
    assert "∂y/∂leaf" in grad("-e", text, "--jacobian").stdout


def test_gradients_are_written_whole(tmp_path: Path) -> None:
    text = "W = [[1, 2], [3, 4]]; b = 2; L = sum(W^2)*b"
    numbers, document = tmp_path / "g.npz", tmp_path / "g.json"
    assert grad("-e", text, "-o", str(numbers)).stderr == f"wrote {numbers}\n"
    kept = np.load(numbers)
    assert kept["W"].tolist() == [[4, 8], [12, 16]]
    assert kept["b"].tolist() == 30
    grad("-e", text, "-o", str(document))
    assert json.loads(document.read_text("utf-8"))["gradients"]["b"] == 30
    assert {path.name for path in tmp_path.iterdir()} == {"g.npz", "g.json"}


def test_a_leaf_may_be_called_file(tmp_path: Path) -> None:
    assert grad("-e", "file = 1; L = file*a^2", "--at", "a=2", "-o", str(tmp_path / "g.npz")).returncode == 0
    assert np.load(tmp_path / "g.npz")["file"] == 4


def test_where_nothing_can_be_written_nothing_is_printed(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    found = grad("-e", "L = x^2", "--at", "x=1", "-o", str(tmp_path / "folder.npz"))
    assert (found.returncode, found.stdout) == (2, "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a matter of Unix")
def test_a_pipe_without_a_writer_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.expr")
    found = grad(str(tmp_path / "pipe.expr"))
    assert found.returncode == 2
    assert "nobody writes to it" in found.stderr


def test_exact_numbers_beyond_float64_are_printed() -> None:
    assert str(3**1000) in grad("-e", "L = x^1000", "--at", "x=3", "--exact").stdout


def test_digits_lost_in_the_value_are_told() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "backprop_cli", "grad", "-e", "L = log(sigmoid(x))", "--at", "x=40"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "it is -4.24835e-18; logsigmoid(x) keeps them" in found.stdout


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("x:=2", "write  x=2"),
        ("param x=2", "write  x=2"),
        ("x: -2.5", "write  x=-2.5"),
        ("x 2", "write  x=2"),
        ("x[0]=1", "give the whole array, as in  x=[1, 2]"),
        ("x=2 y=3", "write  x=2, y=3"),
        ("x <- 1e-3", "write  x=1e-3"),
        ("x=/tmp/t.csv", "write  x=@/tmp/t.csv"),
    ],
)
def test_values_as_other_languages_write_them_are_shown_as_this_one_does(option: str, hint: str) -> None:
    found = grad("-e", "L = x + y", "--at", option)
    assert (found.returncode, hint in found.stderr) == (2, True)


def test_rows_without_gradients_are_told_apart_by_their_values(table: str) -> None:
    for word in ("sum", "mean"):
        found = grad("-e", f"param w = -1; L = {word}(relu(w*(x + 1)) + y)", "--data", table, "--per-row", "--wrt", "w")
        assert f"the gradient of all is the {word} of the rows" in found.stdout


def test_files_that_belong_to_another_option_are_told_so(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(2))
    text = ("-e", "L = sum(x)")
    assert f"--at x=@{tmp_path}/x.npy" in grad(*text, "--data", f"x={tmp_path}/x.npy").stderr
    assert f"--at x=@{tmp_path}/x.npy" in grad(*text, "--data", f"{tmp_path}/x.npy").stderr
    assert f"--at x=@{tmp_path}/x.npy" in grad(*text, "--at", f"@{tmp_path}/x.npy").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted there")
def test_a_deleted_folder_is_told_before_anything_is_printed(tmp_path: Path) -> None:
    program = "import os, runpy; os.rmdir(os.getcwd()); runpy.run_module('backprop_cli', run_name='__main__')"
    gone = tmp_path / "gone"
    gone.mkdir()
    command = [sys.executable, "-c", program, "grad", "-e", "L = x^2", "--at", "x=1", "-o", "g.json"]
    done = subprocess.run(
        command, cwd=gone, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "no folder" in done.stderr


def test_numbers_in_complaints_show_why_they_are_complained_of() -> None:
    assert "asin of 1.0000001" in grad("-e", "y = asin(x)", "--at", "x=1.0000001").stderr
    assert "i = 0.99999999 is used where an integer is due" in grad("-e", "y = x[i]", "--at", "x=[1, 2], i=0.99999999").stderr
    assert "index 100000... is outside" in grad("-e", "y = x[i]", "--at", "x=[1, 2], i=1e308").stderr


def test_values_come_from_files(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0]))
    np.savez(tmp_path / "w.npz", W=np.array([[1.0, 0.0], [0.0, 3.0]]))
    (tmp_path / "y.csv").write_text("4\n5\n", "utf-8")
    found = grad(
        "-e",
        "L = sum((W @ x - y)^2)",
        "--at",
        f"x=@{tmp_path}/x.npy",
        "--at",
        f"W=@{tmp_path}/w.npz:W",
        "--at",
        f"y=@{tmp_path}/y.csv",
        "--json",
    )
    assert json.loads(found.stdout)["gradients"]["y"] == [6, -2]


def test_a_point_file_without_a_name() -> None:
    found = grad("-e", "L = x^2", "--at", "@")
    assert found.returncode == 2
    assert "--at @ names no file" in found.stderr
