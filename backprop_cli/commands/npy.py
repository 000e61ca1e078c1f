"""Arrays in NumPy's own formats, `.npy` and `.npz`, read by us: NumPy's reader trusts a header further than a stranger's file deserves."""

from __future__ import annotations

import io
import math
import re
from typing import IO, TYPE_CHECKING, Any

from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.limits import Limits

if TYPE_CHECKING:
    import zipfile

    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[Any]]

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}  # of the header's length, by the version of the format
_LONGEST_HEADER = 10_000
_MOST_AXES = 32  # of an array that NumPy goes through entry by entry
_ITEM = r"""\s*['"](\w+)['"]\s*:\s*(['"][^'"]*['"]|True|False|\([\d\sL,]*\)|\[[^\]]*\])\s*"""
_HEADER = re.compile(rf"\s*\{{{_ITEM}(?:,{_ITEM})*(?:,\s*)?\}}\s*")
_SHAPE = re.compile(r"\(\s*(?:(?:[0-9]{1,18}L?\s*,\s*)+(?:[0-9]{1,18}L?\s*)?)?\)")
_REAL = re.compile(r"[<>=|]?(b1|[iu][1248]|f(2|4|8|12|16))")


def binary(data: bytes, path: str, member: str, limits: Limits) -> Array:
    """The array in the bytes of a `.npy` file, or the one called `member` in those of a `.npz` file. Raises BackpropError."""
    import zipfile
    import zlib

    if data.startswith(_MAGIC):
        return _array(io.BytesIO(data), path, limits)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(_member(archive, path, member)) as file:
            return _array(file, path, limits)
    except (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
        why = "it is damaged" if data.startswith(b"PK") else "it does not begin as such a file does"
        raise _unreadable(path, why) from None


def _member(archive: zipfile.ZipFile, path: str, member: str) -> zipfile.ZipInfo:
    import zipfile

    found = {each.filename.removesuffix(".npy"): each for each in archive.infolist() if each.filename.endswith(".npy")}
    if not found:
        raise BackpropError(Diagnostic("no-such-array", f"{path} holds no arrays", hint="write one into it with numpy.savez"))
    if not member and len(found) == 1:
        (member,) = found
    if member not in found:
        what = f"has no array {member}" if member else "holds several arrays"
        raise BackpropError(
            Diagnostic("no-such-array", f"{path} {what}", hint=f"write {path}:NAME, with one of {', '.join([*found][:12])}")
        )
    if found[member].flag_bits & 1:
        raise _unreadable(path, f"{member} is encrypted")
    if found[member].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # NumPy writes no others, and what they unpack to cannot be stopped at a limit.
        raise _unreadable(path, f"{member} is packed by another means than NumPy's", "write it with numpy.savez_compressed")
    return found[member]


def _array(file: IO[bytes], path: str, limits: Limits) -> Array:
    """The array that a header describes. The limits are asked before anything is unpacked."""
    import numpy

    descr, shape, column_major = _header(file, path)
    require_few(math.prod(max(each, 1) for each in shape), path, limits)
    try:
        dtype = numpy.dtype(descr)
    except TypeError:
        raise BackpropError(Diagnostic("not-a-number", f"{path} holds {descr}, which this system does not know")) from None
    size = math.prod(shape) * dtype.itemsize
    if size > limits.file_bytes:
        raise too_large(path, f"unpacks to {size:,} bytes; the limit for a file is {limits.file_bytes:,}")
    data = file.read(size)
    if len(data) < size:
        raise _unreadable(path, f"its header promises {size:,} bytes of numbers, and {len(data):,} follow")
    return numpy.frombuffer(data, dtype).reshape(shape, order="F" if column_major else "C")


def _header(file: IO[bytes], path: str) -> tuple[str, tuple[int, ...], bool]:
    """What a header says: the type of the numbers, the shape, and whether the first index runs fastest."""
    start = file.read(8)
    width = _LENGTH_BYTES.get(start[6], 0) if len(start) == 8 and start.startswith(_MAGIC) else 0
    length = int.from_bytes(file.read(width), "little")
    if not 0 < length <= _LONGEST_HEADER:
        raise _unreadable(path, "it does not begin as such a file does")
    text = file.read(length).decode("latin-1")
    said = dict(re.findall(_ITEM, text)) if _HEADER.fullmatch(text) else {}
    descr, shape = said.get("descr", ""), said.get("shape", "")
    if not descr.startswith(("'", '"', "[")) or not _SHAPE.fullmatch(shape) or said.get("fortran_order") not in ("True", "False"):
        raise _unreadable(path, "its header does not tell the type of its numbers, their order and a shape of whole numbers")
    sizes = tuple(int(each) for each in re.findall("[0-9]+", shape))
    if len(sizes) > _MOST_AXES:
        raise BackpropError(Diagnostic("too-many-axes", f"{path} has {len(sizes)} axes; an array may have {_MOST_AXES}"))
    descr = descr.strip("'\"")
    if descr.lstrip("<>=|").startswith("O"):
        raise _unreadable(path, "it holds Python objects")
    if not _REAL.fullmatch(descr):
        raise BackpropError(Diagnostic("not-a-number", f"{path} holds {descr}, not real numbers"))
    return descr, sizes, said["fortran_order"] == "True"


def _unreadable(path: str, why: str, hint: str = "") -> BackpropError:
    return BackpropError(Diagnostic("unreadable-values", f"{path} is no array that NumPy wrote: {why}", hint=hint))


def too_large(path: str, why: str) -> BackpropError:
    """The complaint about a file of more bytes than allowed."""
    return BackpropError(Diagnostic("file-too-large", f"{path} {why}", hint="allow more with --limit file-bytes=N"))


def require_few(count: int, path: str, limits: Limits) -> None:
    """Complain of more numbers in a file than a value may have entries."""
    if count > limits.entries:
        shown = f"{count:,}" if count < 10**18 else "10^18 or more"
        message = f"{path} holds {shown} numbers; the limit for one value is {limits.entries:,}"
        raise BackpropError(Diagnostic("too-many-entries", message, hint="allow more with --limit entries=N"))
