"""Cohorts as a site has them: a few entry events, subgroups and exits, all combined.

A hundred: five entry events, five subgroups, two spans of observation before, two ways
to end. They use the same ten concept sets, as definitions that are copied in ATLAS do.
"""

from itertools import product

from stories.cohort_cdm import CONCEPTS

SETS = [
    {
        "id": n,
        "name": name,
        "expression": {
            "items": [{"concept": {"CONCEPT_ID": ids[0]}, "includeDescendants": True}]
        },
    }
    for n, (name, ids) in enumerate(CONCEPTS.items())
]
CODES = {one["name"]: one["id"] for one in SETS}


def any_time(days_before=None, days_after=0):
    """Give a window around the entry; all of the past if no days are named."""
    before = (
        {"Coeff": -1} if days_before is None else {"Days": days_before, "Coeff": -1}
    )
    return {"Start": before, "End": {"Days": days_after, "Coeff": 1}}


def sought(criterion, window, kind=2, count=1):
    return {
        "Criteria": criterion,
        "StartWindow": window,
        "Occurrence": {"Type": kind, "Count": count},
    }


def rule(name, *criteria, people=()):
    return {
        "name": name,
        "expression": {
            "Type": "ALL",
            "CriteriaList": list(criteria),
            "DemographicCriteriaList": list(people),
            "Groups": [],
        },
    }


ENTRIES = (
    ({"ConditionOccurrence": {"CodesetId": CODES["condition"]}}, "First"),
    ({"DrugExposure": {"CodesetId": CODES["drug"]}}, "First"),
    ({"VisitOccurrence": {"CodesetId": CODES["visit"]}}, "All"),
    ({"ProcedureOccurrence": {"CodesetId": CODES["procedure"]}}, "All"),
    ({"DrugEra": {"CodesetId": CODES["drug"]}}, "First"),
)
WOMEN = rule("women", people=[{"Gender": [{"CONCEPT_ID": 8532}]}])
OLD = rule("65 or older", people=[{"Age": {"Op": "gte", "Value": 65}}])
MEASURED = rule(
    "a high reading within a year before",
    sought(
        {
            "Measurement": {
                "CodesetId": CODES["measurement"],
                "ValueAsNumber": {"Op": "gt", "Value": 120},
            }
        },
        any_time(365),
    ),
)
NEW = rule(
    "no such device before",
    sought({"DeviceExposure": {"CodesetId": CODES["device"]}}, any_time(), 0, 0),
)
SEEN = rule(
    "two visits within a year before",
    sought({"VisitOccurrence": {"CodesetId": CODES["visit"]}}, any_time(365), 2, 2),
)
SUBGROUPS = ((), (WOMEN, SEEN), (OLD, SEEN), (MEASURED, NEW), (OLD, MEASURED, NEW))
DAYS_BEFORE = (0, 180)
EXITS = (
    None,
    {"DateOffset": {"DateField": "StartDate", "Offset": 365}},
)


def family():
    """Give the hundred expressions."""
    return [
        {
            "ConceptSets": SETS,
            "PrimaryCriteria": {
                "CriteriaList": [entry],
                "ObservationWindow": {"PriorDays": days, "PostDays": 0},
                "PrimaryCriteriaLimit": {"Type": limit},
            },
            "QualifiedLimit": {"Type": "All"},
            "ExpressionLimit": {"Type": "All"},
            "InclusionRules": list(rules),
            "CollapseSettings": {"CollapseType": "ERA", "EraPad": 0},
        }
        | ({"EndStrategy": ends} if ends else {})
        for (entry, limit), rules, days, ends in product(
            ENTRIES, SUBGROUPS, DAYS_BEFORE, EXITS
        )
    ]
