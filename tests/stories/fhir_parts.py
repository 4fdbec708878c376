"""Loads of FHIR one after another, each into a part of its own, read together."""

import json
from collections import Counter
from pathlib import Path

import duckdb

from rounds.datamart import problems
from rounds.datamart.cdm import create_tables
from rounds.datamart.mapping import cdm_columns, cdm_tables
from rounds.datamart.source_files import list_files
from rounds.datamart.sources import FhirSource
from rounds.datamart.sources.base import Held
from rounds.datamart.store.visible import visible_stage

PLACES = ("care_site", "provider")
VOCABULARY = {
    "concept",
    "vocabulary",
    "domain",
    "concept_class",
    "relationship",
    "concept_relationship",
    "concept_ancestor",
    "concept_synonym",
    "drug_strength",
    "source_to_concept_map",
}


class Parts:
    """A folder of parts, filled by loads of FHIR and nothing else."""

    def __init__(self, folder, namespace=""):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.namespace = namespace
        self.paths = []
        self.places = None
        self.n_files = 0
        self.loads = 0

    @property
    def aliases(self):
        return tuple(f"part_{n}" for n in range(len(self.paths)))

    def load(self, *lines, name="all.ndjson"):
        """Load resources, or lines of text; give the counts by type and reason."""
        self.loads += 1
        source = self.folder / f"in-{self.loads}"
        source.mkdir()
        texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
        (source / name).write_text("\n".join(texts) + "\n")
        return self.load_folder(source)

    def load_folder(self, source):
        path = self.folder / f"part-{self.loads}.duckdb"
        config = {"temp_directory": str(self.folder / "spill"), "threads": 1}
        connection = duckdb.connect(str(path), config=config)
        try:
            attach(connection, self.paths, self.aliases)
            create_tables(connection)
            problems.prepare(connection)
            files = [
                file.__class__(**{**file.__dict__, "number": self.n_files + number})
                for number, file in enumerate(list_files(source))
            ]
            self.n_files += len(files)
            held = Held(self.aliases, self.namespace)
            loaded = FhirSource().fill(connection, files, lambda *_: None, held)
            result = Told(connection, loaded)
            for table, n in loaded.rows.items():
                found = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
                assert found == [(n,)], table
        finally:
            connection.close()
        if loaded.places:
            self.places = len(self.paths)
        self.paths.append(path)
        return result

    def content(self):
        """Give the rows of every CDM table, local concepts by their codes."""
        connection = self.open()
        try:
            return {
                table: Counter(connection.execute(self.seen(table)).fetchall())
                for table in cdm_tables()
                if table not in VOCABULARY | {"cdm_source"}
            }
        finally:
            connection.close()

    def open(self):
        """Open all parts at once, as views by the tables' names."""
        connection = duckdb.connect(config={"threads": 1})
        attach(connection, self.paths, self.aliases)
        return connection

    def rows(self, table, columns, where="true"):
        connection = self.open()
        try:
            named = self.named(table)
            return connection.execute(
                f"SELECT {columns} FROM ({named}) WHERE {where} ORDER BY ALL"
            ).fetchall()
        finally:
            connection.close()

    def stage(self, resource, columns="id"):
        connection = self.open()
        try:
            seen = visible_stage(f"stage_{resource}", self.aliases)
            return connection.execute(
                f"SELECT {columns} FROM {seen} WHERE NOT deleted ORDER BY ALL"
            ).fetchall()
        finally:
            connection.close()

    def seen(self, table):
        """Write a query of a table in which local concepts are named by their codes."""
        columns = [row["column"] for row in cdm_columns(table)]
        local = [
            name
            for name in columns
            if name.endswith("_source_concept_id") or name == "value_as_concept_id"
        ]
        shown = [
            f"(SELECT any_value(vocabulary_id || '|' || concept_code) FROM concepts "
            f'WHERE concepts.part = one.part AND concept_id = one."{name}")'
            if name in local
            else f'one."{name}"'
            for name in columns
        ]
        concepts = " UNION ALL ".join(
            f"SELECT '{alias}' AS part, * FROM {alias}.concept"
            for alias in self.aliases
        )
        return (
            f"WITH concepts AS ({concepts}) SELECT {', '.join(shown)} "
            f"FROM ({self.named(table)}) AS one"
        )

    def named(self, table):
        """Write a table's rows that are seen, with the part that each is in."""
        if table in PLACES:
            alias = self.aliases[self.places]
            return f"SELECT *, '{alias}' AS part FROM {alias}.{table}"
        if table == "location":
            return self.locations()
        parts = []
        for place, alias in enumerate(self.aliases):
            names = [row["column"] for row in cdm_columns(table)]
            if "person_id" not in names:
                parts.append(f"SELECT *, '{alias}' AS part FROM {alias}.{table}")
                continue
            later = [f"SELECT person_id FROM {a}.touched" for a in self.aliases[place + 1 :]]
            hidden = " UNION ALL ".join(["SELECT NULL WHERE false", *later])
            parts.append(
                f"SELECT *, '{alias}' AS part FROM {alias}.{table} "
                f"WHERE person_id NOT IN ({hidden})"
            )
        return " UNION ALL ".join(parts)

    def locations(self):
        parts = []
        for place, alias in enumerate(self.aliases):
            later = [f"SELECT person_id FROM {a}.touched" for a in self.aliases[place + 1 :]]
            hidden = " UNION ALL ".join(["SELECT NULL::BIGINT WHERE false", *later])
            of_person = f"location_id IN (SELECT person_id FROM {alias}.person)"
            parts.append(
                f"SELECT *, '{alias}' AS part FROM {alias}.location "
                f"WHERE {of_person} AND location_id NOT IN ({hidden})"
            )
            if place == self.places:
                parts.append(
                    f"SELECT *, '{alias}' AS part FROM {alias}.location "
                    f"WHERE NOT ({of_person})"
                )
        return " UNION ALL ".join(parts)


class Told:
    """What one load said: counts by type, and reasons."""

    def __init__(self, connection, loaded):
        self.loaded = loaded
        self.by_type = problems.type_counts(connection)
        counted = connection.execute(
            "SELECT resource_type, reason, set_aside, count(*) FROM problem GROUP BY ALL"
        ).fetchall()
        self.reasons = {(kind, why): n for kind, why, aside, n in counted if aside}
        self.remarks = {(kind, why): n for kind, why, aside, n in counted if not aside}
        found = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_name = 'touched'"
        ).fetchall()
        self.touched = None
        if found[0][0]:
            (self.touched,) = connection.execute(
                "SELECT count(*) FROM touched"
            ).fetchall()[0]
        for kind, n in self.by_type.items():
            assert n.read == n.mapped + n.set_aside, (kind, n)


def attach(connection, paths, aliases):
    for alias, path in zip(aliases, paths, strict=True):
        connection.execute(f"ATTACH '{path}' AS {alias} (READ_ONLY)")


