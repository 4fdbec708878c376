"""From what people say to a protocol that is frozen and hashed."""

import datetime as dt
from collections.abc import Callable

from rounds.conduct.plan import ChangePlan, EndpointPlan
from rounds.loop.evaluation.estimates.estimands import check_estimands
from rounds.nouns import (
    Costs,
    DecisionRule,
    Endpoint,
    Estimand,
    IntercurrentEvent,
    Measure,
    Period,
    Problem,
    Protocol,
    Provenance,
)

__all__ = ["protocol_of"]

_ANALYSIS = {
    "clinic": (
        "Individual outcomes regressed on arm, stratum and the clinic's baseline rate "
        "(linear), with bias-reduced cluster-robust variance (CR2) by clinic and "
        "Satterthwaite degrees of freedom; everyone in the arm of their clinic."
    ),
    "patient": (
        "Individual outcomes regressed on arm and stratum (linear), with bias-reduced "
        "cluster-robust variance (CR2) by clinic and Satterthwaite degrees of freedom; "
        "everyone in the arm they were allocated to."
    ),
    "encounter": (
        "Outcomes of visits regressed on arm and stratum (linear), with bias-reduced "
        "cluster-robust variance (CR2) by clinic (by patient under four clinics), "
        "Satterthwaite degrees of freedom; every visit in the arm it was allocated to. "
        "An endpoint whose measure has each patient's first visit alone is of these. "
        "The effect is that of one card, given the past of the visits as it was and "
        "while later visits go on being randomised."
    ),
}

_ALLOCATED = {
    "matched_pairs": (
        "Individual outcomes regressed on arm and pair (linear), with bias-reduced "
        "cluster-robust variance (CR2) by pair and Satterthwaite degrees of freedom, "
        "about the pairs less one; everyone in the arm of their clinic."
    ),
    "covariate_constrained": (
        "Individual outcomes regressed on arm and every covariate by which the "
        "allocation was constrained (linear), with bias-reduced cluster-robust "
        "variance (CR2) by clinic and Satterthwaite degrees of freedom; everyone in "
        "the arm of their clinic."
    ),
    "minimisation": (
        "Individual outcomes regressed on arm and every factor of the minimisation "
        "(linear), with bias-reduced cluster-robust variance (CR2) by clinic and "
        "Satterthwaite degrees of freedom; everyone in the arm they were allocated to."
    ),
    "response_adaptive": (
        "Individual outcomes regressed on arm, epoch of allocation and their "
        "interaction, centred so that the effect is the average of the epochs' effects "
        "by their numbers of patients (linear), with bias-reduced cluster-robust "
        "variance (CR2) by clinic and Satterthwaite degrees of freedom; everyone in "
        "the arm they were allocated to. Beside it, and for no decision: all patients "
        "without regard to epochs, and those alone who were allocated 1:1."
    ),
}

_ANALYSIS_OF_SCHEDULE = (
    "Individual outcomes regressed on the arm in force at the clinic on the day of the "
    "index visit, on period, and on {covariates} (linear mixed model), with random "
    "effects of clinics and of clinics in a period, restricted maximum likelihood, and "
    "Kenward and Roger's standard errors and degrees of freedom. Those whose index "
    "visit falls in a transition are left out. Harms are judged by the wider of that "
    "interval and one with bias-reduced cluster-robust variance (CR2) by clinic and "
    "Satterthwaite degrees of freedom. Beside it: the effect by time since the switch "
    "by the same model (stepped wedge), the effect within clinics by least squares "
    "with period and clinic effects, and a permutation test over the schedules that "
    "could have been drawn."
)

_EVENTS = (
    "the card is not shown, or not followed",
    "treatment is stopped or changed again",
)
_EVENTS_OF = {
    "encounter": ("the patient is seen again, with the card or without it",),
}
"""What else comes between, by what is randomised."""


_ANALYSIS_OF_FACTORS = (
    "Individual outcomes regressed on the arms of both factors, without their "
    "interaction, and on {covariates} (linear), with bias-reduced cluster-robust "
    "variance (CR2) by clinic and Satterthwaite degrees of freedom: each factor at the "
    "margins, everyone in the arms of their clinic. Beside it the interaction, and "
    "each cell against neither, from the same model with the interaction. The margins "
    "are sealed where the test of the interaction has a p-value below {alpha:g}, or "
    "its estimate is beyond {margin:g}. {multiplicity}"
)
_MULTIPLICITY = {
    "none": "The two main comparisons are two questions, each judged at its own level.",
    "bonferroni": "The two main comparisons share their level (Bonferroni).",
}


def _level(plan: ChangePlan) -> float:
    factors = plan.design.factors
    shared = factors is not None and factors.multiplicity == "bonferroni"
    return 0.975 if shared else 0.95


