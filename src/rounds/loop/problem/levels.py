"""At which level a measure varies, and what goes with it: regions to patients."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rounds.methods.multilevel.explained_variance import Explained, explained_shares
from rounds.methods.multilevel.nested_intervals import Share, Shares, variance_shares
from rounds.nouns import Estimate, LevelVariance, NotEstimable

__all__ = ["BOOTSTRAP", "Cases", "Level", "Model", "level_variances"]

Level = Literal["region", "site", "clinician", "patient"]
Model = Literal["crude", "case_mix", "case_mix_and_site"]

BOOTSTRAP = 100
"""Data sets drawn for the interval of a share explained."""
_FEWEST = 5
"""Units beyond those of the level above, from which a level can be told apart."""
_FEWEST_SITES = 10
"""Sites from which what they are like is told from which they are."""
_WIDE = 1.5
"""A median odds ratio above this would matter; where the data can neither show a
difference nor exclude one so large, nothing can be told."""
_NONE = 1e-3
"""A standard deviation below this is none."""
_PLURAL = {"region": "regions", "site": "sites", "clinician": "clinicians"}


@dataclass(frozen=True, eq=False)
class Cases:
    """Patients of one measure, added up where nothing tells them apart."""

    events: NDArray[np.float64]
    trials: NDArray[np.float64]
    site: NDArray[np.int64]
    """Shape (n_rows,): place in `sites`."""
    sites: tuple[str, ...]
    clinician: NDArray[np.int64]
    """Shape (n_rows,): a clinician of a site; −1 where none is recorded."""
    region: NDArray[np.int64]
    """Shape (n_rows,): −1 where the region is not known."""
    mix: NDArray[np.float64]
    """Shape (n_rows, n_columns): age and sex; no column where all are alike."""

    @property
    def n(self) -> int:
        """How many patients there are."""
        return int(self.trials.sum())


@dataclass
class _Plan:
    """Which levels are told apart, and why others are not."""

    levels: list[tuple[Level, NDArray[np.int64]]] = field(default_factory=list)
    refused: dict[Level, str] = field(default_factory=dict)


def level_variances(
    cases: Cases, *, rng: np.random.Generator
) -> tuple[tuple[LevelVariance, ...], tuple[str, ...]]:
    """Share the variance out, crude, with age and sex, and with what sites are like.

    Parameters
    ----------
    cases : Cases
        Of one measure.
    rng : numpy.random.Generator
        For the bootstrap.

    Returns
    -------
    levels : tuple of LevelVariance
        Each level of each model that could be fitted, patients last; a level that
        cannot be told apart stands there with its reason.
    said : tuple of str
        What a careful reader asks next.
    """
    plan = _planned(cases)
    whole = _whole_refused(cases)
    if whole or not plan.levels:
        reason = NotEstimable(reason=whole or next(iter(plan.refused.values())))
        names: tuple[Level, ...] = ("site", "clinician", "patient")
        return tuple(
            LevelVariance(level=name, model="crude", share=reason) for name in names
        ), ()
    known = _rows_of(cases, plan)
    models, said = _models(cases, known)
    x, n = cases.events[known], cases.trials[known]
    levels = [(name, labels[known]) for name, labels in plan.levels]
    shares: dict[Model, Shares | str] = {}
    for name, columns in models.items():
        try:
            shares[name] = variance_shares(x, n, levels, columns)
        except ValueError as error:
            shares[name] = f"The model could not be fitted: {error}."
    explained = _explained((x, n), levels, models, shares, rng)
    left_out = 1 - float(n.sum()) / cases.n
    if left_out > 0:
        percent = max(round(100 * left_out), 1)
        said.append(
            f"About {percent}% of patients, of whom no clinician is recorded, are left "
            "out of the levels."
        )
    found = [
        one
        for name in models
        for one in _told(
            name, shares[name], explained.get(name, {}), plan, int(n.sum())
        )
    ]
    return tuple(found), tuple(said)


def _whole_refused(cases: Cases) -> str:
    many = int((np.bincount(cases.site, weights=cases.trials) > 1).sum())
    if many < _FEWEST:
        return (
            f"{many} sites with two or more patients are too few to compare; at least "
            f"{_FEWEST} are needed."
        )
    if not 0 < cases.events.sum() < cases.trials.sum():
        which = "None" if not cases.events.sum() else "All"
        return f"{which} of the patients met the measure, so nothing varies."
    return ""


def _planned(cases: Cases) -> _Plan:
    """Say which levels the data can tell apart."""
    plan = _Plan()
    n_sites = len(cases.sites)
    regions = np.unique(cases.region)
    if (cases.region < 0).any():
        plan.refused["region"] = "It is not known of every site in which region it is."
    elif regions.size < _FEWEST or n_sites - regions.size < _FEWEST:
        plan.refused["region"] = (
            f"{n_sites} sites lie in {_many(regions.size, 'region')}: at least "
            f"{_FEWEST} regions, and {_FEWEST} more sites than regions, are needed to "
            "tell the two apart."
        )
    else:
        plan.levels.append(("region", cases.region))
    plan.levels.append(("site", cases.site))
    known = cases.clinician >= 0
    pairs = np.unique(np.column_stack([cases.site, cases.clinician])[known], axis=0)
    at_each = np.bincount(pairs[:, 0], minlength=n_sites) if len(pairs) else np.zeros(1)
    several = int((at_each > 1).sum())
    if not len(pairs):
        plan.refused["clinician"] = "The data do not say which clinician saw whom."
    elif not several:
        plan.refused["clinician"] = (
            "Each site has one clinician, so sites and clinicians cannot be told "
            "apart: what is said of sites is of both together."
        )
    elif several < _FEWEST:
        plan.refused["clinician"] = (
            f"{_many(several, 'site')} of {n_sites} with two or more clinicians are "
            f"too few to tell clinicians from sites; at least {_FEWEST} are needed. "
            "What is said of sites is of both together."
        )
    else:
        plan.levels.append(("clinician", cases.clinician))
    return plan


def _rows_of(cases: Cases, plan: _Plan) -> NDArray[np.bool_]:
    """Give the rows that belong to a unit of every level."""
    known = np.ones(cases.events.size, dtype=bool)
    for _, labels in plan.levels:
        known &= labels >= 0
    return known


def _models(
    cases: Cases, known: NDArray[np.bool_]
) -> tuple[dict[Model, NDArray[np.float64] | None], list[str]]:
    """Give the columns of each model that the data can bear."""
    models: dict[Model, NDArray[np.float64] | None] = {"crude": None}
    said = []
    mix = _varied(cases.mix[known])
    if mix.shape[1]:
        models["case_mix"] = mix
    else:
        said.append(
            "Patients are alike in recorded age and sex, or too few of a kind, so "
            "nothing is adjusted for."
        )
    alike = _varied(_site_columns(cases)[known])
    if len(cases.sites) < _FEWEST_SITES:
        said.append(
            f"With fewer than {_FEWEST_SITES} sites, what sites are like cannot be "
            "told from which they are."
        )
    elif alike.shape[1]:
        models["case_mix_and_site"] = _varied(np.column_stack([mix, alike]))
    return models, said


def _site_columns(cases: Cases) -> NDArray[np.float64]:
    """Give what is known of each site, by row: volume, patients for each clinician."""
    volume = np.bincount(cases.site, weights=cases.trials, minlength=len(cases.sites))
    columns = [np.log(np.maximum(volume, 1.0))]
    known = cases.clinician >= 0
    pairs = np.unique(np.column_stack([cases.site, cases.clinician])[known], axis=0)
    if len(pairs):
        staff = np.bincount(pairs[:, 0], minlength=len(cases.sites))
        if (staff > 0).all():
            columns.append(np.log(np.maximum(volume / staff, 1e-9)))
    return np.column_stack([column[cases.site] for column in columns])


def _varied(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out columns that say nothing, or what those before them say."""
    kept: list[NDArray[np.float64]] = []
    for column in columns.T:
        if column.std() < 1e-9:
            continue
        tried = np.column_stack([np.ones(column.size), *kept, column])
        if np.linalg.matrix_rank(tried) == tried.shape[1]:
            kept.append(column)
    return np.column_stack(kept) if kept else np.empty((len(columns), 0))


