"""What is said beside an estimate gives no small count back."""

import pytest

from rounds.ledger import safe
from rounds.nouns import (
    ArmSummary,
    BalanceRow,
    Diagnostic,
    EquityEffect,
    Estimate,
    Evaluation,
    ExposureTimeEffect,
    Flow,
    GroupReach,
    NotEstimable,
    Posterior,
    Reach,
    Ref,
    ScheduleResult,
)

NONE = NotEstimable(reason="not needed here")


def evaluation(arms, **changes) -> Evaluation:
    def ref(kind):
        return Ref(name=f"{kind}/x", version="1", hash="0" * 64)

    given_fields = {
        "name": "x",
        "title": "X",
        "rollout": ref("rollout"),
        "protocol": ref("protocol"),
        "evidence": ref("evidence"),
        "receipt": "0" * 64,
        "estimate": NONE,
        "diagnostics": (),
        "balancing": (),
        "flow": Flow(assessed=None, randomised_units=40, arms=arms),
        "reach": Reach(reach=NONE, adoption=NONE, fidelity=NONE, acceptance=NONE),
        "posterior": NONE,
    }
    return Evaluation(**(given_fields | changes))


def arm(name: str, n: int, k: int) -> ArmSummary:
    return ArmSummary(arm=name, n_units=20, n=n, numerator=k, value=k / n)


@pytest.mark.parametrize(
    ("known", "share"),
    [
        (0.95, 3 / 190),  # three of the 190 who are known
        (0.985, 90 / 197),  # its denominator says that three are not known
    ],
)
def test_a_share_of_those_known_is_hidden_with_their_number(known, share):
    arms = (arm("active", 200, 100), arm("silent", 200, 100))
    rows = (
        BalanceRow(characteristic="SVI known", active=known, silent=0.9),
        BalanceRow(
            characteristic="SVI quartile 4, of those known", active=share, silent=0.5
        ),
    )
    shown = safe(evaluation(arms, balance=rows)).balance
    assert shown[1] == BalanceRow(characteristic=rows[1].characteristic)


def test_a_share_of_many_of_those_known_is_shown():
    arms = (arm("active", 200, 100), arm("silent", 200, 100))
    rows = (
        BalanceRow(characteristic="SVI known", active=0.9, silent=0.8),
        BalanceRow(
            characteristic="SVI quartile 4, of those known", active=0.5, silent=0.5
        ),
    )
    assert safe(evaluation(arms, balance=rows)).balance == rows


@pytest.mark.parametrize(
    ("detail", "value"),
    [
        ("known for all but at most 10 of 65 and all but at most 10 of 58", 0.8),
        ("3 of 65 patients had no outcome", 0.8),
        ("known for 40 of 65; at most 10% is tolerated", 0.8084395377515929),
    ],
)
def test_no_count_can_be_fitted_to_the_digits_of_a_diagnostic(detail, value):
    arms = (arm("active", 65, 30), arm("silent", 58, 20))
    found = Diagnostic(
        name="missing_outcomes", value=0.8084395377515929, verdict="pass", detail=detail
    )
    (shown,) = safe(evaluation(arms, diagnostics=(found,))).diagnostics
    assert shown.value == value


@pytest.mark.parametrize("numerator", [4, 400])
def test_a_posterior_gives_no_digits_back_that_its_estimate_has_lost(numerator):
    """Where the prior is public, what follows from the estimate leads back to it."""
    found = Estimate(
        value=0.10114391, lower=0.01241331, upper=0.21712081, scale="risk_difference"
    )
    posterior = Posterior(
        estimate=found,
        weight_informative=0.93528116,
        conflict_p=0.47458357,
        conflict=False,
        probability_benefit=0.98730688,
        probability_worthwhile=0.96314680,
    )
    arms = (arm("active", 900, numerator), arm("silent", 850, 300))
    noun = evaluation(arms, estimate=found, posterior=posterior, icc=0.02167855)
    shown = safe(noun)
    if numerator == 400:
        assert (shown.posterior, shown.icc) == (posterior, noun.icc)
        return
    carried = shown.posterior.estimate
    assert (carried.value, carried.lower, carried.upper) == (0.101, 0.012, 0.218)
    assert carried == shown.estimate
    assert shown.posterior.probability_benefit == 0.99
    assert shown.posterior.weight_informative == 0.94
    assert shown.icc == 0.02


