"""The figures of what explains a measure's variation, and of what balances it."""

from typing import Literal

from rounds.methods.proportion import wilson
from rounds.nouns import (
    Estimate,
    LevelVariance,
    Measure,
    NotEstimable,
    Standing,
    UnitResult,
    VariancePartition,
)
from rounds.reports.charts import (
    Caterpillar,
    CaterpillarUnit,
    Forest,
    ForestRow,
    TwoWay,
    TwoWayAxis,
    TwoWayPoint,
)
from rounds.reports.wording import said

__all__ = [
    "MODELS",
    "levels_forest",
    "ranked_sites",
    "standing_sites",
    "told_of",
    "two_measures",
]

MODELS = {
    "crude": "As they are",
    "case_mix": "With age and sex known",
    "case_mix_and_site": "With volume and staff known too",
}
"""What each model is called on a page."""
_FEWEST = 3
"""With fewer sites to show, a picture of sites says nothing."""


def levels_forest(found: VariancePartition) -> Forest | None:
    """Give the shares of the levels above patients; None where none is told.

    Patients have nearly all of the variance: beside them nothing else could be seen.
    """
    shown = [
        one
        for one in found.levels
        if one.level != "patient" and one.n_units is not None
    ]
    if not any(isinstance(one.share, Estimate) for one in shown):
        return None
    rows: list[ForestRow] = []
    for model, title in MODELS.items():
        mine = [one for one in shown if one.model == model]
        if mine:
            rows.append(ForestRow(label=title, kind="heading"))
            rows += [_level(one) for one in mine]
    return Forest(
        name="variance-levels",
        title=f"{found.title}: at which level differences lie",
        rows=tuple(rows),
        unit="percent",
        null=None,
        axis="Share of the variance; patients have the rest",
        beside_title="95% interval",
    )


def _level(one: LevelVariance) -> ForestRow:
    name = f"{one.level.capitalize()}s ({one.n_units})"
    if isinstance(one.share, NotEstimable):
        return ForestRow(label=name, kind="absent", beside="too little to tell")
    value, lower, upper = one.share.numbers
    words = said(one.share)
    interval = words.interval.removeprefix("95% CI ")
    return ForestRow(
        label=name,
        value=value,
        lower=lower,
        upper=upper,
        beside=f"{words.value} ({interval})",
    )


def ranked_sites(found: VariancePartition) -> list[Standing]:
    """Give the sites that are shown with a rank, by rank."""
    shown = [one for one in found.sites if one.rank is not None]
    return sorted(shown, key=lambda one: (one.rank or 0, one.site.unit))


def standing_sites(
    found: VariancePartition, *, more_is_better: bool
) -> Caterpillar | None:
    """Give the sites, drawn together, in order; None where there are too few."""
    shown = [one for one in ranked_sites(found) if _whole(one.site)]
    if len(shown) < _FEWEST:
        return None
    flags: dict[str, Literal["none", "better", "worse"]] = (
        {"high": "better", "low": "worse"}
        if more_is_better
        else {"high": "worse", "low": "better"}
    )
    centre = None
    if isinstance(found.overall, Estimate):
        centre = found.overall.value
    return Caterpillar(
        name="standing-sites",
        title=f"{found.title}: sites drawn together, with 95% intervals",
        units=tuple(
            CaterpillarUnit(
                label=one.site.unit,
                value=one.site.value or 0.0,
                lower=one.site.lower or 0.0,
                upper=one.site.upper or 0.0,
                flag=flags.get(one.differs or "no", "none"),
            )
            for one in shown
        ),
        centre=centre,
        aim=found.target,
        n_suppressed=sum(one.site.suppressed for one in found.sites),
        what="Sites in order; no place in it is certain",
    )


def two_measures(
    found: VariancePartition, measure: Measure, balancing: Measure
) -> TwoWay | None:
    """Give the sites on both measures; None where there are too few to show.

    Parameters
    ----------
    found : VariancePartition
        With a balancing measure.
    measure, balancing : Measure
        Say which side is better, and what they are called.

    Returns
    -------
    TwoWay or None
        A site whose balancing value may not be told is placed by the measure alone;
        one whose counts are told, and no shrunken value, by these (`told_of`).
    """
    points, hidden = [], []
    for one in found.sites:
        beside = None if one.balancing is None else told_of(one.balancing)
        if not _whole(one.site):
            continue
        if beside is None or not _whole(beside):
            hidden.append(one.site.value or 0.0)
            continue
        points.append(
            TwoWayPoint(
                label=one.site.unit, across=_interval(one.site), up=_interval(beside)
            )
        )
    overall, all_beside = found.overall, found.balancing_overall
    if len(points) + len(hidden) < _FEWEST or not isinstance(all_beside, Estimate):
        return None
    line, name = found.target, "Aim"
    if line is None:
        if not isinstance(overall, Estimate) or overall.value is None:
            return None
        line, name = overall.value, "Average"
    return TwoWay(
        name="two-measures",
        title=f"{measure.title}, and what balances it, by site",
        points=tuple(points),
        across=TwoWayAxis(
            name=measure.title,
            short="Measure",
            line=line,
            line_name=name,
            more_is_better=measure.improvement_notation == "increase",
        ),
        up=TwoWayAxis(
            name=balancing.title,
            short="Balancing",
            line=all_beside.value or 0.0,
            line_name="Average",
            more_is_better=balancing.improvement_notation == "increase",
            interval=None
            if hidden == [] or all_beside.lower is None or all_beside.upper is None
            else (all_beside.lower, all_beside.upper),
        ),
        hidden=tuple(hidden),
        hidden_name=f"At the foot: {len(hidden)} too few to be told" if hidden else "",
        n_suppressed=sum(not _whole(one.site) for one in found.sites),
    )


def told_of(unit: UnitResult) -> UnitResult:
    """Give a unit whose counts alone are told its own proportion and Wilson interval.

    Where nothing is told apart, as when no site that is told has any harm, there is no
    shrunken value; the counts still say how much there may be.
    """
    x, n = unit.numerator, unit.denominator
    if unit.suppressed or unit.value is not None or x is None or not n:
        return unit
    value, lower, upper = wilson([x], [n])
    return unit.model_copy(
        update={
            "value": float(value[0]),
            "lower": float(lower[0]),
            "upper": float(upper[0]),
        }
    )


def _whole(unit: UnitResult) -> bool:
    return None not in (unit.value, unit.lower, unit.upper)


def _interval(unit: UnitResult) -> tuple[float, float, float]:
    assert unit.value is not None
    assert unit.lower is not None
    assert unit.upper is not None
    return unit.value, unit.lower, unit.upper
