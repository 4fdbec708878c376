"""CONSORT's items from the results on: from evaluation and decision."""

from rounds.methods.estimands.scales import is_ratio
from rounds.nouns import ArmSummary, Estimate, Evaluation, NotEstimable, Protocol
from rounds.reports.checklists.answers import (
    Answer,
    Answers,
    absent,
    not_applicable,
    not_yet,
    partly,
    reported,
    within,
)
from rounds.reports.checklists.trial import Trial
from rounds.reports.figures.evaluation import CHARACTERISTICS
from rounds.reports.wording import SUPPRESSED, count, day, named, said, span

__all__ = ["ITEMS", "from_results", "results_sentences"]

ITEMS = (
    *("13a", "13a/cluster", "13a/routine", "13b", "14a", "14b", "15", "15/cluster"),
    *("16", "17a", "17a/cluster", "17b", "18", "19", "20", "21", "22", "22/routine"),
)
"""The items that wait for an evaluation."""
_ARMS = {"active": "with the card", "silent": "without it"}


def from_results(trial: Trial) -> Answers:
    """Answer the items on results, discussion and other information.

    Parameters
    ----------
    trial : Trial
        Without an evaluation, each result waits for one.

    Returns
    -------
    dict of str to Answer
        Of a sealed estimate the reason, and no number.
    """
    found = trial.evaluation
    if found is None:
        results: Answers = {item: not_yet("evaluation") for item in ITEMS}
    else:
        results = {
            **_flow(found),
            **_dates(trial.protocol, found),
            **_baseline(found),
            **_effects(found),
            **_discussion(trial, found),
        }
    return {**results, **_other(trial)}


def _flow(found: Evaluation) -> Answers:
    flow = found.flow
    where = within("Evaluation", found, "flow")
    left = "; ".join(f"{reason}: {count(n)}" for reason, n in flow.excluded)
    arms = "; ".join(_arm(arm) for arm in flow.arms)
    allocated = "allocated"
    if found.schedule is not None:
        allocated += " to the clinic on the day of the index visit"
    units = "; ".join(
        f"{_ARMS[arm.arm]}: {_hidden_or(arm.n_units)}" for arm in flow.arms
    )
    missing = [d.detail for d in found.diagnostics if d.name == "missing_outcomes"]
    lost = (
        "Of those who were enrolled, only they are left out whose outcome is not "
        "known; who declined is in no count."
    )
    return {
        "13a": reported(
            f"Assessed: {count(flow.assessed)}. Left out before: {left or 'nobody'}. "
            f"Analysed: {arms}.",
            where,
        ),
        "13a/cluster": reported(
            f"{flow.randomised_units:,} randomised; with patients in the analysis: "
            f"{units}.",
            where,
        ),
        "13a/routine": partly(
            f"Assessed in the records: {count(flow.assessed)}. Shown a card: "
            f"{said(found.reach.reach).line}.",
            within("Evaluation", found, "flow, reach"),
            "how many persons are in the database",
        ),
        "13b": reported(
            " ".join([lost, *missing]),
            within("Evaluation", found, "diagnostics"),
        ),
        "16": reported(f"{arms}; everybody in the arm that was {allocated}.", where),
    }


def _arm(arm: ArmSummary) -> str:
    what = "patients" if arm.persons is None else f"visits of {count(arm.persons[0])}"
    n = SUPPRESSED if arm.suppressed else f"{count(arm.n)} {what}"
    return f"{_ARMS[arm.arm]}: {n}"


def _hidden_or(n: int | None) -> str:
    return SUPPRESSED if n is None else f"{n:,}"


def _dates(protocol: Protocol, found: Evaluation) -> Answers:
    return {
        "14a": reported(
            f"Recruitment {_recruitment(protocol, found)}; each patient was followed "
            f"for {protocol.follow_up_days} days.",
            within("Change", protocol, "enrolment, follow_up_days"),
        ),
        "14b": _ending(found),
    }


def _recruitment(protocol: Protocol, found: Evaluation) -> str:
    """Say from when to when patients were enrolled; an early end closes enrolment."""
    planned = protocol.enrolment
    ended = None if found.after_looks is None else found.after_looks.stopped
    if ended is None or ended >= planned.end:
        return span(planned)
    whole = f"planned to {day(planned.end)}"
    return f"from {day(planned.start)}, closed on {day(ended)}, {whole}"


def _ending(found: Evaluation) -> Answer:
    told = found.after_looks
    if told is None or told.stopped is None:
        return reported(
            "It ended as planned, when the last follow-up was over.",
            within("Evaluation", found, "receipt"),
        )
    return reported(
        f"{told.stopped_by} ended it on {told.stopped}: {told.reason}",
        within("Evaluation", found, "after_looks"),
    )