def looks(n):
    share = Estimate(
        value=0.123456789, lower=0.1, upper=0.2, scale="risk_difference", n=n
    )
    return ScheduleResult(
        kind="stepped_wedge",
        by_exposure_time=(ExposureTimeEffect(periods_since=1, estimate=share),),
        time_average=NONE,
        within_clinics=share,
        permutation_p=0.123456789,
        n_permutations=5_000,
        note="said of 7 patients",
    )


def test_other_looks_at_hidden_arms_lose_the_digits_they_could_be_fitted_to():
    arms = (arm("active", 200, 4), arm("silent", 200, 100))
    given_looks = evaluation(arms, schedule=looks(400))
    shown = safe(given_looks).schedule
    assert shown.within_clinics.value == 0.123
    assert shown.by_exposure_time[0].estimate.value == 0.123
    assert shown.permutation_p == 0.12
    assert safe(safe(given_looks)) == safe(given_looks)


def test_other_looks_at_many_are_shown_as_they_are():
    arms = (arm("active", 200, 90), arm("silent", 200, 100))
    given_looks = looks(400).model_copy(update={"note": ""})
    assert safe(evaluation(arms, schedule=given_looks)).schedule == given_looks


def proportion(d: int, k: int) -> Estimate:
    return Estimate(value=k / d, lower=0.0, upper=1.0, scale="proportion", n=d)


def reached(*counts, everybody=None):
    """Give a Reach with a share for each group of sex: n, and those reached."""
    n, k = (sum(part) for part in zip(*counts, strict=True))
    return Reach(
        reach=proportion(*(everybody or (n, k))),
        adoption=proportion(20, 12),
        fidelity=proportion(500, 500),
        acceptance=proportion(300, 150),
        by_group=tuple(
            GroupReach(characteristic="sex", group=name, share=proportion(n, k))
            for name, (n, k) in zip(("female", "male"), counts, strict=True)
        ),
    )


@pytest.mark.parametrize(
    ("reach", "both", "told"),
    [
        (reached((450, 400), (450, 380)), (880, 870), True),
        (reached((450, 450), (450, 450)), (880, 870), True),
        (reached((450, 444), (450, 380)), (880, 870), False),
        (reached((450, 400), (9, 9)), (880, 870), False),
        (reached((450, 400), (440, 380)), (880, 443), False),
        (reached((450, 400), (450, 380), everybody=(905, 785)), (880, 870), False),
    ],
    ids=["large", "all", "six not", "nine", "three are silent", "five unknown"],
)
def test_groups_reached_tell_no_small_count(reach, both, told):
    arms = (arm("active", 900, 400), arm("silent", 850, 300))
    effect = Estimate(value=0.1, lower=0.0, upper=0.2, scale="risk_difference", n=870)
    groups = tuple(
        EquityEffect(characteristic="sex", group=name, n=n, estimate=effect)
        for name, n in zip(("female", "male"), both, strict=True)
    )
    shown = safe(evaluation(arms, reach=reach, equity=groups)).reach.by_group
    assert [group.suppressed for group in shown] == [not told] * 2
    assert all(isinstance(group.share, Estimate) == told for group in shown)


@pytest.mark.parametrize(
    ("both", "people", "told"),
    [
        ((600, 590), 900, True),
        ((600, 453), 900, False),
        ((600, 590), 905, False),
        ((600, 590), None, False),
    ],
    ids=["large", "three are silent alone", "five unknown", "hidden"],
)
def test_groups_reached_of_visits_tell_no_few_people(both, people, told):
    """Their people are told beside them: 450 of each group had a visit with a card."""
    arms = tuple(
        ArmSummary(
            arm=name, n_units=3000, n=3000, numerator=900, persons=n and (n, 500)
        )
        for name, n in (("active", people), ("silent", 1000))
    )
    effect = Estimate(value=0.1, lower=0.0, upper=0.2, scale="risk_difference", n=3000)
    groups = tuple(
        EquityEffect(
            characteristic="sex", group=name, n=3000, persons=n, estimate=effect
        )
        for name, n in zip(("female", "male"), both, strict=True)
    )
    reach = reached((450, 400), (450, 380), everybody=(3000, 2500))
    shown = safe(evaluation(arms, reach=reach, equity=groups)).reach.by_group
    assert [group.suppressed for group in shown] == [not told] * 2
