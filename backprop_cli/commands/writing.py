"""Files that a command writes: all of a file or nothing of it."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backprop_cli.errors import BackpropError, Diagnostic


def write_whole(path: str, data: bytes) -> None:
    """Put the bytes beside the file first and in its place once they are all there; a device or a pipe is written to as it is."""
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(beside, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            os.replace(beside, target)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except FileNotFoundError:
        raise BackpropError(Diagnostic("no-such-file", f"there is no folder {target.parent} to write {target.name} to")) from None
    except IsADirectoryError:
        raise BackpropError(Diagnostic("not-a-file", f"{path} is a folder", hint="name a file in it")) from None
    except (OSError, ValueError) as error:
        raise BackpropError(
            Diagnostic("unwritable-file", f"{path} cannot be written: {getattr(error, 'strerror', None) or error}")
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def npz_bytes(arrays: Mapping[str, Any]) -> bytes:
    """Arrays by name as NumPy's `.npz` keeps them, in float64. (`numpy.savez` itself refuses some names, such as `file`.)"""
    import numpy
    from numpy.lib import format as npy

    from backprop_cli.reports.plain_data import plain_number

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, value in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                npy.write_array(file, numpy.array(plain_number(value), dtype=float), allow_pickle=False)
    return stream.getvalue()


def require_writable(path: str) -> None:
    """Complain before the work where a file could not be written after it."""
    target = Path(path)
    if target.is_dir():
        raise BackpropError(Diagnostic("not-a-file", f"{path} is a folder", hint="name a file in it"))
    if not target.parent.is_dir():
        raise BackpropError(Diagnostic("no-such-file", f"there is no folder {target.parent} to write {target.name} to"))
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise BackpropError(Diagnostic("unwritable-file", f"{path} cannot be written: permission denied"))
