"""`backprop grad`: the value, the gradients, and SymPy's verdict on them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from backprop_cli.commands import ExitStatus, Job
from backprop_cli.commands import options as opt

if TYPE_CHECKING:
    from backprop_cli.limits import Limits
    from backprop_cli.render.look import Look
    from backprop_cli.reports.grad import Report

EXAMPLES = """\
backprop grad -e 'L = (x - 1)^2' --at x=3             one line, no file
backprop grad samples/chain.expr --wrt a,b            two of its leaves
backprop grad samples/chain.expr --exact --symbolic   fractions and formulas
backprop grad samples/chain.expr --json --no-check    for another program"""


def grad(
    file: opt.File = None,
    *,
    expression: opt.Text = None,
    at: opt.At = None,
    limit: opt.LimitOptions = None,
    of: opt.Of = None,
    wrt: opt.Wrt = None,
    exact: opt.Exact = False,
    symbolic: opt.Symbolic = False,
    no_check: opt.NoCheck = False,
    json: opt.Json = False,
    digits: opt.Digits = "6",
    quiet: opt.Quiet = False,
    color: opt.Color = "auto",
    no_color: opt.NoColor = False,
    ascii: opt.Ascii = False,
) -> Job:
    """The gradient of the output for every leaf, checked by SymPy."""

    def job() -> ExitStatus:
        from backprop_cli.commands.point import point
        from backprop_cli.commands.reading import read_program
        from backprop_cli.render.look import look_at
        from backprop_cli.reports.grad import report

        limits = opt.limits(limit)
        look = look_at(sys.stdout, opt.colour(color, no_color), ascii, opt.digits(digits))
        name, names = opt.one("--of", of), opt.names("--wrt", wrt)
        program = read_program(file, expression, "grad", limits)
        found = report(program, point(at, limits), name, names, exact=exact, symbolic=symbolic, limits=limits)
        if json:
            return _as_json(found, not no_check, limits)
        return _as_text(found, not no_check, quiet, look, limits)

    return job


def _as_json(found: Report, check: bool, limits: Limits) -> ExitStatus:
    from backprop_cli.render.as_json import json_text
    from backprop_cli.reports.grad import data, judged

    if check:
        found = judged(found, limits)
    sys.stdout.write(json_text(data(found)) + "\n")
    return ExitStatus.OK if found.ok else ExitStatus.WRONG


def _as_text(found: Report, check: bool, quiet: bool, look: Look, limits: Limits) -> ExitStatus:
    """The gradients are on their way before anybody is asked about them: importing SymPy takes longer than all the rest."""
    from backprop_cli.render import draw
    from backprop_cli.reports.grad import answer, judged, verdict

    sys.stdout.writelines(draw(answer(found), look))
    sys.stdout.flush()
    if check:
        found = judged(found, limits)
    said = verdict(found)
    if said.blocks and (found.ok is False or not quiet):
        sys.stdout.write("\n")
        sys.stdout.writelines(draw(said, look))
    return ExitStatus.OK if found.ok else ExitStatus.WRONG
