# ruff: noqa: INP001 - a script, not a package
"""The page "What of FHIR is loaded where", from the mapping tables of the datamart."""

import re

from rounds.datamart.fhir.columns import constant_columns, event_columns, part_columns
from rounds.datamart.fhir.parts import parts_of
from rounds.datamart.fhir.paths import fields, resources
from rounds.datamart.fhir.targets import resources_of
from rounds.datamart.fhir.views import flattening
from rounds.datamart.fhir.writing import TABLE_OF_DOMAIN
from rounds.datamart.mapping import Row, mapping

__all__ = ["fhir"]

INTRODUCTION = """# What of FHIR is loaded where

Each FHIR R4 resource is read by the paths below and becomes the rows named beside
them; what is not named here is not read: no patient's name, no note, attachment or
member number. The page is made from the tables in `src/rounds/datamart/mappings/` and
the [ViewDefinitions](https://sql-on-fhir.org/ig/StructureDefinition-ViewDefinition.html)
in `src/rounds/datamart/mappings/views/`, from which the SQL is made too.

- A standard concept's domain goes before the table named here, but where it says
  *always*.
- The paths are FHIRPath, as the views have them; of `coalesce(…)` the first that is
  there is taken, and of the codings of a code one of a known system.
- A site puts a path of its own in the place of one of these: a ViewDefinition in
  `definitions/views/<Type>.json` of its project, with the columns that are to change,
  named as in `src/rounds/datamart/mappings/views/<Type>.json`. After a change of its
  views, `rounds data load` reads every file again.
- What is not loaded is counted with its reason in the load's report. Types not named
  here are read, counted and left.
"""

_SUFFIXES = {"code": "_text", "quantity": "_number"}
_ROLES = {
    "person": "One row a patient",
    "place": "One row a resource",
    "visit": "One row a resource",
    "code": "No row",
    "role": "No row",
    "consent": "One row for each time that it is denied",
}


def fhir() -> str:
    """Give the page: for each type its tables, fields, and what is set aside."""
    roles = {row["resource"]: row for row in mapping("fhir_targets")}
    pages = [INTRODUCTION.strip(), _contents()]
    for resource in resources():
        role = roles[resource]
        if role["role"] == "event":
            told = _of_events(resource)
        else:
            table = f" in `{role['table']}`" if role["table"] else ""
            note = f": {role['note']}" if role["note"] else ""
            told = f"{_ROLES[role['role']]}{table}{note}."
            told += _denied() if role["role"] == "consent" else ""
        pages += [f"## {resource}", told, _fields(resource), _aside(resource)]
    return "\n\n".join(page for page in pages if page) + "\n"


def _contents() -> str:
    links = (f"[{name}](#{name.lower()})" for name in resources())
    return " · ".join(links)


def _denied() -> str:
    """Give what a consent's scope and purposes say is denied."""
    listed = "; ".join(
        f"`{row['scope']}`"
        + (f" for {row['purpose'].replace('|', ' or ')}" if row["purpose"] else "")
        + f": {row['opts_out_of']}"
        for row in mapping("fhir_consents")
    )
    return (
        f" What a scope is about: {listed}. Anything but a plain yes or no, for "
        "everybody and everything, is set aside: conditions, no decision, a "
        "contradiction, another use."
    )


def _of(table: str, resource: str) -> list[Row]:
    return [row for row in mapping(table) if row["resource"] == resource]


def _where(field: str, values: str) -> str:
    if not field:
        return "otherwise"
    if values == "*":
        return "where it has a number"
    return f"where {field} is " + " or ".join(f"`{one}`" for one in values.split("|"))


def _tables(resource: str) -> list[str]:
    domains = [row["domain"] for row in _of("fhir_domains", resource)]
    return list(dict.fromkeys(TABLE_OF_DOMAIN[domain] for domain in domains))


