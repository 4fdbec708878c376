"""Why a database could not be read, without its own words, which may quote a value."""

from typing import Any

from rounds.nouns.errors import (
    AccessError,
    DataError,
    DefinitionError,
    RoundsError,
    SourceError,
)

__all__ = ["driver_missing", "no_person_table", "not_an_address", "translated"]

_REFUSED = ("28", "42501")
"""SQLSTATE: invalid authorization, and insufficient privilege.

https://www.postgresql.org/docs/15/errcodes-appendix.html
"""
_PASSWORD = ("password", "authentication", "no pg_hba.conf entry", "role")


def not_an_address(why: str) -> DefinitionError:
    """Refuse an address; it is not shown, since it may hold a password."""
    return DefinitionError(
        f"The database's address cannot be used: {why}.",
        code="postgres-address",
        why="An address is kept in the shell's history and in the list of processes, "
        "so it may hold no password.",
        remedies=(
            "Write postgresql://user@host/database?schema=cdm",
            "Put the password into ~/.pgpass (mode 0600), or into PGPASSWORD.",
        ),
    )


def driver_missing() -> SourceError:
    """Say that the driver is an extra."""
    return SourceError(
        "The driver for PostgreSQL is not installed.",
        code="postgres-driver",
        remedies=("Install it: pip install 'rounds[postgres]'",),
    )


def no_person_table(place: str) -> DataError:
    """Say that the schema holds no OMOP."""
    return DataError(
        f"There is no person table in {place}.",
        code="postgres-no-person",
        why="Without persons, nothing of a CDM can be loaded.",
        remedies=(
            "Name the schema that holds the CDM: …/database?schema=cdm",
            "Ask for USAGE on the schema and SELECT on its tables.",
        ),
    )


def translated(error: Any, place: str, *, connecting: bool) -> RoundsError:
    """Say what a driver's error means."""
    state, words = str(error.sqlstate or ""), str(error).lower()
    asked = connecting and any(sign in words for sign in _PASSWORD)
    if asked or state.startswith(_REFUSED):
        return AccessError(
            f"{place} refuses this user.",
            code="postgres-refused",
            remedies=(
                "Put the password into ~/.pgpass (mode 0600), or into PGPASSWORD.",
                "Ask for USAGE on the schema and SELECT on its tables.",
            ),
        )
    if connecting:
        return SourceError(
            f"{place} cannot be reached.",
            code="postgres-unreachable",
            remedies=(
                "Check the host, the port and the database's name.",
                "Try it: psql postgresql://user@host/database",
            ),
        )
    return SourceError(
        f"The reading of {place} broke off (SQLSTATE {state or 'unknown'}).",
        code="postgres-broke-off",
        why="Nothing of it was loaded.",
        remedies=("Load again.", "Ask who runs the database what its log says."),
    )
