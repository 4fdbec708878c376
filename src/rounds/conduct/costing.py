"""Read what things cost before a trial: `costs.yaml`, and items in a table beside it.

::

    costs.yaml ── perspective, currency, prices, what an outcome is worth
        └─ items: items.csv ── name, counts, domain, concept_set, unit_cost, source, …
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rounds import __version__
from rounds.conduct.desk import Desk
from rounds.conduct.freeze import protocol_of
from rounds.conduct.plan import ChangePlan
from rounds.definitions import named_concept_sets
from rounds.nouns import ConceptSet, Costs, DefinitionError, Problem, Protocol

__all__ = ["costs_of", "load_costs", "protocol_now"]

_COLUMNS = frozenset(
    {"name", "counts", "unit_cost", "source", "lower", "upper", "low_value"}
    | {"domain", "concept_set", "visit_classes", "without_index", "number"}
)
_NEEDED = ("name", "counts", "unit_cost", "source")


def protocol_now(desk: Desk, plan: ChangePlan) -> Protocol:
    """Write the protocol that a plan asks for, of the last problem, with its costs.

    Raises
    ------
    DefinitionError
        As `protocol_of` and `load_costs`.
    """
    return protocol_of(
        plan,
        desk.latest(Problem),
        desk.measure,
        __version__,
        costs=costs_of(desk, plan),
    )


def costs_of(desk: Desk, plan: ChangePlan) -> Costs | None:
    """Read the costs that a plan names; None where it names none.

    Raises
    ------
    DefinitionError
        As `load_costs`.
    """
    named = plan.protocol.costs
    if named is None:
        return None
    return load_costs(desk.project.root / named, desk.project.definitions)


def load_costs(path: Path, definitions: Path) -> Costs:
    """Read a file of costs, with the codes that it names.

    Parameters
    ----------
    path : Path
        YAML; its `items` may be the name of a CSV file beside it.
    definitions : Path
        A site's folder, whose `concept_sets` can be named beside the shipped ones.

    Returns
    -------
    Costs
        As they are frozen with a protocol: codes and prices are in it.

    Raises
    ------
    DefinitionError
        If a file is missing or is not such a file; all problems are listed.
    """
    plain = _yaml(path)
    if isinstance(plain.get("items"), str):
        plain["items"] = _table(path.parent / plain["items"])
    sets = named_concept_sets(definitions)
    items = plain.get("items") or []
    if isinstance(items, list):
        plain["items"] = [_with_codes(one, sets, path) for one in items]
    try:
        return Costs.model_validate_json(json.dumps(plain, default=str))
    except ValidationError as error:
        raise _bad(
            path,
            [
                f"{'.'.join(map(str, item['loc'])) or 'costs'}: {item['msg']}"
                for item in error.errors(include_url=False, include_input=False)
            ],
        ) from None


def _yaml(path: Path) -> dict[str, Any]:
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise _bad(path, ["it cannot be read as text"]) from None
    except yaml.YAMLError as error:
        raise _bad(path, [f"it is not YAML: {error}"]) from None
    if not isinstance(plain, dict):
        raise _bad(path, ["it names no perspective, currency, …"])
    return plain


def _table(path: Path) -> list[dict[str, Any]]:
    """Read items from a table, one a row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise _bad(path, ["it cannot be read as text"]) from None
    reader = csv.DictReader(io.StringIO(text))
    header = set(reader.fieldnames or ())
    problems = [f"there is no column {name}" for name in _NEEDED if name not in header]
    problems += [f"a column is not known: {n}" for n in sorted(header - _COLUMNS)]
    if problems:
        raise _bad(path, problems)
    return [_item(row) for row in reader]


def _item(row: Mapping[str, str | None]) -> dict[str, Any]:
    said = {name: (cell or "").strip() for name, cell in row.items() if name}
    said = {name: cell for name, cell in said.items() if cell}
    price = {name: said[name] for name in ("lower", "upper", "source") if name in said}
    item: dict[str, Any] = {
        "name": said.get("name", ""),
        "counts": said.get("counts", ""),
        "unit_cost": price | {"value": said.get("unit_cost", "")},
    }
    if said.get("low_value", "").lower() in {"1", "yes", "true"}:
        item["low_value"] = True
    if "domain" in said:
        events: dict[str, Any] = {"domain": said["domain"]}
        for name in ("concept_set", "number"):
            if name in said:
                events[name] = said[name]
        if "visit_classes" in said:
            events["visit_classes"] = said["visit_classes"].split()
        if said.get("without_index", "").lower() in {"1", "yes", "true"}:
            events["without_index"] = True
        item["events"] = events
        if "concept_set" in said:
            item["concept_set"] = said["concept_set"]
    return item


def _with_codes(item: Any, sets: Mapping[str, ConceptSet], path: Path) -> Any:
    """Put a concept set's codes in the place of its name."""
    if not isinstance(item, dict) or not isinstance(item.get("concept_set"), str):
        return item
    name = item["concept_set"]
    if name not in sets:
        listed = ", ".join(sorted(sets))
        raise _bad(path, [f"there is no concept set {name!r}; there are: {listed}"])
    return {**item, "concept_set": sets[name].model_dump(mode="json")}


def _bad(path: Path, problems: list[str]) -> DefinitionError:
    listed = "\n".join(f" - {problem}" for problem in problems)
    return DefinitionError(
        f"{path.name} does not say what things cost:\n{listed}",
        code="bad-costs",
        why="Prices are frozen with the protocol, before anybody knows the result.",
        remedies=(f"Correct each line; {Costs.told_in} shows a whole file.",),
    )
