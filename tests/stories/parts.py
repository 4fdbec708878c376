"""One part of a datamart, filled by a source alone: the least that a load sets up."""

import duckdb

from rounds.datamart import problems
from rounds.datamart.cdm import create_tables
from rounds.datamart.source_files import list_files
from rounds.datamart.sources.base import Held
from rounds.datamart.vocabulary.tables import attach_vocabulary

def filled(source, folder, *, namespace="", concepts=()):
    """Fill a part from a folder; give the connection and what the source said."""
    connection = duckdb.connect(config={"threads": 2})
    attach_vocabulary(connection, None)
    for row in concepts:
        connection.execute(
            "INSERT INTO vocabulary.concept (concept_id, concept_name, domain_id, "
            "vocabulary_id, concept_code, standard_concept, concept_class_id, "
            "valid_start_date, valid_end_date) VALUES (?, ?, ?, ?, ?, ?, 'Undefined', "
            "'1970-01-01', '2099-12-31')",
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
