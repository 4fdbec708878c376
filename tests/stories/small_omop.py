"""Two persons in OMOP CDM 5.3, small enough to be read: upper-case names, as text."""

import csv

TABLES = {
    "PERSON": [
        {
            "PERSON_ID": "11",
            "GENDER_CONCEPT_ID": "8532",
            "YEAR_OF_BIRTH": "1960",
            "MONTH_OF_BIRTH": "5",
            "DAY_OF_BIRTH": "4",
            "PERSON_SOURCE_VALUE": "p1",
        },
        {
            "PERSON_ID": "12.0",
            "GENDER_CONCEPT_ID": "8507",
            "YEAR_OF_BIRTH": "1950",
            "MONTH_OF_BIRTH": "",
            "DAY_OF_BIRTH": "",
            "PERSON_SOURCE_VALUE": "p2",
        },
    ],
    "DEATH": [{"PERSON_ID": "12", "DEATH_DATE": "20240506"}],
    "CARE_SITE": [
        {
            "CARE_SITE_ID": "1",
            "CARE_SITE_NAME": "North clinic",
            "CARE_SITE_SOURCE_VALUE": "o1",
        },
        {"CARE_SITE_ID": "CARE_SITE_ID", "CARE_SITE_NAME": "CARE_SITE_NAME"},
    ],
    "VISIT_OCCURRENCE": [
        {
            "VISIT_OCCURRENCE_ID": "5",
            "PERSON_ID": "11",
            "VISIT_CONCEPT_ID": "9202",
            "VISIT_START_DATE": "2024-03-01",
            "CARE_SITE_ID": "1",
            "ADMITTING_SOURCE_VALUE": "home",
        },
        {
            "VISIT_OCCURRENCE_ID": "6",
            "PERSON_ID": "12",
            "VISIT_CONCEPT_ID": "9201",
            "VISIT_START_DATE": "2024-03-01 10:00:00",
            "VISIT_END_DATE": "2024-03-04",
        },
    ],
    "CONDITION_OCCURRENCE": [
        {
            "CONDITION_OCCURRENCE_ID": "1",
            "PERSON_ID": "11",
            "CONDITION_CONCEPT_ID": "0",
            "CONDITION_START_DATE": "2024-03-01",
            "CONDITION_SOURCE_VALUE": "I10",
        }
    ],
    "MEASUREMENT": [
        {
            "MEASUREMENT_ID": "1",
            "PERSON_ID": "11",
            "MEASUREMENT_CONCEPT_ID": "0",
            "MEASUREMENT_DATE": "2024-03-01",
            "VALUE_AS_NUMBER": "128",
            "MEASUREMENT_SOURCE_VALUE": "8480-6",
        },
        {
            "MEASUREMENT_ID": "1",
            "PERSON_ID": "11",
            "MEASUREMENT_CONCEPT_ID": "0",
            "MEASUREMENT_DATE": "2024-03-01",
            "VALUE_AS_NUMBER": "82",
            "MEASUREMENT_SOURCE_VALUE": "8462-4",
        },
    ],
    "DRUG_EXPOSURE": [
        {
            "DRUG_EXPOSURE_ID": "1",
            "PERSON_ID": "12",
            "DRUG_CONCEPT_ID": "0",
            "DRUG_EXPOSURE_START_DATE": "2024-04-05",
            "DRUG_SOURCE_VALUE": "314076",
        }
    ],
}


def write_csv(folder, tables=None):
    """Write one CSV file for each table."""
    for name, rows in (TABLES if tables is None else tables).items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder
