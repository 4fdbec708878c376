"""The example patients that are shipped and those of a site's folder."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from rounds.definitions.definition_files import (
    EXAMPLES,
    files_of,
    invalid,
    noun_of,
    read_yaml,
)
from rounds.definitions.example_patients import ExamplePatients

__all__ = ["builtin_examples", "examples_of", "load_examples"]


def builtin_examples() -> dict[str, ExamplePatients]:
    """Give the example patients of the shipped measures, by the measure's name.

    Examples
    --------
    >>> len(builtin_examples()["blood-pressure-control"].patients) > 10
    True
    """
    room = resources.files("rounds.definitions")
    return _examples(room.joinpath("measures"))


def load_examples(folder: Path) -> dict[str, ExamplePatients]:
    """Read the example patients of a site's `definitions/` folder.

    They are `<measure>.examples.yaml`, beside the measures.

    Parameters
    ----------
    folder : Path
        The folder; one that does not exist has no examples.

    Returns
    -------
    dict of str to ExamplePatients
        By the measure's name.

    Raises
    ------
    DefinitionError
        If a file is not YAML or does not hold example patients; every problem is
        listed.
    """
    measures_folder = folder / "measures"
    return _examples(measures_folder if measures_folder.is_dir() else folder)


def examples_of(name: str, folder: Path | None = None) -> ExamplePatients | None:
    """Give the example patients that travel with a measure.

    Parameters
    ----------
    name : str
        The measure's.
    folder : Path, optional
        A site's `definitions/`, whose examples go before those that are shipped.

    Returns
    -------
    ExamplePatients or None
        None if there are none.

    Raises
    ------
    DefinitionError
        As `load_examples` does.
    """
    own = load_examples(folder) if folder is not None else {}
    return own.get(name) or builtin_examples().get(name)


def _examples(folder: Traversable) -> dict[str, ExamplePatients]:
    found: dict[str, ExamplePatients] = {}
    for file in files_of(folder, (EXAMPLES,)):
        one = noun_of(ExamplePatients, file.name, read_yaml(file), "set of examples")
        if one.measure in found:
            problem = f"measure: {one.measure!r} has examples in another file"
            raise invalid(file.name, "set of examples", [problem])
        found[one.measure] = one
    return found
