"""A published factorial trial again, from the counts of its four cells.

ISIS-2: 17,187 patients, streptokinase against placebo crossed with aspirin against
placebo, vascular deaths in five weeks. Its abstract (PMID 2899772, opened 2026-11-22)
gives 791/8592 against 1029/8595 for streptokinase, 804/8587 against 1016/8600 for
aspirin, 343/4292 with both and 568/4300 with neither, from which the other two cells
follow; odds reductions of 25%, 23% and, of both together, 42% (34 to 50).
"""

import numpy as np
import pytest

from rounds.loop.evaluation.interaction import InteractionRule
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
    assert round(100 * (1 - table.both.estimate)) == 42
    assert round(100 * (1 - table.both.upper)) == 34
    assert round(100 * (1 - table.both.lower)) == 50
    assert table.first.p_value < 0.00001
    assert table.second.p_value < 0.00001
    # "Their separate effects on vascular deaths appeared to be additive."
    assert found.reading == "margins"


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
