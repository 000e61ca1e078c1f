"""How the built-in functions are called, as the reader of answers needs to know it."""

from __future__ import annotations

from backprop_cli.calculus.table import MOST_OPERANDS, SEVERAL, function_names, row
from backprop_cli.lang.answers_syntax import Signature


def signatures() -> dict[str, Signature]:
    """Every name of a built-in function, with the function's own name and the numbers of arguments it takes."""
    found: dict[str, Signature] = {}
    for name in function_names():
        known = row(name)
        assert known is not None
        most = MOST_OPERANDS if name in SEVERAL else len(known.operands) + len(known.static)
        required = 0 if "axis" in known.static else len(known.static)
        found[name] = Signature(known.head, known.fewest + required, most)
    found["transpose"] = Signature("transpose", 1, 1)
    found["matmul"] = Signature("matmul", 2, 2)
    return found
