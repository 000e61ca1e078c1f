"""A worker that misbehaves on request: the tasks that tests give it. Runs in a process of its own, bound as the true one is."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backprop_cli.worker import child

# SymPy writes and compiles the products of monomials for each number of variables: counted letters, and nothing else.
WORD = re.compile(r"def|return|if|else|None|monomial_[a-z]+|[ABk]|[abr]\d+")


def _of_monomials(source: str) -> bool:
    return source.startswith("def monomial_") and all(WORD.fullmatch(word) for word in re.findall(r"[^\W\d]\w*", source))


def _text(source: object) -> str:
    return source.decode() if isinstance(source, bytes) else str(source)


def main() -> None:
    """Serve, and misbehave where asked."""
    out = os.dup(1)
    child.serve(lambda: _tasks(out))


def without_resource() -> None:
    """Serve as on a platform that has no `resource`."""
    sys.modules["resource"] = None  # type: ignore[assignment]
    main()


def trusting() -> None:
    """Serve SymPy's tasks without comparing any numbers, so that SymPy's word alone is seen."""
    from backprop_cli.worker import tasks

    tasks.contradicted = lambda *given: False  # type: ignore[assignment]
    child.main()


def audited() -> None:
    """Serve SymPy's tasks; where anything was compiled or run that is no module's file, the reply tells what."""
    seen: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "compile" and not _of_monomials(_text(arguments[0])):
            seen.append(str(arguments[1]) if arguments[1] != "<string>" else _text(arguments[0]))
        elif event == "exec" and arguments[0].co_filename != "<string>":  # that was seen when it was compiled
            seen.append(arguments[0].co_filename)
        elif event.startswith(("subprocess.", "socket.", "os.system", "os.exec", "os.fork", "os.posix_spawn")):
            seen.append(event)

    def load() -> dict[str, child.Task]:
        from backprop_cli.worker.tasks import prepared

        equal = prepared()["equal"]

        def watched(request: Mapping[str, Any]) -> dict[str, str]:
            seen.clear()
            reply = equal(request)
            odd = [each for each in seen if not each.endswith(".py")]
            return {**reply, "why": f"ran {odd[0]}"} if odd else reply

        sys.addaudithook(hook)
        return {"equal": watched}

    child.serve(load)


def never_ready() -> None:
    time.sleep(60)


def ends() -> None:
    """End before being ready."""


def greets_wrongly() -> None:
    os.write(1, b"Hello, world\n")
    time.sleep(60)


def _tasks(out: int) -> dict[str, child.Task]:
    return {**_to_itself(), **_to_its_output(out)}


def _to_itself() -> dict[str, child.Task]:
    def echo(request: Mapping[str, Any]) -> dict[str, str]:
        return {"said": str(request["say"])}

    def names(request: Mapping[str, Any]) -> dict[str, str]:
        return {"said": " ".join(sorted(os.environ))}

    def hang(request: Mapping[str, Any]) -> dict[str, str]:
        while True:
            pass

    def hang_inside(request: Mapping[str, Any]) -> dict[str, str]:
        """A single operation that no signal handler of Python's can interrupt."""
        return {"said": str((3 ** (3**19)) % 7)}

    def sleep(request: Mapping[str, Any]) -> dict[str, str]:
        time.sleep(60)
        return {}

    def stubborn(request: Mapping[str, Any]) -> dict[str, str]:
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        return hang(request)

    def grow(request: Mapping[str, Any]) -> dict[str, str]:
        return {"said": str(len(bytearray(request.get("bytes", 4 * 2**30))))}

    def leave(request: Mapping[str, Any]) -> dict[str, str]:
        os._exit(3)

    def fail(request: Mapping[str, Any]) -> dict[str, str]:
        raise KeyError("an error that nobody foresaw")

    def crash(request: Mapping[str, Any]) -> dict[str, str]:
        os.kill(os.getpid(), signal.SIGSEGV)
        return hang(request)

    def write(request: Mapping[str, Any]) -> dict[str, str]:
        Path(request["path"]).write_text("owned")
        return {"said": "written"}

    def fork(request: Mapping[str, Any]) -> dict[str, str]:
        """A child of its own that goes on when this process has ended, and holds its pipes open."""
        if os.fork() == 0:
            while True:
                time.sleep(1)
        os._exit(0)

    def prints(request: Mapping[str, Any]) -> dict[str, str]:
        os.write(1, b"some library has something to say\n")
        os.write(2, b"a warning\n")
        return {"said": "done"}

    return {name: task for name, task in locals().items() if callable(task)}


def _to_its_output(out: int) -> dict[str, child.Task]:
    def pause() -> dict[str, str]:
        time.sleep(60)
        return {}

    def flood(request: Mapping[str, Any]) -> dict[str, str]:
        while True:
            os.write(out, b"9" * 2**16)

    def flood_in_frames(request: Mapping[str, Any]) -> dict[str, str]:
        while True:
            os.write(out, b"2\n{}\n" * 1000)

    def much(request: Mapping[str, Any]) -> dict[str, str]:
        return {"said": "x" * 2**18}

    def garbage(request: Mapping[str, Any]) -> dict[str, str]:
        os.write(out, b"\x00\xff nonsense\n")
        return pause()

    def half(request: Mapping[str, Any]) -> dict[str, str]:
        os.write(out, b"30\n{")
        return pause()

    def no_json(request: Mapping[str, Any]) -> dict[str, str]:
        os.write(out, b"5\n{[}]x\n")
        return pause()

    def other_reply(request: Mapping[str, Any]) -> dict[str, str]:
        os.write(out, b'8\n{"id":0}\n')
        return pause()

    def escapes(request: Mapping[str, Any]) -> dict[str, str]:
        return {"said": "\x1b[31mred"}

    def no_text(request: Mapping[str, Any]) -> dict[str, str]:
        return {"said": [1, 2]}  # type: ignore[dict-item]

    def deaf(request: Mapping[str, Any]) -> dict[str, str]:
        """A proper reply, and no ear for the next question."""
        text = b'{"id":%d,"said":"now"}' % request["id"]
        os.write(out, b"%d\n%b\n" % (len(text), text))
        return pause()

    def twice(request: Mapping[str, Any]) -> dict[str, str]:
        """A reply to the next question comes before it is asked."""
        text = b'{"id":%d,"said":"too early"}' % (request["id"] + 1)
        os.write(
            out, b'%d\n{"id":%d,"said":"now"}\n%d\n%b\n' % (len(b'{"id":%d,"said":"now"}' % request["id"]), request["id"], len(text), text)
        )
        return pause()

    return {name: task for name, task in locals().items() if callable(task) and task is not pause}
