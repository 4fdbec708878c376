"""Over all measures and units: where is the most to be gained?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rounds import __version__
from rounds.datamart.rows import measure_rows
from rounds.loop.problem.groups import by_group
from rounds.loop.problem.seeding import seeded
from rounds.loop.problem.stakes import Stake, Stakes
from rounds.loop.problem.variation import small_units, spread
from rounds.methods.multilevel.ranks import ranks
from rounds.methods.opportunity import Others, gap_draws
from rounds.methods.priorities import (
    net_health_benefit,
    positive_draws,
    real_draws,
    share_draws,
)
from rounds.nouns import (
    DefinitionError,
    Estimate,
    Measure,
    NotEstimable,
    Opportunity,
    OpportunityList,
    Period,
    Provenance,
    Ref,
    UnitResult,
    Untold,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rounds.datamart import AnyDatamart

__all__ = ["Counted", "count_sites", "list_opportunities", "opportunities_of"]

_DRAWS = 2000
_PATIENTS = "Patients who would do well were the site like the best quarter"
_BENEFIT = "Net health benefit of closing what can be closed of the gap"


@dataclass(frozen=True)
class Counted:
    """A measure by site, with exact counts, or why it cannot be told."""

    measure: Measure
    sites: tuple[UnitResult, ...] | NotEstimable


@dataclass(frozen=True)
class _Line:
    """One line before it is ranked: the noun, and draws of what it is ranked by."""

    noun: Opportunity
    draws: NDArray[np.float64] | None
    """Shape (n_draws,); None where it cannot be weighed."""


def list_opportunities(
    measures: Sequence[Measure],
    datamart: AnyDatamart,
    period: Period,
    *,
    stakes: Stakes | None = None,
    name: str = "opportunities",
    without: frozenset[str] = frozenset(),
) -> OpportunityList:
    """Rank measures, and units of each, by what is to be gained.

    Patients who would do well were every unit like the best quarter, from the
    posterior of the units' true proportions; where `stakes` are given, times the share
    of the gap that a change closes, times the health that each gains less what its
    money would gain elsewhere, with the doubt of each factor carried along.

    Parameters
    ----------
    measures : sequence of Measure
        Those that are not proportions are left out, and listed as untold.
    datamart : AnyDatamart
        What is known of practice.
    period : Period
        Both days included.
    stakes : Stakes, optional
        What each is weighed by; without, lines are ranked by patients alone.
    name : str
        The list's computer name.
    without : frozenset of str
        `person_source_value` of those who opted out.

    Returns
    -------
    OpportunityList
        With exact counts: disclosure control acts where it is published.

    Raises
    ------
    DefinitionError
        If the stakes name a measure that there is not.
    """
    _stakes_of(measures, stakes)  # before anything is counted
    return opportunities_of(
        count_sites(measures, datamart, period, without=without),
        period,
        snapshot=datamart.snapshot,
        stakes=stakes,
        name=name,
    )


def count_sites(
    measures: Sequence[Measure],
    datamart: AnyDatamart,
    period: Period,
    *,
    without: frozenset[str] = frozenset(),
) -> tuple[Counted, ...]:
    """Count each measure by site, as `list_opportunities` does.

    Parameters
    ----------
    measures, datamart, period, without
        As `list_opportunities` takes them.
    """
    return tuple(
        Counted(measure, _sites(measure, datamart, period, without))
        for measure in measures
    )


def opportunities_of(
    counted: Sequence[Counted],
    period: Period,
    *,
    snapshot: str | None,
    stakes: Stakes | None = None,
    name: str = "opportunities",
    pooled: Mapping[Ref, Collection[str]] | None = None,
) -> OpportunityList:
    """Do the same to sites that have been counted.

    Parameters
    ----------
    counted : sequence of Counted
        One for each measure.
    snapshot : str, optional
        Of the datamart in which they were counted.
    pooled : mapping of Ref to collection of str, optional
        Sites, by measure, whose counts are not told. They are weighed together as one,
        their lines hold nothing, and so every number of the list follows from counts
        that are told. Else whoever knows the code could try every count of a hidden
        site until the numbers of the others come out.

    Raises
    ------
    DefinitionError
        If the stakes name a measure that there is not.
    """
    measures = [one.measure for one in counted]
    of = _stakes_of(measures, stakes)
    whole: list[_Line] = []
    units: list[_Line] = []
    untold: list[Untold] = []
    said: list[str] = []
    for one in counted:
        measure, found = one.measure, one.sites
        if isinstance(found, NotEstimable):
            reason = found.reason.removeprefix(f"{measure.title}: ")
            untold.append(Untold(measure=measure.ref(), reason=reason))
            continue
        small = small_units(found)
        if small:
            said.append(f"{measure.title}: {small}")
        stake = of.get(measure.name)
        if stakes and not stake:
            reason = "Nobody has said what is at stake for its patients."
            untold.append(Untold(measure=measure.ref(), reason=reason))
        rng = seeded(measure, snapshot, period)
        hidden = (pooled or {}).get(measure.ref(), ())
        all_sites, each = _lines(measure, found, stake, stakes, rng, pooled=hidden)
        whole.append(all_sites)
        units += each
    return OpportunityList(
        name=name,
        period=period,
        ranked_by="net_health_benefit" if stakes else "patients",
        perspective=stakes.perspective if stakes else None,
        worth=stakes.worth if stakes else None,
        currency=stakes.currency if stakes else None,
        lines=(*_ranked(whole), *_ranked(units)),
        untold=tuple(untold),
        limitations=(*_limits(stakes), *dict.fromkeys(said)),
        provenance=Provenance(
            made_from=tuple(measure.ref() for measure in measures),
            snapshot=snapshot,
            code_version=__version__,
        ),
    )


def _stakes_of(measures: Sequence[Measure], stakes: Stakes | None) -> dict[str, Stake]:
    of = {stake.measure: stake for stake in stakes.stakes} if stakes else {}
    names = {measure.name for measure in measures}
    unknown = sorted(set(of) - names)
    if unknown:
        raise DefinitionError(
            f"The stakes name {', '.join(unknown)}, of which there is no measure.",
            code="stakes-of-no-measure",
            why="What is at stake would be left out of the ranking without a word.",
            remedies=(f"Choose among: {', '.join(sorted(names))}.",),
        )
    return of


def _sites(
    measure: Measure, datamart: AnyDatamart, period: Period, without: frozenset[str]
) -> tuple[UnitResult, ...] | NotEstimable:
    """Count by site; say so where sites cannot be told apart."""
    if measure.scoring != "proportion":
        return NotEstimable(reason=f"It is a {measure.scoring}, not a proportion.")
    rows = measure_rows(datamart, measure, period, without=without)
    if isinstance(rows, NotEstimable):
        return rows
    sites = [
        unit for unit in by_group(rows, "care_site") if not unit.unit.startswith("(")
    ]
    variation = spread(sites)
    return variation if isinstance(variation, NotEstimable) else tuple(sites)


def _lines(
    measure: Measure,
    sites: Sequence[UnitResult],
    stake: Stake | None,
    stakes: Stakes | None,
    rng: np.random.Generator,
    *,
    pooled: Collection[str],
) -> tuple[_Line, list[_Line]]:
    """Give the line of all sites, and one for each."""
    told = [site for site in sites if site.unit not in pooled]
    rest = [site for site in sites if site.unit in pooled]
    n, well = _counts(measure, told)
    # Of those that are not told the sum alone is known: the total less the others.
    n_rest, well_rest = (int(part.sum()) for part in _counts(measure, rest))
    others = None
    if n_rest:
        others = Others(successes=well_rest, total=n_rest, units=len(rest))
    gaps = None
    if n.size > 1 and 0 < well.sum() < n.sum():  # else there is no best quarter
        drawn = gap_draws(well, n, rng=rng, n_draws=_DRAWS, others=others)
        gaps = drawn.gaps.T
    n, well = np.append(n, n_rest), np.append(well, well_rest)
    weigh = _weight(stake, stakes, rng)
    ref = measure.ref()

    def line(unit: str | None, at: slice) -> _Line:
        total = int(n[at].sum())
        noun = Opportunity(
            measure=ref,
            unit=unit,
            denominator=total,
            numerator=int(well[at].sum()),
        )
        if gaps is None:
            return _Line(noun, None)
        patients = gaps[at].sum(axis=0)
        benefit = None if weigh is None else patients * weigh
        amounts = {
            "patients": _estimate(patients, "count", "{patients}", total, _PATIENTS),
            "benefit": None
            if benefit is None
            else _estimate(benefit, "net_health_benefit", "QALY", total, _BENEFIT),
        }
        weighed = patients if stakes is None else benefit
        return _Line(noun.model_copy(update=amounts), weighed)

    each = [line(site.unit, slice(i, i + 1)) for i, site in enumerate(told)]
    for site in rest:
        hidden = Opportunity(measure=ref, unit=site.unit, suppressed=True)
        each.append(_Line(hidden, None))
    return line(None, slice(None)), each


def _counts(
    measure: Measure, sites: Sequence[UnitResult]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give how many patients each site has, and how many of them do well."""
    n = np.array([site.denominator or 0 for site in sites], dtype=np.int64)
    x = np.array([site.numerator or 0 for site in sites], dtype=np.int64)
    return n, x if measure.improvement_notation == "increase" else n - x


