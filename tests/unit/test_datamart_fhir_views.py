"""The views of the mapping: what they flatten to, and which of a site's are refused."""

import json

import duckdb
import pytest

from rounds.datamart.fhir.paths import fields, resources
from rounds.datamart.fhir.views import flattening
from rounds.datamart.mapping import mapping
from rounds.nouns.errors import DefinitionError
from stories import more_fhir, small_fhir
from stories.small_fhir import LOINC, SNOMED, code, ref

SYSTEMS = (LOINC, SNOMED)
RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"


def flat(views, resource, *documents):
    """Flatten documents; give each row by column."""
    spec = views.json_spec(resource)
    given = [{"resourceType": resource, "id": "a", **each} for each in documents]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE raw (json JSON)")
        for each in given:
            connection.execute("INSERT INTO raw VALUES (?)", [json.dumps(each)])
        read = f"(SELECT unnest(json_transform(json, '{spec}')) FROM raw)"
        found = connection.sql(views.flatten_select(resource, read, SYSTEMS))
        rows = found.fetchall()
        return [dict(zip(found.columns, row, strict=True)) for row in rows]


def one(resource, document):
    return flat(flattening(), resource, document)[0]


RACES = [
    {
        "url": RACE,
        "extension": [
            {"url": "text", "valueString": "x"},
            {"url": "ombCategory", "valueCoding": {"code": "2106-3"}},
            {"url": "ombCategory", "valueCoding": {"code": "2054-5"}},
        ],
    }
]
CONTAINED = {
    "medicationReference": {"reference": "#m"},
    "contained": [
        {"resourceType": "Medication", "id": "n", "code": {"text": "not this"}},
        {"resourceType": "Device", "id": "m", "type": {"text": "nor this"}},
        {"resourceType": "Medication", "id": "m", "code": code(LOINC, "1-8")},
    ],
}
OF_LOINC = {"system": LOINC, "code": "1-8", "display": None}


@pytest.mark.parametrize(
    ("resource", "document", "field", "value"),
    [
        ("Patient", {}, "birth", None),
        ("Patient", {"deceasedBoolean": True}, "is_deceased", "true"),
        ("Patient", {"deceasedBoolean": "true"}, "is_deceased", '"true"'),
        ("Patient", {"address": [{"line": ["a", "b"]}]}, "address_1", "a"),
        ("Patient", {"extension": [{"url": "x"}]}, "race", None),
        (
            "Patient",
            {"extension": RACES},
            "race",
            {"system": None, "code": "2106-3", "display": None},
        ),
        ("Patient", {"meta": {"versionId": "7"}}, "version", "7"),
        (
            "Observation",
            {"subject": {"reference": "https://x.org/fhir/Patient/p/_history/2"}},
            "subject",
            "Patient/p",
        ),
        ("Observation", {"subject": {"reference": "urn:uuid:0"}}, "subject", "urn:uuid:0"),
        ("Observation", {"effectivePeriod": {"start": "2020-01"}}, "start", "2020-01"),
        ("Observation", {"valueInteger": 5.5}, "value_integer", "5.5"),
        ("Observation", {"valueTime": "10:00:00"}, "value_text", "10:00:00"),
        (
            "Observation",
            {"code": {"coding": [{"code": "x"}, code(LOINC, "1-8")["coding"][0]]}},
            "code",
            OF_LOINC,
        ),
        (
            "Observation",
            {"code": {"coding": [{"display": "x"}, {"system": "y", "code": "2"}]}},
            "code",
            {"system": "y", "code": "2", "display": None},
        ),
        ("Observation", {"code": {"text": "words"}}, "code_text", "words"),
        ("Location", {"position": {"latitude": 42.50}}, "latitude", "42.5"),
        ("MedicationRequest", CONTAINED, "code", OF_LOINC),
        ("MedicationRequest", CONTAINED, "medication_reference", "#m"),
        ("DiagnosticReport", {"result": [ref("Observation", "m1")]}, "result", "true"),
        ("DiagnosticReport", {}, "result", None),
        ("DiagnosticReport", {"subject": ref("Group", "g")}, "subject_type", "Group"),
        (
            "QuestionnaireResponse",
            {"questionnaire": "http://x.org/q|2"},
            "questionnaire",
            "http://x.org/q",
        ),
        ("QuestionnaireResponse", {"questionnaire": "#q"}, "questionnaire", None),
        (
            "Coverage",
            {"payor": [{"reference": "Patient/p", "display": "Ann"}]},
            "payer",
            "Patient",
        ),
        (
            "Coverage",
            {"payor": [{"reference": "Organization/o", "display": "Acme"}]},
            "payer",
            "Acme",
        ),
        (
            "Coverage",
            {"class": [{"value": "g"}, {"type": code("t", "plan"), "value": "gold"}]},
            "plan",
            "gold",
        ),
        ("Consent", {"provision": {"purpose": [{}]}}, "purpose", [None]),
        ("Consent", {"provision": {"data": [{"meaning": "related"}]}}, "conditions", "true"),
        ("Consent", {"provision": {"type": "deny"}}, "conditions", None),
    ],
)  # fmt: skip
def test_a_field_is_read_from_where_the_view_says(resource, document, field, value):
    assert one(resource, document)[field] == value


