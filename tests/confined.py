"""Commands run one by one, each in a process of its own that is watched: what it writes, starts, opens and costs.

The processes are forks of one that has loaded the libraries, so that hundreds of commands take seconds. Nothing of a run
outlives it, and its peak memory is its own and that of the libraries.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import termios
import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_IDLE = 0.15  # seconds of that work in CPython 3.11 on a processor of 2020 that does nothing else
_WALL = 60  # seconds: for a busy machine; what a run may cost is told by its processor time
_SPACE = 4 << 30  # bytes of address space, so that what goes wrong does not take the machine with it
_SMALL, _PIPE = 1_500, 4_096  # bytes
_SINKS = {"full": "/dev/full", "small": os.devnull}
_FILLING = 20  # seconds
_SIGNALS = {"term": signal.SIGTERM, "int": signal.SIGINT}
_WATCHED = ("open", "os.", "subprocess.", "socket.", "shutil.", "pty.", "ctypes.", "tempfile.", "webbrowser.", "urllib.", "ftplib.")
_HARMLESS = ("os.listdir", "os.scandir", "os.putenv", "os.unsetenv", "os.walk", "os.add_dll_directory", "ctypes.")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True, slots=True)
class Run:
    """One command: its exit status, what it wrote, what it did beside, and the seconds of processor time and MB that it took.

    `slowness` is how much more time than on an idle machine the same work takes at the moment.
    """

    status: int
    out: str
    err: str
    acts: tuple[str, ...]
    compiled: tuple[str, ...]
    seconds: float
    megabytes: float
    slowness: float


class Server:
    """The process that forks."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.confined"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "COLUMNS": "100", "PYTHONPATH": str(ROOT)},
        )

    def run(
        self, arguments: Sequence[str], folder: Path | str = ROOT, stdin: bytes = b"", env: Mapping[str, str] | None = None, after: str = ""
    ) -> Run:
        """Run `backprop` with these arguments in a folder. `after` is what happens to it, or nothing.

        `term`, `int`: it is asked to end after half a second. `closed`: nobody reads its standard output. `full`: nothing can be
        written there. `small`: no file can be larger than a message. `stuck term`, `stuck int`: it is asked to end when it has
        filled a pipe that nobody reads.
        """
        asked = {
            "arguments": [os.fsencode(each).decode("latin-1") for each in arguments],
            "folder": str(folder),
            "stdin": stdin.decode("latin-1"),
            "env": dict(env or {}),
            "after": after,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline())
        return Run(**{key: tuple(value) if isinstance(value, list) else value for key, value in found.items()})

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def _serve() -> None:
    _load()
    replies = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as scratch:
            replies.write(json.dumps(_watched(json.loads(line), Path(scratch))) + "\n")
        replies.flush()


def _load() -> None:
    """Load the libraries, and what every command uses on its way."""
    import backprop_cli.commands

    os.environ["COLUMNS"] = "100"
    sink = open(os.devnull, "w")  # noqa: SIM115 - kept
    for arguments in (
        ["grad", "-e", "L = sigmoid(W @ x + 1/3)[0]^2 + sum(x)", "--at", "W=[[1,2]],x=[1,2]"],
        ["trace", "-e", "L = where(x > 0, sin(x), 0)", "--at", "x=2"],
        ["verify", "-e", "L = x^2", "--at", "x=2", "-a", "dx = 2*x"],
    ):
        out, sys.stdout, err, sys.stderr = sys.stdout, sink, sys.stderr, sink
        try:
            backprop_cli.commands.run(arguments)
        finally:
            sys.stdout, sys.stderr = out, err


