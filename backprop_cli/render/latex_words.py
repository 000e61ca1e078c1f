"""Words and names as LaTeX: what a user typed is escaped, Greek letters are letters, accents are accents."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from backprop_cli.render.visible import visible

_GREEK_WORDS = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"""
_GREEK = frozenset(_GREEK_WORDS.split())
_VARIANTS = {"ϵ": r"\epsilon", "ϑ": r"\vartheta", "ϕ": r"\phi", "φ": r"\varphi", "ϱ": r"\varrho", "ς": r"\varsigma", "ϖ": r"\varpi",
             "ℓ": r"\ell", "ε": r"\varepsilon", "ı": r"\imath", "ȷ": r"\jmath", "ο": "o"}  # fmt: skip
# Capitals that look like Latin ones, which TeX has no signs of its own for.
_ALIKE = {"Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I", "Kappa": "K", "Mu": "M", "Nu": "N",
          "Omicron": "O", "Rho": "P", "Tau": "T", "Chi": "X"}  # fmt: skip
_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u0308": "ddot", "\u20d7": "vec"}
_SAID = frozenset(["hat", "tilde", "bar", "dot"])  # `y_hat`
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
            "|": r"\textbar{}", "∂": r"$\partial$", "×": r"$\times$", "·": r"$\cdot$", "Σ": r"$\Sigma$", "→": r"$\to$", "≠": r"$\neq$",
            '"': "''", "’": "'", "…": r"\dots{}", "⋮": r"$\vdots$", "−": "$-$", "≤": r"$\leq$", "≥": r"$\geq$"}  # fmt: skip
_PLAIN = re.compile("[A-Za-z][\u0300-\u0304\u0308\u030a\u030c\u0327]|[ßæøåÆØÅ]")  # letters that every TeX font can put together
_LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_UNDER = rf"[^\W_][{''.join(_ACCENTS)}]"  # a letter and its accent, where no single character is both
_ACCENTED = re.compile(_UNDER)
_LETTERS = re.compile(f"{_UNDER}|.", re.S)
_PIECES = re.compile(f"{_UNDER}|[A-Za-z0-9_]+?(?={_UNDER})|[A-Za-z0-9_]+|.")
_CHUNK = 16  # letters of a name that are not parted


def words(text: str) -> str:
    """Text between formulas: every character that means something to TeX is escaped, every one it has no letter for is named."""
    return "".join(map(_letter, _LETTERS.findall(visible(text))))


@lru_cache(maxsize=4096)
def _letter(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char in "{}$&#_%":
        return "\\" + char
    if len(char) == 1 and (" " <= char <= "~" or _PLAIN.fullmatch(unicodedata.normalize("NFD", char))):
        return char
    if "₀" <= char <= "₉":
        return f"$_{char.translate(_LOW)}$"
    drawn = _one(char)
    return "".join(f"[U+{ord(each):04X}]" for each in char) if drawn is None else f"${drawn}$"


@lru_cache(maxsize=4096)
def _one(char: str) -> str | None:
    """A single letter in mathematics: Latin, Greek, or either under an accent; None for any other."""
    if char.isascii():
        return char if char.isalpha() else None
    if char in _VARIANTS:
        return _VARIANTS[char]
    letters = unicodedata.normalize("NFD", char)
    if len(letters) == 2 and letters[1] in _ACCENTS:
        below = _one(letters[0])
        return None if below is None else rf"\{_ACCENTS[letters[1]]}{{{below}}}"
    said = unicodedata.name(char, "").split() if len(char) == 1 else []
    if len(said) == 4 and said[0] == "GREEK" and said[2] == "LETTER":
        word = said[3].replace("LAMDA", "LAMBDA").lower()
        word = word if said[1] == "SMALL" else word.capitalize()
        if word in _GREEK:
            return f"\\{word}"
        return rf"\mathrm{{{_ALIKE[word]}}}" if word in _ALIKE else None
    return None


_SUBSCRIPT = re.compile(r"(?<!\\)_\{(?:[^{}]|\{[^{}]*\})*\}$")


@lru_cache(maxsize=4096)
def name(word: str) -> str:
    """A name in mathematics: Greek letters as letters, digits at its end as an index, accents as accents."""
    found = re.fullmatch(r"(.*?)_?([0-9]+|[₀-₉]+)", word) or re.fullmatch(r"(.*)_([ijk]{1,2})", word)
    if found and found.group(1).strip("_"):
        base, index = _base(found.group(1)), found.group(2).translate(_LOW)
        # TeX allows one subscript: that of `w_1` and the index of `w_1_2` become one.
        return f"{base[:-1]},{index}}}" if _SUBSCRIPT.search(base) else f"{base}_{{{index}}}"
    return _base(word)


def _base(word: str) -> str:
    first, line, rest = word.partition("_")
    if line and rest.isascii() and rest.isalnum():
        for start in ("", "d"):  # `dy_hat`, the adjoint of `y_hat`
            whole = _whole(first.removeprefix(start))
            if whole is not None and first.startswith(start):
                before = rf"\mathit{{{start}}}" if start else ""
                index = rest if rest.isdigit() else rf"\mathit{{{rest}}}"
                return before + (rf"\{rest}{{{whole}}}" if rest in _SAID else f"{whole}_{{{index}}}")
    return _whole(word) or "".join(map(_piece, _PIECES.findall(word)))


def _whole(word: str) -> str | None:
    """A name that is one letter, under an accent or not, or that spells a Greek one."""
    return f"\\{word}" if word in _GREEK else _one(word) if len(word) == 1 or _ACCENTED.fullmatch(word) else None


def _piece(text: str) -> str:
    if text.isascii():
        return rf"\mathit{{{escaped(text)}}}"
    if "₀" <= text <= "₉":
        return f"{{}}_{{{text.translate(_LOW)}}}"
    return _one(text) or rf"\text{{{words(text)}}}"


def escaped(word: str) -> str:
    """A word of ASCII letters, digits and underscores."""
    return word.replace("_", r"\_")


@lru_cache(maxsize=4096)
def parted(word: str) -> str:
    """A name that may be broken over lines, where it is long."""
    if len(word) <= _CHUNK:
        return f"{{{name(word)}}}"
    pieces = [word[at : at + _CHUNK] for at in range(0, len(word), _CHUNK)]
    if word.isascii():
        pieces = [part[at : at + _CHUNK] for part in re.findall(r"_*[^_]+_*|_+", word) for at in range(0, len(part), _CHUNK)]
    return r"\allowbreak ".join("".join(map(_piece, _PIECES.findall(piece))) for piece in pieces)
