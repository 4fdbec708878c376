"""A site's FHIR ValueSet files in the place of the short lists that are shipped.

Many published value sets may not be shipped. A concept set names those that it
`stands_for`; a site that may use them puts them into `definitions/value_sets/`, as
downloaded (a ValueSet or a Bundle of them, JSON), and its measures have all the codes.

References
----------
HL7 FHIR R4, ValueSet, 4.8.6 and 4.8.8. https://hl7.org/fhir/R4/valueset.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from pydantic import ValidationError

from rounds.nouns import Code, ConceptSet, DefinitionError

__all__ = ["ValueSet", "contained", "is_paged", "read_value_sets", "with_value_sets"]

_Resource = dict[str, Any]


class ValueSet(NamedTuple):
    """The codes of one value set, and where they were read."""

    url: str
    version: str
    file: str
    codes: tuple[Code, ...]


def read_value_sets(files: Iterable[Traversable]) -> dict[str, ValueSet]:
    """Read the value sets of some files.

    Parameters
    ----------
    files : iterable of Traversable
        JSON files, each a ValueSet or a Bundle. A value set's codes are those of its
        expansion or those that its definition lists one by one.

    Returns
    -------
    dict of str to ValueSet
        By url.

    Raises
    ------
    DefinitionError
        If a file cannot be read, holds no value set, or holds one whose codes are not
        listed; or if two value sets have one url.
    """
    found: dict[str, ValueSet] = {}
    for file in files:
        for resource in _resources(file):
            url = str(resource.get("url") or "")
            version = str(resource.get("version") or "")
            one = ValueSet(url, version, file.name, _codes(file.name, resource))
            if url in found:
                raise _unreadable(
                    file.name,
                    f"{found[url].file} holds the value set {url} too",
                    "Keep one version of each value set in the folder.",
                )
            found[url] = one
    return found


def with_value_sets(
    concept_sets: Mapping[str, ConceptSet], given: Mapping[str, ValueSet]
) -> dict[str, ConceptSet]:
    """Give the concept sets that take their codes from value sets, with those codes.

    Parameters
    ----------
    concept_sets : mapping of str to ConceptSet
        By name.
    given : mapping of str to ValueSet
        By url.

    Returns
    -------
    dict of str to ConceptSet
        By name; those that stand for none of the value sets are not in it.

    Raises
    ------
    DefinitionError
        If a concept set stands for several value sets and only some are given, or if no
        concept set stands for any value set of a file.
    """
    filled = {
        name: _filled(one, given)
        for name, one in concept_sets.items()
        if any(url in given for url in one.stands_for)
    }
    wanted = {url for one in filled.values() for url in one.stands_for}
    used = {given[url].file for url in wanted & set(given)}
    for value_set in given.values():
        if value_set.file not in used:
            raise DefinitionError(
                f"{value_set.file} is of no use: no concept set stands for "
                f"{value_set.url}.",
                code="value-set-unused",
                why="A measure would go on with the short list that is shipped.",
                remedies=(
                    "Write the url under stands_for of a concept set of your own.",
                    "Take the file out of definitions/value_sets.",
                ),
            )
    return filled


def _filled(one: ConceptSet, given: Mapping[str, ValueSet]) -> ConceptSet:
    absent = [url for url in one.stands_for if url not in given]
    if absent:
        raise DefinitionError(
            f"The concept set {one.name!r} stands for {len(one.stands_for)} value "
            f"sets, and definitions/value_sets has not: {', '.join(absent)}.",
            code="value-sets-incomplete",
            why="With some of them alone it would find less than its name says.",
            remedies=("Add the missing files, or take the others out.",),
        )
    named = [given[url] for url in one.stands_for]
    listed = ", ".join(f"{v.url}|{v.version}" if v.version else v.url for v in named)
    return one.model_copy(
        update={
            "include": tuple(dict.fromkeys(code for v in named for code in v.codes)),
            "exclude": (),
            "descendants": False,
            "note": f"From {', '.join(v.file for v in named)} of this site: {listed}.",
        }
    )


def _resources(file: Traversable) -> Iterator[_Resource]:
    try:
        plain = json.loads(file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        raise _unreadable(
            file.name, "it is not UTF-8 text", "Download it again, as JSON."
        ) from None
    except json.JSONDecodeError as error:
        raise _unreadable(
            file.name,
            f"it is not JSON (line {error.lineno})",
            "Download it again, as JSON.",
        ) from None
    every = [plain]
    if isinstance(plain, dict) and plain.get("resourceType") == "Bundle":
        every = [entry.get("resource") for entry in plain.get("entry") or ()]
    value_sets = [
        one
        for one in every
        if isinstance(one, dict) and one.get("resourceType") == "ValueSet"
    ]
    if not value_sets or not all(one.get("url") for one in value_sets):
        raise _unreadable(
            file.name,
            "it is no FHIR ValueSet with a url, nor a Bundle of them",
            "Put FHIR ValueSet resources here, and measures into measures/.",
        )
    yield from value_sets


def _codes(file: str, resource: _Resource) -> tuple[Code, ...]:
    try:
        listed = _whole(resource)
    except (AttributeError, KeyError, TypeError, ValidationError):
        raise _unreadable(
            file,
            f"a code of {resource['url']} has no system or no code",
            "Download it again, as FHIR R4 JSON.",
        ) from None
    if not listed:
        raise DefinitionError(
            f"The codes of {resource['url']} are not all listed in {file}.",
            code="value-set-unlisted",
            why="A definition by rules or by pages needs a terminology server.",
            remedies=(
                "Download its expansion, whole (FHIR ValueSet/$expand).",
                "Or load it with a vocabulary: rounds vocabulary load FOLDER.",
            ),
        )
    return tuple(dict.fromkeys(listed))


def _whole(resource: _Resource) -> list[Code]:
    """Give every code of a value set; none if they are not all listed."""
    expansion, compose = resource.get("expansion"), resource.get("compose")
    if isinstance(expansion, dict) and not is_paged(expansion):
        return [_code(*one) for one in contained(expansion)]
    return _listed(compose) if isinstance(compose, dict) else []


def _listed(compose: _Resource) -> list[Code]:
    """Give the codes of a definition that lists them; none where it has other rules."""
    parts = compose.get("include") or ()
    if compose.get("exclude") or not all(
        one.get("concept") and not one.get("valueSet") for one in parts
    ):
        return []
    return [
        _code(str(part.get("system") or ""), one["code"], one.get("display"))
        for part in parts
        for one in part["concept"]
    ]


def _code(system: str, code: str, display: str | None) -> Code:
    return Code(system=system, code=code, display=display or "")


def contained(part: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Give system, code and display of an expansion's codes, nested ones too.

    An abstract code only groups others and is left out.

    Parameters
    ----------
    part : mapping
        `ValueSet.expansion`, or what one contains.
    """
    for one in part.get("contains") or ():
        if one.get("code") and not one.get("abstract"):
            yield one.get("system") or "", one["code"], one.get("display")
        yield from contained(one)


def is_paged(expansion: Mapping[str, Any]) -> bool:
    """Tell whether an expansion is one page of several.

    Parameters
    ----------
    expansion : mapping
        `ValueSet.expansion`.
    """
    total = expansion.get("total")
    listed = {(system, code) for system, code, _ in contained(expansion)}
    return bool(expansion.get("offset")) or (total or 0) > len(listed)


def _unreadable(file: str, what: str, remedy: str) -> DefinitionError:
    return DefinitionError(
        f"{file} cannot be read as a value set: {what}.",
        code="value-set-unreadable",
        remedies=(remedy,),
    )
