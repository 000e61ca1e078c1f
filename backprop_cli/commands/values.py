"""Values from data files: `X=@data.csv`, `x=@x.npy`, `W=@weights.npz:W`."""

from __future__ import annotations

import io
import math
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from backprop_cli.commands.npy import binary, require_few, too_large
from backprop_cli.commands.reading import read_file
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.limits import Limits

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[Any]]

_LONGEST_CELL = 40  # characters of a cell that a complaint shows
_QUOTE = '"'
_NUMERIC = re.compile(r"[-+−.\d]|(nan|inf(inity)?)$", re.IGNORECASE)  # begins like a number, so it names no column


def values(path: str, limits: Limits) -> Array:
    """The array that a file holds, named as after `@`: float64, not to be written to.

    A CSV file of one row or one column is a vector. Raises BackpropError where the file is not what its suffix says, where it
    holds anything but finite numbers (with the row and the column), and past the limit for entries.
    """
    import numpy

    file, _, member = path.partition(":") if ".npz:" in path else (path, "", "")
    suffix = os.path.splitext(file)[1].lower()
    if suffix == ".csv":
        _, table = csv_table(file, limits)
        found = table.ravel() if 1 in table.shape else table
    elif suffix in (".npy", ".npz"):
        found = binary(_within(file, limits), path=file, member=member, limits=limits)
    else:
        raise BackpropError(
            Diagnostic("unreadable-values", f"{path} is no .csv, .npy or .npz file", hint="a whole point is given as --at @point.json")
        )
    with numpy.errstate(all="ignore"):
        kept = numpy.array(found, dtype=numpy.float64)
    if not numpy.isfinite(kept).all():
        at = tuple(numpy.argwhere(~numpy.isfinite(kept))[0])
        why = ", larger than float64 can hold" if numpy.isfinite(found[at]) else ""
        entry = ", ".join(str(each + 1) for each in at)
        raise BackpropError(Diagnostic("not-finite", f"{path} holds {found[at]!s}{f' at entry {entry}' if entry else ''}{why}"))
    kept.setflags(write=False)
    return kept


def csv_table(path: str, limits: Limits) -> tuple[list[str], Array]:
    """The names in a CSV file's first row (none where a cell of it begins like a number) and its rows as a matrix."""
    import numpy

    data = _within(path, limits)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        binary_file = data.startswith(b"\x93NUMPY") or path.endswith(".npz")
        hint = f"a table is CSV in UTF-8; NumPy's files go to a name, as in --at x=@{path}" if binary_file else "save it as CSV in UTF-8"
        message = f"{path} is not UTF-8: byte {error.start + 1} is 0x{data[error.start]:02x}"
        raise BackpropError(Diagnostic("not-utf8", message, hint=hint)) from None
    if "\0" in text:
        raise BackpropError(Diagnostic("unreadable-values", f"{path} holds zero bytes: it is no table", hint="save it as CSV in UTF-8"))
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    sign = next((sign for sign in ";\t," if sign in first), ",")
    cells = [cell.strip().strip('"') for cell in first.split(sign)]
    header = [] if any(map(_NUMERIC.match, cells)) else cells
    start = lines.index(first) + 1 if first and header else 0
    count = sum(line.count(sign) + 1 for line in lines[start:] if line.strip())
    if not count:
        raise BackpropError(Diagnostic("no-values", f"{path} holds no numbers"))
    require_few(count, path, limits)
    for number, line in enumerate(lines, 1) if _QUOTE in text else ():
        if line.count(_QUOTE) % 2:
            message = f"{path}, row {number}, character {line.index(_QUOTE) + 1}: a quote that is not closed in its line"
            raise BackpropError(Diagnostic("unreadable-values", message))
    try:
        table = numpy.loadtxt(lines, delimiter=sign, skiprows=start, ndmin=2, quotechar='"', comments=None)
        if not numpy.isfinite(table).all() or (header and len(header) != table.shape[1]):
            raise ValueError
    except (ValueError, IndexError):
        raise BackpropError(_bad_cell(path, lines, sign, bool(header))) from None
    return header, table


def _within(path: str, limits: Limits) -> bytes:
    """The bytes of a file; complains of more than the limit for a file."""
    data = read_file(path, limits)
    if len(data) > limits.file_bytes:
        raise too_large(path, f"is larger than {limits.file_bytes:,} bytes, the limit for a file")
    return data


def columns(path: str, limits: Limits) -> dict[str, Array]:
    """The columns of a CSV file by the names in its first row, each a vector. Raises BackpropError."""
    from backprop_cli.lang.text import canonical

    header, table = csv_table(path, limits)
    names = [canonical(name) for name in header]
    if not names:
        raise BackpropError(Diagnostic("no-heading", f"{path} has no row of names at its top", hint="write the inputs' names there: x,y"))
    counts = Counter(names)
    twice = next((name for name in names if counts[name] > 1), None)
    if twice is not None:
        raise BackpropError(Diagnostic("value-twice", f"{path} has two columns {twice}", hint="give each column a name of its own"))
    return {name: table[:, at] for at, name in enumerate(names)}


def _number(cell: str) -> bool:
    if not cell.isascii() or "_" in cell:  # Python reads digits of any script and 1_000; the table's reader and people do not
        return False
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _bad_cell(path: str, lines: list[str], sign: str, header: bool) -> Diagnostic:
    """The first cell that is no number, or the first row of another length."""
    import csv

    try:
        return _misfit(path, lines, sign, header)
    except csv.Error as error:
        return Diagnostic("unreadable-values", f"{path} cannot be read as a table of numbers: {error}")


def _misfit(path: str, lines: list[str], sign: str, header: bool) -> Diagnostic:
    import csv

    width = None
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=sign)
    for row in rows:
        if header and width is None:
            width = len(row)
            continue
        if not row:
            continue
        place = f"{path}, row {rows.line_num}"
        for column, cell in enumerate(row, 1):
            if not cell.strip():
                return Diagnostic("missing-cell", f"{place}, column {column}: no value", hint="fill it in, or leave the row out")
            if not _number(cell):
                hint = "numbers are written with a point, as in 0.5" if "," in cell else "every cell below a first row of names is a number"
                return Diagnostic("text-cell", f"{place}, column {column}: {_shortened(cell)} is no finite number", hint=hint)
        width = width or len(row)
        if len(row) != width:
            return Diagnostic(
                "ragged-rows", f"{place} has {len(row)} cells, and the rows above have {width}", hint="give every row as many cells"
            )
    return Diagnostic("unreadable-values", f"{path} cannot be read as a table of numbers")


def _shortened(cell: str) -> str:
    return repr(cell if len(cell) <= _LONGEST_CELL else f"{cell[:_LONGEST_CELL]}...")
