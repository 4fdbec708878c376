"""Under which names the persons of a list stand in a de-identified datamart.

Who opts out is named as the record names them. A de-identified datamart holds their
pseudonyms alone, which only the key and the private codes beside it lead to.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

from rounds.datamart.deidentify.calendar import calendar_of
from rounds.datamart.deidentify.plan import existing_key
from rounds.datamart.fhir.paths import text
from rounds.nouns.errors import AccessError, DataError

__all__ = ["known_as"]

_MAIN: Final = "main"
_PREFIX: Final = {"fhir": "Patient/"}
_ELSE: Final = "person_source_value/"


def known_as(datamart: Any, persons: frozenset[str]) -> frozenset[str]:
    """Give the `person_source_value` under which persons stand in a datamart.

    Parameters
    ----------
    datamart : Datamart
        Open. Its key and codes are those beside it, where `plan_from` puts them, or
        where its `secrets` says.
    persons : frozenset of str
        As the data's source names them; of a source with a name, with that before:
        `north:123`. What is a pseudonym already stands for itself.

    Returns
    -------
    frozenset of str
        The names given, and where the datamart is de-identified the pseudonyms of those
        who are in it.

    Raises
    ------
    AccessError
        If others may read the key.
    DataError
        If the key or the codes are not there or cannot be read: then nobody's wish may
        be passed over in silence.
    """
    if not persons or calendar_of(datamart) == "day":
        return persons
    secrets: Path = datamart.secrets
    try:
        key = existing_key(secrets / "deidentify.key")
        texts = dict(_texts(datamart.sources, persons))
        if calendar_of(datamart) == "shifted":
            found = {text: _hmac(key, text) for text in texts}
        else:
            found = _digests(datamart, secrets, key, texts)
    except (duckdb.Error, OSError, DataError) as error:
        if isinstance(error, AccessError):
            raise
        raise _unmatched(type(error).__name__) from None
    return persons | {
        before + found[one][:32] for one, before in texts.items() if one in found
    }


def _texts(
    sources: Iterable[Any], persons: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Give what each person's digest is of, and what stands before the pseudonym."""
    for source in sources:
        kind = _PREFIX.get(source.shape, _ELSE)
        before = "" if source.name == _MAIN else f"{source.name}:"
        salt = "" if source.name == _MAIN else f"{source.name}|"
        for person in persons:
            if person.startswith(before):
                yield f"{salt}{kind}{person.removeprefix(before)}", before


def _hmac(key: bytes, given: str) -> str:
    return hmac.new(key, given.encode(), hashlib.sha256).hexdigest()


def _digests(
    datamart: Any, secrets: Path, key: bytes, texts: Iterable[str]
) -> dict[str, str]:
    """Look up the random codes of texts; whoever was never loaded has none."""
    sought = {_hmac(key, one)[:32]: one for one in texts}
    kept = text(str(secrets / "deidentify-codes" / "*.parquet"))
    with datamart._connection.cursor() as cursor:  # noqa: SLF001 - of this room
        rows = cursor.execute(
            "SELECT replace(CAST(lookup AS VARCHAR), '-', ''), digest FROM "
            f"read_parquet({kept}) WHERE lookup IN (SELECT CAST(unnest($1) AS UUID))",
            [list(sought)],
        ).fetchall()
    return {sought[lookup]: digest for lookup, digest in rows}


def _unmatched(kind: str) -> DataError:
    return DataError(
        f"It cannot be told who of the datamart has opted out ({kind}).",
        code="opt-outs-unmatched",
        why="The datamart holds pseudonyms, and only private/deidentify.key and "
        "private/deidentify-codes lead from a patient's id to one.",
        remedies=(
            "Bring both back from a copy, to where the datamart is.",
            "Without one, load into a new datamart.",
        ),
    )
