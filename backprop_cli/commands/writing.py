"""Files that a command writes: all of a file or nothing of it."""

from __future__ import annotations

import io
import os
import tempfile
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
    """Arrays by name as NumPy's `.npz` keeps them, in float64."""
    import numpy

    stream = io.BytesIO()
    with_floats: dict[str, Any] = {name: numpy.asarray(value).astype(float) for name, value in arrays.items()}
    numpy.savez(stream, **with_floats)
    return stream.getvalue()
