"""What `grad` found: the value, the gradients, and what a second engine says of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backprop_cli.lang.program import Program
from backprop_cli.lang.syntax import Expr, Name, same
from backprop_cli.limits import OWN, Limits
from backprop_cli.records import record
from backprop_cli.reports.document import Bar, Block, Cell, Document, Figure, Listing, Paragraph, Partial, Shape, Status, Table, Title
from backprop_cli.reports.plain_data import exact_data, is_exact, near_float, plain_number
from backprop_cli.reports.warned import warned

if TYPE_CHECKING:
    from backprop_cli.autodiff import Given, Gradients, Warned
    from backprop_cli.oracles import ClosedForm, Note, Opinion

_FEW = 9  # entries
ZERO = 1e-45  # what is left of an exact zero at fifty digits, or a tiny number
LOST = 1e-9  # an agreement with a larger relative difference is one in the digits that float64 has left


@record
class Report:
    """Gradients of a program at a point.

    `values` are those of the names differentiated by. `forms` are closed forms, where they were asked for; so is `opinion`,
    which is None until then.
    """

    program: Program
    at: Mapping[str, Given]
    found: Gradients
    values: Mapping[str, Any]
    forms: Mapping[str, ClosedForm] | None = None
    opinion: Opinion | None = None
    lost: Warned | None = None

    @property
    def ok(self) -> bool:
        """False where the second engine found another answer."""
        return type(self.opinion).__name__ != "Disagrees"


def report(
    program: Program,
    at: Mapping[str, Given],
    of: str | None = None,
    wrt: Sequence[str] | None = None,
    *,
    exact: bool = False,
    symbolic: bool = False,
    limits: Limits = OWN,
) -> Report:
    """Differentiate a program at a point; with `symbolic`, find closed forms too. Nobody has confirmed the result yet."""
    from backprop_cli.autodiff import differentiate
    from backprop_cli.graph.build import build

    graph = build(program, at.keys(), limits)
    found = differentiate(graph, at, of, wrt, exact=exact, limits=limits)
    record = found.record
    values = {name: record.values[graph.names[name]] for name in found.gradients if record.plan.needed[graph.names[name]]}
    if not symbolic:
        return Report(program, at, found, values)
    from backprop_cli.oracles import closed_forms

    return Report(program, at, found, values, closed_forms(program, found.output, tuple(found.gradients), limits, at))


def judged(unjudged: Report, limits: Limits = OWN) -> Report:
    """The report with the second engine's opinion."""
    from backprop_cli.oracles import EDGE, Abstains, second_opinion

    found = unjudged.found
    opinion = second_opinion(unjudged.program, unjudged.at, found.output, found.gradients, found.kinked, limits)
    slipped = isinstance(opinion, Abstains) and EDGE in opinion.reason
    return replace(unjudged, opinion=opinion, lost=None if slipped else _lost_digits(unjudged, limits))


def _lost_digits(given: Report, limits: Limits) -> Warned | None:
    """A warning where float64 lost the digits of the value itself, as in `log(sigmoid(40))`."""
    from backprop_cli.autodiff import Warned
    from backprop_cli.autodiff.stable import stable_spelling
    from backprop_cli.oracles import DIGITS, digits_of, precise_value

    found = given.found
    if not isinstance(found.value, float):
        return None
    precise, lost = precise_value(given.program, given.at, found.output, limits)
    if precise is None or (_near(found.value, precise) and not lost):
        return None
    # What is left of an exact zero is next to nothing too, but another nothing with more digits.
    (precise, lost), (again, still) = (precise_value(given.program, given.at, found.output, limits, digits) for digits in DIGITS[1:])
    if again is not None and lost and not still:
        precise = again
    if precise is None or _near(found.value, precise):
        return None
    settled = again is not None and _near(precise, again)
    nothing = abs(precise) < ZERO and not (settled and precise)
    if nothing and not found.value:
        return None
    said = "it is 0" if nothing else f"it is {digits_of(precise)}" if settled else "its value changes with the digits it is worked out at"
    graph = found.record.plan.graph
    node = graph.names[found.output]
    stable = stable_spelling(graph, node)
    message = f"float64 loses the digits of {found.output}: {said}" + (f"; {stable} keeps them" if stable else "")
    return Warned(found.output, graph.span(node), message)


def _near(value: Any, precise: Any) -> bool:
    return bool(abs(value - precise) <= LOST * abs(precise))


# ---- as data ----


def data(given: Report) -> dict[str, Any]:
    """The report as `grad --json` writes it."""
    found = given.found
    exact = {name: exact_data(value) for name, value in found.gradients.items() if is_exact(value)}
    result: dict[str, Any] = {
        "output": found.output,
        "value": plain_number(found.value),
        "gradients": {name: plain_number(value) for name, value in found.gradients.items()},
        "warnings": [{"node": each.node, "line": _line(given, each.span), "message": each.message} for each in _warnings(given)],
        "check": check_data(given.opinion),
    }
    if exact:
        result["exact"] = {"value": exact_data(found.value), "gradients": exact}
    if given.forms is not None:
        result["formulas"] = {
            name: {"in_leaves": _formula(form.in_leaves), "in_nodes": _formula(form.in_nodes), "reason": form.reason or None}
            for name, form in given.forms.items()
        }
    return result


