"""What would be counted, before and after, had the card been shown everywhere."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.world.config import WEEKS_FOLLOW_UP, WorldConfig
from rounds.world.state import Scene
from rounds.world.trial_population import Outcomes

__all__ = ["as_switched_on", "before_and_after", "past_window"]

WEEKS = 26
YEAR = 52


def as_switched_on(config: WorldConfig) -> WorldConfig:
    """Give the half year after go-live, in which nobody is left out."""
    return replace(config, weeks=min(config.weeks, WEEKS), closed=())


def past_window(config: WorldConfig, scene: Scene) -> tuple[int, int]:
    """Give the same weeks of the year before: the first day, the day after the last."""
    start = scene.go_live_week - YEAR
    return 7 * start, 7 * (start + as_switched_on(config).weeks)


def before_and_after(
    config: WorldConfig,
    scene: Scene,
    clinic_names: NDArray[np.str_],
    *,
    before: Outcomes,
    after: Outcomes,
) -> dict[str, Any]:
    """Count both years' patients clinic by clinic.

    Parameters
    ----------
    before : Outcomes
        Of `past_window`, when there was no card.
    after : Outcomes
        Of the same weeks from go-live on, with the card wherever it is due.

    Returns
    -------
    dict
        `weeks` from go-live to the answer, and for each clinic and time the numbers of
        patients, of those intensified, of those whose later pressure is known, and of
        those in whom it was low.
    """
    told = [_counted(scene, one, len(clinic_names)) for one in (before, after)]
    return {
        "weeks": as_switched_on(config).weeks + WEEKS_FOLLOW_UP,
        "clinics": [
            {"clinic": str(name), "before": told[0][i], "after": told[1][i]}
            for i, name in enumerate(clinic_names)
        ],
    }


def _counted(scene: Scene, one: Outcomes, n_clinics: int) -> list[dict[str, int]]:
    clinic = scene.persons.clinic[one.person]
    rows = {
        "n": np.ones(len(clinic), dtype=bool),
        "intensified": one.intensified,
        "n_observed": one.low_pressure_observed,
        "low_pressure": one.low_pressure & one.low_pressure_observed,
    }
    counts = {
        name: np.bincount(clinic[is_in], minlength=n_clinics).tolist()
        for name, is_in in rows.items()
    }
    return [
        {name: count[i] for name, count in counts.items()} for i in range(n_clinics)
    ]
