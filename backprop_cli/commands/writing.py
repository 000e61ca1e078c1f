"""Files that a command writes: all of a file or nothing of it."""

from __future__ import annotations

import io
import os
import signal
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.render.visible import visible

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def write_whole(path: str, data: bytes) -> None:
    """Put the bytes beside the file first and in its place once they are all there; a device or a pipe is written to as it is."""
    target = Path(path)
    try:
        if _is_stream(target) or (target.exists() and not target.is_file()):
            target.write_bytes(data)
            return
        with _signals_wait():
            _replace(target, data)
    except BrokenPipeError:
        raise  # nobody reads it, which is no complaint
    except FileNotFoundError:
        raise BackpropError(Diagnostic("no-such-file", f"there is no folder {target.parent} to write {target.name} to")) from None
    except IsADirectoryError:
        raise BackpropError(Diagnostic("not-a-file", f"{path} is a folder", hint="name a file in it")) from None
    except (OSError, ValueError) as error:
        raise BackpropError(
            Diagnostic("unwritable-file", f"{path} cannot be written: {getattr(error, 'strerror', None) or error}")
        ) from None


def _is_stream(target: Path) -> bool:
    """Whether a name stands for an open file, as /dev/stdout does wherever it leads: what it names must never be replaced."""
    folder = os.path.realpath(target.parent)
    return folder == "/dev" or folder.startswith("/proc/")


def say_written(path: str) -> None:
    """Tell on standard error that a file is there now; where nobody can be told, it is there all the same."""
    with suppress(OSError):
        sys.stderr.write(f"wrote {visible(path)}\n")


def _replace(target: Path, data: bytes) -> None:
    handle, beside = tempfile.mkstemp(prefix=".backprop-", dir=target.parent)
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


@contextmanager
def _signals_wait() -> Iterator[None]:
    """What asks the process to end is obeyed afterwards: the file that is being made beside the other must not stay behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {}
    for each in _ENDING:
        with suppress(ValueError, OSError):
            before[each] = signal.signal(each, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
        if came:
            signal.raise_signal(came[0])


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
    if not target.parent.is_dir() or not target.parent.stat().st_nlink:  # a folder without links has been deleted
        raise BackpropError(Diagnostic("no-such-file", f"there is no folder {target.parent} to write {target.name} to"))
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise BackpropError(Diagnostic("unwritable-file", f"{path} cannot be written: permission denied"))
