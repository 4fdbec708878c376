"""Is a unit code UCUM? The grammar of the standard over a table of its atoms."""

import re
from functools import cache

from rounds.datamart.mapping import mapping

__all__ = ["is_ucum"]

_PREFIXES = (
    "da", "Ki", "Mi", "Gi", "Ti", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d",
    "c", "m", "u", "n", "p", "f", "a", "z", "y",
)  # fmt: skip
_ANNOTATION = re.compile(r"\{[\x21-\x7a\x7c\x7e]*\}")
_EXPONENT = re.compile(r"[+-]?[0-9]+$")
_LONGEST = 100


@cache
def _atoms() -> dict[str, bool]:
    return {row["atom"]: row["metric"] == "yes" for row in mapping("ucum_atoms")}


def _is_simple_unit(symbol: str) -> bool:
    atoms = _atoms()
    if symbol in atoms:
        return True
    return any(
        symbol.startswith(prefix) and atoms.get(symbol[len(prefix) :], False)
        for prefix in _PREFIXES
    )


def _is_component(term: str) -> bool:
    bare = _ANNOTATION.sub("", term)
    if bare != term and not bare:
        return True  # an annotation alone stands for the number one
    if bare.isascii() and bare.isdigit():
        return True
    if _is_simple_unit(bare):
        return True
    return _is_simple_unit(_EXPONENT.sub("", bare)) and bool(_EXPONENT.search(bare))


def _split(term: str) -> list[str] | None:
    """Split at the operators outside brackets and parentheses; None if unbalanced."""
    parts: list[str] = []
    closing: list[str] = []
    current = ""
    pairs = {"(": ")", "[": "]", "{": "}"}
    for character in term:
        inside = bool(closing)
        if inside and closing[-1] != ")" and character != closing[-1]:
            current += character
        elif character in pairs:
            closing.append(pairs[character])
            current += character
        elif inside and character == closing[-1]:
            closing.pop()
            current += character
        elif character in "./" and not inside:
            parts.append(current)
            current = ""
        else:
            current += character
    return None if closing else [*parts, current]


def is_ucum(code: str) -> bool:
    """Tell whether a code is a valid unit of the Unified Code for Units of Measure.

    Parameters
    ----------
    code : str
        A unit code in the case-sensitive variant.

    References
    ----------
    Schadow G, McDonald CJ. The Unified Code for Units of Measure, version 2.1,
    sections 2.1 to 2.4. https://ucum.org/ucum

    Examples
    --------
    >>> is_ucum("mm[Hg]"), is_ucum("mL/min/{1.73_m2}"), is_ucum("10*3/uL")
    (True, True, True)
    >>> is_ucum("mmHg"), is_ucum("bananas"), is_ucum("")
    (False, False, False)
    """
    if not code or len(code) > _LONGEST or not code.isascii() or " " in code:
        return False
    parts = _split(code.removeprefix("/"))
    if parts is None:
        return False
    return all(
        is_ucum(part[1:-1])
        if part.startswith("(") and part.endswith(")")
        else _is_component(part)
        for part in parts
    )
