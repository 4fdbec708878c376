"""`why` walks back to sources, snapshots and people; `impact` walks forward."""

import datetime as dt

import pytest

from rounds.ledger import Ledger
from rounds.nouns import (
    PICO,
    Aim,
    ArmSummary,
    Certainty,
    Community,
    Decision,
    DefinitionError,
    Design,
    Determination,
    Evaluation,
    Evidence,
    Flow,
    KnowledgeExample,
    KnowledgeObject,
    Member,
    NotEstimable,
    Period,
    Problem,
    Provenance,
    Reach,
    Ref,
    RiskOfBias,
    Rollout,
    ServiceInfo,
    Signature,
    Source,
)

NONE = NotEstimable(reason="not needed here")
AT = dt.datetime(2025, 1, 6, 9, tzinfo=dt.UTC)
QUESTION = PICO(
    population="adults", intervention="a card", comparator="none", outcome="treated"
)


def elsewhere(kind: str) -> Ref:
    return Ref(name=f"{kind}/x", version="1", hash="0" * 64)


def community() -> Community:
    return Community(
        name="htn",
        title="Blood pressure",
        members=(
            Member(name="Ana Ruiz", role="patient_partner"),
            Member(name="Bo Lind", role="sponsor"),
        ),
    )


def problem(community_ref: Ref) -> Problem:
    return Problem(
        name="htn",
        title="Half are not controlled",
        measure=elsewhere("measure"),
        period=Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31)),
        units=(),
        baseline=NONE,
        variation=NONE,
        chart=NONE,
        gap_to_best=NONE,
        aim=Aim(measure="x", target=0.7, by=dt.date(2026, 1, 1)),
        owner="Cy Wu",
        community=community_ref,
        provenance=Provenance(snapshot="snap-2024", code_version="0.1.0"),
    )


def paper(name: str, pmid: str, doi: str | None = None) -> Source:
    return Source(
        name=name,
        title=f"Trial of {name}",
        pmid=pmid,
        doi=doi,
        pico=QUESTION,
        risk_of_bias=RiskOfBias(overall="low", judged_by="Di Ek"),
    )


def evidence(problem_ref: Ref, sources: tuple[Ref, ...]) -> Evidence:
    return Evidence(
        name="htn",
        title="Reminders help a little",
        problem=problem_ref,
        question=QUESTION,
        sources=sources,
        meta_analysis=NONE,
        certainty=Certainty(rating="not yet rated", domains=()),
        prior=NONE,
    )


def knowledge(evidence_ref: Ref) -> KnowledgeObject:
    return KnowledgeObject(
        name="intensify",
        title="Consider intensifying",
        payload={"when": [], "card": {}},
        service=ServiceInfo(id="i", title="i", description="i", prefetch={}),
        evidence=evidence_ref,
        examples=(
            KnowledgeExample(title="high", context={}, fires=True),
            KnowledgeExample(title="low", context={}, fires=False),
        ),
    )


def rollout(evidence_ref: Ref, knowledge_ref: Ref) -> Rollout:
    return Rollout(
        name="htn",
        title="Half of the clinics first",
        evidence=evidence_ref,
        knowledge_object=knowledge_ref,
        protocol=elsewhere("protocol"),
        design=Design(unit="clinic"),
        determination=Determination(
            outcome="improvement",
            decided_by="Ed Fox",
            on=dt.date(2024, 12, 1),
            reason="standard care, made easier",
        ),
        notification="opt_out",
        responsible="Gil Hay",
        starts=dt.date(2025, 1, 6),
        seed_commitment="0" * 64,
    )


def evaluation(rollout_ref: Ref, evidence_ref: Ref) -> Evaluation:
    arms = (
        ArmSummary(arm="active", n_units=20, n=900, numerator=400, value=400 / 900),
        ArmSummary(arm="silent", n_units=20, n=850, numerator=300, value=300 / 850),
    )
    return Evaluation(
        name="htn",
        title="More were treated",
        rollout=rollout_ref,
        protocol=elsewhere("protocol"),
        evidence=evidence_ref,
        receipt="0" * 64,
        estimate=NONE,
        diagnostics=(),
        balancing=(),
        flow=Flow(assessed=None, randomised_units=40, arms=arms),
        reach=Reach(reach=NONE, adoption=NONE, fidelity=NONE, acceptance=NONE),
        posterior=NONE,
        provenance=Provenance(snapshot="snap-2025"),
    )


def decision(evaluation_ref: Ref, knowledge_ref: Ref, decided: str) -> Decision:
    return Decision(
        name="htn",
        title="After one turn",
        evaluation=evaluation_ref,
        protocol=elsewhere("protocol"),
        knowledge_object=knowledge_ref,
        recommended=decided,
        reasons=("The interval lies above the least worthwhile effect.",),
        rule="as fixed",
        decided=decided,
        signed_by=Signature(name="Bo Lind", at=AT, authenticated=False),
    )


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "registry.sqlite") as ledger:
        yield ledger


