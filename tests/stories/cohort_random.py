"""Cohorts that nobody wrote: of every class, attribute, window and end that Circe has."""

import random

from rounds.datamart.cohorts.circe_sql import gaps
from rounds.nouns import Cohort
from rounds.nouns.circe import attributes, criteria_classes
from stories.cohort_cdm import CONCEPTS

DOMAINS = {
    "ConditionOccurrence": "condition", "DrugExposure": "drug", "ProcedureOccurrence": "procedure",
    "Measurement": "measurement", "Observation": "observation", "DeviceExposure": "device",
    "Specimen": "specimen", "VisitOccurrence": "visit", "VisitDetail": "visit", "Death": "cause",
    "Episode": "episode", "ConditionEra": "condition", "DrugEra": "drug", "DoseEra": "drug",
}  # fmt: skip
SETS = list(CONCEPTS)
"""The n-th domain has the concept set n, and n + 20 for one concept of it."""
CLASSES = [one for one in criteria_classes() if one != "LocationRegion"]
OFTEN = {
    "CodesetId": 0.85,
    "First": 0.15,
    "CorrelatedCriteria": 0.1,
    "DateAdjustment": 0.1,
}
CONCEPT_IDS = (8507, 8532, 32817, 38004446, 9201, 8717, 45884084, 8840, 0)


def sets_of(rng):
    made = []
    for n, name in enumerate(SETS):
        first, *rest = CONCEPTS[name]
        flag = {"includeDescendants": True, "includeMapped": rng.random() < 0.3}
        items = [{"concept": {"CONCEPT_ID": first}, **flag}]
        if rng.random() < 0.5:
            items.append(
                {"concept": {"CONCEPT_ID": rng.choice(rest)}, "isExcluded": True}
            )
        made.append({"id": n, "name": name, "expression": {"items": items}})
        one = {
            "concept": {"CONCEPT_ID": rng.choice(rest)},
            "includeMapped": rng.random() < 0.3,
        }
        made.append(
            {"id": n + 20, "name": f"one {name}", "expression": {"items": [one]}}
        )
    return made


