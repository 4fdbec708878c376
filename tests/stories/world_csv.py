"""The world's OMOP tables, written as a clinic would keep them: plain CSV files."""

import duckdb

MAPPING = """
files:
  units.csv: {row: unit, unit: id, name: name}
  clinicians.csv: {row: clinician, clinician: id, name: name, unit: unit}
  persons.csv:
    row: person
    person: id
    birth: born
    sex: sex
    unit: unit
    clinician: clinician
    death: died
  visits.csv:
    row: visit
    person: person
    visit: visit
    time: began
    end: ended
    unit: unit
    clinician: clinician
    class: class
  conditions.csv:
    row: condition
    id: id
    person: person
    time: began
    end: ended
    code: {column: code, system: {column: system}}
  readings.csv:
    row: measurement
    id: id
    person: person
    visit: visit
    clinician: clinician
    time: taken
    code: {column: code, system: "http://loinc.org"}
    value: value
    ucum: {column: unit}
  orders.csv:
    row: drug
    id: id
    person: person
    visit: visit
    clinician: clinician
    time: began
    end: ended
    days: days
    code: {column: code, system: "http://www.nlm.nih.gov/research/umls/rxnorm"}
  vulnerability.csv:
    row: observation
    person: person
    time: day
    code:
      value: RPL_THEMES
      system: "https://www.atsdr.cdc.gov/place-health/php/svi"
    value: value
    ucum: {value: "1"}
"""

QUERIES = {
    "units": "SELECT care_site_source_value AS id, care_site_name AS name FROM care_site",
    "clinicians": (
        "SELECT provider_source_value AS id, provider_name AS name, "
        "care_site_source_value AS unit FROM provider JOIN care_site USING (care_site_id)"
    ),
    "persons": (
        "SELECT person_source_value AS id, make_date(year_of_birth, month_of_birth, "
        "day_of_birth) AS born, p.gender_source_value AS sex, "
        "care_site_source_value AS unit, provider_source_value AS clinician, "
        "death_date AS died FROM person p LEFT JOIN death USING (person_id) "
        "JOIN care_site s ON s.care_site_id = p.care_site_id "
        "JOIN provider d ON d.provider_id = p.provider_id"
    ),
    "visits": (
        "SELECT person_source_value AS person, 'v' || visit_occurrence_id AS visit, "
        "visit_start_datetime AS began, visit_end_datetime AS ended, "
        "care_site_source_value AS unit, provider_source_value AS clinician, "
        "visit_source_value AS class FROM visit_occurrence v "
        "JOIN person USING (person_id) "
        "JOIN care_site s ON s.care_site_id = v.care_site_id "
        "JOIN provider d ON d.provider_id = v.provider_id"
    ),
    "conditions": (
        "SELECT condition_occurrence_id AS id, person_source_value AS person, "
        "condition_start_date AS began, condition_end_date AS ended, "
        "concept_code AS code, vocabulary_id AS system FROM condition_occurrence "
        "JOIN person USING (person_id) "
        "JOIN concept ON concept_id = condition_source_concept_id"
    ),
    "readings": (
        "SELECT measurement_id AS id, person_source_value AS person, "
        "'v' || visit_occurrence_id AS visit, provider_source_value AS clinician, "
        "measurement_datetime AS taken, measurement_source_value AS code, "
        "value_as_number AS value, unit_source_value AS unit FROM measurement m "
        "JOIN person USING (person_id) JOIN provider d ON d.provider_id = m.provider_id"
    ),
    "orders": (
        "SELECT drug_exposure_id AS id, person_source_value AS person, "
        "'v' || visit_occurrence_id AS visit, provider_source_value AS clinician, "
        "drug_exposure_start_date AS began, drug_exposure_end_date AS ended, "
        "days_supply AS days, drug_source_value AS code FROM drug_exposure m "
        "JOIN person USING (person_id) JOIN provider d ON d.provider_id = m.provider_id"
    ),
    "vulnerability": (
        "SELECT person_source_value AS person, observation_date AS day, "
        "value_as_number AS value FROM observation JOIN person USING (person_id)"
    ),
}


def write_csv(omop, folder):
    """Write CSV files, and their mapping, from a folder of the world's OMOP tables."""
    folder.mkdir()
    with duckdb.connect() as connection:
        for path in sorted(omop.glob("*.parquet")):
            connection.execute(f"CREATE VIEW {path.stem} AS FROM '{path}'")
        for name, query in QUERIES.items():
            connection.execute(f"COPY ({query}) TO '{folder}/{name}.csv' (HEADER)")
    (folder / "rounds-mapping.yaml").write_text(MAPPING)
