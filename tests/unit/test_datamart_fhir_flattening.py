"""The views of the mapping: what they flatten to, and how a site overrides them."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from rounds.datamart import fhir_paths
from rounds.datamart.fhir_flattening import flattening
from rounds.datamart.mapping import mapping
from rounds.nouns.errors import DefinitionError
from stories import small_fhir as story

SYNTHEA = Path(__file__).resolve().parents[3] / "shared/data/synthea-fhir-r4"
SYSTEMS = (story.LOINC, story.SNOMED, story.RXNORM, story.CVX)
RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
ODD = {
    "Patient": [
        {},
        {
            "birthDate": "1960",
            "deceasedBoolean": True,
            "address": [{"line": ["a", "b"]}],
        },
        {"deceasedBoolean": "true", "generalPractitioner": [{"display": "x"}]},
        {"extension": [{"url": RACE}, {"url": "x"}], "managingOrganization": {}},
        {
            "extension": [
                {
                    "url": RACE,
                    "extension": [
                        {"url": "ombCategory", "valueCoding": {"code": "a"}},
                        {"url": "ombCategory", "valueCoding": {"code": "b"}},
                    ],
                }
            ]
        },
    ],
    "Observation": [
        {"subject": {"reference": "https://x.org/fhir/Patient/p/_history/2"}},
        {"subject": {"reference": "urn:uuid:0"}, "category": []},
        {"valueInteger": 5.5, "valueBoolean": False, "effectiveInstant": "2020"},
        {"valueTime": "10:00:00", "effectivePeriod": {"start": "2020-01"}},
        {"valueQuantity": {"value": "7"}, "referenceRange": [{"low": {"value": 1.50}}]},
        {
            "code": {
                "coding": [{"display": "x"}, {"system": story.LOINC, "code": "1-8"}]
            }
        },
        {
            "code": {
                "coding": [{"code": "1"}, {"system": "x", "code": "2"}],
                "text": "t",
            }
        },
        {"valueCodeableConcept": {"text": "words"}, "component": []},
        {"category": [story.code("c", "lab"), story.code("c", "vital-signs")]},
        {"component": [{"code": {"text": "t"}, "valueBoolean": True}, {}]},
    ],
    "MedicationRequest": [
        {
            "medicationReference": {"reference": "#m"},
            "contained": [
                {"resourceType": "Medication", "id": "m", "code": {"text": "t"}}
            ],
        },
        {"dispenseRequest": {"numberOfRepeatsAllowed": 3}, "doNotPerform": True},
    ],
    "Location": [
        {"name": "L", "address": {"line": ["a", "b"], "city": "c"}},
        {"position": {"latitude": 42.5, "longitude": -71}, "identifier": [{}, {}]},
    ],
    "Condition": [{"onsetPeriod": {"start": "2020"}, "asserter": {"reference": "P/1"}}],
}


def written(resource):
    base = {"resourceType": resource}
    kept = [one for one in story.RESOURCES.get(resource, ()) if isinstance(one, dict)]
    odd = [
        {**base, "id": f"odd{n}", **one} for n, one in enumerate(ODD.get(resource, ()))
    ]
    return "".join(json.dumps(one) + "\n" for one in [*kept, *odd])


def read(file, columns):
    spec = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return f"read_ndjson('{file}', columns={{{spec}}})"


def flat(resource, file, connection):
    """Flatten a file as the paths did, and as the views do."""
    shape = fhir_paths.schema(resource)
    old = read(
        file, {name: fhir_paths.duckdb_type(tree) for name, tree in shape.items()}
    )
    own = ", ".join(fhir_paths.expressions(resource, SYSTEMS))
    before = connection.sql(f"SELECT id, {own} FROM {old}")
    views = flattening()
    new = read(file, views.struct_columns(resource))
    select = views.flatten_select(resource, new, SYSTEMS)
    after = connection.sql(f"SELECT * EXCLUDE (updated, version) FROM ({select})")
    return before, after


def same(before, after):
    assert before.columns == after.columns
    assert [str(kind) for kind in before.types] == [str(kind) for kind in after.types]
    rows = before.fetchall()
    assert rows == after.fetchall()
    return len(rows)


@pytest.mark.parametrize("resource", fhir_paths.resources())
def test_the_views_flatten_as_the_paths_did(tmp_path, resource):
    file = tmp_path / f"{resource}.ndjson"
    file.write_text(written(resource))
    with duckdb.connect() as connection:
        assert same(*flat(resource, file, connection))


@pytest.mark.parametrize("resource", fhir_paths.resources())
def test_the_views_flatten_real_files_as_the_paths_did(resource):
    file = SYNTHEA / f"{resource}.ndjson.gz"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    with duckdb.connect() as connection, gzip.open(file) as stream:
        assert same(*flat(resource, file, connection)) == sum(1 for _ in stream)


def test_the_columns_of_a_component_are_written_for_any_name(tmp_path):
    file = tmp_path / "o.ndjson"
    file.write_text(written("Observation"))
    views = flattening()
    columns = read(file, views.struct_columns("Observation"))
    source = f"SELECT unnest(component) AS c FROM ({views.flatten_select('Observation', columns, SYSTEMS)})"
    name = "Observation.component"
    before = ", ".join(fhir_paths.expressions(name, SYSTEMS, "c."))
    after = ", ".join(views.staging_columns(name, SYSTEMS, "c."))
    with duckdb.connect() as connection:
        assert same(
            connection.sql(f"SELECT {before} FROM ({source})"),
            connection.sql(f"SELECT {after} FROM ({source})"),
        )


def test_every_field_of_the_mapping_has_its_column():
    views = flattening()
    for row in mapping("fhir_fields"):
        outputs = {output.name for output in views.views[row["resource"]].outputs}
        assert row["field"] in outputs
    assert views.resources() == fhir_paths.resources()


def override(tmp_path, name, **document):
    folder = tmp_path / "views"
    folder.mkdir(exist_ok=True)
    given = {"resource": name, **document}
    (folder / f"{name}.json").write_text(json.dumps(given))
    return folder


def columns(*given):
    return [
        {"column": [dict(zip(("name", "path"), one, strict=True)) for one in given]}
    ]


def test_a_site_overrides_a_column_and_keeps_the_others(tmp_path):
    folder = override(
        tmp_path,
        "Patient",
        constant=[{"name": "ours", "valueUri": "http://x.org/zip"}],
        select=columns(("zip", "extension(%ours).value.ofType(string).first()")),
    )
    views = flattening(folder)
    one = {
        "resourceType": "Patient",
        "id": "a",
        "gender": "female",
        "extension": [{"url": "http://x.org/zip", "valueString": "02138"}],
        "address": [{"postalCode": "no", "city": "Cambridge"}],
    }
    file = tmp_path / "p.ndjson"
    file.write_text(json.dumps(one))
    source = read(file, views.struct_columns("Patient"))
    select = views.flatten_select("Patient", source, SYSTEMS)
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT zip, city, gender, birth FROM ({select})")
        assert found.fetchall() == [("02138", "Cambridge", "female", None)]
    assert "zip" in str(flattening().views["Patient"].columns)


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("Claim", {"select": columns(("id", "id"))}, "no type 'Claim' is mapped"),
        ("Patient", {"select": columns(("shoe", "id"))}, "'shoe' is no field"),
        ("Patient", {"select": columns(("race", "gender"))}, "'race' is VARCHAR"),
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
    ],
)
def test_a_view_that_does_not_fit_the_mapping_is_refused(
    tmp_path, name, document, said
):
    folder = override(tmp_path, name, **document)
    with pytest.raises(DefinitionError, match=said) as raised:
        flattening(folder)
    assert raised.value.code == "view-not-mapped"
