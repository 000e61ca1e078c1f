"""What a primitive is, and the makers that keep its row in the table short."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backprop_cli.records import record


@record(eq=True)
class Domain:
    """Where a function lives: `holds` is a condition in the operands' names, `broken` the complaint where it fails."""

    holds: str
    broken: str
    needs: str


@record(eq=True)
class Kink:
    """Where a derivative does not exist: the condition `at`, and the convention `takes` that is used there."""

    at: str
    takes: str


@record
class Primitive:
    """One kind of operation. Every text is in the `.expr` language; operand names and `y` (the operation's own value) are in scope.

    `forward` computes the value in the numerically stable way, from the functions every arithmetic has (arithmetic.py).
    `local` are the derivatives by each operand as a textbook writes them, None where nothing flows. `computed` are the
    same derivatives in the form the sweep evaluates: stable, with the limits at special points. `textbook` is the
    definition that SymPy starts from and shares nothing with the other texts. `defaults` are the values of operands
    that may be left out; `static` names the arguments that are no operands (axis, keepdims). A row with `code` keeps
    its forward and reverse functions under that name in arrays.py; its `local` texts, in which `g` is the upstream,
    are what is shown.
    """

    head: str
    operands: tuple[str, ...]
    forward: str
    local: tuple[str | None, ...]
    computed: tuple[str | None, ...]
    rule: str
    textbook: str
    latex: str
    domain: tuple[Domain, ...] = ()
    slope_domain: tuple[Domain | None, ...] = ()
    kink: Kink | None = None
    defaults: Mapping[str, str] = MappingProxyType({})
    static: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    samples: tuple[tuple[float, float], ...] = ()
    code: str | None = None
    variadic: bool = False

    @property
    def fewest(self) -> int:
        """How many operands must be given."""
        return len(self.operands) - len(self.defaults)

    @property
    def steep(self) -> bool:
        """Whether a local derivative may be infinite: it divides, or is a power."""
        return self.code is None and any(text is not None and ("/" in text or "^" in text) for text in self.computed)

    def passes(self, operand: int) -> bool:
        """Whether a derivative exists through an operand; the entries of an array literal share one formula."""
        return bool(self.local) and self.local[min(operand, len(self.local) - 1)] is not None


def elementwise(
    head: str,
    operands: str,
    forward: str,
    *local: str | None,
    rule: str,
    textbook: str = "",
    latex: str = "",
    computed: tuple[str | None, ...] = (),
    domain: tuple[Domain, ...] | Domain = (),
    slope_domain: tuple[Domain | None, ...] = (),
    kink: Kink | None = None,
    defaults: Mapping[str, str] | None = None,
    alias: str = "",
    samples: tuple[tuple[float, float], ...] = (),
) -> Primitive:
    """A row for a function that works on each entry by itself. The textbook definition is the head itself unless given."""
    names = tuple(operands.split())
    holes = ", ".join(f"<{name}>" for name in names)
    return Primitive(
        head,
        names,
        forward,
        local,
        computed or local,
        rule,
        textbook or f"{head}({', '.join(names)})",
        latex or rf"\operatorname{{{head}}}\left({holes}\right)",
        (domain,) if isinstance(domain, Domain) else domain,
        slope_domain or (None,) * len(names),
        kink,
        defaults or {},
        (),
        tuple(alias.split()),
        samples or ((-2.0, 2.0),) * len(names),
    )


def structural(
    head: str,
    operands: str,
    *local: str | None,
    rule: str,
    code: str,
    textbook: str,
    latex: str,
    static: str = "",
    alias: str = "",
    kink: Kink | None = None,
    domain: tuple[Domain, ...] | Domain = (),
    variadic: bool = False,
) -> Primitive:
    """A row for a function of whole arrays: `local` are what each operand receives of the upstream `g`; `code` computes."""
    names = tuple(operands.split())
    return Primitive(
        head,
        names,
        "",
        local,
        local,
        rule,
        textbook,
        latex,
        (domain,) if isinstance(domain, Domain) else domain,
        (None,) * len(names),
        kink,
        {},
        tuple(static.split()),
        tuple(alias.split()),
        (),
        code,
        variadic,
    )
