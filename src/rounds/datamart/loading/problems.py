"""What was set aside, or loaded with a remark: kept line by line, counted for all."""

from collections import defaultdict
from collections.abc import Mapping

import duckdb

from rounds.datamart.given.source_files import SourceFile, true_lines
from rounds.datamart.loading.report import Reason, TypeCount
from rounds.datamart.mapping import mapping
from rounds.datamart.sources.base import Loaded

__all__ = ["prepare", "reasons", "settle_lines", "type_counts"]

_EXAMPLES = 5


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables in which the sources say what they read and set aside."""
    connection.execute(
        "CREATE TABLE rounds_resource (resource_type VARCHAR, resource_id VARCHAR, "
        "table_name VARCHAR, row_id BIGINT);"
        "CREATE TEMP TABLE reading "
        "(file_number INTEGER, resource_type VARCHAR, n BIGINT);"
        "CREATE TEMP TABLE mapped (resource_type VARCHAR, n BIGINT);"
        "CREATE TEMP TABLE problem (file_number INTEGER, record BIGINT, "
        "resource_type VARCHAR, reason VARCHAR, set_aside BOOLEAN)"
    )


def settle_lines(
    connection: duckdb.DuckDBPyConnection,
    files: Mapping[int, SourceFile],
    *,
    entries: frozenset[int],
    header_lines: frozenset[int] = frozenset(),
) -> None:
    """Turn places of records into line numbers, and keep them in the datamart.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The datamart that is being built.
    files : mapping of int to SourceFile
        Every file of this load, by its number.
    entries : frozenset of int
        Numbers of the files whose records are not lines: bundles, parquet.
    header_lines : frozenset of int
        Numbers of the files whose first line is a header.
    """
    kept = (
        "SELECT * FROM problem WHERE set_aside UNION ALL "
        "SELECT * FROM problem WHERE NOT set_aside QUALIFY row_number() OVER "
        "(PARTITION BY resource_type, reason ORDER BY file_number, record) <= "
        f"{_EXAMPLES}"
    )
    connection.execute(f"CREATE TEMP TABLE kept_problem AS {kept}")
    wanted = connection.execute(
        "SELECT file_number, list(DISTINCT record), list(DISTINCT -record) "
        "FILTER (record < 0) FROM kept_problem GROUP BY ALL"
    ).fetchall()
    connection.execute(
        "CREATE TEMP TABLE true_line (file_number INTEGER, record BIGINT, line BIGINT)"
    )
    for number, records, broken in wanted:
        if number in entries:
            continue
        shift = 1 if number in header_lines else 0
        places = [record + shift for record in records if record > 0]
        lines = true_lines(files[number], places, skipped=frozenset(broken or ()))
        found = [(number, rec - shift, line) for rec, line in lines.items()]
        moved = [row for row in found if row[1] != row[2]]
        if moved:
            connection.executemany("INSERT INTO true_line VALUES (?, ?, ?)", moved)
    connection.execute(
        "CREATE TABLE rounds_load_issue AS SELECT file_number, "
        "coalesce(line, abs(record)) AS line, resource_type, reason, set_aside "
        "FROM kept_problem LEFT JOIN true_line USING (file_number, record) "
        "ORDER BY file_number, line, resource_type, reason"
    )


def type_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, TypeCount]:
    """Count what was read, mapped and set aside, each on its own, by type."""
    rows = connection.execute(
        "SELECT resource_type, sum(r)::BIGINT, sum(m)::BIGINT, sum(s)::BIGINT FROM ("
        "SELECT resource_type, n AS r, 0 AS m, 0 AS s FROM reading UNION ALL "
        "SELECT resource_type, 0, n, 0 FROM mapped UNION ALL "
        "SELECT resource_type, 0, 0, count(*) FROM problem "
        "WHERE set_aside GROUP BY 1) GROUP BY 1 HAVING sum(r) + sum(m) + sum(s) > 0 "
        "ORDER BY 1"
    ).fetchall()
    return {kind: TypeCount(read, mapped, aside) for kind, read, mapped, aside in rows}


def reasons(
    connection: duckdb.DuckDBPyConnection,
    files: Mapping[int, SourceFile],
    *,
    set_aside: bool,
    loaded: Loaded,
) -> tuple[Reason, ...]:
    """Give every reason with its count, its first places and what to do about it."""
    counted = connection.execute(
        "SELECT resource_type, reason, count(*) FROM problem WHERE set_aside = ? "
        "GROUP BY ALL ORDER BY 1, 3 DESC, 2",
        [set_aside],
    ).fetchall()
    places = connection.execute(
        "SELECT resource_type, reason, file_number, line FROM rounds_load_issue "
        "WHERE set_aside = ? QUALIFY row_number() OVER (PARTITION BY resource_type, "
        f"reason ORDER BY file_number, line) <= {_EXAMPLES} "
        "ORDER BY file_number, line",
        [set_aside],
    ).fetchall()
    examples: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, reason, number, line in places:
        place = str(line)
        if number in loaded.entries:
            place = f"{loaded.entry_name} {line}"
        name = files[number].label  # a place of 0 is the file itself
        examples[kind, reason].append(f"{name}:{place}" if line else name)
    explained = {row["reason"]: row for row in mapping("reasons")}
    found = []
    for kind, reason, n in counted:
        row = explained[reason.split(":")[0]]
        shown = tuple(examples[kind, reason])
        found.append(Reason(kind, reason, n, shown, row["meaning"], row["remedy"]))
    return tuple(found)
