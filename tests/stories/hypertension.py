"""Stories made by hand for the tests of reports and pages: no datamart, no world."""

import datetime as dt

import numpy as np

from rounds.methods.funnel import funnel
from rounds.methods.proportion import wilson
from rounds.nouns import (
    PICO,
    Aim,
    ArmSummary,
    BalanceRow,
    BalancingResult,
    Certainty,
    CertaintyDomain,
    ChartPoint,
    Community,
    ControlChart,
    Decision,
    DecisionRule,
    Design,
    Determination,
    Diagnostic,
    Difference,
    Effect,
    Endpoint,
    EquityEffect,
    Estimand,
    Estimate,
    Evaluation,
    Evidence,
    Flow,
    IntercurrentEvent,
    KnowledgeExample,
    KnowledgeObject,
    Member,
    MetaAnalysis,
    NotEstimable,
    Period,
    Posterior,
    Prior,
    PriorComponent,
    Problem,
    Protocol,
    Reach,
    Ref,
    RiskOfBias,
    Rollout,
    SecondaryResult,
    ServiceInfo,
    Signature,
    Source,
    StudyEffect,
    UnitResult,
    Variation,
    Waiver,
)
from rounds.reports import Story

DAY = dt.date
PERIOD = Period(start=DAY(2024, 1, 8), end=DAY(2025, 1, 5))
MEASURE = Ref(name="measure/blood-pressure-control", version="1", hash="a" * 64)


def _ref(name):
    return Ref(name=name, version="1", hash="b" * 64)


def estimate(value, lower, upper, n=None, scale="risk_difference", **more):
    return Estimate(value=value, lower=lower, upper=upper, n=n, scale=scale, **more)


def unit(name, numerator, denominator):
    value, lower, upper = wilson([numerator], [denominator])
    return UnitResult(
        unit=name,
        numerator=int(numerator),
        denominator=int(denominator),
        value=float(value[0]),
        lower=float(lower[0]),
        upper=float(upper[0]),
    )


def sites(seed=3, n=40):
    rng = np.random.default_rng(seed)
    sizes = rng.lognormal(5.2, 0.7, n).astype(int) + 30
    rates = 1 / (1 + np.exp(-(0.35 + 0.28 * rng.standard_normal(n))))
    rates[4], rates[11], rates[20] = 0.34, 0.42, 0.83
    return sizes, rng.binomial(sizes, rates)


def months(n=18, centre=0.585, jump=None, seed=5):
    rng = np.random.default_rng(seed)
    points = []
    for i in range(n):
        size = int(rng.integers(900, 1400))
        p = centre + (jump if jump and i > 6 else 0.0) + 0.012 * rng.standard_normal()
        half = 3 * np.sqrt(centre * (1 - centre) / size)
        signal = "none"
        if p > centre + half or p < centre - half:
            signal = "beyond_limits"
        points.append(
            ChartPoint(
                label=f"{2023 + (6 + i) // 12}-{(6 + i) % 12 + 1:02d}",
                denominator=size,
                value=p,
                lower=centre - half,
                upper=centre + half,
                signal=signal,
            )
        )
    return tuple(points)