def test_each_answer_however_deep_is_one_of_a_list():
    inner = {"linkId": "2", "text": "How much?", "answer": [{"valueDecimal": 5.50}]}
    outer = {"linkId": "1", "answer": [{"valueString": "yes", "item": [inner]}]}
    form = {"item": [{"linkId": "0", "item": [outer]}, {"linkId": "3"}]}
    found = one("QuestionnaireResponse", form)["item"]
    told = [
        (each["linkId"], each["valueString"], each["valueDecimal"]) for each in found
    ]
    assert told == [("1", "yes", None), ("2", None, "5.5")]
    assert one("QuestionnaireResponse", {"item": [{"linkId": "1"}]})["item"] is None


def test_a_constant_of_a_view_is_a_code_of_every_entry():
    views = flattening()
    name = "FamilyMemberHistory.condition"
    history = more_fhir.family()
    rows = flat(views, "FamilyMemberHistory", history)
    columns = ", ".join(views.staging_columns(name, SYSTEMS, "c."))
    with duckdb.connect() as connection:
        kind = "STRUCT(code STRUCT(coding STRUCT(system VARCHAR, code VARCHAR, display VARCHAR)[], text VARCHAR))"
        entry = connection.execute(
            f"SELECT {columns} FROM (SELECT CAST(? AS {kind}) AS c)",
            [rows[0]["condition"][0]],
        ).fetchall()[0]
    assert entry[0]["code"] == "416471007"
    assert entry[1] is None
    assert entry[2]["code"] == rows[0]["condition"][0]["code"]["coding"][0]["code"]


def test_every_field_of_the_mapping_has_its_column():
    views = flattening()
    for row in mapping("fhir_fields"):
        assert row["field"] in views.columns[row["resource"]]
    assert views.resources() == resources()
    assert views.version == ""


def test_an_element_is_named_as_in_json():
    views = flattening()
    assert views.shown("Observation", "value") == "valueQuantity"
    assert views.shown("Observation", "low") == "referenceRange.low"
    assert views.shown("Observation", "code") == "code"
    assert views.shown("MedicationRequest", "code") == "medicationCodeableConcept"
    assert views.shown("QuestionnaireResponse.item", "value_integer") == "valueDecimal"


def override(tmp_path, name, **document):
    folder = tmp_path / "views"
    folder.mkdir(exist_ok=True)
    given = {"resource": name.split(".", maxsplit=1)[0], **document}
    (folder / f"{name}.json").write_text(json.dumps(given))
    return folder


def columns(*given):
    return [
        {"column": [dict(zip(("name", "path"), each, strict=True)) for each in given]}
    ]


def test_a_site_overrides_a_column_and_keeps_the_others(tmp_path):
    folder = override(
        tmp_path,
        "Patient",
        constant=[{"name": "ours", "valueUri": "http://x.org/zip"}],
        select=columns(("zip", "extension(%ours).value.ofType(string).first()")),
    )
    document = {
        "gender": "female",
        "extension": [{"url": "http://x.org/zip", "valueString": "02138"}],
        "address": [{"postalCode": "no", "city": "Cambridge"}],
    }
    found = flat(flattening(folder), "Patient", document)[0]
    kept = ("zip", "city", "gender", "birth")
    assert [found[name] for name in kept] == ["02138", "Cambridge", "female", None]
    assert one("Patient", document)["zip"] == "no"


