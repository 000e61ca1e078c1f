"""Exact identity modulo primes."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    EQUAL = 1
    RATIONAL = 2
    APART = 3
    UNKNOWN = 4


@dataclass(frozen=True, slots=True)
class Proof:
    verdict: Verdict
    signs: bool = False


def identical(*a):
    return Proof(Verdict.UNKNOWN)
