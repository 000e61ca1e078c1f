"""The ways in which one trace can be told, put together into a document."""

from __future__ import annotations

from dataclasses import dataclass

from backprop_cli.reports.document import Block, Document
from backprop_cli.reports.trace import Report, summary, title, warnings
from backprop_cli.reports.trace_tables import backward_table, forward_table


@dataclass(frozen=True, slots=True)
class View:
    """What was asked for. At most one of `symbolic`, `mode`, `algorithm` and `style` is set."""

    symbolic: bool = False
    elementwise: bool = False
    mode: str = ""
    algorithm: str = ""
    style: str = ""
    paths: bool = False
    expand: bool = False


def document(given: Report, view: View = View()) -> Document:
    """The whole lesson: forward, backward in the way asked for, what is to be noted, and the gradients."""
    if not given.valued or view.symbolic:
        from backprop_cli.reports.trace_forms import symbolic

        blocks = symbolic(given)
    else:
        blocks = [title(given), forward_table(given), *_backward(given, view)]
    if view.elementwise and given.valued:
        from backprop_cli.reports.trace_entries import entries

        blocks += entries(given)
    if view.paths and given.valued:
        from backprop_cli.reports.trace_walks import path_tables

        blocks += path_tables(given)
    if view.expand:
        from backprop_cli.reports.trace_forms import expanded

        blocks += expanded(given)
    if given.valued and not view.symbolic:
        blocks.append(summary(given))
        blocks += _notes(given, view)
    return Document(tuple(blocks))


def _backward(given: Report, view: View) -> list[Block]:
    if not given.trace.blocks:
        return []
    if view.algorithm:
        from backprop_cli.reports.trace_walks import iterative_table, recursive_table

        return [iterative_table(given) if view.algorithm == "iterative" else recursive_table(given)]
    if view.style:
        from backprop_cli.reports.trace_forms import static, tape

        return static(given) if view.style == "static" else tape(given)
    if view.mode:
        from backprop_cli.reports.trace_modes import modes

        return [*([backward_table(given)] if view.mode == "both" else []), *modes(given, view.mode == "both")]
    return [backward_table(given)]


def _notes(given: Report, view: View) -> list[Block]:
    from backprop_cli.reports.trace_notes import notes

    return warnings(given) if view.mode == "forward" else notes(given)
