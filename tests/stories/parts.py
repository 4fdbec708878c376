"""One part of a datamart, filled by a source alone: the least that a load sets up."""

import duckdb

from rounds.datamart import problems
from rounds.datamart.cdm import create_tables
from rounds.datamart.source_files import list_files
from rounds.datamart.sources.base import Held

CONCEPT = (
    "CREATE TABLE vocabulary.concept (concept_id BIGINT, concept_name VARCHAR, "
    "domain_id VARCHAR, vocabulary_id VARCHAR, concept_class_id VARCHAR, "
    "standard_concept VARCHAR, concept_code VARCHAR, valid_start_date DATE, "
    "valid_end_date DATE, invalid_reason VARCHAR);"
    "CREATE TABLE vocabulary.concept_relationship (concept_id_1 BIGINT, "
    "concept_id_2 BIGINT, relationship_id VARCHAR, valid_start_date DATE, "
    "valid_end_date DATE, invalid_reason VARCHAR)"
)


def filled(source, folder, *, namespace="", concepts=()):
    """Fill a part from a folder; give the connection and what the source said."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("ATTACH ':memory:' AS vocabulary")
    connection.execute(CONCEPT)
    for row in concepts:
        connection.execute(
            "INSERT INTO vocabulary.concept (concept_id, concept_name, domain_id, "
            "vocabulary_id, concept_code, standard_concept) VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
    create_tables(connection)
    connection.execute("DROP TABLE concept")
    problems.prepare(connection)
    files = list_files(folder)
    assert source.recognises(files)
    loaded = source.fill(connection, files, lambda what, n: None, Held((), namespace))
    return connection, loaded


def rows(connection, query):
    return connection.execute(query).fetchall()


def counts(connection):
    """Give (read, mapped, set aside) of each type."""
    found = problems.type_counts(connection)
    return {kind: (n.read, n.mapped, n.set_aside) for kind, n in found.items()}