def check_data(opinion: Opinion | None) -> dict[str, Any]:
    """An opinion as JSON keeps it."""
    if opinion is None:
        return {"status": "skipped", "method": None, "max_relative_difference": None, "detail": "not asked for (--no-check)"}
    from backprop_cli.oracles import Abstains, Agrees

    if isinstance(opinion, Abstains):
        return {"status": "skipped", "method": opinion.method, "max_relative_difference": None, "detail": opinion.reason}
    status = "agrees" if isinstance(opinion, Agrees) else "disagrees"
    return {"status": status, "method": opinion.method, "max_relative_difference": plain_number(opinion.gap), "detail": opinion.detail}


def _formula(form: Expr | None) -> str | None:
    from backprop_cli.lang.unparse import unparse

    return None if form is None else unparse(form)


def _line(given: Report, span: Any) -> int | None:
    return None if span is None else given.program.source.place(span.start)[0]


def _warnings(given: Report) -> Sequence[Warned | Note]:
    """What the sweep and the second engine noticed."""
    notes: Sequence[Note] = getattr(given.opinion, "notes", ())
    return (*given.found.warnings, *((given.lost,) if given.lost else ()), *notes)


# ---- as a document ----


def document(given: Report) -> Document:
    """Everything the report says."""
    return Document((*answer(given).blocks, *verdict(given).blocks))


def answer(given: Report) -> Document:
    """The value and the gradients."""
    found = given.found
    blocks: list[Block] = [Title((Name(found.output), "=", Figure(found.value)))]
    blocks.append(_table(given))
    if given.forms is not None:
        blocks.extend(_closed_forms(given.forms, found.output))
    return Document(tuple(blocks))


def _table(given: Report) -> Table:
    found = given.found
    shapes = any(_sizes(value) for value in found.gradients.values())
    word = "leaf" if all(found.roles.get(name) != "node" for name in found.gradients) else "name"
    head: list[Cell] = [word, *(["shape"] if shapes else []), "value", Partial(found.output, word)]
    largest = _largest(found.gradients)
    forms = given.forms
    if largest:
        head.append("")
    if forms is not None:
        head.append("formula")

    def row(name: str, gradient: Any) -> list[Cell]:
        value = given.values.get(name)
        cells: list[Cell] = [
            Name(name),
            *([Shape(_sizes(gradient))] if shapes else []),
            "" if value is None or _long(value) else Figure(value),
        ]
        cells.append(Figure(gradient, gradient=True))
        if largest:
            cells.append(Bar(abs(near_float(gradient)) / largest))
        if forms is not None:
            form = forms.get(name)
            formula = form and (form.in_nodes or form.in_leaves)
            cells.append(formula or "")
        return cells

    return Table(tuple(head), (row(name, gradient) for name, gradient in found.gradients.items()))


def _largest(gradients: Mapping[str, Any]) -> float:
    """The largest absolute gradient, for bars to be measured by; 0 where bars would say nothing."""
    if len(gradients) < 2 or any(_sizes(value) for value in gradients.values()):
        return 0.0
    largest = max(abs(near_float(value)) for value in gradients.values())
    return largest if math.isfinite(largest) else 0.0


def _long(value: Any) -> bool:
    """Whether an array's own entries would push its gradient off the screen."""
    return getattr(value, "size", 1) > _FEW


def _sizes(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))


def _closed_forms(forms: Mapping[str, ClosedForm], output: str) -> list[Block]:
    lines: list[tuple[Cell, ...]] = []
    for name, form in forms.items():
        if form.in_leaves is not None and form.in_nodes is not None and not same(form.in_leaves, form.in_nodes):
            lines.append((Partial(output, name), "=", form.in_leaves))
    blocks: list[Block] = [Listing("in the leaves alone", tuple(lines))] if lines else []
    missing: dict[str, list[str]] = {}
    for name, form in forms.items():
        if form.in_leaves is None and form.in_nodes is None:
            missing.setdefault(form.reason, []).append(name)
    blocks.extend(Paragraph((Status.OPEN, f"no formula for {', '.join(names)}: {reason}")) for reason, names in missing.items())
    return blocks


def verdict(given: Report) -> Document:
    """What is to be known about the answer: conventions that were used, and what the second engine says."""
    blocks = warned(_warnings(given), lambda each: _line(given, each.span))
    if given.opinion is not None:
        blocks.extend(opinion_blocks(given.opinion, given.found.output))
    return Document(tuple(blocks))


def opinion_blocks(opinion: Opinion, output: str) -> list[Block]:
    """What a second engine says, as a sentence and, where it disagrees, both numbers."""
    from backprop_cli.oracles import Abstains, Agrees

    if isinstance(opinion, Abstains):
        return [Paragraph((Status.OPEN, f"not checked: {opinion.reason}"))]
    gap = f"largest relative difference {opinion.gap:.1e}" if opinion.gap else "no difference"
    if isinstance(opinion, Agrees) and opinion.gap > LOST:
        gap = "as far as float64 reaches"
    aside = f"{opinion.method}, {gap}"
    if isinstance(opinion, Agrees):
        return [Paragraph((Status.RIGHT, "agrees with SymPy"), aside)]
    rows: list[list[Cell]] = [[Name(name), Figure(ours, gradient=True), Figure(theirs)] for name, ours, theirs in opinion.pairs]
    table = Table(("", Partial(output, "name"), "SymPy"), rows)
    return [Paragraph((Status.WRONG, "SymPy disagrees:", opinion.detail), aside), table]
