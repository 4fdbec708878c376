"""What the primary interval says of non-inferiority or equivalence."""

from rounds.loop.evaluation.estimates.effects import Effect
from rounds.methods.estimands.margins import judge
from rounds.methods.estimands.scales import is_ratio
from rounds.nouns import Endpoint, Estimate, HypothesisResult, Protocol

__all__ = ["hypothesis_result"]


def hypothesis_result(
    effect: Effect, protocol: Protocol, sealed: str | None
) -> HypothesisResult | None:
    """Hold the primary interval against the frozen margin.

    Returns
    -------
    HypothesisResult or None
        None where superiority is to be shown, or there is no estimate. While sealed
        it holds the bounds, which the protocol tells, and no more.

    References
    ----------
    As `rounds.methods.estimands.margins.judge`.
    """
    primary = protocol.primary
    if primary.hypothesis == "superiority" or primary.margin is None:
        return None
    estimate = effect.estimate
    if sealed is not None:
        return _told(primary, protocol, None)
    if not isinstance(estimate, Estimate) or effect.fit is None:
        return None
    return _told(primary, protocol, effect)


def _told(
    primary: Endpoint, protocol: Protocol, effect: Effect | None
) -> HypothesisResult:
    ratio = is_ratio(primary.estimand.summary_measure)
    none = 1.0 if ratio else 0.0
    numbers, se, df = (none, none, none), None, None
    if effect is not None and effect.fit is not None:
        assert isinstance(effect.estimate, Estimate)
        numbers, se, df = effect.estimate.numbers, effect.fit.se, effect.fit.df
    found = judge(
        *numbers,
        hypothesis=primary.hypothesis,
        level=protocol.level,
        margin=primary.margin,
        better=primary.better,
        ratio=ratio,
        se=se,
        df=df,
    )
    assert primary.hypothesis != "superiority"  # the caller has looked
    assert primary.margin is not None
    return HypothesisResult(
        hypothesis=primary.hypothesis,
        margin=primary.margin,
        lower_bound=found.lower_bound,
        upper_bound=found.upper_bound,
        one_sided_level=found.one_sided_level,
        verdict="sealed" if effect is None else found.verdict,
        p_value=found.p_value,
    )
