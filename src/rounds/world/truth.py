"""The sealed truth: what would have happened with the card everywhere, and nowhere."""

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.world.averaging import averaged
from rounds.world.calls import Everywhere
from rounds.world.config import FAULTS, TRIAL, WEEKS_FOLLOW_UP, WorldConfig
from rounds.world.equity import equity_gap
from rounds.world.records import Records
from rounds.world.state import Acceptance, Channel, Now, Scene, State
from rounds.world.trial_population import Outcomes, VisitOutcomes, outcomes
from rounds.world.visit_truth import first_visits_turned, visits_turned
from rounds.world.week import live_week

__all__ = [
    "Told",
    "lived",
    "make_truth",
    "outcomes_everywhere",
    "outcomes_nowhere",
    "potential_outcomes",
    "told_of_visits",
    "write_sealed",
]

_MEASURES = {
    "intensified": ("primary", "intensified-after-first-uncontrolled"),
    "low_pressure": ("balancing", "low-pressure-after-first-uncontrolled"),
    "systolic": ("secondary", "systolic-after-first-uncontrolled"),
    "controlled": ("secondary", "controlled-after-first-uncontrolled"),
}
_POPULATION = (
    "Persons aged 18 to 85 with hypertension on the problem list on or before the "
    "visit, from their first outpatient visit in the enrolment window with a lowest "
    "systolic of 140 mmHg or more or a lowest diastolic of 90 or more that day; "
    "without pregnancy, end-stage renal disease, dialysis, kidney transplant or "
    "palliative care recorded on or before it."
)
_CLOSED = (
    " Those whose first such visit falls on a day on which nobody is enrolled "
    "(`config.closed`, days after go-live) are left out."
)
_AT_MARGINS = (
    " There are two cards: each difference is at the margins, the plain average of it "
    "with the other card nowhere and with the other everywhere; `factorial` tells the "
    "second card, the interaction of the two in intensified (both, less each alone), "
    "and each cell against neither."
)
_OF_VISITS = {"intensified": ("primary", "treatment-intensified")}
"""What is read of every visit, where each was randomised; the rest of persons."""
_EACH_VISIT = (
    " Treatment intensified is of every such visit, not the first alone (`n_visits`)."
)
_DIFFERENCE = (
    "Mean with the card everywhere minus mean with it nowhere, from the same persons "
    "with the same luck. `difference` counts everyone (an event not recorded is no "
    "event) for intensified and low_pressure; `difference_observed` compares those "
    "observed in each world, as an analysis of recorded outcomes does, and is the only "
    "one for systolic and controlled. `effect` is the difference of intensified, "
    "`harm` the observed difference of low_pressure."
)
_DIFFERENCE_OF_VISITS = (
    "Each visit was randomised. `everywhere` is with the card at that visit and "
    "`nowhere` without, the past and the cards of later visits as they were lived: of "
    "every eligible visit for intensified, of each person's first for the others. "
    "`difference` counts everyone (an event not recorded is no event); "
    "`difference_observed` compares those observed either way. `effect` is the "
    "difference of intensified, `harm` the observed difference of low_pressure."
)
AnyOutcomes = Outcomes | VisitOutcomes


def potential_outcomes(
    config: WorldConfig,
    scene: Scene,
    at_go_live: tuple[State, Records],
    acceptance: Acceptance,
) -> tuple[Outcomes, Outcomes]:
    """Live the trial twice from go-live: with the card everywhere, and nowhere.

    Returns
    -------
    tuple of two Outcomes
        Everywhere, nowhere; the same persons in the same order.
    """
    everywhere = outcomes_everywhere(config, scene, at_go_live, acceptance)
    return everywhere, outcomes_nowhere(config, scene, at_go_live)


def outcomes_everywhere(
    config: WorldConfig,
    scene: Scene,
    at_go_live: tuple[State, Records],
    acceptance: Acceptance,
) -> Outcomes:
    """Live the trial from go-live with the card wherever it is due."""
    return lived(config, scene, at_go_live, acceptance, Everywhere(scene))


def outcomes_nowhere(
    config: WorldConfig, scene: Scene, at_go_live: tuple[State, Records]
) -> Outcomes:
    """Live the trial from go-live without a card.

    It is the same whatever effect and harm are planted: both act through cards alone.
    """
    return lived(config, scene, at_go_live, Acceptance(), None)


