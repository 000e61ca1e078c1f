"""Random programs, grown from the shape that is wanted downwards; nothing here knows how they are differentiated.

A tree is a float (a literal), a name, or a tuple: a word, its fixed arguments as a tuple, and its operands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

Shape = tuple[int, ...]
Tree = float | str | tuple[Any, ...]

SHAPES: tuple[Shape, ...] = ((), (), (2,), (3,), (2, 3), (3, 2), (2, 2), (3, 3), (3, 1), (1, 2), (2, 2, 3))
# What is put around an operand so that it is in the function's domain; now and then it is left out.
INTO: dict[str, Callable[[Tree], Tree]] = {
    "positive": lambda x: ("+", (), ("^", (), x, 2.0), 0.375),
    "above one": lambda x: ("+", (), ("^", (), x, 2.0), 1.25),
    "within one": lambda x: ("*", (), ("sin", (), x), 0.875),
    "small": lambda x: ("tanh", (), x),
    "away from zero": lambda x: ("+", (), ("sin", (), x), 2.5),
    "between poles": lambda x: ("*", (), ("sin", (), x), 1.25),
}
ANYWHERE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("u-", "abs", "sign", "floor", "ceil", "round", "sin", "cos", "atan", "tanh", "asinh", "erf", "erfc"), ("",)),
    **dict.fromkeys(("sigmoid", "logsigmoid", "relu", "softplus", "softsign", "gelu", "silu", "leaky_relu", "elu"), ("",)),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), ("small",)),
    **dict.fromkeys(("log", "log2", "log10", "log1p", "sqrt"), ("positive",)),
    **dict.fromkeys(("cbrt", "csc", "cot"), ("away from zero",)),
    **dict.fromkeys(("tan", "sec"), ("between poles",)),
    **dict.fromkeys(("asin", "acos", "atanh"), ("within one",)),
    "acosh": ("above one",),
    **dict.fromkeys(("+", "+", "-", "*", "*", "maximum", "minimum"), ("", "")),
    "/": ("", "away from zero"),
    "mod": ("", "away from zero"),
    "^": ("positive", "small"),
    "hypot": ("", "away from zero"),
    "atan2": ("", "away from zero"),
    "clip": ("", "", ""),
    "where": ("", "", ""),
    "slope": ("", "small"),
    "alpha": ("", "small"),
}
_OFTEN = ("+", "-", "*", "*", "/", "sin", "exp", "tanh", "sigmoid", "relu", "^n", "^n", "where", "call", "call")
_EXPONENTS = (2.0, 2.0, 3.0, 4.0, -1.0, -2.0, 0.5, 1.5, 1.0, 0.0)
_COMPARISONS = ("<", "<=", ">", ">=", "!=")
REDUCTIONS = ("sum", "sum", "mean", "prod", "var", "std", "max", "min", "logsumexp")


@dataclass
class Program:
    """Leaves with their values (floats, or nested lists), functions of the program's own, and statements; the last one is a number."""

    leaves: dict[str, Any] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    functions: dict[str, Tree] = field(default_factory=dict)
    statements: list[tuple[str, Tree]] = field(default_factory=list)

    @property
    def arrays(self) -> bool:
        return any(self.shapes.values())


def program(random: Random) -> Program:
    """A program: scalars alone in six of ten, otherwise arrays among them."""
    return _Grower(random, random.random() < 0.4).program()


