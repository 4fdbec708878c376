"""What explains the variation: what is said of clinicians, clinics and regions whose
spreads are known, and of those that cannot be told apart."""

import datetime as dt

import pytest

from rounds.datamart.areas.regions import regions_of
from rounds.definitions import builtin_measures
from rounds.ledger import safe
from rounds.loop.problem import levels
from rounds.loop.problem.explaining import counted, partition_of, read_asked
from rounds.nouns import (
    DataError,
    DefinitionError,
    Estimate,
    Measure,
    NotEstimable,
    Period,
    VariancePartition,
)
from rounds.nouns.criteria import Not
from stories.clinics import PERIOD, clinics
from stories.levels import nested

MEASURES = builtin_measures()
MEASURE = MEASURES["blood-pressure-control"]
OTHER = Measure.model_validate(
    MEASURE.model_dump()
    | {
        "name": "not-controlled",
        "title": "Blood pressure out of control",
        "improvement_notation": "decrease",
        "numerator": Not(op="not", of=MEASURE.numerator),
    }
)


def explained(mart, **more):
    asked = read_asked(MEASURE, mart, period=PERIOD, balancing=more.pop("beside", None))
    return partition_of(asked, **more)


def of(found, level, model="crude"):
    return next(one for one in found.levels if (one.level, one.model) == (level, model))


