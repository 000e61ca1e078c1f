"""A grown program as a text in the `.expr` language."""

from __future__ import annotations

from typing import Any

from tests.fuzz.grown import Program, Tree

_INFIX = frozenset(("+", "-", "*", "/", "^", "@", "<", "<=", ">", ">=", "==", "!="))


def text(program: Program) -> str:
    """The statements; the leaves get no values here."""
    lines = [f"{name}(p, q) = {spelled(body)}" for name, body in program.functions.items()]
    return "\n".join(lines + [f"{name} = {spelled(tree)}" for name, tree in program.statements])


def spelled(tree: Tree) -> str:
    """A tree as it is typed."""
    if isinstance(tree, str):
        return tree
    if isinstance(tree, float):
        return number(tree)
    word, fixed, *operands = tree
    return _applied(word, fixed, [spelled(each) for each in operands])


def number(value: float) -> str:
    """A literal; a negative one in brackets."""
    digits = f"{abs(value):.17g}"
    return f"(-{digits})" if value < 0 else digits


def _applied(word: str, fixed: tuple[Any, ...], operands: list[str]) -> str:
    if word in _INFIX:
        return f"({operands[0]} {word} {operands[1]})"
    match word:
        case "u-":
            return f"(-{operands[0]})"
        case "call":
            return f"{fixed[0]}({', '.join(operands)})"
        case "slope" | "alpha":
            return f"{'leaky_relu' if word == 'slope' else 'elu'}({operands[0]}, {word}={operands[1]})"
        case "[]":
            return f"[{', '.join(operands)}]"
        case ".T":
            return f"({operands[0]}).T"
        case "entry":
            return f"({operands[0]})[{', '.join(map(str, fixed))}]"
        case "slice":
            first, last = ("" if each is None else str(each) for each in fixed)
            return f"({operands[0]})[{first}:{last}]"
        case "reshape":
            return f"reshape({operands[0]}, [{', '.join(map(str, fixed))}])"
        case "onehot":
            return f"onehot({fixed[0]}, {fixed[1]})"
        case "softmax" | "log_softmax" | "concat" | "stack":
            keywords = f"axis={fixed[0]}" if fixed[0] is not None else ""
        case _ if fixed:
            keywords = ", ".join([f"axis={fixed[0]}"] * (fixed[0] is not None) + ["keepdims=1"] * fixed[1])
        case _:
            keywords = ""
    return f"{word}({', '.join([*operands, keywords] if keywords else operands)})"