def problem():
    sizes, successes = sites()
    found = funnel(successes, sizes)
    names = [f"Clinic {i + 1:02d}" for i in range(len(sizes))]
    units = tuple(
        unit(name, x, n) for name, x, n in zip(names, successes, sizes, strict=True)
    )
    units += (
        UnitResult(unit="Clinic 41", suppressed=True),
        UnitResult(unit="Clinic 42", suppressed=True),
    )
    points = months()
    points = (
        *points[:7],
        points[7].model_copy(update={"value": 0.66, "signal": "beyond_limits"}),
        *points[8:],
    )
    points = (
        *points[:12],
        points[12].model_copy(update={"value": 0.52, "signal": "beyond_limits"}),
        *points[13:],
    )
    return Problem(
        name="hypertension-control",
        title="High blood pressure is left uncontrolled too often",
        statement="I take my pills, but each time they check, it is too high, and no one changes a thing.",
        measure=MEASURE,
        period=PERIOD,
        units=units,
        baseline=estimate(0.585, 0.574, 0.596, 9120, "proportion", method="Wilson"),
        variation=Variation(
            n_units=40,
            target=found.target,
            phi=found.phi,
            tau2=found.tau2,
            icc=0.021,
            median_odds_ratio=1.31,
            outliers_low=tuple(np.array(names)[found.low]),
            outliers_high=tuple(np.array(names)[found.high]),
        ),
        chart=ControlChart(
            title="Blood pressure under control, by month",
            chart="p_prime",
            centre_line=0.585,
            points=points,
            note="Patients seen in the month, by their last eligible reading. Not the twelve-month measure: overlapping windows would make false signals.",
        ),
        differences=(
            Difference(
                characteristic="sex",
                groups=(unit("F", 2800, 4700), unit("M", 2535, 4420)),
                gap=estimate(-0.022, -0.042, -0.002, 9120),
            ),
            Difference(
                characteristic="svi_quartile",
                groups=tuple(
                    unit(f"SVI quartile {q}", x, n)
                    for q, x, n in (
                        (1, 1500, 2300),
                        (2, 1390, 2280),
                        (3, 1300, 2270),
                        (4, 1145, 2270),
                    )
                ),
                gap=estimate(-0.148, -0.176, -0.120, 9120),
            ),
            Difference(
                characteristic="age",
                gap=NotEstimable(
                    reason="One age group alone has more than 10 patients."
                ),
            ),
        ),
        gap_to_best=estimate(742, 610, 880, 9120, "count"),
        aim=Aim(measure="blood-pressure-control", target=0.7, by=DAY(2026, 1, 5)),
        owner="Dr Ada Mensah",
        community=_ref("community/hypertension"),
        limitations=(
            "Patients without a reading in the period fail the measure; they may be controlled.",
        ),
    )


def community():
    return Community(
        name="hypertension",
        members=(
            Member(name="Rosa Pinto", role="patient_partner"),
            Member(name="Sam Okafor", role="clinician"),
        ),
        waivers=(
            Waiver(
                role="sponsor",
                reason="a made health system has none",
                waived_by="The demo",
            ),
        ),
    )


def sources():
    return (
        Source(
            name="made-a",
            title="A made study of reminders in clinics",
            authors="Author A, Author B",
            journal="Journal of Made Studies",
            published=2014,
            pmid="00000001",
            pico=_pico(),
            effect=Effect(
                scale="risk_difference", value=0.05, lower=0.01, upper=0.09, n=2100
            ),
            risk_of_bias=RiskOfBias(overall="some_concerns", judged_by="Dr Lee"),
        ),
        Source(
            name="made-b", title="Another made study", doi="10.0000/made", pico=_pico()
        ),
    )


def _pico():
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
        problem=_ref("problem/hypertension-control"),
        question=_pico(),
        sources=tuple(_ref(f"source/made-{i}") for i in range(4)),
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


def _endpoint(role, name, summary="risk_difference", margin=None, better="higher"):
    return Endpoint(
        role=role,
        measure=_ref(f"measure/{name}"),
        estimand=Estimand(
            name=name.replace("-", " "),
            population="Adults with hypertension at their first uncontrolled visit after go-live",
            treatment="Card shown",
            comparator="Card kept silent",
            variable=f"{name.replace('-', ' ')}, within the window",
            intercurrent_events=(
                IntercurrentEvent(event="Card overridden", strategy="treatment_policy"),
            ),
            summary_measure=summary,
        ),
        better=better,
        margin=margin,
    )


