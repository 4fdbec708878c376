"""Paths of views against another engine of FHIRPath.

Frozen from fhirpathpy 2.2.4 with its R4 model (`fhirpathpy.compile(path, models["r4"])`)
on 2026-11-22, on the first 250 lines of each Synthea file: how many items a path gives
in all resources together, and how many of them differ, or are true if it gives booleans.
Numbers are compared as numbers: fhirpathpy gives 5 and 5.0 where we give text.
"""

import gzip
import json
from itertools import islice
from pathlib import Path

import duckdb
import pytest

from rounds.datamart.sql_on_fhir import ViewDefinition, compile_view

SYNTHEA = Path(__file__).resolve().parents[3] / "shared/data/synthea-fhir-r4"
FROZEN = (
    ("Patient", "id", 250, 250),
    ("Patient", "name.family", 315, 254),
    ("Patient", "name.given", 315, 219),
    ("Patient", "name.given.count()", 250, 2),
    ("Patient", "name.where(use='official').given.first()", 250, 219),
    ("Patient", "name.first().prefix", 207, 3),
    ("Patient", "birthDate", 250, 226),
    ("Patient", "birthDate < @1960-01-01", 250, 86),
    ("Patient", "birthDate <= @1960", 250, 86),
    ("Patient", "birthDate = @1956-08", 249, 0),
    ("Patient", "birthDate > @1956-08-02", 250, 173),
    ("Patient", "address.city", 250, 119),
    ("Patient", "address.line", 250, 250),
    ("Patient", "telecom.where(system='phone').value", 250, 250),
    ("Patient", "telecom.exists(use='home')", 250, 250),
    ("Patient", "telecom.all(system='phone')", 250, 250),
    ("Patient", "multipleBirth.exists()", 250, 250),
    ("Patient", "maritalStatus.coding.code", 250, 2),
    ("Patient", "maritalStatus.coding.where(code='M').exists()", 250, 146),
    ("Patient", "extension.url", 1750, 7),
    ("Patient", "name.exists() and address.empty()", 250, 0),
    ("Patient", "(gender = 'male').not()", 250, 108),
    ("Patient", "gender = 'male' or active", 142, 142),
    ("Patient", "gender = 'male' and active", 108, 0),
    ("Patient", "gender = 'male' xor name.exists()", 250, 108),
    ("Patient", "gender='male' implies birthDate < @1950-01-01", 250, 144),
    ("Patient", "name.select(given.first() + ' ' + family)", 315, 312),
    ("Patient", "name.family.first().length()", 250, 10),
    ("Patient", "address.postalCode.replace('0','X')", 246, 112),
    ("Patient", "identifier.type.coding.code", 914, 4),
    ("Patient", "identifier.type.coding.code.distinct().count()", 250, 3),
    ("Patient", "identifier.where(type.coding.code='MR').value.exists()", 250, 250),
    ("Patient", "identifier.skip(1).first().system", 250, 1),
    ("Patient", "identifier.take(2).count()", 250, 1),
    ("Patient", "identifier.last().system", 250, 3),
    ("Patient", "identifier.tail().count()", 250, 3),
    ("Patient", "'female' in gender", 250, 108),
    ("Patient", "name.given contains 'Abdul'", 250, 1),
    ("Patient", "iif(gender='male','M','F')", 250, 2),
    ("Patient", "communication.language.coding.code", 250, 9),
    ("Patient", "communication.language.text & '!'", 250, 9),
    ("Patient", "deceased.exists()", 250, 47),
    ("Patient", "name[0].given[0]", 250, 219),
    ("Patient", "address.state = 'MA'", 250, 0),
    ("Patient", "address.state != 'MA'", 250, 250),
    ("Patient", "address.line | address.city", 500, 369),
    ("Patient", "name.given.join(',')", 250, 226),
    ("Patient", "name.family.first().toString()", 250, 213),
    ("Observation", "status", 250, 1),
    ("Observation", "category.coding.code", 250, 3),
    ("Observation", "code.coding.code", 250, 31),
    (
        "Observation",
        "code.coding.where(system='http://loinc.org').code.first()",
        250,
        31,
    ),
    ("Observation", "code.text = code.coding.display", 250, 250),
    ("Observation", "subject.reference", 250, 2),
    ("Observation", "value.exists()", 250, 232),
    ("Observation", "value.ofType(Quantity).value", 215, 173),
    ("Observation", "value.ofType(Quantity).value > 50", 215, 102),
    ("Observation", "value.ofType(Quantity).value div 3", 215, 52),
    ("Observation", "value.ofType(Quantity).unit", 215, 13),
    (
        "Observation",
        "value.ofType(Quantity).value >= 100 and value.ofType(Quantity).unit = 'cm'",
        215,
        18,
    ),
    ("Observation", "component.value.ofType(Quantity).value", 36, 36),
    ("Observation", "component.code.coding.code", 36, 2),
    (
        "Observation",
        "component.where(value.ofType(Quantity).value > 90).code.coding.code",
        26,
        2,
    ),
    ("Observation", "component.count()", 250, 2),
    ("Observation", "component.exists(value.ofType(Quantity).value > 130)", 250, 9),
    ("Observation", "component.value.ofType(Quantity).unit.distinct()", 18, 1),
    ("Observation", "effective.ofType(dateTime)", 250, 18),
    ("Observation", "effective.ofType(dateTime) > @2015-01-01", 250, 148),
    ("Observation", "effective.ofType(dateTime) < @2012-06-01T00:00:00Z", 250, 37),
    ("Observation", "effective.ofType(dateTime) >= @2015", 220, 118),
    ("Observation", "value.ofType(CodeableConcept).coding.display", 17, 2),
    ("Observation", "(value.ofType(Quantity).value > 50).not()", 215, 113),
    (
        "Observation",
        "value.ofType(Quantity).value.exists() and value.ofType(Quantity).value < 20",
        250,
        72,
    ),
    ("Observation", "encounter.exists()", 250, 250),
    ("Observation", "code.coding.code = component.code.coding.code", 18, 0),
    ("Observation", "category.coding.code contains 'vital-signs'", 250, 90),
    ("Observation", "category.all(coding.exists())", 250, 250),
    ("Observation", "value.ofType(Quantity).value = 5", 215, 0),
    ("Observation", "value.ofType(Quantity).value != 5", 215, 215),
    ("Observation", "code.coding.select(system & '|' & code)", 250, 31),
    ("Encounter", "class.code", 250, 3),
    ("Encounter", "type.coding.display", 250, 19),
    ("Encounter", "period.start", 250, 243),
    ("Encounter", "period.end > period.start", 250, 250),
    ("Encounter", "period.start > @2010-01-01", 250, 177),
    ("Encounter", "participant.individual.reference", 248, 20),
    ("Encounter", "serviceProvider.reference", 250, 20),
    ("Encounter", "reasonCode.coding.code", 76, 17),
    ("Encounter", "reasonCode.empty()", 250, 174),
    ("Encounter", "hospitalization.dischargeDisposition.coding.code", 8, 1),
    ("Encounter", "status='finished' and reasonCode.exists()", 250, 76),
    ("Encounter", "type.coding.code.count() > 0", 250, 250),
)


