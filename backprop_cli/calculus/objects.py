"""How much SymPy may do, counted in objects made: the same on a slow machine as on a fast one, and next to free."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

A_SECOND = 15_000  # objects; a common machine makes 30,000 to 50,000 in that time


class OutOfWork(BaseException):
    """More objects than allowed; no `Exception`, since SymPy catches those in many places and goes on."""


class Counter:
    """Counts the objects that SymPy makes, whatever their class, from the moment it is installed."""

    def __init__(self) -> None:
        self.left = 0
        self.active = False

    def install(self) -> None:
        """Stand between SymPy's classes and their common ancestor's `__new__`, for the rest of this process."""
        from sympy import Basic

        make = Basic.__new__

        def counted(cls: type, *args: Any) -> Any:
            if self.active:
                self.left -= 1
                if self.left < 0:
                    raise OutOfWork
            return make(cls, *args)

        Basic.__new__ = counted

    @contextmanager
    def allowing(self, objects: int) -> Iterator[None]:
        """Within, at most so many. Raises OutOfWork."""
        self.left = objects
        self.active = True
        try:
            yield
        finally:
            self.active = False
