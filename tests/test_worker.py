"""The worker: whatever a task does to its process, only that task is lost, in time, and nothing of the process is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backprop_cli.worker import Lost, Worker, prove_equal
from backprop_cli.worker import host as host_module
from backprop_cli.worker.confine import confine
from backprop_cli.worker.process import environment

if TYPE_CHECKING:
    from tests.conftest import Backprop

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 0.5
SLACK = 10.0  # for a busy machine; left alone it is far below 1
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups as POSIX has them")
limited = pytest.mark.skipif(sys.platform == "win32", reason="the platform has no resource module")
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to look at processes in")


def stub(function: str = "main") -> Worker:
    return Worker("tests.worker_stub", function, (str(ROOT),))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with stub() as made:
        yield made


def group(number: int) -> list[int]:
    """The processes of a group, from /proc: those alive, and zombies that are ours to reap; an orphan's zombie is init's."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        orphaned = fields[0] == "Z" and int(fields[1]) != os.getpid()
        if int(fields[2]) == number and not orphaned:
            found.append(int(entry.parent.name))
    return found


def gone(number: int, within: float) -> bool:
    """Whether no process of a group is left, at the latest after so many seconds."""
    end = time.monotonic() + within
    while group(number) and time.monotonic() < end:
        time.sleep(0.02)
    return not group(number)


def echoes(worker: Worker) -> bool:
    return worker.ask("echo", {"say": "still here"}) == {"said": "still here"}


# ---- what goes wrong ----

ENDS: dict[str, str] = {
    "hang": "passed its deadline",
    "hang_inside": "passed its deadline",
    "sleep": "passed its deadline",
    "stubborn": "passed its deadline",
    "half": "passed its deadline",
    "leave": "it ended",
    "fail": "it ended",
    "crash": "ended by SIGSEGV",
    "flood": "flooded its output",
    "flood_in_frames": "",
    "much": "",
    "garbage": "garbage",
    "no_json": "garbage",
    "other_reply": "garbage",
    "escapes": "garbage",
    "no_text": "garbage",
    "no such task": "it ended",
    "fork": "",
    "grow": "",
}


@pytest.mark.parametrize("task", ENDS)
def test_a_task_that_goes_wrong_is_lost_in_time_and_alone(worker: Worker, task: str) -> None:
    if task in ("fork", "crash") and sys.platform == "win32":
        pytest.skip("POSIX only")
    assert worker.start() is None
    before = worker.pid
    assert before is not None
    begun = time.monotonic()
    lost = worker.ask(task, {}, SECONDS)
    took = time.monotonic() - begun
    assert isinstance(lost, Lost)
    assert ENDS[task] in lost.why
    assert took < SECONDS + SLACK
    assert gone(before, 0.2)  # where there is no /proc, nothing is found
    assert echoes(worker)
    assert worker.pid != before


@limited
def test_memory_is_limited(worker: Worker) -> None:
    lost = worker.ask("grow", {}, SECONDS)
    assert lost == Lost("it ran out of memory")


@limited
def test_the_memory_is_what_was_allowed() -> None:
    half = {"bytes": 2**29}
    with Worker("tests.worker_stub", "main", (str(ROOT),), memory=3 * 2**28) as roomy:
        assert roomy.ask("grow", half, 10 * SECONDS) == {"said": str(2**29)}
    with Worker("tests.worker_stub", "main", (str(ROOT),), memory=2**28) as narrow:
        assert narrow.ask("grow", half, 10 * SECONDS) == Lost("it ran out of memory")
        assert echoes(narrow)


@limited
def test_nothing_is_written(worker: Worker, tmp_path: Path) -> None:
    target = tmp_path / "owned"
    lost = worker.ask("write", {"path": str(target)}, SECONDS)
    assert lost == Lost("it tried to write a file")
    assert not target.exists() or target.read_bytes() == b""
    assert echoes(worker)


@posix
@pytest.mark.parametrize("when", [0.0, 0.3])
def test_a_process_killed_from_outside(worker: Worker, when: float) -> None:
    """While it waits nothing is lost; while it works, that task."""
    assert worker.start() is None
    number = worker.pid
    assert number is not None
    if when == 0:
        os.kill(number, signal.SIGKILL)
        time.sleep(0.1)
        assert echoes(worker)
        return
    killer = threading.Timer(when, os.kill, (number, signal.SIGKILL))
    killer.start()
    assert worker.ask("hang", {}, 2.0) == Lost("it was ended by SIGKILL")
    assert echoes(worker)


