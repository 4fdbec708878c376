"""The measures that are shipped and those of a site's folder, read the same way."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, NamedTuple

from rounds.definitions.checks import check
from rounds.definitions.definition_files import (
    EXAMPLES,
    files_of,
    invalid,
    noun_of,
    read_yaml,
    yaml_files,
)
from rounds.definitions.shared_criteria import (
    SharedCriteria,
    UnknownCriterionError,
    with_shared,
)
from rounds.definitions.value_sets import read_value_sets, with_value_sets
from rounds.nouns import ConceptSet, Measure

__all__ = [
    "builtin_measures",
    "is_shipped",
    "load_measure",
    "load_measures",
    "named_concept_sets",
]

_NAMING: Final = frozenset({"concept_set", "answer", "discharged_to"})
"""Fields of a clause that name a concept set."""


@cache
def _builtin() -> tuple[dict[str, ConceptSet], SharedCriteria, dict[str, Measure]]:
    room = resources.files("rounds.definitions")
    concept_sets = _concept_sets(yaml_files(room.joinpath("concept_sets")))
    shared = _criteria(yaml_files(room.joinpath("criteria")))
    files = yaml_files(room.joinpath("measures"))
    return concept_sets, shared, _measures(files, concept_sets, shared)


def builtin_measures() -> dict[str, Measure]:
    """Give the shipped measures by name.

    Examples
    --------
    >>> builtin_measures()["blood-pressure-control"].scoring
    'proportion'
    """
    return dict(_builtin()[2])


def named_concept_sets(folder: Path) -> dict[str, ConceptSet]:
    """Give the concept sets that a site can name: the shipped ones, and its own first.

    Raises
    ------
    DefinitionError
        If a file of `folder/concept_sets` is no concept set.
    """
    return _builtin()[0] | _concept_sets(yaml_files(folder / "concept_sets"))


def is_shipped(measure: Measure) -> bool:
    """Tell whether a measure's clauses are those of a shipped one of its name.

    Its codes may be those of a site's value sets, and its additions switched.
    """
    shipped = _builtin()[2].get(measure.name)
    if shipped is None:
        return False
    codes = {"concept_sets": measure.concept_sets, "additions": measure.additions}
    return shipped.model_copy(update=codes) == measure


def load_measures(folder: Path) -> dict[str, Measure]:
    """Read the measures of a site's `definitions/` folder.

    Measures are `measures/*.yaml`, concept sets `concept_sets/*.yaml`, criteria that
    measures share (`{use: name}`) `criteria/*.yaml`; without a folder `measures`, the
    YAML files of the folder itself are measures. A measure may name a
    shipped concept set, or hold its own, and may be `based_on` another measure, shipped
    or beside it: then it has that measure's fields, but for those it gives itself.

    FHIR ValueSet files, `value_sets/*.json`, give their codes to each concept set that
    stands for them, in the site's measures and in those that are shipped.

    Parameters
    ----------
    folder : Path
        The folder; one that does not exist has no measures.

    Returns
    -------
    dict of str to Measure
        By name: the site's own measures, and those shipped ones whose codes are taken
        from its value sets.

    Raises
    ------
    DefinitionError
        If a file is not YAML or not a measure, or if `check` finds a problem; the file
        and every field are named. If a file of `value_sets` cannot be used.
    """
    site = _site(folder)
    measures_folder = folder / "measures"
    where = measures_folder if measures_folder.is_dir() else folder
    return dict(sorted({**site.taken, **site.measures(yaml_files(where))}.items()))


def load_measure(path: Path) -> Measure:
    """Read one measure from a file.

    It may name the concept sets, the shared criteria and the measures beside it, as in
    a site's `definitions/`.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DefinitionError
        If the file is not YAML or not a measure, or if `check` finds a problem; the
        file and every field are named.
    """
    plain = read_yaml(path)
    beside: list[Traversable] = []
    if "based_on" in plain:
        beside = [one for one in yaml_files(path.parent) if one.name != path.name]
    folder = path.parent
    site = _site(folder.parent if folder.name == "measures" else folder)
    return site.measures([path, *beside])[str(plain.get("name"))]


class _Site(NamedTuple):
    """What the measures of a folder may name."""

    concept_sets: dict[str, ConceptSet]
    criteria: SharedCriteria
    shipped: dict[str, Measure]
    taken: dict[str, Measure]
    """Those shipped whose codes are taken from the folder's value sets."""

    def measures(self, files: Iterable[Traversable]) -> dict[str, Measure]:
        """Read the measures of some files."""
        others = {**self.shipped, **self.taken}
        return _measures(files, self.concept_sets, self.criteria, others)


