"""People with addresses in OMOP and FHIR, and tables of the areas they live in."""

import csv
import datetime as dt
import json
from pathlib import Path

from rounds.datamart.rows import measure_rows
from rounds.nouns import Measure, Period

TRACT = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract"
SVI = "https://www.atsdr.cdc.gov/place-health/php/svi"
YEAR = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
CONCEPTS = [
    {
        "concept_id": n,
        "concept_name": code,
        "domain_id": domain,
        "vocabulary_id": vocabulary,
        "concept_class_id": "Undefined",
        "concept_code": code,
        "valid_start_date": "1970-01-01",
        "valid_end_date": "2099-12-31",
    }
    for n, vocabulary, code, domain in (
        (2_000_000_101, "SNOMED", "59621000", "Condition"),
        (2_000_000_102, "SVI", "RPL_THEMES", "Observation"),
    )
]
ILL = Measure.model_validate(
    {
        "name": "ill",
        "version": "1",
        "title": "The ill",
        "type": "process",
        "improvement_notation": "decrease",
        "concept_sets": [
            {
                "name": "ill",
                "title": "Ill",
                "include": [{"system": "http://snomed.info/sct", "code": "59621000"}],
            }
        ],
        "initial_population": {
            "op": "exists",
            "events": {"domain": "condition", "concept_set": "ill"},
        },
        "numerator": {
            "op": "exists",
            "events": {"domain": "condition", "concept_set": "ill"},
        },
    }
)
"""Everybody is ill, and meets it."""


def write_cdm(folder, homes, *, own=(), ill="2023-03-01"):
    """Write OMOP tables of persons who are ill from a day on.

    Parameters
    ----------
    homes : dict of str to dict or None
        Each person, and the columns of where he or she lives.
    own : iterable of (str, str, float)
        Who has an SVI of his or her own, since when, and which.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids = {name: n for n, name in enumerate(homes, start=1)}
    tables = {
        "person": [
            {
                "person_id": ids[name],
                "gender_concept_id": 8532,
                "year_of_birth": 1960,
                "location_id": "" if home is None else 100 + ids[name],
                "person_source_value": name,
            }
            for name, home in homes.items()
        ],
        "location": [
            {"location_id": 100 + ids[name], **home}
            for name, home in homes.items()
            if home is not None
        ],
        "condition_occurrence": [
            {
                "condition_occurrence_id": n,
                "person_id": n,
                "condition_concept_id": 0,
                "condition_source_concept_id": CONCEPTS[0]["concept_id"],
                "condition_start_date": ill,
            }
            for n in ids.values()
        ],
        "observation": [
            {
                "observation_id": n,
                "person_id": ids[name],
                "observation_concept_id": 0,
                "observation_source_concept_id": CONCEPTS[1]["concept_id"],
                "observation_date": day,
                "value_as_number": value,
            }
            for n, (name, day, value) in enumerate(own, start=1)
        ],
        "concept": CONCEPTS,
    }
    for table, rows in tables.items():
        path = folder / f"{table}.csv"
        path.unlink(missing_ok=True)
        if rows:
            columns = list(dict.fromkeys(name for row in rows for name in row))
            with path.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, columns, restval="")
                writer.writeheader()
                writer.writerows(rows)
    return folder


def write_svi(path, rows):
    """Write a table in the columns of CDC's: each area with its overall rank."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'{area},"Area {area}",0.5,{rank}' for area, rank in rows]
    header = "FIPS,LOCATION,RPL_THEME1,RPL_THEMES"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return path


def quartiles(mart, period=YEAR):
    """Give each person's quartile of the SVI, as strata have it; 0 is not known."""
    rows = measure_rows(mart, ILL, period)
    found = zip(rows.person_source_value, rows.svi_quartile, strict=True)
    return {str(name): int(quartile) for name, quartile in found}


def area_rows(mart):
    """Give the observations that areas make: who, which, since when, value, marks."""
    found = mart._connection.execute(
        "SELECT p.person_source_value, o.observation_source_value, "
        "CAST(o.observation_date AS VARCHAR), o.value_as_number, "
        "o.observation_type_concept_id, o.qualifier_source_value "
        "FROM observation AS o JOIN person AS p USING (person_id) "
        "WHERE o.qualifier_source_value IS NOT NULL ORDER BY ALL"
    )
    return found.fetchall()


def rehoused(fhir: Path, table: Path) -> int:
    """Take the SVI away from people in FHIR, and give them addresses in its place.

    Each rank becomes a ZIP Code area with that rank in a table of CDC's layout.

    Returns
    -------
    int
        How many areas there are.
    """
    observations = fhir / "Observation.ndjson"
    ranks, others = {}, []
    for line in observations.read_text("utf-8").splitlines():
        one = json.loads(line)
        if one["code"].get("coding", [{}])[0].get("code") == "RPL_THEMES":
            ranks[one["subject"]["reference"]] = one["valueQuantity"]["value"]
        else:
            others.append(line)
    observations.write_text("\n".join(others) + "\n", "utf-8")
    codes = {
        rank: f"{99_001 + n}" for n, rank in enumerate(sorted(set(ranks.values())))
    }
    people = fhir / "Patient.ndjson"
    lines = []
    for line in people.read_text("utf-8").splitlines():
        one = json.loads(line)
        code = codes[ranks[f"Patient/{one['id']}"]]
        one["address"] = [{"postalCode": f"{code}-0001"}]
        lines.append(json.dumps(one))
    people.write_text("\n".join(lines) + "\n", "utf-8")
    write_svi(table, [(code, repr(rank)) for rank, code in codes.items()])
    return len(codes)