def test_a_reply_that_comes_before_its_question_is_not_believed(worker: Worker) -> None:
    assert worker.ask("twice", {}, SECONDS) == {"said": "now"}
    time.sleep(0.1)
    assert echoes(worker)


def test_what_a_library_prints_is_no_reply(worker: Worker) -> None:
    assert worker.ask("prints", {}, SECONDS) == {"said": "done"}


def test_a_large_question_to_one_who_does_not_read_meets_the_deadline(worker: Worker) -> None:
    assert worker.ask("deaf", {}, SECONDS) == {"said": "now"}
    begun = time.monotonic()
    assert worker.ask("echo", {"say": "x" * 2**22}, SECONDS) == Lost("it passed its deadline")
    assert time.monotonic() - begun < SECONDS + SLACK
    assert echoes(worker)


@pytest.mark.parametrize(
    ("function", "why"),
    [("ends", "did not start: it ended"), ("greets_wrongly", "did not start: it sent garbage"), ("no_such_function", "did not start")],
)
def test_a_worker_that_does_not_start(function: str, why: str) -> None:
    with stub(function) as worker:
        for _ in range(3):
            lost = worker.ask("echo", {"say": ""})
            assert isinstance(lost, Lost)
            assert why in lost.why
            assert worker.pid is None
        begun = time.monotonic()
        assert worker.ask("echo", {"say": ""}) == Lost("the worker does not start")
        assert time.monotonic() - begun < 0.1


def test_a_worker_that_is_never_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "_START", 0.5)
    with stub("never_ready") as worker:
        lost = worker.ask("echo", {"say": ""})
    assert lost == Lost("the worker did not start: it passed its deadline")


def test_no_python_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Worker() as worker:
        lost = worker.ask("equal", {})
    assert isinstance(lost, Lost)
    assert "cannot be started" in lost.why


@posix
def test_without_resource_the_deadline_holds() -> None:
    with stub("without_resource") as worker:
        assert echoes(worker)
        assert worker.held == ()
        begun = time.monotonic()
        assert worker.ask("hang", {}, SECONDS) == Lost("it passed its deadline")
        assert time.monotonic() - begun < SECONDS + SLACK
        assert echoes(worker)


def test_where_there_is_no_resource_module_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert confine() == []


# ---- one process at a time, and an end to each ----


def test_the_process_starts_with_the_first_task_and_is_kept() -> None:
    with stub() as worker:
        assert worker.pid is None
        assert echoes(worker)
        first = worker.pid
        assert echoes(worker)
        assert worker.pid == first is not None
    assert worker.pid is None
    assert worker.ask("echo", {"say": ""}) == Lost("the worker is closed")


def test_a_process_is_replaced_after_many_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "_MOST_TASKS", 2)
    with stub() as worker:
        numbers = [worker.pid for _ in range(4) if echoes(worker)]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


def test_threads_take_turns(worker: Worker) -> None:
    said: dict[int, Any] = {}

    def ask(number: int) -> None:
        said[number] = worker.ask("hang" if number == 3 else "echo", {"say": number}, SECONDS)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert isinstance(said.pop(3), Lost)
    assert said == {number: {"said": str(number)} for number in (0, 1, 2, 4, 5, 6, 7)}


