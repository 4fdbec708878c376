"""A site's FHIR ValueSet files take the place of the short lists that are shipped."""

import json

import pytest

from rounds.definitions import builtin_measures, explain, load_measures
from stories.measures import both_engines

COLONOSCOPY = (
    "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.108.12.1020"
)
OURS = "http://example.org/procedures"
NAME = "colorectal-cancer-screening"


def value_set(url, *codes, **fields):
    contains = [{"system": system, "code": code} for system, code in codes]
    return {
        "resourceType": "ValueSet",
        "url": url,
        "version": "2026",
        "expansion": {"total": len(codes), "contains": contains},
        **fields,
    }


@pytest.fixture
def give(tmp_path):
    """Put resources into the site's folder, and read its measures."""
    (tmp_path / "value_sets").mkdir()

    def give(**resources):
        for name, resource in resources.items():
            path = tmp_path / "value_sets" / f"{name}.json"
            path.write_text(json.dumps(resource))
        return load_measures(tmp_path)

    give.folder = tmp_path
    return give


def seen(code_system, code):
    """One patient of 60 who was seen, with one procedure, as OMOP tables."""
    concepts = [{"concept_id": 2_000_000_001, "vocabulary_id": code_system}]
    return {
        "person": [
            {
                "person_id": 1,
                "person_source_value": "p1",
                "gender_concept_id": 8532,
                "year_of_birth": 1965,
                "month_of_birth": 5,
                "day_of_birth": 1,
            }
        ],
        "visit_occurrence": [
            {
                "visit_occurrence_id": 1,
                "person_id": 1,
                "visit_concept_id": 9202,
                "visit_start_date": day("2025-03-01"),
                "visit_end_date": day("2025-03-01"),
            }
        ],
        "procedure_occurrence": [
            {
                "procedure_occurrence_id": 1,
                "person_id": 1,
                "procedure_concept_id": 0,
                "procedure_source_concept_id": 2_000_000_001,
                "procedure_date": day("2020-01-01"),
            }
        ],
        "concept": [one | {"concept_code": code} for one in concepts],
    }


def day(text):
    import datetime as dt

    return dt.date.fromisoformat(text)


def test_a_code_of_the_site_counts_once_its_value_set_is_there(give):
    """A colonoscopy by a code that is not shipped counts with the value set alone."""
    rows = seen(OURS, "scope-1")
    shipped = both_engines(rows, builtin_measures()[NAME])
    taken = give(colonoscopy=value_set(COLONOSCOPY, (OURS, "scope-1")))[NAME]
    counted = both_engines(rows, taken)
    assert getattr(shipped, "populations", {"numerator": 0})["numerator"] == 0
    assert counted.populations["numerator"] == 1


def test_the_codes_that_are_shipped_count_no_more(give):
    """The value set stands in the place of the short list, and is not added to it."""
    taken = give(colonoscopy=value_set(COLONOSCOPY, (OURS, "scope-1")))[NAME]
    [one] = [s for s in taken.concept_sets if s.name == "colonoscopy"]
    assert [code.code for code in one.include] == ["scope-1"]
    assert taken.ref() != builtin_measures()[NAME].ref()


def test_a_measure_says_which_file_its_codes_are_from(give):
    """`explain` names the file, the value set and its version."""
    taken = give(colonoscopy=value_set(COLONOSCOPY, (OURS, "scope-1")))[NAME]
    said = explain(taken)
    assert f"From colonoscopy.json of this site: {COLONOSCOPY}|2026." in said


def test_measures_without_that_value_set_stay_as_they_are_shipped(give):
    """Only measures that use a concept set that was filled are the site's own."""
    measures = give(colonoscopy=value_set(COLONOSCOPY, (OURS, "scope-1")))
    assert set(measures) == {NAME}


def test_a_measure_based_on_a_shipped_one_has_the_codes_too(give):
    """The site's own measure inherits the codes of the value set."""
    (give.folder / "measures").mkdir()
    (give.folder / "measures" / "from-50.yaml").write_text(
        f"based_on: {NAME}\nname: from-50\ntitle: From 50 years on\n"
    )
    measures = give(colonoscopy=value_set(COLONOSCOPY, (OURS, "scope-1")))
    [one] = [s for s in measures["from-50"].concept_sets if s.name == "colonoscopy"]
    assert [code.code for code in one.include] == ["scope-1"]


def test_a_bundle_and_a_list_of_codes_are_read(give):
    """A Bundle of value sets, and a definition that lists its codes one by one."""
    listed = value_set(COLONOSCOPY)
    del listed["expansion"]
    listed["compose"] = {
        "include": [{"system": OURS, "concept": [{"code": "a"}, {"code": "b"}]}]
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": listed}]}
    [one] = [s for s in give(all=bundle)[NAME].concept_sets if s.name == "colonoscopy"]
    assert [code.code for code in one.include] == ["a", "b"]


def test_a_grouping_code_is_no_code_and_nested_ones_are(give):
    """Codes below an abstract one belong to the value set, and it does not."""
    nested = value_set(COLONOSCOPY)
    nested["expansion"] = {
        "contains": [
            {
                "system": OURS,
                "code": "group",
                "abstract": True,
                "contains": [{"system": OURS, "code": "inner"}],
            }
        ]
    }
    [one] = [s for s in give(all=nested)[NAME].concept_sets if s.name == "colonoscopy"]
    assert [code.code for code in one.include] == ["inner"]
