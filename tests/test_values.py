"""Values from data files: CSV, .npy, .npz, and what is wrong with them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.commands.values import csv_table, values
from backprop_cli.errors import BackpropError
from backprop_cli.limits import OWN, Limits


def written(folder: Path, name: str, data: str | bytes | Any) -> str:
    path = folder / name
    if isinstance(data, str | bytes):
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    else:
        np.save(path, data)
    return str(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]), ("1;2\n3;4", [[1, 2], [3, 4]]), ("1\t2\n3\t4", [[1, 2], [3, 4]]),
        ("\ufeff1,2\r\n3,4\r\n", [[1, 2], [3, 4]]),
        ("a,b\n1,2\n3,4\n", [[1, 2], [3, 4]]), ("1,2,3\n", [1, 2, 3]), ("1\n2\n3\n", [1, 2, 3]),
        ("x\n1e-3\n-2\n", [0.001, -2]), ('"1","2"\n3, 4', [[1, 2], [3, 4]]),
        ("\n1,2\n\n3,4\n\n", [[1, 2], [3, 4]]),
    ],
)  # fmt: skip
def test_csv(tmp_path: Path, text: str, expected: list[Any]) -> None:
    assert values(written(tmp_path, "d.csv", text), OWN).tolist() == expected


def test_names_of_columns(tmp_path: Path) -> None:
    names, table = csv_table(written(tmp_path, "d.csv", "x,y\n1,2\n3,4\n"), OWN)
    assert (names, table.shape) == (["x", "y"], (2, 2))


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("1,2\n3,x\n", "text-cell", "row 2, column 2"), ("a,b\n1,2\n3,\n", "missing-cell", "row 3, column 2"),
        ("1,2\n3\n", "ragged-rows", "row 2"),
        ("1;2,5\n3;4", "text-cell", "row 1, column 2"), ("1,2\n3,nan\n", "text-cell", "row 2, column 2"),
        ("1,2\n3,inf\n", "text-cell", "row 2, column 2"),
        ("a,b\n1,2,3\n", "ragged-rows", "row 2"), ("1,2\n\x1b[31m,4\n", "text-cell", "row 2, column 1"),
        ("1,2\n=1+1,4\n", "text-cell", "row 2, column 1"),
        ('1,2\n3,"4\n5,6\n', "unreadable-values", "row 2, character 3"), ('a,"b\n1,2\n', "unreadable-values", "row 1, character 3"),
    ],
)  # fmt: skip
def test_bad_cells_have_a_place(tmp_path: Path, text: str, code: str, place: str) -> None:
    with pytest.raises(BackpropError) as caught:
        values(written(tmp_path, "d.csv", text), OWN)
    (complaint,) = caught.value.diagnostics
    assert complaint.reference == code
    assert place in complaint.message


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n"])
def test_an_empty_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(BackpropError) as caught:
        values(written(tmp_path, "d.csv", text), OWN)
    assert caught.value.diagnostics[0].reference in {"no-values"}


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(3), np.array(2.5), np.float32([1, 2])],
)
def test_npy(tmp_path: Path, array: Any) -> None:
    found = values(written(tmp_path, "a.npy", array), OWN)
    assert found.dtype == np.float64
    assert not found.flags.writeable
    np.testing.assert_array_equal(found, array)


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez_compressed(path, W=np.eye(2), b=np.ones(2))
    assert values(f"{path}:W", OWN).tolist() == [[1, 0], [0, 1]]
    for wrong in (str(path), f"{path}:c"):
        with pytest.raises(BackpropError, match=r"w\.npz"):
            values(wrong, OWN)
    np.savez(path, only=np.ones(2))
    assert values(str(path), OWN).tolist() == [1, 1]


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"hello", b"PK\x03\x04broken", b"\x93NUMPY\x01\x00\x10\x00{'descr': '|O', }"])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_what_numpy_did_not_write(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(BackpropError) as caught:
        values(written(tmp_path, name, data), OWN)
    assert caught.value.diagnostics[0].reference == "unreadable-values"


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(BackpropError, match="objects"):
        values(str(path), OWN)


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([1j]), np.array([np.nan]), np.array([[1.0, np.inf]])])
def test_only_finite_real_numbers(tmp_path: Path, array: Any) -> None:
    with pytest.raises(BackpropError):
        values(written(tmp_path, "a.npy", array), OWN)


def test_limits_hold_before_the_work(tmp_path: Path) -> None:
    few = Limits(entries=5)
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        header = written(tmp_path, "h.npy", np.zeros(1))
        data = Path(header).read_bytes().replace(b"(1,)", b"(9999999,)".ljust(4))
        archive.writestr("x.npy", data)
    for path in (written(tmp_path, "d.csv", "1,2,3\n4,5,6\n"), written(tmp_path, "a.npy", np.zeros(6)), f"{bomb}:x"):
        with pytest.raises(BackpropError) as caught:
            values(path, few)
        assert caught.value.diagnostics[0].reference in {"too-many-entries", "unreadable-values"}


@pytest.mark.parametrize("path", ["nowhere.csv", "nowhere.npy", "nowhere.npz:W", ".", "data.txt"])
def test_files_that_are_not_there(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackpropError):
        values(path, OWN)
