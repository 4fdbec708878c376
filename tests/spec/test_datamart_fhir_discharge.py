"""Where a patient was discharged to is loaded from FHIR, and measures read it."""

import datetime as dt

from rounds.datamart import Datamart, run_measure
from rounds.definitions import builtin_measures
from rounds.nouns import Period
from stories import small_fhir as story
from stories.loaded_fhir import loads

DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
YEAR = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))


def stay(name, disposition, person="p1"):
    return story.encounter(
        name,
        subject=story.ref("Patient", person),
        **{"class": {"system": "v3-ActCode", "code": "IMP"}},
        period={"start": "2024-05-01T09:00:00Z", "end": "2024-05-04T12:00:00Z"},
        hospitalization={"dischargeDisposition": disposition},
    )


def test_a_disposition_has_a_concept_and_keeps_its_code(tmp_path):
    """The code and its system lead to a concept; without a code there is none."""
    loaded = loads(
        tmp_path,
        [
            stay("e2", story.code(DISPOSITION, "aadvice", "Left against advice")),
            stay("e3", {"text": "went away"}, "p2"),
        ],
    )
    with Datamart.open(loaded.path) as mart:
        rows = mart._connection.execute(
            "SELECT v.discharged_to_source_value, c.vocabulary_id, c.concept_code "
            "FROM visit_occurrence AS v LEFT JOIN concept AS c "
            "ON c.concept_id = v.discharged_to_concept_id "
            "WHERE v.visit_concept_id = 9201 ORDER BY ALL"
        ).fetchall()
    assert rows == [("aadvice", DISPOSITION, "aadvice"), ("went away", None, None)]


def test_a_measure_leaves_out_by_the_disposition(tmp_path):
    """Of two stays, the one that was left against advice is not counted."""
    born = {"birthDate": "1950-01-01"}
    loaded = loads(
        tmp_path,
        [
            story.patient("p3", **born),
            story.patient("p4", **born),
            stay("e2", story.code(DISPOSITION, "aadvice"), "p3"),
            stay("e3", story.code(DISPOSITION, "home"), "p4"),
        ],
    )
    with Datamart.open(loaded.path) as mart:
        result = run_measure(mart, builtin_measures()["readmission-30-days"], YEAR)
    found = result.populations
    assert (found["denominator"], found["denominator_exclusion"]) == (1, 1)
