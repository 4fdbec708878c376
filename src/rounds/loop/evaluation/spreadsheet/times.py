"""Times until an event: the hazard ratio, and mean times up to a horizon."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.question import Fit, Question
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.survival.cox import cox
from rounds.methods.survival.kaplan_meier import compare_rmst, kaplan_meier

__all__ = ["hazards", "mean_times"]

Floats = NDArray[np.float64]

_P_PROPORTIONAL = 0.05


def hazards(trial: Trial, X: Floats, question: Question) -> Fit:
    """Give the hazard ratio, and whether it is one at all times.

    Parameters
    ----------
    trial, X, question
        As of `summarise`.

    Raises
    ------
    ValueError
        If an arm has no event, or as `cox`.
    """
    known = trial.observed
    time, event = trial.roles["time"][known], trial.outcome[known]
    _insist_on_events(trial)
    clusters = None if trial.clusters is None else trial.clusters[known]
    found = cox(time, event, np.delete(X, 1, axis=1), clusters, level=question.level)
    estimate, lower, upper = np.exp([found.estimate, found.lower, found.upper]).tolist()
    details: dict[str, object] = {"n_events": found.n_events}
    note = (
        "The hazard ratio was not checked to be one at all times: every event is at "
        "the same time."
    )
    if found.proportionality:
        p_value = found.proportionality[0].p_value
        details["proportional_hazards_p"] = p_value
        note = _on_proportionality(p_value)
    details["arms"] = _curves(trial, question.level)
    return Fit(
        estimate,
        lower,
        upper,
        found.p_value,
        found.df,
        se=found.se,
        lead=_events(trial),
        details=details,
        notes=(note,),
    )


def _on_proportionality(p_value: float) -> str:
    if p_value < _P_PROPORTIONAL:
        return (
            f"The hazard ratio changes with time (Grambsch and Therneau's test, p = "
            f"{p_value:.2g}): one number is an average that depends on how long "
            "persons were seen; --summary rmst-difference does not assume it."
        )
    return (
        "No change of the hazard ratio with time was seen (Grambsch and Therneau's "
        f"test, p = {p_value:.2g}), which is not to say that there is none."
    )


def mean_times(trial: Trial, _: Floats, question: Question) -> Fit:
    """Compare mean times without the event up to a horizon.

    Parameters
    ----------
    trial, question
        As of `summarise`.

    Raises
    ------
    ValueError
        As `compare_rmst`.
    """
    known = trial.observed
    _insist_on_events(trial)
    found = compare_rmst(
        trial.roles["time"][known],
        trial.outcome[known],
        trial.active[known],
        question.horizon,
        None if trial.clusters is None else trial.clusters[known],
        ratio=question.scale == "rmst-ratio",
        level=question.level,
    )
    arms = _curves(trial, question.level)
    for arm, mean in zip(arms, found.arms, strict=True):
        arm |= {"mean_time": mean.value, "se": mean.se}
    one, other = found.arms
    details: dict[str, object] = {"horizon": float(found.horizon), "arms": arms}
    lead = (
        f"Up to {found.horizon:g} the mean time without the event is {other.value:.3g} "
        f"in the arm {trial.labels[1]!r}, {one.value:.3g} in {trial.labels[0]!r}"
    )
    notes: tuple[str, ...] = ()
    if question.horizon is None:
        note = (
            f"The horizon {found.horizon:g} is about the last time at which both arms "
            "have somebody who is seen: name the protocol's with --horizon."
        )
        notes = (note,)
    return Fit(
        found.estimate,
        found.lower,
        found.upper,
        found.p_value,
        found.df,
        se=found.se,
        lead=lead,
        details=details,
        notes=notes,
    )


def _insist_on_events(trial: Trial) -> None:
    for arm, label in zip((~trial.active, trial.active), trial.labels, strict=True):
        if not trial.outcome[trial.observed & arm].any():
            raise ValueError(f"nobody in the arm {label!r} was seen to have the event")


def _events(trial: Trial) -> str:
    counts = []
    for arm in (trial.active, ~trial.active):
        some = trial.outcome[trial.observed & arm]
        counts.append(f"{int(some.sum()):,} of {len(some):,}")
    return (
        f"In the arm {trial.labels[1]!r} {counts[0]} were seen to have the event, in "
        f"{trial.labels[0]!r} {counts[1]}"
    )


def _curves(trial: Trial, level: float) -> list[dict[str, object]]:
    """Give each arm's events and median, the one that is compared with first."""
    found: list[dict[str, object]] = []
    for arm, label in zip((~trial.active, trial.active), trial.labels, strict=True):
        some = trial.observed & arm
        times, events = trial.roles["time"][some], trial.outcome[some]
        curve = kaplan_meier(times, events, level=level)
        told: dict[str, object] = {
            "label": label,
            "n": int(some.sum()),
            "n_events": int(events.sum()),
            "median": curve.median,
        }
        if trial.clusters is None:  # the interval takes persons for independent
            told |= {"median_lower": curve.median_lower}
            told |= {"median_upper": curve.median_upper}
        found.append(told)
    return found