def _of_events(resource: str) -> str:
    rows = _of("fhir_domains", resource)
    always = "always in" if any(row["stays"] for row in rows) else "in"
    if len(rows) == 1:
        said = [f"One row {always} `{TABLE_OF_DOMAIN[rows[0]['domain']]}`."]
    else:
        each = "; ".join(
            f"`{TABLE_OF_DOMAIN[row['domain']]}` {_where(row['field'], row['values'])}"
            for row in rows
        )
        said = [f"One row {always} {each}."]
    for part in parts_of(resource):
        note = fields(resource)[part]["note"]
        said.append(f"`{_path(resource, part)}`: {note}.")
    types = {
        row["code"]: f"{row['meaning']} ({row['concept_id']})"
        for row in mapping("fixed_concepts")
        if row["group"] == "type"
    }
    given = [
        f"{types[row['type']]} {_where(row['field'], row['values'])}"
        for row in _of("fhir_provenance", resource)
    ]
    if not given or not given[-1].endswith("otherwise"):
        given.append(f"{types['ehr']} otherwise")
    alone = len(given) == 1
    said.append(
        "Type concept: "
        + (given[0].removesuffix(" otherwise") if alone else "; ".join(given))
        + "."
    )
    meanings = [
        f"{row['meaning']} ({row['concept_id']}) "
        + " and ".join(
            _where(row[field], row[values])
            for field, values in (("field", "values"), ("and_field", "and_values"))
            if row[field]
        )
        for row in _of("fhir_meanings", resource)
    ]
    if meanings:
        said.append("Concept: " + "; ".join(each.strip() for each in meanings) + ".")
    return " ".join(said)


def _fields(resource: str) -> str:
    if resource not in resources_of("event"):
        lines = ["| FHIR | |", "|---|---|"]
        return "\n".join(lines + _lines(resource, resource, None, fields(resource)))
    lines = ["| FHIR | OMOP | |", "|---|---|---|"]
    columns = event_columns(resource) | constant_columns(resource)
    lines += _lines(resource, resource, columns, fields(resource))
    for part in parts_of(resource):
        inner = fields(f"{resource}.{part}")
        own = part_columns(resource, part)
        lines += _lines(f"{resource}.{part}", resource, own, inner)
    return "\n".join(lines)


def _lines(
    name: str, resource: str, columns: dict[str, str] | None, named: dict[str, Row]
) -> list[str]:
    inside = f"{name.partition('.')[2]}." if "." in name else ""
    if inside:
        inside = _path(resource, inside[:-1]) + "."
    found = []
    for field, row in named.items():
        if row["kind"] in {"components", "concepts", "items"}:
            continue
        path = f"`{inside}{_path(name, field)}`".replace("|", "\\|")
        if row["kind"] == "constant":
            path = f"always `{_constant(name, field)}`"
        fed = ""
        if columns is not None:
            found_in = _fed(resource, field, columns, named)
            fed = ", ".join(f"`{one}`" for one in found_in) + " | "
        notes = [row["note"]] if row["note"] else []
        if row["required"]:
            notes.append(f"set aside without it: *{row['required']}*")
        found.append(f"| {path} | {fed}{'; '.join(notes)} |")
    return found


def _constant(name: str, field: str) -> str:
    found = {output.name: output.sql for output in flattening().views[name].outputs}
    return found[field].strip("'").replace("|", "\\|")


def _path(name: str, field: str) -> str:
    """Give the path of a field as its view has it."""
    return flattening().columns[name][field].written


def _fed(
    resource: str, field: str, columns: dict[str, str], named: dict[str, Row]
) -> list[str]:
    """Find the OMOP columns of a type's tables in whose SQL a field stands."""
    known = {"subject": "person_id", "encounter": "visit_occurrence_id"}
    known["performer"] = "provider_id"
    suffix = _SUFFIXES.get(named[field]["kind"], "_day")
    pattern = rf"(?<![.\w]){field}({suffix})?(?!\w)"
    events = {name for name, sql in columns.items() if re.search(pattern, sql)}
    if field in known:
        events = {known[field]}
    if "code" in events:
        events |= {"concept_id", "source_concept_id", "source_value"}
    events |= {"concept_id"} if "given_concept_id" in events else set()
    events |= {f"{name}_or_start" for name in events if name == "end_date"}
    events |= {"value_concept_id"} if "value_code" in events else set()
    events |= {"detail_concept_id"} if "detail_code" in events else set()
    events |= {"unit_concept_id"} if "unit_source_value" in events else set()
    tables = _tables(resource)
    return list(
        dict.fromkeys(
            row["column"]
            for row in mapping("event_columns")
            if row["table"] in tables and row["from"] in events
        )
    )


def _aside(resource: str) -> str:
    rows = _of("fhir_set_aside", resource)
    if not rows:
        return ""
    listed = "; ".join(
        f"{row['field']} "
        + " or ".join(f"`{one}`" for one in row["values"].split("|"))
        + f" (*{row['reason']}*)"
        for row in rows
    )
    return f"Set aside: {listed}."
