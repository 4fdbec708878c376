"""What is said of a ValueSet file of the site that cannot be used."""

import json

import pytest

from rounds.definitions import load_measures
from rounds.nouns import DefinitionError

DIABETES = (
    "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.103.12.1001"
)
CODE = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}


@pytest.fixture
def refused(tmp_path):
    """Read a folder with these files; give the error."""
    (tmp_path / "value_sets").mkdir()

    def refused(**files):
        for name, text in files.items():
            said = text if isinstance(text, str) else json.dumps(text)
            (tmp_path / "value_sets" / f"{name}.json").write_text(said)
        with pytest.raises(DefinitionError) as caught:
            load_measures(tmp_path)
        return caught.value

    return refused


def diabetes(**fields):
    return {"resourceType": "ValueSet", "url": DIABETES, **fields}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "it is not JSON (line 1)"),
        ({"resourceType": "Patient"}, "it is no FHIR ValueSet"),
        ([], "it is no FHIR ValueSet"),
        ({"resourceType": "ValueSet"}, "it is no FHIR ValueSet with a url"),
        (
            diabetes(expansion={"contains": [{"code": "E11.9"}]}),
            "has no system or no code",
        ),
    ],
)
def test_a_file_that_is_no_value_set_is_named(refused, content, said):
    error = refused(diabetes=content)
    assert error.code == "value-set-unreadable"
    assert "diabetes.json" in str(error)
    assert said in str(error)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"expansion": {"total": 2, "contains": [CODE]}},
        {"expansion": {"offset": 10, "contains": [CODE]}},
        {"compose": {"include": [{"system": CODE["system"]}]}},
        {"compose": {"include": [{"valueSet": ["http://example.org/other"]}]}},
        {
            "compose": {
                "include": [{"system": CODE["system"], "concept": [{"code": "E11"}]}],
                "exclude": [{"system": CODE["system"], "concept": [{"code": "E12"}]}],
            }
        },
    ],
)
def test_a_value_set_whose_codes_are_not_all_listed_is_refused(refused, fields):
    error = refused(diabetes=diabetes(**fields))
    assert error.code == "value-set-unlisted"
    assert DIABETES in str(error)


def test_two_versions_of_one_value_set_are_refused(refused):
    one = diabetes(expansion={"contains": [CODE]})
    error = refused(diabetes=one, older=one | {"version": "1"})
    assert error.code == "value-set-unreadable"
    assert "diabetes.json holds the value set" in str(error)


def test_what_is_missing_is_named(refused):
    url = "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.526.3"
    high = diabetes(expansion={"contains": [CODE]}) | {"url": f"{url}.1572"}
    error = refused(high=high)
    assert error.code == "value-sets-incomplete"
    assert f"{url}.1574, {url}.1575" in str(error)


def test_a_file_that_no_concept_set_stands_for_is_refused(refused):
    other = diabetes(expansion={"contains": [CODE]}) | {"url": "http://example.org/x"}
    error = refused(other=other)
    assert error.code == "value-set-unused"
    assert "http://example.org/x" in str(error)
