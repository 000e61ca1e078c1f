"""How much SymPy may do in this process, counted in calls: the same on a slow machine as on a fast one."""

from __future__ import annotations

import sys
from time import monotonic
from types import FrameType
from typing import Any

A_SECOND = 1_000_000  # calls; about as many as a common machine makes in that time
_SLOWEST = 4  # an operation may take so many times the seconds on the clock, which is asked last
_LOOK = 1_024  # calls between two looks at the clock


class OutOfCalls(BaseException):
    """More calls than allowed; no `Exception`, since SymPy catches those in many places and goes on."""


class Allowance:
    """Within it, every call of a Python function or a built-in one counts. Raises the error given when all are used up."""

    def __init__(self, seconds: float, error: Exception) -> None:
        self.seconds = seconds
        self.error = error
        self.left = int(seconds * A_SECOND)
        self.depth = 0
        self.until = 0.0
        self.before: Any = None

    def __enter__(self) -> None:
        self.depth += 1
        if self.depth == 1:
            self.until = monotonic() + _SLOWEST * self.seconds
            self.before = sys.getprofile()
            sys.setprofile(self.count)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.depth -= 1
        if not self.depth:
            sys.setprofile(self.before)
        if kind is OutOfCalls:
            raise self.error from None

    def count(self, frame: FrameType, event: str, what: Any) -> None:
        if event in ("call", "c_call") and frame.f_code is not _LEAVING:
            self.left -= 1
            if self.left < 0 or (not self.left % _LOOK and monotonic() > self.until):
                raise OutOfCalls


_LEAVING = Allowance.__exit__.__code__  # the last call of all must not be the way out
