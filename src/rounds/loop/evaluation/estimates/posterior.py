"""The estimate joined to what was known before; for reading, not for the rule."""

from scipy.special import ndtri

from rounds.loop.evaluation.estimates.effects import Effect
from rounds.methods.estimands.scales import distance, from_additive
from rounds.methods.priors.borrowing import CONFLICT
from rounds.methods.priors.posterior import (
    MixturePosterior,
    conflict_p,
    mixture_posterior,
)
from rounds.nouns import (
    Estimate,
    NotEstimable,
    Posterior,
    Prior,
    PriorComponent,
    Protocol,
)

__all__ = ["posterior"]


def posterior(
    effect: Effect,
    prior: Prior | NotEstimable,
    protocol: Protocol,
    sealed: str | None,
) -> Posterior | NotEstimable:
    """Update the robust mixture prior by the primary estimate.

    Parameters
    ----------
    effect : Effect
        Of the primary endpoint. Its standard error is taken as the one that gives a
        normal interval the width of the t interval, so few clinics count for less.

    Returns
    -------
    Posterior or NotEstimable
        `estimate.value` is the posterior median, the limits are equal-tailed. The
        conflict check questions the informative part of the prior alone: the vague
        part is there to be wrong.
    """
    if sealed is not None:
        return NotEstimable(reason=f"the estimate is sealed: {sealed}")
    if isinstance(prior, NotEstimable):
        return NotEstimable(reason=f"there is no prior: {prior.reason}")
    fit = effect.fit
    if fit is None or not isinstance(effect.estimate, Estimate):
        return NotEstimable(reason="there is no estimate to join to the prior")
    scale = effect.estimate.scale
    if prior.scale not in (scale, f"log_{scale}"):
        return NotEstimable(
            reason=f"the prior is a {prior.scale.replace('_', ' ')}, the estimate a "
            f"{effect.estimate.scale.replace('_', ' ')}"
        )
    level = protocol.level
    se = (fit.upper - fit.lower) / (2 * float(ndtri((1 + level) / 2)))
    parts = prior.components
    after = mixture_posterior(
        [part.weight for part in parts],
        [part.mean for part in parts],
        [part.sd for part in parts],
        fit.estimate,
        se,
    )
    p_value = _conflict(parts, fit.estimate, se)
    benefit, worth = _probabilities(after, protocol)
    weight = sum(
        float(w)
        for w, part in zip(after.weights, parts, strict=True)
        if part.role == "informative"
    )
    return Posterior(
        estimate=effect.estimate.model_copy(
            update={
                "value": from_additive(scale, after.quantile(0.5)),
                "lower": from_additive(scale, after.quantile((1 - level) / 2)),
                "upper": from_additive(scale, after.quantile((1 + level) / 2)),
                "method": "normal mixture prior updated by the estimate; median",
            }
        ),
        weight_informative=min(1.0, weight),
        conflict_p=p_value,
        conflict=p_value < CONFLICT,
        probability_benefit=benefit,
        probability_worthwhile=worth,
    )


def _conflict(parts: tuple[PriorComponent, ...], estimate: float, se: float) -> float:
    informed = [part for part in parts if part.role == "informative"]
    total = sum(part.weight for part in informed)
    if not informed:
        return 1.0
    return conflict_p(
        [part.weight / total for part in informed],
        [part.mean for part in informed],
        [part.sd for part in informed],
        estimate,
        se,
    )


def _probabilities(after: MixturePosterior, protocol: Protocol) -> tuple[float, float]:
    summary = protocol.primary.estimand.summary_measure
    worthwhile = distance(summary, protocol.decision_rule.least_worthwhile)
    if protocol.primary.better == "higher":
        benefit = after.probability_above(0.0)
        worth = after.probability_above(worthwhile)
    else:
        benefit = 1 - after.probability_above(0.0)
        worth = 1 - after.probability_above(-worthwhile)
    return benefit, worth
