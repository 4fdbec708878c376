"""Sources from files: YAML says all of one, RIS its citation alone."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import rispy
import yaml
from pydantic import ValidationError
from rispy.parser import ParseError

from rounds.nouns import DefinitionError, Source, SourceError

__all__ = ["load_sources", "refuse_duplicates"]

_APPRAISED = "pico, and effect and risk_of_bias where they are known"


def load_sources(path: Path) -> tuple[Source, ...]:
    """Read the sources of a YAML or a RIS file.

    A YAML file holds a list of Sources (or a mapping with the list under `sources`);
    `name` may be left out. A RIS file holds citations alone: what the reader must add
    (PICO, effect, risk of bias) stands beside it in a YAML file of the same name, under
    each record's `PMID:…` or `DOI:…`.

    Parameters
    ----------
    path : Path
        A `.yaml`, `.yml` or `.ris` file, UTF-8.

    Returns
    -------
    tuple of Source
        In the file's order.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DefinitionError
        If it is neither YAML nor RIS, an entry is not a Source (every problem of every
        entry is listed), has no identifier, or is there twice.

    References
    ----------
    .. [1] RIS as read by rispy, https://github.com/MrTango/rispy
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in {".yaml", ".yml"}:
        entries = _yaml_entries(path)
    elif suffix == ".ris":
        entries = _ris_entries(path)
    else:
        raise DefinitionError(
            f"{path} is neither YAML nor RIS.",
            code="unknown-source-format",
            remedies=("Give a file that ends in .yaml, .yml or .ris.",),
        )
    sources = _built(path, entries)
    refuse_duplicates(sources)
    return sources


def refuse_duplicates(sources: Sequence[Source]) -> None:
    """Refuse the same paper twice, by PMID, DOI, turn or name.

    Raises
    ------
    DefinitionError
        If two sources share an identifier.
    """
    seen: dict[str, str] = {}
    for source in sources:
        for identifier in (*source.identifiers, f"name {source.name}"):
            if identifier in seen:
                raise DefinitionError(
                    f"{identifier} is given twice: as {seen[identifier]!r} and as "
                    f"{source.title!r}.",
                    code="duplicate-source",
                    why="A paper that is pooled twice counts for more than it found.",
                    remedies=("Keep one of the two entries.",),
                )
            seen[identifier] = source.title


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        what = f"{path} does not exist."
    except (OSError, UnicodeDecodeError) as error:
        what = f"{path} cannot be read as UTF-8 text ({type(error).__name__})."
    raise SourceError(
        what,
        code="sources-unreadable",
        remedies=("Check the path that turn.yaml names, and the file's permissions.",),
    )


def _yaml_entries(path: Path) -> list[dict[str, Any]]:
    try:
        plain = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise DefinitionError(
            f"{path} is not YAML: {error}",
            code="sources-not-yaml",
            remedies=("Check the indentation near the line that is named.",),
        ) from None
    entries = plain.get("sources") if isinstance(plain, dict) else plain
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise DefinitionError(
            f"{path} does not hold a list of sources.",
            code="sources-not-a-list",
            remedies=("Write `sources:` and each source below it after a dash.",),
        )
    return [dict(entry) for entry in entries]


def _ris_entries(path: Path) -> list[dict[str, Any]]:
    text = _text(path)
    try:
        records = rispy.loads(text)
    except (ParseError, ValueError, OSError) as error:
        raise DefinitionError(
            f"{path} is not RIS: {error}",
            code="sources-not-ris",
            remedies=("Export it again as RIS; each record runs from TY to ER.",),
        ) from None
    begun = len(re.findall(r"^TY  -", text, re.MULTILINE))
    if not records or len(records) != begun:
        raise DefinitionError(
            f"{path} has {begun} line(s) that begin a record (TY) and {len(records)} "
            "whole record(s).",
            code="sources-not-ris",
            why="A record cut short would be lost without a word.",
            remedies=("Export it again as RIS; each record runs from TY to ER.",),
        )
    appraisals = _appraisals(path)
    return [_ris_entry(path, record, appraisals) for record in records]


