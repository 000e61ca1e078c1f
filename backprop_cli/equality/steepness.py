"""Upper bounds of slopes, m*2^e with some 20 bits: how much of an operand's error arrives in the value of a function."""

from __future__ import annotations

from backprop_cli.equality.balls import Ball, top

Slope = tuple[int, int]
UNIT: Slope = (1, 0)


def lead(a: Ball) -> Slope:
    """The first 20 bits of the size of a ball's middle, which is not 0: too little by less than one part in 2^19."""
    return (abs(a[0]) << 20) >> a[0].bit_length(), top(a) - 20


def over(up: Slope, down: Slope) -> Slope:
    """A slope that is a quotient, rounded down: of two with 20 bits, it is too little by less than one part in 2^19 besides."""
    return (up[0] << 40) // down[0], up[1] - down[1] - 40


def more(slope: Slope) -> Slope:
    """A slope at the middle, with room for what is cut off above and for its growth in a narrow ball, less than one part in 256."""
    return slope[0] + (slope[0] >> 6), slope[1]
