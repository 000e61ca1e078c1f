"""Shapes as answers, and claims written in another shape than the truth's."""

from __future__ import annotations

from backprop_cli.homework.lowering import Misfit, shape_text
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.homework.world import Ids
from backprop_cli.lang.syntax import Brackets, Expr, Name, Number

Size = int | str


def fit(truth: Ids, claimed: Ids) -> tuple[Ids, tuple[str, ...]]:
    """A claim in the shape of the truth, with a note where it was written in another. Raises Misfit."""
    if claimed.shape == truth.shape:
        return claimed, ()
    if claimed.size == truth.size and _squeezed(claimed.shape) == _squeezed(truth.shape):
        note = f"written with {shape_text(claimed.shape)}; it {_is(truth.shape)}"
        return claimed.reshape(truth.shape), (note,) if truth.size > 1 else ()
    raise Misfit(f"this {_is(claimed.shape)}; what is asked {_is(truth.shape)}")


def _is(shape: tuple[int, ...]) -> str:
    return f"{'has' if shape else 'is'} {shape_text(shape)}"


def _squeezed(shape: tuple[Size, ...]) -> tuple[Size, ...]:
    return tuple(each for each in shape if each != 1)


def sizes(tree: Expr) -> tuple[Size, ...] | None:
    """The sizes that a shape answer lists, numbers or names for them; None where it lists something else."""
    items = tree.items if isinstance(tree, Brackets) else (tree,)
    found: list[Size] = []
    for each in items:
        if isinstance(each, Number) and each.text.isdecimal():
            found.append(int(each.text))
        elif isinstance(each, Name):
            found.append(each.id)
        else:
            return None
    return tuple(found)


def judged(due: tuple[int, ...], tree: Expr, known: dict[str, int]) -> tuple[Verdict, str]:
    """A shape answer against the true shape, and a sentence. `known` keeps what the names of sizes have meant so far."""
    given = sizes(tree)
    if given is None:
        return Verdict.WRONG, "a shape lists its sizes, as in (2, 3)"
    fresh: dict[str, int] = {}
    if len(given) == len(due):
        fresh = {name: size for name, size in zip(given, due, strict=True) if isinstance(name, str) and name not in known}
    meant = tuple(known.get(each, fresh.get(each, each)) if isinstance(each, str) else each for each in given)
    if meant == due:
        known.update(fresh)
        return Verdict.CORRECT, ""
    if given in ((1,), ()) and due in ((1,), ()):
        return Verdict.CORRECT, ""
    if _squeezed(meant) == _squeezed(due) and all(isinstance(each, int) for each in meant):
        return Verdict.CORRECT, f"as a column or row it {_is(due)}"
    if meant == due[::-1]:
        return Verdict.WRONG, "mind the order of the sizes: rows first"
    return Verdict.WRONG, "mind how many axes it has" if len(meant) != len(due) else ""