_WAYS = {
    "risk_ratio": (
        "the ratio of two risks standardised over everybody's covariates by a logistic "
        "model"
    ),
    "odds_ratio": (
        "the odds ratio of two risks standardised over everybody's covariates by a "
        "logistic model, a marginal one"
    ),
    "rate_ratio": (
        "the ratio of two rates, events over time at risk, standardised over "
        "everybody's covariates by a log-linear model"
    ),
    "hazard_ratio": (
        "Cox's regression on arm, and on covariates unless clinics were randomised, "
        "Lin and Wei's standard errors"
    ),
    "rmst_difference": (
        "the difference of the areas under Kaplan and Meier's curves up to the end of "
        "follow-up, not adjusted for covariates, by the jackknife over clinics where "
        "these were randomised"
    ),
}
_CORRECTED = (
    ", with variances summed by what was randomised, or by clinic, as Fay and Graubard "
    "correct them, and units less columns as degrees of freedom of t"
)


def _analysis_of(plan: ChangePlan) -> str:
    """Write the estimator in words; of endpoints that have another, theirs too."""
    said = [_analysis_of_design(plan)]
    for part in plan.protocol.endpoints:
        way = _WAYS.get(part.summary_measure)
        if way is not None:
            by = "" if part.summary_measure == "rmst_difference" else _CORRECTED
            said.append(f"{part.measure}, instead: {way}{by}.")
        if part.weighting == "clusters":
            said.append(
                f"{part.measure}: an average of clinics, in which each counts alike "
                "and its participants weigh one over their number (or their time)."
            )
        if part.hypothesis != "superiority":
            said.append(
                f"{part.measure}: {part.hypothesis} is shown where the whole interval "
                f"{_WITHIN[part.hypothesis]}, which is {part.margin:g}."
            )
    return " ".join(said)


_WITHIN = {
    "non-inferiority": "lies on the better side of the margin",
    "equivalence": "lies within the margin on either side",
}


def _analysis_of_design(plan: ChangePlan) -> str:
    if plan.design.factors is not None:
        named = " and ".join(plan.protocol.covariates).replace("_", " ")
        return _ANALYSIS_OF_FACTORS.format(
            covariates=named or "nothing else",
            alpha=plan.design.factors.interaction_alpha,
            margin=plan.design.factors.interaction_margin,
            multiplicity=_MULTIPLICITY[plan.design.factors.multiplicity],
        )
    if plan.design.schedule is None:
        return _ALLOCATED.get(plan.design.allocation) or _ANALYSIS[plan.design.unit]
    covariates = " and ".join(plan.protocol.covariates).replace("_", " ")
    return _ANALYSIS_OF_SCHEDULE.format(covariates=covariates or "nothing else")


def protocol_of(
    plan: ChangePlan,
    problem: Problem,
    measure: Callable[[str], Measure],
    code_version: str,
    *,
    costs: Costs | None = None,
) -> Protocol:
    """Write the protocol that a plan asks for.

    Parameters
    ----------
    measure : callable
        Gives a Measure by its name.
    costs : Costs, optional
        What the plan's file of costs says.

    Raises
    ------
    DefinitionError
        If an endpoint's measure does not exist, or what is asked of it is not offered
        for the design or the measure (as `check_estimands`).
    """
    said = plan.protocol
    enrolment_end = said.go_live + dt.timedelta(days=7 * said.weeks - 1)
    endpoints = tuple(
        _endpoint(part, plan, measure(part.measure)) for part in said.endpoints
    )
    protocol = Protocol(
        name=said.name,
        title=said.title,
        problem=problem.ref(),
        unit_of_randomisation=plan.design.unit,
        allocation=plan.design.allocation,
        go_live=said.go_live,
        enrolment=Period(start=said.go_live, end=enrolment_end),
        baseline=Period(
            start=said.go_live - dt.timedelta(weeks=said.baseline_weeks),
            end=said.go_live - dt.timedelta(days=1),
        ),
        follow_up_days=said.follow_up_days,
        endpoints=endpoints,
        covariates=said.covariates,
        analysis=_analysis_of(plan),
        required_diagnostics=said.required_diagnostics,
        equity_groups=said.equity_groups,
        decision_rule=DecisionRule(
            least_worthwhile=said.least_worthwhile, weighing=said.weighing
        ),
        schedule=plan.design.schedule,
        factors=plan.design.factors,
        level=_level(plan),
        adaptation=plan.design.adaptation,
        looks=said.looks,
        guardrails=said.guardrails,
        costs=costs,
        provenance=Provenance(
            made_from=(problem.ref(), *(e.measure for e in endpoints)),
            code_version=code_version,
        ),
    )
    measures = (measure(part.measure) for part in said.endpoints)
    check_estimands(protocol, {str(one.ref()): one for one in measures})
    return protocol


def _endpoint(part: EndpointPlan, plan: ChangePlan, measure: Measure) -> Endpoint:
    said = plan.protocol
    estimand = Estimand(
        name=measure.name,
        population=said.population,
        treatment=said.treatment,
        comparator=said.comparator,
        variable=part.variable,
        measure=measure.ref(),
        intercurrent_events=tuple(
            IntercurrentEvent(event=event, strategy="treatment_policy")
            for event in (*_EVENTS, *_EVENTS_OF.get(plan.design.unit, ()))
        )
        + part.intercurrent_events,
        summary_measure=part.summary_measure,
        weighting=part.weighting,
    )
    return Endpoint(
        role=part.role,
        measure=measure.ref(),
        estimand=estimand,
        better=part.better,
        margin=part.margin,
        hypothesis=part.hypothesis,
    )
