"""Whole stories of each design that a report has to tell, made by hand."""

import datetime as dt
from dataclasses import replace

from rounds.loop.evaluation import analyse
from rounds.nouns import (
    Adaptation,
    AdaptiveResult,
    AfterLooks,
    Design,
    Estimate,
    ExposureTimeEffect,
    Factors,
    LookPlan,
    NotEstimable,
    Schedule,
    ScheduleResult,
)
from stories import factorial_trial, priced_trial, trial
from stories.hypertension import full

STARTS = tuple(dt.date(2025, month, 6) for month in (1, 4, 7))
LOOK = Estimate(value=0.05, lower=0.01, upper=0.09, scale="risk_difference", n=900)
ENDED = AfterLooks(
    looks=1,
    stopped=dt.date(2025, 6, 2),
    stopped_by="Mr Jonas Berg",
    reason="the board recommended it",
    grounds="harm",
)


def scheduled(kind, *, sealed=False):
    """A whole story, its arms changing over time."""
    story = full(sealed=sealed)
    left_out = ((1, 3),) if kind == "stepped_wedge" else ()
    made = Schedule(
        kind=kind, period_starts=STARTS, transition_days=30, not_enrolling=left_out
    )
    looks = ScheduleResult(kind=kind, note="sealed: why")
    if not sealed:
        looks = ScheduleResult(
            kind=kind,
            by_exposure_time=(ExposureTimeEffect(periods_since=1, estimate=LOOK),),
            time_average=NotEstimable(reason="too few"),
            within_clinics=LOOK,
            permutation_p=0.0123,
            n_permutations=5_000,
        )
    design = story.rollout.design.model_copy(update={"schedule": made})
    return replace(
        story,
        rollout=story.rollout.model_copy(update={"design": design}),
        evaluation=story.evaluation.model_copy(update={"schedule": looks}),
    )


def factorial(*, sealed=False):
    """A whole story of two factors; the numbers of the second from a made trial."""
    story = full(sealed=sealed)
    found = factorial_trial.judged(factorial_trial.World(), 1)
    two = found.factorial
    factors = Factors(first="the card", second="the letter", interaction_margin=0.2)
    if sealed:
        shut = found.estimate.model_copy(
            update={
                "value": None,
                "lower": None,
                "upper": None,
                "sealed": story.evaluation.estimate.sealed,
            }
        )
        second = two.second.model_copy(update={"estimate": shut})
        inside = ("interaction", "first_alone", "second_alone", "both")
        two = two.model_copy(
            update={"second": second, "reading": None, **dict.fromkeys(inside, shut)}
        )
    return replace(
        story,
        rollout=story.rollout.model_copy(
            update={
                "design": Design(unit="clinic", factors=factors),
                "second_knowledge_object": factorial_trial.SECOND,
            }
        ),
        evaluation=story.evaluation.model_copy(update={"factorial": two}),
    )


def priced_factorial():
    """The same with what either card cost, and a reach with its burden."""
    story, plan = factorial(), priced_trial.protocol_of_two()
    rows, known = priced_trial.made_two(factorial_trial.World(), 1), trial.evidence()
    found = analyse(
        priced_trial.with_clinicians(rows),
        factorial_trial.rollout(plan, known),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
    )
    taken = {name: getattr(found, name) for name in ("value", "factorial", "reach")}
    return replace(story, evaluation=story.evaluation.model_copy(update=taken))


def looked_at(*, tilted=False):
    """A whole story of a trial that looks ended early."""
    story = full(unit="patient" if tilted else "clinic")
    plan = LookPlan(looks="bayesian", planned_se=0.02, fractions=(0.5, 1.0))
    adaptation = Adaptation() if tilted else None
    result = AdaptiveResult(
        chances=(0.5, 0.7), even_share=NotEstimable(reason="too few")
    )
    return replace(
        story,
        protocol=story.protocol.model_copy(
            update={"looks": plan, "adaptation": adaptation}
        ),
        evaluation=story.evaluation.model_copy(
            update={"after_looks": ENDED, "adaptive": result if tilted else None}
        ),
    )
