"""Matrix rules written out entry by entry, beside the sums they are: `dL/dx_i = Σ_j dL/dz_j W_ji`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product as indices
from typing import TYPE_CHECKING, Any

from backprop_cli.lang.pattern import Filled, Pattern
from backprop_cli.lang.syntax import TRANSPOSE, Apply, Expr, Index, Name, Part, children, postorder, same
from backprop_cli.lang.unparse import unparse
from backprop_cli.reports.document import Block, Cell, Figure, Listing, Paragraph, Partial, Phrase, Status, Substituted
from backprop_cli.reports.trace import Report, sizes

if TYPE_CHECKING:
    from backprop_cli.autodiff.trace import Contributed

_ENTRIES = 12  # of one array that are written out
_PARTS = 120  # of one formula
_READ = 400  # entries of the arrays that one rule reads


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule of arrays: `name = expr`, which has this `value`; `step` is the backward step that it belongs to.

    `entries` are the formulas of its entries, an object array of trees; None where they would be long, or are no sums and
    products. `values` are those of the names.
    """

    name: str
    expr: Expr
    value: Any
    values: Mapping[str, Any]
    entries: Any | None
    step: Contributed | None = None

    @property
    def sign(self) -> str:
        """`+=` where this is one contribution of several."""
        return "+=" if self.step is not None and self.step.count > 1 else "="


def rules(given: Report) -> Iterator[Rule]:
    """Every rule of arrays, forward and backward."""
    values = dict(_values(given))
    for block in given.trace.blocks:
        name = given.trace.name(block.node)
        written = given.trace.graph.expr(block.node) if not given.trace.opened else given.trace.written(block.node).tree
        if _is_shaped(written, values):
            yield Rule(name, written, values[name], values, _written_out(written, values[name], values))
    for step in given.steps:
        if step.factor or step.written is None:
            continue
        tree, received = step.written.tree, {**values, step.upstream_name: step.upstream}
        if _is_shaped(tree, received):
            made = _written_out(tree, step.contribution, received)
            yield Rule(f"d{step.operand}", tree, step.contribution, received, made, step)


def entries(given: Report) -> list[Block]:
    """Forward and backward, every array rule that is small enough entry by entry."""
    if not given.shaped:
        return []
    blocks: list[Block] = []
    large = 0
    for rule in rules(given):
        if rule.entries is None:
            large += 1
            continue
        sign = rule.sign
        sigma = None if rule.step is None else _sigma_of(given.output, rule, rule.step)
        lines = [*([(sigma,)] if sigma is not None else []), *_lines(rule)]
        blocks.append(Listing(Phrase((Name(rule.name), sign, rule.expr, ", entry by entry")), tuple(lines)))
    if large:
        blocks.append(Paragraph((Status.NOTE, f"{large} larger or other array rules are not written out entry by entry")))
    return blocks


def _values(given: Report) -> Iterator[tuple[str, Any]]:
    graph, values = given.trace.graph, given.found.record.values
    for block in given.trace.blocks:
        for node in (*block.reads, block.node):
            yield given.trace.name(node), values[node]
    yield from ((name, values[node]) for name, node in graph.names.items() if given.found.record.plan.needed[node])


def _is_shaped(expr: Expr, values: Mapping[str, Any]) -> bool:
    return any(sizes(values[part.id]) for part in postorder(expr) if isinstance(part, Name) and part.id in values)


def _written_out(expr: Expr, value: Any, values: Mapping[str, Any]) -> Any | None:
    """The formulas of the entries of an expression with this value; None where they would be long or cannot be written."""
    from backprop_cli.autodiff.entries import NotWritten, entries

    shapes = {part.id: sizes(values[part.id]) for part in postorder(expr) if isinstance(part, Name) and part.id in values}
    if getattr(value, "size", 1) > _ENTRIES or sum(map(math.prod, shapes.values())) > _READ:
        return None
    try:
        made = entries(expr, shapes)
    except NotWritten:
        return None
    if made.shape != sizes(value):
        import numpy as np

        made = np.broadcast_to(made, sizes(value))
    trees = made.ravel().tolist() if sizes(value) else [made[()]]
    if any(sum(1 for _ in zip(postorder(tree), range(_PARTS + 1), strict=False)) > _PARTS for tree in trees):
        return None
    return made


