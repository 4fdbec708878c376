"""Chance that is the same for the same question of the same data."""

import numpy as np

from rounds.datamart import AnyDatamart
from rounds.nouns import Measure, Period

__all__ = ["seeded"]


def seeded(
    measure: Measure, datamart: AnyDatamart, period: Period
) -> np.random.Generator:
    """Give random numbers seeded by the measure, the period and the snapshot."""
    words = f"{measure.content_hash()} {period.start} {period.end} {datamart.snapshot}"
    return np.random.default_rng(list(words.encode()))