@pytest.fixture(scope="module")
def resources(tmp_path_factory):
    if not SYNTHEA.is_dir():
        pytest.skip(f"{SYNTHEA} is not there")
    folder = tmp_path_factory.mktemp("first")
    for name in {row[0] for row in FROZEN}:
        with gzip.open(SYNTHEA / f"{name}.ndjson.gz", "rt", encoding="utf-8") as stream:
            (folder / f"{name}.ndjson").write_text(
                "".join(islice(stream, 250)), "utf-8"
            )
    return folder


def as_number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


@pytest.mark.parametrize(("name", "path", "n", "of_them"), FROZEN)
def test_a_path_gives_as_many_items_as_fhirpathpy(resources, name, path, n, of_them):
    column = {"name": "value", "path": path, "collection": True}
    document = {"resource": name, "select": [{"column": [column]}]}
    view = compile_view(ViewDefinition.parse(document))
    columns = ", ".join(f"'{each}': '{of}'" for each, of in view.struct_columns.items())
    file = resources / f"{name}.ndjson"
    with duckdb.connect() as connection:
        sql = view.select(f"read_ndjson('{file}', columns={{{columns}}})")
        lists = connection.execute(sql).fetchall()
    items = [item for (given,) in lists for item in given]
    assert len(items) == n
    if isinstance(items[0], bool):
        assert sum(items) == of_them
    else:
        assert len({json.dumps(as_number(item)) for item in items}) == of_them
