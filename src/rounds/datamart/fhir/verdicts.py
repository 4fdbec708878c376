"""What is kept of judging a type: the few set aside, or with a reference that is lost.

Of millions of resources nearly all are good, and a table of them would be written to
the disk and read again. So it is the others that are written down, and whoever goes on
with the good ones reads the slice without them.
"""

from collections.abc import Mapping

import duckdb

from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.judging import reason
from rounds.datamart.fhir.paths import text

__all__ = ["good_rows", "judge", "subject_rules"]


def subject_rules() -> tuple[tuple[str, str], ...]:
    """Write the rules for a subject that is not among the persons."""
    return (
        ("NOT is_person", "subject set aside"),
        ("is_person IS NULL", "reference to nothing"),
    )


def judge(
    connection: duckdb.DuckDBPyConnection,
    views: Flattening,
    resource: str,
    joined: str,
    lost: Mapping[str, str],
) -> None:
    """Write down which resources of a slice are set aside, and which lack a reference.

    Makes the table `verdict_<Type>`, of which `good_rows` knows. Only what is of this
    load is a problem of this load.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The part that is being made.
    views : Flattening
        Where the fields are.
    resource : str
        A type whose resources are about persons.
    joined : str
        A SELECT of its slice and of what its references lead to.
    lost : mapping of str to str
        Of each reference, other than the subject, when it leads to nothing.
    """
    why = reason(resource, views, *subject_rules())
    flags = "".join(f", {test} AS lost_{field}" for field, test in lost.items())
    any_lost = "".join(f" OR lost_{field}" for field in lost)
    connection.execute(
        f"CREATE TEMP TABLE verdict_{resource} AS SELECT * FROM ("
        f"SELECT key, file_number, record, mine, {why} AS reason{flags} "
        f"FROM ({joined})) WHERE reason IS NOT NULL{any_lost}"
    )
    connection.execute(
        f"INSERT INTO problem SELECT file_number, record, {text(resource)}, reason, "
        f"true FROM verdict_{resource} WHERE reason IS NOT NULL AND mine"
    )
    for field in lost:
        connection.execute(
            f"INSERT INTO problem SELECT file_number, record, {text(resource)}, "
            f"'reference to nothing: {field}', false FROM verdict_{resource} "
            f"WHERE reason IS NULL AND mine AND lost_{field}"
        )


def good_rows(resource: str) -> str:
    """Write the rows of a slice that are not set aside, once it has been judged."""
    return (
        f"(SELECT one.* FROM slice_{resource} AS one ANTI JOIN (SELECT key FROM "
        f"verdict_{resource} WHERE reason IS NOT NULL) AS bad ON bad.key = one.key)"
    )
