"""The options that commands share, each declared once."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Annotated, Any

import typer

from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.limits import OWN, Limits

INPUT, CHOICE, OUTPUT = "input", "task", "output"

File = Annotated[str | None, typer.Argument(metavar="FILE", help="a .expr file, or - for standard input", show_default=False)]
Text = Annotated[
    str | None, typer.Option("-e", "--expression", metavar="TEXT", help="the text itself instead of a FILE", rich_help_panel=INPUT)
]
At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="x=2,a=1/3", help="values of leaves; @point.json for a whole point", rich_help_panel=INPUT),
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="FILE", help="a .csv whose columns go to the inputs of their names", rich_help_panel=INPUT),
]
LimitOptions = Annotated[list[str] | None, typer.Option("--limit", metavar="NAME=N", help="allow more work", rich_help_panel=INPUT)]
Of = Annotated[
    list[str] | None, typer.Option("--of", metavar="L", help="differentiate this name (the last one assigned)", rich_help_panel=CHOICE)
]
Wrt = Annotated[
    list[str] | None,
    typer.Option("--wrt", metavar="a,b", help="with respect to these (the param leaves, else all)", rich_help_panel=CHOICE),
]
Exact = Annotated[bool, typer.Option("--exact", help="exact numbers: fractions, roots, logarithms", rich_help_panel=CHOICE)]
Symbolic = Annotated[bool, typer.Option("--symbolic", help="closed forms of the gradients too", rich_help_panel=CHOICE)]
Jacobian = Annotated[bool, typer.Option("--jacobian", help="derivatives of every entry of an output array", rich_help_panel=CHOICE)]
PerRow = Annotated[bool, typer.Option("--per-row", help="with --data: the gradient of each row too", rich_help_panel=CHOICE)]
NoCheck = Annotated[bool, typer.Option("--no-check", help="do not ask SymPy for a second opinion", rich_help_panel=CHOICE)]
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output", rich_help_panel=OUTPUT)]
Output = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="write all gradients to .npz or .json", rich_help_panel=OUTPUT)
]
Digits = Annotated[
    str, typer.Option("--digits", metavar="N", help="significant digits, 1 to 17 (6)", rich_help_panel=OUTPUT, show_default=False)
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="only the result", rich_help_panel=OUTPUT)]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never", rich_help_panel=OUTPUT, show_default=False)]
NoColor = Annotated[bool, typer.Option("--no-color", help="the same as --color never", rich_help_panel=OUTPUT)]
Ascii = Annotated[bool, typer.Option("--ascii", help="dL/da and [ok] instead of ∂L/∂a and ✓", rich_help_panel=OUTPUT)]


def one(option: str, given: list[str] | None) -> str | None:
    """The value of an option that may be given once."""
    if given and len(given) > 1:
        raise BackpropError(Diagnostic("option-twice", f"{option} is given {len(given)} times", hint=f"give one {option}"))
    if given and not given[0].strip():
        raise BackpropError(Diagnostic("empty-name", f"{option} names nothing", hint=f"write {option} L"))
    return given[0].strip() if given else None


def names(option: str, given: list[str] | None) -> tuple[str, ...] | None:
    """The names that `--wrt a,b --wrt c` lists, each once; None where the option is left out."""
    if not given:
        return None
    from backprop_cli.lang.text import canonical

    listed = [canonical(name.strip()) for each in given for name in each.split(",")]
    if not all(listed):
        raise BackpropError(Diagnostic("empty-name", f"{option} {','.join(given)} leaves a name out", hint=f"write {option} a,b"))
    return tuple(dict.fromkeys(listed))


def digits(given: str) -> int:
    """The number of significant digits."""
    if not (given.isascii() and given.isdigit() and len(given) < 3 and 1 <= int(given) <= 17):
        raise BackpropError(Diagnostic("bad-digits", f"--digits takes a number from 1 to 17, not {given!r}"))
    return int(given)


def colour(when: str, no_color: bool) -> str:
    """auto, always or never."""
    if when not in ("auto", "always", "never"):
        raise BackpropError(Diagnostic("bad-color", f"--color takes auto, always or never, not {when!r}"))
    return "never" if no_color else when


def limits(given: list[str] | None, base: Limits = OWN) -> Limits:
    """The limits of a person's own files, or others to begin with, with those that `--limit name=N` sets."""
    known = {field.name.replace("_", "-"): field for field in fields(Limits)}
    chosen = base
    for each in given or ():
        name, _, number = each.partition("=")
        if name not in known or not (number.isascii() and number.isdigit() and 0 < len(number) < 16):
            listed = ", ".join(known)
            raise BackpropError(Diagnostic("bad-limit", f"--limit takes NAME=N, not {each!r}", hint=f"the limits are {listed}"))
        value = int(number)
        changed: dict[str, Any] = {known[name].name: float(value) if name == "seconds" else value}
        chosen = replace(chosen, **changed)
    return chosen
