"""Run a measure: populations, a rate with its interval, and the same by unit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from rounds.datamart.areas.coverage import area_sentences
from rounds.datamart.compiling.concepts import other_units
from rounds.datamart.deidentify.calendar import calendar_of, limits_of_calendar
from rounds.datamart.derived import derived_from
from rounds.datamart.measures.counts import AGE_BANDS
from rounds.datamart.measures.grouped_counts import counts_each
from rounds.datamart.measures.kept_counts import proportion_counts
from rounds.datamart.measures.units import Found, of_counts, of_rows
from rounds.datamart.measures.unused_codes import unused_codes
from rounds.datamart.rows import (
    Asked,
    asked_of,
    fetch,
    fetch_each,
    without_days,
)
from rounds.datamart.unanswered import nobody
from rounds.definitions.graph import has_months, uses_times
from rounds.nouns import (
    DefinitionError,
    Measure,
    MeasureResult,
    NotEstimable,
    Period,
    Ref,
)

__all__ = [
    "AGE_BANDS",
    "CHARACTERISTICS",
    "MeasureResult",
    "asked_for",
    "asked_over",
    "run_measure",
    "run_measure_over",
]

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
    cohorts: Mapping[Ref, str] | None = None,
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
        `care_site`, `provider`, `sex`, `age`, `svi_quartile`, `month`, or a stratifier
        of the measure; or several with commas between: by `care_site,month` there is a
        unit for each site and month.
    without : frozenset of str
        `person_source_value` of those who opted out.
    cohorts : mapping of Ref to str, optional
        For cohorts that the measure reads, a query that gives the datamart's rows of
        them: subject_id, cohort_start_date, cohort_end_date. The others are run: the
        datamart's `cohorts` have their definitions.

    Returns
    -------
    MeasureResult or NotEstimable
        Exact counts. A proportion is in [0, 1] with a 95% Wilson interval; a mean has a
        95% interval from the t distribution, and None where there is one value alone.
        A ratio has one by the delta method. With a risk model, what was observed over
        what was expected has the exact limits of a Poisson count.
        `denominator` is what is left after exclusions and exceptions; of a continuous
        variable, units show how many are observed. NotEstimable if the datamart holds
        no row of what the outcome needs, nobody is in the denominator, or dates were
        de-identified and the measure asks for more than is left of them.

    Raises
    ------
    DefinitionError
        If the measure has a problem, cannot be split so, or reads a cohort that is
        neither given nor defined.
    DataError
        If the datamart cannot be read.
    """
    asked = asked_for(
        datamart, measure, period, by=by, without=without, cohorts=cohorts
    )
    if isinstance(asked, NotEstimable):
        return asked
    if measure.scoring == "proportion" and measure.expected is None:
        found = of_counts(measure, proportion_counts(datamart, asked), by)
    else:
        rows = fetch(datamart, asked)
        split = fetch(datamart, asked, monthly=True) if asked.is_monthly else rows
        found = of_rows(measure, rows, split, by)
    if found is None:
        return nobody(datamart, measure, asked.concepts)
    return _result(datamart, asked, period, found)


def _result(datamart: Any, asked: Asked, period: Period, found: Found) -> MeasureResult:
    measure, concepts = asked.measure, asked.concepts
    limitations = [*concepts.limitations, *other_units(measure, concepts)]
    limitations += asked.limitations
    if "svi_quartile" in asked.splits:
        limitations += area_sentences(datamart)
    limitations += limits_of_calendar(calendar_of(datamart), measure)
    limitations += getattr(datamart, "limitations", ())
    return MeasureResult(
        measure=measure.ref(),
        title=measure.title,
        scoring=measure.scoring,
        period=period,
        snapshot=datamart.snapshot,
        populations=found.populations,
        overall=found.overall,
        by_characteristic=asked.by,
        by=found.units,
        unused_codes=unused_codes(derived_from(datamart), measure, concepts),
        limitations=tuple(limitations + _limits(measure)),
    )


