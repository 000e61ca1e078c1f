"""How long a number may be written, in files and in answers: checked on its text, before anything is made of it."""

from __future__ import annotations

from backprop_cli.limits import Limits

# No limit reaches further: Python writes no longer numbers, and exact ones past this power of ten take seconds each.
_MOST_DIGITS, _FARTHEST = 4_000, 99_999
_SHOWN = 6  # digits of an exponent that a complaint repeats


def too_long(text: str, limits: Limits) -> str:
    """What to say of a number with more digits than the limit, nothing where it has no more."""
    digits = text.lower().partition("e")[0].replace(".", "")
    if len(digits) <= min(limits.digits, _MOST_DIGITS):
        return ""
    return f"a number of {len(digits):,} digits; the limit is {_bounded(limits.digits, _MOST_DIGITS)}"


def out_of_range(text: str, limits: Limits) -> str:
    """What to say of a number whose exponent is past the limit, nothing where it is not."""
    exponent = text.lower().partition("e")[2]
    bare = exponent.lstrip("+-").lstrip("0")
    if len(bare) <= len(str(_FARTHEST)) and int(bare or "0") <= min(limits.exponent, _FARTHEST):
        return ""
    shown = exponent if len(bare) <= _SHOWN else f"a number of {len(bare):,} digits"
    return f"the exponent of this number is {shown}; the limit is ±{_bounded(limits.exponent, _FARTHEST)}"


def _bounded(limit: int, most: int) -> str:
    return f"{limit:,}" if limit <= most else f"{most:,}, whatever --limit says"
