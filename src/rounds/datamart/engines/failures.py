"""Why an engine does not answer, without its own words, which may quote a value."""

import difflib
from collections.abc import Iterable

from rounds.nouns.errors import (
    AccessError,
    DataError,
    DefinitionError,
    SourceError,
)

__all__ = [
    "bad_setting",
    "broke_off",
    "down",
    "driver_missing",
    "lacks_column",
    "lacks_table",
    "not_yet",
    "password_refused",
    "refused",
    "unknown",
]

_SECTION = "[datamart] of rounds.toml"


def unknown(name: str, known: Iterable[str]) -> DefinitionError:
    """Refuse a name that is no engine's, and say the nearest that is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    guess = (f'Did you mean engine = "{near[0]}"?',) if near else ()
    return DefinitionError(
        f"There is no engine named {name!r}.",
        code="engine-unknown",
        remedies=(*guess, f"Use one of: {', '.join(names)}."),
    )


def not_yet(name: str, reason: str) -> DefinitionError:
    """Refuse an engine whose SQL is written, and which is not run."""
    return DefinitionError(
        f"Rounds writes SQL for {name}, and does not run it yet: {reason}",
        code="engine-not-yet",
        remedies=(
            f"Run it yourself: rounds measure show NAME --sql --dialect {name}",
            "Use one of the engines that are run: duckdb, postgresql, spark.",
        ),
    )


def bad_setting(why: str, *remedies: str) -> DefinitionError:
    """Refuse settings; an address is not shown, since it may hold a password."""
    return DefinitionError(
        f"The section {_SECTION} cannot be used: {why}.",
        code="engine-settings",
        remedies=remedies,
    )


def driver_missing(name: str, extra: str, needs: str = "") -> SourceError:
    """Say that what speaks to an engine is not installed."""
    return SourceError(
        f"What speaks to {name} is not installed{needs}.",
        code="engine-driver",
        remedies=(f"Install it: pip install 'rounds[{extra}]'",)
        + (("Install Java 17 or later, and set JAVA_HOME.",) if needs else ()),
    )


def down(place: str, *remedies: str) -> SourceError:
    """Say that nothing answers."""
    return SourceError(
        f"The engine at {place} does not answer.",
        code="engine-down",
        remedies=remedies
        or (
            f"Check host, port and database in {_SECTION}.",
            "Ask who runs the database whether it is up.",
        ),
    )


def password_refused(place: str, *remedies: str) -> AccessError:
    """Say that the engine does not know this user, or not by this password."""
    return AccessError(
        f"The engine at {place} refuses this user or the password.",
        code="engine-password",
        remedies=remedies
        or (
            "Put the password into ~/.pgpass (mode 0600), or into PGPASSWORD.",
            f"Check the user's name in the address in {_SECTION}.",
        ),
    )


def refused(place: str) -> AccessError:
    """Say that this user may not read a table."""
    return AccessError(
        f"The engine at {place} does not let this user read the CDM's tables.",
        code="engine-refused",
        remedies=("Ask for USAGE on the schema and SELECT on its tables.",),
    )


def lacks_table(place: str, tables: Iterable[str]) -> DataError:
    """Say which tables of the CDM there are none of."""
    named = ", ".join(sorted(tables))
    return DataError(
        f"{place} has no table {named}.",
        code="engine-lacks-table",
        why="A measure counts nobody rightly where a table that it reads is missing.",
        remedies=(
            f"Name the schema that holds the CDM in {_SECTION}.",
            "Ask for USAGE on the schema and SELECT on the table.",
            "Make the table, if the CDM has it nowhere; OMOP asks for it, even empty.",
        ),
    )


def lacks_column(place: str, table: str, columns: Iterable[str]) -> DataError:
    """Say which columns a table lacks that OMOP asks of it."""
    return DataError(
        f"The table {table} of {place} has no column {', '.join(sorted(columns))}.",
        code="engine-lacks-column",
        why="It is one that every version of the CDM has, so this is another table.",
        remedies=(
            f"Name the schema that holds the CDM in {_SECTION}.",
            "Compare the table with OMOP CDM 5.3 or 5.4.",
        ),
    )


def broke_off(place: str, kind: str) -> SourceError:
    """Say that an answer broke off; the engine's own words are not shown."""
    return SourceError(
        f"The engine at {place} broke off ({kind}).",
        code="engine-broke-off",
        why="Its own words are not shown, since they may quote a value from a row.",
        remedies=("Run it again.", "Ask who runs the database what its log says."),
    )