def run_measure_over(
    datamart: Any,
    measure: Measure,
    periods: Sequence[Period],
    *,
    by: str | None = None,
    without: frozenset[str] = frozenset(),
    cohorts: Mapping[Ref, str] | None = None,
) -> tuple[MeasureResult | NotEstimable, ...]:
    """Run a measure over several periods in one pass: months, or years that roll.

    Each result is what `run_measure` gives of its period. They are computed by one
    query over all of them, whatever their number, and may overlap.

    Parameters
    ----------
    datamart, measure, by, without, cohorts
        As `run_measure` takes them. By month, persons are counted within one period:
        that split is not one of several periods.
    periods : sequence of Period
        Both days of each included.

    Returns
    -------
    tuple of MeasureResult or NotEstimable
        One each, in their order.

    Raises
    ------
    DefinitionError
        As `run_measure` does, and if persons are to be split by month.
    DataError
        If the datamart cannot be read.
    """
    _refuse_months(measure, periods, by)
    refused = [without_days(datamart, measure, one, by) for one in periods]
    answerable = [one for one, no in zip(periods, refused, strict=True) if no is None]
    if not answerable:
        return tuple(no for no in refused if no is not None)
    asked = asked_over(
        datamart, measure, answerable, by=by, without=without, cohorts=cohorts
    )
    if isinstance(asked, NotEstimable):
        return (asked,) * len(periods)
    found: Iterable[Found | None]
    if measure.scoring == "proportion" and measure.expected is None:
        found = (of_counts(measure, one, by) for one in counts_each(datamart, asked))
    else:
        every = fetch_each(datamart, asked)
        found = (of_rows(measure, rows, rows, by) for rows in every)
    results = iter(
        nobody(datamart, measure, asked.concepts)
        if one is None
        else _result(datamart, asked, period, one)
        for period, one in zip(answerable, found, strict=True)
    )
    return tuple(next(results) if no is None else no for no in refused)


def asked_for(
    datamart: Any,
    measure: Measure,
    period: Period,
    *,
    by: str | None = None,
    without: frozenset[str] = frozenset(),
    cohorts: Mapping[Ref, str] | None = None,
) -> Asked | NotEstimable:
    """Make of a question what is asked of a datamart, or say why it has no answer.

    The result of a measure and the persons in it are both of what this gives.
    Parameters and errors are those of `run_measure`.
    """
    _refuse(measure, by)
    return asked_of(datamart, measure, period, by=by, without=without, cohorts=cohorts)


def asked_over(
    datamart: Any,
    measure: Measure,
    periods: Sequence[Period],
    *,
    by: str | None = None,
    without: frozenset[str] = frozenset(),
    cohorts: Mapping[Ref, str] | None = None,
) -> Asked | NotEstimable:
    """Make of a question over several periods what is asked of a datamart.

    Parameters and errors are those of `run_measure_over`; the periods are at least one,
    and all of them can be answered where dates were de-identified.
    """
    _refuse_months(measure, periods, by)
    asked = asked_for(
        datamart, measure, periods[0], by=by, without=without, cohorts=cohorts
    )
    if isinstance(asked, NotEstimable):
        return asked
    return replace(asked, periods=tuple(periods))


def _refuse_months(measure: Measure, periods: Sequence[Period], by: str | None) -> None:
    if measure.basis == "person" and "month" in (by or "").split(","):
        raise DefinitionError(
            f"Measure.{measure.name} is run over {len(periods)} periods, and cannot be "
            "split by month within them.",
            code="no-monthly-form",
            why="In a month, persons are judged by the days of that month alone.",
            remedies=("Give the months as periods.", "Run one period by month."),
        )


def _refuse(measure: Measure, by: str | None) -> None:
    known = (*CHARACTERISTICS, *(one.name for one in measure.stratifiers))
    asked = () if by is None else tuple(by.split(","))
    strata = [one for one in asked if one not in CHARACTERISTICS]
    if set(asked) - set(known) or len(set(asked)) < len(asked) or len(strata) > 1:
        raise DefinitionError(
            f"A measure cannot be split by {by!r}.",
            code="unknown-characteristic",
            remedies=(f"Use one of: {', '.join(known)}.",),
        )
    if "month" in asked and (
        not has_months(measure) or (strata and measure.basis == "person")
    ):
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
    said = []
    if measure.index == "each":
        said.append(
            f"Intervals treat {measure.basis}s as independent; those of one person are "
            "not, so they are somewhat too narrow."
        )
    if uses_times(measure):
        said.append(
            "Hours are counted where both times are recorded, and as whole days where "
            "one is not (midnight stands for a time that is not known)."
        )
    if measure.expected is not None:
        said.append(
            "Those of whom the risk model lacks something are left out of what was "
            "observed and of what was expected."
        )
    return said
