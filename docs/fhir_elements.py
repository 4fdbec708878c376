# ruff: noqa: INP001 - a script, not a package
"""Write `datamart/sql_on_fhir/elements.csv`: every element of FHIR R4, typed.

Read from the models of the Python package fhir.resources 6.2.2, which were made from
the StructureDefinitions of FHIR R4 (4.0.1). Its source is parsed, never imported:

    pip download --no-deps fhir.resources==6.2.2
    unzip fhir.resources-6.2.2-py2.py3-none-any.whl -d fhir_r4
    python docs/fhir_elements.py fhir_r4/fhir/resources

One row an element: the type it belongs to, its name, its type, and `many` where it
repeats. A choice such as `value[x]` is one row, its types divided by `|`. A row without
an element names the type that a type is based on. A part of a resource is called by
its path, for instance `Observation.component`, as FHIR's own definitions call it.
"""

import ast
import csv
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

TARGET = (
    Path(__file__).resolve().parents[1] / "src/rounds/datamart/sql_on_fhir/elements.csv"
)
_WRITTEN = """
    Base64Binary Boolean Canonical Code Date DateTime Decimal Id Instant Integer
    Markdown Oid PositiveInt String Time UnsignedInt Uri Url Uuid Xhtml
"""
PRIMITIVES = {name: name[0].lower() + name[1:] for name in _WRITTEN.split()}
BASES = ("Element", "BackboneElement", "Resource", "DomainResource")
SKIPPED = {"fhirresourcemodel", "fhirabstractmodel", "fhirprimitiveextension"}


@dataclass
class Model:
    """One class of the package."""

    name: str
    base: str
    fields: list[tuple[str, str, bool, str]] = field(default_factory=list)
    """Name, type, whether it repeats, and the choice that it is a type of."""


def models(folder: Path) -> dict[str, Model]:
    """Read every class with its fields."""
    found = {}
    for file in sorted(folder.glob("*.py")):
        if file.stem in SKIPPED or file.stem.startswith(("fhirtypes", "__")):
            continue
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                model = _model(node)
                found[model.name] = model
    return found


def _model(node: ast.ClassDef) -> Model:
    model = Model(node.name, ast.unparse(node.bases[0]).rsplit(".", 1)[-1])
    for line in node.body:
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
            continue
        written = ast.unparse(line.annotation)
        call = line.value
        options = (
            {word.arg: ast.unparse(word.value).strip("'") for word in call.keywords}
            if isinstance(call, ast.Call)
            else {}
        )
        if options.get("element_property") != "True":
            continue
        kind = re.search(r"fhirtypes\.(\w+)|\bbool\b", written)
        name = options["alias"]
        if kind is None or name.startswith("_"):
            continue
        model.fields.append(
            (
                name,
                (kind[1] or "Boolean").removesuffix("Type"),
                "List[" in written,
                options.get("one_of_many", ""),
            )
        )
    return model


def rows(found: dict[str, Model]) -> list[tuple[str, str, str, str]]:
    """Give the rows of the table, in order, parts named by their path."""
    paths = {name: name for name in found if _stands_alone(found, name)}
    waiting = sorted(paths)
    written = []
    while waiting:
        name = waiting.pop(0)
        model, here = found[name], paths[name]
        base = "" if model.base not in found else model.base
        if base:
            written.append((here, "", base, ""))
        choices: dict[str, list[str]] = defaultdict(list)
        for element, kind, many, choice in sorted(model.fields):
            if kind in found and kind not in paths:
                paths[kind] = f"{here}.{element}"
                waiting.append(kind)
            of = PRIMITIVES.get(kind) or paths[kind]
            if choice:
                choices[f"{choice}[x]"].append(of)
            else:
                written.append((here, element, of, "many" if many else ""))
        written += [(here, each, "|".join(of), "") for each, of in choices.items()]
    return sorted(written)


def _stands_alone(found: dict[str, Model], name: str) -> bool:
    """Tell a resource or a data type from a part of one: parts are named after it."""
    base = found[name].base
    if name in BASES or base not in {"BackboneElement", "Element"}:
        return True
    owners = (other for other in found if name.startswith(other) and name != other)
    return all(
        not any(kind == name for _, kind, _, _ in found[other].fields)
        for other in owners
    )


def main() -> int:
    """Write the table from the folder that is named."""
    table = rows(models(Path(sys.argv[1])))
    with TARGET.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("type", "element", "of", "many"))
        writer.writerows(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
