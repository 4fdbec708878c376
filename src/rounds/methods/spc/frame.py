"""Phases, baselines and seasons: what the lines of a chart are computed from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.spc.chart import D2, Chart, Kind, Phase, mean_moving_range

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Frame", "Lines", "assemble", "first_of_each_phase"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How the points of a chart are grouped."""

    n: int
    phases: tuple[Phase, ...]
    baseline: NDArray[np.bool_]
    """Shape (n,): which points the lines are computed from."""
    season: NDArray[np.intp] | None
    """Shape (n,): the season of each point, numbered from 0."""

    @classmethod
    def of(
        cls,
        n: int,
        baseline: ArrayLike | None,
        phases: Sequence[Phase],
        season: ArrayLike | None,
    ) -> Frame:
        """Check how the points are grouped.

        Raises
        ------
        ValueError
            If the baseline leaves a phase without points, a phase begins outside the
            chart, twice or without a reason, or a season is seen only once.
        """
        used = np.ones(n, bool) if baseline is None else np.asarray(baseline, bool)
        if used.shape != (n,) or not used.any():
            raise ValueError(f"the baseline names at least one of the {n} points")
        frame = cls(
            n=n,
            phases=_phases(n, phases),
            baseline=used,
            season=None if season is None else _seasons(n, season),
        )
        for part in frame.parts:
            if not used[part].any():
                raise ValueError(
                    f"the baseline names no point of the phase that begins at point "
                    f"{part.start + 1}"
                )
            frame.check_seasons(part)
        return frame

    @property
    def parts(self) -> tuple[slice, ...]:
        """The points of each phase."""
        ends = [*(phase.start for phase in self.phases[1:]), self.n]
        starts = [phase.start for phase in self.phases]
        return tuple(slice(a, b) for a, b in zip(starts, ends, strict=True))

    def check_seasons(self, part: slice) -> None:
        """See that each season of a phase is twice in its baseline."""
        if self.season is None:
            return
        seen = np.bincount(
            self.season[part][self.baseline[part]], minlength=self.season.max() + 1
        )
        if (seen[self.season[part]] < 2).any():
            raise ValueError(
                "each season is seen at least twice in the baseline of each phase; "
                "with fewer, what is season and what is change cannot be told apart"
            )

    def level(
        self, above: NDArray[np.float64], below: NDArray[np.float64], part: slice
    ) -> tuple[NDArray[np.float64], float]:
        """Give Σ above / Σ below over the baseline: of each point's season, and of all.

        Parameters
        ----------
        above, below : ndarray of float, shape (n,)
            Numerators and denominators; their ratio is what is plotted.
        part : slice
            A phase.

        Returns
        -------
        centre : ndarray of float, shape (n of the phase,)
            The level of the point's season; of the whole phase without seasons.
        level : float
            Of the whole phase.
        """
        used = self.baseline[part]
        x, n = above[part][used], below[part][used]
        whole = float(x.sum() / n.sum())
        if self.season is None:
            return np.full(used.size, whole), whole
        season = self.season[part]
        size = season.max() + 1
        tops = np.bincount(season[used], x, minlength=size)
        bottoms = np.bincount(season[used], n, minlength=size)
        return tops[season] / bottoms[season], whole

    def spread(
        self,
        deviations: NDArray[np.float64],
        part: slice,
        *,
        screen: bool,
        unit: float = 1.0,
    ) -> float:
        """Give the standard deviation of deviations from the centre, by moving ranges.

        Deviations from a mean of K values vary by √(1 − 1/K) of what the values do;
        where each season has its own mean that is made good: √(n / (n − seasons)).
        What differs by less than 10⁻¹⁰ of `unit`, the size of what deviations were
        taken from, differs by rounding alone.

        Raises
        ------
        ValueError
            If the baseline has fewer than two points, or neighbours never differ.
        """
        used = self.baseline[part]
        if used.sum() < 2:
            raise ValueError("moving ranges need at least two points in each phase")
        mean = mean_moving_range(deviations[used], screen=screen)
        if mean <= 1e-10 * unit:
            raise ValueError(
                "neighbouring points never differ, so moving ranges give no limits"
            )
        if self.season is None:
            return mean / D2
        n, seasons = used.sum(), np.unique(self.season[part][used]).size
        return float(mean / D2 * np.sqrt(n / (n - seasons)))


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The lines of one phase; each array has one number for each of its points."""

    centre: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    near_lower: NDArray[np.float64]
    near_upper: NDArray[np.float64]
    level: float
    dispersion: float = 1.0

    @classmethod
    def symmetric(
        cls,
        centre: NDArray[np.float64],
        sigma: NDArray[np.float64],
        *,
        level: float,
        within: tuple[float, float] = (-np.inf, np.inf),
        dispersion: float = 1.0,
    ) -> Lines:
        """Draw limits three sigma either side, cut where values cannot go."""
        return cls(
            centre=centre,
            lower=np.maximum(centre - 3 * sigma, within[0]),
            upper=np.minimum(centre + 3 * sigma, within[1]),
            near_lower=np.maximum(centre - 2 * sigma, within[0]),
            near_upper=np.minimum(centre + 2 * sigma, within[1]),
            level=level,
            dispersion=dispersion,
        )


def assemble(
    kind: Kind,
    value: NDArray[np.float64],
    frame: Frame,
    draw: Callable[[slice], Lines],
) -> Chart:
    """Draw each phase by itself and join them."""
    drawn = [draw(part) for part in frame.parts]

    def joined(name: str) -> NDArray[np.float64]:
        if len(drawn) == 1:
            return np.asarray(getattr(drawn[0], name), dtype=float)
        return np.concatenate([getattr(lines, name) for lines in drawn])

    return Chart(
        kind=kind,
        value=value,
        centre=joined("centre"),
        lower=joined("lower"),
        upper=joined("upper"),
        near_lower=joined("near_lower"),
        near_upper=joined("near_upper"),
        phases=frame.phases,
        level=tuple(lines.level for lines in drawn),
        dispersion=tuple(lines.dispersion for lines in drawn),
        baseline=frame.baseline,
    )


def first_of_each_phase(
    n: int, phases: Sequence[Phase], length: int
) -> NDArray[np.bool_]:
    """Freeze the lines after the first points of each phase.

    Parameters
    ----------
    n : int
        Points of the chart.
    phases : sequence of Phase
        Where lines begin anew; empty for one phase.
    length : int
        How many points of each phase its lines are computed from.

    Returns
    -------
    ndarray of bool, shape (n,)
        A baseline.

    Raises
    ------
    ValueError
        If the length is below 1, or a phase is wrongly placed or without a reason.

    References
    ----------
    .. [1] `fix_after_n_points` of `ptd_spc_standard` in NHSRplotthedots 0.2.2.

    Examples
    --------
    >>> first_of_each_phase(5, [Phase(start=3, reason="new ward")], 2).tolist()
    [True, True, False, True, True]
    """
    if length < 1:
        raise ValueError(f"a baseline has at least one point, not {length}")
    frame = Frame.of(n, None, phases, None)
    used = np.zeros(n, bool)
    for part in frame.parts:
        used[part.start : min(part.start + length, part.stop)] = True
    return used


def _phases(n: int, phases: Sequence[Phase]) -> tuple[Phase, ...]:
    found = list(phases)
    if not found or found[0].start != 0:
        found = [Phase(start=0, reason=""), *found]
    for before, phase in pairwise(found):
        if not before.start < phase.start < n:
            raise ValueError(
                f"phases begin one after another, within the chart's {n} points"
            )
        if not phase.reason.strip():
            raise ValueError(
                f"the phase that begins at point {phase.start + 1} has no reason; "
                "lines are drawn anew only where something is known to have changed"
            )
    return tuple(found)


def _seasons(n: int, season: ArrayLike) -> NDArray[np.intp]:
    labels = np.asarray(season)
    if labels.shape != (n,):
        raise ValueError(f"{labels.size} seasons for {n} points")
    return np.unique(labels, return_inverse=True)[1].reshape(n)
