"""The command line's front door: every run enters and every error leaves here."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import IntEnum
from typing import NoReturn, TextIO

from backprop_cli.errors import BackpropError, Diagnostic


class ExitStatus(IntEnum):
    """What a run tells the shell. Only a wrong answer or a failed check is ever 1."""

    OK = 0
    WRONG = 1
    UNUSABLE = 2
    UNDECIDED = 3
    FAULT = 70
    INTERRUPTED = 130
    CLOSED_PIPE = 141


Job = Callable[[], ExitStatus]


def main() -> NoReturn:
    """The command `backprop` as a process of its own."""
    # A run is short and makes few cycles: looking for them takes a third of the time that SymPy's import takes.
    gc.set_threshold(100_000, 50, 50)
    status = run(sys.argv[1:])
    if os.environ.get("BACKPROP_DEBUG"):
        sys.exit(status)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)  # the system frees all memory at once; the interpreter would do it piece by piece


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments ask for and return the exit status."""
    given = list(arguments)
    _prepare_streams()
    try:
        status = _asked(given)
        sys.stdout.flush()
        return status
    except BackpropError as error:
        return _complain(error, given, ExitStatus.UNUSABLE)
    except KeyboardInterrupt:
        _abandon(sys.stdout)
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        _abandon(sys.stdout)
        return ExitStatus.CLOSED_PIPE
    except OSError as error:
        _abandon(sys.stdout)
        return _complain(
            BackpropError(Diagnostic("cannot-write", f"the answer could not be written: {error.strerror}")), given, ExitStatus.UNUSABLE
        )
    except Exception as error:  # a fault of ours: said in one line, whatever it is
        from backprop_cli.calculus.arithmetic import NotExact

        if isinstance(error, NotExact):
            hint = "leave --exact out to work with decimal numbers"
            return _complain(BackpropError(Diagnostic("not-exact", str(error), hint=hint)), given, ExitStatus.UNUSABLE)
        if os.environ.get("BACKPROP_DEBUG"):
            raise
        return _complain(_fault(error), given, ExitStatus.FAULT)


def _asked(given: list[str]) -> int:
    """Have Typer read the arguments, then do what they ask for. Typer sees no error of the work itself."""
    from backprop_cli.commands.app import UsageError, app, usage_complaint

    try:
        asked = app(given, prog_name="backprop", standalone_mode=False)
    except UsageError as error:
        raise BackpropError(usage_complaint(error, given)) from None
    except SystemExit as stopped:  # Typer's own answer to a pipe closed under its help
        raise BrokenPipeError from stopped
    return asked() if callable(asked) else int(asked or ExitStatus.OK)


def _prepare_streams() -> None:
    """UTF-8 wherever output goes but to a terminal; a name that the encoding cannot hold is escaped, never an error."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if not stream.isatty() and not os.environ.get("PYTHONIOENCODING"):
            reconfigure(encoding="utf-8", errors="backslashreplace")
        else:
            reconfigure(errors="backslashreplace")


def _abandon(stream: TextIO) -> None:
    """Let nothing more be written, so that the interpreter does not complain about a closed pipe when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, stream.fileno())
        os.close(sink)


def _complain(error: BackpropError, given: Sequence[str], status: ExitStatus) -> ExitStatus:
    """Draw an error on standard error; the arguments are asked directly, for they may be what is wrong."""
    from backprop_cli.render.diagnostic import drawing, errors_data

    options = given[: given.index("--")] if "--" in given else given
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    try:
        if "--json" in options:
            from backprop_cli.render.as_json import json_text

            sys.stderr.write(json_text(errors_data(error)) + "\n")
        else:
            from backprop_cli.render.look import look_at

            sys.stderr.writelines(drawing(error, look_at(sys.stderr, _colour(options), "--ascii" in options)))
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)
    return status


def _colour(options: Sequence[str]) -> str:
    chosen = "auto"
    for option, following in zip(options, [*options[1:], ""], strict=False):
        if option == "--no-color":
            return "never"
        if option == "--color" or option.startswith("--color="):
            chosen = option.partition("=")[2] or following
    return chosen


def _fault(error: Exception) -> BackpropError:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, MemoryError):
        return BackpropError(Diagnostic("out-of-memory", "this needs more memory than there is", hint="make the problem smaller"))
    recipe = "report it with the file, the command and `backprop --version --verbose`; BACKPROP_DEBUG=1 shows the traceback"
    return BackpropError(Diagnostic("internal-fault", f"a fault of backprop itself, not of your file ({what})", hint=recipe))
