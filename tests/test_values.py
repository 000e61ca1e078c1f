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


def refused(path: str, limits: Limits = OWN) -> str:
    with pytest.raises(BackpropError) as caught:
        values(path, limits)
    (complaint,) = caught.value.diagnostics
    return f"{complaint.reference}: {complaint.message}"


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


@pytest.mark.parametrize(
    "row", ["nan", "NaN", "inf", "-Infinity", "1e400", "−5", "-x", "1,5;2,5", "1_000;2_000", "3 km", ".5.", "٣", '"1,5"', "x;nan"]
)
def test_a_first_row_that_begins_like_numbers_is_no_heading(tmp_path: Path, row: str) -> None:
    assert refused(written(tmp_path, "d.csv", f"{row}\n{'1;' * row.count(';')}2\n")).startswith("text-cell")


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


def npy(header: str, data: bytes = bytes(16)) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


HEADER = "{{'descr': {}, 'fortran_order': False, 'shape': {}}}"


@pytest.mark.parametrize(
    "header",
    [
        *(HEADER.format("'<f8'", shape) for shape in ("(-1,)", "(-1, -2)", "(True,)", "(2.0,)", "2", "(2)", f"({'9' * 5000},)", "((2,),)")),
        *(HEADER.format("'<f8'", f"({'-' * depth}2,)") for depth in (3000, 9000)),
        *(HEADER.format(descr, "(2,)") for descr in ("()", "('<f8',)", "2", "None")),
        "{[]: 1}", "{1: 1, 'a': 2}", "{'descr': '<f8', 'shape': (2,)}", "{" + " " * 9900, HEADER.format("'<f8'", "(2,)") + " " * 10_000,
    ],
)  # fmt: skip
def test_a_header_is_read_to_the_letter(tmp_path: Path, header: str) -> None:
    said = refused(written(tmp_path, "a.npy", npy(header)))
    assert said.startswith("unreadable-values: ")
    assert not any(word in said for word in ("ast.", "pickle", "node", "max_header_size"))


@pytest.mark.parametrize("shape", ["(2,)", "(2L,)", "( 2 , )", "(1, 2)", "(2,1,)"])
def test_headers_that_others_write(tmp_path: Path, shape: str) -> None:
    for header in (HEADER.format("'<f8'", shape), f'{{"shape":{shape},"descr":"<f8","fortran_order":True,}}\n'):
        assert values(written(tmp_path, "a.npy", npy(header)), OWN).size == 2


def test_a_shape_that_hides_its_size_is_no_way_past_the_limits(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy(HEADER.format("'<f8'", "(-1,)"), bytes(10_000_000)))
    assert "shape of whole numbers" in refused(str(bomb))
    assert "10^18 or more" in refused(written(tmp_path, "a.npy", npy(HEADER.format("'<f8'", "(0, 999999999999, 9999999)"))))
    assert refused(written(tmp_path, "a.npy", npy(HEADER.format("'<f8'", f"({'1,' * 33})")))).startswith("too-many-axes")


@pytest.mark.parametrize("descr", ["'<c16'", "'<U3'", "'<M8[s]'", "[('a', '<f8')]"])
def test_other_things_than_numbers(tmp_path: Path, descr: str) -> None:
    assert refused(written(tmp_path, "a.npy", npy(HEADER.format(descr, "(1,)")))).startswith("not-a-number")


def test_archives_that_numpy_did_not_write(tmp_path: Path) -> None:
    array = npy(HEADER.format("'<f8'", "(2,)"))
    path = tmp_path / "a.npz"
    for packing in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):  # what bzip2 unpacks cannot be stopped at a limit
        with zipfile.ZipFile(path, "w", packing) as archive:
            archive.writestr("x.npy", array)
        assert "x is packed by another means" in refused(str(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", array)
    locked = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(signature) + flags] |= 1
    path.write_bytes(locked)
    assert "x is encrypted" in refused(str(path))
    for names, said in (((), "holds no arrays"), (("readme.txt",), "holds no arrays"), (("a.npy", "b.npy"), "holds several arrays")):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, array)
        assert said in refused(str(path))


def test_a_number_that_float64_cannot_hold(tmp_path: Path) -> None:
    large = np.array([1, 10]).astype(np.longdouble) ** 4000
    if not np.isfinite(large).all():
        pytest.skip("long numbers are float64 here")
    assert "holds 1e+4000 at entry 2, larger than float64 can hold" in refused(written(tmp_path, "a.npy", large))


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
