"""The designs that are compared, each as it would be frozen for so many weeks."""

import datetime as dt
from dataclasses import dataclass

from rounds.nouns import Design, Factors, Period, Protocol, Schedule

__all__ = [
    "DESIGNS",
    "TrialDesign",
    "compared",
    "fewest_weeks",
    "in_weeks",
]

_PERIODS = {"stepped_wedge": 4, "cluster_crossover": 2}
_NO_MARGIN = 1e9
"""Beyond which no interaction lies: none was fixed beforehand."""
_FEWEST_OPEN = 2
"""Weeks of enrolment in a period."""


@dataclass(frozen=True)
class TrialDesign:
    """One way to randomise, and what its analysis adjusts for.

    Parameters
    ----------
    name : str
        `clinic`, `matched-pairs`, …; as commands have it.
    title : str
        In words.
    design : Design
        Without the days of a schedule.
    covariates : tuple of str
        Of the analysis.
    scheduled : str
        The kind of its schedule; empty where arms run in parallel.
    schedule : Schedule, optional
        The planned one, for the planned weeks.
    planned : bool
        Whether it is the one that turn.yaml names.
    """

    name: str
    title: str
    design: Design
    covariates: tuple[str, ...]
    scheduled: str = ""
    schedule: Schedule | None = None
    planned: bool = False


_BY_CLINIC = ("stratum", "baseline_rate")
_STRATA = ("size", "baseline_rate")


def _design(**said: object) -> Design:
    return Design.model_validate(said)


DESIGNS: dict[str, TrialDesign] = {
    one.name: one
    for one in (
        TrialDesign(
            "clinic",
            "clinics in parallel, in blocks",
            _design(unit="clinic", strata=_STRATA),
            _BY_CLINIC,
        ),
        TrialDesign(
            "matched-pairs",
            "clinics in matched pairs",
            _design(unit="clinic", allocation="matched_pairs"),
            ("stratum",),
        ),
        TrialDesign(
            "covariate-constrained",
            "clinics, covariate-constrained",
            _design(unit="clinic", allocation="covariate_constrained"),
            _STRATA,
        ),
        TrialDesign(
            "stepped-wedge",
            "stepped wedge, 4 periods",
            _design(unit="clinic", strata=_STRATA),
            _BY_CLINIC,
            "stepped_wedge",
        ),
        TrialDesign(
            "cluster-crossover",
            "cluster cross-over, 2 periods",
            _design(unit="clinic", strata=_STRATA),
            _BY_CLINIC,
            "cluster_crossover",
        ),
        TrialDesign(
            "patient",
            "patients in parallel, in blocks by clinic",
            _design(unit="patient", strata=("clinic",)),
            ("stratum",),
        ),
        TrialDesign(
            "minimisation",
            "patients, by minimisation",
            _design(unit="patient", allocation="minimisation"),
            ("clinic", "sex", "age_band"),
        ),
        TrialDesign(
            "factorial",
            "clinics to four cells of two cards",
            _design(
                unit="clinic",
                strata=_STRATA,
                factors=Factors(
                    first="the first card",
                    second="the second card",
                    interaction_margin=_NO_MARGIN,
                ),
            ),
            _BY_CLINIC,
        ),
        TrialDesign(
            "encounter",
            "visits, in blocks by clinic",
            _design(unit="encounter", strata=("clinic",)),
            ("stratum",),
        ),
        TrialDesign(
            "response-adaptive",
            "patients, chances following looks",
            _design(unit="patient", allocation="response_adaptive"),
            ("stratum",),
        ),
    )
}
"""The designs that are compared, as they usually are."""


def compared(planned: Design, covariates: tuple[str, ...]) -> list[TrialDesign]:
    """Give the planned design as it is planned, first, and the others as usual.

    Parameters
    ----------
    planned : Design
    covariates : tuple of str
        Of the protocol to be.
    """
    kind = "" if planned.schedule is None else planned.schedule.kind
    name = _name_of(planned, kind)
    usual = DESIGNS[name]
    title = usual.title
    if planned.schedule is not None:
        n = len(planned.schedule.period_starts)
        title = f"{title.partition(',')[0]}, {n} periods"
    mine = TrialDesign(
        name,
        title,
        planned.model_copy(update={"schedule": None}),
        covariates,
        kind,
        planned.schedule,
        planned=True,
    )
    return [mine, *(one for one in DESIGNS.values() if one.name != name)]


def _name_of(design: Design, kind: str) -> str:
    if kind:
        return kind.replace("_", "-")
    if design.factors is not None:
        return "factorial"
    if design.allocation != "permuted_blocks":
        return design.allocation.replace("_", "-")
    return design.unit


def fewest_weeks(one: TrialDesign, follow_up_days: int) -> int:
    """Give the weeks under which a design cannot be.

    In a wedge or a cross-over nobody is enrolled for as long as follow-up lasts before
    each step.
    """
    n = _n_periods(one)
    if n == 1:
        return _FEWEST_OPEN
    return n * _FEWEST_OPEN + (n - 1) * _closed(follow_up_days)


def in_weeks(
    one: TrialDesign, protocol: Protocol, weeks: int
) -> tuple[Design, Protocol]:
    """Give design and protocol of a trial of so many weeks.

    Parameters
    ----------
    one : TrialDesign
    protocol : Protocol
        As planned, of whatever design: its endpoints, its first day.
    weeks : int
        Of enrolment, at least `fewest_weeks`.

    Returns
    -------
    design, protocol
        A wedge or a cross-over has the planned schedule in the planned weeks; in other
        weeks periods open equally long, each but the last with a transition of the
        follow-up after it.
    """
    end = protocol.go_live + dt.timedelta(days=7 * weeks - 1)
    schedule = None
    if one.scheduled:
        as_planned = one.schedule is not None and end == protocol.enrolment.end
        schedule = one.schedule if as_planned else _schedule(one, protocol, weeks)
    design = one.design.model_copy(update={"schedule": schedule})
    return design, protocol.model_copy(
        update={
            "unit_of_randomisation": design.unit,
            "allocation": design.allocation,
            "covariates": one.covariates,
            "schedule": schedule,
            "factors": design.factors,
            "adaptation": design.adaptation,
            "level": _level(design, protocol),
            "enrolment": Period(start=protocol.go_live, end=end),
            "looks": None,
            "guardrails": (),
        }
    )


def _schedule(one: TrialDesign, protocol: Protocol, weeks: int) -> Schedule:
    n, closed = _n_periods(one), _closed(protocol.follow_up_days)
    length = dt.timedelta(weeks=(weeks - closed * (n - 1)) // n + closed)
    said: dict[str, object] = {
        "kind": one.scheduled,
        "period_starts": tuple(protocol.go_live + i * length for i in range(n)),
        "transition_days": 7 * closed,
    }
    if one.schedule is not None:
        said["sequences"] = one.schedule.sequences
        said["not_enrolling"] = one.schedule.not_enrolling
    return Schedule.model_validate(said)


def _n_periods(one: TrialDesign) -> int:
    if one.schedule is not None:
        return len(one.schedule.period_starts)
    return _PERIODS.get(one.scheduled, 1)


def _closed(follow_up_days: int) -> int:
    return -(-follow_up_days // 7)


def _level(design: Design, protocol: Protocol) -> float:
    """Give the level of a design: where two comparisons share it, one has it whole."""
    shared = protocol.factors is not None and (
        protocol.factors.multiplicity == "bonferroni"
    )
    if shared and design.factors is None:
        return 1 - 2 * (1 - protocol.level)
    return protocol.level
