"""The measures that are shipped and those of a site's folder, read the same way."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rounds.definitions.checks import check
from rounds.definitions.graph import CLAUSES
from rounds.definitions.value_sets import read_value_sets, with_value_sets
from rounds.nouns import ConceptSet, DefinitionError, Measure

__all__ = ["builtin_measures", "load_measures"]


@cache
def _builtin() -> tuple[dict[str, ConceptSet], dict[str, Measure]]:
    room = resources.files("rounds.definitions")
    concept_sets = _concept_sets(_yaml_files(room.joinpath("concept_sets")))
    measures = _measures(_yaml_files(room.joinpath("measures")), concept_sets)
    return concept_sets, measures


def builtin_measures() -> dict[str, Measure]:
    """Give the shipped measures by name.

    Examples
    --------
    >>> builtin_measures()["blood-pressure-control"].scoring
    'proportion'
    """
    return dict(_builtin()[1])


def load_measures(folder: Path) -> dict[str, Measure]:
    """Read the measures of a site's `definitions/` folder.

    Measures are `measures/*.yaml`, concept sets `concept_sets/*.yaml`; without a folder
    `measures`, the YAML files of the folder itself are measures. A measure may name a
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
    shipped_sets, shipped = _builtin()
    own_sets = _concept_sets(_yaml_files(folder / "concept_sets"))
    named = {**shipped_sets, **own_sets}
    value_sets = read_value_sets(_files(folder / "value_sets", (".json",)))
    filled = with_value_sets(named, value_sets)
    taken = {
        name: _with_codes(measure, filled)
        for name, measure in shipped.items()
        if any(one.name in filled for one in measure.concept_sets)
    }
    measures_folder = folder / "measures"
    where = measures_folder if measures_folder.is_dir() else folder
    own = _measures(_yaml_files(where), {**named, **filled}, {**shipped, **taken})
    return dict(sorted({**taken, **own}.items()))


def _with_codes(measure: Measure, filled: Mapping[str, ConceptSet]) -> Measure:
    sets = tuple(filled.get(one.name, one) for one in measure.concept_sets)
    return measure.model_copy(update={"concept_sets": sets})


def _yaml_files(folder: Traversable) -> list[Traversable]:
    return _files(folder, (".yaml", ".yml"))


def _files(folder: Traversable, endings: tuple[str, ...]) -> list[Traversable]:
    if not folder.is_dir():
        return []
    files = [one for one in folder.iterdir() if one.name.endswith(endings)]
    return sorted(files, key=lambda one: one.name)


def _read(file: Traversable) -> dict[str, Any]:
    try:
        plain = yaml.safe_load(file.read_text("utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise DefinitionError(
            f"{file.name}{line} is not YAML: {error.problem}.",
            code="not-yaml",
            remedies=("Check the indentation and the quotes near that line.",),
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DefinitionError(
            f"{file.name} cannot be read: {type(error).__name__}.",
            code="unreadable-definition",
            remedies=("Check that the file is UTF-8 text that you may read.",),
        ) from None
    if not isinstance(plain, dict):
        raise DefinitionError(
            f"{file.name} is not a definition: it holds no fields.",
            code="invalid-measure",
            remedies=(
                "Begin it with `name:` and `title:`, as the shipped measures do.",
            ),
        )
    return plain


def _concept_sets(files: Iterable[Traversable]) -> dict[str, ConceptSet]:
    found = {}
    for file in files:
        plain = _read(file)
        try:
            one = ConceptSet.model_validate_json(json.dumps(plain, default=str))
        except ValidationError as error:
            raise _invalid(file.name, "concept set", _fields(error)) from None
        found[one.name] = one
    return found


def _measures(
    files: Iterable[Traversable],
    concept_sets: dict[str, ConceptSet],
    others: dict[str, Measure] | None = None,
) -> dict[str, Measure]:
    plain_by_name: dict[str, dict[str, Any]] = {
        name: measure.model_dump(mode="json")
        for name, measure in (others or {}).items()
    }
    read = [(file.name, _read(file)) for file in files]
    own = {str(plain.get("name", name)): plain for name, plain in read}
    found: dict[str, Measure] = {}
    for file_name, plain in read:
        whole = _whole(file_name, plain, {**plain_by_name, **own}, ())
        whole["concept_sets"] = _embedded(file_name, plain, whole, concept_sets)
        try:
            measure = Measure.model_validate_json(json.dumps(whole, default=str))
        except ValidationError as error:
            raise _invalid(file_name, "measure", _fields(error)) from None
        problems = check(measure)
        if problems:
            raise _invalid(file_name, "measure", problems)
        if measure.name in found:
            raise _invalid(file_name, "measure", [f"name: {measure.name!r} is taken"])
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
        raise _invalid(file_name, "measure", [problem])
    own = {field: value for field, value in plain.items() if field != "based_on"}
    return {**_whole(file_name, by_name[base], by_name, (*seen, base)), **own}


def _embedded(
    file_name: str,
    plain: dict[str, Any],
    whole: dict[str, Any],
    concept_sets: dict[str, ConceptSet],
) -> list[Any]:
    inherits = "based_on" in plain
    clauses = {field: whole.get(field) for field in (*CLAUSES, "additions")}
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
            raise _invalid(file_name, "measure", [problem])
    return embedded


def _named_sets(plain: Any) -> Iterable[str]:
    if isinstance(plain, dict):
        if isinstance(plain.get("concept_set"), str):
            yield plain["concept_set"]
        for value in plain.values():
            yield from _named_sets(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from _named_sets(value)


def _fields(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(step) for step in item['loc']) or 'the whole'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    ]


def _invalid(file_name: str, noun: str, problems: list[str]) -> DefinitionError:
    listed = "\n".join(f" - {problem}" for problem in problems)
    return DefinitionError(
        f"{file_name} is not a valid {noun}; {len(problems)} problem(s):\n{listed}",
        code="invalid-measure",
        remedies=(
            "Correct each field that is named; the shipped measures are examples.",
        ),
    )
