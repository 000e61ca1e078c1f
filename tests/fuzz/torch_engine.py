"""PyTorch on a grown program: its values and its gradients in float64, and how near a corner it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as nn

from tests.fuzz.grown import Program, Tree

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
Tensor = Any

_COMPARE = {"<": torch.lt, "<=": torch.le, ">": torch.gt, ">=": torch.ge, "==": torch.eq, "!=": torch.ne}
# Two operands, whose difference is what decides.
_CORNERED_PAIRS = frozenset(("maximum", "minimum", *_COMPARE))
_CORNERED_AT_ZERO = frozenset(("abs", "sign", "relu", "leaky_relu", "elu", "slope", "alpha"))
_STEPS = frozenset(("floor", "ceil", "round", "mod"))
# What elimination finds is as exact as if each entry were off by a rounding of the largest one: an entry of 0 is no better known.
_ELIMINATED = frozenset(("det", "inv"))


def _mod(a: Tensor, b: Tensor) -> Tensor:
    return a - b * torch.floor(a / b).detach()


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    **{word: getattr(torch, word) for word in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "abs", "sign", "floor")},
    **{word: getattr(torch, word) for word in ("ceil", "round", "hypot", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh")},
    **{word: getattr(torch, word) for word in ("cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "sigmoid", "maximum", "minimum")},
    **{word: lambda a, b, compare=compare: compare(a, b).to(torch.float64) for word, compare in _COMPARE.items()},
    "+": torch.add, "-": torch.sub, "*": torch.mul, "/": torch.div, "^": torch.pow, "u-": torch.neg,
    "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    "sec": lambda x: 1 / torch.cos(x), "csc": lambda x: 1 / torch.sin(x), "cot": lambda x: 1 / torch.tan(x),
    "mod": _mod, "clip": lambda x, lo, hi: torch.minimum(torch.maximum(x, lo), hi),
    "where": lambda c, a, b: torch.where(c != 0, a, b),
    "logsigmoid": nn.logsigmoid, "relu": torch.relu, "softplus": lambda x: torch.logaddexp(x, torch.zeros(())), "softsign": nn.softsign,
    "gelu": nn.gelu, "silu": nn.silu, "leaky_relu": nn.leaky_relu, "elu": nn.elu,
    "slope": lambda x, slope: torch.where(x > 0, x, slope * x),
    "alpha": lambda x, alpha: torch.where(x > 0, x, alpha * torch.expm1(torch.minimum(x, torch.zeros(())))),
    "@": torch.matmul, "dot": torch.dot, "outer": torch.outer, "trace": torch.trace, "det": torch.linalg.det, "inv": torch.linalg.inv,
    "norm": torch.linalg.vector_norm, ".T": lambda x: x.permute(*range(x.ndim)[::-1]), "[]": lambda *x: torch.stack(x),
}  # fmt: skip
_REDUCE: dict[str, Callable[..., Tensor]] = {
    "sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin, "logsumexp": torch.logsumexp,
    "var": lambda x, dim, keepdim: torch.var(x, dim=dim, keepdim=keepdim, correction=0),
    "std": lambda x, dim, keepdim: torch.std(x, dim=dim, keepdim=keepdim, correction=0),
}  # fmt: skip


class Run:
    """One run of a program. `corner` is the smallest distance from a corner, relative to what was compared; `largest` the largest value."""

    def __init__(self, program: Program, noise: torch.Generator | None = None, rounding: float = 2.0**-52) -> None:
        self.program, self.noise, self.rounding = program, noise, rounding
        self.corner, self.largest = 1.0, 0.0
        self.leaves = {name: torch.tensor(value, requires_grad=True) for name, value in program.leaves.items()}
        self.seen: list[tuple[str, tuple[Any, ...], tuple[Tensor, ...], Tensor]] = []
        known: dict[str, Tensor] = dict(self.leaves)
        with torch.enable_grad():
            for name, tree in program.statements:
                known[name] = self.value(tree, known)
        self.output = known["L"]

    def gradients(self) -> dict[str, Any]:
        """The derivative of the last statement by each leaf, as NumPy arrays."""
        if not self.output.requires_grad:
            return {name: torch.zeros_like(leaf).detach().numpy() for name, leaf in self.leaves.items()}
        found = torch.autograd.grad(self.output, list(self.leaves.values()), allow_unused=True, retain_graph=True)
        pairs = zip(self.leaves.items(), found, strict=True)
        return {name: (torch.zeros_like(leaf) if each is None else each).detach().numpy() for (name, leaf), each in pairs}

    def value(self, tree: Tree, known: dict[str, Tensor]) -> Tensor:
        if isinstance(tree, str):
            return known[tree]
        if isinstance(tree, float):
            return torch.tensor(tree)
        word, fixed, *below = tree
        operands = tuple(self.value(each, known) for each in below)
        if word == "call":
            return self.value(self.program.functions[fixed[0]], {**known, **dict(zip(("p", "q"), operands, strict=True))})
        self.look(word, fixed, operands)
        if self.noise is not None and word in _ELIMINATED:
            operands = tuple(each + self.rounding * each.detach().abs().max() * self.random(each) for each in operands)
        found = apply(word, fixed, operands)
        if self.noise is not None:
            found = found * (1 + self.rounding * self.random(found))
        self.seen.append((word, fixed, operands, found))
        if found.numel():
            self.largest = max(self.largest, float(found.detach().abs().max()))
        return found

    def random(self, like: Tensor) -> Tensor:
        """Noise for every entry."""
        return torch.randn(like.shape, generator=self.noise)

    def look(self, word: str, fixed: tuple[Any, ...], operands: tuple[Tensor, ...]) -> None:
        """Note how near a corner this step is."""
        if word in _CORNERED_PAIRS:
            self.near(operands[0] - operands[1], operands[0].abs() + operands[1].abs())
        elif word == "clip":
            for bound in operands[1:]:
                self.near(operands[0] - bound, operands[0].abs() + bound.abs())
            self.near(operands[1] - operands[2], operands[1].abs() + operands[2].abs())
        elif word in _CORNERED_AT_ZERO:
            self.near(operands[0], torch.ones(()))
        elif word in _STEPS:
            whole = operands[0] / operands[1] if word == "mod" else operands[0]
            self.near((2 * whole) - torch.round(2 * whole), 1 + whole.abs())
        elif word in ("max", "min") and operands[0].numel() > 1:
            flat = operands[0].detach().sort(dim=-1 if fixed[0] is None else fixed[0]).values
            flat = operands[0].detach().flatten().sort().values if fixed[0] is None else flat
            self.near(flat.diff(dim=-1 if fixed[0] is None else fixed[0]), torch.ones(()))
        elif word == "atan2":
            self.near(torch.hypot(operands[0].detach(), operands[1].detach()), torch.ones(()))
        elif word in ("std", "norm"):
            self.near(apply(word, fixed, operands), torch.ones(()))

    def near(self, gap: Tensor, size: Tensor) -> None:
        ratio = (gap.detach().abs() / (size.detach() + 1e-300)).flatten()
        if ratio.numel():
            self.corner = min(self.corner, float(ratio.min()))

    def without_slope(self) -> bool:
        """Whether some step has an infinite slope, or none: then a number is a convention, even where what stands before it is flat."""
        for word, fixed, operands, _ in self.seen:
            if word == "^" and bool((operands[0] == 0).any()):
                return True
            if word in ("sqrt", "cbrt", "asin", "acos", "acosh", "^"):
                plain = tuple(each.detach() for each in operands)
                blocks = torch.autograd.functional.jacobian(lambda *each, w=word, f=fixed: apply(w, f, each) + 0.0, plain)
                if not all(bool(torch.isfinite(each).all()) for each in blocks):
                    return True
        return False

    def contributions(self) -> dict[str, Any]:
        """For each entry of each leaf the sum of the absolute contributions that its derivative is made of."""
        above: dict[int, Tensor] = {id(self.output): torch.ones(())}
        for word, fixed, operands, found in reversed(self.seen):
            arrives = above.pop(id(found), None)
            if arrives is None or not operands:
                continue
            plain = tuple(each.detach() for each in operands)
            if word == "det":
                blocks = (_products_of_minors(plain[0].abs()),)
            else:
                blocks = torch.autograd.functional.jacobian(lambda *each, w=word, f=fixed: apply(w, f, each) + 0.0, plain)
            for operand, block in zip(operands, blocks, strict=True):
                part = torch.tensordot(arrives, block.abs(), dims=arrives.ndim)
                above[id(operand)] = above[id(operand)] + part if id(operand) in above else part
        return {name: above.get(id(leaf), torch.zeros_like(leaf)).detach().numpy() for name, leaf in self.leaves.items()}


def _products_of_minors(x: Tensor) -> Tensor:
    """What the derivative of a determinant by each entry is made of, all of it with the same sign."""
    size = range(len(x))

    def permanent(rows: list[int], columns: list[int]) -> Tensor:
        if not rows:
            return torch.ones(())
        return sum(x[rows[0], column] * permanent(rows[1:], [each for each in columns if each != column]) for column in columns)

    return torch.stack([torch.stack([permanent([r for r in size if r != i], [c for c in size if c != j]) for j in size]) for i in size])


def apply(word: str, fixed: tuple[Any, ...], operands: tuple[Tensor, ...]) -> Tensor:
    """One step."""
    match word:
        case "prod":
            x = operands[0]
            return torch.prod(x.flatten(), 0) if fixed[0] is None else torch.prod(x, fixed[0], keepdim=fixed[1])
        case "softmax" | "log_softmax":
            return getattr(torch, word)(operands[0], -1 if fixed[0] is None else fixed[0])
        case "entry":
            return operands[0][tuple(fixed)]
        case "slice":
            return operands[0][slice(*fixed)]
        case "reshape":
            return operands[0].reshape(fixed)
        case "onehot":
            return torch.eye(fixed[1])[fixed[0]]
        case "concat":
            return torch.cat(operands, fixed[0])
        case "stack":
            return torch.stack(operands, fixed[0])
        case _ if word in _REDUCE:
            return _REDUCE[word](operands[0], dim=tuple(range(operands[0].ndim)) if fixed[0] is None else fixed[0], keepdim=fixed[1])
        case "inv" if abs(float(torch.linalg.det(operands[0].detach()))) < 1e-300:
            return operands[0] * float("nan")
        case _:
            return FUNCTIONS[word](*operands)
