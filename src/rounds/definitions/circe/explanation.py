"""A cohort in plain words: who enters, which rules hold, when it ends."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rounds.definitions.circe.wording import (
    SetNames,
    attribute_words,
    noun_of,
    said,
    set_name,
    times,
    window,
)
from rounds.nouns import Cohort
from rounds.nouns.circe import attributes

__all__ = ["explain_cohort"]

_LIMITS: Final = {"all": "each", "first": "the earliest", "last": "the latest"}
_SAID_APART: Final = {"CodesetId", "First", "CorrelatedCriteria", "CriteriaList"}
_STEP: Final = "  "
_ENTRY: Final = "the entry event"
_ITSELF: Final = "that event"
"""What windows within a criterion's own criteria are counted from."""


def explain_cohort(cohort: Cohort) -> str:
    """Say a cohort in plain words.

    Parameters
    ----------
    cohort : Cohort
        Any.

    Returns
    -------
    str
        Lines; every part of the definition is said.

    Examples
    --------
    >>> cohort = Cohort(
    ...     name="deaths",
    ...     title="Deaths",
    ...     expression={
    ...         "PrimaryCriteria": {
    ...             "CriteriaList": [{"Death": {}}],
    ...             "ObservationWindow": {"PriorDays": 365, "PostDays": 0},
    ...         }
    ...     },
    ... )
    >>> print(explain_cohort(cohort).splitlines()[2])
      * death
    """
    return "\n".join(_lines(cohort))


def _lines(cohort: Cohort) -> Iterator[str]:
    expression = cohort.expression
    listed = expression.get("ConceptSets", [])
    sets = {one["id"]: one.get("name", "") for one in listed}
    yield cohort.title
    yield from _entry(expression, sets)
    for n, rule in enumerate(expression.get("InclusionRules", []), 1):
        name = cohort.inclusion_rules[n - 1]
        yield f"Inclusion rule {n}, {name}:"
        if rule.get("description"):
            yield f"{_STEP}({rule['description']})"
        yield from _group(rule["expression"], sets, _STEP)
    if expression.get("InclusionRules"):
        limit = _limit(expression.get("ExpressionLimit"))
        yield f"Of the events that meet every rule, {limit} of a person counts."
    yield from _exit(expression, sets)
    yield from _concept_sets(listed)


def _limit(limit: Mapping[str, Any] | None) -> str:
    kind = "First" if limit is None else limit.get("Type", "First")
    return _LIMITS[kind.lower()]


def _entry(expression: Mapping[str, Any], sets: SetNames) -> Iterator[str]:
    primary = expression["PrimaryCriteria"]
    yield f"A person enters at {_limit(primary.get('PrimaryCriteriaLimit'))} of these:"
    for one in primary["CriteriaList"]:
        yield from _criterion(one, sets, _STEP)
    around = primary["ObservationWindow"]
    prior, post = around.get("PriorDays", 0), around.get("PostDays", 0)
    yield f"with {prior} days of observation before it and {post} after it."
    group = expression.get("AdditionalCriteria")
    if group and any(
        map(group.get, ("CriteriaList", "DemographicCriteriaList", "Groups"))
    ):
        yield "An event qualifies only if:"
        yield from _group(group, sets, _STEP)
        limit = _limit(expression.get("QualifiedLimit"))
        yield f"Of these, {limit} of a person is kept."


def _criterion(
    wrapped: Mapping[str, Any], sets: SetNames, indent: str, before: str = ""
) -> Iterator[str]:
    ((kind, body),) = wrapped.items()
    first = "first ever " if body.get("First") else ""
    codes = body.get("CodesetId")
    of = f" of {set_name(codes, sets)}" if codes is not None else ""
    words = list(_attributes(kind, body, sets))
    told = f": {'; '.join(words)}" if words else ""
    yield f"{indent}* {before}{first}{noun_of(kind)}{of}{told}"
    for inner in body.get("CriteriaList", []) if kind == "CustomEra" else []:
        yield from _criterion(inner, sets, indent + _STEP, "joined from ")
    if body.get("CorrelatedCriteria"):
        yield f"{indent}{_STEP}which has, around itself:"
        inner = body["CorrelatedCriteria"]
        yield from _group(inner, sets, indent + 2 * _STEP, _ITSELF)


