"""The worker's own program: bound first, then it reads a task, does it, replies, until its input ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from backprop_cli.worker.confine import allowance, confine
from backprop_cli.worker.protocol import LARGEST_REPLY, LARGEST_REQUEST, Frames, Malformed, frame, message

Task = Callable[[Mapping[str, Any]], dict[str, str]]
OUT_OF_MEMORY = 75  # exit status
_START = 15.0  # seconds until ready, the host's own deadline being shorter
_PIECE = 2**16


def main() -> None:
    """Serve SymPy's tasks."""

    def load() -> dict[str, Task]:
        from backprop_cli.worker.tasks import prepared

        return prepared()

    serve(load)


def probe() -> None:
    """Only say which bonds hold."""
    serve(dict)


def serve(load: Callable[[], Mapping[str, Task]]) -> None:
    """Bind this process, load the tasks, then answer each request with what its task returns."""
    held = confine()
    replies = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)  # what a library prints is not a reply
    os.dup2(nowhere, 2)
    try:
        with allowance(_START):
            tasks = load()
        _send(replies, {"ready": held})
        _work(tasks, replies)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except OSError:
        os._exit(0)  # the host has gone


def _work(tasks: Mapping[str, Task], replies: int) -> None:
    frames = Frames(LARGEST_REQUEST)
    while piece := os.read(0, _PIECE):
        for payload in frames.feed(piece):
            request = message(payload)
            seconds, task = request.get("seconds"), tasks.get(str(request.get("task")))
            if task is None or not isinstance(seconds, int | float) or not isinstance(request.get("id"), int):
                raise Malformed("no such task")
            with allowance(seconds):
                reply = task(request)
                _send(replies, {"id": request["id"], **reply})


def _send(replies: int, reply: dict[str, Any]) -> None:
    rest = frame(reply, LARGEST_REPLY)
    while rest:
        rest = rest[os.write(replies, rest) :]
