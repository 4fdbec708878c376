"""What a problem and a list say while a trial randomises sites."""

import pytest

from rounds.conduct import without_sites
from stories.told_opportunities import opportunities
from stories.told_partition import partition
from stories.told_problem import problem


@pytest.fixture(scope="module")
def masked():
    return without_sites(problem())


def test_a_problem_names_no_site(masked):
    told = masked.to_json()
    assert "Clinic" in problem().to_json()
    assert "Clinic" not in told


def test_the_place_of_a_site_says_no_more_than_its_value(masked):
    values = [unit.value for unit in masked.units if unit.value is not None]
    assert values == sorted(values)
    assert len(masked.units) == len(problem().units)
    sides = ("outliers_low", "outliers_high")
    for side in sides:
        exact = getattr(problem().variation, side)
        assert getattr(masked.variation, side) == ("masked",) * len(exact)


def test_a_list_keeps_what_is_of_all_sites(masked):
    whole = without_sites(opportunities())
    assert whole.lines
    assert all(line.unit is None for line in whole.lines)
    assert any("while a trial runs" in sentence for sentence in whole.limitations)
    assert without_sites(whole) == whole


def test_a_variance_partition_keeps_its_levels():
    whole = without_sites(partition())
    assert whole.sites == ()
    assert whole.levels == partition().levels
    assert "Clinic " not in whole.to_json()
    assert any("while a trial runs" in sentence for sentence in whole.limitations)
    assert without_sites(whole) == whole


def test_what_names_no_site_is_left_as_it_is():
    noun = problem().aim
    assert without_sites(noun) is noun
