"""Evidence and knowledge made by hand."""

from rounds.nouns import (
    PICO,
    Certainty,
    CertaintyDomain,
    Effect,
    Evidence,
    KnowledgeExample,
    KnowledgeObject,
    MetaAnalysis,
    Prior,
    PriorComponent,
    RiskOfBias,
    ServiceInfo,
    Source,
    StudyEffect,
)
from stories.told_problem import estimate, ref


def sources():
    return (
        Source(
            name="made-a",
            title="A made study of reminders in clinics",
            authors="Author A, Author B",
            journal="Journal of Made Studies",
            published=2014,
            pmid="00000001",
            pico=pico(),
            effect=Effect(
                scale="risk_difference", value=0.05, lower=0.01, upper=0.09, n=2100
            ),
            risk_of_bias=RiskOfBias(overall="some_concerns", judged_by="Dr Lee"),
        ),
        Source(
            name="made-b", title="Another made study", doi="10.0000/made", pico=pico()
        ),
    )


def pico():
    return PICO(
        population="Adults with hypertension and an uncontrolled reading",
        intervention="A reminder at the point of care",
        comparator="Usual care",
        outcome="Treatment intensified",
    )


def evidence():
    rows = (
        ("Hicks 2008", 0.06, 0.005, 0.115, 0.21),
        ("Ralston 2014", 0.02, -0.03, 0.07, 0.24),
        ("Roumie 2006", 0.09, 0.03, 0.15, 0.18),
        ("Anchala 2015", 0.05, 0.015, 0.085, 0.37),
    )
    studies = tuple(
        StudyEffect(
            label=a, identifier=f"PMID:{i}", value=b, lower=c, upper=d, weight=e
        )
        for i, (a, b, c, d, e) in enumerate(rows, start=1)
    )
    domains = (
        "risk_of_bias",
        "inconsistency",
        "indirectness",
        "imprecision",
        "publication_bias",
    )
    return Evidence(
        name="reminders",
        title="Reminders to intensify treatment",
        problem=ref("problem/hypertension-control"),
        question=pico(),
        sources=tuple(ref(f"source/made-{i}") for i in range(4)),
        meta_analysis=MetaAnalysis(
            studies=studies,
            pooled=estimate(0.051, 0.024, 0.078, 8400),
            tau2=0.0002,
            i2=0.31,
            q=4.3,
            prediction=estimate(0.051, -0.012, 0.114),
            method="Random effects, REML with Hartung-Knapp intervals",
        ),
        certainty=Certainty(
            rating="not yet rated",
            domains=tuple(
                CertaintyDomain(
                    domain=d,
                    proposed="not_serious"
                    if d in ("inconsistency", "imprecision")
                    else None,
                    proposed_because="I² is 31%" if d == "inconsistency" else "",
                    confirmed="not_serious" if d == "inconsistency" else None,
                    reviewer="Dr Lee" if d == "inconsistency" else None,
                )
                for d in domains
            ),
        ),
        prior=Prior(
            scale="risk_difference",
            components=(
                PriorComponent(weight=0.8, mean=0.051, sd=0.03, role="informative"),
                PriorComponent(weight=0.2, mean=0.0, sd=0.2, role="vague"),
            ),
        ),
        limitations=("Two of four studies are older than ten years.",),
    )


def knowledge_object():
    return KnowledgeObject(
        name="intensify",
        title="Consider intensifying treatment",
        payload={"when": [], "card": {}},
        service=ServiceInfo(
            id="intensify",
            title="Intensify treatment",
            description="When the last reading is 140/90 or above, a card suggests to review treatment.",
            prefetch={},
        ),
        approved_by="Dr Ada Mensah",
        examples=(
            KnowledgeExample(title="162/95, one drug", context={}, fires=True),
            KnowledgeExample(title="128/76", context={}, fires=False),
        ),
    )
