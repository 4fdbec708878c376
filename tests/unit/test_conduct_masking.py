"""What a problem and a list say while a trial randomises sites."""

import pytest

from rounds.cli import measure_run
from rounds.conduct import in_order_of_values, without_sites
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
    names = [unit.unit for unit in masked.units]
    assert names == [f"site {n}" for n in range(1, len(names) + 1)]


def test_a_site_has_one_number_wherever_it_is_shown(masked):
    """Hidden ones last, in a Problem and in a measure that is run."""
    hidden = masked.units[0].model_copy(update={"value": None, "numerator": None})
    units = (hidden, *masked.units[1:])
    ordered = in_order_of_values(units)
    assert ordered[-1] is hidden
    numbered = measure_run._mask(units)
    assert [one.value for one in numbered] == [one.value for one in ordered]
    problem = without_sites(masked.model_copy(update={"units": units}))
    assert [one.value for one in problem.units] == [one.value for one in ordered]


def test_what_lies_outside_the_limits_still_does(masked):
    """Which numbers are outside can be told of numbered sites as of named ones."""
    exact = {unit.unit: unit.value for unit in problem().units}
    shown = {unit.unit: unit.value for unit in masked.units}
    for side in ("outliers_low", "outliers_high"):
        named = getattr(problem().variation, side)
        numbered = getattr(masked.variation, side)
        assert sorted(exact[one] for one in named) == [shown[one] for one in numbered]
    assert problem().variation.outliers_low


def test_a_problem_without_names_stays_as_it_is(masked):
    assert any("not named" in sentence for sentence in masked.limitations)
    assert without_sites(masked) == masked


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
