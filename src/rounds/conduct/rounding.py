"""A measure's result, rounded by a profile: rates are made of the rounded counts."""

from rounds.methods.disclosure.profiles import Profile
from rounds.methods.proportion import wilson
from rounds.methods.ratio import observed_to_expected
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
    """Leave out what is made of few persons' values, for which no label can stand."""

    def left(unit: UnitResult) -> UnitResult:
        told = [unit.denominator] if _has_values(unit) else []
        told += [unit.numerator] if unit.numerator_total is not None else []
        if any(profile.is_small(count or 0) for count in told):
            return UnitResult(unit=unit.unit, suppressed=True)
        return unit

    changed = {
        "overall": left(result.overall),
        "by": tuple(left(unit) for unit in result.by),
    }
    return result.model_copy(update=changed)


def rounded_unit(unit: UnitResult, profile: Profile) -> UnitResult:
    """Round a unit's counts, and make its rate and interval of these.

    What is made of values keeps three significant digits: a mean or a median, the
    totals of a ratio (rounded as counts are, before) and what a risk model expects. A
    ratio, and what was observed over what was expected, are made of these; a ratio's
    interval keeps its width.

    Examples
    --------
    >>> from rounds.methods.disclosure.profiles import PROFILES
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
    if unit.denominator_total is not None:
        shown = _ratio(unit, n, k, profile)
    elif n:
        value, lower, upper = (float(one[0]) for one in wilson([k], [n]))
        shown = UnitResult(
            unit=unit.unit,
            denominator=n,
            numerator=k,
            value=value,
            lower=lower,
            upper=upper,
        )
    else:
        shown = UnitResult(unit=unit.unit, suppressed=True)
    return _beside_expected(shown, unit.expected)


def _ratio(unit: UnitResult, n: int, k: int, profile: Profile) -> UnitResult:
    above = _rounded_total(unit.numerator_total or 0.0, profile)
    below = _rounded_total(unit.denominator_total or 0.0, profile)
    if not (n and below):
        return UnitResult(unit=unit.unit, suppressed=True)
    value, limits = above / below, {}
    if unit.lower is not None and unit.upper is not None:
        half = float(f"{(unit.upper - unit.lower) / 2:.3g}")
        limits = {"lower": value - half, "upper": value + half}
    return UnitResult(
        unit=unit.unit,
        denominator=n,
        numerator=k,
        value=value,
        numerator_total=above,
        denominator_total=below,
        **limits,
    )


def _beside_expected(shown: UnitResult, expected: float | None) -> UnitResult:
    """Compare what is shown with what is expected, to three digits."""
    if expected is None or shown.suppressed:
        return shown
    expected = float(f"{expected:.3g}")
    observed = shown.numerator_total
    if observed is None:
        observed = float(shown.numerator or 0)
    value, lower, upper = observed_to_expected(round(observed), expected)
    return shown.model_copy(
        update={
            "expected": expected,
            "observed_to_expected": value,
            "observed_to_expected_lower": lower,
            "observed_to_expected_upper": upper,
        }
    )


def _has_values(unit: UnitResult) -> bool:
    """Say whether more stands in a unit than counts of persons and their rate."""
    return (
        unit.numerator is None
        or unit.numerator_total is not None
        or unit.expected is not None
    )


def _rounded_total(total: float, profile: Profile) -> float:
    """Round a total of values as a count is, and to three digits: a person adds more.

    A total that may be below 0 keeps three digits alone.
    """
    whole = total if total < 0 else float(profile.rounded(round(total)))
    return float(f"{whole:.3g}")


def _three_digits(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.3g}")
