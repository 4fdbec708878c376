"""A measure's result, rounded by a profile: rates are made of the rounded counts."""

from rounds.methods.disclosure_profiles import Profile
from rounds.methods.proportion import wilson
from rounds.nouns import MeasureResult, UnitResult

__all__ = ["rounded_result", "rounded_unit", "without_means_of_few"]


def rounded_result(shown: MeasureResult, profile: Profile) -> MeasureResult:
    """Round what of a result is shown.

    Parameters
    ----------
    shown : MeasureResult
        With what may not be shown left out already.
    profile : Profile
        The rule.
    """
    if profile.rounding == "none":
        return shown
    populations = {
        name: None if n is None else profile.rounded(n)
        for name, n in shown.populations.items()
    }
    changed = {
        "overall": rounded_unit(shown.overall, profile),
        "by": tuple(rounded_unit(unit, profile) for unit in shown.by),
        "populations": populations,
        "limitations": (*shown.limitations, f"Numbers are rounded: {profile.says}."),
    }
    return shown.model_copy(update=changed)


def without_means_of_few(result: MeasureResult, profile: Profile) -> MeasureResult:
    """Leave out means over few persons, for which no label can stand."""

    def left(unit: UnitResult) -> UnitResult:
        few = profile.is_small(unit.denominator or 0)
        if unit.numerator is None and few:
            return UnitResult(unit=unit.unit, suppressed=True)
        return unit

    changed = {
        "overall": left(result.overall),
        "by": tuple(left(unit) for unit in result.by),
    }
    return result.model_copy(update=changed)


def rounded_unit(unit: UnitResult, profile: Profile) -> UnitResult:
    """Round a unit's counts, and make its rate and interval of these.

    A mean keeps three significant digits.

    Examples
    --------
    >>> from rounds.methods.disclosure_profiles import PROFILES
    >>> unit = UnitResult(unit="a", denominator=41, numerator=23, value=23 / 41)
    >>> rounded_unit(unit, PROFILES["opensafely"]).value
    0.625
    """
    if unit.suppressed or unit.denominator is None:
        return unit
    n = profile.rounded(unit.denominator)
    if unit.numerator is None:
        numbers = {
            name: _three_digits(getattr(unit, name))
            for name in ("value", "lower", "upper")
        }
        return unit.model_copy(update={"denominator": n, **numbers})
    k = min(profile.rounded(unit.numerator), n)
    if n == 0:
        return UnitResult(unit=unit.unit, suppressed=True)
    value, lower, upper = wilson([k], [n])
    return UnitResult(
        unit=unit.unit,
        denominator=n,
        numerator=k,
        value=float(value[0]),
        lower=float(lower[0]),
        upper=float(upper[0]),
    )


def _three_digits(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.3g}")
