"""Chance that is the same for the same question of the same data."""

import numpy as np

from rounds.nouns import Measure, Period

__all__ = ["seeded"]


def seeded(
    measure: Measure, snapshot: str | None, period: Period
) -> np.random.Generator:
    """Give random numbers seeded by the measure, the snapshot and the period."""
    words = f"{measure.content_hash()} {period.start} {period.end} {snapshot}"
    return np.random.default_rng(list(words.encode()))