def _lines(rule: Rule) -> Iterator[tuple[Cell, ...]]:
    """A line for each entry: its formula, the numbers put in, its value."""
    from backprop_cli.autodiff.entries import named

    value, shape = rule.value, sizes(rule.value)
    lefts = named(rule.name, shape)
    for at in indices(*map(range, shape)):
        tree = rule.entries[at]  # type: ignore[index]
        entry = value[at] if shape else value
        entry = entry.item() if hasattr(entry, "item") else entry
        numbers: tuple[Cell, ...] = (_substituted(tree, rule.values), "=") if isinstance(tree, Apply) else ()
        yield (Phrase((lefts[at], rule.sign, tree, "=", *numbers, Figure(entry, gradient=rule.step is not None))),)


def _substituted(tree: Expr, values: Mapping[str, Any]) -> Substituted:
    """The entries of a formula replaced by their numbers."""
    words: list[str] = []
    known: dict[str, Any] = {}

    def number_of(part: Part) -> int | None:
        if isinstance(part, Index) and isinstance(part.base, Name) and part.base.id in values:
            at = tuple(int(each.text) for each in part.items)  # type: ignore[union-attr]
            value = values[part.base.id][at]
        elif isinstance(part, Name) and part.id in values:
            value = values[part.id]
        else:
            return None
        text = unparse(part)
        if text not in known:
            known[text] = value.item() if hasattr(value, "item") and not sizes(value) else value
            words.append(text)
        return words.index(text)

    for part in postorder(tree):  # the words are known before anything is written
        if not sizes(values.get(part.id)) if isinstance(part, Name) else not children(part) or isinstance(part, Index):
            number_of(part)
    return Substituted(Filled(Pattern(tree, number_of), words), {word: value for word, value in known.items() if not sizes(value)})


def _sigma_of(output: str, rule: Rule, step: Contributed) -> Phrase | None:
    dimensions = {word: len(sizes(value)) for word, value in rule.values.items()}
    found = _sigma(output, step.user, step.operand, rule.expr, step.upstream_name, dimensions)
    return found if found is None or rule.sign == "=" else Phrase(tuple(rule.sign if part == "=" else part for part in found.parts))


def _sigma(output: str, node: str, operand: str, tree: Expr, upstream: str, dimensions: Mapping[str, int]) -> Phrase | None:
    """The rule with indices, for products of two arrays and for sums of one; None for any other."""

    def entry(part: Expr, letters: str) -> Cell | None:
        if isinstance(part, Apply) and part.head == TRANSPOSE:
            part, letters = part.operands[0], letters[::-1]
        if not isinstance(part, Name) or dimensions.get(part.id) != len(letters):
            return None
        subscript = f"_{letters}" if letters else ""
        return Partial(output, f"{node}{subscript}") if part.id == upstream else Name(f"{part.id}{subscript}")

    left = Partial(output, operand + (f"_{'ik'[: dimensions.get(operand, 0)]}" if dimensions.get(operand) else ""))
    match tree:
        case Apply(head="@", operands=(a, b)):
            two_a, two_b = _dimension(a, dimensions) == 2, _dimension(b, dimensions) == 2
            first, second = entry(a, "ij" if two_a else "j"), entry(b, ("jk" if two_a else "ji") if two_b else "j")
            return None if first is None or second is None else Phrase((left, "=", "Σ_j", first, "·", second))
        case Apply(head="outer", operands=(a, b)):
            first, second = entry(a, "i"), entry(b, "k")
            return None if first is None or second is None else Phrase((left, "=", first, "·", second))
        case Apply(head="sum", operands=(a,), keywords=keywords):
            letters = "ik"[: _dimension(a, dimensions)]
            axis = next((value for word, value in keywords if word == "axis"), None)
            first = entry(a, letters)
            if first is None or not letters:
                return None
            if axis is None:
                return Phrase((Partial(output, operand), "=", f"Σ_{letters}", first))
            over = letters[int(axis.text)] if hasattr(axis, "text") else letters[-1]
            kept = letters.replace(over, "")
            return Phrase((Partial(output, f"{operand}_{kept}" if kept else operand), "=", f"Σ_{over}", first))
        case Apply(head="*", operands=(a, b)) if not same(a, b):
            letters = "ik"[: dimensions.get(operand, 0)]
            first, second = entry(a, letters if _dimension(a, dimensions) else ""), entry(b, letters if _dimension(b, dimensions) else "")
            return None if first is None or second is None or not letters else Phrase((left, "=", first, "·", second))
        case _:
            return None


def _dimension(part: Expr, dimensions: Mapping[str, int]) -> int:
    inner = part.operands[0] if isinstance(part, Apply) and part.head == TRANSPOSE else part
    return dimensions.get(inner.id, 0) if isinstance(inner, Name) else 0
