"""Files and standard input, read no further than the limits allow, with errors that say what to do."""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
from pathlib import Path

from backprop_cli.errors import BackpropError, Diagnostic, nearest
from backprop_cli.lang.program import Program
from backprop_cli.limits import Limits

_WRITER_SECONDS = 2.0
_LISTED = 10_000  # names of a folder that are looked at for the nearest one


def read_program(file: str | None, text: str | None, command: str, limits: Limits) -> Program:
    """The program in a FILE, on standard input (`-`), or given as TEXT."""
    from backprop_cli.lang.parse import read

    if file is not None and text is not None:
        raise BackpropError(Diagnostic("two-inputs", f"both a FILE ({file}) and -e TEXT are given", hint="give one of them"))
    if text is not None:
        return read(text.encode("utf-8", "surrogateescape"), "-e", limits)
    if file is None:
        raise BackpropError(
            Diagnostic(
                "no-input",
                f"{command} needs a FILE, - for standard input, or -e TEXT",
                hint=f"backprop {command} -e 'L = (x - 1)^2' --at x=3",
            )
        )
    if file == "-":
        return read(read_stdin(limits), "<stdin>", limits)
    return read(read_file(file, limits), file, limits)


def read_stdin(limits: Limits) -> bytes:
    """What stands on standard input, at most one byte more than the limit for a file."""
    if sys.stdin is None:
        raise BackpropError(Diagnostic("no-input", "standard input is closed", hint="give a FILE or -e TEXT"))
    if sys.stdin.isatty():
        sys.stderr.write("reading from the terminal; end with Ctrl-D on a line of its own\n")
        sys.stderr.flush()
    return sys.stdin.buffer.read(limits.file_bytes + 1)


def read_file(path: str, limits: Limits) -> bytes:
    """The bytes of a file, at most one more than the limit for a file."""
    try:
        with open(path, "rb", opener=_open_waiting) as file:
            return file.read(limits.file_bytes + 1)
    except FileNotFoundError:
        raise BackpropError(Diagnostic("no-such-file", f"there is no file {path}", hint=_meant(path))) from None
    except IsADirectoryError:
        raise BackpropError(Diagnostic("not-a-file", f"{path} is a folder", hint=_inside(path))) from None
    except PermissionError:
        raise BackpropError(Diagnostic("no-permission", f"{path} may not be read", hint="ask for permission to read it")) from None
    except (OSError, ValueError) as error:
        raise BackpropError(Diagnostic("unreadable-file", f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")) from None


def _open_waiting(path: str, flags: int) -> int:
    """Open a file; of a named pipe wait a few seconds for its writer, not for ever."""
    if not hasattr(os, "mkfifo") or not os.path.exists(path) or not stat.S_ISFIFO(os.stat(path).st_mode):
        return os.open(path, flags)
    handle = os.open(path, flags | os.O_NONBLOCK)
    ready, _, _ = select.select([handle], [], [], _WRITER_SECONDS)
    if not ready:
        os.close(handle)
        raise OSError(errno.ETIMEDOUT, "it is a pipe, and nobody writes to it")
    os.set_blocking(handle, True)
    return handle


def _meant(path: str) -> str:
    name, _, file = path.partition("=")
    if file:
        if name.isidentifier() and os.path.isfile(file.lstrip("@")):
            return f"write  --at {name}=@{file.lstrip('@')}"
        return "for a text instead of a file, write -e before it"
    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or ".") as entries:
            known = [entry.name for entry, _ in zip(entries, range(_LISTED), strict=False)]
    except OSError:
        return f"there is no folder {folder} either"
    near = nearest(name, known) or nearest(name + ".expr", known)
    return f"did you mean {os.path.join(folder, near)}?" if near else ""


def _inside(path: str) -> str:
    try:
        found = sorted(each.name for each in Path(path).glob("*.expr"))
    except OSError:
        return ""
    return f"name a file in it, such as {os.path.join(path, found[0])}" if found else "name a .expr file"
