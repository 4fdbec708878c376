"""Which diagnoses count in case-mix: those from before the day, and no others."""

from dataclasses import replace

import numpy as np
import pytest

from rounds.datamart.comorbidities import comorbidities_of
from rounds.datamart.rows import measure_rows
from rounds.definitions import builtin_measures, charlson_groups
from rounds.nouns import DataError, NotEstimable
from stories.clinics import PERIOD, clinics

MEASURE = builtin_measures()["blood-pressure-control"]
VISITS = MEASURE.model_copy(update={"basis": "visit"})
FAILURE, MILD, SEVERE, DIABETES = (
    "Congestive heart failure",
    "Mild liver disease",
    "Moderate or severe liver disease",
    "Diabetes without chronic complication",
)
WHO = 1
"""The person whose diagnoses are written down here."""


def written(*diagnoses, concepts=(), more=""):
    """A datamart in which one person has some diagnoses: concept, start, end."""
    mart = clinics(n_clinics=6, size=3)
    known = [
        (1, "ICD10CM", "I50.9"),
        (2, "ICD10CM", "K70.0"),
        (3, "ICD10CM", "K72.90"),
        (4, "SNOMED", "73211009"),
        (5, "SNOMED", "111552007"),
        (6, "ICD10CM", "Z00.0"),
        *concepts,
    ]
    mart._connection.execute("DELETE FROM condition_occurrence")
    mart._connection.executemany("INSERT INTO concept VALUES (?, ?, ?)", known)
    for concept, start, end in diagnoses:
        mart._connection.execute(
            "INSERT INTO condition_occurrence VALUES (1, ?, 0, ?, ?, NULL, ?)",
            [WHO, start, end, concept],
        )
    if more:
        mart._connection.execute(more)
    return mart


ROWS = measure_rows(clinics(n_clinics=6, size=3), MEASURE, PERIOD)


def groups_of(mart, measure=MEASURE, rows=ROWS):
    found = comorbidities_of(mart, rows, measure, PERIOD)
    assert not isinstance(found, NotEstimable), found.reason
    mine = rows.person_id == WHO
    assert not any(who[~mine].any() for who in found.groups.values())
    return {title for title, who in found.groups.items() if who[mine].any()}


@pytest.mark.parametrize(
    ("start", "end", "counts"),
    [
        ("2023-12-31", None, True),
        ("2024-01-01", None, False),
        ("2024-07-01", None, False),
        ("2020-01-01", "2023-01-01", True),
        ("2020-01-01", "2022-12-31", False),
        ("2023-06-01", "2023-06-01", True),
    ],
)
def test_of_persons_what_began_before_the_period_counts(start, end, counts):
    """Never of the period itself, however early; nor what ended a year before it."""
    mart = written((1, start, end), (6, "2010-01-01", None))
    assert groups_of(mart) == ({FAILURE} if counts else set())


def test_of_visits_what_began_before_the_visit_s_day_counts():
    """The same person at two visits has had more by the second."""
    first, later = np.flatnonzero(ROWS.person_id == WHO)[0], ROWS.person_id[1]
    day = ROWS.index_date.copy()
    day[:] = np.datetime64("2024-03-01")
    day[1] = np.datetime64("2024-03-02")
    person = ROWS.person_id.copy()
    person[1] = WHO
    twice = replace(ROWS, person_id=person, index_date=day)
    assert later != WHO
    mart = written((1, "2024-03-01", None), (6, "2010-01-01", None))
    found = comorbidities_of(mart, twice, VISITS, PERIOD)
    who = found.groups[FAILURE]
    assert not who[first]
    assert who[1]
    assert who.sum() == 1


def test_a_milder_group_gives_way_to_the_graver():
    both = written((2, "2020-01-01", None), (3, "2021-01-01", None))
    assert groups_of(both) == {SEVERE}
    assert groups_of(written((2, "2020-01-01", None))) == {MILD}


def test_what_is_below_a_code_counts_where_the_vocabulary_knows_it():
    """And where it does not, it is said that it was not counted."""
    tree = (
        "CREATE TABLE concept_ancestor AS FROM (VALUES (4, 4), (4, 5)) "
        "t(ancestor_concept_id, descendant_concept_id)"
    )
    diagnosis = (5, "2020-01-01", None)
    assert groups_of(written(diagnosis, more=tree)) == {DIABETES}
    assert groups_of(written(diagnosis)) == set()
    found = comorbidities_of(written(diagnosis), ROWS, MEASURE, PERIOD)
    assert "what is below them" in " ".join(found.limitations)
    found = comorbidities_of(written((1, "2020-01-01", None)), ROWS, MEASURE, PERIOD)
    assert not found.limitations


def test_whether_anything_was_written_down_before_is_kept():
    found = comorbidities_of(written((6, "2023-01-01", None)), ROWS, MEASURE, PERIOD)
    assert found.recorded.tolist() == (ROWS.person_id == WHO).tolist()
    assert repr(found) == "<comorbidities: 18 rows>"


def test_where_it_cannot_be_known_it_is_said():
    nobody = comorbidities_of(written(), ROWS, MEASURE, PERIOD)
    assert "No diagnosis is recorded" in nobody.reason
    moved = written((1, "2020-01-01", None))
    moved.calendar = "shifted"
    assert "dates were moved" in comorbidities_of(moved, ROWS, MEASURE, PERIOD).reason
    found = comorbidities_of(moved, ROWS, VISITS, PERIOD)
    assert not isinstance(found, NotEstimable)


def test_a_broken_datamart_says_so_without_a_value():
    mart = written((1, "2020-01-01", None))
    mart._connection.execute("DROP TABLE condition_occurrence")
    with pytest.raises(DataError) as broken:
        comorbidities_of(mart, ROWS, MEASURE, PERIOD)
    assert broken.value.code == "datamart-unreadable"


def test_a_code_is_in_one_group():
    """Every code of the table stands once, so nobody is counted twice for it."""
    codes = [
        (one.system, getattr(one, "code_prefix", None) or one.code)
        for each in charlson_groups()
        for one in each.codes.include
    ]
    assert len(codes) == len(set(codes))
    for system, code in codes:
        longer = [c for s, c in codes if s == system and c != code]
        if "snomed" not in system:
            assert not any(other.startswith(code) for other in longer), code