def _explained(
    counted: tuple[NDArray[np.float64], NDArray[np.float64]],
    levels: list[tuple[Level, NDArray[np.int64]]],
    models: dict[Model, NDArray[np.float64] | None],
    shares: dict[Model, Shares | str],
    rng: np.random.Generator,
) -> dict[Model, dict[str, Explained | None]]:
    fitted = [name for name in models if isinstance(shares[name], Shares)]
    if len(fitted) < 2 or fitted[0] != "crude":
        return {}
    columns = [models[name] for name in fitted]
    try:
        rows = explained_shares(*counted, levels, columns, rng=rng, n_draws=BOOTSTRAP)
    except ValueError:
        return {}  # no share explained is told where a model cannot be fitted
    crude = shares["crude"]
    assert isinstance(crude, Shares)
    # Of a difference that may not be there no share can be told.
    sure = [one.sd_lower > _NONE for one in crude.levels]
    names = [name for name, _ in levels]
    return {
        model: {
            name: one if there else None
            for name, one, there in zip(names, row, sure, strict=True)
        }
        for model, row in zip(fitted[1:], rows, strict=True)
    }


def _told(
    model: Model,
    shares: Shares | str,
    explained: dict[str, Explained | None],
    plan: _Plan,
    n: int,
) -> list[LevelVariance]:
    """Write one model's levels as nouns."""
    order: tuple[Level, ...] = ("region", "site", "clinician")
    if isinstance(shares, str):
        missing = NotEstimable(reason=shares)
        return [
            LevelVariance(level=name, model=model, share=missing)
            for name in (*order[1:], "patient")
        ]
    fitted = {one.name: one for one in shares.levels}
    found = []
    for name in order:
        if name in fitted:
            found.append(_level(name, model, fitted[name], explained, n))
        elif name in plan.refused:
            reason = NotEstimable(reason=plan.refused[name])
            found.append(LevelVariance(level=name, model=model, share=reason))
    patients = Estimate(
        value=shares.persons,
        lower=shares.persons_lower,
        upper=shares.persons_upper,
        scale="proportion",
        n=n,
        estimand="Share of the latent variance between patients of one unit",
        method=_METHOD,
    )
    found.append(LevelVariance(level="patient", model=model, share=patients))
    return found


