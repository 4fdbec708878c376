"""Outcomes of a site's own patients, drawn anew at levels that its past leaves open.

A clinic's observed rate is its own level and the luck of its patients. To draw patients
anew from it would count that luck twice, once in what was seen and once more in the
drawing; to keep the patients as they came would take the luck for the site's own. So
levels are drawn from what the past says of them, shrunken, and outcomes at these.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.participants import Participants
from rounds.methods.clusters.design_matrix import without_repeats
from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.multilevel.icc import anova_icc
from rounds.methods.planning.trial_power import Spread

__all__ = ["Levels", "alike_in_visits"]

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
_DAYS = 91
"""Of a period in which a clinic's level stays the same."""


@dataclass(frozen=True, repr=False)
class Levels:
    """What the past says of the level of each clinic in each quarter.

    Parameters
    ----------
    clinics : array of str
        In order.
    first : datetime64
        The first day.
    codes : array of int, shape (n_cells,)
        Clinic and quarter of each cell that has a known outcome, ascending.
    means, centres : array of float, shape (n_cells,)
        The outcome that was seen; the level that is expected.
    roots : list of (cells, matrix)
        Of each clinic, a root of the covariance of its levels around these.
    pool, starts, counts : arrays
        The known outcomes, cell by cell, ascending within each.
    alike : float
        Correlation of two visits of one person; 0 where everybody is there once.
    """

    clinics: NDArray[np.str_]
    first: np.datetime64
    n_periods: int
    codes: Integers
    means: Floats
    centres: Floats
    roots: list[tuple[Integers, Floats]]
    pool: Floats
    starts: Integers
    counts: Integers
    alike: float = 0.0

    @classmethod
    def of(cls, people: Participants) -> "Levels":
        """Learn the levels from those who would have been enrolled.

        A linear mixed model: quarters and the rate before as fixed effects, clinics and
        clinics in a quarter as random ones. Of fewer than three clinics the levels are
        taken as they were seen.

        Raises
        ------
        ValueError
            If nobody's outcome is known, or it does not vary.
        """
        known = people.where(people.observed)
        if not len(known) or np.ptp(known.outcome) == 0:
            raise ValueError("the outcome does not vary")
        clinics, clinic = np.unique(known.clinic, return_inverse=True)
        first = people.index_date.min()
        period = (known.index_date - first).astype(int) // _DAYS
        n_periods = int(period.max()) + 1
        codes, cell = np.unique(clinic * n_periods + period, return_inverse=True)
        counts = np.bincount(cell)
        means = np.bincount(cell, weights=known.outcome) / counts
        fixed, spread = _model(known, clinic, period)
        centres, roots = _levels(
            means, counts, fixed[np.unique(cell, return_index=True)[1]], spread,
            codes // n_periods,
        )  # fmt: skip
        return cls(
            clinics,
            first,
            n_periods,
            codes,
            means,
            centres,
            roots,
            known.outcome[np.lexsort((known.outcome, cell))],
            np.cumsum(counts) - counts,
            counts,
            alike_in_visits(known),
        )

    def redraw(
        self, people: Participants, rng: np.random.Generator, *, is_share: bool
    ) -> Participants:
        """Give the same persons with outcomes of others of their clinic and quarter.

        Of a share, some outcomes are turned so that it is the level that was drawn; a
        number is moved. Whose outcome is not known stays so. Of one person's visits,
        some share their luck, so many that any two are as alike as they were.
        """
        level = self.centres.copy()
        for cells, root in self.roots:
            level[cells] += root @ rng.normal(size=root.shape[1])
        clinic = np.searchsorted(self.clinics, people.clinic)
        period = (people.index_date - self.first).astype(int) // _DAYS
        code = clinic * self.n_periods + np.minimum(period, self.n_periods - 1)
        # A cell without a known outcome is of persons whose outcome is not known.
        cell = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
        luck, turning = self._luck(people, rng)
        place = (luck * self.counts[cell]).astype(np.intp)
        y = self.pool[self.starts[cell] + place]
        if is_share:
            y = _turned(y, self.means[cell], np.clip(level, 0, 1)[cell], turning)
        else:
            y = y + (level - self.means)[cell]
        return replace(people, outcome=np.where(people.observed, y, np.nan))

    def _luck(
        self, people: Participants, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Give each visit its two numbers between 0 and 1, or its person's."""
        own = rng.random((2, len(people)))
        if not self.alike:
            return own[0], own[1]
        whose = np.unique(people.person, return_inverse=True)[1]
        shared = rng.random((2, int(whose.max(initial=0)) + 1))[:, whose]
        # Two visits share their luck where both take the person's.
        takes = rng.random(len(people)) < np.sqrt(self.alike)
        both = np.where(takes, shared, own)
        return both[0], both[1]


def alike_in_visits(known: Participants) -> float:
    """Give the correlation of two visits of one person within a clinic, at least 0.

    Parameters
    ----------
    known : Participants
        With known outcomes. Where they are no visits, or nobody has two, it is 0; so
        it is where visits of one person are less alike than those of two.
    """
    if not known.are_visits:
        return 0.0
    try:
        return max(anova_icc(known.outcome, known.person, known.clinic), 0.0)
    except ValueError:
        return 0.0


def _turned(y: Floats, mean: Floats, level: Floats, luck: Floats) -> Floats:
    """Turn some 0 into 1, or 1 into 0, so that the mean becomes the level."""
    up = np.where(mean < 1, (level - mean) / np.where(mean < 1, 1 - mean, 1), 0)
    down = np.where(mean > 0, (mean - level) / np.where(mean > 0, mean, 1), 0)
    return np.where(y == 0, (luck < up).astype(float), (luck >= down).astype(float))


def _model(
    known: Participants, clinic: Integers, period: Integers
) -> tuple[Floats, Spread]:
    """Give the fixed effects' columns, and the variances around them."""
    columns = [(period == t).astype(float) for t in np.unique(period)]
    if not np.isnan(known.baseline_rate).all():
        columns.append(known.baseline_rate)
    X, _ = without_repeats(np.column_stack(columns), 0)
    if clinic.max() > 1:
        fit = linear_mixed(known.outcome, X, clinic, period)
        return X, Spread(fit.within, fit.between_clusters, fit.between_periods)
    own = (clinic[:, None] == np.arange(clinic.max() + 1)).astype(float)
    X, _ = without_repeats(np.column_stack([X, own]), 0)
    left = known.outcome - X @ np.linalg.lstsq(X, known.outcome)[0]
    return X, Spread(float(left @ left) / max(len(left) - X.shape[1], 1))


def _levels(
    means: Floats, counts: Integers, X: Floats, spread: Spread, clinic: Integers
) -> tuple[Floats, list[tuple[Integers, Floats]]]:
    """Give the expected level of each cell, and roots of the covariances around."""
    members = [np.flatnonzero(clinic == k) for k in np.unique(clinic)]
    shared = [
        spread.between_clusters + spread.between_periods * np.eye(len(cells))
        for cells in members
    ]
    inverse = [
        np.linalg.inv(own + np.diag(spread.within / counts[cells]))
        for own, cells in zip(shared, members, strict=True)
    ]
    both = list(zip(members, inverse, strict=True))
    information = sum(X[c].T @ V @ X[c] for c, V in both)
    moments = sum(X[c].T @ V @ means[c] for c, V in both)
    beta = np.linalg.lstsq(np.asarray(information), np.asarray(moments))[0]
    centres, roots = X @ beta, []
    left = means - centres
    for cells, V, own in zip(members, inverse, shared, strict=True):
        gain = own @ V
        centres[cells] += gain @ left[cells]
        values, vectors = np.linalg.eigh(own - gain @ own)
        roots.append((cells, vectors * np.sqrt(np.maximum(values, 0))))
    return centres, roots
