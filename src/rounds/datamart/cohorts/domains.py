"""Which table each criterion of Circe reads, and in which columns it seeks codes."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rounds.nouns.circe import parts

__all__ = ["Reads", "columns_read", "reads_of", "table_of"]


@dataclass(frozen=True, order=True)
class Reads:
    """A concept set looked up in one column of one table."""

    table: str
    column: str
    concept_set: int
    """Its id in the expression."""


@cache
def _rows() -> dict[str, tuple[dict[str, str], ...]]:
    written = (files(__package__) / "domains.csv").read_text("utf-8")
    found: dict[str, tuple[dict[str, str], ...]] = {}
    for row in csv.DictReader(written.splitlines()):
        found[row["class"]] = (*found.get(row["class"], ()), row)
    return found


def table_of(kind: str) -> str | None:
    """Give the table that a class of Circe reads; None of one that reads none."""
    rows = _rows().get(kind)
    return rows[0]["table"] if rows else None


def columns_read(kind: str, part: Mapping[str, Any]) -> tuple[Reads, ...]:
    """Give where one criterion looks its concept sets up.

    Parameters
    ----------
    kind : str
        The criterion's class.
    part : mapping
        The criterion.
    """
    return tuple(
        Reads(row["table"], row["column"], part[row["read_by"]])
        for row in _rows().get(kind, ())
        if row["column"] and part.get(row["read_by"]) is not None
    )


def reads_of(expression: Mapping[str, Any]) -> tuple[Reads, ...]:
    """Give where a whole expression looks its concept sets up, each once."""
    found = {
        one for kind, part in parts(expression) for one in columns_read(kind, part)
    }
    return tuple(sorted(found))