@pytest.fixture
def turn(ledger):
    """One turn as far as the evaluation, with a paper that nothing rests on."""

    def publish(noun) -> Ref:
        return ledger.publish(noun, at=AT, by="rounds").ref

    refs = {"community": publish(community())}
    refs["problem"] = publish(problem(refs["community"]))
    refs["sources"] = (
        publish(paper("reminders", "11", "10.1000/ABC")),
        publish(paper("audits", "22")),
    )
    refs["unused"] = publish(paper("unused", "33"))
    refs["evidence"] = publish(evidence(refs["problem"], refs["sources"]))
    refs["knowledge"] = publish(knowledge(refs["evidence"]))
    refs["rollout"] = publish(rollout(refs["evidence"], refs["knowledge"]))
    refs["evaluation"] = publish(evaluation(refs["rollout"], refs["evidence"]))
    return refs


def decide(ledger, turn, decided="adopt") -> Ref:
    noun = decision(turn["evaluation"], turn["knowledge"], decided)
    return ledger.publish(noun, at=AT, by="Bo Lind").ref


def test_why_reaches_sources_snapshots_and_people(ledger, turn):
    ref = decide(ledger, turn)
    trail = ledger.why(ref)
    labels = {step.label for step in trail.walk()}
    assert {"PMID:11", "DOI:10.1000/abc", "PMID:22"} <= labels
    assert {"snapshot snap-2024", "snapshot snap-2025"} <= labels
    assert "PMID:33" not in labels
    people = {person for step in trail.walk() for person in step.people}
    assert people == {
        "signed by Bo Lind, name typed",
        "responsible Gil Hay",
        "determined by Ed Fox",
        "judged by Di Ek",
        "owner Cy Wu",
        "Ana Ruiz, patient partner",
        "Bo Lind, sponsor",
    }


def test_why_tells_each_noun_once_and_says_what_it_cannot_follow(ledger, turn):
    trail = ledger.why(decide(ledger, turn))
    told = [s.label for s in trail.walk() if s.ref and "see above" not in s.note]
    assert len(told) == len(set(told)) == 9  # all but the unused paper
    missing = [s for s in trail.walk() if s.note == "not in this ledger"]
    assert {s.label.partition("|")[0] for s in missing} == {"protocol/x", "measure/x"}


def test_why_prints_a_tree_that_begins_with_what_was_asked(ledger, turn):
    ref = decide(ledger, turn)
    lines = ledger.why("decision").lines()
    assert lines[0].startswith(ref.short)
    assert "After one turn (adopt)" in lines[0]
    assert lines[1].startswith("├─ evaluation: evaluation/htn|1#")
    printed = "\n".join(lines)
    assert "sources: source/reminders|1#" in printed
    assert str(ledger.why(ref).as_dict()).count("PMID:11") == 1


@pytest.mark.parametrize(
    "target",
    ["PMID:11", "pmid:22", "DOI:10.1000/abc", "DOI:https://doi.org/10.1000/ABC"],
)
def test_impact_of_a_paper_reaches_the_decision_and_the_live_card(ledger, turn, target):
    ref = decide(ledger, turn)
    impact = ledger.impact(target)
    assert impact.decisions == (ref,)
    assert impact.live == (turn["knowledge"],)


@pytest.mark.parametrize("target", ["snap-2024", "snap-2025", "snapshot:snap-2025"])
def test_impact_of_a_snapshot_reaches_the_decision(ledger, turn, target):
    """A decision that rests on the snapshot keeps its card live."""
    ref = decide(ledger, turn)
    impact = ledger.impact(target)
    assert impact.decisions == (ref,)
    assert impact.live == (turn["knowledge"],)


def test_impact_of_a_definition_that_is_not_in_the_ledger_is_refused(ledger, turn):
    with pytest.raises(DefinitionError) as caught:
        ledger.impact("measure/unknown")
    assert caught.value.code == "no-such-ref"


def test_impact_follows_a_whole_ref_that_nouns_hold_though_it_is_not_published(
    ledger, turn
):
    ref = decide(ledger, turn)
    assert ledger.impact(elsewhere("measure")).decisions == (ref,)


def test_impact_of_a_paper_that_nothing_rests_on_is_the_paper_alone(ledger, turn):
    decide(ledger, turn)
    impact = ledger.impact("PMID:33")
    assert (impact.decisions, impact.live) == ((), ())
    assert impact.lines()[1].startswith("└─ source/unused|1#")


def test_impact_of_a_paper_that_no_one_cites_says_so(ledger, turn):
    with pytest.raises(DefinitionError) as caught:
        ledger.impact("PMID:99")
    assert caught.value.code == "nothing-cites"


def test_a_card_on_trial_is_live_before_any_decision(ledger, turn):
    impact = ledger.impact(turn["sources"][0])
    assert (impact.decisions, impact.live) == ((), (turn["knowledge"],))


def test_a_card_that_was_abandoned_is_not_live(ledger, turn):
    ref = decide(ledger, turn, "abandon")
    impact = ledger.impact("PMID:11")
    assert (impact.decisions, impact.live) == ((ref,), ())


def test_a_retracted_source_is_marked_where_it_is_met(ledger, turn):
    noun = paper("withdrawn", "44").model_copy(update={"retracted": True})
    ledger.publish(noun, at=AT, by="x")
    assert "(retracted)" in ledger.why("source/withdrawn").lines()[0]
