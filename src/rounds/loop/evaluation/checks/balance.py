"""How alike the arms were at the start: reported, never tested, never a gate."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.participants import Participants
from rounds.nouns import BalanceRow

__all__ = ["balance"]


def balance(people: Participants) -> tuple[BalanceRow, ...]:
    """Give each baseline characteristic by arm with its standardised difference.

    Returns
    -------
    tuple of BalanceRow
        Means, or shares in [0, 1]; the difference is in pooled standard deviations,
        None where nothing varies.
    """
    known_svi = people.svi_quartile > 0
    rows = [
        _row("age in years", people.age, people),
        _row("female", (people.sex == "F").astype(float), people),
        _row("clinic's rate before go-live", people.baseline_rate, people),
        _row("SVI known", known_svi.astype(float), people),
    ]
    if known_svi.any():
        most = np.where(known_svi, (people.svi_quartile == 4).astype(float), np.nan)
        rows.append(_row("SVI quartile 4, of those known", most, people))
    return tuple(rows)


def _row(name: str, values: NDArray[np.float64], people: Participants) -> BalanceRow:
    arms = [
        values[arm & np.isfinite(values)] for arm in (people.active, ~people.active)
    ]
    if any(len(arm) == 0 for arm in arms):
        return BalanceRow(characteristic=name)
    means = [float(arm.mean()) for arm in arms]
    pooled = float(np.sqrt((arms[0].var() + arms[1].var()) / 2))
    return BalanceRow(
        characteristic=name,
        active=means[0],
        silent=means[1],
        standardised_difference=(means[0] - means[1]) / pooled if pooled > 0 else None,
    )
