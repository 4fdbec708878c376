"""What explains how a measure varies, and what balances it?

```
 rows ─▶ cases ─▶ levels: region · site · clinician · patient (which share lies where)
            │  └▶ sites:  drawn together, ranked, who differs
            └──── with the balancing measure's cases: do the two go together?
```
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rounds import __version__
from rounds.datamart import AnyDatamart
from rounds.datamart.areas.regions import regions_of
from rounds.datamart.measures.counts import labels_of
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.loop.problem.differences import baseline_of
from rounds.loop.problem.groups import by_group
from rounds.loop.problem.levels import Cases, level_variances
from rounds.loop.problem.seeding import seeded
from rounds.loop.problem.standing_sites import (
    correlation_of,
    drawn_together,
    shrunken,
    standing_sites,
)
from rounds.nouns import (
    DataError,
    DefinitionError,
    Estimate,
    LevelVariance,
    Measure,
    NotEstimable,
    Period,
    Provenance,
    Standing,
    UnitResult,
    VariancePartition,
)

__all__ = ["Asked", "counted", "partition_of", "read_asked"]

_FEWEST_OF_A_KIND = 10
"""Patients of either result from which a group of age or sex is a column of its own."""
_LATENT = (
    "Shares are of the variance of the log odds: they say at which level differences "
    "lie, not how large they are for one patient."
)
_DESCRIBES = (
    "What goes away once age, sex, volume and staff are known went with them; it was "
    "not shown to come from them."
)
_UNEXPLAINED = (
    "What is left is unexplained. It is unwarranted only as far as neither illness nor "
    "what patients prefer is behind it, and the data know little of either."
)
_RANKS = "No rank is certain: each stands with the range that it may as well have."


@dataclass(frozen=True, eq=False, repr=False)
class Asked:
    """A measure, and one that balances it, with the rows of both read once."""

    measure: Measure
    period: Period
    rows: MeasureRows
    regions: dict[str, str]
    snapshot: str | None
    balancing: Measure | None = None
    balancing_rows: MeasureRows | None = None
    target: float | None = None


def read_asked(
    measure: Measure,
    datamart: AnyDatamart,
    *,
    period: Period,
    balancing: Measure | None = None,
    target: float | None = None,
    without: frozenset[str] = frozenset(),
) -> Asked:
    """Read the rows of a measure, and of one that balances it.

    Parameters
    ----------
    measure, balancing : Measure
        Proportions.
    period : Period
        Both days included.
    target : float, optional
        What is aimed at, of the measure, in [0, 1].
    without : frozenset of str
        `person_source_value` of those who opted out.

    Returns
    -------
    Asked
        Rows stay where they are: `counted` and `partition_of` give nouns.

    Raises
    ------
    DefinitionError
        If a measure is not a proportion, balances itself, or has a problem.
    DataError
        If the datamart cannot answer a measure, or nobody is in its denominator.
    """
    if balancing is not None and balancing.ref() == measure.ref():
        raise DefinitionError(
            f"{measure.name!r} cannot balance itself.",
            code="explain-balances-itself",
            why="A balancing measure says what may get worse as the measure gets "
            "better.",
            remedies=("Name another with --balancing; rounds measure list shows all.",),
        )
    read = [
        None if one is None else _rows(one, datamart, period, without)
        for one in (measure, balancing)
    ]
    assert read[0] is not None
    return Asked(
        measure=measure,
        period=period,
        rows=read[0],
        regions=regions_of(datamart),
        snapshot=datamart.snapshot,
        balancing=balancing,
        balancing_rows=read[1],
        target=target,
    )


def counted(asked: Asked) -> VariancePartition:
    """Give the sites' exact counts on both measures, before anything is made of them.

    Parameters
    ----------
    asked : Asked
        Rows of both measures.

    Returns
    -------
    VariancePartition
        Disclosure control says of it which sites may take part.
    """
    beside: dict[str, UnitResult] = {}
    if asked.balancing_rows is not None:
        beside = {one.unit: one for one in by_group(asked.balancing_rows, "care_site")}
    sites = [
        Standing(site=one, balancing=beside.pop(one.unit, None))
        for one in by_group(asked.rows, "care_site")
    ]
    # A site without a patient of the measure may have some of the balancing one.
    sites += [
        Standing(site=UnitResult(unit=unit, denominator=0, numerator=0), balancing=one)
        for unit, one in beside.items()
    ]
    return _noun(asked, levels=(), sites=tuple(sites), said=())


def partition_of(
    asked: Asked,
    *,
    hidden: Collection[str] = (),
    hidden_balancing: Collection[str] = (),
    by_site: bool = True,
) -> VariancePartition:
    """Share the variation out, rank the sites, and set them against what balances.

    Parameters
    ----------
    asked : Asked
        Rows of both measures.
    hidden, hidden_balancing : collection of str
        Sites whose counts may not be told, of each measure: they take no part, so that
        no number gives them back.
    by_site : bool
        Whether sites are named; not while a trial randomises them.

    Returns
    -------
    VariancePartition
        With exact counts of the sites that take part.
    """
    rng = seeded(asked.measure, asked.snapshot, asked.period)
    first = _cases(asked.rows, asked.regions, hidden)
    second = None
    if asked.balancing_rows is not None:
        second = _cases(asked.balancing_rows, asked.regions, hidden_balancing)
    levels, said = level_variances(first, rng=rng)
    sites: tuple[Standing, ...] = ()
    notes = [_LATENT, _DESCRIBES, _UNEXPLAINED, *said]
    if by_site:
        sites, more = _sites(asked, first, second, hidden_balancing, rng)
        sites += _others(asked, sites, hidden, hidden_balancing)
        notes += more
    else:
        notes.append("Sites are not listed while a trial runs among them.")
    n_hidden = sum(not name.startswith("(") for name in hidden)
    if n_hidden:
        sites_said = "1 site" if n_hidden == 1 else f"{n_hidden} sites"
        notes.append(f"{sites_said} whose counts are not told take no part.")
    correlation = None if second is None else correlation_of(first, second)
    found = _noun(asked, levels=levels, sites=sites, said=tuple(notes))
    return found.model_copy(update={"correlation": correlation})


def _sites(
    asked: Asked,
    first: Cases,
    second: Cases | None,
    hidden_balancing: Collection[str],
    rng: np.random.Generator,
) -> tuple[tuple[Standing, ...], list[str]]:
    drawn = drawn_together(first, rng=rng)
    if isinstance(drawn, NotEstimable):
        return (), [drawn.reason]
    notes = [_RANKS]
    beside = {
        one.site.unit: _unless(one.balancing, hidden_balancing)
        for one in counted(asked).sites
        if one.balancing is not None
    }
    if second is not None:
        other = drawn_together(second, rng=rng)
        if isinstance(other, NotEstimable):
            notes.append(f"Of the balancing measure: {other.reason}")
        else:
            beside |= {one.unit: one for one in shrunken(second, other)}
    better = asked.measure.improvement_notation == "increase"
    return standing_sites(first, drawn, beside, more_is_better=better), notes


def _others(
    asked: Asked,
    shown: tuple[Standing, ...],
    hidden: Collection[str],
    hidden_balancing: Collection[str],
) -> tuple[Standing, ...]:
    """Give the sites that take no part: hidden ones, and whoever has no site."""
    names = {one.site.unit for one in shown}
    return tuple(
        Standing(
            site=_unless(one.site, hidden),
            balancing=None
            if one.balancing is None
            else _unless(one.balancing, hidden_balancing),
        )
        for one in counted(asked).sites
        if one.site.unit not in names
    )


def _unless(unit: UnitResult, hidden: Collection[str]) -> UnitResult:
    return UnitResult(unit=unit.unit, suppressed=True) if unit.unit in hidden else unit


def _rows(
    measure: Measure, datamart: AnyDatamart, period: Period, without: frozenset[str]
) -> MeasureRows:
    if measure.scoring != "proportion":
        raise DefinitionError(
            f"Measure.scoring of {measure.name!r} is {measure.scoring!r}.",
            code="problem-not-a-proportion",
            why="Variance between levels is shared out for proportions.",
            remedies=("Name a measure whose scoring is proportion.",),
        )
    rows = measure_rows(datamart, measure, period, without=without)
    if isinstance(rows, NotEstimable) or not np.asarray(rows.denominator).any():
        reason = (
            rows.reason
            if isinstance(rows, NotEstimable)
            else f"Nobody is in its denominator from {period.start} to {period.end}."
        )
        raise DataError(
            f"The data cannot answer {measure.name!r}: {reason}",
            code="measure-not-estimable",
            remedies=("Choose a period that the data cover, or another measure.",),
        )
    return rows


def _cases(
    rows: MeasureRows, regions: dict[str, str], hidden: Collection[str] = ()
) -> Cases:
    """Add up patients who are alike in site, clinician, age and sex."""
    site = np.asarray(rows.care_site, dtype=str)
    chosen = np.asarray(rows.denominator) & (site != "")
    chosen &= ~np.isin(site, np.array(sorted(hidden), dtype=str))
    site, met = site[chosen], np.asarray(rows.numerator)[chosen]
    provider = np.asarray(rows.provider, dtype=str)[chosen]
    mix = np.column_stack(
        [
            _grouped(np.asarray(labels_of(rows, name))[chosen], met)
            for name in ("sex", "age")
        ]
    )
    names, place = np.unique(site, return_inverse=True)
    _, who = np.unique(provider, return_inverse=True)
    # Whoever works at two sites is a clinician of each: levels are nested.
    table = np.column_stack([place, np.where(provider == "", -1, who), mix])
    kinds, row = np.unique(table, axis=0, return_inverse=True)
    row = row.ravel()
    trials = np.bincount(row, minlength=len(kinds)).astype(float)
    events = np.bincount(row, weights=met, minlength=len(kinds))
    pairs, clinician = np.unique(kinds[:, :2], axis=0, return_inverse=True)
    clinician = np.where(pairs[clinician.ravel(), 1] < 0, -1, clinician.ravel())
    places = sorted({regions[name] for name in names.tolist() if name in regions})
    region = np.array(
        [places.index(regions[name]) if name in regions else -1 for name in names],
        dtype=np.int64,
    )
    return Cases(
        events=np.asarray(events, dtype=float),
        trials=trials,
        site=kinds[:, 0].astype(np.int64),
        sites=tuple(str(name) for name in names),
        clinician=clinician.astype(np.int64),
        region=region[kinds[:, 0].astype(int)] if len(kinds) else region,
        mix=_columns(kinds[:, 2:]),
    )


def _grouped(labels: NDArray[np.str_], met: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the groups in their order; one that is too few joins the one before it."""
    names, place = np.unique(labels, return_inverse=True)
    number, found = 0, np.zeros(names.size, dtype=np.int64)
    events = others = 0
    for i in range(names.size):
        if min(events, others) >= _FEWEST_OF_A_KIND:
            number, events, others = number + 1, 0, 0
        found[i] = number
        events += int(met[place == i].sum())
        others += int((~met[place == i]).sum())
    if number and min(events, others) < _FEWEST_OF_A_KIND:
        found[found == number] = number - 1
    return found[place]


