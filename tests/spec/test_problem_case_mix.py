"""What the first step says where sites cannot be adjusted, or are asked not to be."""

from dataclasses import replace

import numpy as np
import pytest

from rounds.datamart.rows import measure_rows
from rounds.definitions import builtin_measures
from rounds.loop import problem
from rounds.loop.problem.case_mix import adjust_for_case_mix
from rounds.loop.problem.groups import by_group
from rounds.loop.problem.variation import with_intervals
from rounds.nouns import CaseMix, NotEstimable, Variation
from rounds.reports.case_mix_words import case_mix_sentences, plain_case_mix
from rounds.reports.figures.problem import limits_at
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

MEASURE = builtin_measures()["blood-pressure-control"]
PLAIN = "Sites are compared as they are, without adjusting for who their patients are."


def run(datamart, **changes):
    options = {
        "name": "control",
        "title": "Control of blood pressure",
        "period": PERIOD,
        "aim": AIM,
        "owner": "O. Wner",
        "community": COMMUNITY,
    }
    return problem.run(MEASURE, datamart, **(options | changes))


@pytest.fixture(scope="module")
def found():
    return run(clinics(seed=3, size=60, n_clinics=20, svi_gap=-0.12))


def with_an_outlier():
    """One clinic in which nobody's blood pressure is under control."""
    datamart = clinics(seed=3, size=60, n_clinics=20)
    datamart._connection.execute(
        "UPDATE measurement SET value_as_number = 160 WHERE value_as_number > 100 AND "
        "person_id IN (SELECT person_id FROM visit_occurrence WHERE care_site_id = 5)"
    )
    return run(datamart)


def asked(sql, **changes):
    datamart = clinics(seed=4, n_clinics=12)
    datamart._connection.execute(sql)
    return run(datamart, **changes)


def test_sites_are_compared_both_ways_by_default(found):
    """Age and sex are adjusted for, and the Problem says so, and what is not."""
    assert isinstance(found.case_mix, CaseMix)
    assert found.case_mix.adjusted_for == ("age", "sex")
    said = " ".join(found.limitations)
    assert "as they are and after adjustment for age and sex" in said
    assert "whatever else differs" in said
    assert "vulnerab" not in said
    for unit in found.units:
        low, high = unit.observed_to_expected_lower, unit.observed_to_expected_upper
        assert low < unit.observed_to_expected < high


def test_a_site_is_named_if_and_only_if_it_lies_outside_the_limits_drawn():
    """The limits of a picture come from target, spread and how many are not named."""
    found = with_an_outlier()
    variation = found.variation
    assert isinstance(variation, Variation)
    lower, upper = limits_at(variation, [unit.denominator for unit in found.units])
    value = np.array([unit.value for unit in found.units])
    low, high = value < lower, value > upper
    names = np.array([unit.unit for unit in found.units])
    assert tuple(names[low]) == variation.outliers_low == ("clinic-04",)
    assert tuple(names[high]) == variation.outliers_high


def test_vulnerability_is_adjusted_for_only_by_name_and_never_in_silence(found):
    asked_for = run(
        clinics(seed=3, size=60, n_clinics=20, svi_gap=-0.12),
        adjust=("age", "svi_quartile"),
    )
    assert asked_for.case_mix.adjusted_for == ("age", "svi_quartile")
    assert "takes for granted what is worse" in " ".join(asked_for.limitations)
    better = asked_for.case_mix.c_statistic.value
    assert better > found.case_mix.c_statistic.value


def test_nothing_is_adjusted_for_where_nothing_is_asked():
    found = run(clinics(seed=4, n_clinics=12), adjust=())
    assert found.case_mix is None
    assert "case_mix" not in found.to_json()
    assert PLAIN in found.limitations
    assert case_mix_sentences(found) == []
    assert plain_case_mix(found) == ""


