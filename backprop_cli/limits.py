"""How much work a text may ask for. Every limit is checked before the work is done."""

from __future__ import annotations

from backprop_cli.records import record


@record(eq=True)
class Limits:
    """Bounds on one run; `OWN` are those for a person's own files, `SUBMISSION` those for what others hand in."""

    file_bytes: int = 64 * 2**20
    line: int = 64 * 2**20
    answers: int = 100_000
    nesting: int = 100_000
    nodes: int = 2_000_000
    entries: int = 50_000_000
    digits: int = 1_000
    exponent: int = 400
    exact_bits: int = 100_000
    expanded: int = 1_000
    seconds: float = 10.0
    memory: int = 2**30  # bytes of the process in which SymPy proves


OWN = Limits()
SUBMISSION = Limits(
    file_bytes=256 * 2**10,
    line=10_000,
    answers=2_000,
    nesting=200,
    nodes=20_000,
    entries=1_000_000,
    digits=100,
    exact_bits=4_096,
    seconds=2.0,
)
