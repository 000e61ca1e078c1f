"""`trace --step`: a walk through the trace by keys, on a screen of its own that is put back as it was."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from importlib.util import find_spec
from types import FrameType
from typing import Any

from backprop_cli.commands import ExitStatus
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.render.look import Look
from backprop_cli.reports.trace import Report

_FORWARD = frozenset(["\x1b[C", "\x1bOC", "\x1b[B", "\x1bOB", " ", "\r", "\n", "n", "l", "j"])
_BACK = frozenset(["\x1b[D", "\x1bOD", "\x1b[A", "\x1bOA", "b", "p", "h", "k", "\x7f", "\x08"])
_QUIT = frozenset(["q", "Q", "\x04", ""])
_ENOUGH = 5e-3  # a guess with two or three right digits is right


def walk(found: Report, look: Look) -> ExitStatus:
    """Walk through a trace until the viewer quits. Needs a terminal on both ends."""
    from backprop_cli.reports.trace_step import lesson

    hint = "leave --step out to print all steps"
    if not _reads_keys():
        raise BackpropError(Diagnostic("no-terminal", "--step needs a POSIX terminal, which this system does not have", hint=hint))
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):  # a stream may have been closed
        raise BackpropError(Diagnostic("no-terminal", "--step needs a terminal for keys and for the picture", hint=hint))
    plan = lesson(found)
    with _screen():
        _loop(plan, look)
    return ExitStatus.OK


def _reads_keys() -> bool:
    """Whether this system can read single keys: the modules for that exist on POSIX alone."""
    return find_spec("termios") is not None and find_spec("tty") is not None


def _loop(plan: Any, look: Look) -> None:
    position, said = 0, ""
    while True:
        _show(plan, position, look, said=said)
        said = ""
        key = _key()
        if key in _QUIT:
            return
        if key in _FORWARD:
            position = min(position + 1, len(plan.moves))
        elif key in _BACK:
            position = max(position - 1, 0)
        elif key == "g" and position < len(plan.moves):
            said = _guess(plan, position, look)
            position += 1
        elif key in ("\x1b[H", "0"):
            position = 0
        elif key in ("\x1b[F", "$"):
            position = len(plan.moves)


def _show(plan: Any, position: int, look: Look, prompt: str = "", said: str = "") -> None:
    from dataclasses import replace

    from backprop_cli.render.step import frame

    columns, rows = shutil.get_terminal_size()
    lines = frame(plan, position, replace(look, width=columns), rows, prompt, said)
    sys.stdout.write("\x1b[H" + "".join(f"{line}\x1b[K\r\n" for line in lines[: rows - 1]) + "\x1b[J")
    sys.stdout.flush()


def _guess(plan: Any, position: int, look: Look) -> str:
    """Let the viewer type a number, and say how it compares with the next move's."""
    typed = ""
    while True:
        _show(plan, position, look, prompt=f"> {typed}_")
        key = _key()
        if key in ("\r", "\n", ""):
            break
        if key in ("\x7f", "\x08"):
            typed = typed[:-1]
        elif len(key) == 1 and key.isprintable() and len(typed) < 40:
            typed += key
    answer = plan.moves[position].answer
    if not typed.strip():
        return ""
    if getattr(answer, "shape", ()):
        return "compare with the array above"
    try:
        guess = float(Fraction(typed.strip().replace("−", "-")))
    except (ValueError, ZeroDivisionError, OverflowError):
        return f"{typed.strip()} is no number"
    right = float(answer)
    good = abs(guess - right) <= _ENOUGH * max(abs(right), 1e-12)
    return f"{look.glyphs('✓')} right: {typed.strip()}" if good else f"{look.glyphs('✗')} not {typed.strip()}"


def _key() -> str:
    """One key, the several bytes of an arrow together; empty at the end of the input."""
    import select

    descriptor = sys.stdin.fileno()
    data = os.read(descriptor, 1)
    if data == b"\x1b":
        while len(data) < 8 and select.select([descriptor], [], [], 0.02)[0]:
            data += os.read(descriptor, 1)
            if data[-1:].isalpha() and data[-1:] != b"O":
                break
    while data and 0xC0 <= data[0] < 0xF8 and _short_of(data) and select.select([descriptor], [], [], 0.05)[0]:
        data += os.read(descriptor, 1)
    return data.decode("utf-8", "replace")


def _short_of(data: bytes) -> bool:
    need = 2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4
    return len(data) < need


@contextmanager
def _screen() -> Iterator[None]:
    """A second screen without echo and cursor; whatever happens, the first one comes back."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    ended = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    suspended = signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # a walk that is left halfway would leave this screen behind
    try:
        tty.setcbreak(descriptor)
        sys.stdout.write("\x1b[?1049h\x1b[?25l\x1b[2J")
        sys.stdout.flush()
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        sys.stdout.write("\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, ended)
        signal.signal(signal.SIGTSTP, suspended)
