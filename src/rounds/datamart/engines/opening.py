"""Open the CDM that `[datamart]` of a project's `rounds.toml` names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rounds.datamart.engines import failures
from rounds.datamart.engines.cdm import CdmDatabase
from rounds.datamart.engines.remote import RemoteEngine
from rounds.datamart.engines.support import support_of

__all__ = ["is_elsewhere", "open_cdm"]

_KEYS: Final = frozenset({"engine", "cdm", "schema", "folder", "spark"})


def is_elsewhere(settings: Mapping[str, Any]) -> bool:
    """Tell whether settings name a CDM that is not the project's own datamart."""
    return settings.get("engine", "duckdb") != "duckdb" or "cdm" in settings


def open_cdm(settings: Mapping[str, Any], root: Path) -> CdmDatabase:
    """Open a CDM that is already there.

    Parameters
    ----------
    settings : mapping
        `engine`: its name. `cdm`: where it is: `postgresql://user@host/db?schema=cdm`,
        `sc://host:15002` or a master of Spark, or the path of a DuckDB file. `schema`,
        or `folder` of parquet files: which tables; PostgreSQL has it in the address.
        `spark`: settings of Spark's own, for a session that is made here.
    root : Path
        The project's folder, from which a path is told.

    Raises
    ------
    DefinitionError
        If the settings cannot be used, or the engine is not run yet.
    AccessError
        If the engine refuses the user.
    SourceError
        If it does not answer, or what speaks to it is not installed.
    DataError
        If it holds no person table.
    """
    engine = _engine(settings, root)
    if not engine.holds("person"):
        engine.close()
        raise failures.lacks_table(engine.place, ["person"])
    return CdmDatabase(engine, engine.place)


def _engine(settings: Mapping[str, Any], root: Path) -> RemoteEngine:
    texts = {name: settings[name] for name in _KEYS - {"spark"} if name in settings}
    if unknown := sorted(settings.keys() - _KEYS):
        raise failures.bad_setting(
            f"{unknown[0]} is no setting of it",
            f"Use: {', '.join(sorted(_KEYS))}.",
            "Put a password into PGPASSWORD or ~/.pgpass, a token into "
            "SPARK_CONNECT_AUTHENTICATE_TOKEN.",
        )
    for name, value in texts.items():
        if not isinstance(value, str) or not value:
            raise failures.bad_setting(
                f"{name} is no text", f'Write {name} = "…", in quotes.'
            )
    chosen = support_of(texts.get("engine", "duckdb"))
    if chosen.runs == "notyet":
        raise failures.not_yet(chosen.name, chosen.told)
    if "cdm" not in texts:
        raise failures.bad_setting(
            "it does not say where the CDM is",
            'PostgreSQL: cdm = "postgresql://user@host/database?schema=cdm"',
            'Spark: cdm = "sc://host:15002" or "local[2]", and schema = "cdm"',
        )
    return _opened(chosen.name, texts, settings.get("spark", {}), root)


def _opened(
    name: str, texts: Mapping[str, str], spark: Mapping[str, Any], root: Path
) -> RemoteEngine:
    # Each driver is an extra, or slow to import: one is loaded when it is asked for.
    if name == "postgresql":
        from rounds.datamart.engines.postgres import PostgresEngine  # noqa: PLC0415

        if "schema" in texts or "folder" in texts:
            raise failures.bad_setting(
                "PostgreSQL's schema stands in the address",
                'Write cdm = "postgresql://user@host/database?schema=cdm"',
            )
        return PostgresEngine(texts["cdm"])
    if name == "spark":
        from rounds.datamart.engines.spark import SparkEngine  # noqa: PLC0415

        return SparkEngine(
            texts["cdm"],
            schema=texts.get("schema"),
            folder=texts.get("folder"),
            settings={key: str(value) for key, value in spark.items()},
        )
    from rounds.datamart.engines.duckdb import DuckDbEngine  # noqa: PLC0415

    return DuckDbEngine(root / texts["cdm"], schema=texts.get("schema", "main"))
