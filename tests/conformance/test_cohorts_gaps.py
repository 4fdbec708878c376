"""What a cohort says is in its SQL, or refused by name: nothing is lost without a word."""

import random

import duckdb
import pytest

from rounds.datamart.cohorts import compile_cohort
from rounds.datamart.cohorts.circe_sql import _gaps, gaps
from rounds.nouns import DefinitionError
from rounds.nouns.circe import attributes, criteria_classes
from stories.cohort_engines import alone, duckdb_with
from stories.cohort_random import DOMAINS, sets_of, value_of

COUNTED = {"Episode": "DOMAIN_CONCEPT", "PayerPlanPeriod": "DOMAIN_CONCEPT", "VisitDetail": "VISIT_DETAIL_ID"}  # fmt: skip
CANNOT_RUN = [
    ("DrugExposure", {"DoseUnit": [{"CONCEPT_ID": 8840}]}),
    ("DrugExposure", {"DoseUnitCS": {"IsExclusion": True}}),
    ("Measurement", {"Abnormal": True}),
    ("VisitOccurrence", {"PlaceOfServiceLocation": 0}),
    ("VisitDetail", {"PlaceOfServiceLocation": 0}),
    *((kind, {"CountColumn": column}) for kind, column in COUNTED.items()),
]
"""Circe writes SQL of these that fails."""
DAYS = {"Op": "gte", "Value": "2016-01-01"}
MOVED = {"StartWith": "END_DATE", "EndWith": "END_DATE", "StartOffset": 1}
LEFT_OUT = [
    ("CustomEra", {"CorrelatedCriteria": {"Type": "ALL"}}),
    ("DrugExposure", {"EffectiveDrugDose": {"Op": "gt", "Value": 2.5}}),
    ("LocationRegion", {"DateAdjustment": MOVED}),
    ("LocationRegion", {"StartDate": DAYS}),
    ("LocationRegion", {"EndDate": DAYS}),
    ("Specimen", {"DateAdjustment": MOVED}),
    ("Specimen", {"SpecimenSourceConcept": 0}),
]
"""Circe writes no SQL of these: the cohort would be another than was meant."""
NEEDED = {"CustomEra": {"CriteriaList": [{"Death": {}}]}}
"""Without which a criterion is none."""
DRAWS = 8
"""Some values ask for nothing: an empty group, a false."""


@pytest.fixture(scope="module")
def engine():
    with duckdb_with() as connection:
        yield connection


@pytest.fixture
def unguarded(monkeypatch):
    """Compile what is otherwise refused."""
    place = "rounds.datamart.cohorts.circe_sql._refuse_gaps"
    monkeypatch.setattr(place, lambda _: None)


def expression_with(kind, body):
    column = body.get("CountColumn")
    criterion = {kind: {} if column else {**NEEDED.get(kind, {}), **body}}
    counted = {"Type": 2, "Count": 1, "IsDistinct": True, "CountColumn": column}
    within = {"Start": {"Coeff": -1}, "End": {"Coeff": 1}}
    one = {"Criteria": criterion, "StartWindow": within, "Occurrence": counted}
    rule = {"name": "r", "expression": {"Type": "ALL", "CriteriaList": [one]}}
    return {
        "ConceptSets": sets_of(random.Random(1)),
        "PrimaryCriteria": {
            "CriteriaList": [{"Death": {}} if column else criterion],
            "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
        },
        **({"InclusionRules": [rule]} if column else {}),
    }


@pytest.mark.parametrize(("kind", "body"), CANNOT_RUN + LEFT_OUT)
def test_a_declared_gap_is_refused_by_name(kind, body):
    with pytest.raises(DefinitionError) as caught:
        compile_cohort(expression_with(kind, body), "duckdb")
    assert caught.value.code == "cohort-gap"
    assert kind in caught.value.what


@pytest.mark.parametrize(("kind", "body"), CANNOT_RUN)
def test_sql_that_fails_still_does(engine, unguarded, kind, body):
    """It shouts when Circe's SQL begins to run: the gap can then be closed."""
    with pytest.raises(duckdb.BinderException):
        alone(engine, [expression_with(kind, body)])


@pytest.mark.parametrize(("kind", "body"), LEFT_OUT)
def test_what_is_left_out_still_is(unguarded, kind, body):
    """It shouts when Circe begins to write it: the gap can then be closed."""
    with_it = compile_cohort(expression_with(kind, body), "duckdb")
    assert with_it == compile_cohort(expression_with(kind, {}), "duckdb")


def test_every_gap_is_tested():
    tested = {
        (kind, f"CountColumn {body['CountColumn']}" if "CountColumn" in body else next(iter(body)))
        for kind, body in CANNOT_RUN + LEFT_OUT
    }  # fmt: skip
    assert tested == set(_gaps())


@pytest.mark.parametrize("kind", criteria_classes())
def test_whatever_is_no_gap_changes_the_sql(kind):
    """Every attribute of every criterion."""
    luck, given = random.Random(7), NEEDED.get(kind, {})
    without = compile_cohort(expression_with(kind, {}), "duckdb")
    for name, type_ in attributes(kind).items():
        # Whether a list of types is of those left out is said beside the list.
        beside = {}
        if name.endswith("TypeExclude"):
            beside = {name.removesuffix("Exclude"): [{"CONCEPT_ID": 32817}]}
        drawn = [
            value_of(luck, type_, name, DOMAINS.get(kind), 1) for _ in range(DRAWS)
        ]
        asked = [expression_with(kind, {**beside, name: each}) for each in drawn]
        if name in given or gaps(asked[0]):
            continue
        made = (compile_cohort(one, "duckdb") for one in asked if not gaps(one))
        bare = without
        if beside:
            bare = compile_cohort(expression_with(kind, beside), "duckdb")
        assert any(one != bare for one in made), name
