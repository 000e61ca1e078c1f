"""What the worker can do: try to prove that two expressions are one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from backprop_cli.calculus.objects import A_SECOND, Counter, OutOfWork
from backprop_cli.worker.building import Refused, build
from backprop_cli.worker.cases import MOST_CASES, everywhere
from backprop_cli.worker.child import Task
from backprop_cli.worker.protocol import Token, checked, checked_symbols
from backprop_cli.worker.spotcheck import contradicted
from backprop_cli.worker.vanishing import undefined

# What may be different by the signs of the variables, and so may be proved sign by sign.
_BY_SIGN = frozenset(
    ("log", "sqrt", "cbrt", "^", "abs", "sign", "maximum", "minimum", "where", "atan2", "acosh", "<", "<=", ">", ">=", "==", "!=")
)
# What may jump: then what holds on both sides of 0 need not hold at 0.
_JUMPING = frozenset(("sign", "where", "atan2", "floor", "ceil", "round", "<", "<=", ">", ">=", "==", "!="))


class Unproved(Exception):
    """No proof; the text says why."""


def prepared() -> dict[str, Task]:
    """The tasks by name, once SymPy is loaded and warm, so that the first task costs as much as the next."""
    import sympy

    counter = Counter()
    counter.install()
    v0 = sympy.Symbol("v0", real=True)
    sympy.simplify(sympy.sin(v0) ** 2 + sympy.cos(v0) ** 2 + sympy.tanh(v0) - sympy.log(v0**2) + sympy.sqrt(2 + sympy.sqrt(3)))

    def equal(request: Mapping[str, Any]) -> dict[str, str]:
        symbols = checked_symbols(request["symbols"])
        left, right = (checked(request[side], len(symbols)) for side in ("left", "right"))
        sympy.core.cache.clear_cache()  # what a task finds must not depend on those before it
        try:
            with counter.allowing(int(A_SECOND * request["seconds"])):
                means = proof(left, right, symbols)
        except OutOfWork:
            return {"status": "unknown", "why": "more work than is allowed"}
        except RecursionError:
            return {"status": "unknown", "why": "too large: it nests too deeply for SymPy"}
        except (Refused, Unproved) as error:
            return {"status": "unknown", "why": str(error)}
        except MemoryError:
            raise
        except Exception as error:  # SymPy raises what it likes, and this is its only door
            return {"status": "unknown", "why": f"SymPy raised {type(error).__name__}"}
        return {"status": "equal", "why": means}

    return {"equal": equal}


def proof(left: Sequence[Token], right: Sequence[Token], assumed: Sequence[str]) -> str:
    """The means by which two expressions are shown to be one function. Raises Unproved, Refused, OutOfWork."""
    if contradicted(left, right, assumed):
        raise Unproved("no proof: they differ at a point")
    symbols = [symbol(index, each) for index, each in enumerate(assumed)]
    means = everywhere(build(left, symbols) - build(right, symbols))
    if means:
        return means
    heads = {token[0] for token in (*left, *right)}
    split = sorted({token[1] for token in (*left, *right) if token[0] == "v" and assumed[token[1]] == "real"})
    signs = ("positive", "negative", "zero") if jumping(left) or jumping(right) else ("positive", "negative")
    if not heads & _BY_SIGN or not split or len(signs) ** len(split) > MOST_CASES:
        raise Unproved("no proof found")
    for case in product(signs, repeat=len(split)):
        for index, sign in zip(split, case, strict=True):
            symbols[index] = symbol(index, sign)
        sides = build(left, symbols), build(right, symbols)
        # Only `where` gets past an operand without a value; without it, a side that has one has no value itself.
        nowhere = "zero" in case and "where" not in heads and any(undefined(side) for side in sides)
        if not nowhere and not everywhere(sides[0] - sides[1]):
            raise Unproved("no proof found for every sign of the variables")
    return "sign by sign"


def jumping(tokens: Sequence[Token]) -> bool:
    """Whether an expression may jump: a power does where its exponent moves."""
    before: Token = ("",)
    for token in tokens:
        if token[0] in _JUMPING or (token[0] == "^" and before[0] != "n"):
            return True
        before = token
    return False


def symbol(index: int, assumed: str) -> Any:
    """A variable. A negative one is the negative of a positive one, of which SymPy knows more."""
    import sympy

    if assumed == "zero":
        return sympy.S.Zero
    if assumed == "negative":
        return -sympy.Symbol(f"v{index}", positive=True)
    return sympy.Symbol(f"v{index}", **{assumed: True})
