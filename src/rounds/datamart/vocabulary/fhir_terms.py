"""FHIR R4 terminology: ValueSet and ConceptMap resources, found and read.

These are definitions, not rows: they are nested and point at each other, so they are
read one by one. Other resource types beside them are counted, and left.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from rounds.datamart.vocabulary.faults import broken

__all__ = ["Resource", "Terms", "canonical", "find_terms", "written"]

Resource: TypeAlias = dict[str, Any]

_ENDINGS: Final = (".json", ".ndjson", ".json.gz", ".ndjson.gz")
_KINDS: Final = ("ValueSet", "ConceptMap")


@dataclass(frozen=True)
class Terms:
    """What the FHIR files of a folder hold."""

    value_sets: tuple[Resource, ...]
    concept_maps: tuple[Resource, ...]
    others: int
    """Resources of other types."""

    def named(self) -> dict[tuple[str, str], Resource]:
        """Give each resource by its kind and canonical name."""
        every = (*self.value_sets, *self.concept_maps)
        return {(one["resourceType"], canonical(one)): one for one in every}

    @classmethod
    def of(cls, resources: Iterable[Resource], others: int = 0) -> "Terms":
        """Sort resources by kind and name."""
        ordered = sorted(resources, key=canonical)
        return cls(
            tuple(one for one in ordered if one["resourceType"] == "ValueSet"),
            tuple(one for one in ordered if one["resourceType"] == "ConceptMap"),
            others,
        )


def canonical(resource: Resource) -> str:
    """Give a resource's canonical name, `url|version`; no version, no bar."""
    version = resource.get("version")
    url: str = resource["url"]
    return f"{url}|{version}" if version else url


def find_terms(files: Sequence[Path]) -> Terms:
    """Read every ValueSet and ConceptMap of the JSON, NDJSON and Bundle files.

    Raises
    ------
    DataError
        If a file is not JSON, a resource has no url, or two differ under one name.
    """
    found: dict[tuple[str, str], Resource] = {}
    others = 0
    for path in files:
        if not path.name.lower().endswith(_ENDINGS) or path.name.startswith("."):
            continue
        for place, resource in _resources(path):
            kind = resource.get("resourceType")
            if kind not in _KINDS:
                others += 1
                continue
            _check(path.name, place, resource)
            key = (kind, canonical(resource))
            if written(found.setdefault(key, resource)) != written(resource):
                raise broken(
                    path.name,
                    place,
                    f"another {kind} is called {key[1]} too, and says other things",
                    "Leave one of the two in the folder.",
                    "Give the newer one another version.",
                )
    return Terms.of(found.values(), others)


def _check(name: str, place: int, resource: Resource) -> None:
    kind = resource["resourceType"]
    if not isinstance(resource.get("url"), str) or not resource["url"]:
        raise broken(
            name,
            place,
            f"this {kind} has no url, by which measures could name it",
            f"Give the {kind} a url.",
        )


def _resources(path: Path) -> Iterator[tuple[int, Resource]]:
    """Give each resource with its line, or its entry in a Bundle.

    A line that names neither type is no more than counted: the file may be large.
    """
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as stream:
            if ".ndjson" not in path.name.lower():
                yield from _unbundled(_parsed(path.name, 1, stream.read()))
                return
            for line, one in enumerate(stream, start=1):
                if any(f'"{kind}"' in one for kind in (*_KINDS, "Bundle")):
                    for _, resource in _unbundled(_parsed(path.name, line, one)):
                        yield line, resource
                elif one.strip():
                    yield line, {}
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile):
        said = "it is not UTF-8, or its end is cut"
        raise broken(path.name, None, said, "Export the file again.") from None


def _parsed(name: str, line: int, source: str) -> Resource:
    try:
        value = json.loads(source)
    except json.JSONDecodeError as error:
        place = line + error.lineno - 1
        raise broken(
            name, place, "this is not JSON", "Export the file again."
        ) from None
    if not isinstance(value, dict):
        raise broken(
            name, line, "this is not a FHIR resource", "Export the file again."
        )
    return value


def _unbundled(resource: Resource) -> Iterator[tuple[int, Resource]]:
    if resource.get("resourceType") != "Bundle":
        yield 1, resource
        return
    for place, entry in enumerate(resource.get("entry") or (), start=1):
        inner = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(inner, dict):
            yield place, inner


def written(resource: Resource) -> str:
    """Write a resource's content: without its text and what a server adds to it."""
    kept = {k: v for k, v in resource.items() if k not in {"meta", "text", "id"}}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)