def protocol(unit="clinic"):
    return Protocol(
        name="intensify-trial",
        title="Does the card lead to treatment being intensified?",
        problem=_ref("problem/hypertension-control"),
        unit_of_randomisation=unit,
        go_live=DAY(2025, 1, 6),
        enrolment=Period(start=DAY(2025, 1, 6), end=DAY(2025, 7, 6)),
        baseline=Period(start=DAY(2024, 1, 8), end=DAY(2025, 1, 5)),
        follow_up_days=90,
        endpoints=(
            _endpoint("primary", "intensified-after-first-uncontrolled"),
            _endpoint(
                "secondary",
                "systolic-after-first-uncontrolled",
                "mean_difference",
                better="lower",
            ),
            _endpoint(
                "balancing",
                "low-pressure-after-first-uncontrolled",
                margin=0.03,
                better="lower",
            ),
        ),
        analysis="Least squares on patients, adjusted for stratum, with cluster-robust (CR2) intervals",
        required_diagnostics=("sample_ratio", "contamination"),
        decision_rule=DecisionRule(
            least_worthwhile=0.02,
            text="Adopt if the lower limit is above 0 and the estimate at least 2 points, and the upper limit of harm below 3 points.",
        ),
    )


def rollout(unit="clinic"):
    return Rollout(
        name="intensify",
        title="Forty clinics, half of them with the card",
        evidence=_ref("evidence/reminders"),
        knowledge_object=_ref("knowledge-object/intensify"),
        protocol=_ref("protocol/intensify-trial"),
        design=Design(unit=unit, strata=("baseline_rate",)),
        determination=Determination(
            outcome="improvement",
            decided_by="Quality board",
            on=DAY(2024, 12, 2),
            reason="usual care is improved",
        ),
        notification="opt_out",
        responsible="Dr Ada Mensah",
        starts=DAY(2025, 1, 6),
        n_units=40,
        seed_commitment="c" * 64,
    )


def _arms(*, hidden=False):
    if hidden:
        return tuple(
            ArmSummary(arm=a, n_units=20, n=n)
            for a, n in (("active", 1510), ("silent", 1488))
        )
    return (
        ArmSummary(arm="active", n_units=20, n=1510, numerator=493, value=0.326),
        ArmSummary(arm="silent", n_units=20, n=1488, numerator=393, value=0.264),
    )


SEALED = "Required diagnostic failed: sample_ratio. Allocated 25 to 15 clinics, where 20 to 20 were expected (p = 0.0003)."


