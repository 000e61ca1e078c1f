"""The worker as its users see it: a task goes in; its result comes out, or word that this one task was lost."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from backprop_cli.limits import OWN
from backprop_cli.worker.process import ENDED, Gone, Process, command
from backprop_cli.worker.protocol import Malformed, frame, message

SECONDS = 2.0
_START = 10.0  # seconds until a new process must be ready
_MOST_STARTS = 3  # in a row without success; then no more are tried
_MOST_TASKS = 200  # for one process; SymPy's memory only grows
_LONGEST_WHY = 200


@dataclass(frozen=True, slots=True)
class Lost:
    """A task without a result; `why` says what became of the process. Other tasks are not touched by it."""

    why: str


def protections() -> tuple[str, ...] | str:
    """The bonds that hold for a worker on this platform, tried out on a process without SymPy; or why there is no telling."""
    with Worker(function="probe") as worker:
        lost = worker.start()
        return lost.why if lost else worker.held


class Worker:
    """A process for tasks that may hang, grow or crash. It starts with the first task and again after each loss.

    `module` and `function` name what the process runs, `folders` where it is found beside the installed packages,
    `memory` how many bytes of address space it may have.
    Any thread may ask; one task is worked on at a time. Used with `with`, or closed, or left to the end of the program.
    """

    def __init__(
        self,
        module: str = "backprop_cli.worker.child",
        function: str = "main",
        folders: tuple[str, ...] = (),
        memory: int = OWN.memory,
    ) -> None:
        self._words = (module, function, folders)
        self._memory = memory
        self._lock = threading.Lock()
        self._running: list[Process] = []  # none or one; shared with what ends it when this object goes
        self._done = 0
        self._asked = 0
        self._failed = 0
        self._closed = False
        self.held: tuple[str, ...] = ()
        self._finalizer = weakref.finalize(self, _end_all, self._running)

    @property
    def pid(self) -> int | None:
        """The number of the process, None while there is none."""
        return self._running[0].pid if self._running else None

    def ask(self, task: str, body: Mapping[str, Any], seconds: float = SECONDS) -> dict[str, str] | Lost:
        """The reply to a task, `seconds` after the process is ready at the latest.

        Starting the process has its own deadline of 10 s. Raises TooLarge where the body is too large to send.
        """
        with self._lock:
            self._asked += 1
            data = frame({"task": task, "id": self._asked, "seconds": seconds, **body})
            try:
                process = self._ready()
                until = time.monotonic() + seconds
                process.send(data)
                return self._reply(process.receive(until))
            except Gone as gone:
                ending = self._drop()
                return Lost(ending if str(gone) == ENDED and ending else str(gone))
            except Malformed as error:
                self._drop()
                return Lost(f"it sent garbage: {error}")
            except BaseException:
                self._drop()  # interrupted: the reply to come belongs to nobody
                raise

    def start(self) -> Lost | None:
        """Start the process if there is none, so that the first task does not wait; Lost where it does not start."""
        with self._lock:
            try:
                self._ready()
            except Gone as gone:
                self._drop()
                return Lost(str(gone))
            except BaseException:
                self._drop()
                raise
        return None

    def close(self) -> None:
        """End the process; tasks asked for later are lost."""
        with self._lock:
            self._closed = True
            self._drop()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ready(self) -> Process:
        """A process that waits for a task. Raises Gone where none can be had."""
        if self._closed:
            raise Gone("the worker is closed")
        if self._running:
            process = self._running[0]
            if process.owner == os.getpid() and process.idle() and self._done < _MOST_TASKS:
                return process
            self._drop()
        if self._failed >= _MOST_STARTS:
            raise Gone("the worker does not start")
        self._failed += 1
        try:
            process = Process(command(*self._words), self._memory)
        except OSError as error:
            raise Gone(f"the worker cannot be started: {error.strerror}") from None
        self._running.append(process)
        self._done = 0
        try:
            ready = message(process.receive(time.monotonic() + _START))["ready"]
        except Gone as gone:
            ending = self._drop()
            raise Gone(f"the worker did not start: {ending if str(gone) == ENDED else gone}") from None
        except (Malformed, KeyError):
            raise Gone("the worker did not start: it sent garbage") from None
        self.held = tuple(each for each in ready if isinstance(each, str))
        self._failed = 0
        return process

    def _reply(self, payload: bytes) -> dict[str, str]:
        reply = message(payload)
        if reply.pop("id", None) != self._asked:
            raise Malformed("a reply to no question")
        if not all(isinstance(value, str) and len(value) <= _LONGEST_WHY and value.isprintable() for value in reply.values()):
            raise Malformed("a reply of another form")
        self._done += 1
        return reply

    def _drop(self) -> str:
        """End the process, if there is one; how it ended."""
        return self._running.pop().end() if self._running else ""


def _end_all(running: list[Process]) -> None:
    while running:
        running.pop().end()