WOMEN = "(SELECT person_id FROM person WHERE gender_concept_id = 8532)"
READING = (
    f"CASE WHEN value_as_number < 100 THEN 80 WHEN person_id IN {WOMEN} THEN 120 "
    "ELSE 160 END"
)
ONLY_SEX = {"adjust": ("sex",)}
CANNOT = {
    "nobody's sex": (
        "UPDATE person SET gender_concept_id = 0",
        ONLY_SEX,
        "nobody's sex is known",
    ),
    "all women": (
        "UPDATE person SET gender_concept_id = 8532",
        ONLY_SEX,
        "all patients are alike",
    ),
    "few events": (
        "UPDATE measurement SET value_as_number = 160 WHERE person_id > 20",
        {},
        "3 coefficients want 10 each",
    ),
    "separation": (
        f"UPDATE measurement SET value_as_number = {READING}",
        ONLY_SEX,
        "separation: sex",
    ),
}


@pytest.mark.parametrize(("sql", "changes", "said"), CANNOT.values(), ids=CANNOT)
def test_what_cannot_be_adjusted_says_why_and_sites_stay_as_they_are(
    sql, changes, said
):
    found = asked(sql, **changes)
    assert isinstance(found.case_mix, NotEstimable)
    assert said in found.case_mix.reason
    assert any(PLAIN in one and said in one for one in found.limitations)
    assert case_mix_sentences(found) == [found.case_mix.reason]
    assert all(unit.expected is None for unit in found.units)
    assert all(unit.value is not None for unit in found.units)


def test_a_characteristic_that_all_share_is_left_out_and_the_rest_adjusted_for():
    found = asked("UPDATE person SET gender_concept_id = 8532")
    assert found.case_mix.adjusted_for == ("age",)


def adjusted_without_age(unknown):
    """A measure that does not ask for an age, in all or some of whose rows is none."""
    rows = measure_rows(clinics(seed=4, n_clinics=12), MEASURE, PERIOD)
    age = np.where(unknown(np.arange(len(rows))), -1, rows.age).astype("int16")
    rows = replace(rows, age=age)
    units = with_intervals(by_group(rows, "care_site"))
    return adjust_for_case_mix(rows, ("age", "sex"), units)


def test_where_nobodys_age_is_known_sites_stay_as_they_are():
    found, units = adjusted_without_age(lambda at: at >= 0)
    assert found.reason == "Not adjusted for age and sex: nobody's age is known."
    assert all(unit.expected is None for unit in units)


@pytest.mark.parametrize("every", [6, 100])
def test_those_whose_age_is_not_recorded_stay_in(every):
    """Many as a group of their own, a few as if they were like the others: all that is
    expected is still all that was observed."""
    found, units = adjusted_without_age(lambda at: at % every == 0)
    assert isinstance(found, CaseMix)
    expected = sum(unit.expected for unit in units)
    assert expected == pytest.approx(sum(unit.numerator for unit in units))


def test_four_sites_are_too_few_to_compare_after_adjustment():
    found = run(clinics(seed=4, n_clinics=4, size=200))
    assert "4 sites are too few to compare after adjustment" in found.case_mix.reason


def named(found, *, low=(), high=(), after_low=(), after_high=()):
    crude = found.variation.model_copy(
        update={"outliers_low": low, "outliers_high": high}
    )
    adjusted = found.case_mix.model_copy(
        update={"outliers_low": after_low, "outliers_high": after_high}
    )
    return found.model_copy(update={"variation": crude, "case_mix": adjusted})


def test_words_tell_who_is_named_before_after_and_both(found):
    one = named(found, low=("a", "b"), high=("c",), after_low=("b", "c"))
    both, before, after, model = case_mix_sentences(one)
    assert both.endswith("as they are and after adjustment for age and sex: b (below).")
    assert before.endswith(
        "not after adjustment for age and sex: a (below), c (above)."
    )
    assert after.endswith("only after adjustment for age and sex: c (below).")
    assert "c statistic of 0.5" in model
    assert plain_case_mix(one).endswith("not all of the same places stood out.")


def test_masked_words_say_how_many_and_not_who(found):
    one = named(found, low=("clinic-01",), after_low=("clinic-02", "clinic-03"))
    said = " ".join(case_mix_sentences(one, masked=True))
    assert "clinic" not in said
    assert "1 site." in said
    assert "2 sites." in said


def test_words_say_so_where_nobody_is_named(found):
    first, _ = case_mix_sentences(named(found))
    assert first.startswith("No site lies outside its limits")
    assert plain_case_mix(named(found)).endswith("No places stood out.")
    before = named(found, low=("a",))
    assert plain_case_mix(before).endswith("Then no places stood out.")