def _watched(asked: dict[str, Any], scratch: Path) -> dict[str, Any]:
    (scratch / "in").write_bytes(asked["stdin"].encode("latin-1"))
    handles = [
        os.open(scratch / "in", os.O_RDONLY),
        *(os.open(scratch / each, os.O_RDWR | os.O_CREAT) for each in ("out", "err", "acts")),
    ]
    reader = _redirected(handles, asked["after"])
    process = os.fork()
    if not process:
        _run(asked, handles)
    deadline = time.monotonic() + _WALL
    *_, what = asked["after"].split() or [""]
    if what in _SIGNALS:
        _wait_until_full(reader, time.monotonic() + _FILLING) if reader else time.sleep(0.5)
        os.kill(process, _SIGNALS[what])
    while True:
        ended, status, usage = os.wait4(process, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline:
            os.killpg(process, signal.SIGKILL)
        time.sleep(0.002)
    for each in (*handles, *([reader] if reader else [])):
        os.close(each)
    acts, compiled = json.loads((scratch / "acts").read_text("utf-8") or "[[], []]")
    return {
        "status": os.waitstatus_to_exitcode(status),
        "out": (scratch / "out").read_bytes().decode("utf-8", "surrogateescape"),
        "err": (scratch / "err").read_bytes().decode("utf-8", "surrogateescape"),
        "acts": acts,
        "compiled": compiled,
        "seconds": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss / 1024,
        "slowness": _slowness(usage.ru_utime + usage.ru_stime),
    }


def _redirected(handles: list[int], after: str) -> int:
    """Give the process another standard output where that is asked for; the end of a pipe that nobody reads, or 0."""
    if after in _SINKS:
        sink = os.open(_SINKS[after], os.O_WRONLY)
        os.dup2(sink, handles[1])
        os.close(sink)
    if after != "closed" and not after.startswith("stuck"):
        return 0
    reader, writer = os.pipe()
    os.dup2(writer, handles[1])
    os.close(writer)
    if after == "closed":
        os.close(reader)
        return 0
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _PIPE)
    return reader


def _wait_until_full(reader: int, deadline: float) -> None:
    held = array("i", [0])
    while held[0] < _PIPE and time.monotonic() < deadline:
        time.sleep(0.005)
        fcntl.ioctl(reader, termios.FIONREAD, held)


def _slowness(seconds: float) -> float:
    """What the processor's other users cost us: a fixed piece of work, timed where a command took long enough to matter.

    Half of it counts, half of it makes objects, as the commands do: what others take of the caches slows that down more.
    """
    if seconds < 1:
        return 1.0
    gc.disable()  # it would look through all libraries
    begun = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number & 7
    kept = {}
    for number in range(200_000):
        kept[number] = (number, [number])
    gc.enable()
    return max(1.0, (time.process_time() - begun) / _IDLE)


def _run(asked: dict[str, Any], handles: list[int]) -> None:
    status = 99
    try:
        import backprop_cli.commands

        os.setpgid(0, 0)
        os.chdir(asked["folder"])
        os.environ.update(asked["env"])
        for standard, handle in enumerate(handles[:3]):
            os.dup2(handle, standard)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_SPACE, _SPACE))
        if asked["after"] == "small":
            resource.setrlimit(resource.RLIMIT_FSIZE, (_SMALL, resource.RLIM_INFINITY))
        arguments = [os.fsdecode(each.encode("latin-1")) for each in asked["arguments"]]
        gc.set_threshold(100_000, 50, 50)  # as `commands.main` does
        acts, compiled = _listen()
        status = backprop_cli.commands.run(arguments)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        sys.stdout.flush()
        sys.stderr.flush()
        seen = json.dumps([list(acts), list(compiled)])
        os.write(handles[3], seen.encode())
    finally:
        os._exit(status)


def _listen() -> tuple[list[str], list[str]]:
    """What is done from here on to files, processes and the network; and the texts made into code that stand in no file."""
    acts: list[str] = []
    compiled: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "compile" and isinstance(arguments[0], str | bytes):
            text, name = arguments[0], str(arguments[1])
            if not os.path.isfile(name) and not str(text).startswith(("Annotated[", "typer.")):
                compiled.append(text if isinstance(text, str) else text.decode("utf-8", "replace"))
        if not event.startswith(_WATCHED) or event.startswith(_HARMLESS):
            return
        if event == "open":
            flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else 0
            if not flags & _WRITING or str(arguments[0]) == os.devnull:
                return
        acts.append(f"{event} {arguments!r}"[:300])

    sys.addaudithook(hook)
    return acts, compiled


if __name__ == "__main__":
    _serve()
