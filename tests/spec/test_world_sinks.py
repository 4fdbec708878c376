"""FHIR and OMOP say the same, and both can be read by those who know the standards."""

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from rounds.world import EveryCard, World, WorldConfig

CDM = (
    Path(__file__).parents[2].parent
    / "shared/data/omop-cdm-spec/csv/OMOP_CDMv5.4_Field_Level.csv"
)
CONFIG = WorldConfig(people=400, n_clinics=4, weeks=6, seed=5)
ALL = replace(CONFIG, problems=("hypertension", "diabetes", "screening"))


@pytest.fixture(scope="module", params=[CONFIG, ALL], ids=["one", "all"])
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    world = World(request.param)
    world.live(world.trial_end, EveryCard())
    world.write_omop(folder / "omop")
    world.write_fhir(folder / "fhir")
    omop = {p.stem: pq.read_table(p) for p in (folder / "omop").glob("*.parquet")}
    fhir = {
        p.stem: [json.loads(line) for line in p.read_text().splitlines()]
        for p in (folder / "fhir").glob("*.ndjson")
    }
    return omop, fhir


def test_both_count_the_same_things(written):
    omop, fhir = written
    panels = [one for one in fhir["Observation"] if "component" in one]
    labs = [one for one in fhir["Observation"] if is_lab(one)]
    rest = len(fhir["Observation"]) - len(panels) - len(labs)
    assert len(fhir["Patient"]) == omop["person"].num_rows == CONFIG.people
    assert len(fhir["Encounter"]) == omop["visit_occurrence"].num_rows
    assert len(fhir["Condition"]) == omop["condition_occurrence"].num_rows
    assert 2 * len(panels) + len(labs) == omop["measurement"].num_rows
    assert rest == omop["observation"].num_rows
    assert len(fhir["MedicationRequest"]) == omop["drug_exposure"].num_rows
    assert len(fhir["Organization"]) == omop["care_site"].num_rows == CONFIG.n_clinics
    assert len(fhir["Practitioner"]) == omop["provider"].num_rows
    dead = [one for one in fhir["Patient"] if "deceasedDateTime" in one]
    assert len(dead) == omop["death"].num_rows > 0
    if labs:
        assert len(fhir["Procedure"]) == omop["procedure_occurrence"].num_rows > 0


def is_lab(observation):
    """Say whether an Observation is a laboratory's result."""
    return observation["category"][0]["coding"][0]["code"] == "laboratory"


def test_both_say_the_same_of_each_patient(written):
    omop, fhir = written
    person = dict(
        zip(
            omop["person"]["person_id"].to_pylist(),
            omop["person"]["person_source_value"].to_pylist(),
            strict=True,
        )
    )
    drugs = omop["drug_exposure"]
    in_omop = Counter(
        (person[who], str(day), code)
        for who, day, code in zip(
            drugs["person_id"].to_pylist(),
            drugs["drug_exposure_start_date"].to_pylist(),
            drugs["drug_source_value"].to_pylist(),
            strict=True,
        )
    )
    in_fhir = Counter(
        (
            one["subject"]["reference"].removeprefix("Patient/"),
            one["authoredOn"],
            one["medicationCodeableConcept"]["coding"][0]["code"],
        )
        for one in fhir["MedicationRequest"]
    )
    assert in_omop == in_fhir


def test_a_reading_has_its_local_day_and_value_in_both(written):
    omop, fhir = written
    rows = omop["measurement"]
    in_omop = Counter(
        zip(
            [str(day) for day in rows["measurement_date"].to_pylist()],
            rows["measurement_source_value"].to_pylist(),
            rows["value_as_number"].to_pylist(),
            strict=True,
        )
    )
    in_fhir = Counter(
        (
            one["effectiveDateTime"][:10],
            part["code"]["coding"][0]["code"],
            part["valueQuantity"]["value"],
        )
        for one in fhir["Observation"]
        for part in (one.get("component") or ([one] if is_lab(one) else ()))
    )
    assert in_omop == in_fhir


def test_procedures_are_the_same_in_both(written):
    omop, fhir = written
    if "Procedure" not in fhir:
        assert "procedure_occurrence" not in omop
        return
    rows = omop["procedure_occurrence"]
    in_omop = Counter(
        zip(
            rows["person_id"].to_pylist(),
            [str(day) for day in rows["procedure_date"].to_pylist()],
            rows["procedure_source_value"].to_pylist(),
            strict=True,
        )
    )
    in_fhir = Counter(
        (
            int(one["subject"]["reference"].removeprefix("Patient/p")),
            one["performedDateTime"],
            one["code"]["coding"][0]["code"],
        )
        for one in fhir["Procedure"]
    )
    assert in_omop == in_fhir


