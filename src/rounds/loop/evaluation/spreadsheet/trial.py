"""From columns to a trial: who was exposed, where and when; or why it is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.covariates import (
    covariate_of,
    in_countable_units,
    insist_on_told,
)
from rounds.loop.evaluation.spreadsheet.designs import SHEET_DESIGNS, SheetDesign
from rounds.loop.evaluation.spreadsheet.roles import roles_of
from rounds.methods.estimands.baseline import fill_missing
from rounds.nouns import DataError, DefinitionError

__all__ = ["BASELINE", "Trial", "trial_of"]

BASELINE = "the baseline"
"""Among covariates: the name of the outcome's own value before the trial."""

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_USUAL = frozenset({"0", "control", "usual", "usual care", "silent", "placebo", "no"})
"""Labels of an arm that others are compared with, in any letter case."""
_EVIDENT = 10
"""Clusters all of one arm each that chance hardly gives."""


@dataclass(frozen=True, eq=False, repr=False)
class Trial:
    """Persons of a trial, one a row; whoever's outcome is unknown among them."""

    design: str
    outcome: Floats
    """NaN where it is not known."""
    active: NDArray[np.bool_]
    labels: tuple[str, str]
    """Of the arms: compared with, active."""
    clusters: Codes | None
    periods: Codes | None
    strata: Codes | None
    """Of each cluster; of each row, where clusters hold both arms."""
    schedule: Floats | None
    """Exposure of each cluster, in each period if there are several; NaN where nobody
    of a cluster is in a period."""
    covariates: Mapping[str, Floats]
    """Name → columns, shape (n_persons, n_columns)."""
    roles: Mapping[str, Floats] = field(default_factory=dict)
    """What else a summary needs of each person: `time` until the event that is the
    outcome, `exposure` (time at risk) of a count, what was `received` (0 or 1)."""

    n_filled: int = 0
    """Persons whose baseline is not known, and the mean of all."""

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Whose outcome is known."""
        return ~np.isnan(self.outcome)

    @property
    def is_binary(self) -> bool:
        """Whether every known outcome is 0 or 1."""
        return bool(np.isin(self.outcome[self.observed], (0, 1)).all())


def trial_of(
    design: str,
    columns: Mapping[str, NDArray[np.generic]],
    *,
    control: str | None = None,
    covariates: Mapping[str, NDArray[np.object_]] | None = None,
) -> Trial:
    """Make a trial of columns.

    Parameters
    ----------
    design : str
        A name of `SHEET_DESIGNS`.
    columns : mapping
        `outcome` (float, NaN where unknown) and `arm` (text) at the least; `cluster`,
        `stratum` (text) and `period` (ordered) where the design has them; of times,
        `event` in place of `outcome`, and `time`; `exposure`, `received`,
        `baseline`.
    control : str, optional
        The label of the arm that is compared with; needed where it cannot be told.
    covariates : mapping of str to array of text, optional
        Columns that are numbers throughout count as such, others as groups.

    Raises
    ------
    DefinitionError
        If the design has no such name, or lacks a column it needs.
    DataError
        If the rows cannot be of such a trial. No cell but an arm's label is told.
    """
    kind = _design(design, columns)
    active, labels = _arms(columns["arm"], control)
    for role in ("arm", "cluster", "stratum"):
        if role in columns:
            insist_on_told(role, columns[role])
    clusters = _coded(columns.get("cluster"))
    periods = _coded(columns.get("period")) if kind.in_periods else None
    outcome, roles = roles_of(columns)
    before, n_filled = _baseline(columns)
    schedule = strata = None
    if kind.in_clusters:
        assert clusters is not None
        schedule = _schedule(active, clusters, periods, kind)
        strata = _strata(columns.get("stratum"), clusters, paired=design)
        if design == "matched-pairs":
            _insist_on_pairs(schedule, strata)
    elif "stratum" in columns:
        strata = _coded(columns["stratum"])
    if kind.within_clusters and clusters is not None:
        _insist_on_both_arms(active, clusters)
    return Trial(
        design=design,
        outcome=outcome,
        active=active,
        labels=labels,
        clusters=clusters,
        periods=periods,
        strata=strata,
        schedule=schedule,
        covariates=before
        | {name: covariate_of(name, c) for name, c in (covariates or {}).items()},
        roles=roles,
        n_filled=n_filled,
    )


def _design(design: str, columns: Mapping[str, object]) -> SheetDesign:
    kind = SHEET_DESIGNS.get(design)
    if kind is None:
        raise DefinitionError(
            f"There is no design {design!r}.",
            code="trial-design",
            remedies=(f"Choose among {', '.join(SHEET_DESIGNS)}, factorial.",),
        )
    needs = {
        "cluster": kind.in_clusters or kind.within_clusters,
        "period": kind.in_periods,
        "stratum": design == "matched-pairs",
    }
    lacking = [name for name, is_so in needs.items() if is_so and name not in columns]
    if lacking:
        raise DefinitionError(
            f"A {design} trial needs --{' and --'.join(lacking)}.",
            code="trial-columns",
            why="Without it, rows would be compared as if none had to do with another.",
            remedies=tuple(f"Name the column: --{name} COL." for name in lacking),
        )
    unread = [n for n in ("cluster", "period") if n in columns and not needs[n]]
    if unread:
        raise DefinitionError(
            f"A trial of design {design!r} has no --{unread[0]}.",
            code="trial-columns",
            why="It would be left unread, and the answer be taken for one with it.",
            remedies=(f"Leave --{unread[0]} out.", "Name the design that has it."),
        )
    return kind


def _arms(
    arm: NDArray[np.generic], control: str | None
) -> tuple[NDArray[np.bool_], tuple[str, str]]:
    written = np.array([str(value).strip() for value in arm], dtype=object)
    labels = sorted(set(written.tolist()))
    if len(labels) != 2:
        raise DataError(
            f"The arm's column has {len(labels)} labels, not two.",
            code="trial-arms",
            why="An effect is of one arm against one other.",
            remedies=(
                "Keep the rows of the two arms to compare.",
                "Write one arm's label in one way throughout.",
            ),
        )
    named = [label for label in labels if label.lower() in _USUAL]
    if control is None and len(named) == 1:
        control = named[0]
    if control is None or control not in labels:
        raise DefinitionError(
            f"Which of the arms {labels[0]!r} and {labels[1]!r} is compared with?"
            if control is None
            else f"--control {control!r} is neither {labels[0]!r} nor {labels[1]!r}.",
            code="trial-control",
            why="The other way round, the effect would have the other sign.",
            remedies=(f"Say it: --control '{labels[0]}'.",),
        )
    (other,) = set(labels) - {control}
    return np.asarray(written == other, dtype=bool), (control, other)


def _coded(values: NDArray[np.generic] | None) -> Codes | None:
    """Give codes from 0 on, in the values' order."""
    if values is None:
        return None
    codes: Codes = np.unique(values, return_inverse=True)[1].astype(np.intp)
    return codes


