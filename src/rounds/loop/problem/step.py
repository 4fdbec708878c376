"""From a measure and a datamart to a Problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rounds import __version__
from rounds.datamart.areas.coverage import area_notes
from rounds.datamart.comorbidities import Comorbidities, comorbidities_of
from rounds.datamart.measures.running import run_measure
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.loop.problem.case_mix import adjust_for_case_mix, said_of_adjustment
from rounds.loop.problem.characteristic_columns import Adjusted
from rounds.loop.problem.differences import CHARACTERISTICS, baseline_of, difference
from rounds.loop.problem.groups import by_group
from rounds.loop.problem.seeding import seeded
from rounds.loop.problem.trend import chart_of
from rounds.loop.problem.variation import gain, small_units, spread, with_intervals
from rounds.nouns import (
    Aim,
    Community,
    ControlChart,
    DataError,
    Decision,
    DefinitionError,
    Estimate,
    Measure,
    MeasureResult,
    NotEstimable,
    Period,
    Problem,
    Provenance,
    Ref,
    Variation,
)

if TYPE_CHECKING:
    from rounds.datamart import AnyDatamart

__all__ = ["run"]


def run(
    measure: Measure,
    datamart: AnyDatamart,
    after: Decision | None = None,
    *,
    name: str,
    title: str,
    period: Period,
    aim: Aim,
    owner: str,
    community: Community | Ref,
    statement: str = "",
    chart_period: Period | None = None,
    adjust: Sequence[Adjusted] = ("age", "sex"),
    without: frozenset[str] = frozenset(),
    rng: np.random.Generator | None = None,
) -> Problem:
    """Find where practice falls short, varies beyond chance, or differs by group.

    Parameters
    ----------
    measure : Measure
        A proportion.
    datamart : AnyDatamart
        What is known of practice.
    after : Decision, optional
        What the turn before decided; none in the first turn.
    name, title, statement : str
        The Problem's computer name, its title, and the need in plain words.
    period : Period
        Both days included.
    aim : Aim
        How much, by when; `aim.measure` is the measure's name.
    owner : str
        Who answers for it.
    community : Community or Ref
        Who learns together.
    chart_period : Period, optional
        Months of the control chart; the period's where not given.
    adjust : sequence of {"age", "sex", "svi_quartile", "diagnoses"}
        What sites are compared after too; diagnoses from before period or index visit.
    without : frozenset of str
        `person_source_value` of those who opted out.
    rng : numpy.random.Generator, optional
        For the posterior draws behind `gap_to_best`; where not given, one seeded by
        measure, period and snapshot, so that the same input gives the same Problem.

    Returns
    -------
    Problem
        With exact counts: disclosure control acts where it is published.

    Raises
    ------
    DefinitionError
        If the measure is not a proportion, or the aim is of another measure or not a
        proportion.
    DataError
        If the datamart cannot answer the measure, or nobody is in its denominator.

    References
    ----------
    .. [1] Each method names its own: see `rounds.methods`.
    """
    _check(measure, aim)
    rows = _rows(measure, datamart, period, without)
    sites = [u for u in by_group(rows, "care_site") if not u.unit.startswith("(")]
    chart, noted = _chart(measure, datamart, chart_period or period, without)
    rng = rng or seeded(measure, datamart.snapshot, period)
    more_is_better = measure.improvement_notation == "increase"
    variation = spread(sites)
    community_ref = community if isinstance(community, Ref) else community.ref()
    made_from = [measure.ref(), community_ref, *([after.ref()] if after else [])]
    had = _diagnoses(datamart, rows, measure, period, adjust)
    case_mix, units = adjust_for_case_mix(rows, adjust, with_intervals(sites), had)
    found: dict[str, Any] = {
        "units": units,
        "baseline": baseline_of(rows),
        "variation": variation,
        "case_mix": case_mix,
        "chart": chart,
        "differences": tuple(difference(one, rows) for one in CHARACTERISTICS),
        "gap_to_best": gain(sites, variation, more_is_better=more_is_better, rng=rng),
    }
    return Problem(
        name=name,
        title=title,
        statement=statement,
        measure=measure.ref(),
        period=period,
        aim=aim,
        owner=owner,
        community=community_ref,
        after=after.ref() if after else None,
        limitations=(
            *_limitations(found, aim, measure, [*noted, *_nowhere(rows)]),
            *said_of_adjustment(case_mix, had),
            *area_notes(datamart, rows, period),
        ),
        provenance=Provenance(
            made_from=tuple(made_from),
            snapshot=datamart.snapshot,
            code_version=__version__,
        ),
        **found,
    )


def _check(measure: Measure, aim: Aim) -> None:
    if measure.scoring != "proportion":
        raise DefinitionError(
            f"Measure.scoring of {measure.name!r} is {measure.scoring!r}.",
            code="problem-not-a-proportion",
            why="Variation, charts and gaps are computed for proportions.",
            remedies=("Name a measure whose scoring is proportion.",),
        )
    if aim.measure != measure.name or not 0 <= aim.target <= 1:
        raise DefinitionError(
            f"The aim is {aim.target} of {aim.measure!r}, but the problem's measure "
            f"is {measure.name!r}, a proportion between 0 and 1.",
            code="aim-of-another-measure",
            remedies=(
                f"Set aim.measure to {measure.name!r}.",
                "Write the target as a probability, e.g. 0.75.",
            ),
        )


def _rows(
    measure: Measure, datamart: AnyDatamart, period: Period, without: frozenset[str]
) -> MeasureRows:
    rows = measure_rows(datamart, measure, period, without=without)
    if isinstance(rows, NotEstimable):
        raise _unanswered(measure, rows.reason)
    if not np.asarray(rows.denominator).any():
        raise _unanswered(
            measure,
            f"Nobody is in its denominator from {period.start} to {period.end}.",
        )
    return rows


def _diagnoses(
    datamart: AnyDatamart,
    rows: MeasureRows,
    measure: Measure,
    period: Period,
    adjust: Sequence[Adjusted],
) -> Comorbidities | NotEstimable | None:
    if "diagnoses" not in adjust:
        return None
    return comorbidities_of(datamart, rows, measure, period)


def _unanswered(measure: Measure, reason: str) -> DataError:
    return DataError(
        f"The data cannot answer {measure.name!r}: {reason}",
        code="measure-not-estimable",
        why="A problem needs a baseline; no number is put where none is known.",
        remedies=(
            "Ask `rounds data status` which days and tables are loaded.",
            "Choose a period that the data cover, or another measure.",
        ),
    )


def _chart(
    measure: Measure, datamart: AnyDatamart, period: Period, without: frozenset[str]
) -> tuple[ControlChart | NotEstimable, tuple[str, ...]]:
    """Give the chart by month, and what running the measure leaves to be said."""
    try:
        months = run_measure(datamart, measure, period, by="month", without=without)
    except DefinitionError as error:
        if error.code != "no-monthly-form":
            raise
        whole = run_measure(datamart, measure, period, without=without)
        said = whole.limitations if isinstance(whole, MeasureResult) else ()
        return NotEstimable(reason=error.what), said
    if isinstance(months, NotEstimable):
        return months, ()
    title = f"{measure.title}, patients seen each month"
    chart = chart_of(months.by, title=title, improvement=measure.improvement_notation)
    return chart, months.limitations


def _nowhere(rows: MeasureRows) -> list[str]:
    site = np.asarray(rows.care_site)[np.asarray(rows.denominator)]
    if (site == "").any():
        return ["Some patients belong to no site; they are in no comparison of sites."]
    return []


def _limitations(
    found: Mapping[str, Any], aim: Aim, measure: Measure, noted: Sequence[str]
) -> tuple[str, ...]:
    said = list(noted)
    small = small_units(found["units"])
    if small:
        said.append(small)
    variation, baseline = found["variation"], found["baseline"]
    if isinstance(variation, NotEstimable):
        said.append(variation.reason)
    elif isinstance(variation, Variation) and variation.median_odds_ratio_lower == 1:
        said.append("Chance alone could explain how far the sites differ.")
    if isinstance(baseline, Estimate) and _is_met(baseline, aim, measure):
        said.append("The baseline already meets the aim.")
    return tuple(dict.fromkeys(said))


def _is_met(baseline: Estimate, aim: Aim, measure: Measure) -> bool:
    value = baseline.value
    assert value is not None
    if measure.improvement_notation == "increase":
        return value >= aim.target
    return value <= aim.target