def _attributes(kind: str, body: Mapping[str, Any], sets: SetNames) -> Iterator[str]:
    types = attributes(kind)
    for name, value in body.items():
        if name in _SAID_APART or name.endswith("Exclude") or value in (False, []):
            continue
        told = said(types[name], value, sets)
        if body.get(f"{name}Exclude"):
            told = f"other than {told}"
        yield attribute_words(kind, name).format(told)


def _group(
    group: Mapping[str, Any], sets: SetNames, indent: str, index: str = _ENTRY
) -> Iterator[str]:
    parts = [
        *(
            list(_counted(one, sets, indent + _STEP, index))
            for one in _of(group, "CriteriaList")
        ),
        *(
            [f"{indent}{_STEP}* the person is {_demographic(one, sets)}"]
            for one in _of(group, "DemographicCriteriaList")
        ),
        *(
            list(_group(one, sets, indent + _STEP, index))
            for one in _of(group, "Groups")
        ),
    ]
    if not parts:
        yield f"{indent}nothing more is asked"
        return
    yield f"{indent}{_how_many(group)}:"
    for part in parts:
        yield from part


def _of(group: Mapping[str, Any], name: str) -> list[Any]:
    return group.get(name) or []


def _how_many(group: Mapping[str, Any]) -> str:
    kind, count = group["Type"].upper(), group.get("Count")
    return {
        "ALL": "all of",
        "ANY": "any of",
        "AT_LEAST": f"at least {count} of",
        "AT_MOST": f"at most {count} of",
    }[kind]


def _counted(
    correlated: Mapping[str, Any], sets: SetNames, indent: str, index: str
) -> Iterator[str]:
    ignore = bool(correlated.get("IgnoreObservationPeriod"))
    before = f"{times(correlated['Occurrence'])} "
    first, *rest = _criterion(correlated["Criteria"], sets, indent, before)
    conditions = [window(correlated["StartWindow"], index, ends=False)]
    if "EndWindow" in correlated:
        conditions.append(window(correlated["EndWindow"], index, ends=True))
    if correlated.get("RestrictVisit"):
        conditions.append("in the same visit")
    if ignore:
        conditions.append("in or out of observation")
    yield f"{first}, {', and '.join(conditions)}"
    yield from rest


def _demographic(part: Mapping[str, Any], sets: SetNames) -> str:
    words = list(_attributes("DemographicCriteria", part, sets))
    return "; ".join(words) or "anybody"


def _exit(expression: Mapping[str, Any], sets: SetNames) -> Iterator[str]:
    yield f"A person leaves {_strategy(expression.get('EndStrategy'), sets)}."
    if expression.get("CensoringCriteria"):
        yield "Earlier, if one of these starts meanwhile:"
        for one in expression["CensoringCriteria"]:
            yield from _criterion(one, sets, _STEP)
    pad = expression.get("CollapseSettings", {}).get("EraPad", 0)
    yield f"Periods of one person that are at most {pad} days apart become one."
    within = expression.get("CensorWindow") or {}
    if within:
        yield f"Only days {said('Period', within, sets)} count."


def _strategy(strategy: Mapping[str, Any] | None, sets: SetNames) -> str:
    if not strategy:
        return "at the end of the observation period"
    ((kind, body),) = strategy.items()
    offset = body.get("Offset", 0)
    if kind == "DateOffset":
        at = "start" if body.get("DateField", "StartDate") == "StartDate" else "end"
        side = "after" if offset >= 0 else "before"
        return (
            f"{abs(offset)} days {side} the event's {at}, or at the end of observation"
        )
    override = body.get("DaysSupplyOverride")
    each = f", each taken to last {override} days" if override is not None else ""
    return (
        f"when exposure to {set_name(body['DrugCodesetId'], sets)} ends: exposures at "
        f"most {body.get('GapDays', 0)} days apart are one{each}, and {offset} days "
        "are added"
    )


def _concept_sets(listed: list[dict[str, Any]]) -> Iterator[str]:
    if not listed:
        return
    yield "Concept sets:"
    for one in listed:
        yield f"{_STEP}{set_name(one['id'], {one['id']: one.get('name', '')})}"
        for item in one["expression"]["items"]:
            concept = item["concept"]
            words = [
                f"{concept['CONCEPT_ID']} {concept.get('CONCEPT_NAME', '')}".strip()
            ]
            words += ["with all below it"] if item.get("includeDescendants") else []
            words += ["and what maps to it"] if item.get("includeMapped") else []
            sign = "but not" if item.get("isExcluded") else "*"
            yield f"{_STEP * 2}{sign} {', '.join(words)}"
