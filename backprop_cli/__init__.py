"""Differentiating a computation in the open.

    >>> from backprop_cli import grad
    >>> found = grad("u = x*a; v = log(u); L = v^2", at={"x": 2, "a": 0.5}, wrt=["a"])
    >>> found.value, found.gradients
    (0.0, {'a': 0.0})

`parse` reads a text, `build` makes its graph, `differentiate` runs it; `grad` does all three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop_cli.autodiff import Given, Gradients, Warned, differentiate
from backprop_cli.errors import BackpropError, Diagnostic, Source, Span
from backprop_cli.graph.build import build
from backprop_cli.graph.graph import Graph, Node
from backprop_cli.lang.parse import parse, read
from backprop_cli.lang.program import Program
from backprop_cli.limits import OWN, Limits

__version__ = "0.1.0"

__all__ = [
    "BackpropError", "Diagnostic", "Given", "Gradients", "Graph", "Limits", "Node", "Program", "Source", "Span", "Warned",
    "build", "differentiate", "grad", "parse",
]  # fmt: skip


def grad(
    text: str,
    at: Mapping[str, Given] | None = None,
    of: str | None = None,
    wrt: Sequence[str] | None = None,
    *,
    exact: bool = False,
    limits: Limits = OWN,
) -> Gradients:
    """Value and gradients of a program given as text.

    Args:
        text: statements in the `.expr` language.
        at: values of leaves, numbers or expressions without variables; they override those of the text.
        of: the name to differentiate; the last one assigned unless given. It must be a scalar.
        wrt: the names to differentiate by; the `param` leaves unless given, or every leaf where none is declared.
        exact: work with rationals and closed constants in place of floats.
        limits: how much work the text may ask for.

    Returns:
        The value (a float), the gradients by name (floats), warnings, and the record of the run.

    Raises:
        BackpropError: bad syntax, unknown or doubly assigned names, missing values, values outside a function's domain,
            overflow. Its `diagnostics` say where, why, and what would mend it.
    """
    return differentiate(build(read(text), at or (), limits), at, of, wrt, exact=exact, limits=limits)
