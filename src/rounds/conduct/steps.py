"""How each step is run in a project: resolve, run, publish."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from rounds.conduct.anew import made_anew
from rounds.conduct.bedside import refresh_bedside
from rounds.conduct.costing import protocol_now
from rounds.conduct.desk import Desk
from rounds.conduct.lasting import modifications_of
from rounds.conduct.masking import without_sites
from rounds.conduct.periods import last_twelve_months, whole_months
from rounds.conduct.plan import ChangePlan, DecisionPlan, EvidencePlan, ProblemPlan
from rounds.conduct.publishing import members_of_problem, publishable_problem
from rounds.conduct.reconcile import reconcile
from rounds.conduct.strata import clinic_baselines, clinic_strata
from rounds.loop import change, decision, evaluation, evidence, problem
from rounds.loop.change.knowledge import load_knowledge
from rounds.loop.evidence.sources import load_sources
from rounds.nouns import (
    Aim,
    Decision,
    Evaluation,
    Evidence,
    KnowledgeObject,
    Measure,
    NotEstimable,
    Period,
    Problem,
    Protocol,
    Rollout,
    Signature,
    Source,
    Turn,
)

Choice = Literal["adopt", "adapt", "abandon", "extend"]
Strata = dict[str, str]

__all__ = [
    "carried_second",
    "carried_source",
    "run_change",
    "run_decision",
    "run_evaluation",
    "run_evidence",
    "run_problem",
]


def run_problem(desk: Desk, plan: ProblemPlan, period: Period | None = None) -> Problem:
    """Find where practice falls short, and publish the Problem.

    While a trial runs among sites it is published without their names, as it is shown.

    Parameters
    ----------
    period : Period, optional
        The twelve months that end with the last day of the data, if not given.

    Raises
    ------
    DisclosureError
        If it is too close to what was told or published before.
    """
    reconcile(desk)
    measure = desk.measure(plan.measure)
    desk.publish(measure)
    desk.publish(plan.community)
    after = desk.find(Decision)
    with desk.datamart() as mart:
        period = period or last_twelve_months(mart)
        months, opted_out = whole_months(period), desk.practice.opt_outs()
        aim = Aim(
            measure=measure.name,
            target=plan.aim.target,
            by=plan.aim.by or period.end + dt.timedelta(days=365),
        )
        found = problem.run(
            measure,
            mart,
            after,
            name=plan.name,
            title=plan.title,
            statement=plan.statement,
            period=period,
            aim=aim,
            owner=plan.owner,
            community=plan.community,
            chart_period=months,
            adjust=plan.adjust,
            without=opted_out,
        )
        members = members_of_problem(
            mart, measure, found, chart_period=months, without=opted_out
        )
    shown = publishable_problem(found, members, desk.project, now=desk.now)
    told = made_anew(shown, measure)
    masked = desk.practice.is_masked(desk.now())
    return desk.publish(without_sites(told) if masked else told)


def run_evidence(desk: Desk, plan: EvidencePlan) -> Evidence:
    """Appraise what is known, and publish Sources and Evidence.

    What the turn before found is among the sources.
    """
    reconcile(desk)
    found = desk.latest(Problem)
    sources: list[Source] = []
    for name in plan.sources:
        sources.extend(load_sources(_beside_plan(desk, name)))
    sources += [
        carried
        for carried in (carried_source(desk), carried_second(desk))
        if carried is not None
    ]
    sources = [desk.publish(source) for source in sources]
    with desk.datamart() as mart:
        known = evidence.run(
            found,
            sources,
            mart,
            name=plan.name,
            title=plan.title,
            question=plan.question,
            scale=plan.scale,
            judgements=[j.model_dump() for j in plan.judgements],
        )
    return desk.publish(known)


def carried_source(desk: Desk) -> Source | None:
    """Give what the last finished turn found, as a Source of the next.

    Returns
    -------
    Source or None
        None before the first turn is finished, or where its estimate is sealed or not
        estimable: what may not be trusted does not become evidence.
    """
    turn = desk.find(Turn)
    if turn is None:
        return None
    judged = desk.read(turn.evaluation, Evaluation)
    if isinstance(judged.estimate, NotEstimable) or judged.estimate.sealed is not None:
        return None
    return decision.as_source(
        judged,
        desk.read(turn.decision, Decision),
        desk.read(judged.protocol, Protocol),
        f"{turn.name}-turn-{turn.number}",
        evidence=desk.read(turn.evidence, Evidence),
    )


def carried_second(desk: Desk) -> Source | None:
    """Give what the last finished turn found of its second factor, as a Source.

    Returns
    -------
    Source or None
        None where the turn had one factor, and where `carried_source` gives none.
    """
    turn = desk.find(Turn)
    judged = None if turn is None else desk.read(turn.evaluation, Evaluation)
    if turn is None or judged is None or judged.factorial is None:
        return None
    found = judged.factorial.second.estimate
    if isinstance(found, NotEstimable) or found.sealed is not None:
        return None
    return decision.second_as_source(
        judged,
        desk.read(turn.decision, Decision),
        desk.read(judged.protocol, Protocol),
        f"{turn.name}-turn-{turn.number}",
    )


def run_change(
    desk: Desk, plan: ChangePlan, *, seed: bytes | None = None
) -> tuple[Rollout, Protocol]:
    """Freeze the protocol, then put the knowledge before a random part.

    Parameters
    ----------
    seed : bytes, optional
        Only a simulation gives one, so that it can be replayed; otherwise the
        operating system's random source is asked.
    """
    reconcile(desk)
    known = desk.latest(Evidence)
    knowledge = load_knowledge(_beside_plan(desk, plan.knowledge_object))
    knowledge = knowledge.model_copy(update={"evidence": known.ref()})
    protocol = protocol_now(desk, plan)
    for part in protocol.endpoints:
        desk.publish(desk.measure(part.measure.name.partition("/")[2]))
    second = _second_knowledge(desk, plan, known)
    change.check_knowledge(knowledge)
    knowledge = desk.publish(knowledge)
    if second is not None:
        change.check_knowledge(second)
        second = desk.publish(second)
    protocol = desk.publish(protocol)
    baselines = _baselines(desk, plan, protocol)
    # Kept by protocol: run again after a crash it replays, while another protocol of
    # the same name draws anew, for the former seed has been published by then.
    drawn = f"{plan.name}-{protocol.ref().hash[:16]}"
    rollout = change.run(
        known,
        knowledge,
        protocol,
        plan.design,
        desk.practice,
        name=plan.name,
        title=plan.title,
        determination=plan.determination,
        notification=plan.notification,
        responsible=plan.responsible,
        units=_strata(plan, baselines),
        known=baselines,
        second=second,
        seed=desk.project.secret(f"{drawn}.seed", derive=_derived(seed, b"seed")),
        salt=desk.project.secret(f"{drawn}.salt", derive=_derived(seed, b"salt")),
        at=desk.now(),
    )
    if any(change.states_of(one) for one in (knowledge, second) if one):
        refresh_bedside(desk)
    return desk.publish(rollout), protocol


def _second_knowledge(
    desk: Desk, plan: ChangePlan, known: Evidence
) -> KnowledgeObject | None:
    if plan.second_knowledge_object is None:
        return None
    second = load_knowledge(_beside_plan(desk, plan.second_knowledge_object))
    return second.model_copy(update={"evidence": known.ref()})


def _baselines(
    desk: Desk, plan: ChangePlan, protocol: Protocol
) -> dict[str, dict[str, float]]:
    """Give clinic → what is known of it; nothing where patients are randomised."""
    if plan.design.unit != "clinic":
        return {}
    primary = desk.measure(protocol.primary.measure.name.partition("/")[2])
    with desk.datamart() as mart:
        return clinic_baselines(
            mart, primary, protocol.baseline, without=desk.practice.opt_outs()
        )


def _strata(plan: ChangePlan, known: Mapping[str, Mapping[str, float]]) -> Strata:
    """Give clinic → stratum; blocks are stratified always, others if it is asked."""
    if plan.design.strata or plan.design.allocation == "permuted_blocks":
        return clinic_strata(known) if known else {}
    return dict.fromkeys(known, "all")


def run_evaluation(desk: Desk) -> Evaluation:
    """Evaluate the running trial against its frozen protocol, and publish."""
    reconcile(desk)
    rollout = desk.latest(Rollout)
    protocol = desk.read(rollout.protocol, Protocol)
    known = desk.read(rollout.evidence, Evidence)
    measures = {
        str(part.measure): desk.read(part.measure, Measure)
        for part in protocol.endpoints
    }
    with desk.datamart() as mart:
        judged = evaluation.run(
            rollout,
            protocol,
            known,
            mart,
            desk.practice,
            measures=measures,
            receipt=desk.ledger.receipt(rollout.protocol),
            now=desk.now(),
            modifications=modifications_of(desk, rollout),
        )
    return desk.publish(judged)


def run_decision(
    desk: Desk,
    plan: DecisionPlan,
    *,
    decided: Choice | None = None,
    second_decided: Choice | None = None,
    departure_reason: str = "",
    authenticated: bool = False,
) -> tuple[Decision, str | None]:
    """Read the rule, sign, publish, and put the decision in force.

    Returns
    -------
    tuple
        The Decision, and what changed where care is given, in words.
    """
    reconcile(desk)
    judged = desk.latest(Evaluation)
    protocol = desk.read(judged.protocol, Protocol)
    rollout = desk.read(judged.rollout, Rollout)
    signed = decision.run(
        judged,
        protocol,
        Signature(
            name=plan.signed_by,
            role=plan.role,
            at=desk.now(),
            authenticated=authenticated,
        ),
        name=plan.name,
        title=plan.title,
        knowledge_object=rollout.knowledge_object,
        decided=decided,
        second_decided=second_decided,
        departure_reason=departure_reason,
        next_question=plan.next_question,
    )
    second = signed.second.decided if signed.second else signed.decided
    if "extend" not in (signed.decided, second):
        seed, salt = desk.practice.reveal(rollout.ref(), on=desk.now().date())
        revealed = {"allocation_seed": (seed + salt).hex()}
        signed = signed.model_copy(update=revealed)
    return desk.publish(signed), reconcile(desk)


def _derived(seed: bytes | None, what: bytes) -> bytes | None:
    return None if seed is None else hashlib.sha256(seed + what).digest()


def _beside_plan(desk: Desk, name: str) -> Path:
    return desk.project.plan_path.parent / name
