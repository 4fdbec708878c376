"""Run a measure: populations, a rate with its interval, and the same by unit."""

from typing import Any, Final, Literal

import numpy as np
from scipy.special import stdtrit

from rounds.datamart.compile_concepts import other_units
from rounds.datamart.deidentify.calendar import calendar_of, limits_of_calendar
from rounds.datamart.rows import MeasureRows, fetch, nobody, prepare, without_days
from rounds.definitions.graph import day_of
from rounds.methods.proportion import wilson
from rounds.nouns import (
    DefinitionError,
    Measure,
    MeasureResult,
    NotEstimable,
    Period,
    UnitResult,
)

__all__ = ["AGE_BANDS", "CHARACTERISTICS", "MeasureResult", "run_measure"]

By = Literal["care_site", "provider", "sex", "age", "svi_quartile", "month"]
CHARACTERISTICS: Final = (
    "care_site",
    "provider",
    "sex",
    "age",
    "svi_quartile",
    "month",
)
AGE_BANDS: Final = ((0, 17), (18, 44), (45, 64), (65, 74), (75, 200))
"""Completed years, both included; the last band is open."""
_UNKNOWN: Final = {
    "care_site": "(no site)",
    "provider": "(no clinician)",
    "sex": "(not recorded)",
    "age": "(not recorded)",
    "svi_quartile": "(no SVI)",
}


def run_measure(
    datamart: Any,
    measure: Measure,
    period: Period,
    *,
    by: By | str | None = None,
    without: frozenset[str] = frozenset(),
) -> MeasureResult | NotEstimable:
    """Run a measure over a period, overall and by one characteristic.

    By `care_site` or `provider`, a person belongs to the one with most outpatient
    visits in the period (a tie goes to the one seen last, then to the first by id), a
    visit to its own. By `month`, a visit belongs to its month. A person is counted in
    each month in which they have a day that the numerator reads (an eligible reading),
    judged by the last such day of that month, provided that they are in the denominator
    over the whole period: patients seen that month, so months share patients, and the
    months do not add up to the whole.

    Parameters
    ----------
    datamart : Datamart
        Open.
    measure : Measure
        What to compute.
    period : Period
        Both days included.
    by : str, optional
        `care_site`, `provider`, `sex`, `age`, `svi_quartile` or `month`.
    without : frozenset of str
        `person_source_value` of those who opted out.

    Returns
    -------
    MeasureResult or NotEstimable
        Exact counts. A proportion is in [0, 1] with a 95% Wilson interval; a mean has a
        95% interval from the t distribution, and None where there is one value alone.
        `denominator` is what is left after exclusions and exceptions; of a continuous
        variable, units show how many are observed. NotEstimable if the datamart holds
        no row of what the outcome needs, nobody is in the denominator, or dates were
        de-identified and the measure asks for more than is left of them.

    Raises
    ------
    DefinitionError
        If the measure has a problem, or cannot be split so.
    DataError
        If the datamart cannot be read.
    """
    _refuse(measure, by)
    concepts = prepare(datamart, measure)
    if isinstance(concepts, NotEstimable):
        return concepts
    refused = without_days(datamart, measure, period, by)
    if refused is not None:
        return refused
    rows = fetch(datamart, measure, period, concepts, without=without)
    counted = rows.denominator if measure.scoring == "proportion" else rows.observed
    if not counted.any():
        return nobody(datamart, measure, concepts)
    if by == "month" and measure.basis == "person":
        split = fetch(
            datamart, measure, period, concepts, without=without, monthly=True
        )
    else:
        split = rows
    limitations = [*concepts.limitations, *other_units(measure, concepts)]
    limitations += limits_of_calendar(calendar_of(datamart), measure)
    return MeasureResult(
        measure=measure.ref(),
        title=measure.title,
        period=period,
        snapshot=datamart.snapshot,
        populations=_populations(measure, rows),
        overall=_unit(measure, rows, "overall", counted),
        by_characteristic=by,
        by=_units(measure, split, by) if by else (),
        limitations=tuple(limitations + _limits(measure)),
    )


def _refuse(measure: Measure, by: str | None) -> None:
    if by is not None and by not in CHARACTERISTICS:
        raise DefinitionError(
            f"A measure cannot be split by {by!r}.",
            code="unknown-characteristic",
            remedies=(f"Use one of: {', '.join(CHARACTERISTICS)}.",),
        )
    if by == "month" and measure.basis == "person" and day_of(measure) is None:
        raise DefinitionError(
            f"Measure.{measure.name} cannot be split by month: its numerator reads no "
            "value on a chosen day, which would say in which month a person counts.",
            code="no-monthly-form",
            remedies=(
                "Split it by care_site, provider, sex, age or svi_quartile.",
                "Use a measure with basis: visit, whose visits have a month each.",
            ),
        )


def _populations(measure: Measure, rows: MeasureRows) -> dict[str, int]:
    counts = {
        "initial_population": len(rows),
        "denominator": int(rows.denominator.sum()),
        "denominator_exclusion": int(rows.excluded.sum()),
    }
    if measure.denominator_exception is not None:
        counts["denominator_exception"] = int(rows.excepted.sum())
    if measure.scoring == "proportion":
        counts["numerator"] = int(rows.numerator.sum())
    if measure.scoring != "proportion" or measure.observed_when is not None:
        counts["observed"] = int(rows.observed.sum())
    return counts


def _limits(measure: Measure) -> list[str]:
    if measure.basis == "visit" and measure.index == "each":
        said = (
            "Intervals treat visits as independent; visits of one person are not, so "
            "they are somewhat too narrow."
        )
        return [said]
    return []


def _units(measure: Measure, rows: MeasureRows, by: str) -> tuple[UnitResult, ...]:
    labels = _labels(rows, by)
    counted = rows.denominator if measure.scoring == "proportion" else rows.observed
    unknown = _UNKNOWN.get(by, "")
    present = sorted(
        set(labels[counted].tolist()), key=lambda one: (one == unknown, one)
    )
    return tuple(
        _unit(measure, rows, label, counted & (labels == label)) for label in present
    )


def _labels(rows: MeasureRows, by: str) -> Any:
    unknown = _UNKNOWN.get(by, "")
    if by == "month":
        return rows.index_date.astype("datetime64[M]").astype(str)
    if by == "age":
        labels = np.full(len(rows), unknown, dtype="U20")
        for low, high in AGE_BANDS:
            name = f"{low}+" if high == 200 else f"{low}–{high}"
            labels[(rows.age >= low) & (rows.age <= high)] = name
        return labels
    if by == "svi_quartile":
        named = np.char.add("SVI quartile ", rows.svi_quartile.astype(str))
        return np.where(rows.svi_quartile > 0, named, unknown)
    column = getattr(rows, by)
    return np.where(column == "", unknown, column)


def _unit(measure: Measure, rows: MeasureRows, label: str, of: Any) -> UnitResult:
    n = int(of.sum())
    if measure.scoring == "proportion":
        met = int(rows.numerator[of].sum())
        value, lower, upper = (float(one[0]) for one in wilson([met], [n]))
        return UnitResult(
            unit=label,
            denominator=n,
            numerator=met,
            value=value,
            lower=lower,
            upper=upper,
        )
    values = np.sort(rows.value[of])  # so that no order of rows changes a last digit
    mean = float(values.mean())
    if n == 1:
        return UnitResult(unit=label, denominator=n, value=mean)
    half = float(stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n))
    return UnitResult(
        unit=label, denominator=n, value=mean, lower=mean - half, upper=mean + half
    )
