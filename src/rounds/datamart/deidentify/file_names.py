"""Names of source files as they may be shown: a file may be named after a person."""

import re
from functools import cache
from pathlib import PurePosixPath
from typing import Final

from rounds.datamart.mapping import cdm_tables, mapping

__all__ = ["shown_name"]

_HARMLESS: Final = (
    "bundle|bundles|bulk|cdm|csv|data|deleted|export|fhir|file|folder|json|ndjson|omop|"
    "output|parquet|part|patients|practitioners|hospitals|hospitalInformation|"
    "practitionerInformation|source|tables|vocabulary"
)
_EXTENSIONS: Final = re.compile(
    r"[.](csv|db|duckdb|gz|json|jsonl|ndjson|parquet|tsv|txt|zip)", re.IGNORECASE
)


@cache
def _known() -> re.Pattern[str]:
    types = "|".join(row["resource"] for row in mapping("fhir_types"))
    words = f"{types}|{'|'.join(cdm_tables())}|{_HARMLESS}"
    return re.compile(
        f"({words})([-_.]?({_HARMLESS})){{0,3}}([-_.]?[0-9]{{1,4}})?", re.IGNORECASE
    )


def shown_name(number: int, name: str) -> str:
    """Give the name under which a source file is kept and shown.

    Names made of resource types, tables, a few usual words and at most one number of
    at most four digits stay as they are. Any other folder becomes `folder`, any other
    file `file-NUMBER`.

    Parameters
    ----------
    number : int
        The file's number.
    name : str
        Its path within the source, with forward slashes.

    Examples
    --------
    >>> shown_name(3, "export/Patient.000.ndjson.gz")
    'export/Patient.000.ndjson.gz'
    >>> shown_name(5, "Patient-123-45-6789.json")
    'file-5.json'
    >>> shown_name(4, "Ann_Example/Ann_Example_1950.json")
    'folder/file-4.json'
    """
    path = PurePosixPath(name)
    suffixes = [one for one in path.suffixes if _EXTENSIONS.fullmatch(one)][-2:]
    ending = "".join(suffixes)
    stem = path.name.removesuffix(ending)
    shown = stem if _known().fullmatch(stem) else f"file-{number}"
    folders = [one if _known().fullmatch(one) else "folder" for one in path.parts[:-1]]
    return "/".join([*folders, f"{shown}{ending}"])