def _columns(kinds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Write group numbers as columns of 0 and 1, the first group without one."""
    columns = [
        (kinds[:, k] == value).astype(float)
        for k in range(kinds.shape[1])
        for value in np.unique(kinds[:, k])[1:]
    ]
    return np.column_stack(columns) if columns else np.empty((len(kinds), 0))


def _noun(
    asked: Asked,
    *,
    levels: tuple[LevelVariance, ...],
    sites: tuple[Standing, ...],
    said: tuple[str, ...],
) -> VariancePartition:
    beside: Estimate | None = None
    made_from = [asked.measure.ref()]
    if asked.balancing is not None and asked.balancing_rows is not None:
        beside = baseline_of(asked.balancing_rows)
        made_from.append(asked.balancing.ref())
    name = asked.measure.name
    if asked.balancing is not None:
        name = f"{name}-and-{asked.balancing.name}"
    return VariancePartition(
        name=name,
        title=asked.measure.title,
        measure=asked.measure.ref(),
        balancing=None if asked.balancing is None else asked.balancing.ref(),
        period=asked.period,
        overall=baseline_of(asked.rows),
        balancing_overall=beside,
        levels=levels,
        sites=sites,
        target=asked.target,
        limitations=said,
        provenance=Provenance(
            made_from=tuple(made_from),
            snapshot=asked.snapshot,
            code_version=__version__,
        ),
    )
