"""From flattened resources to staged rows: keyed, placed, and kept in the part.

`stage_<Type>` holds the winning version of each resource, also of those that are set
aside, so that a resource which came before its patient is mapped when the patient
arrives. References are kept as keys (`keys`); the subject's is `person_key`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import duckdb

from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.keys import key_of
from rounds.datamart.fhir.paths import fields, resources, text
from rounds.datamart.fhir.targets import resources_of

__all__ = ["Staging", "reference_fields", "staged_types"]

_AT_ONCE = 1 << 20


def reference_fields(resource: str) -> tuple[str, ...]:
    """Give the fields of a type that are references, but for the subject."""
    rows = fields(resource).items()
    return tuple(
        name for name, row in rows if row["kind"] == "reference" and name != "subject"
    )


def staged_types(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Give the types of which this load has staged anything."""
    looked = " UNION ALL ".join(
        f"SELECT '{resource}' WHERE EXISTS (FROM stage_{resource})"
        for resource in resources()
    )
    found = {kind for (kind,) in connection.execute(looked).fetchall()}
    return tuple(resource for resource in resources() if resource in found)


@lru_cache(maxsize=256)
def _columns(query: str) -> str:
    """Write the columns of a table for the rows of a query: name and type.

    To bind what stages all types takes longer than to load a few resources, so it is
    done once for all loads alike.
    """
    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE {query}").fetchall()
    return ", ".join(f'"{name}" {kind}' for name, kind, *_ in described)


