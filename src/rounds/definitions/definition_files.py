"""Definition files: YAML that people type, and what is wrong in it."""

import json
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import ValidationError

from rounds.definitions.misspelt import fields_in_error
from rounds.nouns import DefinitionError, Noun

__all__ = ["EXAMPLES", "files_of", "invalid", "noun_of", "read_yaml", "yaml_files"]

N = TypeVar("N", bound=Noun)

EXAMPLES: Final = ".examples.yaml"
"""How the name of a file of example patients ends."""
_SHIPPED: Final = Path(__file__).resolve().parent


def yaml_files(folder: Traversable) -> list[Traversable]:
    """Give the YAML files of a folder, by name; none if it does not exist."""
    return files_of(folder, (".yaml", ".yml"))


def files_of(folder: Traversable, endings: tuple[str, ...]) -> list[Traversable]:
    """Give the files of a folder that end so, by name; none if it does not exist."""
    if not folder.is_dir():
        return []
    files = [one for one in folder.iterdir() if one.name.endswith(endings)]
    return sorted(files, key=lambda one: one.name)


def read_yaml(file: Traversable) -> dict[str, Any]:
    """Read a definition's fields.

    Raises
    ------
    DefinitionError
        If the file cannot be read, is not YAML or holds no fields.
    """
    try:
        # Either loader is a safe one: it makes plain values and calls nothing.
        plain = yaml.load(file.read_text("utf-8"), _loader_of(file))  # noqa: S506
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


def _loader_of(file: Traversable) -> Any:
    """Give libyaml's safe loader for a shipped file, ten times as fast; or Python's.

    It follows nesting without a limit, so nobody else's file is given to it, and PyYAML
    may have been built without it: then it has no such name.
    """
    if isinstance(file, Path) and file.resolve().is_relative_to(_SHIPPED):
        return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.SafeLoader


def noun_of(kind: type[N], file_name: str, plain: Mapping[str, Any], called: str) -> N:
    """Make a noun of a file's fields.

    Parameters
    ----------
    kind : type of Noun
        What is made.
    file_name : str
        Where the fields are from.
    plain : mapping
        The fields, as YAML gives them.
    called : str
        What people call it, for the error.

    Raises
    ------
    DefinitionError
        If the fields are not valid; every problem is listed.
    """
    try:
        # JSON rules (dates as text, lists for tuples), which YAML shares.
        return kind.model_validate_json(json.dumps(_with_text_keys(plain), default=str))
    except ValidationError as error:
        raise invalid(file_name, called, fields_in_error(kind, error)) from None


def _with_text_keys(plain: Any) -> Any:
    """Give keys as text: YAML reads a day, a number or `no` as something else."""
    if isinstance(plain, Mapping):
        return {str(key): _with_text_keys(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_with_text_keys(value) for value in plain]
    return plain


def invalid(file_name: str, noun: str, problems: list[str]) -> DefinitionError:
    """Make the error that a file is not a valid definition, every problem listed."""
    listed = "\n".join(f" - {problem}" for problem in problems)
    return DefinitionError(
        f"{file_name} is not a valid {noun}; {len(problems)} problem(s):\n{listed}",
        code="invalid-measure",
        remedies=(
            "Correct each field that is named; the shipped measures are examples.",
        ),
    )
