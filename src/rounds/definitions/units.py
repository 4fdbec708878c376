"""From one unit to another: what a value in the one is in the other.

What has the same dimension is converted. Between a mass and an amount of substance lies
a molar mass, so that needs an analyte, by its code, of `analytes.csv`. HbA1c in % and
in mmol/mol stand on two scales (`analyte_scales.csv`). Nothing else is converted.
"""

import csv
import math
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from rounds.definitions.ucum import Unit, is_ucum, unit

__all__ = ["Analyte", "Conversion", "conversion", "has_analyte", "wanted_unit"]

_DIGITS: Final = 9
_MOST_DIGITS: Final = 22


class Analyte(NamedTuple):
    """What is measured, by the code of the measurement."""

    vocabulary_id: str
    code: str


class Conversion(NamedTuple):
    """value × factor + shift, rounded to so many decimal digits.

    Rounding takes away what the arithmetic adds: 1.1 g/L are 110 mg/dL, and not
    110.00000000000001.
    """

    factor: float
    shift: float
    digits: int

    def apply(self, value: float) -> float:
        """Give the value in the other unit, rounded half away from zero.

        Examples
        --------
        >>> conversion("g/L", "mg/dL").apply(1.1)
        110.0
        """
        scale = 10.0**self.digits
        scaled = (value * self.factor + self.shift) * scale
        if not math.isfinite(scaled):
            return value * self.factor + self.shift
        whole = math.trunc(scaled)
        if abs(scaled - whole) >= 0.5:
            whole += 1 if scaled > 0 else -1
        return whole / scale


def wanted_unit(units: Iterable[str]) -> str | None:
    """Give the unit that values are converted to: the first that is UCUM.

    Examples
    --------
    >>> wanted_unit(["mmHg", "mm[Hg]"])
    'mm[Hg]'
    """
    return next((one for one in units if is_ucum(one)), None)


def has_analyte(analyte: Analyte) -> bool:
    """Tell whether a table says more of this measurement than its unit does."""
    return analyte in _molar_masses() or analyte in _scales()


@cache
def conversion(
    given: str, wanted: str, analyte: Analyte | None = None
) -> Conversion | None:
    """Give how a value in one unit becomes one in another.

    Parameters
    ----------
    given, wanted : str
        UCUM codes.
    analyte : Analyte, optional
        What is measured, for units that a molar mass or two scales lie between.

    Returns
    -------
    Conversion or None
        None if either is not UCUM, or there is no conversion.

    References
    ----------
    NGSP. IFCC Standardization of HbA1c: NGSP = 0.09148 × IFCC + 2.152.
    http://www.ngsp.org/ifcc.asp

    Examples
    --------
    >>> round(conversion("kPa", "mm[Hg]").apply(16.0), 2)
    120.01
    >>> conversion("mmol/L", "mg/dL") is None
    True
    >>> conversion("mmol/L", "mg/dL", Analyte("LOINC", "2345-7")).apply(5.0)
    90.078
    >>> conversion("Cel", "[degF]").apply(37.0)
    98.6
    """
    one, other = unit(given), unit(wanted)
    if one is None or other is None:
        return None
    if one.dimension == other.dimension:
        return _linear(one, other)
    if analyte is None:
        return None
    mass = _molar_masses().get(analyte)
    if mass is not None:
        through = _as_mass(one, mass), _as_mass(other, mass)
        if through[0].dimension == through[1].dimension:
            return _linear(*through)
    return _on_scales(one, other, analyte)


def _linear(one: Unit, other: Unit) -> Conversion:
    ratio = one.factor / other.factor
    return _rounded(ratio, one.offset * ratio - other.offset)


def _rounded(factor: Fraction, shift: Fraction) -> Conversion:
    small = max(0, -math.floor(math.log10(factor)))
    digits = min(_DIGITS + small, _MOST_DIGITS)
    return Conversion(float(factor), float(shift), digits)


def _as_mass(one: Unit, grams_per_mole: Fraction) -> Unit:
    """Write an amount above the line as the mass of it."""
    powers = dict(one.dimension)
    if powers.get("mol") != 1 or "g" in powers:
        return one
    del powers["mol"]
    powers["g"] = 1
    return Unit(one.factor * grams_per_mole, tuple(sorted(powers.items())))


def _on_scales(one: Unit, other: Unit, analyte: Analyte) -> Conversion | None:
    """Go from one scale to the other, in either direction."""
    scale = _scales().get(analyte)
    if scale is None:
        return None
    first, second, factor, shift = scale
    if one.dimension == first.dimension and other.dimension == second.dimension:
        grown = one.factor / first.factor * factor
        back = second.factor / other.factor
        return _rounded(grown * back, shift * back)
    if one.dimension == second.dimension and other.dimension == first.dimension:
        back = first.factor / other.factor
        return _rounded(
            one.factor / second.factor / factor * back, -shift / factor * back
        )
    return None


@cache
def _molar_masses() -> dict[Analyte, Fraction]:
    return {
        Analyte(row["vocabulary_id"], row["code"]): Fraction(row["grams_per_mole"])
        for row in _table("analytes.csv")
    }


@cache
def _scales() -> dict[Analyte, tuple[Unit, Unit, Fraction, Fraction]]:
    found = {}
    for row in _table("analyte_scales.csv"):
        first, second = unit(row["from_unit"]), unit(row["to_unit"])
        assert first is not None, "the table of scales names UCUM units"
        assert second is not None, "the table of scales names UCUM units"
        key = Analyte(row["vocabulary_id"], row["code"])
        found[key] = (first, second, Fraction(row["factor"]), Fraction(row["shift"]))
    return found


def _table(name: str) -> tuple[dict[str, str], ...]:
    text = resources.files("rounds.definitions").joinpath(name).read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))
