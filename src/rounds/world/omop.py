"""What has happened, written as OMOP CDM 5.4 parquet."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rounds.world.facts import Condition, Facts
from rounds.world.omop_columns import EHR, Column, Local, fill, ids
from rounds.world.omop_results import procedure_occurrence, results
from rounds.world.problems.codes import DAYS_SUPPLY

__all__ = ["write_omop"]

EHR_PRESCRIPTION = 32838
FIRST_LOCAL = 2_000_000_001
_VISIT_CONCEPTS = np.array([9202, 9203, 9201])
_VISIT_CLASSES = pa.array(["AMB", "EMER", "IMP"])
_PANEL = (("8480-6", "systolic"), ("8462-4", "diastolic"))
_UNIT = "mm[Hg]"


def write_omop(directory: Path, facts: Facts) -> None:
    """Write one parquet file for each table that has rows or must exist.

    Parameters
    ----------
    directory : Path
        Made when it is not there; files of the same names are replaced.
    facts : Facts
        What has happened.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    local = _local_concepts(facts)
    tables: dict[str, dict[str, Column] | pa.Table] = {
        "location": _location(facts),
        "care_site": _care_site(facts),
        "provider": _provider(facts),
        "person": _person(facts),
        "death": _death(facts),
        "observation_period": _observation_period(facts),
        "visit_occurrence": _visit_occurrence(facts),
        "condition_occurrence": _condition_occurrence(facts, local),
        "measurement": _measurement(facts, local),
        "observation": _observation(facts, local),
        "drug_exposure": _drug_exposure(facts, local),
        "concept": _concept(facts, local),
    }
    if facts.procedure_codes:
        tables["procedure_occurrence"] = procedure_occurrence(facts, local)
    for name, columns in tables.items():
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        path = directory / f"{name}.parquet"
        pq.write_table(table, path, use_dictionary=_repeating(table))


def _repeating(table: pa.Table) -> list[str]:
    """Give the columns for which a dictionary of their values is worth making.

    Keys, times and numbers seldom repeat: looking took a quarter of the writing.
    """
    return [
        field.name
        for field in table.schema
        if "concept" in field.name
        or pa.types.is_date(field.type)
        or (pa.types.is_string(field.type) and field.name != "person_source_value")
    ]


def _vocabulary(facts: Facts) -> list[tuple[str, str, str, str]]:
    """List (vocabulary, code, name, domain) of every code in the data, in order."""
    rows = [(c.vocabulary, c.code, c.display, "Condition") for c in facts.codes]
    rows += [("RxNorm", drug.rxnorm, drug.name, "Drug") for drug in facts.drugs]
    rows += [("LOINC", lab.loinc, lab.display, "Measurement") for lab in facts.labs]
    rows += [("UCUM", lab.unit, lab.unit_name, "Unit") for lab in facts.labs]
    rows += [
        (c.vocabulary, c.code, c.display, "Procedure") for c in facts.procedure_codes
    ]
    rows += [
        ("LOINC", "8480-6", "Systolic blood pressure", "Measurement"),
        ("LOINC", "8462-4", "Diastolic blood pressure", "Measurement"),
        ("SVI", "RPL_THEMES", "Social vulnerability, overall rank", "Observation"),
        ("UCUM", _UNIT, "millimeter of mercury column", "Unit"),
    ]
    return rows


def _local_concepts(facts: Facts) -> Local:
    """Number the codes above two thousand million, sorted, so that ids are stable."""
    keys = sorted({(vocabulary, code) for vocabulary, code, *_ in _vocabulary(facts)})
    return {key: FIRST_LOCAL + i for i, key in enumerate(keys)}


def _concept(facts: Facts, local: Local) -> dict[str, Column]:
    rows = sorted(_vocabulary(facts))
    n = len(rows)
    return {
        "concept_id": ids([local[v, c] for v, c, *_ in rows]),
        "concept_name": pa.array([name for _, _, name, _ in rows]),
        "domain_id": pa.array([domain for *_, domain in rows]),
        "vocabulary_id": pa.array([v for v, *_ in rows]),
        "concept_class_id": pa.array(["Undefined"] * n),
        "standard_concept": pa.nulls(n, pa.string()),
        "concept_code": pa.array([c for _, c, *_ in rows]),
        "valid_start_date": np.full(n, np.datetime64("1970-01-01")),
        "valid_end_date": np.full(n, np.datetime64("2099-12-31")),
        "invalid_reason": pa.nulls(n, pa.string()),
    }


