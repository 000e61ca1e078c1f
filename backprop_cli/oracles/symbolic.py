"""The opinion on teaching-size problems: SymPy differentiates the output written out in the leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backprop_cli.limits import Limits
from backprop_cli.oracles.derived import Allowed, Differentiated, corner_gaps, derivative, on_corner
from backprop_cli.oracles.expand import TooLarge, Written
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.pieces import Planner
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.statements import DIGITS, KINK, Found
from backprop_cli.oracles.stream import Bad, Stream
from backprop_cli.oracles.tape import lay

METHOD = "symbolic"
# Parts times derivatives: what SymPy does in a few tenths of a second.
WORK = 6_000
MOST_STATEMENTS = 60


def gradients(scope: Scope, output: str, wrt: Sequence[str], limits: Limits, tick: Callable[[], None]) -> dict[str, Found]:
    """The gradients of an output at the scope's point. Raises TooLarge past teaching size, NoOpinion where there is none."""
    from mpmath import mp, mpf

    names = scope.needed(output)
    if len(names) > 2 * MOST_STATEMENTS:
        raise TooLarge(f"more than {MOST_STATEMENTS} statements")
    program = Written(scope, output, limits.expanded)
    inner = [name for name in wrt if name in set(names) and name != output]
    if program.extent.size * len(inner) > WORK:
        raise TooLarge("SymPy would take too long")
    with mp.workdps(DIGITS[0]):
        tape = lay(scope, Planner(scope), output, ())
        values = tape.values(Differentiated(), tick)
        if isinstance(values[tape.output], Bad):
            raise NoOpinion(f"{output} has {values[tape.output].reason} here")
        found = {name: Found(mpf(name == output), mpf(name == output)) for name in wrt}
        leaves = [name for name in inner if name not in program.trees]
        here = [values[tape.slots[name]] for name in program.names if name in tape.slots]
        for group in [leaves, *([name] for name in inner if name in program.trees)]:
            if group:
                tick()
                found.update(_group(program, output, group, here, tape.slots))
        return found


def _group(program: Written, output: str, group: list[str], values: list[Any], slots: dict[str, int]) -> dict[str, Found]:
    names = [name for name in program.names if name in slots]
    symbols = [program.symbol(name) for name in names]
    try:
        with Allowed():
            whole = program.expanded(output, [name for name in group if name in program.trees])
            moved = [program.symbol(name) for name in group]
            derivatives = [derivative(whole, symbol) for symbol in moved]
            stream = Stream([*derivatives, *corner_gaps(whole, set(moved))], symbols)
    except RecursionError:
        raise TooLarge("it nests too deeply for SymPy") from None
    results = stream.gross(values)
    if any(on_corner(gap) for gap, _ in results[len(group) :]):
        raise NoOpinion(KINK)
    for name, (value, _) in zip(group, results, strict=False):
        if isinstance(value, Bad):
            raise NoOpinion(f"d{output}/d{name} has {value.reason} here")
    return {name: Found(value, scale) for name, (value, scale) in zip(group, results, strict=False)}
