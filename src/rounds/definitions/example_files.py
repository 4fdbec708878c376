"""The example patients that are shipped and those of a site's folder."""

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

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
    return _examples(room.joinpath("measures"), {})


def load_examples(folder: Path) -> dict[str, ExamplePatients]:
    """Read the example patients of a site's `definitions/` folder.

    They are `<measure>.examples.yaml`, beside the measures. A file that is `based_on`
    another measure, as the measure is, takes over its period, its shared rows, and its
    patients whom no outcome changes: those who are outside or excluded. What it gives
    under the same name goes before.

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
    chosen = measures_folder if measures_folder.is_dir() else folder
    if not files_of(chosen, (EXAMPLES,)):
        return {}
    return _examples(chosen, builtin_examples())


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


def _examples(
    folder: Traversable, shipped: Mapping[str, ExamplePatients]
) -> dict[str, ExamplePatients]:
    found: dict[str, ExamplePatients] = {}
    given = [(file.name, read_yaml(file)) for file in files_of(folder, (EXAMPLES,))]
    # Those that stand on others come after them.
    for name, plain in sorted(given, key=lambda one: "based_on" in one[1]):
        whole = _whole(name, plain, {**shipped, **found})
        one = noun_of(ExamplePatients, name, whole, "set of examples")
        if one.measure in found:
            problem = f"measure: {one.measure!r} has examples in another file"
            raise invalid(name, "set of examples", [problem])
        found[one.measure] = one
    return found


def _whole(
    file_name: str, plain: dict[str, Any], others: Mapping[str, ExamplePatients]
) -> dict[str, Any]:
    """Give a file's fields with what it takes over from the one that it is based on."""
    if "based_on" not in plain:
        return plain
    own = {field: value for field, value in plain.items() if field != "based_on"}
    base = others.get(plain["based_on"])
    if base is None:
        listed = ", ".join(sorted(others)) or "none"
        problem = (
            f"based_on: {plain['based_on']!r} has no examples, or they are based on "
            f"others themselves; there are: {listed}"
        )
        raise invalid(file_name, "set of examples", [problem])
    patients = own.get("patients") or []
    renamed = {one.get("name") for one in patients if isinstance(one, dict)}
    kept = [
        one.model_dump(mode="json")
        for one in base.patients
        if one.expect in _SAME and one.name not in renamed
    ]
    shared = {
        name: [row.model_dump(mode="json") for row in rows]
        for name, rows in base.shared.items()
    }
    return {
        "period": base.period.model_dump(mode="json"),
        **own,
        "shared": {**shared, **(own.get("shared") or {})},
        "patients": [*kept, *patients],
    }


_SAME: Final = ("outside", "denominator_exclusion")
"""Where a patient stays, whatever the outcome."""
