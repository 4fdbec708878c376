"""CONSORT's items of its extension for adaptive designs (ACE)."""

from rounds.nouns import Evaluation, LookPlan
from rounds.reports.checklists.answers import (
    Answer,
    Answers,
    absent,
    joined,
    not_applicable,
    not_yet,
    partly,
    reported,
    within,
)
from rounds.reports.checklists.trial import Trial
from rounds.reports.wording import day, percent, said

__all__ = ["adaptive"]

_LOOKS = {
    "group_sequential": "group-sequential",
    "always_valid": "always-valid",
    "bayesian": "Bayesian",
    "safety": "safety",
}


def adaptive(trial: Trial, told: Answers) -> Answers:
    """Answer what is asked of a trial that looks may end, pause or tilt.

    Parameters
    ----------
    trial : Trial
    told : dict of str to Answer
        What was said to CONSORT's own items.

    Returns
    -------
    dict of str to Answer
        Of the extension for adaptive designs alone; empty where no looks are planned.
    """
    plan = trial.protocol.looks
    if plan is None:
        return {}
    found = {**_methods(trial, plan, told), **_results(trial, told)}
    return {f"{item}/adaptive": answer for item, answer in found.items()}


def _methods(trial: Trial, plan: LookPlan, told: Answers) -> Answers:
    protocol = trial.protocol
    looks = within("Change", protocol, "looks")
    guarded = ", ".join(one.endpoint for one in protocol.guardrails)
    others = (
        reported(
            f"Guardrails look at {guarded}.", within("Change", protocol, "guardrails")
        )
        if guarded
        else reported("No outcome but the primary leads to a look's verdict.", looks)
    )
    return {
        "1b": partly(
            "The report opens with the question, the result, its checks and the "
            "decision.",
            "the head of the report",
            "an abstract that names the adaptive design and what looks led to",
        ),
        "3b": _design(trial, plan),
        "3c": told["3b"],
        "6a": joined(told["6a"], others),
        "6b": told["6b"],
        "7a": joined(
            told["7a"],
            reported(
                f"Planned standard error of the primary estimate {plan.planned_se:g}.",
                looks,
            ),
            absent("the operating characteristics (rounds evaluation bounds)"),
        ),
        "7b": _rules(trial, plan, told),
        "8b": joined(told["8b"], _allocation(trial)),
        "11c": reported(
            "What a look saw goes to the monitoring board alone. All others are told "
            "that it was made and whether the trial goes on, with a hash that holds "
            "the board's copy to what was seen.",
            looks,
        ),
        "12b": partly(
            f"{protocol.analysis}",
            within("Change", protocol, "analysis"),
            "whether the final estimate and interval allow for the looks",
        ),
    }


def _design(trial: Trial, plan: LookPlan) -> Answer:
    protocol = trial.protocol
    where = within("Change", protocol, "looks")
    for_safety = plan.looks == "safety"
    does = "that read guardrails alone" if for_safety else "that may end it early"
    kinds = [f"{_LOOKS[plan.looks]} looks {does}"]
    if protocol.guardrails:
        kinds.append("guardrails that pause it by themselves")
    if protocol.adaptation is not None:
        kinds.append(f"allocation that is {protocol.adaptation.in_words}")
        where = within("Change", protocol, "looks, adaptation")
    read = (
        "Looks read the harm that guardrails name, and nothing of the benefit."
        if for_safety
        else "Looks read the estimate of the primary outcome and its variance."
    )
    return reported(f"Planned: {'; '.join(kinds)}. {read}", where)


def _rules(trial: Trial, plan: LookPlan, told: Answers) -> Answer:
    where = within("Change", trial.protocol, "looks")
    said_too = []
    if plan.dates:
        days = ", ".join(day(one) for one in plan.dates)
        said_too.append(f"Looks were planned from {days}.")
    if plan.futility is not None or plan.futile_probability is not None:
        said_too.append("Futility binds nobody.")
    answers = [told["7b"]]
    if said_too:
        answers.append(reported(" ".join(said_too), where))
    answers.append(_made(trial.evaluation))
    return joined(*answers)


def _made(found: Evaluation | None) -> Answer:
    if found is None:
        return not_yet("evaluation")
    ended = found.after_looks
    if ended is None:
        return absent("how many looks were made")
    s = "" if ended.looks == 1 else "s"
    return partly(
        f"{ended.looks} look{s} made before the final evaluation.",
        within("Evaluation", found, "after_looks"),
        "the days of the looks",
    )


def _allocation(trial: Trial) -> Answer:
    adaptation = trial.protocol.adaptation
    if adaptation is None:
        return reported(
            "No look changes the allocation.",
            within("Change", trial.rollout, "design.allocation"),
        )
    where = within("Change", trial.protocol, "adaptation")
    words = adaptation.in_words
    return reported(f"{words[:1].upper()}{words[1:]}.", where)


def _results(trial: Trial, told: Answers) -> Answers:
    return {
        "13a": told["13a"],
        "14a": told["14a"],
        "14c": _decided(trial.evaluation),
        "15b": absent("the patients of each stage of the trial, side by side"),
        "17c": _interim(trial.evaluation),
        "20": joined(
            told["20"], absent("departures from the planned looks and adaptations")
        ),
        "24b": joined(told["24"], absent("the monitoring board's charter")),
    }


def _decided(found: Evaluation | None) -> Answer:
    """Say what looks led to, as everybody may know it."""
    if found is None:
        return not_yet("evaluation")
    ended = found.after_looks
    if ended is None:
        return absent("what looks led to")
    told = []
    if ended.paused:
        days = ", ".join(day(one) for one in ended.paused)
        told.append(f"A guardrail ({', '.join(ended.crossed)}) paused it on {days}.")
    if ended.stopped is not None:
        grounds = f" Grounds: {ended.grounds}." if ended.grounds else ""
        told.append(
            f"{ended.stopped_by} ended it on {day(ended.stopped)}: "
            f"{ended.reason.rstrip('.')}.{grounds}"
        )
    if not told:
        told.append("No look paused it or ended it early.")
    if found.adaptive is not None and found.adaptive.chances:
        chances = ", ".join(percent(one) for one in found.adaptive.chances)
        told.append(f"Chances of the card, epoch by epoch: {chances}.")
    return reported(" ".join(told), within("Evaluation", found, "after_looks"))


def _interim(found: Evaluation | None) -> Answer:
    """Say where interim results are; they are published nowhere else."""
    if found is None:
        return not_yet("evaluation")
    if found.after_looks is not None and found.after_looks.looks == 0:
        return not_applicable("No look was made before the end.")
    other = found.adaptive
    missing = "what each look saw, which is in the monitoring board's packet"
    if other is None or other.even_share is None:
        return absent(missing)
    return partly(
        "Of those alone who were as likely in either arm: "
        f"{said(other.even_share).line}.",
        within("Evaluation, The answer", found, "adaptive.even_share"),
        missing,
    )
