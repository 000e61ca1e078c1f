"""One command for every kind of trial: `python -m tests.fuzz differential|equality|screens|constants|atheris|all`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.kept import TESTS, Trial, imported, kept
from tests.fuzz.tally import Tally

TARGETS = ("parse", "answers", "judge")
_GRADIENTS, _EQUALITY = "gradients against other engines", "equality"
_SCREENS, _SHOWN = "views of programs, and their gradients as answers", 500
_CONSTANTS, _FORMULAS = "views of formulas of constants, and their gradients as answers", 3_000
_PROGRAMS = 120_000  # one in seven of them is on a kink


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Trials by the hundred thousand, and their tally.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    differential = kinds.add_parser("differential", help="gradients of random programs against PyTorch and SymPy")
    differential.add_argument("--programs", type=int, default=_PROGRAMS, metavar="N", help=f"how many programs ({_PROGRAMS:,})")
    equality = kinds.add_parser("equality", help="equal and unequal pairs of formulas through the decision, and a share through the judge")
    equality.add_argument("--pairs", type=int, default=100_000, metavar="N", help="how many pairs (100,000)")
    screens = kinds.add_parser("screens", help="every view of random programs, and their own gradients through the judge")
    screens.add_argument("--programs", type=int, default=_SHOWN, metavar="N", help=f"how many programs ({_SHOWN:,})")
    constants = kinds.add_parser("constants", help="the same of formulas full of constants, such as `atan(sqrt(2)^pi)`")
    constants.add_argument("--formulas", type=int, default=_FORMULAS, metavar="N", help=f"how many formulas ({_FORMULAS:,})")
    grown = kinds.add_parser("atheris", help="texts grown by what they reach in the code; hypothesis where there is no Atheris")
    grown.add_argument("--seconds", type=float, default=1_200, metavar="N", help="of processor time, for each target (1,200)")
    grown.add_argument("--target", action="append", choices=TARGETS, help="what to try; repeat for more (all three)")
    grown.add_argument("--keep", type=Path, metavar="FOLDER", help="where the texts that were grown are kept and begun with")
    everything = kinds.add_parser("all", help="all of these, one after the other, and what else keeps a tally")
    everything.add_argument("--quick", action="store_true", help="a few minutes of it")
    everything.add_argument("--mutants", type=int, metavar="N", help="no more than so many of each kind (all of them)")
    everything.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="where texts and tallies are kept: what this code has passed is not tried again"
    )
    for each in (differential, equality, screens, constants, grown, everything):
        each.add_argument("--seed", type=int, default=0, metavar="N", help="where the random numbers begin (0)")
    return parser.parse_args(given)


def tallies(asked: argparse.Namespace) -> Iterator[tuple[str, Tally]]:
    """What was asked for, each with its title."""
    if asked.kind == "differential":
        yield _GRADIENTS, _differential(asked.programs, asked.seed)
    elif asked.kind == "equality":
        yield _EQUALITY, _equality(asked.pairs, asked.seed)
    elif asked.kind == "screens":
        yield _SCREENS, _screens(asked.programs, asked.seed)
    elif asked.kind == "constants":
        yield _CONSTANTS, _constants(asked.formulas, asked.seed)
    elif asked.kind == "atheris":
        yield from ((title, trial()) for title, _, trial in _texts(asked.target or TARGETS, asked.seconds, asked.seed, asked.keep))
    else:
        yield from _everything(asked)


def _everything(asked: argparse.Namespace) -> Iterator[tuple[str, Tally]]:
    """Every trial; with a folder to keep things in, those that this very code has passed before are not made again."""
    from tests.fuzz.others import MUTATED, mutants, timed_tests

    made = kept(None if asked.keep is None else asked.keep / "tallies", f"{asked.seed}{' quick' * asked.quick}")
    with ThreadPoolExecutor(1) as beside:  # one process, which the rest does not wait for
        seconds = 20 if asked.quick else 1_200
        texts = beside.submit(list, made(_texts(TARGETS, seconds, asked.seed, asked.keep)))
        yield from made(_random(asked.quick, asked.seed))
        most = f", at most {asked.mutants}" if asked.mutants else ""
        yield from made((f"mutants of the {name}{most}", TESTS, partial(mutants, name, asked.mutants, asked.quick)) for name in MUTATED)
        yield from texts.result()
    # With nothing beside them: they measure processor time.
    yield from made([("threats, limits and numerics", TESTS, timed_tests)])


def _random(quick: bool, seed: int) -> Iterator[Trial]:
    """Random programs and formulas."""
    yield _GRADIENTS, imported("fuzz/differential"), lambda: _differential(2_000 if quick else _PROGRAMS, seed)
    yield _EQUALITY, imported("fuzz/equality"), lambda: _equality(2_000 if quick else 100_000, seed)
    yield _SCREENS, imported("fuzz/screens"), lambda: _screens(200 if quick else _SHOWN, seed)
    yield _CONSTANTS, imported("fuzz/constants"), lambda: _constants(200 if quick else _FORMULAS, seed)


def _differential(programs: int, seed: int) -> Tally:
    if find_spec("torch") is None:
        return Tally(failures=["PyTorch is not installed: pip install -e '.[fuzz]'"])
    from tests.fuzz.differential import run

    return run(programs, seed)


def _equality(pairs: int, seed: int) -> Tally:
    from tests.fuzz.equality import run

    return run(pairs, seed)


def _screens(programs: int, seed: int) -> Tally:
    from tests.fuzz.screens import run

    return run(programs, seed)


def _constants(formulas: int, seed: int) -> Tally:
    from tests.fuzz.constants import run

    return run(formulas, seed)


def _texts(targets: Sequence[str], seconds: float, seed: int, keep: Path | None) -> Iterator[Trial]:
    from tests.fuzz.atheris_run import fuzz

    of = imported("fuzz/atheris_run", "fuzz/atheris_child")
    for name in targets:
        yield f"texts to {name}", of, partial(fuzz, name, seconds, seed, keep / name if keep else None)


def main() -> int:
    """Print the tallies as they come; 1 where something failed."""
    failed = False
    for title, tally in tallies(arguments()):
        print("\n".join(tally.lines(title)), flush=True)
        failed = failed or bool(tally.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