@pytest.fixture(scope="module", autouse=True)
def few_draws():
    """Twenty data sets where a hundred are drawn: how sure it is is not asked here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "BOOTSTRAP", 20)
        yield


@pytest.fixture(scope="module")
def found(few_draws):
    mart = nested(seed=7, sds=(0.5, 0.5, 0.4), age_gap=0.5)
    return explained(mart, beside=OTHER)


def test_each_level_has_its_share_and_the_interval_holds_the_truth(found):
    """Sds of 0.5, 0.5 and 0.4 on the scale where patients have 3.29; the clinics'
    share grows by what the ages of their patients add, until age is known."""
    total = 0.5**2 + 0.5**2 + 0.4**2 + 3.29
    truths = {"region": 0.25 / total, "site": 0.25 / total, "clinician": 0.16 / total}
    for level, truth in truths.items():
        share = of(found, level, "case_mix").share
        assert share.lower < truth < share.upper, level
        odds = of(found, level, "case_mix").median_odds_ratio
        assert 1 <= odds.lower <= odds.value <= odds.upper
    shares = [one.share.value for one in found.levels if one.model == "case_mix"]
    assert sum(shares) == pytest.approx(1)
    assert of(found, "region").n_units == 8
    assert of(found, "clinician").n_units == 192


def test_what_goes_with_age_goes_from_the_clinics_once_age_is_known(found):
    """Half the clinics see the old, whose log odds are lower by about 1.3."""
    change = of(found, "site", "case_mix").explained
    assert change.lower > 0.1
    assert "20 draws" in change.method
    assert of(found, "site").explained is None
    assert of(found, "site").share.value > of(found, "site", "case_mix").share.value


def test_sites_are_ranked_with_ranges_and_one_side_is_better(found):
    shown = [one for one in found.sites if one.rank is not None]
    assert len(shown) == 48
    assert shown[0].rank == 1
    assert all(one.rank_lower <= one.rank <= one.rank_upper for one in shown)
    assert shown[0].site.value > shown[-1].site.value
    assert shown[0].rank_upper > 1
    assert {one.differs for one in found.sites} <= {"low", "high", "no"}


def test_the_two_measures_are_set_side_by_side(found):
    """The second is the first turned round: what is high on one is low on the other."""
    assert found.correlation.value < -0.95
    assert found.balancing_overall.value == pytest.approx(1 - found.overall.value)
    best = found.sites[0]
    assert best.balancing.value == pytest.approx(1 - best.site.value, abs=0.03)


def test_one_clinician_a_site_cannot_be_told_from_the_site():
    found = explained(nested(seed=3, clinicians_each=1, size=60, sds=(0, 0.5, 0.3)))
    assert "cannot be told apart" in of(found, "clinician").share.reason
    assert isinstance(of(found, "site").share, Estimate)
    assert isinstance(of(found, "region").share, NotEstimable | Estimate)


def test_where_nobody_says_who_saw_whom_there_is_no_level_of_clinicians():
    mart = nested(seed=3, sds=(0, 0.6, 0))
    mart._connection.execute("UPDATE provider SET provider_source_value = NULL")
    found = explained(mart)
    assert "who" in of(found, "clinician").share.reason
    assert isinstance(of(found, "site").share, Estimate)


def test_some_patients_without_a_clinician_are_left_out_of_the_levels_and_it_is_said():
    mart = nested(seed=3, sds=(0, 0.6, 0))
    mart._connection.execute(
        "UPDATE visit_occurrence SET provider_id = NULL WHERE person_id % 4 = 0"
    )
    found = explained(mart)
    assert any("About 25% of patients" in said for said in found.limitations)


def test_too_few_sites_or_nothing_that_varies_is_said_and_no_number_given():
    few = explained(clinics(n_clinics=3, size=50))
    assert "too few" in of(few, "site").share.reason
    assert few.sites
    assert all(one.rank is None for one in few.sites)
    mart = nested(seed=2, n_regions=2)
    mart._connection.execute("UPDATE measurement SET value_as_number = 100")
    same = explained(mart)
    assert all(isinstance(one.share, NotEstimable) for one in same.levels)


def test_little_data_tell_too_little():
    """Twelve clinics of eight patients: neither no difference nor a large one is
    excluded, and no share of it goes with anything."""
    found = explained(clinics(seed=8, n_clinics=12, size=8, spread=0.0))
    assert "nothing can be told" in of(found, "site").share.reason


def test_regions_are_those_of_the_addresses():
    assert regions_of(nested(n_regions=2))["clinic-07"] == "region-1"
    assert regions_of(nested(n_regions=2, regions_known=False)) == {}
    found = explained(nested(seed=4, n_regions=3))
    assert "3 regions" in of(found, "region").share.reason


def test_sites_that_may_not_be_told_take_no_part():
    mart = clinics(seed=3, n_clinics=30, size=60, spread=0.6)
    mart._connection.execute("DELETE FROM person WHERE person_id > 1748")
    asked = read_asked(MEASURE, mart, period=PERIOD)
    exact = counted(asked)
    shown = safe(exact)
    hidden = {one.site.unit for one in shown.sites if one.site.suppressed}
    assert "clinic-29" in hidden
    found = partition_of(asked, hidden=hidden)
    told = safe(found)
    assert safe(told) == told
    assert VariancePartition.from_json(told.to_json()) == told
    assert {one.site.unit for one in told.sites if one.rank is None} == hidden
    assert any("take no part" in said for said in told.limitations)
    # Of the hidden ones nothing changes what is told, whatever their patients do.
    mart._connection.execute(
        "UPDATE measurement SET value_as_number = 100 WHERE person_id > 1740"
    )
    again = safe(partition_of(read_asked(MEASURE, mart, period=PERIOD), hidden=hidden))
    assert again.levels == told.levels
    assert again.sites == told.sites


def test_where_one_measure_is_met_by_all_who_may_be_told_the_two_are_not_compared():
    mart = clinics(seed=3, n_clinics=12, size=60)
    asked = read_asked(MEASURE, mart, period=PERIOD, balancing=OTHER)
    names = {one.site.unit for one in counted(asked).sites}
    found = partition_of(asked, hidden_balancing=names - {"clinic-00"})
    assert "measures; at least" in found.correlation.reason
    mart._connection.execute("UPDATE measurement SET value_as_number = 100")
    same = explained(mart, beside=OTHER)
    assert "same result" in same.correlation.reason
    assert any("same result" in said for said in same.limitations)


def test_no_site_is_named_while_a_trial_runs_among_them():
    found = explained(clinics(seed=3), by_site=False)
    assert found.sites == ()
    assert "clinic-" not in found.to_json()
    assert any("while a trial runs" in said for said in found.limitations)


def test_no_clinician_is_named_or_listed(found):
    assert "dr-" not in found.to_json()


def test_it_is_the_same_for_the_same_question_of_the_same_data():
    mart = clinics(seed=3)
    assert explained(mart) == explained(mart)


def test_a_measure_that_is_no_proportion_and_days_without_data_are_refused():
    mart = clinics(n_clinics=6, size=20)
    with pytest.raises(DefinitionError) as refused:
        read_asked(MEASURES["systolic-after-first-uncontrolled"], mart, period=PERIOD)
    assert refused.value.code == "problem-not-a-proportion"
    late = Period(start=dt.date(2030, 1, 1), end=dt.date(2030, 12, 31))
    with pytest.raises(DataError) as unknown:
        read_asked(MEASURE, mart, period=late)
    assert unknown.value.code == "measure-not-estimable"


def test_addresses_that_cannot_be_read_are_said_so_without_a_value():
    class Broken:
        _connection = None

        def execute(self, *_):
            import duckdb

            raise duckdb.Error("dr-7 lives here")

        def cursor(self):
            return self

    mart = nested(n_regions=2)
    mart._connection = Broken()
    with pytest.raises(DataError) as broken:
        regions_of(mart)
    assert broken.value.code == "datamart-unreadable"
    assert "dr-7" not in str(broken.value)
