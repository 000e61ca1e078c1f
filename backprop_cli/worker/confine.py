"""The bonds of the worker: what its process asks the operating system to hold it to."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from backprop_cli.limits import OWN

MEMORY = "BACKPROP_MEMORY"  # the name under which the process is told how many bytes of address space it may have
_OPEN_FILES = 64
_GRACE = 1.0  # seconds between the deadline, which the host keeps, and the process's own end
_PROCESSES = "new processes"
# What is limited, under the name that people read, to how much.
_LIMITS = (
    ("core files", "RLIMIT_CORE", 0),
    ("file writing", "RLIMIT_FSIZE", 0),
    ("open files", "RLIMIT_NOFILE", _OPEN_FILES),
    (_PROCESSES, "RLIMIT_NPROC", 0),
)
TIME = "processor time"
ALARM = "life time"


def confine() -> list[str]:
    """Bind this process for good; the names of the bonds that hold, which are none where the platform has no `resource`."""
    if sys.platform == "win32":
        return []
    # Ignored and blocked signals are inherited. SIGXFSZ Python ignores, to report an error in its place that a library could swallow.
    for each in (signal.SIGALRM, signal.SIGXCPU, signal.SIGXFSZ):
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        import resource
    except ImportError:
        return []
    memory = ("memory", "RLIMIT_AS", int(os.environ.get(MEMORY) or OWN.memory))
    held = [label for label, name, most in (memory, *_LIMITS) if _limited(resource, name, most)]
    if os.geteuid() == 0 and _PROCESSES in held:
        held.remove(_PROCESSES)  # the superuser may start processes all the same
    if hasattr(resource, "RLIMIT_CPU"):
        held.append(TIME)
    return [*held, ALARM]


def _limited(resource: Any, name: str, most: int) -> bool:
    """Lower one limit to at most `most`; whether it holds."""
    which = getattr(resource, name, None)
    if which is None:
        return False
    try:
        hard = resource.getrlimit(which)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (value, value))
        return bool(resource.getrlimit(which) == (value, value))
    except (OSError, ValueError):
        return False


@contextmanager
def allowance(seconds: float) -> Iterator[None]:
    """Within, the process lives at most a little longer than `seconds`, by the clock and by its processor time.

    The operating system ends it, without asking Python, even if the host is no longer there to do so.
    """
    if sys.platform == "win32":
        yield
        return
    with suppress(ImportError):
        _limit_processor_time(seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit_processor_time(seconds: float) -> None:
    """Allow so much more than was used so far. Raises ImportError where the platform has no `resource`."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = math.ceil(used.ru_utime + used.ru_stime + seconds + _GRACE)
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