def _weight(
    stake: Stake | None, stakes: Stakes | None, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Draw what closing the gap for one patient is worth, in QALYs."""
    if stake is None or stakes is None:
        return None
    return net_health_benefit(
        1.0,
        share_draws(stake.changeable.limits, rng=rng, n=_DRAWS),
        positive_draws(stake.health.limits, rng=rng, n=_DRAWS),
        real_draws(stake.cost.limits, rng=rng, n=_DRAWS),
        worth=stakes.worth,
    )


def _estimate(
    draws: NDArray[np.float64], scale: str, unit: str, n: int, estimand: str
) -> Estimate:
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
    return Estimate.model_validate(
        {
            "value": float(middle),
            "lower": float(low),
            "upper": float(high),
            "scale": scale,
            "unit": unit,
            "n": n,
            "estimand": estimand,
            "method": "Median and central 95% of draws from the posterior of the "
            "sites' true proportions, and of what is at stake",
        }
    )


def _ranked(lines: Sequence[_Line]) -> list[Opportunity]:
    """Rank those that can be weighed, most to gain first; the others follow."""
    weighed = [(line.noun, line.draws) for line in lines if line.draws is not None]
    others = [line.noun for line in lines if line.draws is None]
    if not weighed:
        return others
    if len(weighed) == 1:
        alone = {"rank": 1, "rank_lower": 1, "rank_upper": 1}
        return [weighed[0][0].model_copy(update=alone), *others]
    found = ranks(np.column_stack([draws for _, draws in weighed]))
    nouns = [
        noun.model_copy(
            update={"rank": int(rank), "rank_lower": int(low), "rank_upper": int(high)}
        )
        for (noun, _), rank, low, high in zip(
            weighed, found.rank, found.lower, found.upper, strict=True
        )
    ]
    return [*sorted(nouns, key=lambda noun: noun.rank or 0), *others]


def _limits(stakes: Stakes | None) -> list[str]:
    said = [
        "Sites are compared as they are, without adjusting for who their patients are.",
        "A patient may fall short on several measures, and is counted in each.",
    ]
    if stakes is None:
        said.append(
            "Ranked by patients alone: nobody has said what is at stake for each."
        )
    return said
