"""The LaTeX commands that stand in homework, by what they mean. Only tables."""

from __future__ import annotations

import unicodedata

GREEK = {
    **{
        name.lower().replace("lamda", "lambda"): unicodedata.lookup(f"GREEK SMALL LETTER {name}")
        for name in (
            *("ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON", "ZETA", "ETA", "THETA", "IOTA", "KAPPA", "LAMDA", "MU", "NU", "XI"),
            *("PI", "RHO", "SIGMA", "TAU", "UPSILON", "PHI", "CHI", "PSI", "OMEGA"),
        )
    },
    **{
        name.capitalize().replace("Lamda", "Lambda"): unicodedata.lookup(f"GREEK CAPITAL LETTER {name}")
        for name in ("GAMMA", "DELTA", "THETA", "LAMDA", "XI", "PI", "SIGMA", "UPSILON", "PHI", "PSI", "OMEGA")
    },
    **{"varepsilon": "ε", "vartheta": "θ", "varphi": "φ", "varrho": "ρ", "varsigma": "σ", "ell": "ℓ", "nabla": "∇"},
}  # fmt: skip

FONTS = frozenset(
    [
        "mathrm",
        "mathbf",
        "boldsymbol",
        "bm",
        "mathit",
        "mathsf",
        "mathtt",
        "mathcal",
        "mathbb",
        "mathfrak",
        "mathscr",
        "text",
        "textbf",
        "textit",
        "textrm",
        "textsf",
        "texttt",
        "operatorname",
        "vec",
        "overrightarrow",
        "underline",
        "mbox",
    ]
)
UPRIGHT = frozenset(["mathrm", "mathsf", "text", "textrm", "textsf", "operatorname"])
ACCENTS = {
    **dict.fromkeys(("hat", "widehat"), "\u0302"),
    **dict.fromkeys(("bar", "overline"), "\u0304"),
    **dict.fromkeys(("tilde", "widetilde"), "\u0303"),
    "dot": "\u0307",
}
FUNCTIONS = frozenset(
    [
        "log",
        "ln",
        "exp",
        "sin",
        "cos",
        "tan",
        "sec",
        "csc",
        "cot",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "max",
        "min",
        "det",
    ]
)  # what TeX itself sets upright; other functions are written with \operatorname

# Command -> the kind and the text of the word that it stands for.
SIGNS = {
    **dict.fromkeys(("cdot", "times", "odot", "ast", "circ", "cdotp", "bullet"), ("STAR", "*")),
    "div": ("SLASH", "/"),
    **dict.fromkeys(("le", "leq", "leqslant"), ("COMPARE", "<=")),
    **dict.fromkeys(("ge", "geq", "geqslant"), ("COMPARE", ">=")),
    **dict.fromkeys(("ne", "neq"), ("COMPARE", "!=")),
    "lt": ("COMPARE", "<"),
    "gt": ("COMPARE", ">"),
    **dict.fromkeys(("leftarrow", "gets", "coloneqq", "longleftarrow"), ("ARROW", "<-")),
    **dict.fromkeys(("approx", "simeq", "thickapprox"), ("ABOUT", "≈")),
    "partial": ("PARTIAL", "∂"),
    "prime": ("PRIME", "'"),
    **dict.fromkeys(("top", "intercal"), ("TRANSPOSE", ".T")),
    "{": ("LPAR", "("),
    "}": ("RPAR", ")"),
    "lbrace": ("LPAR", "("),
    "rbrace": ("RPAR", ")"),
    **dict.fromkeys(("vert", "lvert", "rvert"), ("BAR", "|")),
}
FRACTIONS = frozenset(("frac", "dfrac", "tfrac", "cfrac"))
IGNORED = frozenset(
    [
        r",",
        r";",
        r":",
        r"!",
        r">",
        r"(",
        r")",
        r"[",
        r"]",
        r"quad",
        r"qquad",
        r"left",
        r"right",
        r"big",
        r"Big",
        r"bigg",
        r"Bigg",
        r"bigl",
        r"bigr",
        r"Bigl",
        r"Bigr",
        r"biggl",
        r"biggr",
        r"Biggl",
        r"Biggr",
        r"displaystyle",
        r"textstyle",
        r"limits",
        r"nolimits",
        r"nonumber",
        r"notag",
        r"hfill",
        r"item",
        r"noindent",
        r"hspace*",
        r"thinspace",
        r"allowbreak",
        r"mathstrut",
    ]
) | {" "}
SIZED = frozenset(
    ["left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr"]
)  # a lone . may follow
WITH_GROUP = frozenset(("label", "tag", "hspace", "vspace", "phantom", "color"))
REFUSED = {
    **dict.fromkeys(("sum", "prod"), "a sum or product over an index cannot be read: write sum(...), prod(...) or mean(...)"),
    **dict.fromkeys(("int", "iint", "oint"), "there are no integrals here"),
    **dict.fromkeys(("pm", "mp"), "write one sign"),
    "infty": "there is no infinity here",
    "lim": "there are no limits here",
}
