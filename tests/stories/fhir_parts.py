"""Loads of FHIR one after another, each into a part of its own, read together."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb

from rounds.datamart.cdm import create_tables
from rounds.datamart.deidentify import Deidentifier
from rounds.datamart.given.source_files import list_files
from rounds.datamart.loading import problems
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.sources import FhirSource
from rounds.datamart.sources.base import Held
from rounds.datamart.store.relations import person_tables
from rounds.datamart.store.visible import visible_rows, visible_stage
from rounds.datamart.vocabulary import attach_vocabulary

PLACES = ("care_site", "provider")
TABLES = (
    *(t for t in cdm_tables() if t in {*person_tables(), *PLACES, "location"}),
    "rounds_opt_out",
)


class Parts:
    """A folder of parts, filled by loads of FHIR and nothing else."""

    def __init__(self, folder, namespace="", vocabulary=None, plan=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.namespace = namespace
        self.vocabulary = vocabulary
        self.plan = plan
        self.paths = []
        self.places = None
        self.n_files = 0
        self.n_loads = 0

    @property
    def aliases(self):
        return tuple(f"part_{n}" for n in range(len(self.paths)))

    def load(self, *lines, name="all.ndjson"):
        """Load resources, or lines of text; give what the load says of them."""
        source = self.folder / f"in-{self.n_loads}"
        source.mkdir()
        texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
        (source / name).write_text("\n".join(texts) + "\n")
        return self.load_folder(source)

    def load_by_type(self, *lines):
        """Load resources from one file for each type, as a bulk export has them."""
        source = self.folder / f"in-{self.n_loads}"
        source.mkdir()
        for one in lines:
            with (source / f"{one['resourceType']}.ndjson").open("a") as stream:
                stream.write(json.dumps(one) + "\n")
        return self.load_folder(source)

    def load_folder(self, source):
        path = self.folder / f"part-{self.n_loads}.duckdb"
        self.n_loads += 1
        config = {"temp_directory": str(self.folder / "spill"), "threads": 1}
        with duckdb.connect(str(path), config=config) as connection:
            self.attach(connection)
            create_tables(connection)
            problems.prepare(connection)
            files = [
                replace(file, number=self.n_files + place)
                for place, file in enumerate(list_files(source))
            ]
            self.n_files += len(files)
            away = self.plan and Deidentifier(connection, self.plan, self.namespace)
            held = Held(self.aliases, self.namespace, away)
            loaded = FhirSource().fill(connection, files, lambda *_: None, held)
            if away:
                away.finish()
            told = Told(connection, loaded)
        if loaded.places:
            self.places = len(self.paths)
        self.paths.append(path)
        return told

    def attach(self, connection):
        attach_vocabulary(connection, self.vocabulary)
        for alias, path in zip(self.aliases, self.paths, strict=True):
            connection.execute(f"ATTACH '{path}' AS {alias} (READ_ONLY)")

    def open(self):
        """Open all parts at once, with a view of each table by its name."""
        connection = duckdb.connect(config={"threads": 1})
        self.attach(connection)
        for table in TABLES:
            connection.execute(f"CREATE VIEW {table} AS FROM {self.seen(table)}")
        return connection

    def seen(self, table):
        """Write the rows of a table that are seen."""
        if table in PLACES:
            return f"{self.aliases[self.places]}.{table}"
        if table == "location":
            return self.seen_locations()
        return visible_rows(table, self.aliases)

    def seen_locations(self):
        of_persons = visible_rows("location", self.aliases, key="location_id")
        known = " UNION ALL ".join(
            f"SELECT person_id FROM {alias}.person" for alias in self.aliases
        )
        return (
            f"(SELECT * FROM {of_persons} WHERE location_id IN ({known}) UNION ALL "
            f"SELECT * FROM {self.aliases[self.places]}.location "
            f"WHERE location_id NOT IN ({known}))"
        )

    def rows(self, table, columns="*", where="true"):
        with self.open() as connection:
            return connection.execute(
                f"SELECT {columns} FROM {table} WHERE {where} ORDER BY ALL"
            ).fetchall()

    def staged(self, resource, columns="id", where="NOT deleted"):
        with self.open() as connection:
            seen = visible_stage(f"stage_{resource}", self.aliases)
            return connection.execute(
                f"SELECT {columns} FROM {seen} WHERE {where} ORDER BY ALL"
            ).fetchall()

    def content(self):
        """Give the rows of every CDM table, each with how often it is there."""
        with self.open() as connection:
            return {
                table: Counter(connection.execute(f"FROM {table}").fetchall())
                for table in TABLES
            }


class Told:
    """What one load said: counts by type, reasons, remarks, persons touched."""

    def __init__(self, connection, loaded):
        self.loaded = loaded
        self.by_type = problems.type_counts(connection)
        counted = connection.execute(
            "SELECT resource_type, reason, set_aside, count(*) FROM problem GROUP BY ALL"
        ).fetchall()
        self.reasons = {(kind, why): n for kind, why, aside, n in counted if aside}
        self.remarks = {(kind, why): n for kind, why, aside, n in counted if not aside}
        self.touched = None
        tables = connection.execute("SHOW TABLES").fetchall()
        if ("touched",) in tables:
            found = connection.execute("SELECT count(*) FROM touched").fetchall()
            self.touched = found[0][0]
        for kind, n in self.by_type.items():
            assert n.read == n.mapped + n.set_aside, (kind, n)
        for table, n in loaded.rows.items():
            found = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
            assert found == [(n,)], table