class _Grower:
    def __init__(self, random: Random, arrays: bool) -> None:
        self.random, self.arrays = random, arrays
        self.made = Program()
        self.names: list[str] = []
        self.kinds = list(dict.fromkeys(ANYWHERE))

    def program(self) -> Program:
        if self.random.random() < 0.4:
            self.names = ["p", "q"]
            self.made.shapes |= {"p": (), "q": ()}
            self.made.functions["own"] = ("+", (), self.tree((), 2), ("*", (), "p", 0.25))
            self.names = []
        for number in range(self.random.randint(1, 6)):
            shape = self.random.choice(SHAPES) if self.arrays else ()
            tree = self.tree(shape, self.random.randint(1, 3))
            self.made.statements.append((f"v{number}", tree))
            self.made.shapes[f"v{number}"] = shape
            self.names.append(f"v{number}")
        last: Tree = self.tree((), 2)
        for name in self.names[-3:]:
            whole = name if self.made.shapes[name] == () else ("sum", (None, False), ("*", (), name, ("sin", (), name)))
            last = ("+", (), last, whole)
        self.made.statements.append(("L", last))
        self.made.shapes.pop("p", None)
        self.made.shapes.pop("q", None)
        return self.made

    # ---- trees ----

    def tree(self, shape: Shape, depth: int) -> Tree:
        if depth <= 0 or self.random.random() < 0.1:
            return self.word(shape)
        if shape and self.random.random() < 0.5:
            return self.random.choice(_WHOLE[len(shape)])(self, shape, depth - 1)
        if self.arrays and not shape and self.random.random() < 0.4 and self.names != ["p", "q"]:
            return self.random.choice(_WHOLE[0])(self, shape, depth - 1)
        return self.elementwise(shape, depth - 1)

    def word(self, shape: Shape) -> Tree:
        """A name of that shape, a number, or a new leaf."""
        known = [name for name in self.names[-4:] + self.names if self.made.shapes[name] == shape]
        if not shape and self.random.random() < 0.12:
            return self.random.randint(-300, 300) / self.random.choice((100, 8, 1000, 3000))
        in_function = self.names == ["p", "q"]
        if known and (in_function or self.random.random() < 0.75 or len(self.made.leaves) > 5):
            return self.random.choice(known)
        name = f"x{len(self.made.leaves)}"
        self.made.leaves[name] = self.values(shape)
        self.made.shapes[name] = shape
        self.names.append(name)
        return name

    def values(self, shape: Shape) -> Any:
        return self.random.uniform(-2, 2) if not shape else [self.values(shape[1:]) for _ in range(shape[0])]

    def elementwise(self, shape: Shape, depth: int) -> Tree:
        word = self.random.choice(_OFTEN) if self.random.random() < 0.4 else self.random.choice(self.kinds)
        if word == "call":
            if "own" not in self.made.functions:
                return self.elementwise(shape, depth)
            return ("call", ("own",), self.tree(shape, depth), self.tree((), depth))
        if word == "^n":
            base = self.tree(shape, depth)
            power = self.random.choice(_EXPONENTS)
            return ("^", (), INTO["positive"](base) if power < 0 or power % 1 else base, power)
        if word == "where":
            compared = (self.random.choice(_COMPARISONS), (), self.tree(shape, min(depth, 1)), self.tree((), min(depth, 1)))
            return ("where", (), compared, self.tree(shape, depth), self.tree((), depth))
        operands = [self.tree(shape if at == 0 else self.thinner(shape), depth) for at in range(len(ANYWHERE[word]))]
        if len(operands) == 2 and word not in ("slope", "alpha") and self.random.random() < 0.3:
            operands.reverse()
        guarded = [self.into(guard, each) for guard, each in zip(ANYWHERE[word], operands, strict=True)]
        return (word, (), *guarded)

    def into(self, guard: str, tree: Tree) -> Tree:
        return INTO[guard](tree) if guard and self.random.random() < 0.93 else tree

    def thinner(self, shape: Shape) -> Shape:
        """A shape that is broadcast to the one given."""
        choice = self.random.random()
        if choice < 0.5 or not shape:
            return shape
        return () if choice < 0.75 else shape[1:] if choice < 0.88 else (*shape[:-1], 1)

    # ---- whole arrays ----

    def reduced(self, shape: Shape, depth: int) -> Tree:
        """A reduction over an axis that gives this shape, or over everything."""
        word, size = self.random.choice(REDUCTIONS), self.random.choice((2, 3))
        if not shape:
            return (word, (None, False), self.tree(self.random.choice(SHAPES[2:]), depth))
        axis = self.random.randrange(len(shape) + 1) if len(shape) < 3 else len(shape) - 1
        if axis < len(shape) and shape[axis] == 1:
            return (word, (axis, True), self.tree((*shape[:axis], size, *shape[axis + 1 :]), depth))
        if len(shape) == 3:
            return self.elementwise(shape, depth)
        below = (*shape[:axis], size, *shape[axis:])
        return (word, (axis - len(below) if self.random.random() < 0.3 else axis, False), self.tree(below, depth))

    def normed(self, shape: Shape, depth: int) -> Tree:
        return ("norm", (), self.tree(self.random.choice([each for each in SHAPES if each]), depth))

    def dotted(self, shape: Shape, depth: int) -> Tree:
        size = self.random.choice((2, 3))
        return (self.random.choice(("dot", "@")), (), self.tree((size,), depth), self.tree((size,), depth))

    def squared(self, shape: Shape, depth: int) -> Tree:
        size = self.random.choice((2, 3))
        return (self.random.choice(("trace", "det")), (), self.tree((size, size), depth))

    def entry(self, shape: Shape, depth: int) -> Tree:
        base = self.random.choice([each for each in SHAPES if each])
        return ("entry", tuple(self.random.randrange(-each, each) for each in base), self.tree(base, depth))

    def softmaxed(self, shape: Shape, depth: int) -> Tree:
        axis = self.random.choice((None, *range(len(shape))))
        return (self.random.choice(("softmax", "log_softmax")), (axis,), self.tree(shape, depth))

    def product(self, shape: Shape, depth: int) -> Tree:
        inner = self.random.choice((2, 3))
        left: Shape
        right: Shape
        left, right = ((inner,), (inner, *shape)) if len(shape) == 1 else ((*shape[:-1], inner), (inner, shape[-1]))
        if len(shape) == 1 and self.random.random() < 0.5:
            left, right = (*shape, inner), (inner,)
        return ("@", (), self.tree(left, depth), self.tree(right, depth))

    def listed(self, shape: Shape, depth: int) -> Tree:
        return ("[]", (), *(self.tree(shape[1:], depth - 1) for _ in range(shape[0])))

    def row(self, shape: Shape, depth: int) -> Tree:
        """Part of a larger array: a row, or a slice."""
        if self.random.random() < 0.5 and len(shape) < 3:
            return ("entry", (self.random.randrange(2),), self.tree((2, *shape), depth))
        below = (shape[0] + 2, *shape[1:])
        return ("slice", self.random.choice(((0, shape[0]), (1, shape[0] + 1), (2, None), (-shape[0], None))), self.tree(below, depth))

    def joined(self, shape: Shape, depth: int) -> Tree:
        axis = self.random.randrange(len(shape))
        if shape[axis] == 2 and self.random.random() < 0.5:
            below = (*shape[:axis], *shape[axis + 1 :])
            return ("stack", (axis,), self.tree(below, depth), self.tree(below, depth))
        if shape[axis] < 2:
            return self.elementwise(shape, depth)
        parts = [(*shape[:axis], size, *shape[axis + 1 :]) for size in (1, shape[axis] - 1)]
        return ("concat", (axis,), *(self.tree(each, depth) for each in parts))

    def reshaped(self, shape: Shape, depth: int) -> Tree:
        count = math.prod(shape)
        others = [each for each in ((count,), (1, count), (count, 1), (2, count // 2), (count // 2, 2)) if math.prod(each) == count]
        return ("reshape", shape, self.tree(self.random.choice(others), depth))

    def turned(self, shape: Shape, depth: int) -> Tree:
        return (".T", (), self.tree(shape[::-1], depth))

    def crossed(self, shape: Shape, depth: int) -> Tree:
        return ("outer", (), self.tree(shape[:1], depth), self.tree(shape[1:], depth))

    def inverted(self, shape: Shape, depth: int) -> Tree:
        if shape[0] != shape[1]:
            return self.turned(shape, depth)
        unit = ("[]", (), *(("onehot", (at, shape[0])) for at in range(shape[0])))
        return ("inv", (), ("+", (), ("sin", (), self.tree(shape, depth)), ("*", (), unit, 3.5)))

    def hot(self, shape: Shape, depth: int) -> Tree:
        return ("*", (), self.tree(shape, depth), ("onehot", (self.random.randrange(shape[-1]), shape[-1])))


_Maker = Callable[[_Grower, Shape, int], Tree]
_ANY: tuple[_Maker, ...] = (_Grower.reduced, _Grower.softmaxed, _Grower.product, _Grower.listed, _Grower.row, _Grower.joined)
_WHOLE: tuple[Sequence[_Maker], ...] = (
    (_Grower.reduced, _Grower.reduced, _Grower.reduced, _Grower.normed, _Grower.dotted, _Grower.squared, _Grower.entry),
    (*_ANY, _Grower.reshaped, _Grower.hot),
    (*_ANY, _Grower.reshaped, _Grower.turned, _Grower.crossed, _Grower.inverted, _Grower.hot),
    _ANY,
)