@dataclass(frozen=True)
class Staging:
    """How resources are flattened and staged."""

    views: Flattening
    """Where each field is in a resource."""
    systems: tuple[str, ...]
    """Code system URIs whose codes are preferred."""
    namespace: str = ""
    """The source's name, which salts its keys; empty for `main`."""
    shield: Callable[[str, str], str] | None = None
    """Given a relation of flat rows and their type, writes one with the same columns
    in which nobody can be recognised. Nothing is written to the part before."""

    def create(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create the staging table of every type, empty."""
        connection.begin()  # one write to the disk, not one for each
        for resource in resources():
            columns = _columns(self._empty(resource))
            connection.execute(f"CREATE TABLE stage_{resource} ({columns})")
        connection.commit()

    def _empty(self, resource: str) -> str:
        """Write the query of a type's staged rows, without a row."""
        flat = (
            "SELECT 0 AS file_number, 0::BIGINT AS record, NULL::VARCHAR AS fault, "
            f"id, {', '.join(self.flat(resource))} FROM (SELECT "
            f"unnest(CAST(NULL AS {self.views.struct_type(resource)})))"
        )
        return f"SELECT {self._staged(resource)} FROM ({flat}) LIMIT 0"

    def flat(self, resource: str, modified: str = "NULL") -> list[str]:
        """Write the flat columns of a type, its references still as they are written.

        Parameters
        ----------
        resource : str
            A mapped type.
        modified : str
            An SQL expression: when the server says that it was modified, used where
            the resource itself does not say.
        """
        own = self.views.own_columns(resource)
        return [
            f"coalesce({own['updated']}, {modified}) AS updated",
            f"{own['version']} AS version",
            *self.views.staging_columns(resource, self.systems),
        ]

    def insert(
        self,
        connection: duckdb.DuckDBPyConnection,
        resource: str,
        source: str,
        *,
        aliased: bool = False,
        nameless: bool = False,
    ) -> int:
        """Stage the flat rows that have an id, and count them.

        Parameters
        ----------
        connection : DuckDBPyConnection
            The part that is being made.
        resource : str
            Their type.
        source : str
            A relation of file_number, record, fault (why it cannot be mapped), id and
            the columns of `flat`.
        aliased : bool
            Whether `alias` knows what some references stand for.
        nameless : bool
            Whether those without an id are staged too, for the caller to set aside.
        """
        named = _unaliased(resource, source) if aliased else source
        safe = self.shield(named, resource) if self.shield else named
        inserted = connection.execute(
            f"INSERT INTO stage_{resource} SELECT {self._staged(resource)} "
            f"FROM {safe} AS given WHERE {nameless} OR id IS NOT NULL"
        )
        return int(inserted.fetchall()[0][0])

    def insert_as_read(
        self,
        connection: duckdb.DuckDBPyConnection,
        resource: str,
        given: str,
        file_number: int,
    ) -> int:
        """Stage flat rows as they are read, also those without an id, and count them.

        They have no record until `number` gives it to them: to number them before, one
        thread would have to read all. In a transaction of its own, with no shield.

        Parameters
        ----------
        connection : DuckDBPyConnection
            The part that is being made.
        resource : str
            Their type.
        given : str
            A SELECT of id and the columns of `flat`, in the file's order.
        file_number : int
            The file's.
        """
        inserted = connection.execute(
            f"INSERT INTO stage_{resource} SELECT {self._staged(resource)} "
            f"FROM (SELECT {file_number} AS file_number, NULL::BIGINT AS record, "
            f"NULL::VARCHAR AS fault, * FROM ({given})) AS given"
        )
        return int(inserted.fetchall()[0][0])

    def number(
        self,
        connection: duckdb.DuckDBPyConnection,
        resource: str,
        *,
        at_once: int = _AT_ONCE,
    ) -> None:
        """Give rows that were staged as they were read their places in their files.

        A file's rows lie one after another, as they stood in it.

        Parameters
        ----------
        connection : DuckDBPyConnection
            The part that is being made; nothing else writes to it meanwhile.
        resource : str
            Their type.
        at_once : int
            How many are numbered before the numbers go from memory to the disk.
        """
        table = f"stage_{resource}"
        placed = connection.execute(
            f"SELECT min(rowid), max(rowid) FROM {table} WHERE record IS NULL "
            "GROUP BY file_number ORDER BY ALL"
        ).fetchall()
        for first, last in placed:
            for start in range(first, last + 1, at_once):
                end = min(last, start + at_once - 1)
                connection.execute(
                    f"UPDATE {table} SET record = rowid + 1 - {first} "
                    f"WHERE rowid BETWEEN {start} AND {end}"
                )
                if (
                    end > start + _AT_ONCE // 2
                ):  # What is updated is in memory until then.
                    connection.execute("CHECKPOINT")

    def insert_deletes(
        self, connection: duckdb.DuckDBPyConnection, resource: str, source: str
    ) -> None:
        """Stage a tombstone for each row of `source`: id, updated, version, place."""
        safe = self.shield(source, resource) if self.shield else source
        key = self._own_key(resource)
        person = key if resource in resources_of("person") else "NULL"
        connection.execute(
            f"INSERT INTO stage_{resource} BY NAME SELECT {key} AS key, {person} AS "
            "person_key, id, updated, version, true AS deleted, file_number, record "
            f"FROM {safe} AS given"
        )

    def _own_key(self, resource: str) -> str:
        return key_of(f"{text(resource + '/')} || id", self.namespace)

    def _staged(self, resource: str) -> str:
        key = self._own_key(resource)
        person = key if resource in resources_of("person") else "CAST(NULL AS BIGINT)"
        if "subject" in fields(resource):
            person = key_of("subject", self.namespace)
        columns = {
            "key": key,
            "person_key": person,
            "id": "id",
            "updated": "updated",
            "version": "version",
            "deleted": "false",
            "file_number": "file_number",
            "record": "record",
            "fault": "fault",
            **self._fields(resource),
        }
        return ", ".join(f'{value} AS "{name}"' for name, value in columns.items())

    def _fields(self, resource: str) -> dict[str, str]:
        columns = {}
        for name, row in fields(resource).items():
            if name == "subject":
                continue
            given = f'"{name}"'
            is_reference = row["kind"] == "reference"
            columns[name] = key_of(given, self.namespace) if is_reference else given
            if row["kind"] == "code":
                columns[f"{name}_text"] = f'"{name}_text"'
        return columns


def _unaliased(resource: str, source: str) -> str:
    """Write `source` with each alias of its file replaced by what it stands for."""
    references = [*reference_fields(resource)]
    if "subject" in fields(resource):
        references.append("subject")
    if not references:
        return source
    replaced, joins = [], []
    for place, name in enumerate(references):
        replaced.append(f'coalesce(a{place}.target, given."{name}") AS "{name}"')
        joins.append(
            f'LEFT JOIN alias AS a{place} ON a{place}.alias = given."{name}" '
            f"AND a{place}.file_number = given.file_number"
        )
    return (
        f"(SELECT given.* REPLACE ({', '.join(replaced)}) "
        f"FROM {source} AS given {' '.join(joins)})"
    )
