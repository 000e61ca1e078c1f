"""Asking whether two expressions are one function."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from backprop_cli.limits import OWN, Limits
from backprop_cli.worker.host import SECONDS, Lost, Worker
from backprop_cli.worker.protocol import Malformed, checked, checked_symbols, expanded

MOST_LEVELS = 48  # SymPy recurses


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of asking.

    `equal`: wherever both expressions have a real value, they have the same one; where each has one is not compared.
    `unknown`: no proof was found, which says nothing against it. `lost`: the worker was killed, crashed or did not start.
    `why` is the means of a proof, or the reason that there is none.
    """

    status: Literal["equal", "unknown", "lost"]
    why: str


def prove_equal(
    left: Iterable[Sequence[Any]],
    right: Iterable[Sequence[Any]],
    symbols: Sequence[str],
    worker: Worker | None = None,
    seconds: float = SECONDS,
    limits: Limits = OWN,
) -> Proof:
    """Have SymPy try to prove that two expressions are one function; never the opposite.

    `left` and `right` are tokens in post-order, see `worker.protocol`; `symbols` says of each variable what may be assumed:
    `real`, `positive` or `negative`. `worker` defaults to one that all callers in this process share; `seconds` is the
    deadline, starting aside; of the `limits` those on written out parts and on memory hold.
    What is too large or outside the vocabulary is not sent, and is unknown. Nothing is raised.
    """
    try:
        known = checked_symbols(symbols)
        sides = {"left": checked(left, len(known)), "right": checked(right, len(known))}
        extents = [expanded(tokens) for tokens in sides.values()]
        if any(parts > limits.expanded for parts, _ in extents):
            return Proof("unknown", f"too large: more than {limits.expanded:,} parts when written out")
        if any(levels > MOST_LEVELS for _, levels in extents):
            return Proof("unknown", f"too large: more than {MOST_LEVELS} levels when written out")
        reply = (worker or _shared(os.getpid(), limits.memory)).ask("equal", {"symbols": known, **sides}, seconds)
    except Malformed as error:
        return Proof("unknown", f"not sent: {error}")
    if isinstance(reply, Lost):
        return Proof("lost", reply.why)
    status, why = reply.get("status"), reply.get("why", "")
    if status not in ("equal", "unknown") or len(reply) != 2:
        return Proof("lost", "it sent garbage: a reply of another form")
    return Proof("equal" if status == "equal" else "unknown", why)


@cache
def _shared(process: int, memory: int) -> Worker:
    """The worker that all callers in a process share; a forked process gets its own."""
    return Worker(memory=memory)
