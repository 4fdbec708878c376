"""A small made-up Athena export: a few codes, their maps and their hierarchy.

The vocabularies are named as OMOP names them, with public codes; every concept_id is
made up.
"""

import json

import duckdb

from rounds.datamart.vocabulary import attach_vocabulary, build_vocabulary
from rounds.datamart.vocabulary.concepts import BESIDE, resolve_codes

SNOMED = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"

CONCEPT = (
    "concept_id",
    "concept_name",
    "domain_id",
    "vocabulary_id",
    "concept_class_id",
    "standard_concept",
    "concept_code",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
)
RELATIONSHIP = (
    "concept_id_1",
    "concept_id_2",
    "relationship_id",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
)
ANCESTOR = (
    "ancestor_concept_id",
    "descendant_concept_id",
    "min_levels_of_separation",
    "max_levels_of_separation",
)
DATES = ("19700101", "20991231")

CONCEPTS = [
    # id, name, domain, vocabulary, class, standard, code, invalid
    (101, "Type 2 diabetes mellitus", "Condition", "SNOMED", "S", "44054006", ""),
    (102, "Diabetes mellitus", "Condition", "SNOMED", "S", "73211009", ""),
    (103, 'Diabetes "with" complication', "Condition", "SNOMED", "S", "74627003", ""),
    (104, "Family history of clinical finding", "Observation", "SNOMED", "S", "x1", ""),
    (105, "Replaced disorder", "Condition", "SNOMED", "", "x2", "U"),
    (201, "Type 2 diabetes w/o complications", "Condition", "ICD10CM", "", "E11.9", ""),
    (202, "Type 2 diabetes with ulcer", "Condition", "ICD10CM", "", "E11.621", ""),
    (203, "Family history of diabetes", "Observation", "ICD10CM", "", "Z83.3", ""),
    (204, "Type 2 diabetes mellitus", "Condition", "ICD10CM", "", "E11", ""),
    (205, "A code that maps to nothing valid", "Condition", "ICD10CM", "", "Z99.9", ""),
    (301, "Systolic blood pressure", "Measurement", "LOINC", "S", "8480-6", ""),
    (302, "Glucose", "Measurement", "LOINC", "S", "2345-7", ""),
    (401, "millimeter mercury column", "Unit", "UCUM", "S", "mm[Hg]", ""),
    (402, "kilopascal", "Unit", "UCUM", "S", "kPa", ""),
    (501, "A test done in an examination", "Procedure", "LOINC", "S", "x3", ""),
]
MAPS = [
    (101, 101, "Maps to", ""),
    (102, 102, "Maps to", ""),
    (103, 103, "Maps to", ""),
    (104, 104, "Maps to", ""),
    (301, 301, "Maps to", ""),
    (302, 302, "Maps to", ""),
    (401, 401, "Maps to", ""),
    (402, 402, "Maps to", ""),
    (201, 101, "Maps to", ""),
    (202, 101, "Maps to", ""),
    (202, 103, "Maps to", ""),
    (203, 104, "Maps to", ""),
    (203, 102, "Maps to value", ""),
    (204, 101, "Maps to", ""),
    (205, 105, "Maps to", ""),
    (205, 101, "Maps to", "D"),
    (101, 102, "Is a", ""),
]
ANCESTORS = [
    (102, 102, 0, 0),
    (102, 101, 1, 1),
    (102, 103, 1, 1),
    (101, 101, 0, 0),
    (103, 103, 0, 0),
]


def silent(what, n):
    """Say nothing of the progress."""


def write(folder, name, header, rows, end="\n"):
    """Write one file as Athena does: tabs, no quoting, an end to the last line."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(str(cell) for cell in row) for row in (header, *rows)]
    (folder / name).write_text("\n".join(lines) + end, encoding="utf-8")


def concept_rows(concepts=CONCEPTS):
    """Give the rows of CONCEPT.csv."""
    return [
        (key, name, domain, vocabulary, "Class", standard, code, *DATES, invalid)
        for key, name, domain, vocabulary, standard, code, invalid in concepts
    ]


def write_export(folder, *, concepts=CONCEPTS, maps=MAPS, ancestors=ANCESTORS):
    """Write the export's files; None leaves a file out."""
    write(folder, "CONCEPT.csv", CONCEPT, concept_rows(concepts))
    if maps is not None:
        rows = [(a, b, how, *DATES, invalid) for a, b, how, invalid in maps]
        write(folder, "CONCEPT_RELATIONSHIP.csv", RELATIONSHIP, rows)
    if ancestors is not None:
        write(folder, "CONCEPT_ANCESTOR.csv", ANCESTOR, ancestors)
    write(
        folder,
        "VOCABULARY.csv",
        (
            "vocabulary_id",
            "vocabulary_name",
            "vocabulary_reference",
            "vocabulary_version",
            "vocabulary_concept_id",
        ),
        [("None", "OMOP Standardized Vocabularies", "", "v5.0 01-JAN-26", 0)],
    )
    return folder


def resolved(path, codes, unit=None):
    """Resolve (system, code) pairs; give each one's rows, and the connection."""
    connection = duckdb.connect()
    attach_vocabulary(connection, path)
    connection.execute(
        "CREATE TEMP TABLE problem (file_number INTEGER, record BIGINT, "
        "resource_type VARCHAR, reason VARCHAR, set_aside BOOLEAN);"
        "CREATE TEMP TABLE event (file_number INTEGER, record BIGINT, "
        "resource VARCHAR, code_system VARCHAR, code VARCHAR, display VARCHAR, "
        f"domain VARCHAR, {', '.join(f'{name} VARCHAR' for name in BESIDE)})"
    )
    for place, (system, code) in enumerate(codes):
        connection.execute(
            "INSERT INTO event (record, code_system, code, display, domain, "
            "unit_system, unit_source_value) VALUES (?, ?, ?, ?, 'Condition', '', ?)",
            [place, system, code, f"name of {code}", unit],
        )
    resolve_codes(connection)
    rows = connection.execute(
        "SELECT code, target, concept_id, source_concept_id, domain, "
        "value_as_concept_id FROM code_concept ORDER BY code, target"
    ).fetchall()
    return rows, connection


def built(folder, name, existing=None):
    """Build a vocabulary beside the folder; give its path and its report."""
    into = folder.parent / f"{name}.duckdb"
    report = build_vocabulary(folder, into, existing=existing, tell=silent)
    return into, report


def asked(path, query):
    """Ask a vocabulary's file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def value_set(name, *, version=None, **parts):
    """Write a ValueSet resource."""
    found = {"resourceType": "ValueSet", "url": f"http://x/{name}", **parts}
    return found | ({"version": version} if version else {})


def listed(*codes, system=ICD):
    """Write a part of a definition that lists codes."""
    return {"system": system, "concept": [{"code": code} for code in codes]}


def below(code, how="is-a"):
    """Write a part of a definition that asks for what is below a code."""
    one = {"property": "concept", "op": how, "value": code}
    return {"system": SNOMED, "filter": [one]}


def put(folder, *resources, name="terms.json"):
    """Write resources as one Bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    entry = [{"resource": one} for one in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entry}
    (folder / name).write_text(json.dumps(bundle))
    return folder
