"""`rounds measure`: how well care is given."""

from pathlib import Path
from typing import TYPE_CHECKING

from rounds.cli.measure_define import measure_of
from rounds.cli.output import show, table

if TYPE_CHECKING:
    from rounds.nouns import Measure

__all__ = ["explain_", "list_"]


def list_(*, project: Path = Path(), json: bool = False) -> None:
    """List the measures there are: built in, and of this site.

    Parameters
    ----------
    project
        The project's folder; without one, the built-in measures are listed.
    json
        Print one JSON object.
    """
    measures = _measures(project)
    found = {name: measure.title for name, measure in sorted(measures.items())}
    show(found, table(("measure", "title"), found.items()), as_json=json)


def explain_(name: str, /, *, project: Path = Path(), json: bool = False) -> None:
    """Say a measure in plain words: who counts, what succeeds, what is left out.

    Parameters
    ----------
    name
        As `rounds measure list` names it, or a YAML file.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.definitions import explain

    measure = measure_of(name, project)
    text = explain(measure)
    show({"measure": measure.name, "text": text}, [text], as_json=json)


def _measures(project: Path) -> "dict[str, Measure]":
    from rounds.conduct import Project
    from rounds.definitions import builtin_measures, load_measures

    measures = dict(builtin_measures())
    if (project / "rounds.toml").is_file():
        measures |= load_measures(Project.open(project).definitions)
    return measures