def lived(
    config: WorldConfig,
    scene: Scene,
    at_go_live: tuple[State, Records],
    acceptance: Acceptance,
    channel: Channel | None,
    *,
    second: Channel | None = None,
) -> Outcomes:
    """Live the trial from go-live with these cards, and give its outcomes."""
    start = scene.go_live_week
    end = start + config.weeks + WEEKS_FOLLOW_UP
    state, records = at_go_live[0].copy(), at_go_live[1].copy()
    for week in range(start, end):
        live_week(Now(scene, week, state, records, acceptance), channel, second)
    last = 7 * (start + config.weeks)
    return outcomes(scene, records, 7 * start, last, config.closed)


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """Potential outcomes with the card and without, and what they are."""

    persons: tuple[Outcomes, Outcomes]
    visits: tuple[VisitOutcomes, VisitOutcomes] | None = None
    """Of every visit, where each was randomised."""
    second: tuple[Outcomes, Outcomes] | None = None
    """With the second card alone everywhere, and with both, where there are two."""

    def pairs(self, name: str) -> list[tuple[AnyOutcomes, AnyOutcomes]]:
        """Give with and without of one outcome, in each world that it is told of.

        There are two of them, without the second card and with it, where there is one:
        the truth is then their average, at the margins.
        """
        if self.visits is not None and name in _OF_VISITS:
            return [self.visits]
        if self.second is None:
            return [self.persons]
        return [self.persons, (self.second[1], self.second[0])]

    @property
    def measures(self) -> dict[str, tuple[str, str]]:
        """Outcome → its role and the measure that it mirrors."""
        return _MEASURES if self.visits is None else _MEASURES | _OF_VISITS

    def population(self, *, closed: bool) -> dict[str, object]:
        """Say who is counted, and how many."""
        persons = len(self.persons[0].person)
        if self.visits is None:
            said = _POPULATION + (_CLOSED if closed else "")
            return {"definition": said, "n": persons}
        n_visits = len(self.visits[0].person)
        said = _POPULATION + _EACH_VISIT
        return {"definition": said, "n": persons, "n_visits": n_visits}


def told_of_visits(
    config: WorldConfig,
    scene: Scene,
    at_go_live: tuple[State, Records],
    acceptance: Acceptance,
    lived: Records,
) -> Told:
    """Turn the cards of a trial round that was lived to its end."""
    past = (config, scene, at_go_live, acceptance, lived)
    return Told(first_visits_turned(*past), visits_turned(*past))


def make_truth(
    config: WorldConfig,
    scene: Scene,
    at_go_live: tuple[State, Records],
    acceptance: Acceptance,
    clinic_names: NDArray[np.str_],
    *,
    potential: Told,
    opportunities: dict[str, object] | None = None,
) -> dict[str, object]:
    """Gather everything that the grader may want to know."""
    ranked = {"opportunities": opportunities} if opportunities else {}
    clinics = scene.clinics
    told = _told_of(scene, potential.measures, potential.pairs)
    second = potential.second
    crossed: dict[str, object] = {}
    if second is not None:
        crossed = {"factorial": _crossed(scene, *potential.persons, *second)}
    definition = _DIFFERENCE_OF_VISITS if config.by_visit else _DIFFERENCE
    return {
        "version": 1,
        "problem": TRIAL,
        "config": {k: _plain(v) for k, v in dataclasses.asdict(config).items()},
        "population": potential.population(closed=bool(config.closed)),
        "definition": definition + (_AT_MARGINS if second else ""),
        "effect": _headline(told["intensified"], "difference"),
        "harm": _headline(told["low_pressure"], "difference_observed"),
        "outcomes": told,
        "equity_gap": equity_gap(scene, at_go_live[1]),
        "acceptance": {
            "intercept": _finite(acceptance.intercept),
            "overshoot": acceptance.overshoot,
        },
        "random_effects": [
            {
                "clinic": str(name),
                "process_logit": round(float(process), 6),
                "pressure_mmhg": round(float(pressure), 6),
                "is_outlier": bool(outlier),
            }
            for name, process, pressure, outlier in zip(
                clinic_names,
                clinics.process,
                clinics.pressure,
                clinics.is_outlier,
                strict=True,
            )
        ],
        "outliers": [str(name) for name in clinic_names[clinics.is_outlier]],
        "faults": {name: FAULTS[name] for name in config.faults},
        **ranked,
        **crossed,
    }