def _location(facts: Facts) -> dict[str, Column]:
    """Areas where persons live, then one place for each clinic."""
    names = [*facts.areas, *(f"loc-{name}" for name in facts.clinics)]
    return {
        "location_id": ids(range(1, len(names) + 1)),
        "location_source_value": pa.array(names),
    }


def _care_site(facts: Facts) -> dict[str, Column]:
    n = len(facts.clinics)
    return {
        "care_site_id": ids(range(1, n + 1)),
        "care_site_name": pa.array(facts.clinic_labels),
        "place_of_service_concept_id": fill(n, 0),
        "location_id": ids(range(len(facts.areas) + 1, len(facts.areas) + n + 1)),
        "care_site_source_value": pa.array(facts.clinics),
    }


def _provider(facts: Facts) -> dict[str, Column]:
    n = len(facts.practitioners)
    return {
        "provider_id": ids(range(1, n + 1)),
        "provider_name": pa.array(facts.practitioner_labels),
        "specialty_concept_id": fill(n, 0),
        "care_site_id": ids(facts.clinician_clinic + 1),
        "provider_source_value": pa.array(facts.practitioners),
    }


def _person(facts: Facts) -> dict[str, Column]:
    persons, n = facts.persons, len(facts.persons.index)
    born = facts.birth_date
    month = born.astype("M8[M]")
    return {
        "person_id": ids(persons.index + 1),
        "gender_concept_id": ids(np.where(persons.is_female, 8532, 8507)),
        "year_of_birth": born.astype("M8[Y]").astype(np.int32) + 1970,
        "month_of_birth": month.astype(np.int32) % 12 + 1,
        "day_of_birth": (born - month.astype("M8[D]")).astype(np.int32) + 1,
        "race_concept_id": fill(n, 0),
        "ethnicity_concept_id": fill(n, 0),
        "location_id": ids(persons.area + 1),
        "provider_id": ids(persons.clinician + 1),
        "care_site_id": ids(persons.clinic + 1),
        "person_source_value": pa.array(facts.patients),
        "gender_source_value": pa.array(np.where(persons.is_female, "female", "male")),
    }


def _death(facts: Facts) -> dict[str, Column]:
    who = facts.dead
    return {
        "person_id": ids(who + 1),
        "death_date": facts.date(facts.persons.death_day[who]),
        "death_type_concept_id": fill(len(who), EHR),
    }


def _observation_period(facts: Facts) -> dict[str, Column]:
    persons = facts.persons
    last = np.minimum(persons.death_day, facts.end_day - 1)
    alive = np.flatnonzero(last >= 0)
    return {
        "observation_period_id": ids(range(1, len(alive) + 1)),
        "person_id": ids(alive + 1),
        "observation_period_start_date": facts.date(np.zeros(len(alive), dtype=int)),
        "observation_period_end_date": facts.date(last[alive]),
        "period_type_concept_id": fill(len(alive), EHR),
    }


def _visit_occurrence(facts: Facts) -> dict[str, Column]:
    visits = facts.visits
    n = len(visits["person"])
    return {
        "visit_occurrence_id": ids(range(1, n + 1)),
        "person_id": ids(visits["person"] + 1),
        "visit_concept_id": ids(_VISIT_CONCEPTS[visits["kind"]]),
        "visit_start_date": facts.date(visits["day"]),
        "visit_start_datetime": facts.moment(visits["day"], visits["minute"]),
        "visit_end_date": facts.date(visits["end_day"]),
        "visit_end_datetime": facts.moment(visits["end_day"], facts.end_minute),
        "visit_type_concept_id": fill(n, EHR),
        "provider_id": ids(visits["clinician"] + 1),
        "care_site_id": ids(visits["clinic"] + 1),
        "visit_source_value": _VISIT_CLASSES.take(pa.array(visits["kind"])),
        "visit_source_concept_id": fill(n, 0),
    }


