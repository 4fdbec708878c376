"""The true gaps: how many would do well were every clinic like the best quarter."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.world.config import WEEKS_BEFORE, WorldConfig
from rounds.world.equity import DAYS
from rounds.world.luck import SamePeople
from rounds.world.measured import measured
from rounds.world.records import Records
from rounds.world.scene import make_scene
from rounds.world.state import Acceptance, Floats, Integers, Now, Scene, State
from rounds.world.week import live_week

__all__ = ["expected_proportions", "gaps", "opportunities"]

SAME_PEOPLE = 5_000
"""At each clinic, where proportions are freed from who happens to be there."""
_BEST = 0.25
_DEFINITION = (
    "Of each measure over the 365 days before go-live: the patients who would do well "
    "were each clinic like the best quarter of clinics. A clinic's `expected` is the "
    f"share that does well when all clinics care for the same {SAME_PEOPLE:,} people, "
    "drawn apart from this world's and with the same luck everywhere: what differs is "
    "the clinic, its clinicians and the areas around it, so it is free of noise and of "
    "who happens to live here. The best quarter, rounded up, is that of the highest "
    "`expected`; its benchmark is their mean weighted by the patients whom the measure "
    "counts there in this world. A clinic's `gap` is its patients times the distance "
    "to the benchmark, 0 above it; a measure's is the sum. `rank` 1 is the largest gap."
)


def opportunities(
    config: WorldConfig,
    scene: Scene,
    records: Records,
    clinic_names: NDArray[np.str_],
) -> dict[str, object]:
    """Give every measure's true gap, by which the problems are ranked.

    Parameters
    ----------
    config : WorldConfig
        What is planted.
    scene : Scene
        Who there is.
    records : Records
        What happened, at least until go-live.
    clinic_names : array of str, shape (n_clinics,)

    Returns
    -------
    dict
        Its definition in words, the period, and the gap of each measure and clinic.
    """
    expected = expected_proportions(config)
    end = 7 * scene.go_live_week
    first, last = (scene.persons.first_day + day for day in (end - DAYS, end - 1))
    told: dict[str, dict[str, Any]] = {}
    for name, found in measured(scene, records).items():
        counted = scene.persons.clinic[found.person]
        patients = np.bincount(counted, minlength=config.n_clinics)
        benchmark, gap = gaps(expected[name], patients)
        told[name] = {
            "gap": float(gap.sum()),
            "benchmark": benchmark,
            "patients": int(patients.sum()),
            "by": [
                {
                    "clinic": str(clinic),
                    "patients": int(n),
                    "expected": float(p),
                    "gap": float(g),
                }
                for clinic, n, p, g in zip(
                    clinic_names, patients, expected[name], gap, strict=True
                )
            ],
        }
    order = sorted(told, key=lambda name: -told[name]["gap"])
    for rank, name in enumerate(order, start=1):
        told[name]["rank"] = rank
    return {
        "definition": _DEFINITION,
        "period": [str(first), str(last)],
        "measures": told,
    }


def expected_proportions(config: WorldConfig) -> dict[str, Floats]:
    """Let every clinic care for the same people, and give the share that does well.

    Returns
    -------
    dict of str to array of float, shape (n_clinics,)
        By measure.
    """
    n = config.n_clinics
    clinic = np.repeat(np.arange(n), SAME_PEOPLE)
    luck = SamePeople(config.seed, SAME_PEOPLE)
    scene = make_scene(replace(config, people=len(clinic)), luck, clinic)
    state, records = State.start(scene), Records()
    for week in range(WEEKS_BEFORE):
        live_week(Now(scene, week, state, records, Acceptance()), None)
    shares: dict[str, Floats] = {}
    for name, found in measured(scene, records).items():
        counted = clinic[found.person]
        total = np.bincount(counted, minlength=n)
        well = np.bincount(counted, found.does_well, minlength=n)
        shares[name] = well / total
    return shares


def gaps(expected: Floats, patients: Integers) -> tuple[float, Floats]:
    """Give the best quarter's proportion, and each clinic's distance in patients.

    Parameters
    ----------
    expected : array of float, shape (n_clinics,)
        True proportions that do well.
    patients : array of int, shape (n_clinics,)
        Patients whom the measure counts.

    Returns
    -------
    benchmark : float
        In [0, 1].
    gap : array of float, shape (n_clinics,)
        In patients, at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> gaps(np.array([0.75, 0.25, 0.25, 0.5]), np.array([9, 8, 20, 4]))[1].tolist()
    [0.0, 4.0, 10.0, 1.0]
    """
    best = np.argsort(-expected)[: int(np.ceil(_BEST * len(expected)))]
    weight = patients[best] if patients[best].any() else None
    benchmark = float(np.average(expected[best], weights=weight))
    return benchmark, np.maximum(benchmark - expected, 0.0) * patients