@posix
def test_an_interruption_passes_and_the_next_task_gets_its_own_reply(worker: Worker) -> None:
    assert worker.start() is None

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            worker.ask("sleep", {}, 5.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert echoes(worker)


STARTS = f"""
import os, sys, time, threading
sys.path.insert(0, {str(ROOT)!r})
from backprop_cli.worker import Worker
worker = Worker("tests.worker_stub", "main", ({str(ROOT)!r},))
worker.start()
print(worker.pid, flush=True)
"""


def script(rest: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", STARTS + rest], stdout=subprocess.PIPE, text=True, bufsize=1)


def first_number(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


@linux
@pytest.mark.parametrize("rest", ["", "sys.exit(1)", "1/0", "del worker"])
def test_the_end_of_the_program_is_the_end_of_the_worker(rest: str) -> None:
    process = script("sys.stderr = open(os.devnull, 'w')\n" + rest)
    number = first_number(process)
    process.communicate(timeout=10)
    assert gone(number, 0.2)


@linux
@pytest.mark.parametrize(
    ("rest", "within"),
    [("time.sleep(60)", 1.0), ("worker.ask('hang', {}, 1.0)", 3.0), ("worker.ask('sleep', {}, 1.0)", 3.0)],
)
def test_no_orphan_when_the_program_is_killed(rest: str, within: float) -> None:
    """Waiting, the worker sees the end of its input; working, the operating system ends it soon after its deadline."""
    process = script(rest)
    number = first_number(process)
    time.sleep(0.3)
    process.kill()
    process.communicate()
    assert gone(number, within)


@linux
def test_a_forked_program_has_a_worker_of_its_own() -> None:
    process = script("""
assert worker.ask("echo", {"say": "1"}) == {"said": "1"}
first = worker.pid
forked = os.fork()
if forked == 0:
    assert worker.ask("echo", {"say": "2"}) == {"said": "2"}
    os._exit(0 if worker.pid != first else 1)
assert os.waitpid(forked, 0)[1] == 0
assert worker.ask("echo", {"say": "3"}) == {"said": "3"}
assert worker.pid == first
print("good")
""")
    first_number(process)
    assert process.communicate(timeout=20)[0] == "good\n"


@linux
def test_a_lost_process_is_reaped(worker: Worker) -> None:
    assert worker.start() is None
    number = worker.pid
    assert number is not None
    worker.ask("leave", {})
    with pytest.raises(ChildProcessError):
        os.waitpid(number, os.WNOHANG)


# ---- what the process is ----


def test_its_environment_is_almost_empty(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "1")
    monkeypatch.setenv("PYTHONPATH", "/tmp")
    worker.ask("leave", {})
    reply = worker.ask("names", {})
    assert isinstance(reply, dict)
    allowed = {"LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT"}
    assert set(reply["said"].split()) - allowed == {"BACKPROP_MEMORY", "MPMATH_NOGMPY", "PYTHONHASHSEED", "SYMPY_GROUND_TYPES"}
    assert environment()["SYMPY_GROUND_TYPES"] == "python"


@linux
def test_it_has_a_group_and_a_session_of_its_own_and_few_open_files(worker: Worker) -> None:
    assert worker.start() is None
    number = worker.pid
    assert number is not None
    assert os.getpgid(number) == os.getsid(number) == number
    assert Path(f"/proc/{number}/cwd").resolve() == Path("/")
    files = {path.resolve() for path in Path(f"/proc/{number}/fd").iterdir()}
    assert len(files) <= 4


@linux
def test_its_limits_stand_in_proc() -> None:
    with Worker(function="probe") as worker:
        assert worker.start() is None
        assert {"memory", "core files", "file writing", "processor time", "life time"} <= set(worker.held)
        limits = Path(f"/proc/{worker.pid}/limits").read_text()
    rows = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert rows["Max address space"] == [str(2**30)] * 2
    assert rows["Max core file size"] == rows["Max file size"] == ["0", "0"]
    assert rows["Max cpu time"][0] != "unlimited"


# ---- what is said about it ----


def test_the_version_says_what_holds(backprop: Backprop) -> None:
    out = backprop("--version", "--verbose").out
    assert "\nworker: killed at its deadline" in out
    if Path("/proc/self/stat").exists():
        assert "limits on memory, core files, file writing" in out
    assert "sympy 1." in out


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ((), "worker: killed at its deadline; this platform has no further limits\n"),
        ("it ended", "worker: it ended\n"),
        (("memory", "core files"), "worker: killed at its deadline; limits on memory, core files\n"),
    ],
)
def test_the_version_is_honest(backprop: Backprop, monkeypatch: pytest.MonkeyPatch, held: Any, said: str) -> None:
    monkeypatch.setattr(host_module, "protections", lambda: held)
    assert backprop("--version", "--verbose").out.endswith(said)


def test_asking_loads_no_sympy_here() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from backprop_cli.worker import prove_equal;"
        "print(prove_equal([('v', 0)], [('v', 0)], ['real']).status, 'sympy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "equal False\n"


def test_a_lost_proof_says_why() -> None:
    with stub() as worker:  # knows no such task, and ends
        proof = prove_equal([("v", 0)], [("v", 0)], ["real"], worker)
    assert (proof.status, proof.why) == ("lost", "it ended")
