"""`rounds measure define` and `check`: from the first line to nothing wrong."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import show
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.nouns import Measure

__all__ = ["check_", "define_", "measure_of"]


def define_(
    name: str,
    /,
    *,
    basis: Literal["person", "visit", "procedure"] = "person",
    scoring: Literal["proportion", "ratio", "continuous-variable"] = "proportion",
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Begin a measure of this site and its example patients: YAML files to be changed.

    Parameters
    ----------
    name
        Its name: lower-case letters, digits and hyphens.
    basis
        What is counted.
    scoring
        What is made of it.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Project
    from rounds.definitions.skeleton import examples_skeleton, skeleton

    if not name.replace("-", "").isalnum() or name != name.lower():
        raise DefinitionError(
            f"{name!r} is no name of a measure.",
            code="measure-name",
            remedies=("Use lower-case letters, digits and hyphens: door-to-needle",),
        )
    path = Project.open(project).definitions / "measures" / f"{name}.yaml"
    examples = path.with_suffix(".examples.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, skeleton(name, basis, scoring))
    if not examples.exists():
        _write(examples, examples_skeleton(name))
    lines = [
        f"Written: {path}",
        f"Its example patients: {examples}",
        f"Change both, then: rounds measure check {path}",
    ]
    document = {"measure": name, "path": str(path), "examples": str(examples)}
    show(document, lines, as_json=json)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise DefinitionError(
            f"{path.name} is there already.",
            code="definition-exists",
            remedies=("Give another name, or change that file.",),
        ) from None


def check_(*names: str, project: Path = Path(), json: bool = False) -> int:
    """List everything wrong with measures, all at once.

    Parameters
    ----------
    names
        Names, as `rounds measure list` has them, or YAML files; by default every file
        of the site's `definitions/measures/`.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    found: dict[str, str] = {}
    for name in names or _files(project):
        try:
            measure_of(name, project)
            found[name] = ""
        except DefinitionError as error:
            found[name] = error.what
    wrong = {name: said for name, said in found.items() if said}
    lines = [said or f"{name}: nothing is wrong." for name, said in found.items()]
    if not found:
        lines = ["This site has no measure of its own."]
    document: dict[str, Any] = {"checked": list(found), "wrong": wrong}
    show(document, lines, as_json=json)
    return DefinitionError.exit_code if wrong else 0


def _files(project: Path) -> tuple[str, ...]:
    from rounds.conduct import Project

    folder = Project.open(project).definitions / "measures"
    names = sorted(path for path in folder.glob("*.yaml"))
    return tuple(str(path) for path in names if path.suffixes == [".yaml"])


def measure_of(name: str, project: Path) -> "Measure":
    """Give a measure by its name or its file.

    Raises
    ------
    DefinitionError
        If there is none of that name, or something is wrong with the file.
    """
    from rounds.definitions import builtin_measures, load_measure, load_measures

    definitions = None
    if (project / "rounds.toml").is_file():
        from rounds.conduct import Project

        definitions = Project.open(project).definitions
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise DefinitionError(
                f"There is no file {name}.",
                code="definition-missing",
                remedies=("Check the path, or: rounds measure define NAME",),
            )
        return load_measure(path)
    measures = dict(builtin_measures())
    if definitions is not None:
        own = definitions / "measures" / f"{name}.yaml"
        if own.is_file():
            return load_measure(own)
        measures |= load_measures(definitions)
    if name not in measures:
        raise DefinitionError(
            f"There is no measure named {name!r}.",
            code="unknown-measure",
            remedies=(f"Choose one of: {', '.join(sorted(measures))}",),
        )
    return measures[name]
