"""The mapping, written as tables that a person can read, and read here."""

import csv
import hashlib
from functools import cache
from importlib.resources import files
from typing import TypeAlias

__all__ = ["Row", "cdm_columns", "cdm_tables", "mapping", "mapping_version"]

Row: TypeAlias = dict[str, str]

_CODE_VERSION = "2"  # raised when the SQL made from unchanged tables gives other rows


def _read(text: str) -> tuple[Row, ...]:
    return tuple(csv.DictReader(text.splitlines()))


@cache
def mapping(name: str) -> tuple[Row, ...]:
    """Give the rows of `mappings/<name>.csv`, in the order they are written."""
    return _read((files(__package__) / "mappings" / f"{name}.csv").read_text("utf-8"))


@cache
def _cdm() -> tuple[Row, ...]:
    return _read((files(__package__) / "cdm_5_4.csv").read_text("utf-8"))


@cache
def cdm_tables() -> tuple[str, ...]:
    """Give the names of the OMOP CDM 5.4 tables that the datamart holds."""
    return tuple(dict.fromkeys(row["table"] for row in _cdm()))


@cache
def cdm_columns(table: str) -> tuple[Row, ...]:
    """Give the columns of one table: column, type, required, primary_key."""
    return tuple(row for row in _cdm() if row["table"] == table)


@cache
def mapping_version() -> str:
    """Give a short hash of every mapping table and view: another mapping, other ids.

    Which code systems are known, and which units, is part of it.
    """
    digest = hashlib.sha256(_CODE_VERSION.encode())
    folder = files(__package__) / "mappings"
    tables = [*folder.iterdir(), *(folder / "views").iterdir()]
    for table in sorted(tables, key=lambda each: each.name):
        if table.name.endswith((".csv", ".json")):
            digest.update(table.read_bytes())
    digest.update((files(__package__) / "cdm_5_4.csv").read_bytes())
    for name in ("code_systems", "ucum_atoms"):
        digest.update((files("rounds.definitions") / f"{name}.csv").read_bytes())
    return digest.hexdigest()[:16]
