"""CONSORT's items of its extensions for stepped wedges and cross-overs."""

from itertools import pairwise

from rounds.nouns import Evaluation, Schedule
from rounds.reports.checklists.answers import (
    Answer,
    Answers,
    absent,
    joined,
    not_yet,
    partly,
    reported,
    within,
)
from rounds.reports.checklists.trial import Trial
from rounds.reports.wording import day, said, span

__all__ = ["named_in_title", "over_time"]

_NAMES = {
    "stepped_wedge": ("stepped wedge", "stepped-wedge"),
    "cluster_crossover": ("cross-over", "crossover"),
}


def over_time(trial: Trial, told: Answers) -> Answers:
    """Answer what is asked of a trial whose arms change over time.

    Parameters
    ----------
    trial : Trial
    told : dict of str to Answer
        What was said to CONSORT's own items and to those for clusters.

    Returns
    -------
    dict of str to Answer
        Of the extension for its design alone; empty where arms stay as they are.
    """
    schedule = trial.rollout.design.schedule
    if schedule is None:
        return {}
    if schedule.kind == "stepped_wedge":
        found = {
            **_wedge_methods(trial, schedule, told),
            **_wedge_results(trial, schedule, told),
        }
        return {f"{item}/stepped-wedge": answer for item, answer in found.items()}
    found = _crossover(trial, schedule, told)
    return {f"{item}/crossover": answer for item, answer in found.items()}


def named_in_title(trial: Trial, names: tuple[str, ...]) -> Answer:
    """Say whether the title names the design, by any of its names."""
    quoted = f"“{trial.protocol.title}”"
    where = within("Change", trial.protocol, "title")
    if any(name in trial.protocol.title.lower() for name in names):
        return reported(quoted, where)
    return partly(quoted, where, f"that it is a {names[0]} trial")


def _abstract(name: str) -> Answer:
    return partly(
        "The report opens with the question, the result, its checks and the decision.",
        "the head of the report",
        f"an abstract that names the {name}",
    )


def _shape(trial: Trial, schedule: Schedule) -> Answer:
    rows, n = schedule.sequences, trial.rollout.n_units
    days = [(b - a).days for a, b in pairwise(schedule.period_starts)]
    each = f"{days[0]}" if len(set(days)) == 1 else ", ".join(map(str, days))
    given = "" if n is None else f"{n} clinics, "
    return reported(
        f"{given}{len(rows)} sequences, {len(schedule.period_starts)} periods that "
        f"begin {each} days apart; in the last {schedule.transition_days} days of "
        "each but the last nobody is enrolled. A table shows each sequence's arms. A "
        "patient counts once, in the period of the index visit.",
        within("Change", trial.rollout, "design.schedule"),
    )


def _steps(trial: Trial, schedule: Schedule) -> Answer:
    starts = ", ".join(day(start) for start in schedule.period_starts)
    return reported(
        f"Periods begin on {starts}; enrolment was planned for "
        f"{span(trial.protocol.enrolment)}.",
        within("Change", trial.rollout, "design.schedule"),
    )


def _departures(found: Evaluation | None) -> Answer:
    """Say whether clinics switched when they should."""
    if found is None:
        return not_yet("evaluation")
    seen = [d.detail for d in found.diagnostics if d.name == "adherence" and d.detail]
    if not seen:
        return absent("on which days clinics switched in fact")
    return reported(" ".join(seen), within("Evaluation", found, "diagnostics"))


def _model(trial: Trial) -> Answer:
    return reported(
        "Time is taken into account by period, and a patient counts once.",
        within("Change", trial.protocol, "analysis"),
    )


