"""One process and the two ends of its pipes: started in a session of its own, read without blocking, killed with its whole group."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from backprop_cli.limits import OWN
from backprop_cli.worker.child import OUT_OF_MEMORY
from backprop_cli.worker.confine import MEMORY
from backprop_cli.worker.protocol import LARGEST_REPLY, Frames, Malformed, TooLarge

ENDED = "it ended"
_PIECE = 2**16
_REAPING = 1.0  # seconds
# One task has one reply; whoever sends more than these before they are fetched floods.
_MOST_WAITING = 2
# What some Pythons cannot start without; nothing else of the environment is passed on.
_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT")
# A fixed hash seed, so that the order of SymPy's sets, and with it what it finds, is the same each time.
_SETTINGS = {"PYTHONHASHSEED": "0", "MPMATH_NOGMPY": "1", "SYMPY_GROUND_TYPES": "python"}
_BOOT = (
    "import sys; sys.path[len(sys.path):] = sys.argv[3:]; import importlib; getattr(importlib.import_module(sys.argv[1]), sys.argv[2])()"
)
_PACKAGES = ("backprop_cli", "sympy", "mpmath")


class Gone(Exception):
    """The process is of no more use; the text says why."""


def environment(memory: int = OWN.memory) -> dict[str, str]:
    """All that the process sees of this one's environment, and its own settings, among them how many bytes it may have."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _SETTINGS | {MEMORY: str(memory)}


def command(module: str, function: str, folders: tuple[str, ...] = ()) -> list[str]:
    """The command that calls a function of a module, with the places of the packages it needs and of no others.

    No site hooks, no user's folder, no current folder, no bytecode written.
    """
    places = list(folders)
    for package in _PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            places.append(str(Path(spec.origin).resolve().parent.parent))
    return [sys.executable, "-s", "-S", "-P", "-B", "-c", _BOOT, module, function, *dict.fromkeys(places)]


class Process:
    """A running process. Raises OSError where it cannot be started."""

    def __init__(self, words: list[str], memory: int = OWN.memory) -> None:
        windows = sys.platform == "win32"
        self._popen = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=Path(sys.executable).anchor or None,
            env=environment(memory),
            start_new_session=not windows,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self.pid = self._popen.pid
        self.owner = os.getpid()
        self._arrived: queue.SimpleQueue[bytes | Gone] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        try:
            self._aside(self._read)
        except Gone as gone:
            self.end()
            raise OSError(0, str(gone)) from None

    def _aside(self, work: Callable[..., None], *arguments: object) -> None:
        """Have a thread of its own do what may wait for the process."""
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            raise Gone("there are no more threads") from None
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]

    def _read(self) -> None:
        assert self._popen.stdout is not None
        frames = Frames(LARGEST_REPLY)
        try:
            while piece := os.read(self._popen.stdout.fileno(), _PIECE):
                for payload in frames.feed(piece):
                    self._arrived.put(payload)
                    if self._arrived.qsize() > _MOST_WAITING:
                        raise TooLarge("more replies than questions")
            self._arrived.put(Gone(ENDED))
        except TooLarge as error:
            self._arrived.put(Gone(f"it flooded its output: {error}"))
        except Malformed as error:
            self._arrived.put(Gone(f"it sent garbage: {error}"))
        except OSError:
            self._arrived.put(Gone("its output broke"))

    def send(self, data: bytes) -> None:
        """Write without waiting: a process that does not read meets its deadline, not this one's patience. Raises Gone."""
        self._aside(self._write, data)

    def _write(self, data: bytes) -> None:
        assert self._popen.stdin is not None
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._popen.stdin.fileno(), rest) :]
        except OSError:
            return  # it has gone, which the reader tells

    def receive(self, until: float) -> bytes:
        """The next payload, waiting until the clock `time.monotonic` shows `until`. Raises Gone."""
        try:
            found = self._arrived.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise Gone("it passed its deadline") from None
        if isinstance(found, Gone):
            raise found
        return found

    def idle(self) -> bool:
        """Whether nothing has arrived that nobody asked for, not even the end."""
        return self._arrived.empty()

    def end(self) -> str:
        """Kill the whole group, reap the process, close its pipes; how the process ended."""
        if os.getpid() != self.owner:
            return "it belongs to another process"
        # Before reaping: as long as the leader is not reaped, its number and its group's are its own.
        if sys.platform == "win32":
            self._popen.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_REAPING)
        for thread in self._threads:
            thread.join(_REAPING)
        # A pipe that a thread still waits at stays open: its number, given to another file, would have that thread touch it.
        if not any(thread.is_alive() for thread in self._threads):
            for pipe in (self._popen.stdin, self._popen.stdout):
                if pipe is not None:
                    pipe.close()
        return _ending(self._popen.returncode)


def _ending(status: int | None) -> str:
    """How a process ended, from its exit status."""
    if status == OUT_OF_MEMORY:
        return "it ran out of memory"
    if status is None or status >= 0:
        return ENDED
    name = signal.Signals(-status).name if -status in {each.value for each in signal.Signals} else f"signal {-status}"
    meanings = {"SIGXCPU": "its processor time ran out", "SIGALRM": "it passed its deadline", "SIGXFSZ": "it tried to write a file"}
    return meanings.get(name, f"it was ended by {name}")
