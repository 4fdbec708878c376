"""Which stratum each clinic is randomised in."""

import numpy as np

from rounds.datamart import AnyDatamart, run_measure
from rounds.nouns import DataError, Measure, MeasureResult, Period

__all__ = ["clinic_strata"]


def clinic_strata(
    datamart: AnyDatamart,
    measure: Measure,
    period: Period,
    *,
    without: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Halve the clinics by size, and each half by its baseline rate.

    Parameters
    ----------
    measure : Measure
        The primary measure; its denominator in the baseline period is a clinic's size.
    without : frozenset of str
        `person_source_value` of those who opted out, beside those whose consents in the
        datamart deny research: they weigh in no clinic.

    Returns
    -------
    dict
        Clinic to stratum, `large-high`, `large-low`, `small-high` or `small-low`;
        clinics with no one in the denominator are left out.

    Raises
    ------
    DataError
        If fewer than two clinics have anyone in the denominator.
    """
    result = run_measure(datamart, measure, period, by="care_site", without=without)
    if not isinstance(result, MeasureResult):
        raise DataError(
            f"The clinics cannot be stratified: {result.reason}",
            code="no-strata",
            remedies=("Choose a baseline period that the data cover.",),
        )
    units = [u for u in result.by if u.denominator and not u.unit.startswith("(")]
    if len(units) < 2:
        raise DataError(
            f"{len(units)} clinic(s) have anyone in the denominator; "
            "a clinic-randomised trial needs two at the least.",
            code="too-few-clinics",
            remedies=("Randomise by patient instead: design.unit: patient",),
        )
    units.sort(key=lambda u: (-(u.denominator or 0), u.unit))
    half = (len(units) + 1) // 2
    strata = {}
    for label, part in (("large", units[:half]), ("small", units[half:])):
        if not part:
            continue
        middle = float(np.median([u.value or 0.0 for u in part]))
        for unit in part:
            level = "high" if (unit.value or 0.0) > middle else "low"
            strata[unit.unit] = f"{label}-{level}"
    return strata