def evaluation(
    *, sealed=False, effect=(0.061, 0.031, 0.091), harm=(0.004, -0.009, 0.017)
):
    verdict = (
        "within_margin"
        if harm[2] < 0.03
        else "exceeds_margin"
        if harm[1] > 0.03
        else "uncertain"
    )

    def number(value, n, scale="risk_difference", **more):
        if sealed:
            return Estimate(scale=scale, sealed=SEALED)
        return estimate(*value, n, scale, method="Least squares, CR2 intervals", **more)

    groups = [
        ("sex", "F", (0.066, 0.028, 0.104), 1530),
        ("sex", "M", (0.056, 0.015, 0.097), 1468),
        ("svi_quartile", "1", (0.078, 0.022, 0.134), 750),
        ("svi_quartile", "2", (0.066, 0.012, 0.120), 760),
        ("svi_quartile", "3", (0.052, -0.006, 0.110), 742),
        ("svi_quartile", "4", (0.045, -0.014, 0.104), 746),
    ]
    equity = tuple(
        EquityEffect(characteristic=c, group=g, n=n, estimate=number(v, n))
        for c, g, v, n in groups
    )
    equity += (
        EquityEffect(
            characteristic="age",
            group="18-39",
            suppressed=True,
            estimate=NotEstimable(
                reason="Suppressed: a count in this group is 1 to 10."
            ),
        ),
        EquityEffect(
            characteristic="age",
            group="40-64",
            n=1410,
            estimate=number((0.06, 0.02, 0.1), 1410),
        ),
    )
    return Evaluation(
        name="intensify",
        title="Did the card help?",
        rollout=_ref("rollout/intensify"),
        protocol=_ref("protocol/intensify-trial"),
        evidence=_ref("evidence/reminders"),
        receipt="d" * 64,
        estimate=number(effect, 2998),
        diagnostics=(
            Diagnostic(
                name="sample_ratio",
                question="Were units allocated as planned?",
                value=0.0003 if sealed else 1.0,
                threshold=0.001,
                verdict="fail" if sealed else "pass",
                detail="25 and 15 clinics." if sealed else "20 and 20 clinics.",
            ),
            Diagnostic(
                name="deliveries",
                question="Were cards shown as due?",
                value=0.62,
                threshold=0.001,
                verdict="pass",
                detail="4,120 of 4,133 due.",
            ),
            Diagnostic(
                name="contamination",
                value=0.002,
                threshold=0.05,
                verdict="pass",
                detail="3 of 1,488 patients.",
            ),
            Diagnostic(
                name="missing_outcomes",
                verdict="not_evaluated",
                required=False,
                detail="The primary outcome is always observed.",
            ),
        ),
        balancing=(
            BalancingResult(
                name="Systolic below 100 within 90 days",
                estimate=number(harm, 2998),
                margin=0.03,
                verdict="sealed" if sealed else verdict,
            ),
        ),
        secondary=(
            SecondaryResult(
                name="Systolic pressure, days 30 to 90",
                estimate=number(
                    (-1.9, -3.1, -0.7), 2010, "mean_difference", unit="mm[Hg]"
                ),
            ),
            SecondaryResult(
                name="Blood pressure controlled by day 90",
                estimate=NotEstimable(
                    reason="Fewer than half of the patients have a reading."
                ),
            ),
        ),
        equity=equity,
        balance=(
            BalanceRow(
                characteristic="age",
                active=62.1,
                silent=61.8,
                standardised_difference=0.02,
            ),
            BalanceRow(
                characteristic="systolic",
                active=153.2,
                silent=152.9,
                standardised_difference=0.02,
            ),
        ),
        flow=Flow(
            assessed=9120,
            excluded=(
                ("No uncontrolled visit", 6085),
                ("Opted out", 37),
                ("Moved away", None),
            ),
            randomised_units=40,
            arms=_arms(hidden=sealed),
        ),
        reach=Reach(
            reach=estimate(0.91, 0.89, 0.925, 1510, "proportion"),
            adoption=estimate(0.95, 0.76, 0.99, 20, "proportion"),
            fidelity=estimate(0.997, 0.995, 0.998, 4133, "proportion"),
            acceptance=estimate(0.34, 0.325, 0.355, 4120, "proportion"),
            override_reasons=(("Patient declines", 611), ("White coat", None)),
        ),
        posterior=NotEstimable(reason="The estimate is sealed.")
        if sealed
        else Posterior(
            estimate=estimate(0.057, 0.033, 0.08, 2998, method="Robust mixture"),
            weight_informative=0.93,
            conflict_p=0.71,
            conflict=False,
            probability_benefit=0.999,
            probability_worthwhile=0.992,
        ),
        icc=None if sealed else 0.018,
        limitations=("One region; clinics of one owner.",),
    )


def decision(decided="adopt", recommended=None):
    recommended = recommended or decided
    return Decision(
        name="intensify",
        title="What to do with the card",
        evaluation=_ref("evaluation/intensify"),
        protocol=_ref("protocol/intensify-trial"),
        knowledge_object=_ref("knowledge-object/intensify"),
        recommended=recommended,
        reasons=(
            "The lower limit, 3.1 points, is above 0.",
            "Harm is below its margin.",
        ),
        rule="Adopt if the lower limit is above 0, and the upper limit of harm below 3 points.",
        decided=decided,
        signed_by=Signature(
            name="Dr Ada Mensah",
            role="Medical director",
            at=dt.datetime(2025, 10, 6, 9, 0, tzinfo=dt.UTC),
            authenticated=False,
        ),
        departure_reason=""
        if decided == recommended
        else "The board wants another site first.",
        next_question="Why is the benefit smaller where vulnerability is greatest?",
    )


GRADE = {
    "effect": {"estimate": 0.061, "lower": 0.031, "upper": 0.091, "truth": 0.058},
    "harm": {"estimate": 0.004, "lower": -0.009, "upper": 0.017, "truth": 0.0},
    "equity_gap": {"estimate": -0.033, "lower": -0.114, "upper": 0.048, "truth": -0.02},
    "weeks": 39,
}