def _appraisals(path: Path) -> dict[str, dict[str, Any]]:
    beside = path.with_suffix(".yaml")
    if not beside.exists():
        return {}
    plain = yaml.safe_load(_text(beside)) or {}
    if not isinstance(plain, dict):
        return {}
    return {_normal(str(key)): value for key, value in plain.items()}


def _normal(identifier: str) -> str:
    kind, _, rest = identifier.partition(":")
    return f"{kind.upper()}:{rest.strip().lower()}"


def _ris_entry(
    path: Path, record: dict[str, Any], appraisals: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    title = str(record.get("title") or record.get("primary_title") or "").strip()
    pmid, doi = _pmid(record), _doi(record)
    entry: dict[str, Any] = {
        "title": title,
        "authors": "; ".join(record.get("authors") or record.get("first_authors", [])),
        "journal": record.get("journal_name")
        or record.get("secondary_title")
        or record.get("alternate_title3")
        or "",
        "published": _year(record),
        "pmid": pmid,
        "doi": doi,
        "retracted": title.upper().startswith("RETRACTED"),
    }
    keys = [f"PMID:{pmid}"] if pmid else []
    keys += [f"DOI:{doi.lower()}"] if doi else []
    added = next((appraisals[key] for key in keys if key in appraisals), None)
    if keys and added is None:
        raise DefinitionError(
            f"{path}: {title!r} has a citation and no appraisal.",
            code="source-not-appraised",
            why="RIS says who wrote what and where, not what was asked and found.",
            remedies=(
                (
                    f"Write {path.with_suffix('.yaml').name} beside it, with "
                    f"{keys[0]!r} as a key and below it {_APPRAISED}."
                ),
            ),
        )
    return entry | (added or {})


def _pmid(record: dict[str, Any]) -> str | None:
    for key in ("accession_number", "id", "pubmed_id"):
        value = str(record.get(key) or "").strip()
        match = re.fullmatch(r"(?:PMID:?\s*)?(\d{1,9})", value, re.IGNORECASE)
        if match:
            return match.group(1)
    for address in record.get("urls") or []:
        match = re.search(r"pubmed\.ncbi\.nlm\.nih\.gov/(\d+)", str(address))
        if match:
            return match.group(1)
    return None


def _doi(record: dict[str, Any]) -> str | None:
    value = str(record.get("doi") or "").strip()
    match = re.search(r"10\.\d{4,9}/\S+", value)
    return match.group(0) if match else None


def _year(record: dict[str, Any]) -> int | None:
    match = re.match(r"\d{4}", str(record.get("year") or record.get("date") or ""))
    return int(match.group(0)) if match else None


def _name(entry: dict[str, Any]) -> str:
    for kind in ("pmid", "doi", "turn"):
        if entry.get(kind):
            text = re.sub(r"[^a-z0-9.]+", "-", str(entry[kind]).lower()).strip("-.")
            return f"{kind}-{text}"
    return "unidentified"


def _built(path: Path, entries: Iterable[dict[str, Any]]) -> tuple[Source, ...]:
    sources, problems = [], []
    for number, entry in enumerate(entries, start=1):
        entry.setdefault("name", _name(entry))
        for key in ("pmid", "doi"):
            if entry.get(key) is not None:
                entry[key] = str(entry[key])
        try:
            sources.append(Source.model_validate_json(json.dumps(entry, default=str)))
        except ValidationError as error:
            label = entry.get("title") or f"entry {number}"
            for item in error.errors(include_url=False, include_input=False):
                where = ".".join(str(step) for step in item["loc"]) or "Source"
                problems.append(f" - {label!r}, {where}: {item['msg']}")
    if problems:
        raise DefinitionError(
            f"{path} has {len(problems)} problem(s):\n" + "\n".join(problems),
            code="invalid-source",
            remedies=(
                "Correct each field that is named; GLOSSARY.md explains Source.",
            ),
        )
    return tuple(sources)