def test_every_fhir_reference_points_at_something(written):
    _, fhir = written
    known = {f"{kind}/{one['id']}" for kind, some in fhir.items() for one in some}
    assert len(known) == sum(map(len, fhir.values()))

    def references(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "reference":
                    yield inner
                else:
                    yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    assert set(references(list(fhir.values()))) <= known


def test_moments_have_an_offset_and_every_file_is_of_one_type(written):
    _, fhir = written
    for kind, resources in fhir.items():
        assert {one["resourceType"] for one in resources} == {kind}
    for encounter in fhir["Encounter"]:
        period = encounter["period"]
        assert period["start"].endswith("-05:00")
        assert period["start"] <= period["end"]


def test_every_column_is_one_of_the_cdm_and_none_that_is_required_lacks(written):
    if not CDM.exists():
        pytest.skip("shared data absent")
    omop, _ = written
    with CDM.open(encoding="utf-8") as file:
        fields = list(csv.DictReader(file))
    for name, table in omop.items():
        mine = [row for row in fields if row["cdmTableName"].lower() == name]
        allowed = {row["cdmFieldName"].strip('"').lower() for row in mine}
        required = {
            row["cdmFieldName"].lower() for row in mine if row["isRequired"] == "Yes"
        }
        assert set(table.column_names) <= allowed
        assert required <= set(table.column_names)


def test_ids_are_64_bits_and_keys_are_unique_and_met(written):
    omop, _ = written
    for name, table in omop.items():
        for column in table.column_names:
            if column.endswith("_id") and column not in {"domain_id", "vocabulary_id"}:
                if column == "concept_class_id":
                    continue
                assert str(table.schema.field(column).type) == "int64", (name, column)
        key = f"{name}_id"
        if key in table.column_names:
            assert len(set(table[key].to_pylist())) == table.num_rows
    visits = set(omop["visit_occurrence"]["visit_occurrence_id"].to_pylist())
    for name in ("measurement", "drug_exposure"):
        used = set(omop[name]["visit_occurrence_id"].to_pylist()) - {None}
        assert used <= visits


def test_codes_without_vocabulary_are_local_concepts(written):
    omop, _ = written
    concept = set(omop["concept"]["concept_id"].to_pylist())
    assert min(concept) > 2_000_000_000
    for table, part in (
        ("condition_occurrence", "condition"),
        ("measurement", "measurement"),
        ("observation", "observation"),
        ("drug_exposure", "drug"),
        ("procedure_occurrence", "procedure"),
    ):
        if table not in omop:
            continue
        assert set(omop[table][f"{part}_concept_id"].to_pylist()) == {0}
        assert set(omop[table][f"{part}_source_concept_id"].to_pylist()) <= concept


def test_nothing_happens_before_it_happens_or_after_death(written):
    omop, _ = written
    last = np.datetime64(World(CONFIG).trial_end)
    columns = {
        "visit_occurrence": "visit_start_date",
        "measurement": "measurement_date",
        "condition_occurrence": "condition_start_date",
        "drug_exposure": "drug_exposure_start_date",
        "procedure_occurrence": "procedure_date",
        "death": "death_date",
    }
    died = dict(
        zip(
            omop["death"]["person_id"].to_pylist(),
            omop["death"]["death_date"].to_pylist(),
            strict=True,
        )
    )
    for name, column in columns.items():
        if name not in omop:
            continue
        days = omop[name][column].to_pylist()
        assert max(days) < last.item()
        for who, day in zip(omop[name]["person_id"].to_pylist(), days, strict=True):
            assert day <= died.get(who, day)


@pytest.mark.parametrize("config", [CONFIG, ALL], ids=["one", "all"])
def test_a_world_that_has_not_lived_can_be_written(tmp_path, config):
    world = World(config)
    world.write_omop(tmp_path / "omop")
    world.write_fhir(tmp_path / "fhir")
    assert pq.read_table(tmp_path / "omop" / "visit_occurrence.parquet").num_rows == 0
    assert (tmp_path / "fhir" / "Encounter.ndjson").read_text() == ""
    assert world.event_log() == b""