def _schedule(
    active: NDArray[np.bool_],
    clusters: Codes,
    periods: Codes | None,
    kind: SheetDesign,
) -> Floats:
    """Give each cluster's exposure, and refuse one that has both at one time."""
    when = np.zeros_like(clusters) if periods is None else periods
    shape = (int(clusters.max()) + 1, int(when.max()) + 1)
    cell = clusters * shape[1] + when
    n = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    exposed = np.bincount(cell, weights=active, minlength=n.size).reshape(shape)
    mixed = int(((exposed > 0) & (exposed < n)).any(axis=1).sum())
    if mixed:
        raise DataError(
            f"{mixed} of {shape[0]} clusters have persons of both arms"
            + (" in one period." if kind.in_periods else "."),
            code="trial-mixed-clusters",
            why="A cluster was randomised as a whole; one in both arms was not.",
            remedies=(
                "Name the column of what was randomised with --cluster.",
                "If persons were randomised within clusters, say --design individual.",
            ),
        )
    schedule = np.where(n > 0, exposed / np.maximum(n, 1), np.nan)
    if kind.in_periods:
        _insist_on_switches(schedule, one_way=kind.one_way)
    return schedule


def _insist_on_both_arms(active: NDArray[np.bool_], clusters: Codes) -> None:
    """Refuse clusters that were evidently randomised whole."""
    n = np.bincount(clusters)
    exposed = np.bincount(clusters, weights=active)
    several = n > 1
    if several.sum() >= _EVIDENT and ((exposed == 0) | (exposed == n))[several].all():
        raise DataError(
            f"None of {int(several.sum())} clusters with several rows has both arms.",
            code="trial-whole-clusters",
            why="What is randomised visit by visit is seen in both arms before long.",
            remedies=(
                "If clusters were randomised as a whole, say --design cluster.",
                "Correct the arm's column.",
            ),
        )


