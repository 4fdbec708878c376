"""A trial, its evaluation, its decision and its watch, made by hand."""

import datetime as dt

from rounds.nouns import (
    ArmSummary,
    BalanceRow,
    BalancingResult,
    ChartPoint,
    ControlChart,
    Decision,
    DecisionRule,
    Design,
    Determination,
    Diagnostic,
    Endpoint,
    EquityEffect,
    Estimand,
    Estimate,
    Evaluation,
    Flow,
    IntercurrentEvent,
    NotEstimable,
    Period,
    Posterior,
    Protocol,
    Reach,
    Rollout,
    SecondaryResult,
    Signature,
)
from stories.told_problem import DAY, estimate, ref


def _endpoint(role, name, summary="risk_difference", margin=None, better="higher"):
    return Endpoint(
        role=role,
        measure=ref(f"measure/{name}"),
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
        problem=ref("problem/hypertension-control"),
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
        evidence=ref("evidence/reminders"),
        knowledge_object=ref("knowledge-object/intensify"),
        protocol=ref("protocol/intensify-trial"),
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
        rollout=ref("rollout/intensify"),
        protocol=ref("protocol/intensify-trial"),
        evidence=ref("evidence/reminders"),
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
        evaluation=ref("evaluation/intensify"),
        protocol=ref("protocol/intensify-trial"),
        knowledge_object=ref("knowledge-object/intensify"),
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