def test_a_view_of_entries_decides_what_is_read_of_them(tmp_path):
    path = "extension('http://x.org/words').value.ofType(string).first()"
    folder = override(
        tmp_path,
        "Observation.component",
        select=[{"forEach": "component", **columns(("value_text", path))[0]}],
    )
    views = flattening(folder)
    document = small_fhir.panel()
    document["component"][0]["extension"] = [
        {"url": "http://x.org/words", "valueString": "sitting"}
    ]
    component = flat(views, "Observation", document)[0]["component"][0]
    assert component["extension"] == [
        {"url": "http://x.org/words", "valueString": "sitting"}
    ]
    assert set(component) > {"code", "valueQuantity"}


def test_views_that_say_the_same_have_one_version(tmp_path):
    path = "address.where(use = 'home').postalCode.first()"
    folder = override(tmp_path, "Patient", select=columns(("zip", path)))
    before = flattening(folder).version
    document = json.loads((folder / "Patient.json").read_text())
    (folder / "Patient.json").write_text(json.dumps(document, indent=4))
    assert flattening(folder).version == before != ""
    override(tmp_path, "Patient", select=columns(("zip", path.replace("home", "work"))))
    assert flattening(folder).version != before
    assert flattening(tmp_path / "nowhere").version == ""


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("Claim", {"select": columns(("id", "id"))}, "no type 'Claim' is mapped"),
        ("Patient", {"select": columns(("shoe", "id"))}, "'shoe' is no field"),
        ("Patient", {"select": columns(("id", "identifier.value.first()"))}, "cannot be"),
        (
            "Patient",
            {"select": columns(("zip", "address.first().city"), ("race", "gender"))},
            r"select\[0\]\.column\[1\]: 'race' is VARCHAR",
        ),
        ("Patient", {"select": columns(("zip", "address.postalCode"))}, "many values"),
        (
            "Patient",
            {"resource": "Person", "select": columns(("zip", "id"))},
            "of Person",
        ),
        (
            "Patient",
            {"select": columns(("zip", "id")), "where": [{"path": "active"}]},
            "one row a resource",
        ),
        (
            "Patient",
            {"select": [{"forEach": "name", **columns(("zip", "family"))[0]}]},
            "one row a resource",
        ),
        (
            "Observation.component",
            {
                "select": [
                    {
                        "forEach": "component.where(code.exists())",
                        **columns(("value_text", "code.text"))[0],
                    }
                ]
            },
            "iterations",
        ),
    ],
)  # fmt: skip
def test_a_view_that_does_not_fit_the_mapping_is_refused(
    tmp_path, name, document, said
):
    folder = override(tmp_path, name, **document)
    with pytest.raises(DefinitionError, match=said) as raised:
        flattening(folder)
    assert raised.value.code == "view-not-mapped"
    assert f"{name}.json" in str(raised.value)


def test_a_view_that_is_not_valid_is_refused_with_its_file_and_place(tmp_path):
    folder = override(
        tmp_path, "Patient", select=columns(("zip", "addresses.postalCode"))
    )
    with pytest.raises(DefinitionError) as raised:
        flattening(folder)
    assert raised.value.code == "invalid-view"
    said = str(raised.value)
    assert "Patient.json" in said
    assert "select[0].column[0].path" in said
    assert "address" in said
    (folder / "Patient.json").write_text("{")
    with pytest.raises(DefinitionError, match=r"Patient\.json") as raised:
        flattening(folder)
    assert raised.value.code == "view-unreadable"


def test_a_condition_on_a_value_is_judged_line_by_line(tmp_path):
    """A view that computes with a value says of each wrong one that it is none."""
    path = "iif(active, address.first().postalCode, address.last().postalCode)"
    folder = override(tmp_path, "Patient", select=columns(("zip", path)))
    views = flattening(folder)
    assert views.computes("Patient")
    assert not flattening().computes("Patient")
    assert all(not flattening().computes(name) for name in resources())
    assert "'active'" in views.wrong_type("Patient", "json")
    assert fields("Patient")["zip"]["kind"] == "text"
