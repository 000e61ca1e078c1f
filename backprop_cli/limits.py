"""How much work a text may ask for. Every limit is checked before the work is done."""

from __future__ import annotations

from backprop_cli.records import record


@record(eq=True)
class Limits:
    """Bounds on one run; `OWN` are those for a person's own files."""

    file_bytes: int = 64 * 2**20
    nesting: int = 100_000
    nodes: int = 2_000_000
    entries: int = 50_000_000
    digits: int = 1_000
    exponent: int = 400
    exact_bits: int = 100_000
    expanded: int = 1_000
    seconds: float = 10.0


OWN = Limits()
