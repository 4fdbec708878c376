"""Cohorts from files: what ATLAS exports, what its WebAPI answers, or a Cohort noun."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rounds.nouns import Cohort, DefinitionError

__all__ = ["read_cohorts"]


def read_cohorts(paths: Iterable[Path]) -> tuple[Cohort, ...]:
    """Read cohorts, each checked whole.

    Parameters
    ----------
    paths : iterable of Path
        Files: JSON with a Circe expression, as ATLAS exports it, or an object that has
        it as `expression` (its text or itself), as its WebAPI answers; or YAML with a
        Cohort. A folder stands for its `.json`, `.yaml` and `.yml` files.

    Returns
    -------
    tuple of Cohort
        In the order given, those of a folder by name. What has no name of its own is
        called after its file.

    Raises
    ------
    DefinitionError
        If a file cannot be read, is not a cohort (everything wrong is listed), there
        is none, or two have one name.
    """
    found: dict[str, Cohort] = {}
    for path in _files(paths):
        cohort = _cohort(path, _plain(path))
        if found.get(cohort.name, cohort) != cohort:
            raise DefinitionError(
                f"Two different cohorts are named {cohort.name!r}; {path.name} holds "
                "the second.",
                code="cohort-name-taken",
                remedies=("Rename one of the files.",),
            )
        found[cohort.name] = cohort
    if not found:
        raise DefinitionError(
            "There is no file with a cohort.",
            code="no-cohort",
            remedies=("Name a JSON file as ATLAS exports it: rounds cohort run FILE",),
        )
    return tuple(found.values())


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inner = [
                p for p in path.iterdir() if p.suffix in {".json", ".yaml", ".yml"}
            ]
            found += sorted(inner)
        else:
            found.append(path)
    return found


def _plain(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix in {".yaml", ".yml"}:
            plain = yaml.safe_load(text)
        else:
            plain = json.loads(text)
        inner = plain.get("expression") if isinstance(plain, dict) else None
        if isinstance(inner, str):
            plain["expression"] = json.loads(inner)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(
            path, f"it cannot be opened ({type(error).__name__})"
        ) from None
    except json.JSONDecodeError as error:
        said = f"line {error.lineno} is not JSON: {error.msg}"
        raise _unreadable(path, said) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "it"
        raise _unreadable(path, f"{where} is not YAML") from None
    except RecursionError:
        raise _unreadable(path, "it is nested without end") from None
    if not isinstance(plain, dict):
        raise _unreadable(path, "it holds no object")
    return plain


def _unreadable(path: Path, what: str) -> DefinitionError:
    return DefinitionError(
        f"{path.name} cannot be read as a cohort: {what}.",
        code="unreadable-cohort",
        remedies=(
            "Export it from ATLAS again: Cohort Definitions, Export, JSON.",
            "Check the path and that you may read the file.",
        ),
    )


def _cohort(path: Path, plain: dict[str, Any]) -> Cohort:
    more: dict[str, Any] = {}
    if "expression" in plain:
        title = str(plain.get("title") or plain.get("name") or path.stem)
        name = str(plain.get("name") or path.stem)
        more["description"] = str(plain.get("description") or "")
        expression = plain["expression"]
        if isinstance(plain.get("version"), str):
            more["version"] = plain["version"]
    else:
        name, expression = path.stem, plain
        title = str(plain.get("Title") or path.stem)
    try:
        return Cohort(name=_slug(name), title=title, expression=expression, **more)
    except ValidationError as error:
        problems = [
            line
            for item in error.errors(include_url=False, include_input=False)
            for line in item["msg"].removeprefix("Value error, ").splitlines()
        ]
    listed = "\n".join(f" - {problem}" for problem in problems)
    raise DefinitionError(
        f"{path.name} is not a valid cohort; {len(problems)} problem(s):\n{listed}",
        code="invalid-cohort",
        why="What Circe does not know it leaves out without a word, and the cohort "
        "would be another than the one that was meant.",
        remedies=(
            "Correct each place that is named.",
            "Open it in ATLAS, mend it there and export it again.",
        ),
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "cohort"