def _baseline(found: Evaluation) -> Answers:
    if not found.balance:
        why = absent("a table of the arms at baseline")
        return {"15": why, "15/cluster": why}
    names = ", ".join(named(row.characteristic).lower() for row in found.balance)
    where = within("Evaluation, Balance at baseline", found, "balance")
    return {
        "15": reported(f"A table of {names}, with standardised differences.", where),
        "15/cluster": partly(
            "The same table holds what was measured of clusters before.",
            where,
            "the sizes and other characteristics of clusters",
        ),
    }


def _effects(found: Evaluation) -> Answers:
    where = within("Evaluation, The answer", found, "estimate, secondary")
    icc = absent("the correlation within clusters")
    if found.icc is not None:
        icc = reported(
            f"Intra-cluster correlation of the primary outcome {found.icc:.3f}.",
            within("Evaluation, The answer", found, "icc"),
        )
    elif said(found.estimate).sealed:
        icc = not_yet("checks that failed")
    return {
        "17a": reported(
            _interaction(found) + " ".join(results_sentences(found)), where
        ),
        "17a/cluster": icc,
        "17b": _relative(found.estimate, where),
        "18": _ancillary(found),
        "19": _harms(found),
    }


def results_sentences(found: Evaluation) -> list[str]:
    """Say the primary and the secondary results, or why there are none."""
    scale = ""
    if isinstance(found.estimate, Estimate) and is_ratio(found.estimate.scale):
        scale = f", {found.estimate.scale.replace('_', ' ')}"
    told = [f"Primary{scale}: {said(found.estimate).line}."]
    if found.hypothesis is not None:
        held = found.hypothesis
        verdict = held.verdict.replace("_", " ")
        told.append(
            f"{held.hypothesis.capitalize()}, margin {held.margin:g}: {verdict}."
        )
    told += [f"{named(s.name)}: {said(s.estimate).line}." for s in found.secondary]
    return told


def _relative(estimate: Estimate | NotEstimable, where: str) -> Answer:
    if isinstance(estimate, NotEstimable) or estimate.sealed is not None:
        return not_yet("estimate")
    if estimate.scale not in ("risk_difference", "risk_ratio", "odds_ratio"):
        return not_applicable("The primary outcome is no yes or no.")
    if estimate.scale == "risk_difference":
        return partly(said(estimate).line + ".", where, "the effect as a ratio")
    return partly(said(estimate).line + ".", where, "the effect as a difference")


def _interaction(found: Evaluation) -> str:
    two = found.factorial
    if two is None:
        return ""
    return (
        f"Of {two.names[0]}, at the margins. {two.names[1]}: "
        f"{said(two.second.estimate).line}. Interaction: {said(two.interaction).line}; "
        f"{two.note}. "
    )


def _ancillary(found: Evaluation) -> Answer:
    if not found.equity:
        return not_applicable("None was planned.")
    n = len(found.equity)
    what = ", ".join(
        dict.fromkeys(CHARACTERISTICS[one.characteristic] for one in found.equity)
    )
    return reported(
        f"Effects in {n} groups ({what}), shrunken too, with their interactions: all "
        "planned beforehand. Others: none.",
        within("Evaluation, For whom did it work?", found, "equity, interactions"),
    )


def _harms(found: Evaluation) -> Answer:
    told = " ".join(
        f"{named(one.name)}: {said(one.estimate).line}; margin {one.margin:g}, "
        f"{one.verdict.replace('_', ' ')}."
        for one in found.balancing
    )
    where = within("Evaluation, Was anyone harmed?", found, "balancing")
    return partly(told, where, "harms that no measure was written for")


def _discussion(trial: Trial, found: Evaluation) -> Answers:
    limits = " ".join(found.limitations)
    where = within("Evaluation", found, "limitations")
    reach = found.reach
    meant: Answer = not_yet("decision")
    if trial.decision is not None:
        meant = reported(
            " ".join([*trial.decision.reasons, f"Decided: {trial.decision.decided}."]),
            within("Decision", trial.decision, "reasons"),
        )
    return {
        "20": reported(limits, where) if limits else absent("the limitations"),
        "21": partly(
            f"Reach {said(reach.reach).line}; adoption {said(reach.adoption).line}.",
            within("Evaluation, Reach and fidelity", found, "reach"),
            "to whom else the findings apply",
        ),
        "22": meant,
        "22/routine": absent(
            "what follows from data that were not collected for this question"
        ),
    }


def _other(trial: Trial) -> Answers:
    frozen = trial.protocol
    return {
        "23": absent("the registry and the number"),
        "24": reported(
            f"Published whole in the ledger: {frozen.ref().short}.",
            within("Change", frozen, "all of it"),
        ),
        "25": absent("who funded the trial, and their role"),
        "25/routine": absent("who funds the database"),
    }