def _told_of(
    scene: Scene,
    measures: Mapping[str, tuple[str, str]],
    pairs: Callable[[str], list[tuple[AnyOutcomes, AnyOutcomes]]],
) -> dict[str, dict[str, Any]]:
    """Give every measure's difference, the plain average over pairs of worlds."""
    return {
        name: {
            "role": role,
            "measure": measure,
            **averaged([_effect(scene, on, off, name) for on, off in pairs(name)]),
        }
        for name, (role, measure) in measures.items()
    }


def _crossed(
    scene: Scene, on: Outcomes, off: Outcomes, second: Outcomes, both: Outcomes
) -> dict[str, object]:
    """Tell the second card at the margins, and the primary inside the table."""
    told = _told_of(scene, _MEASURES, lambda _: [(second, off), (both, on)])
    alone, other, together, beside = (
        _effect(scene, one, none, "intensified")["overall"]["difference"]
        for one, none in ((on, off), (second, off), (both, off), (both, second))
    )
    return {
        "second": {
            "effect": _headline(told["intensified"], "difference"),
            "harm": _headline(told["low_pressure"], "difference_observed"),
            "outcomes": told,
        },
        "interaction": beside - alone,
        "first_alone": alone,
        "second_alone": other,
        "both": together,
    }


def _headline(told: dict[str, Any], key: str) -> dict[str, object]:
    """Give one difference alone, overall and by group."""
    return {
        "measure": told["measure"],
        "overall": told["overall"].get(key),
        "by": {
            by: {label: one.get(key) for label, one in groups.items()}
            for by, groups in told["by"].items()
        },
    }


def _effect(
    scene: Scene, on: AnyOutcomes, off: AnyOutcomes, name: str
) -> dict[str, Any]:
    """Give one difference overall and by group."""
    everyone = np.ones(len(on.person), dtype=bool)
    groups = _groups(scene, on)
    return {
        "overall": _difference(on, off, name, everyone),
        "by": {
            by: {label: _difference(on, off, name, rows) for label, rows in of.items()}
            for by, of in groups.items()
        },
    }


def _groups(scene: Scene, on: AnyOutcomes) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Give the rows of every group by which truth is told."""
    quartile = svi_quartile(scene, on)
    female = scene.persons.is_female[on.person]
    age = scene.persons.age_on(on.person, on.index_day)
    bands = {"18-44": (18, 44), "45-64": (45, 64), "65-85": (65, 85)}
    return {
        "svi_quartile": {str(q): quartile == q for q in (1, 2, 3, 4)},
        "sex": {"F": female, "M": ~female},
        "age": {k: (age >= low) & (age <= high) for k, (low, high) in bands.items()},
    }


def svi_quartile(scene: Scene, on: AnyOutcomes) -> NDArray[np.integer]:
    """Give quartiles 1 to 4 of the national rank, cut at .25, .5 and .75."""
    return 1 + np.searchsorted([0.25, 0.5, 0.75], scene.persons.svi[on.person], "right")


def _difference(
    on: AnyOutcomes, off: AnyOutcomes, name: str, rows: NDArray[np.bool_]
) -> dict[str, object]:
    """Compare the two worlds in some rows; None where nobody can be compared."""
    n = int(rows.sum())
    told: dict[str, object] = {"n": n}
    values = [np.asarray(getattr(o, name), dtype=float)[rows] for o in (on, off)]
    seen = [~np.isnan(v) for v in values]
    if name == "low_pressure":
        seen = [getattr(o, f"{name}_observed")[rows] for o in (on, off)]
    if name in ("intensified", "low_pressure") and n:
        told["everywhere"], told["nowhere"] = (float(v.mean()) for v in values)
        told["difference"] = float((values[0] - values[1]).mean())
    told["n_observed"] = [int(s.sum()) for s in seen]
    if all(s.any() for s in seen):
        means = [float(v[s].mean()) for v, s in zip(values, seen, strict=True)]
        told["observed_everywhere"], told["observed_nowhere"] = means
        told["difference_observed"] = means[0] - means[1]
    else:
        told["difference_observed"] = None
    return told


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _plain(value: object) -> object:
    """Give dates as ISO text and tuples as lists."""
    isoformat = getattr(value, "isoformat", None)
    if isoformat:
        return isoformat()
    return list(value) if isinstance(value, tuple) else value


def write_sealed(path: Path, truth: dict[str, object]) -> None:
    """Write the truth for its owner alone (mode 0600), whole or not at all."""
    text = json.dumps(truth, indent=2, sort_keys=True, allow_nan=False) + "\n"
    draft = path.with_name(path.name + ".part")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
