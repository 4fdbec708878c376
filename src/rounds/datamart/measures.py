"""Run a measure: populations, a rate with its interval, and the same by unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from scipy.special import stdtrit

from rounds.datamart.compile_concepts import other_units
from rounds.datamart.consent import opted_out_when_made
from rounds.datamart.counts import AGE_BANDS, UNKNOWN, Counts, labels_of
from rounds.datamart.deidentify.calendar import calendar_of, limits_of_calendar
from rounds.datamart.kept_counts import proportion_counts
from rounds.datamart.rows import Asked, fetch, nobody, prepare, without_days
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
    left_out = without | opted_out_when_made(datamart)
    asked = Asked(measure, period, concepts, by, left_out)
    if measure.scoring == "proportion":
        found = _of_counts(proportion_counts(datamart, asked), by)
    else:
        found = _of_values(datamart, asked)
    if found is None:
        return nobody(datamart, measure, concepts)
    limitations = [*concepts.limitations, *other_units(measure, concepts)]
    limitations += limits_of_calendar(calendar_of(datamart), measure)
    limitations += getattr(datamart, "limitations", ())
    return MeasureResult(
        measure=measure.ref(),
        title=measure.title,
        period=period,
        snapshot=datamart.snapshot,
        populations=found.populations,
        overall=found.overall,
        by_characteristic=by,
        by=found.units,
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


def _limits(measure: Measure) -> list[str]:
    if measure.basis == "visit" and measure.index == "each":
        said = (
            "Intervals treat visits as independent; visits of one person are not, so "
            "they are somewhat too narrow."
        )
        return [said]
    return []


@dataclass(frozen=True)
class _Found:
    populations: Mapping[str, int]
    overall: UnitResult
    units: tuple[UnitResult, ...]


def _of_counts(counts: Counts, by: str | None) -> _Found | None:
    """Give a proportion and its units; None if nobody is counted."""
    if not counts.overall[0]:
        return None
    labels = _ordered(counts.by, by)
    results = _proportions(
        ["overall", *labels], [counts.overall, *(counts.by[one] for one in labels)]
    )
    return _Found(counts.populations, results[0], results[1:])


def _ordered(labels: Iterable[str], by: str | None) -> list[str]:
    """Put the units in their order, those of whom it is not known last."""
    unknown = UNKNOWN.get(by or "", "")
    return sorted(labels, key=lambda one: (one == unknown, one))


def _proportions(
    labels: list[str], pairs: list[tuple[int, int]]
) -> tuple[UnitResult, ...]:
    n, met = (list(column) for column in zip(*pairs, strict=True))
    value, lower, upper = wilson(met, n)
    return tuple(
        UnitResult(
            unit=label,
            denominator=n[i],
            numerator=met[i],
            value=float(value[i]),
            lower=float(lower[i]),
            upper=float(upper[i]),
        )
        for i, label in enumerate(labels)
    )


def _of_values(datamart: Any, asked: Asked) -> _Found | None:
    """Give the mean of a continuous variable and its units; None if none is known."""
    rows = fetch(datamart, asked)
    if not rows.observed.any():
        return None
    populations = {
        "initial_population": len(rows),
        "denominator": int(rows.denominator.sum()),
        "denominator_exclusion": int(rows.excluded.sum()),
    }
    if asked.measure.denominator_exception is not None:
        populations["denominator_exception"] = int(rows.excepted.sum())
    populations["observed"] = int(rows.observed.sum())
    overall = _mean("overall", rows.value[rows.observed])
    units: tuple[UnitResult, ...] = ()
    if asked.by:
        split = rows
        if asked.is_monthly:
            split = fetch(datamart, asked, monthly=True)
        labels = labels_of(split, asked.by)
        present = _ordered(set(labels[split.observed].tolist()), asked.by)
        units = tuple(
            _mean(one, split.value[split.observed & (labels == one)]) for one in present
        )
    return _Found(populations, overall, units)


def _mean(label: str, values: Any) -> UnitResult:
    """Give a mean with a 95% interval from the t distribution, if there are two."""
    values = np.sort(values)  # so that no order of rows changes a last digit
    n, mean = len(values), float(values.mean())
    if n == 1:
        return UnitResult(unit=label, denominator=n, value=mean)
    half = float(stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n))
    return UnitResult(
        unit=label, denominator=n, value=mean, lower=mean - half, upper=mean + half
    )