def _site(folder: Path) -> _Site:
    shipped_sets, shipped_criteria, shipped = _builtin()
    own_sets = _concept_sets(yaml_files(folder / "concept_sets"))
    named = {**shipped_sets, **own_sets}
    value_sets = read_value_sets(files_of(folder / "value_sets", (".json",)))
    filled = with_value_sets(named, value_sets)
    taken = {
        name: _with_codes(measure, filled)
        for name, measure in shipped.items()
        if any(one.name in filled for one in measure.concept_sets)
    }
    criteria = {**shipped_criteria, **_criteria(yaml_files(folder / "criteria"))}
    return _Site({**named, **filled}, criteria, shipped, taken)


def _with_codes(measure: Measure, filled: Mapping[str, ConceptSet]) -> Measure:
    sets = tuple(filled.get(one.name, one) for one in measure.concept_sets)
    return measure.model_copy(update={"concept_sets": sets})


def _concept_sets(files: Iterable[Traversable]) -> dict[str, ConceptSet]:
    found = {}
    for file in files:
        one = noun_of(ConceptSet, file.name, read_yaml(file), "concept set")
        found[one.name] = one
    return found


def _criteria(files: Iterable[Traversable]) -> dict[str, dict[str, Any]]:
    found = {}
    for file in files:
        plain = read_yaml(file)
        absent = {"name", "criterion"} - set(plain)
        if absent:
            problems = [f"{field}: Field required" for field in sorted(absent)]
            raise invalid(file.name, "criterion", problems)
        found[str(plain["name"])] = plain
    return found


def _with_shared(
    file_name: str, plain: dict[str, Any], shared: SharedCriteria
) -> dict[str, Any]:
    try:
        return with_shared(plain, shared)
    except UnknownCriterionError as error:
        listed = ", ".join(error.known) or "none"
        problem = f"use: there is no criterion {error.name!r}; there are: {listed}"
        raise invalid(file_name, "measure", [problem]) from None


def _measures(
    files: Iterable[Traversable],
    concept_sets: dict[str, ConceptSet],
    shared: SharedCriteria,
    others: dict[str, Measure] | None = None,
) -> dict[str, Measure]:
    read = [
        (file.name, _with_shared(file.name, read_yaml(file), shared))
        for file in files
        if not file.name.endswith(EXAMPLES)
    ]
    if not read:
        return {}
    plain_by_name: dict[str, dict[str, Any]] = {
        name: measure.model_dump(mode="json")
        for name, measure in (others or {}).items()
    }
    own = {str(plain.get("name", name)): plain for name, plain in read}
    found: dict[str, Measure] = {}
    for file_name, plain in read:
        whole = _whole(file_name, plain, {**plain_by_name, **own}, ())
        whole["concept_sets"] = _embedded(file_name, plain, whole, concept_sets)
        measure = noun_of(Measure, file_name, whole, "measure")
        problems = check(measure)
        if problems:
            raise invalid(file_name, "measure", problems)
        if measure.name in found:
            raise invalid(file_name, "measure", [f"name: {measure.name!r} is taken"])
        found[measure.name] = measure
    return dict(sorted(found.items()))


def _whole(
    file_name: str,
    plain: dict[str, Any],
    by_name: dict[str, dict[str, Any]],
    seen: tuple[str, ...],
) -> dict[str, Any]:
    base = plain.get("based_on")
    if base is None:
        return dict(plain)
    if base not in by_name or base in seen:
        listed = ", ".join(sorted(by_name))
        problem = f"based_on: there is no other measure {base!r}; there are: {listed}"
        raise invalid(file_name, "measure", [problem])
    own = {field: value for field, value in plain.items() if field != "based_on"}
    return {**_whole(file_name, by_name[base], by_name, (*seen, base)), **own}


def _embedded(
    file_name: str,
    plain: dict[str, Any],
    whole: dict[str, Any],
    concept_sets: dict[str, ConceptSet],
) -> list[Any]:
    inherits = "based_on" in plain
    clauses = {field: one for field, one in whole.items() if field != "concept_sets"}
    used = set(_named_sets(clauses))
    embedded: list[Any] = []
    for one in whole.get("concept_sets") or []:
        name = one if isinstance(one, str) else one.get("name")
        if inherits and name not in used:
            continue
        if not isinstance(one, str):
            embedded.append(one)
        elif one in concept_sets:
            embedded.append(concept_sets[one].model_dump(mode="json"))
        else:
            listed = ", ".join(sorted(concept_sets))
            problem = (
                f"concept_sets: there is no concept set {one!r}; there are: {listed}"
            )
            raise invalid(file_name, "measure", [problem])
    return embedded


def _named_sets(plain: Any) -> Iterable[str]:
    if isinstance(plain, dict):
        for field, value in plain.items():
            if field in _NAMING and isinstance(value, str):
                yield value
            yield from _named_sets(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from _named_sets(value)
