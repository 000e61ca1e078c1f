"""The short way in for Python programs: text in, gradients out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backprop_cli.autodiff import Given, Gradients, differentiate
from backprop_cli.graph.build import build
from backprop_cli.lang.parse import read
from backprop_cli.limits import OWN, Limits


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
        at: values of leaves: numbers, fractions, NumPy arrays or nested lists; they override those of the text.
        of: the name to differentiate; the last one assigned unless given. It must have one entry.
        wrt: the names to differentiate by; the `param` leaves unless given, or every leaf where none is declared.
        exact: work with rationals and closed constants in place of floats.
        limits: how much work the text may ask for.

    Returns:
        The value (a float), the gradients by name (each a float or an array in the shape of its leaf), warnings, and the
        record of the run.

    Raises:
        BackpropError: bad syntax, unknown or doubly assigned names, missing values, shapes that do not fit, values outside
            a function's domain, overflow. Its `diagnostics` say where, why, and what would mend it.
    """
    return differentiate(build(read(text), at or (), limits), at, of, wrt, exact=exact, limits=limits)
