"""What the first step says when it cannot be run."""

import pytest

from rounds.definitions import builtin_measures
from rounds.loop import problem
from rounds.nouns import DataError, DefinitionError, Period
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

MEASURES = builtin_measures()


def run(measure="blood-pressure-control", datamart=None, **changes):
    options = {
        "name": "control",
        "title": "Control of blood pressure",
        "period": PERIOD,
        "aim": AIM,
        "owner": "O. Wner",
        "community": COMMUNITY,
    }
    datamart = datamart or clinics(n_clinics=6, size=10)
    return problem.run(MEASURES[measure], datamart, **(options | changes))


def test_a_continuous_measure_is_refused():
    """Problems are opened on proportions; the message names the scoring."""
    with pytest.raises(DefinitionError, match="continuous-variable") as refused:
        run("systolic-after-first-uncontrolled")
    assert refused.value.code == "problem-not-a-proportion"


@pytest.mark.parametrize("change", [{"target": 75.0}, {"measure": "other"}])
def test_an_aim_of_another_scale_or_measure_is_refused(change):
    """75 is not a proportion, and another measure's aim is not this one's."""
    with pytest.raises(DefinitionError) as refused:
        run(aim=AIM.model_copy(update=change))
    assert refused.value.code == "aim-of-another-measure"
    assert "0.75" in str(refused.value)


def test_a_period_without_patients_gives_no_number():
    """Nobody in the denominator: the error says so, and when."""
    empty = Period(start="2030-01-01", end="2030-12-31")
    with pytest.raises(DataError, match="2030-01-01") as refused:
        run(period=empty)
    assert refused.value.code == "measure-not-estimable"


def test_data_without_blood_pressure_are_said_to_have_none():
    """No reading at all is not 0% control."""
    datamart = clinics(n_clinics=6, size=10)
    datamart._connection.execute("DELETE FROM measurement")
    with pytest.raises(DataError, match=r"blood pressure|systolic") as refused:
        run(datamart=datamart)
    assert refused.value.code == "measure-not-estimable"
