"""`backprop trace`: the forward sweep and the backward sweep, step by step."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from backprop_cli.commands import ExitStatus, Job
from backprop_cli.commands import options as opt

if TYPE_CHECKING:
    from backprop_cli.render.look import Look
    from backprop_cli.reports.trace import Report

EXAMPLES = """\
backprop trace samples/chain.expr                     forward, then backward, row by row
backprop trace samples/chain.expr --exact --wrt a     fractions, and only the way to a
backprop trace samples/chain.expr --json              for another program"""

Ops = Annotated[bool, typer.Option("--ops", help="open assignments into single operations", rich_help_panel=opt.CHOICE)]


def trace(
    file: opt.File = None,
    *,
    expression: opt.Text = None,
    at: opt.At = None,
    limit: opt.LimitOptions = None,
    of: opt.Of = None,
    wrt: opt.Wrt = None,
    exact: opt.Exact = False,
    ops: Ops = False,
    json: opt.Json = False,
    digits: opt.Digits = "6",
    color: opt.Color = "auto",
    no_color: opt.NoColor = False,
    ascii: opt.Ascii = False,
) -> Job:
    """The lesson: forward and backward, one row for each local derivative."""

    def job() -> ExitStatus:
        from backprop_cli.commands.point import point
        from backprop_cli.commands.reading import read_program
        from backprop_cli.render.look import look_at
        from backprop_cli.reports.trace import report

        limits = opt.limits(limit)
        look = look_at(sys.stdout, opt.colour(color, no_color), ascii, opt.digits(digits))
        name, names = opt.one("--of", of), opt.names("--wrt", wrt)
        program = read_program(file, expression, "trace", limits)
        found = report(program, point(at, limits), name, names, exact=exact, ops=ops, limits=limits)
        return _as_json(found) if json else _as_text(found, look)

    return job


def _as_json(found: Report) -> ExitStatus:
    from backprop_cli.render.as_json import json_text
    from backprop_cli.reports.trace import data

    sys.stdout.write(json_text(data(found)) + "\n")
    return ExitStatus.OK


def _as_text(found: Report, look: Look) -> ExitStatus:
    from backprop_cli.render import draw
    from backprop_cli.reports.trace import document

    sys.stdout.writelines(draw(document(found), look))
    return ExitStatus.OK
