"""What a UCUM unit is worth: the standard's grammar over a table of its atoms.

A unit is a factor times powers of base dimensions. Some things are kept apart that
UCUM itself would convert, because in medicine they are not the same:

- moles, equivalents, osmoles and counts: a mole of what, and of which charge?
- amounts and masses in the numerator and in the denominator: 48 mmol/mol of HbA1c are
  no 4.8 %, so a mole per mole is no plain number, and neither is a gram per gram;
- counts per field, units of arbitrary activity such as [iU], and what an annotation
  with a number says: mL/min/{1.73_m2} are no mL/min.

References
----------
Schadow G, McDonald CJ. The Unified Code for Units of Measure, version 2.2, sections 2.1
to 2.5 and the tables of its units. Copyright Regenstrief Institute.
https://ucum.org/ucum, https://ucum.org/license
"""

import csv
import re
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Final, NamedTuple, Self

__all__ = ["Unit", "is_ucum", "unit"]

_PREFIXES: Final = {
    "da": 1, "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3,
    "h": 2, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18,
    "z": -21, "y": -24,
}  # fmt: skip
_BINARY: Final = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}
_ANNOTATION: Final = re.compile(r"\{[\x21-\x7a\x7c\x7e]*\}")
_POWER: Final = re.compile(r"(.*?)([+-]?[0-9]+)")
_LONGEST: Final = 100
_HIGHEST_POWER: Final = 99
_NEVER_CANCEL: Final = ("g", "mol")


class Unit(NamedTuple):
    """A unit: (a number in it + offset) × factor is the number in base units."""

    factor: Fraction
    dimension: tuple[tuple[str, int], ...]
    """Base unit and power, by name. Grams and moles are counted twice, `g` above and
    `g^-1` below the line, so that they never cancel."""
    offset: Fraction = Fraction(0)
    """Not 0 for degrees Celsius and Fahrenheit alone, which stand on a scale."""

    def times(self, other: "Unit", power: int = 1) -> Self:
        """Multiply by a power of another unit; neither stands on a scale."""
        powers = dict(self.dimension)
        for name, n in other.dimension:
            key, m = name, n * power
            if name.removesuffix("^-1") in _NEVER_CANCEL and power < 0:
                key = name.removesuffix("^-1") if "^" in name else f"{name}^-1"
                m = -m
            powers[key] = powers.get(key, 0) + m
        kept = tuple(sorted((name, n) for name, n in powers.items() if n))
        return type(self)(self.factor * other.factor**power, kept)


_ONE: Final = Unit(Fraction(1), ())


def is_ucum(code: str) -> bool:
    """Tell whether a code is a valid unit of the Unified Code for Units of Measure.

    Parameters
    ----------
    code : str
        A unit code in the case-sensitive variant.

    Examples
    --------
    >>> is_ucum("mm[Hg]"), is_ucum("mL/min/{1.73_m2}"), is_ucum("10*3/uL")
    (True, True, True)
    >>> is_ucum("mmHg"), is_ucum("bananas"), is_ucum("")
    (False, False, False)
    """
    return unit(code) is not None


@cache
def unit(code: str) -> Unit | None:
    """Give what a unit is worth; None if the code is not UCUM.

    Examples
    --------
    >>> unit("mg/dL") == unit("10.mg/L"), unit("kPa").dimension == unit("%").dimension
    (True, False)
    """
    if not code or len(code) > _LONGEST or not code.isascii() or " " in code:
        return None
    parts = _split(code)
    if parts is None:
        return None
    if len(parts) == 1 and parts[0][0] > 0 and (alone := _on_a_scale(parts[0][1])):
        return alone
    product = _ONE
    for power, part in parts:
        component = _component(part)
        if component is None:
            return None
        product = product.times(component, power)
    return product


def _split(term: str) -> list[tuple[int, str]] | None:
    """Split at the operators outside brackets: (1 or -1, part); None if unbalanced."""
    parts: list[tuple[int, str]] = []
    closing: list[str] = []
    current = ""
    power = 1
    if term.startswith("/"):
        power, term = -1, term[1:]
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
            parts.append((power, current))
            power, current = (1 if character == "." else -1), ""
        else:
            current += character
    return None if closing else [*parts, (power, current)]


def _component(part: str) -> Unit | None:
    bare = _ANNOTATION.sub("", part)
    if bare != part and not bare:
        return _annotated(part)
    if bare.startswith("(") and bare.endswith(")"):
        return unit(bare[1:-1])
    if bare.isdigit():
        return Unit(Fraction(int(bare)), ()) if int(bare) else None
    simple = _simple(bare)
    if simple is not None:
        return simple
    found = _POWER.fullmatch(bare)
    base = _simple(found[1]) if found else None
    if found is None or base is None or abs(int(found[2])) > _HIGHEST_POWER:
        return None
    return _ONE.times(base, int(found[2]))


def _annotated(part: str) -> Unit:
    """Give an annotation alone: the number one, but `{1.73_m2}` is not nothing."""
    if not any(character.isdigit() for character in part):
        return _ONE
    return Unit(Fraction(1), ((part.replace("_", ""), 1),))


def _simple(symbol: str) -> Unit | None:
    atoms = _atoms()
    if symbol in atoms:
        return _worth(symbol)
    for prefixes in (_BINARY, _PREFIXES):
        for prefix in prefixes:
            atom = symbol[len(prefix) :]
            if symbol.startswith(prefix) and atoms.get(atom, {}).get("metric") == "yes":
                worth = _worth(atom)
                size = _BINARY.get(prefix) or Fraction(10) ** _PREFIXES[prefix]
                return worth._replace(factor=worth.factor * size)
    return None


@cache
def _worth(atom: str) -> Unit:
    """Give what an atom is worth as a factor; one on a scale is a base of its own."""
    row = _atoms()[atom]
    if not row["value"] or row["offset"]:
        return Unit(Fraction(1), ((atom, 1),))
    made_of = unit(row["unit"])
    assert made_of is not None, f"the table of atoms does not say what {atom} is"
    return made_of._replace(factor=made_of.factor * Fraction(row["value"]))


def _on_a_scale(part: str) -> Unit | None:
    row = _atoms().get(_ANNOTATION.sub("", part))
    if row is None or not row["offset"]:
        return None
    degree = unit(row["unit"])
    assert degree is not None, "a scale counts degrees"
    factor = degree.factor * Fraction(row["value"])
    return Unit(factor, degree.dimension, Fraction(row["offset"]))


@cache
def _atoms() -> dict[str, dict[str, str]]:
    """Give the table: atom → metric, value, offset, unit; no value for a base unit."""
    place = resources.files("rounds.definitions").joinpath("ucum_atoms.csv")
    rows = csv.DictReader(place.read_text("utf-8").splitlines())
    return {row["atom"]: row for row in rows}
