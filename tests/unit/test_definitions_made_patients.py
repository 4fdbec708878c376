"""Patients are made up for every branch of a measure, and proven to show it."""

import datetime as dt

import pytest

from rounds.datamart.measures.running import run_measure
from rounds.definitions import builtin_measures, load_measure
from rounds.definitions.made_patients import branches, made_patients
from rounds.definitions.reference import evaluate
from rounds.definitions.skeleton import skeleton
from rounds.nouns import Measure, Period
from stories.measures import TYPES, HandMade

YEAR = Period(start=dt.date(2025, 1, 1), end=dt.date(2025, 12, 31))


@pytest.mark.parametrize("name", ["blood-pressure-control", "treatment-intensified"])
def test_every_branch_of_a_shipped_measure_has_its_patients(name):
    """Two of each branch, nobody in two of them, and the engines count them alike."""
    measure = builtin_measures()[name]
    made = made_patients(measure, YEAR, 2)
    assert made.not_made == ()
    assert set(made.persons) == {one.name for one in branches(measure)}
    everybody = [person for some in made.persons.values() for person in some]
    assert len(set(everybody)) == len(everybody) == 2 * len(made.persons)
    judged = evaluate(measure, made.tables, YEAR)
    found = run_measure(
        HandMade(dict.fromkeys(TYPES, ()) | dict(made.tables)), measure, YEAR
    )
    assert found.populations["initial_population"] == len(judged)
    assert found.populations["numerator"] == sum(row.numerator for row in judged) > 0
    assert found.populations["denominator_exclusion"] > 0


@pytest.mark.parametrize("basis", ["person", "visit", "procedure"])
@pytest.mark.parametrize("scoring", ["proportion", "ratio", "continuous-variable"])
def test_what_define_writes_is_a_measure_with_all_its_branches(
    tmp_path, basis, scoring
):
    """The beginning that is written is valid, and each branch of it can be shown."""
    path = tmp_path / "door-to-needle.yaml"
    path.write_text(skeleton("door-to-needle", basis, scoring))
    measure = load_measure(path)
    assert (measure.basis, measure.scoring) == (basis, scoring)
    assert made_patients(measure, YEAR, 1).not_made == ()


def test_a_branch_that_contradicts_itself_is_named():
    """Nobody is under 18 and over 65."""
    young, old = (
        {"op": "age", "at": "period_end", **years}
        for years in ({"to_years": 17}, {"from_years": 66})
    )
    measure = Measure(
        name="nobody",
        title="Nobody",
        type="process",
        improvement_notation="increase",
        initial_population=old,
        numerator={"op": "all", "of": [young, {"op": "sex", "of": "male"}]},
    )
    made = made_patients(measure, YEAR, 1)
    assert [name.split(":")[0] for name in made.not_made][:1] == ["numerator holds"]
    assert "numerator does not hold" in {name.split(":")[0] for name in made.persons}


def test_the_same_seed_makes_the_same_patients():
    measure = builtin_measures()["treatment-intensified"]
    one, same, other = (made_patients(measure, YEAR, 1, seed) for seed in (1, 1, 2))
    assert one.tables == same.tables != other.tables
    with pytest.raises(ValueError, match="0 patients"):
        made_patients(measure, YEAR, 0)
