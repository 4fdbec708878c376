"""The private store of random codes: which text has which, by the text's HMAC.

A folder of Parquet files that are never changed. The codes that a load has made are
written beside their place and renamed, before what bears them is put in force: a kill
leaves codes that nobody bears, and the same load again gives the same codes.
"""

import os
from pathlib import Path
from typing import Final

import duckdb

from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.deidentify.pseudonyms import hmac_sql
from rounds.datamart.fhir.paths import text
from rounds.nouns.errors import DataError

__all__ = ["RandomCodes"]

_TABLE: Final = "rounds_deidentify_code"
_NEW: Final = "rounds_deidentify_new"
_SECRET: Final = "rounds_deidentify_secret"  # noqa: S105 - a variable's name


class RandomCodes:
    """The random codes of one load, over one connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, plan: DeidentifyPlan
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._read()

    def _read(self) -> None:
        folder = self._plan.codes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shape = "lookup UUID, digest VARCHAR"
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_TABLE} ({shape});"
            f"CREATE OR REPLACE TEMP TABLE {_NEW} ({shape})"
        )
        if not any(folder.glob("*.parquet")):
            return
        kept = text(str(folder / "*.parquet"))
        try:
            self._connection.execute(
                f"INSERT INTO {_TABLE} SELECT lookup, digest FROM read_parquet({kept})"
            )
        except duckdb.Error as error:
            raise DataError(
                f"private/{folder.name} cannot be read ({type(error).__name__}).",
                code="deidentify-codes-unusable",
                why="Without it, everybody would get a second code.",
                remedies=(
                    "Bring the folder back from a copy.",
                    "Without one, remove it and load into a new datamart.",
                ),
            ) from None

    def look_up(self, given: str, into: str) -> None:
        """Make `into` (given, digest): the code of each text, a new one if need be.

        Parameters
        ----------
        given : str
            A SELECT of distinct texts in a column `given`; none is NULL.
        into : str
            The name of a temporary table.
        """
        lookup = f"CAST(left({hmac_sql('given')}, 32) AS UUID)"
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {into}_sought AS "
            f"SELECT given, {lookup} AS lookup FROM ({given})"
        )
        # The random secret of this batch is used for it alone and kept nowhere: each
        # number of a row becomes a digest that only the store can lead back from.
        self._connection.execute(
            f"SET VARIABLE {_SECRET} = ?::BLOB", [self._plan.random_bytes(32)]
        )
        made = f"sha256(getvariable('{_SECRET}') || encode(CAST(n AS VARCHAR)))"
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {into}_made AS SELECT lookup, {made} AS "
            f"digest FROM (SELECT lookup, row_number() OVER () AS n FROM {into}_sought "
            f"ANTI JOIN {_TABLE} USING (lookup))"
        )
        self._connection.execute(f"RESET VARIABLE {_SECRET}")
        for table in (_TABLE, _NEW):
            self._connection.execute(f"INSERT INTO {table} FROM {into}_made")
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT given, digest "
            f"FROM {into}_sought JOIN {_TABLE} USING (lookup);"
            f"DROP TABLE {into}_sought; DROP TABLE {into}_made"
        )

    def keep(self) -> int:
        """Write the codes that are new to the store, for good; say how many."""
        ((n,),) = self._connection.execute(f"SELECT count(*) FROM {_NEW}").fetchall()
        if not n:
            return 0
        folder = self._plan.codes
        name = self._plan.random_bytes(8).hex()
        made, place = folder / f".{name}.making", folder / f"{name}.parquet"
        try:
            os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            self._connection.execute(
                f"COPY (SELECT lookup, digest FROM {_NEW} ORDER BY lookup) "
                f"TO {text(str(made))} (FORMAT parquet)"
            )
            made.chmod(0o600)
            _sync(made)
            made.replace(place)
            _sync(folder)
        finally:
            made.unlink(missing_ok=True)
        self._connection.execute(f"DELETE FROM {_NEW}")
        return int(n)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