def _wedge_methods(trial: Trial, schedule: Schedule, told: Answers) -> Answers:
    where = within("Change", trial.rollout, "notification")
    maintained = reported(
        "Once a clinic has switched, the card stays on.",
        within("Change", trial.rollout, "design.schedule"),
    )
    return {
        "1a": named_in_title(trial, _NAMES["stepped_wedge"]),
        "1b": _abstract("stepped wedge"),
        "2a": absent("why clinics were randomised, and why to a stepped wedge"),
        "3a": joined(
            told["3a/cluster"],
            _shape(trial, schedule),
            absent("how many clinics each sequence got"),
        ),
        "4a": joined(told["4a"], told["4a/cluster"]),
        "5": joined(told["5"], told["5/cluster"], maintained),
        "7a": joined(told["7a"], told["7a/cluster"]),
        "8b": joined(told["8b"], told["8b/cluster"]),
        "9": joined(told["9"], told["9/cluster"]),
        "10a": joined(told["10"], absent("who enrolled the clinics")),
        "10b": told["10/cluster"],
        "10c": joined(
            told["ROUTINE-4"], reported("With the card and without it alike.", where)
        ),
        "11a": told["11a"],
        "12a": joined(told["12a"], told["12a/cluster"], _model(trial)),
    }


def _wedge_results(trial: Trial, schedule: Schedule, told: Answers) -> Answers:
    rollout = trial.rollout
    chosen = rollout.determination
    return {
        "13a": joined(told["13a"], told["13a/cluster"]),
        "13b": joined(told["13b"], absent("which clinics left, and why")),
        "14a": joined(
            told["14a"], _steps(trial, schedule), _departures(trial.evaluation)
        ),
        "15": joined(told["15"], told["15/cluster"]),
        "16": joined(told["16"], told["13a/cluster"]),
        "17a": joined(
            told["17a"],
            told["17a/cluster"],
            _by_exposure(trial.evaluation),
            absent("the effects of time that were estimated"),
        ),
        "26": partly(
            f"Determination: {chosen.outcome}, by {chosen.decided_by}. {chosen.review}"
            f" {_consent(trial)}".replace("  ", " "),
            within("Change", rollout, "determination, notification"),
            "the committee that reviewed it, and why consent was waived or modified",
        ),
    }


def _consent(trial: Trial) -> str:
    return {
        "notice": "Patients were given notice.",
        "opt_out": "Patients could decline.",
        "consent": "Patients were asked for consent.",
    }[trial.rollout.notification]


def _by_exposure(found: Evaluation | None) -> Answer:
    """Say the effect by time since the switch; nothing of it while sealed."""
    if found is None or found.schedule is None:
        return not_yet("evaluation")
    told = "; ".join(
        f"in period {one.periods_since} with the card {said(one.estimate).line}"
        for one in found.schedule.by_exposure_time
    )
    if not told:
        return absent("the effect by time since the switch")
    where = within("Evaluation, The answer", found, "schedule.by_exposure_time")
    return reported(f"Beside it, {told}.", where)


def _crossover(trial: Trial, schedule: Schedule, told: Answers) -> Answers:
    by_period = absent("the same for each sequence and period")
    assigned = reported(
        "Clinics were assigned to sequences of both arms.",
        within("Change", trial.rollout, "design.schedule"),
    )
    return {
        "1a": named_in_title(trial, _NAMES["cluster_crossover"]),
        "1b": _abstract("cross-over"),
        "2a": absent("why clinics were randomised, and why each of them got both"),
        "3a": joined(_shape(trial, schedule), absent("what was thought of carry-over")),
        "7a": joined(
            told["7a"],
            absent("the correlations in a period and between periods"),
        ),
        "10": joined(told["10"], assigned),
        "12a": joined(told["12a"], told["12a/cluster"], _model(trial)),
        "13a": joined(told["13a"], told["13a/cluster"], by_period),
        "13b": joined(told["13b"], by_period),
        "14a": joined(told["14a"], _steps(trial, schedule)),
        "15": joined(told["15"], by_period),
        "16": joined(told["16"], told["13a/cluster"]),
        "17a": joined(
            told["17a"],
            told["17a/cluster"],
            _within_clinics(trial.evaluation),
            absent("the results of each period, and the correlation between periods"),
        ),
        "19": joined(told["19"], absent("harms that may have outlasted a period")),
        "20": joined(told["20"], absent("what carry-over may have done")),
    }


def _within_clinics(found: Evaluation | None) -> Answer:
    if found is None or found.schedule is None:
        return not_yet("evaluation")
    estimate = found.schedule.within_clinics
    if estimate is None:
        return absent("the effect within clinics alone")
    where = within("Evaluation, The answer", found, "schedule.within_clinics")
    return reported(f"Within clinics alone: {said(estimate).line}.", where)
