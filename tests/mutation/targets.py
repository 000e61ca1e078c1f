"""What is mutated, in which ways, and by which tests each mutant is to be noticed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from os.path import commonprefix
from pathlib import Path

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tests.mutation.formulas import Provider

ROOT = Path(__file__).resolve().parents[2]
cosmic_ray.plugins.OPERATOR_PROVIDERS["backprop"] = Provider()
# Of Cosmic Ray's 200 operators those whose mutants a person could have written by mistake; the others differ in kind only.
PYTHON = (
    "core/NumberReplacer", "core/AddNot", "core/ReplaceAndWithOr", "core/ReplaceOrWithAnd", "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue", "core/ReplaceUnaryOperator_Delete_USub", "core/ReplaceUnaryOperator_Delete_Not",
    *(f"core/ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_FloorDiv", "Mul_Add", "Div_Mul", "FloorDiv_Mul", "LShift_RShift", "RShift_LShift", "BitAnd_BitOr",
    )),
    *(f"core/ReplaceComparisonOperator_{pair}" for pair in (
        "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_Gt", "Gt_Lt", "LtE_GtE", "GtE_LtE", "Eq_NotEq", "NotEq_Eq",
    )),
)  # fmt: skip
FORMULAS = ("backprop/FormulaReplacer",)
_ANNOTATION = re.compile(r"^\s*(?:def |from |import |class |@|#)")


def _anything(line: str) -> bool:
    return not _ANNOTATION.match(line)


def _a_limit(line: str) -> bool:
    return re.search(r"\blimits\.[a-z_]+", line) is not None


@dataclass(frozen=True, slots=True)
class Target:
    """Modules, the operators that change them, the lines that count, and the tests, those that fail soonest first."""

    modules: tuple[str, ...]
    operators: tuple[str, ...]
    tests: tuple[str, ...]
    counts: Callable[[str], bool] = _anything


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module: which operator of Cosmic Ray changes what, counted from 0, and the line it stands in."""

    target: str
    module: str
    operator: str
    occurrence: int
    line: int

    def code(self) -> str:
        """The module with the change."""
        changed = mutate_code(source(self.module), cosmic_ray.plugins.get_operator(self.operator)(), self.occurrence)
        assert changed is not None
        return changed

    def change(self) -> str:
        """What changed, in a line: only as much of it as differs, and what stands around."""
        for before, after in zip_longest(source(self.module).splitlines(), self.code().splitlines(), fillvalue=""):
            if before != after:
                same = len(commonprefix([before, after]))  # noqa: RUF071 - of two texts, character by character
                end = len(commonprefix([before[same:][::-1], after[same:][::-1]]))  # noqa: RUF071 - of two texts, character by character
                shown = slice(max(same - 40, 0), same), slice(len(before) - end, len(before) - end + 40)
                cut = before[same : len(before) - end], after[same : len(after) - end]
                return f"{before[shown[0]].lstrip()}[{cut[0].strip()} -> {cut[1].strip()}]{before[shown[1]].rstrip()}"
        return ""


@cache
def source(module: str) -> str:
    """A module of the package as it is."""
    return (ROOT / "backprop_cli" / f"{module}.py").read_text("utf-8")


_LIMITED = (
    "limits", "lang/literals", "graph/nodes", "graph/build", "autodiff/differentiate",
    "autodiff/array_sweep", "autodiff/leading", "autodiff/point", "lang/text",
    "lang/parse", "lang/answers", "lang/answers_brackets", "lang/answers_lines",
    "oracles/predicted", "oracles/closed", "oracles/arrays", "oracles/statements", "homework/judge", "homework/lowering",
    "homework/sitting", "reports/trace_forms", "commands/values", "commands/reading", "commands/point",
)  # fmt: skip
_EXACT = ("calculus/arrays/exact_work", "calculus/calls", "calculus/powers", "calculus/exact")
_LIMITS_ALONE = ("limits", "lang/literals", *_EXACT[:3])  # every line of these is about limits
TARGETS = {
    "table": Target(
        ("calculus/table",), FORMULAS, ("test_rules", "test_domains", "test_numerics", "test_autodiff", "test_points", "test_exact")
    ),
    "bounds": Target(
        ("equality/balls", "equality/functions", "equality/steepness", "oracles/rounding", "oracles/cancelling"),
        PYTHON,
        (
            *("test_equality_bounds", "test_equality_bounds_choices", "test_equality_bounds_edges", "test_equality_bounds_functions"),
            *("test_oracles_rounding", "test_oracles_cancelling", "test_equality_numbers", "test_equality"),
        ),
    ),
    "limits": Target(
        _LIMITED,
        PYTHON,
        (
            "test_limits_reading",
            "test_limits_work",
            "test_limits_commands",
            "test_limits",
            "test_limits_answers",
            "test_exact",
        ),
        _a_limit,
    ),
    "exact": Target(
        _EXACT, PYTHON, ("test_exact_work", "test_exact_bounds", "test_limits_work", "test_limits_commands", "test_exact"), _a_limit
    ),
}


def mutants(name: str) -> Iterator[Mutant]:
    """Every mutant of a target, in the order of the operators."""
    target = TARGETS[name]
    for module in target.modules:
        lines, tree = source(module).splitlines(), get_ast(source(module))
        counts = _anything if module in _LIMITS_ALONE else target.counts
        for each in target.operators:
            operator = cosmic_ray.plugins.get_operator(each)()
            places = (start for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node))
            for occurrence, (line, _) in enumerate(places):
                if counts(lines[line - 1]):
                    yield Mutant(name, module, each, occurrence, line)
