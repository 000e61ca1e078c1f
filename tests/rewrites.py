"""Pairs of formulas made on purpose: the right ones by rewriting that keeps the meaning, the near misses by a small slip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from mpmath import mp, mpf

from backprop_cli.equality.terms import Terms

# A formula: a rational, the name of a leaf, or a head with formulas.
Tree = Fraction | str | tuple[Any, ...]
ANY, POSITIVE = ("x", "y"), ("p", "q")
Rule = Callable[[Tree, Random], Tree | None]


@dataclass(frozen=True)
class Case:
    """Two formulas, the point of the file, and what was done: "everywhere", "where positive", or the slip."""

    left: Tree
    right: Tree
    home: dict[str, Fraction]
    what: str


def n(value: int | str) -> Fraction:
    """A number."""
    return Fraction(value)


# ---- formulas ----


def formula(random: Random, depth: int = 4) -> Tree:
    """A random formula, defined nearly everywhere."""
    if depth <= 0 or random.random() < 0.12:
        return random.choice(ANY + POSITIVE) if random.random() < 0.8 else Fraction(random.randint(-9, 9), random.randint(1, 4))
    a = formula(random, depth - 1)
    kind = random.choice(
        ["+", "+", "-", "*", "*", "*", "/", "^", "exp", "log", "sqrt", "tanh", "sin", "cos", "sigmoid", "softplus", "abs", "max", "where"]
    )
    if kind in ("+", "-", "*"):
        return (kind, a, formula(random, depth - 1))
    if kind == "/":
        return ("/", a, random.choice([("+", ("^", formula(random, depth - 2), n(2)), n(1)), *POSITIVE]))
    if kind == "^":
        return ("^", a, n(random.choice([2, 2, 3, 4])))
    if kind == "exp":
        return ("exp", random.choice([("u-", ("^", a, n(2))), ("tanh", a), ("*", n("1/4"), random.choice(ANY + POSITIVE))]))
    if kind in ("log", "sqrt"):
        return (kind, random.choice([("+", ("^", a, n(2)), n(1)), random.choice(POSITIVE), ("*", *POSITIVE)]))
    if kind == "sigmoid":
        return ("/", n(1), ("+", n(1), ("exp", ("u-", a))))
    if kind == "softplus":
        return ("log", ("+", n(1), ("exp", a)))
    if kind == "max":
        return ("maximum", a, formula(random, depth - 2) if depth > 1 else n(0))
    if kind == "where":
        return ("where", (">", random.choice(ANY), n(0)), a, formula(random, depth - 2) if depth > 1 else n(0))
    return (kind, a)


def home(random: Random) -> dict[str, Fraction]:
    """Values of the leaves."""
    found = {each: Fraction(random.randint(1, 40), 16) * random.choice([1, -1]) for each in ANY}
    return found | {each: Fraction(random.randint(1, 40), 16) for each in POSITIVE}


# ---- rewriting ----


def _is(tree: Tree, head: str) -> bool:
    return isinstance(tree, tuple) and bool(tree[0] == head)


def _swap(tree: Tree, random: Random) -> Tree | None:
    return (tree[0], tree[2], tree[1]) if _is(tree, "+") or _is(tree, "*") or _is(tree, "maximum") else None


def _regroup(tree: Tree, random: Random) -> Tree | None:
    for head in ("+", "*"):
        if _is(tree, head) and _is(tree[1], head):
            return (head, tree[1][1], (head, tree[1][2], tree[2]))
    return None


def _distribute(tree: Tree, random: Random) -> Tree | None:
    if _is(tree, "*"):
        for one, other in ((tree[1], tree[2]), (tree[2], tree[1])):
            if _is(one, "+") or _is(one, "-"):
                return (one[0], ("*", one[1], other), ("*", one[2], other))
    return None


def _divide(tree: Tree, random: Random) -> Tree | None:
    if _is(tree, "/"):
        return ("*", tree[1], ("^", tree[2], n(-1)))
    return None


def _difference(tree: Tree, random: Random) -> Tree | None:
    return ("+", tree[1], ("*", n(-1), tree[2])) if _is(tree, "-") else None


def _power(tree: Tree, random: Random) -> Tree | None:
    if not _is(tree, "^") or not isinstance(tree[2], Fraction) or tree[2].denominator != 1 or tree[2] < 2:
        return None
    if tree[2] == 2 and random.random() < 0.5 and _is(tree[1], "+"):
        a, b = tree[1][1:]
        return ("+", ("+", ("^", a, n(2)), ("*", n(2), ("*", a, b))), ("^", b, n(2)))
    return ("*", tree[1], ("^", tree[1], tree[2] - 1))


def _exp(tree: Tree, random: Random) -> Tree | None:
    if not _is(tree, "exp"):
        return None
    a = tree[1]
    if _is(a, "+"):
        return ("*", ("exp", a[1]), ("exp", a[2]))
    if _is(a, "u-"):
        return ("/", n(1), ("exp", a[1]))
    return random.choice([("^", ("exp", ("/", a, n(2))), n(2)), ("+", ("cosh", a), ("sinh", a)), ("^", "e", a)])


def _tanh(tree: Tree, random: Random) -> Tree | None:
    if not _is(tree, "tanh"):
        return None
    a = tree[1]
    there, back = ("exp", a), ("exp", ("u-", a))
    return random.choice(
        [
            ("/", ("-", there, back), ("+", there, back)),
            ("-", n(1), ("/", n(2), ("+", n(1), ("exp", ("*", n(2), a))))),
            ("/", ("sinh", a), ("cosh", a)),
        ]
    )


def _circle(tree: Tree, random: Random) -> Tree | None:
    if _is(tree, "sin"):
        half = ("/", tree[1], n(2))
        return random.choice([("*", n(2), ("*", ("sin", half), ("cos", half))), ("u-", ("sin", ("u-", tree[1])))])
    if _is(tree, "cos"):
        return ("-", n(1), ("*", n(2), ("^", ("sin", ("/", tree[1], n(2))), n(2))))
    return None


def _one(tree: Tree, random: Random) -> Tree | None:
    a = random.choice(ANY)
    one = random.choice(
        [("+", ("^", ("sin", a), n(2)), ("^", ("cos", a), n(2))), ("-", ("^", ("cosh", a), n(2)), ("^", ("sinh", a), n(2))), ("^", a, n(0))]
    )
    return ("*", tree, one)


def _there_and_back(tree: Tree, random: Random) -> Tree | None:
    a = random.choice(
        [*ANY, *POSITIVE, n(random.randint(1, 9)), ("exp", ("u-", random.choice(ANY))), ("*", *ANY), ("sin", random.choice(ANY))]
    )
    return random.choice([("-", ("+", tree, a), a), ("+", ("-", tree, a), a), ("/", ("*", tree, "p"), "p")])


def _choice(tree: Tree, random: Random) -> Tree | None:
    if _is(tree, "maximum"):
        a, b = tree[1:]
        return random.choice(
            [("where", (">", a, b), a, b), ("/", ("+", ("+", a, b), ("abs", ("-", a, b))), n(2)), ("u-", ("minimum", ("u-", a), ("u-", b)))]
        )
    if _is(tree, "abs"):
        return random.choice([("maximum", tree[1], ("u-", tree[1])), ("sqrt", ("^", tree[1], n(2))), ("*", tree[1], ("sign", tree[1]))])
    if _is(tree, "where"):
        condition, a, b = tree[1:]
        return ("where", ("<=" if condition[0] == ">" else ">", *condition[1:]), b, a)
    return None


def _arithmetic(tree: Tree, random: Random) -> Tree | None:
    """A choice as a sum: both branches have to exist."""
    return ("+", tree[3], ("*", tree[1], ("-", tree[2], tree[3]))) if _is(tree, "where") else None


def _decimals(tree: Tree, random: Random) -> Tree | None:
    return ("-", tree + Fraction(1, 10), Fraction(1, 10)) if isinstance(tree, Fraction) else None


def _log(tree: Tree, random: Random) -> Tree | None:
    if _is(tree, "log") and _is(tree[1], "*"):
        return ("+", ("log", tree[1][1]), ("log", tree[1][2]))
    return ("*", n("1/2"), ("log", ("^", tree[1], n(2)))) if _is(tree, "log") else None


def _root(tree: Tree, random: Random) -> Tree | None:
    if _is(tree, "sqrt"):
        a = tree[1]
        if _is(a, "*"):
            return ("*", ("sqrt", a[1]), ("sqrt", a[2]))
        return random.choice([("^", a, n("1/2")), ("exp", ("/", ("log", a), n(2))), ("/", a, ("sqrt", a))])
    if isinstance(tree, str) and tree in POSITIVE:
        return random.choice([("sqrt", ("^", tree, n(2))), ("^", ("sqrt", tree), n(2)), ("abs", tree), ("exp", ("log", tree))])
    return None


EVERYWHERE: tuple[Rule, ...] = (
    _swap, _regroup, _distribute, _divide, _difference, _power, _exp, _tanh, _circle, _one, _there_and_back, _choice, _decimals,
)  # fmt: skip
WHERE_POSITIVE: tuple[Rule, ...] = (_log, _root, _arithmetic)


def _places(tree: Tree) -> list[tuple[int, ...]]:
    """The places of all parts, as steps down; exponents and conditions are left alone."""
    found: list[tuple[int, ...]] = [()]
    pending: list[tuple[Tree, tuple[int, ...]]] = [(tree, ())]
    while pending:
        part, place = pending.pop()
        if isinstance(part, tuple):
            for i, below in enumerate(part[1:], 1):
                if not (part[0] in ("^", "where") and i == (2 if part[0] == "^" else 1)):
                    found.append((*place, i))
                    pending.append((below, (*place, i)))
    return found


def _at(tree: Tree, place: tuple[int, ...]) -> Tree:
    for step in place:
        assert isinstance(tree, tuple)
        tree = tree[step]
    return tree


def _with(tree: Tree, place: tuple[int, ...], new: Tree) -> Tree:
    if not place:
        return new
    assert isinstance(tree, tuple)
    return (*tree[: place[0]], _with(tree[place[0]], place[1:], new), *tree[place[0] + 1 :])


def rewritten(tree: Tree, random: Random, rules: tuple[Rule, ...], times: int) -> Tree:
    """The formula after some rules were applied somewhere."""
    for _ in range(times * 4):
        place = random.choice(_places(tree))
        found = random.choice(rules)(_at(tree, place), random)
        if found is not None:
            tree = _with(tree, place, found)
            times -= 1
        if not times:
            break
    return tree


# ---- slips ----


def _slip(tree: Tree, random: Random) -> tuple[Tree, str]:
    place = random.choice(_places(tree))
    part = _at(tree, place)
    kind = random.choice(["factor 1e-6", "factor 1e-12", "sign", "dropped", "exponent", "added"])
    if kind.startswith("factor"):
        return _with(tree, place, ("*", part, 1 + Fraction(kind.split()[1]))), kind
    if kind == "dropped" and (_is(part, "+") or _is(part, "*") or _is(part, "-")):
        assert isinstance(part, tuple)
        return _with(tree, place, part[random.choice([1, 2])]), kind
    if kind == "exponent" and isinstance(part, tuple) and part[0] == "^" and isinstance(part[2], Fraction):
        return _with(tree, place, ("^", part[1], part[2] + 1)), kind
    if kind == "added":
        return _with(tree, place, ("+", part, Fraction(1, 1000))), kind
    return _with(tree, place, ("u-", part)), "sign"


# ---- cases ----


def right_pairs(count: int, seed: int) -> Iterator[Case]:
    """Pairs that are equal: everywhere, or where p and q are positive, as at home."""
    random = Random(seed)
    for i in range(count):
        left = formula(random, random.choice([2, 3, 3, 4]))
        rules = EVERYWHERE + WHERE_POSITIVE * (i % 2)
        yield Case(left, rewritten(left, random, rules, random.randint(1, 6)), home(random), "where positive" if i % 2 else "everywhere")


def near_misses(count: int, seed: int) -> Iterator[Case]:
    """Pairs that surely differ at home by more than 1e-25 of their size."""
    random = Random(seed)
    while count:
        left, at = formula(random, random.choice([2, 3, 3, 4])), home(random)
        right, what = _slip(rewritten(left, random, EVERYWHERE, random.randint(0, 3)), random)
        a, b = reference(left, at), reference(right, at)
        if a is not None and b is not None and abs(a - b) > mpf(10) ** -25 * max(abs(a), mpf(1)):
            yield Case(left, right, at, what)
            count -= 1


# ---- meaning ----

_MEANING: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "u-": lambda a: -a,
    "^": lambda a, b: a**b, "exp": mp.exp, "log": mp.log, "sqrt": mp.sqrt, "tanh": mp.tanh, "sinh": mp.sinh, "cosh": mp.cosh,
    "sin": mp.sin, "cos": mp.cos, "abs": abs, "sign": mp.sign, "maximum": max, "minimum": min,
    "where": lambda c, a, b: a if c else b, ">": lambda a, b: mpf(a > b), "<=": lambda a, b: mpf(a <= b),
}  # fmt: skip


def reference(tree: Tree, at: dict[str, Fraction], digits: int = 70) -> Any:
    """The value by mpmath alone, with so many digits; None where it is not real or too large."""
    return sized(tree, at, digits)[0]


_FAR = 10**6  # arguments beyond it make numbers that take too long


def sized(tree: Tree, at: dict[str, Fraction], digits: int) -> tuple[Any, Any]:
    """The value, and the largest number on the way to it, of which its rounding is a part."""
    with mp.workdps(digits):
        sizes: list[Any] = []
        try:
            found = _value(tree, at, sizes)
        except (ZeroDivisionError, ValueError, OverflowError):
            return None, None
        return found, max(sizes)


def _value(tree: Tree, at: dict[str, Fraction], sizes: list[Any]) -> Any:
    found = _worked_out(tree, at, sizes)
    sizes.append(abs(found))
    return found


def _worked_out(tree: Tree, at: dict[str, Fraction], sizes: list[Any]) -> Any:
    if isinstance(tree, tuple):
        operands = [_value(each, at, sizes) for each in tree[1:]]
        if tree[0] in ("exp", "sinh", "cosh") and abs(operands[0]) > _FAR:
            raise OverflowError
        if tree[0] == "^" and operands[0] and abs(operands[1]) * max(1, abs(mp.mag(operands[0]))) > 4 * _FAR:
            raise OverflowError
        found = _MEANING[tree[0]](*operands)
        if not isinstance(found, mpf) or not mp.isfinite(found):  # to mpmath log(0) is -inf
            raise ValueError
        return found
    if tree == "e":
        return +mp.e
    value = at[tree] if isinstance(tree, str) else tree
    return mpf(value.numerator) / value.denominator


def term(terms: Terms, tree: Tree) -> int:
    """The formula in a store of terms."""
    if isinstance(tree, tuple):
        return terms.apply(tree[0], *[term(terms, each) for each in tree[1:]])
    if isinstance(tree, Fraction):
        return terms.number(tree)
    return terms.constant("e") if tree == "e" else terms.leaf(tree)
