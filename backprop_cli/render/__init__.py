"""Drawings of documents and of complaints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backprop_cli.render.look import Look
    from backprop_cli.reports.document import Document
    from backprop_cli.reports.verify_data import Feedback

    Renderer = Callable[[Document, Look], Iterator[str]]


def _plain(document: Document, look: Look) -> Iterator[str]:
    from backprop_cli.render.plain import plain

    return plain(document, look)


def _terminal(document: Document, look: Look) -> Iterator[str]:
    from backprop_cli.render.terminal import terminal

    return terminal(document, look)


def _markdown(document: Document, look: Look) -> Iterator[str]:
    from backprop_cli.render.entries import opened
    from backprop_cli.render.markdown import markdown

    return markdown(opened(document), look)


def _latex(document: Document, look: Look) -> Iterator[str]:
    from backprop_cli.render.entries import opened
    from backprop_cli.render.latex import render_latex

    return render_latex(opened(document), look)


FORMATS: dict[str, Renderer] = {"terminal": _terminal, "plain": _plain, "markdown": _markdown, "latex": _latex}
SUFFIXES = {".txt": "plain", ".md": "markdown", ".tex": "latex", ".json": "json"}


def _gradescope(given: Feedback) -> str:
    from backprop_cli.render.gradescope import gradescope

    return gradescope(given)


def _prairielearn(given: Feedback) -> str:
    from backprop_cli.render.prairielearn import prairielearn

    return prairielearn(given)


def _classroom(given: Feedback) -> str:
    from backprop_cli.render.classroom import classroom

    return classroom(given)


def _junit(given: Feedback) -> str:
    from backprop_cli.render.junit import junit

    return junit(given)


# For judged homework alone.
FEEDBACK: dict[str, Callable[[Feedback], str]] = {
    "gradescope": _gradescope,
    "prairielearn": _prairielearn,
    "classroom": _classroom,
    "junit": _junit,
}


def draw(document: Document, look: Look) -> Iterator[str]:
    """The drawing that fits a stream: fitted to a terminal's width, plain everywhere else."""
    return FORMATS["plain" if look.width is None else "terminal"](document, look)
