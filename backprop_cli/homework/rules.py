"""What a teacher decides: which answers must be there, how exact a number must be, and what each verdict is worth."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from backprop_cli.errors import BackpropError, Diagnostic, nearest
from backprop_cli.lang.answers_targets import updated_name

FORMS = ("simplified", "product", "number")
_ENTRY = re.compile(r"|\[-?[0-9]{1,9}(,-?[0-9]{1,9})*\]")
STRENGTHS = ("none", "node", "rule", "local")


@dataclass(frozen=True, slots=True)
class Rules:
    """How answers are judged and scored.

    Judged: a decimal must be right to `digits` significant digits, or within `tolerance` of the truth (relative; it takes
    the place of `digits`); `form` is the form that a formula must have, one of `FORMS`; `rate` is the learning rate of
    updates; `decimal_comma` reads `0,25`. `forms` and `tolerances` set the same for single answers, by keys such as `dL/da`.

    Scored: `points` for single answers, `others` for all that are not named there; `follow_through`, `convention` and
    `at_point` are the parts of the points, from 0 to 1, that those verdicts earn. `require` lists the answers that must be there.

    Told: `hints` is one of `STRENGTHS`; without `diagnose`, nobody asks what went wrong.
    """

    digits: int = 3
    tolerance: float | None = None
    form: str | None = None
    require: tuple[str, ...] = ()
    rate: Fraction | None = None
    decimal_comma: bool = False
    follow_through: float = 1.0
    convention: float = 1.0
    at_point: float = 0.5
    points: Mapping[str, float] = field(default_factory=dict)
    others: float = 1.0
    forms: Mapping[str, str] = field(default_factory=dict)
    tolerances: Mapping[str, float] = field(default_factory=dict)
    hints: str = "rule"
    diagnose: bool = True

    @property
    def named(self) -> tuple[str, ...]:
        """The answers that are asked for by name."""
        return tuple(dict.fromkeys((*self.require, *self.points, *self.forms, *self.tolerances)))

    def worth(self, of: str) -> float:
        """The points for an answer to `of`."""
        return self.points.get(key(of), self.others)

    def form_of(self, of: str) -> str | None:
        """The form asked for in an answer to `of`."""
        return self.forms.get(key(of), self.form)

    def tolerance_of(self, of: str) -> float | None:
        """The relative tolerance of numbers in an answer to `of`."""
        return self.tolerances.get(key(of), self.tolerance)


def key(of: str) -> str:
    """What is answered, spelled in one way: `∂L/∂a` and `d L / d a` are `dL/da`."""
    return unicodedata.normalize("NFC", "".join(of.replace("∂", "d").split()))


def spelled_out(of: str, names: Iterable[str], output: str | None) -> str | None:
    """The key of what a teacher asks for, where the program knows it: `da` is the output's derivative, `a_new` the update of `a`,
    which goes by the name `a`. None where the program does not know it."""
    known = frozenset(names)
    wanted = key(of)
    whole, _, entry = wanted.partition("[")
    entry = f"[{entry}" if entry else ""
    if not _ENTRY.fullmatch(entry):
        return None
    if whole.startswith("shape(") and whole.endswith(")"):
        inside = spelled_out(whole[6:-1], known, output)
        return f"shape({inside})" if inside else None
    upper, _, lower = whole.partition("/")
    if lower:
        both = upper[:1] == "d" and lower[:1] == "d" and {upper[1:], lower[1:]} <= known
        return whole + entry if both else None
    if whole in known:
        return whole + entry
    updated = updated_name(whole) if not entry else None
    if updated in known:
        return updated
    short = whole[:1] == "d" and whole[1:] in known and output is not None
    return f"d{output}/{whole}{entry}" if short else None


def fitted(rules: Rules, names: Iterable[str], output: str | None) -> Rules:
    """The rules with every answer that they name spelled as the judge spells it; complains about names that the program lacks."""
    known = tuple(names)

    def spelled(of: str) -> str:
        found = spelled_out(of, known, output)
        if found is None:
            raise BackpropError(_unknown(of, known, output))
        return found

    return replace(
        rules,
        require=tuple(dict.fromkeys(spelled(of) for of in rules.require)),
        points={spelled(of): worth for of, worth in rules.points.items()},
        forms={spelled(of): form for of, form in rules.forms.items()},
        tolerances={spelled(of): most for of, most in rules.tolerances.items()},
    )


def _unknown(of: str, names: tuple[str, ...], output: str | None) -> Diagnostic:
    possible = [*names, *(f"d{output or names[-1]}/d{name}" for name in names)] if names else []
    near = nearest(key(of), possible)
    hint = f"did you mean {near}?" if near else "answers are named as in dL/da, da or u"
    return Diagnostic("unknown-answer", f"{of} is asked for, but the program has nothing of that name", hint=hint)