def day(rng):
    return (
        f"{rng.randint(2015, 2019)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    )


def span(rng, value):
    op = rng.choice(("lt", "lte", "eq", "!eq", "gt", "gte", "bt", "!bt"))
    low, high = sorted((value(), value()))
    return {"Op": op, "Value": low} | ({"Extent": high} if op.endswith("bt") else {})


def value_of(rng, kind, name, domain, depth):
    if name == "CodesetId" or kind == "codeset":
        return SETS.index(domain or rng.choice(SETS)) + rng.choice((0, 0, 20))
    if kind == "NumericRange":
        top = 90 if "Age" in name else 130 if "Value" in name or "Range" in name else 30
        return span(rng, lambda: rng.randint(0, top))
    if kind == "DateRange":
        return span(rng, lambda: day(rng))
    if kind == "Concept[]":
        return [{"CONCEPT_ID": one} for one in rng.sample(CONCEPT_IDS, 3)]
    if kind == "ConceptSetSelection":
        return {
            "CodesetId": rng.randrange(len(SETS)),
            "IsExclusion": rng.random() < 0.5,
        }
    if kind == "TextFilter":
        ops = ("contains", "startsWith", "endsWith")
        return {
            "Text": rng.choice(("s", "it's", "1", "e")),
            "Op": rng.choice(("", "!")) + rng.choice(ops),
        }
    if kind == "Period":
        return {"StartDate": "2016-05-01", "EndDate": "2017-05-01"}
    if kind == "DateAdjustment":
        ends = ("START_DATE", "END_DATE")
        return {
            "StartWith": rng.choice(ends),
            "StartOffset": rng.randint(-30, 30),
            "EndWith": rng.choice(ends),
            "EndOffset": rng.randint(0, 60),
        }
    if kind == "CriteriaGroup":
        return group(rng, depth + 1)
    if kind == "Criterion[]":
        return [criterion(rng, depth + 1) for _ in range(rng.randint(1, 2))]
    return rng.random() < 0.5 if kind == "boolean" else rng.randint(0, 30)


def criterion(rng, depth=0, kinds=CLASSES):
    kind = rng.choice(kinds if depth < 2 else [k for k in kinds if k != "CustomEra"])
    body = {}
    for name, type_ in attributes(kind).items():
        needed = kind == "CustomEra" and name == "CriteriaList"
        if type_ == "CriteriaGroup" and depth > 1:
            continue
        if needed or rng.random() < OFTEN.get(name, 0.06):
            body[name] = value_of(rng, type_, name, DOMAINS.get(kind), depth)
    return {kind: body}


def endpoint(rng, side):
    if rng.random() < 0.3:
        return {"Coeff": side}
    return {"Days": rng.randint(0, 400), "Coeff": side if rng.random() < 0.8 else -side}


def window(rng):
    made = {"Start": endpoint(rng, -1), "End": endpoint(rng, 1)}
    for name in ("UseIndexEnd", "UseEventEnd"):
        if rng.random() < 0.25:
            made[name] = rng.random() < 0.7
    return made


def group(rng, depth=0):
    listed = [correlated(rng, depth) for _ in range(rng.randint(0 if depth else 1, 2))]
    people = (
        [{"Age": span(rng, lambda: rng.randint(0, 90))}] if rng.random() < 0.3 else []
    )
    inner = [group(rng, depth + 1)] if depth < 2 and rng.random() < 0.2 else []
    made = {
        "Type": rng.choice(("ALL", "ANY", "AT_LEAST", "AT_MOST")),
        "CriteriaList": listed,
        "DemographicCriteriaList": people,
        "Groups": inner,
    }
    if made["Type"].startswith("AT"):
        made["Count"] = rng.randint(0, 2)
    return made


def correlated(rng, depth):
    made = {
        "Criteria": criterion(rng, depth + 1),
        "StartWindow": window(rng),
        "Occurrence": {"Type": rng.randint(0, 2), "Count": rng.randint(0, 2)},
    }
    if rng.random() < 0.3:
        made["EndWindow"] = window(rng)
    for name in ("RestrictVisit", "IgnoreObservationPeriod"):
        if rng.random() < 0.1:
            made[name] = True
    if rng.random() < 0.2:
        made["Occurrence"] |= {"IsDistinct": True, "CountColumn": "START_DATE"}
    return made


def end_strategy(rng):
    if rng.random() < 0.5:
        return {
            "DateOffset": {
                "DateField": rng.choice(("StartDate", "EndDate")),
                "Offset": rng.randint(0, 200),
            }
        }
    return {
        "CustomEra": {
            "DrugCodesetId": SETS.index("drug"),
            "GapDays": rng.randint(0, 40),
            "Offset": rng.randint(0, 10),
        }
    }


def drawn(seed):
    """Give a cohort drawn by chance; the same seed gives the same."""
    rng = random.Random(seed)
    limit = lambda: {"Type": rng.choice(("All", "First", "Last"))}  # noqa: E731
    made = {
        "ConceptSets": sets_of(rng),
        "PrimaryCriteria": {
            "CriteriaList": [criterion(rng) for _ in range(rng.randint(1, 3))],
            "ObservationWindow": {
                "PriorDays": rng.choice((0, 0, 180)),
                "PostDays": rng.choice((0, 30)),
            },
            "PrimaryCriteriaLimit": limit(),
        },
        "QualifiedLimit": limit(),
        "ExpressionLimit": limit(),
        "InclusionRules": [
            {"name": f"rule {n}", "expression": group(rng)}
            for n in range(rng.randint(0, 3))
        ],
        "CollapseSettings": {"CollapseType": "ERA", "EraPad": rng.choice((0, 0, 30))},
    }
    if rng.random() < 0.3:
        made["AdditionalCriteria"] = group(rng)
    if rng.random() < 0.6:
        made["EndStrategy"] = end_strategy(rng)
    if rng.random() < 0.3:
        made["CensoringCriteria"] = [criterion(rng)]
    if rng.random() < 0.3:
        made["CensorWindow"] = {"StartDate": "2016-02-01", "EndDate": "2019-03-01"}
    expression = Cohort(name="drawn", title="Drawn", expression=made).expression
    return drawn(seed + 1_000_003) if gaps(expression) else expression
