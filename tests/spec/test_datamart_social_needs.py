"""Social needs are read from codes and from what patients answered when asked."""

import datetime as dt

import duckdb
import numpy as np
import pytest

from rounds.datamart import Datamart
from rounds.datamart.characteristics import characteristics_of
from rounds.definitions import screening_answers
from stories import small_fhir as story
from stories.loaded_fhir import loads
from stories.small_fhir import LOINC, SNOMED, key

ON = dt.date(2024, 12, 31)


def answer(name, question, value, day="2024-06-01", person="p1", **fields):
    """An answer as an Observation: a LOINC code, or a value of another kind."""
    given = {"valueCodeableConcept": story.code(LOINC, value)} if value else {}
    one = story.observation(
        name,
        "survey",
        code=story.code(LOINC, question),
        subject=story.ref("Patient", person),
        effectiveDateTime=day,
        **{**given, **fields},
    )
    del one["valueQuantity"]
    return one


def needs_of(tmp_path, *observations, on=ON):
    loaded = loads(tmp_path, list(observations))
    people = np.array([key("Patient", "p1"), key("Patient", "p2")])
    with Datamart.open(loaded.path) as mart:
        found = characteristics_of(mart, people, on)
    return found.get("social_need", np.array(["", ""])).tolist()


@pytest.mark.parametrize(
    ("question", "value", "said"),
    [
        ("71802-3", "LA30190-5", "need recorded"),
        ("71802-3", "LA31993-1", "asked, none found"),
        ("88122-7", "LA6729-3", "need recorded"),
        ("88122-7", "LA28398-8", "asked, none found"),
        ("93026-3", "LA32-8", "need recorded"),
        ("93030-5", "LA30133-5", "need recorded"),
        ("93033-9", "LA30122-8", ""),
        ("72166-2", "LA33-6", ""),
    ],
)
def test_an_answer_says_a_need_or_none_or_nothing(tmp_path, question, value, said):
    """Who declines says nothing, and what is no question on needs neither."""
    assert needs_of(tmp_path, answer("a1", question, value)) == [said, ""]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"valueString": "Often TRUE"}, "need recorded"),
        ({"valueString": "never true (of us)"}, "asked, none found"),
        ({"valueString": "sometimes, I think"}, ""),
    ],
)
def test_an_answer_in_words_is_read_where_it_is_the_list_s_own(tmp_path, fields, said):
    assert needs_of(tmp_path, answer("a1", "88123-5", None, **fields))[0] == said


def test_yes_may_be_of_another_code_system(tmp_path):
    yes = {"valueCodeableConcept": story.code(SNOMED, "373066001", "Yes")}
    assert (
        needs_of(tmp_path, answer("a1", "96779-4", None, **yes))[0] == "need recorded"
    )


@pytest.mark.parametrize(
    ("score", "said"), [(11, "need recorded"), (10, "asked, none found")]
)
def test_a_score_of_safety_says_a_need_from_eleven(tmp_path, score, said):
    given = {"valueQuantity": story.quantity(score, "{score}")}
    one = answer("a1", "95614-4", None)
    assert needs_of(tmp_path, {**one, **given})[0] == said


def test_the_latest_answer_to_a_question_counts_and_any_question_s_need(tmp_path):
    """Housing is found again; food was lacking once and was not asked of again."""
    assert needs_of(
        tmp_path,
        answer("a1", "71802-3", "LA30190-5", "2024-02-01"),
        answer("a2", "71802-3", "LA30189-7", "2024-09-01"),
        answer("a3", "71802-3", "LA30122-8", "2024-10-01"),
        answer("a4", "88124-3", "LA19983-8", "2024-02-01", "p2"),
        answer("a5", "93031-3", "LA30125-1", "2024-02-01", "p2"),
        answer("a6", "93031-3", "LA30126-9", "2024-02-01", "p2"),
    ) == ["asked, none found", "need recorded"]


def test_a_code_of_a_need_stands_beside_answers(tmp_path):
    """Z59.0 counts whatever was answered; what is older than a year does not."""
    icd10 = "http://hl7.org/fhir/sid/icd-10-cm"
    homeless = {"code": story.code(icd10, "Z59.0"), "onsetDateTime": "2024-03-01"}
    given = [
        story.condition("z1", **homeless),
        answer("a1", "71802-3", "LA30189-7", "2024-09-01"),
        answer("a2", "71802-3", "LA30190-5", "2023-09-01", "p2"),
    ]
    assert needs_of(tmp_path, *given) == ["need recorded", ""]


def test_answers_in_the_cdm_are_read_by_concept_and_without_a_source_code():
    """A CDM of elsewhere: standard concepts of question and answer, no source codes."""
    mart = type("Mart", (), {})()
    mart._connection = duckdb.connect()
    mart._connection.execute(
        """
        CREATE TABLE concept AS FROM (VALUES (1, 'q', 'LOINC', '88122-7'),
            (2, 'a', 'LOINC', 'LA28397-0'), (3, 'n', 'LOINC', 'LA28398-8'),
            (4, 'own question', 'Local', 'Q7'), (5, 'often', 'SNOMED', '70232002'),
            (0, 'No matching concept', 'None', 'No matching concept')
        ) t(concept_id, concept_name, vocabulary_id, concept_code);
        CREATE TABLE condition_occurrence (person_id BIGINT, condition_start_date DATE,
            condition_source_concept_id BIGINT);
        CREATE TABLE person (person_id BIGINT);
        CREATE TABLE observation (person_id BIGINT, observation_date DATE,
            observation_concept_id BIGINT, observation_source_concept_id BIGINT,
            value_as_number DOUBLE, value_as_concept_id BIGINT,
            value_source_value VARCHAR);
        CREATE TABLE measurement (person_id BIGINT, measurement_date DATE,
            measurement_concept_id BIGINT, measurement_source_concept_id BIGINT,
            value_as_number DOUBLE, value_as_concept_id BIGINT,
            value_source_value VARCHAR);
        INSERT INTO observation VALUES
            (5, '2024-05-01', 1, 4, NULL, 5, 'LA28397-0'),
            (1, '2024-05-01', 1, 0, NULL, 2, NULL), (2, '2024-05-01', 1, NULL, NULL, 0,
             'Never true');
        INSERT INTO measurement VALUES (3, '2024-05-01', 0, 1, NULL, 3, 'x');
        """
    )
    found = characteristics_of(mart, np.array([1, 2, 3, 4, 5]), ON)
    assert found["social_need"].tolist() == [
        "need recorded",
        "asked, none found",
        "asked, none found",
        "",
        "need recorded",  # asked under a code of the site's own, answered under SNOMED's
    ]


def test_each_answer_says_one_thing():
    """No question has an answer that is listed as a need and as none."""
    seen = {}
    for one in screening_answers():
        for word in one.words:
            assert seen.setdefault((one.question, word.lower()), one.need) == one.need
    assert len({question for question, _ in seen}) == 12