def watch():
    return ControlChart(
        title="Since the card was adopted: treatment intensified, by month",
        chart="p",
        centre_line=0.33,
        points=tuple(
            ChartPoint(
                label=f"2025-{10 + i}" if i < 3 else f"2026-{i - 2:02d}",
                denominator=240,
                value=v,
                lower=0.24,
                upper=0.42,
            )
            for i, v in enumerate((0.31, 0.35, 0.33, 0.36, 0.30, 0.34))
        ),
        note="A point is a month's first uncontrolled visits.",
    )


def full(decided="adopt", recommended=None, *, sealed=False, unit="clinic", **numbers):
    return Story(
        problem=problem(),
        community=community(),
        sources=sources(),
        evidence=evidence(),
        knowledge_object=knowledge_object(),
        protocol=protocol(unit),
        rollout=rollout(unit),
        evaluation=evaluation(sealed=sealed, **numbers),
        decision=decision(decided, recommended),
        watch=watch() if decided == "adopt" else None,
        grade={
            **GRADE,
            "effect": {"estimate": None, "without": "sealed", "truth": 0.058},
        }
        if sealed
        else GRADE,
        refs={"Code": "rounds 0.1.0"},
    )


def tiny():
    """Seventy-nine small sites: what a problem looks like where little can be told."""
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 7, 79)
    units = [
        unit(f"PRACTICE {i:03d} INC", rng.binomial(n, 0.6), n)
        for i, n in enumerate(sizes)
    ]
    units[0] = unit("MASSACHUSETTS GENERAL HOSPITAL", 24, 41)
    n = sum(u.denominator for u in units)
    x = sum(u.numerator for u in units)
    whole = unit("all", x, n)
    reason = "Only 1 of 79 sites has more than 10 patients: sites cannot be told from chance."
    return Story(
        problem=Problem(
            name="hypertension-control",
            title="Is high blood pressure controlled?",
            measure=MEASURE,
            period=PERIOD,
            units=tuple(units),
            baseline=estimate(whole.value, whole.lower, whole.upper, n, "proportion"),
            variation=NotEstimable(reason=reason),
            chart=NotEstimable(reason="No month has more than 10 patients."),
            differences=(
                Difference(
                    characteristic="svi_quartile",
                    gap=NotEstimable(
                        reason="The datamart holds no social vulnerability index."
                    ),
                ),
            ),
            gap_to_best=NotEstimable(reason=reason),
            aim=Aim(measure="blood-pressure-control", target=0.7, by=DAY(2026, 1, 5)),
            owner="not yet named",
            community=_ref("community/hypertension"),
            limitations=(f"{n} patients in the denominator: the interval is wide.",),
        )
    )


def publish(ledger, story, *, until="decision", by="The demo"):
    """Publish a story's nouns in order, each pointing at what the ledger holds."""
    days = iter(range(1, 28))

    def put(noun, **refs):
        at = dt.datetime(2025, 10, next(days), 9, tzinfo=dt.UTC)
        return ledger.publish(noun.model_copy(update=refs), at=at, by=by).ref

    community = put(story.community)
    problem = put(story.problem, community=community)
    if until == "problem":
        return
    found = tuple(put(source) for source in story.sources)
    evidence = put(story.evidence, problem=problem, sources=found)
    knowledge = put(story.knowledge_object, evidence=evidence)
    protocol = put(story.protocol, problem=problem)
    rollout = put(
        story.rollout, evidence=evidence, knowledge_object=knowledge, protocol=protocol
    )
    if until == "rollout":
        return
    evaluation = put(
        story.evaluation,
        rollout=rollout,
        protocol=protocol,
        evidence=evidence,
        knowledge_object=knowledge,
    )
    put(
        story.decision,
        evaluation=evaluation,
        protocol=protocol,
        knowledge_object=knowledge,
    )
