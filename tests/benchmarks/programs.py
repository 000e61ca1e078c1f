"""The programs that are timed: straight-line code which ours and every peer read alike, and plain references for it.

The statements are steps that change little, so that after a million operations values and derivatives are still of the
order of one and nothing is skipped because it has become 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

LEAVES = {"x": 0.5, "w": 0.3}
OPERATIONS = 4  # primitive operations a statement, on average
_FORMS = (
    "{p} + 0.00{k}*tanh({q})",
    "{p} - 0.00{k}*{p}/(1 + {q}**2)",
    "{p} + 0.00{k}*exp(-{q})",
    "{p} - 0.00{k}*tanh({q})*w",
)  # fmt: skip


def statements(count: int) -> Iterator[tuple[str, str]]:
    """`count` assignments, target and right side; the last target is the output."""
    for number in range(count):
        before, earlier = f"y{number - 1}" if number else "x", f"y{number - 7}" if number >= 7 else "w"
        yield f"y{number}", _FORMS[number % 4].format(p=before, q=earlier, k=number % 89 + 10)


def expr_text(count: int) -> str:
    """The program as a file of ours."""
    lines = [f"{name} = {value}" for name, value in LEAVES.items()]
    return "\n".join([*lines, *(f"{target} = {right}" for target, right in statements(count))]) + "\n"


def function_text(count: int) -> str:
    """The program as a Python function `f` of its leaves."""
    lines = [f"def f({', '.join(LEAVES)}):", *(f"    {target} = {right}" for target, right in statements(count))]
    return "\n".join([*lines, f"    return y{count - 1}"]) + "\n"


def function(count: int, **names: object) -> Callable[..., object]:
    """The same, made; `names` are what it calls `tanh` and `exp`."""
    space: dict[str, object] = {"tanh": math.tanh, "exp": math.exp, **names}
    exec(compile(function_text(count), "<program>", "exec"), space)
    made = space["f"]
    assert callable(made)
    return made


ADD, SUBTRACT, MULTIPLY, DIVIDE, SQUARE, NEGATE, TANH, EXP = range(8)


class FlatTape:
    """What somebody in a hurry writes by hand: three lists, a loop forward and a loop back. The unit of the tables of sweeps."""

    def __init__(self, count: int) -> None:
        self.values: list[float] = list(LEAVES.values())
        self.tape: list[tuple[int, int, int, int]] = []
        places = {name: at for at, name in enumerate(LEAVES)}
        for number, (target, _) in enumerate(statements(count)):
            p, q = places[f"y{number - 1}" if number else "x"], places[f"y{number - 7}" if number >= 7 else "w"]
            k = self.number(float(f"0.00{number % 89 + 10}"))
            match number % 4:
                case 0:
                    places[target] = self.apply(ADD, p, self.apply(MULTIPLY, k, self.apply(TANH, q)))
                case 1:
                    below = self.apply(ADD, self.number(1.0), self.apply(SQUARE, q))
                    places[target] = self.apply(SUBTRACT, p, self.apply(DIVIDE, self.apply(MULTIPLY, k, p), below))
                case 2:
                    places[target] = self.apply(ADD, p, self.apply(MULTIPLY, k, self.apply(EXP, self.apply(NEGATE, q))))
                case _:
                    scaled = self.apply(MULTIPLY, self.apply(MULTIPLY, k, self.apply(TANH, q)), places["w"])
                    places[target] = self.apply(SUBTRACT, p, scaled)

    def number(self, value: float) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def apply(self, code: int, a: int, b: int = -1) -> int:
        self.tape.append((code, self.number(0.0), a, b))
        return len(self.values) - 1

    def gradient(self) -> dict[str, float]:
        v = list(self.values)
        for code, i, a, b in self.tape:
            if code == MULTIPLY:
                v[i] = v[a] * v[b]
            elif code == ADD:
                v[i] = v[a] + v[b]
            elif code == SUBTRACT:
                v[i] = v[a] - v[b]
            elif code == TANH:
                v[i] = math.tanh(v[a])
            elif code == EXP:
                v[i] = math.exp(v[a])
            elif code == NEGATE:
                v[i] = -v[a]
            elif code == SQUARE:
                v[i] = v[a] * v[a]
            else:
                v[i] = v[a] / v[b]
        d = [0.0] * len(v)
        d[-1] = 1.0
        for code, i, a, b in reversed(self.tape):
            g = d[i]
            if code == MULTIPLY:
                d[a] += g * v[b]
                d[b] += g * v[a]
            elif code == ADD:
                d[a] += g
                d[b] += g
            elif code == SUBTRACT:
                d[a] += g
                d[b] -= g
            elif code == TANH:
                d[a] += g * (1 - v[i] * v[i])
            elif code == EXP:
                d[a] += g * v[i]
            elif code == NEGATE:
                d[a] -= g
            elif code == SQUARE:
                d[a] += g * 2 * v[a]
            else:
                d[a] += g / v[b]
                d[b] -= g * v[i] / v[b]
        return {name: d[at] for at, name in enumerate(LEAVES)}
