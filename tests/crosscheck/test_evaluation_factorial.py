"""A published factorial trial again, from the counts of its four cells.

ISIS-2: 17,187 patients, streptokinase against placebo crossed with aspirin against
placebo, vascular deaths in five weeks. Its abstract (PMID 2899772, opened 2026-11-22)
gives 791/8592 against 1029/8595 for streptokinase, 804/8587 against 1016/8600 for
aspirin, 343/4292 with both and 568/4300 with neither, from which the other two cells
follow; odds reductions of 25%, 23% and, of both together, 42% (34 to 50).
"""

import numpy as np
import pytest

from rounds.loop.evaluation.arms.interaction import InteractionRule
from rounds.loop.evaluation.spreadsheet.factorial import analyse_factorial, factorial_of

DIED = {"neither": 568, "first": 791 - 343, "second": 804 - 343, "both": 343}
N = {"neither": 4300, "first": 8592 - 4292, "second": 8587 - 4292, "both": 4292}


@pytest.fixture(scope="module")
def isis():
    assert sum(N.values()) == 17187
    assert DIED["neither"] + DIED["second"] == 1029
    outcome, first, second = [], [], []
    for cell, n in N.items():
        outcome += [1.0] * DIED[cell] + [0.0] * (n - DIED[cell])
        first += ["streptokinase" if cell in ("first", "both") else "placebo"] * n
        second += ["aspirin" if cell in ("second", "both") else "placebo"] * n
    columns = {
        "outcome": np.array(outcome),
        "arm": np.array(first, dtype=object),
        "second_arm": np.array(second, dtype=object),
    }
    return factorial_of(columns, names=("infusion", "tablets"))


def test_the_published_odds_reductions(isis):
    found = analyse_factorial(isis, scale="odds-ratio")
    table = found.table
    assert round(100 * (1 - table.first.estimate)) == 25
    assert round(100 * (1 - table.second.estimate)) == 23
    # The published 42% is the one-step estimate from observed less expected.
    n, died = N["both"] + N["neither"], DIED["both"] + DIED["neither"]
    share = N["both"] / n
    variance = share * (1 - share) * died * (n - died) / (n - 1)
    one_step = np.exp((DIED["both"] - died * share) / variance)
    assert round(100 * (1 - one_step)) == 42
    assert table.both.estimate == pytest.approx(one_step, abs=0.01)
    assert round(100 * (1 - table.both.upper)) == 34
    assert round(100 * (1 - table.both.lower)) == 50
    assert table.first.p_value < 0.00001
    assert table.second.p_value < 0.00001
    # "Their separate effects on vascular deaths appeared to be additive."
    assert found.reading == "margins"


def test_the_margins_are_r_s_logistic_regression(isis):
    """R 4.2.2, `glm(cbind(died, n - died) ~ a + b, binomial)`, run on 2026-11-22."""
    table = analyse_factorial(isis, scale="odds-ratio").table
    for found, estimate, se in (
        (table.first, -0.294143708224, 0.0500035577077),
        (table.second, -0.260507440016, 0.0499339732877),
    ):
        assert np.log(found.estimate) == pytest.approx(estimate, rel=1e-8)
        assert found.se == pytest.approx(se, rel=1e-3)  # a sandwich's, not the model's


R_CR2 = {  # estimate, standard error, degrees of freedom
    "first": (0.546900603797, 0.143521564185, 9.00173061774),
    "second": (0.123305727847, 0.142021850728, 9.02023145357),
    "first_alone": (0.751870085226, 0.166356604007, 4.00056034753),
    "second_alone": (0.327829701709, 0.164783189172, 4.00550824620),
    "interaction": (-0.410285468743, 0.268958693408, 8.00557776967),
}


def test_clusters_of_two_factors_are_clubsandwich_s():
    """R 4.2.2 on rows that both sides write by formula: `lm(y ~ a + b + x)` and
    `lm(y ~ a * b + x)`, clubSandwich `coef_test(vcov = "CR2", cluster = g)`.
    """
    i = np.arange(1, 97)
    g = (i - 1) // 8
    a, b, x = g % 2, g // 2 % 2, ((i * 37) % 11) / 10
    y = 0.7 * a + 0.4 * b - 0.5 * a * b + x + ((i * 53) % 17) / 8 + (g % 3) / 4
    columns = {
        "outcome": y,
        "arm": a.astype(str).astype(object),
        "second_arm": b.astype(str).astype(object),
        "cluster": g.astype(str).astype(object),
    }
    trial = factorial_of(
        columns, names=("a", "b"), covariates={"x": x.astype(str).astype(object)}
    )
    table = analyse_factorial(trial).table
    for name, (estimate, se, df) in R_CR2.items():
        found = getattr(table, name)
        assert found.estimate == pytest.approx(estimate, rel=1e-9)
        assert found.se == pytest.approx(se, rel=1e-9)
        assert found.df == pytest.approx(df, rel=1e-8)


def test_inside_the_table_is_woolf(isis):
    """Odds ratios of cells and their interaction, by hand from the counts."""
    table = analyse_factorial(isis, scale="odds-ratio").table
    logit = {c: np.log(DIED[c] / (N[c] - DIED[c])) for c in N}
    inverse = {c: 1 / DIED[c] + 1 / (N[c] - DIED[c]) for c in N}
    interaction = logit["both"] - logit["first"] - logit["second"] + logit["neither"]
    assert np.log(table.interaction.estimate) == pytest.approx(interaction, rel=1e-8)
    assert table.interaction.se == pytest.approx(
        np.sqrt(sum(inverse.values())), rel=1e-3
    )
    for name, cell in (("first_alone", "first"), ("second_alone", "second")):
        found = getattr(table, name)
        assert np.log(found.estimate) == pytest.approx(
            logit[cell] - logit["neither"], rel=1e-8
        )
        se = np.sqrt(inverse[cell] + inverse["neither"])
        assert found.se == pytest.approx(se, rel=1e-3)


def test_differences_at_the_margins_are_the_strata_averages(isis):
    """Risk differences: inside the table by hand, and within their hull outside."""
    table = analyse_factorial(isis).table
    risk = {c: DIED[c] / N[c] for c in N}
    alone = risk["first"] - risk["neither"]
    beside = risk["both"] - risk["second"]
    assert table.first_alone.estimate == pytest.approx(alone)
    assert table.interaction.estimate == pytest.approx(beside - alone)
    assert min(alone, beside) < table.first.estimate < max(alone, beside)
    assert table.first.estimate == pytest.approx((alone + beside) / 2, rel=1e-3)


def test_a_margin_below_what_was_seen_withholds_them(isis):
    """The rule is the reader's; with a stricter one the same trial reads otherwise."""
    seen = abs(analyse_factorial(isis).table.interaction.estimate)
    found = analyse_factorial(isis, rule=InteractionRule(margin=seen / 2))
    assert found.reading == "inside_the_table"
    assert found.table.first is None
    assert found.table.both is not None