def _condition_occurrence(facts: Facts, local: Local) -> dict[str, Column]:
    rows: Condition = facts.conditions
    n = len(rows.person)
    concept = np.array([local[c.vocabulary, c.code] for c in facts.codes])
    return {
        "condition_occurrence_id": ids(range(1, n + 1)),
        "person_id": ids(rows.person + 1),
        "condition_concept_id": fill(n, 0),
        "condition_start_date": facts.date(rows.day),
        "condition_end_date": pa.array(
            facts.date(rows.end_day), mask=rows.end_day >= facts.end_day
        ),
        "condition_type_concept_id": fill(n, EHR),
        "condition_source_value": pa.array([c.code for c in facts.codes]).take(
            pa.array(rows.code)
        ),
        "condition_source_concept_id": ids(concept[rows.code]),
    }


def _measurement(facts: Facts, local: Local) -> pa.Table:
    """Write the readings, and after them the results of laboratory tests."""
    readings = pa.table(_readings(facts, local))
    if not facts.labs:
        return readings
    added = results(facts, local, first=readings.num_rows + 1)
    return pa.concat_tables([readings, pa.table(added)])


def _readings(facts: Facts, local: Local) -> dict[str, Column]:
    """Write every reading as two rows, as a panel's components are loaded."""
    readings, visits = facts.readings, facts.visits
    visit = np.repeat(readings["visit"], 2)
    n = len(visit)
    day = visits["day"][visit]
    minute = np.repeat(facts.reading_minute, 2)
    values = np.stack([readings[name] for _, name in _PANEL], axis=1).ravel()
    which = np.tile([0, 1], n // 2)
    concept = np.array([local["LOINC", code] for code, _ in _PANEL])
    codes = pa.array([code for code, _ in _PANEL])
    return {
        "measurement_id": ids(range(1, n + 1)),
        "person_id": ids(visits["person"][visit] + 1),
        "measurement_concept_id": fill(n, 0),
        "measurement_date": facts.date(day),
        "measurement_datetime": facts.moment(day, minute),
        "measurement_type_concept_id": fill(n, EHR),
        "value_as_number": values.astype(float),
        "unit_concept_id": fill(n, 0),
        "provider_id": ids(visits["clinician"][visit] + 1),
        "visit_occurrence_id": ids(visit + 1),
        "measurement_source_value": codes.take(pa.array(which)),
        "measurement_source_concept_id": ids(concept[which]),
        "unit_source_value": pa.array([_UNIT]).take(pa.array(np.zeros(n, dtype=int))),
        "unit_source_concept_id": fill(n, local["UCUM", _UNIT]),
    }


def _observation(facts: Facts, local: Local) -> dict[str, Column]:
    """Write each person's social vulnerability, on the first day of data."""
    persons, n = facts.persons, len(facts.persons.index)
    return {
        "observation_id": ids(range(1, n + 1)),
        "person_id": ids(persons.index + 1),
        "observation_concept_id": fill(n, 0),
        "observation_date": facts.date(np.zeros(n, dtype=int)),
        "observation_type_concept_id": fill(n, EHR),
        "value_as_number": persons.svi.astype(float),
        "observation_source_value": pa.array(["RPL_THEMES"] * n),
        "observation_source_concept_id": fill(n, local["SVI", "RPL_THEMES"]),
        "unit_source_value": pa.array(["1"] * n),
    }


def _drug_exposure(facts: Facts, local: Local) -> dict[str, Column]:
    orders = facts.orders
    n = len(orders["person"])
    concept = np.array([local["RxNorm", drug.rxnorm] for drug in facts.drugs])
    codes = pa.array([drug.rxnorm for drug in facts.drugs])
    at_visit = orders["visit"] >= 0
    return {
        "drug_exposure_id": ids(range(1, n + 1)),
        "person_id": ids(orders["person"] + 1),
        "drug_concept_id": fill(n, 0),
        "drug_exposure_start_date": facts.date(orders["day"]),
        "drug_exposure_end_date": facts.date(orders["day"] + DAYS_SUPPLY - 1),
        "drug_type_concept_id": fill(n, EHR_PRESCRIPTION),
        "days_supply": np.full(n, DAYS_SUPPLY, dtype=np.int32),
        "provider_id": ids(facts.order_clinician + 1),
        "visit_occurrence_id": pa.array(orders["visit"] + 1, mask=~at_visit),
        "drug_source_value": codes.take(pa.array(orders["drug"])),
        "drug_source_concept_id": ids(concept[orders["drug"]]),
    }
