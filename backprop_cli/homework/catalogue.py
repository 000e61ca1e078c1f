"""The slips that the judge knows: their ids, names, what a student is told, and where to look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One slip. `sentence` explains it to a student; `rank` orders slips that cannot be told apart, the plainest first."""

    id: str
    name: str
    sentence: str
    rank: float


_ENTRIES = (
    Entry("M01", "sign slip", "A minus sign was lost or gained on the way back.", 1.0),
    Entry("M02", "factor of the chain forgotten", "The chain rule multiplies one local derivative for every step; one is missing.", 1.3),
    Entry("M03", "function in place of its derivative", "A step was multiplied by the function itself, not by its derivative.", 2.15),
    Entry("M04", "argument kept", "A step was multiplied by what stands inside the function, not by the function's derivative.", 2.4),
    Entry("M05", "reciprocal taken", "A local derivative was turned upside down.", 2.0),
    Entry(
        "M06",
        "power rule incomplete",
        "The power rule brings the exponent down as a factor and lowers it by one; one half is missing.",
        1.6,
    ),
    Entry("M07", "integrated", "A step was integrated where it should have been differentiated.", 2.6),
    Entry("M08", "derivative by another name", "This is the derivative by another name than the one asked.", 1.5),
    Entry("M09", "sum in place of a product", "The local derivatives along a path are multiplied, not added.", 2.5),
    Entry("M10", "sum treated as a product", "The derivative of a sum by a summand is 1, whatever the other summand is.", 2.1),
    Entry("M11", "product of derivatives", "The derivative of a product is not the product of the derivatives.", 2.0),
    Entry("M12", "path forgotten", "A name reaches the output on several paths, and each of them contributes.", 1.7),
    Entry("M13", "overwritten", "Contributions of several users are added up; here the last one replaced the others.", 1.9),
    Entry("M14", "path counted twice", "Each path contributes once.", 2.0),
    Entry("M15", "paths combined wrongly", "Paths are added: not multiplied, not averaged, not compared.", 2.3),
    Entry("M16", "second term missing", "Derivatives do not cancel like fractions: where paths meet, there is a term for each.", 1.9),
    Entry("M17", "partial for total", "The direct derivative and the total one differ where a name is used on other ways too.", 1.6),
    Entry("M18", "wrong order", "A node hands its derivative on only after all its users have sent theirs.", 2.7),
    Entry("M19", "not reset", "Every gradient is the same multiple of the right one, as if several runs had been added up.", 1.2),
    Entry("M20", "stale point", "A local derivative was taken at another node's value.", 3.0),
    Entry(
        "M21",
        "derivative at the wrong place",
        "The slope of an activation was taken at the wrong value: before or after the function.",
        1.8,
    ),
    Entry("M22", "activation's derivative missing", "The slope of the activation function is a factor, too.", 1.2),
    Entry("M23", "slope factor forgotten", "The constant in front of an activation's argument is a factor of its derivative.", 1.25),
    Entry("M24", "gate ignored", "A rectifier passes the derivative on only where it is switched on.", 1.1),
    Entry("M25", "softmax taken entry by entry", "Each output of softmax depends on every score, not only on its own.", 1.5),
    Entry("M26", "half of the cross-entropy lost", "Cross-entropy has two terms, and the second one has an inner -1.", 1.6),
    Entry("M27", "target minus output", "The difference was turned round: target minus output gives minus the gradient.", 1.4),
    Entry("M28", "2 or 1/2 lost", "A constant factor 2 or 1/2 is missing or too much.", 1.2),
    Entry("M29", "1/N missing", "The loss is a mean, so each gradient carries the factor 1/N.", 1.25),
    Entry("M30", "1/N too often", "The factor 1/N belongs to the loss and comes in once, not in every layer.", 1.25),
    Entry("M31", "1/N put in later", "The factor 1/N was left out here and put in further down.", 1.5),
    Entry("M32", "transposed", "The gradient of a matrix has the matrix's own shape; rows and columns are exchanged.", 1.0),
    Entry("M33", "factors in another order", "The factors of the matrix product stand in another order, or a transpose is missing.", 1.2),
    Entry("M34", "elementwise for a matrix product", "A matrix product was worked out entry by entry.", 1.4),
    Entry("M35", "W in place of its transpose", "On the way back through W @ x stands the transpose of W.", 1.1),
    Entry("M36", "bias gradient not summed", "A bias is used in every column, so its gradient is the sum over them.", 1.0),
    Entry("M37", "wrong axis, or a mean", "The sum over a batch runs over the other axis, and it is a sum, not a mean.", 1.2),
    Entry("M38", "forward slip carried back", "The way back is right for another value on the way forward.", 1.4),
    Entry("M39", "weights updated too early", "The error was sent back through weights that had been updated already.", 1.5),
    Entry("M40", "update done wrongly", "Descent takes the weight minus the rate times its own gradient.", 1.0),
    Entry("M41", "constant or data differentiated", "What does not depend on the name asked contributes nothing.", 2.4),
    Entry("M42", "rule of another function", "The rule that was used belongs to a function that looks alike.", 1.7),
    Entry("M43", "rounded too early", "The method is right, but numbers on the way were rounded; keep more digits until the end.", 0.5),
    Entry("M44", "one symbol mistyped", "With one symbol changed the answer would be right.", 1.9),
)

CATALOGUE = {each.id: each for each in _ENTRIES}


def name_of(slip: str) -> str:
    """What a slip is called."""
    return CATALOGUE[slip].name


def table() -> str:
    """All slips as a Markdown table."""
    rows = [f"| {each.id} | {each.name} | {each.sentence} |" for each in _ENTRIES]
    return "\n".join(["| id | slip | what it means |", "|---|---|---|", *rows])