_METHOD = "Nested random-intercept logistic model; profile likelihood"


def _level(
    name: Level,
    model: Model,
    share: Share,
    explained: dict[str, Explained | None],
    n: int,
) -> LevelVariance:
    value, lower, upper = share.median_odds_ratio
    nothing_shown = share.sd_lower < _NONE
    if nothing_shown and upper > _WIDE:
        reason = NotEstimable(
            reason=f"Of {share.n_units} {_PLURAL[name]}, the 95% interval of their "
            "differences includes none at all and reaches a median odds ratio of "
            f"{upper:.1f}, so nothing can be told."
        )
        return LevelVariance(
            level=name,
            model=model,
            n_units=share.n_units,
            share=reason,
            median_odds_ratio=reason,
        )
    return LevelVariance(
        level=name,
        model=model,
        n_units=share.n_units,
        share=Estimate(
            value=share.value,
            lower=share.lower,
            upper=share.upper,
            scale="proportion",
            n=n,
            estimand=f"Share of the latent variance between {_PLURAL[name]}",
            method=_METHOD,
        ),
        median_odds_ratio=Estimate(
            value=value,
            lower=min(lower, value),
            upper=max(upper, value),
            scale="odds_ratio",
            n=n,
            estimand=f"Median odds ratio of two {_PLURAL[name]} within one unit above",
            method=_METHOD,
        ),
        explained=_change(name, model, explained.get(name), n),
    )


def _change(
    name: Level, model: Model, found: Explained | None, n: int
) -> Estimate | NotEstimable | None:
    """Give the proportional change in variance; None of the crude model."""
    if model == "crude":
        return None
    if found is None:
        return NotEstimable(
            reason=f"Whether {_PLURAL[name]} differ at all is not certain, so no share "
            "of it can be told to go with anything."
        )
    return Estimate(
        value=found.value,
        lower=found.lower,
        upper=found.upper,
        scale="index",
        n=n,
        estimand=f"Proportional change of the variance between {_PLURAL[name]}",
        method=f"Parametric bootstrap, {BOOTSTRAP} draws; percentile interval",
    )


def _many(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