def _insist_on_switches(schedule: Floats, *, one_way: bool) -> None:
    known = [row[~np.isnan(row)] for row in schedule]
    back = sum(bool((np.diff(row) < 0).any()) for row in known)
    if one_way and back:
        raise DataError(
            f"{back} of {len(known)} clusters go back to the arm they came from.",
            code="trial-switches",
            why="In a stepped wedge a cluster that has switched stays exposed.",
            remedies=(
                "Correct the arm's column.",
                "If clusters change back, say --design cluster-crossover.",
            ),
        )
    if not any((np.diff(row) != 0).any() for row in known):
        raise DataError(
            "No cluster ever switches from one arm to the other.",
            code="trial-no-switch",
            why="Nothing within a cluster could be compared.",
            remedies=(
                "Name the column of the periods with --period.",
                "If clusters keep their arm, say --design cluster.",
            ),
        )


def _strata(
    values: NDArray[np.generic] | None, clusters: Codes, *, paired: str
) -> Codes | None:
    """Give each cluster's stratum; refuse a cluster that is in two."""
    codes = _coded(values)
    if codes is None:
        return None
    firsts = np.unique(clusters, return_index=True)[1]
    of_cluster = codes[firsts]
    torn = len(np.unique(clusters[of_cluster[clusters] != codes]))
    if torn:
        what = "pairs" if paired == "matched-pairs" else "strata"
        raise DataError(
            f"{torn} of {len(firsts)} clusters are in several {what}.",
            code="trial-strata",
            why="A cluster is randomised within one.",
            remedies=("Give every row of a cluster the same --stratum.",),
        )
    return of_cluster


def _insist_on_pairs(schedule: Floats, pairs: Codes | None) -> None:
    assert pairs is not None
    n = np.bincount(pairs)
    exposed = np.bincount(pairs, weights=schedule[:, 0])
    wrong = int(((n != 2) | (exposed != 1)).sum())
    if wrong:
        raise DataError(
            f"{wrong} of {len(n)} pairs are not of two clusters, one in each arm.",
            code="trial-pairs",
            why="Each pair is a small trial of its own.",
            remedies=(
                "Leave out the pairs that lost a cluster.",
                "If strata are larger, say --design cluster with --stratum.",
            ),
        )


def _baseline(
    columns: Mapping[str, NDArray[np.generic]],
) -> tuple[dict[str, Floats], int]:
    """Give the baseline as a covariate, and of how many it is not known."""
    if "baseline" not in columns:
        return {}, 0
    try:
        filled, n = fill_missing(columns["baseline"])
    except ValueError as error:
        reason = str(error)
        raise DataError(
            f"{reason[0].upper()}{reason[1:]}.",
            code="trial-values",
            why="There is nothing to adjust for.",
            remedies=("Name another column, or leave --baseline out.",),
        ) from error
    return {BASELINE: in_countable_units(filled)[:, None]}, n
