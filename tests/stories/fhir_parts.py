"""Loads of FHIR one after another into one datamart."""

import json
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from rounds.datamart import Datamart, Store, load
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.store.visible import visible_stage
from rounds.datamart.vocabulary import table_names

TABLES = tuple(t for t in cdm_tables() if t not in {*table_names(), "cdm_source"})


class Parts:
    """A datamart filled by loads of FHIR and nothing else."""

    def __init__(self, folder, namespace=""):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.mart = self.folder / "mart"
        self.name = namespace or "main"
        self.n_loads = 0

    @property
    def aliases(self):
        (source,) = Store(self.mart).current().sources
        return tuple(part.alias for part in source.parts)

    def load(self, *lines, name="all.ndjson"):
        """Load resources, or lines of text; give what the load says of them."""
        source = self._new_source()
        texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
        (source / name).write_text("\n".join(texts) + "\n")
        return self.load_folder(source)

    def load_by_type(self, *lines):
        """Load resources from one file for each type, as a bulk export has them."""
        source = self._new_source()
        for one in lines:
            with (source / f"{one['resourceType']}.ndjson").open("a") as stream:
                stream.write(json.dumps(one) + "\n")
        return self.load_folder(source)

    def _new_source(self):
        source = self.folder / f"in-{self.n_loads}"
        source.mkdir()
        self.n_loads += 1
        return source

    def load_folder(self, source):
        return Told(self, load(source, self.mart, name=self.name, threads=1))

    @contextmanager
    def open(self):
        """Open the datamart, and give its connection."""
        with Datamart.open(self.mart, threads=1) as mart:
            yield mart._connection

    def rows(self, table, columns="*", where="true"):
        with self.open() as connection:
            return connection.execute(
                f"SELECT {columns} FROM {table} WHERE {where} ORDER BY ALL"
            ).fetchall()

    def staged(self, resource, columns="id", where="NOT deleted"):
        seen = visible_stage(f"stage_{resource}", self.aliases)
        return self.rows(seen, columns, where)

    def content(self):
        """Give the rows of every CDM table, each with how often it is there."""
        with self.open() as connection:
            return {
                table: Counter(connection.execute(f"FROM {table}").fetchall())
                for table in TABLES
            }


class Told:
    """What one load said: counts by type, reasons, remarks, persons touched."""

    def __init__(self, parts, report):
        self.by_type = report.by_type
        self.reasons = {(one.type, one.reason): one.n for one in report.reasons}
        self.remarks = {(one.type, one.reason): one.n for one in report.remarks}
        snapshot = Store(parts.mart).current()
        (source,) = snapshot.sources
        self.places = source.parts[-1].places
        touched = Store(parts.mart).touched_path(snapshot.number)
        self.touched = pq.read_metadata(touched).num_rows if touched.exists() else None
        if report.unchanged:
            self.touched = 0
        for kind, n in self.by_type.items():
            assert n.read == n.mapped + n.set_aside, (kind, n)
