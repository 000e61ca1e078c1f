"""What holds for every watched command, whatever it was given (see `confined.py`)."""

from __future__ import annotations

import os
import re

from tests.confined import Run

# A busy machine is no fault: the tests only notice what runs away. `THREAT_SECONDS=3` holds every threat to what is promised.
_SECONDS, _MEGABYTES = float(os.environ.get("THREAT_SECONDS", "20")), 512.0
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]")
PLACE = re.compile(r":(\d+):(\d+)\n")
AT = ["--at", "x=2"]
SQUARE = ["verify", "-e", "L = x^2", *AT]


def checked(found: Run, *statuses: int) -> Run:
    """What holds for every command, whatever it was given."""
    assert found.status in statuses, (found.status, found.err[:500], found.out[:500])
    assert found.acts == ()
    assert not _CONTROL.search(found.out), repr(found.out[:300])
    assert not _CONTROL.search(found.err), repr(found.err[:300])
    assert "Traceback" not in found.out + found.err
    assert "internal-fault" not in found.err
    assert found.seconds < _SECONDS * found.slowness
    assert found.megabytes < _MEGABYTES
    return found


def refused(found: Run, code: str | None = None, place: tuple[int, int] | None = None) -> Run:
    """One error, on standard error alone, with its place."""
    checked(found, 2)
    assert found.out == ""
    assert found.err.count("error[") == 1, found.err[:500]
    assert len(found.err) < 2_500
    assert max(map(len, found.err.splitlines()[1:]), default=0) <= 700
    if code is not None:
        assert found.err.startswith(f"error[{code}]"), found.err[:200]
    if place is not None:
        said = PLACE.search(found.err)
        assert said is not None, found.err[:300]
        assert (int(said.group(1)), int(said.group(2))) == place
    return found


def verdict(found: Run, word: str) -> Run:
    """One line that is judged, and the exit status that goes with the verdict."""
    checked(found, {"right": 0, "wrong": 1, "unreadable": 1, "undecided": 3}[word])
    assert found.err == ""
    assert re.search(rf"\n(?:1 of )?1 {word}\b", found.out), found.out[-300:]
    return found
