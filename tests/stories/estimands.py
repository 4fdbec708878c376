"""Trials made by hand whose truth is known on each scale that a protocol may ask for."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.participants import clinic_rates, join
from rounds.nouns import DecisionRule
from stories import trial

LAST = 90
"""Days of follow-up, as the stories' protocol has them."""


def asked(summary, *, better="higher", unit="clinic", least=None, **of_endpoint):
    """Give a protocol whose primary endpoint asks for a summary measure."""
    weighting = of_endpoint.pop("weighting", "participants")
    plan = trial.protocol(unit_of_randomisation=unit, equity_groups=())
    changed = {"summary_measure": summary, "weighting": weighting}
    estimand = plan.primary.estimand.model_copy(update=changed)
    first = plan.primary.model_copy(
        update={"estimand": estimand, "better": better, **of_endpoint}
    )
    first = type(first).model_validate(first.model_dump())
    ratio = summary.endswith("ratio")
    rule = DecisionRule(least_worthwhile=least or (1.1 if ratio else 0.02))
    changed = {"endpoints": (first, *plan.endpoints[1:]), "decision_rule": rule}
    return plan.model_copy(update=changed)


@dataclass(frozen=True)
class Made:
    """How primary outcomes come about, and what is true of them."""

    effect: float = 0.0
    """Of risks a difference, of rates and hazards the logarithm of a ratio."""
    spread: float = 0.0
    """Between clinics."""
    informative: bool = False
    """Whether clinics are small and large, and only the small ones gain."""

    def shares(self, rng, clinic, active):
        level = rng.normal(0.0, 1.0, clinic.max() + 1)
        gain = np.where(clinic % 2 == 0, 2.0, 0.0) if self.informative else 1.0
        base = np.clip(0.3 + self.spread * level, 0.1, 0.6)[clinic]
        done = rng.random(len(clinic)) < base + self.effect * gain * active
        return {"value": done.astype(float), "numerator": done}

    def rates(self, rng, clinic, active):
        frailty = rng.gamma(1 / self.spread**2, self.spread**2, clinic.max() + 1)
        time = rng.uniform(30.0, 120.0, len(clinic))
        mean = 0.01 * time * frailty[clinic] * np.exp(self.effect * active)
        count = rng.poisson(mean).astype(float)
        return self._ratio(count > 0, count, time)

    def times(self, rng, clinic, active):
        # Exponential at the margin whatever the correlation (a normal copula), so the
        # marginal hazard ratio is the same at all times, and known.
        share = self.spread**2
        common = rng.normal(size=clinic.max() + 1)[clinic]
        z = np.sqrt(share) * common + np.sqrt(1 - share) * rng.normal(size=len(clinic))
        until = -np.log(ndtr(z)) / (0.008 * np.exp(self.effect * active))
        # Some are seen for less than the whole follow-up, by their day of enrolment.
        seen = rng.uniform(45.0, 135.0, len(clinic))
        return self._ratio(until <= seen, until <= seen, np.minimum(until, seen))

    @staticmethod
    def _ratio(met, above, time):
        return {
            "value": np.full(len(met), np.nan),
            "numerator": np.asarray(met, bool),
            "numerator_value": np.asarray(above, float),
            "denominator_value": time,
        }


def rows_of(made, world, seed, kind):
    """Give the TrialRows of a trial whose primary outcomes are made so."""
    rows = trial.made(world, seed)
    first = rows.endpoints[str(trial.PRIMARY)]
    rng = np.random.default_rng([seed, 77])
    clinic = np.array([int(name[-2:]) for name in first.care_site])
    unit = first.care_site if world.unit == "clinic" else first.person_source_value
    active = np.array([rows.allocation[str(u)][0] == "active" for u in unit])
    outcomes = getattr(made, kind)(rng, clinic, active)
    changed = replace(first, **outcomes)
    if made.informative:
        number = np.array([int(name[-4:]) for name in first.person_source_value])
        kept = (clinic % 2 == 1) | (number < world.per_clinic // 4)
        changed = replace(changed, denominator=kept)
    before = rows.before
    if kind != "shares":
        n = len(before.value)
        before = replace(
            before,
            value=np.full(n, np.nan),
            numerator_value=before.value,
            denominator_value=np.full(n, float(LAST)),
        )
    endpoints = rows.endpoints | {str(trial.PRIMARY): changed}
    return replace(rows, endpoints=endpoints, before=before)


def estimated(made, world, seed, kind, plan):
    """Give the primary effect of one made trial, as the step makes it."""
    rows = rows_of(made, world, seed, kind)
    people = join(
        rows.endpoints[str(trial.PRIMARY)],
        rows.allocation,
        plan,
        plan.primary,
        clinic_rates(rows.before),
    )
    return effect(people, plan, plan.primary)
