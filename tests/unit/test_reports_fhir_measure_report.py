"""A MeasureReport holds what the gate told, in FHIR's own elements, and no more."""

import datetime as dt
import json

import pytest

from rounds.datamart.sql_on_fhir.elements import children_of
from rounds.definitions import builtin_measures
from rounds.nouns import MeasureResult, NotEstimable, Period, UnitResult
from rounds.reports.fhir_measure_report import measure_report, measure_reports

MEASURE = builtin_measures()["blood-pressure-control"]
MADE = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
YEAR = Period(start="2025-01-01", end="2025-12-31")
FHIR_S = "http://terminology.hl7.org/CodeSystem/measure-population"


def unit(name, denominator, numerator):
    share = None if numerator is None else numerator / denominator
    ends = {} if share is None else {"lower": share - 0.1, "upper": share + 0.1}
    return UnitResult(
        unit=name,
        denominator=denominator,
        numerator=numerator,
        value=share,
        suppressed=numerator is None,
        **ends,
    )


def result(**changed):
    given = {
        "measure": MEASURE.ref(),
        "period": YEAR,
        "snapshot": "ef8239e436e5cf79",
        "populations": {
            "denominator": 400,
            "denominator_exclusion": 30,
            "initial_population": 430,
            "numerator": 300,
        },
        "overall": unit("overall", 400, 300),
        "by_characteristic": "sex,age",
        "by": (unit("F · 18–44", 250, 200), unit("M · 18–44", None, None)),
    }
    return MeasureResult(**given | changed)


def counts(populations):
    return {
        (one["code"]["coding"][0]["system"], one["code"]["coding"][0]["code"]): one.get(
            "count"
        )
        for one in populations
    }


def unknown_elements(given, kind, at=""):
    """Give what FHIR R4 has no element for, and what is one where it is many."""
    elements = {
        one.json_name(sort): (one, sort)
        for one in children_of(kind)
        for sort in one.types
    }
    for name, value in given.items():
        where = f"{at}.{name}"
        if name == "resourceType":
            continue
        plain = name.removeprefix("_")
        if plain not in elements:
            yield where
            continue
        element, sort = elements[plain]
        if name.startswith("_"):
            sort = "Element"
        if isinstance(value, list) != element.many:
            yield f"{where} is one or many"
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                inner = one.get("resourceType", sort)
                yield from unknown_elements(one, inner, where)


def test_every_element_is_one_of_fhir_r4():
    report = measure_report(MEASURE, YEAR, result(limitations=("A < B",)), made=MADE)
    assert list(unknown_elements(report, "MeasureReport")) == []
    found = measure_reports(
        MEASURE, [(YEAR, result()), (YEAR, NotEstimable(reason="none"))], made=MADE
    )
    assert list(unknown_elements(found, "Bundle")) == []
    assert found["type"] == "collection"
    assert len(found["entry"]) == 2
    assert json.loads(json.dumps(found)) == found


def test_the_check_above_sees_what_is_wrong():
    wrong = {"resourceType": "MeasureReport", "group": {"score": 1}}
    assert list(unknown_elements(wrong, "MeasureReport")) == [
        ".group is one or many",
        ".group.score",
    ]


def test_the_denominator_counts_whoever_is_excluded_as_fhir_has_it():
    """As the CMS146 example of the specification: 500 counted, 100 of them excluded."""
    (group,) = measure_report(MEASURE, YEAR, result(), made=MADE)["group"]
    assert counts(group["population"]) == {
        (FHIR_S, "initial-population"): 430,
        (FHIR_S, "denominator"): 430,
        (FHIR_S, "denominator-exclusion"): 30,
        (FHIR_S, "numerator"): 300,
        ("urn:rounds:measure-population", "scored"): 400,
    }
    score = group["measureScore"]
    assert (score["value"], score["code"]) == (0.75, "1")
    ends = score["extension"][0]["valueRange"]
    assert ends == {"low": {"value": 0.65}, "high": {"value": 0.85}}


def test_what_is_suppressed_is_masked_and_has_no_score():
    (group,) = measure_report(MEASURE, YEAR, result(), made=MADE)["group"]
    (stratifier,) = group["stratifier"]
    assert [one["text"] for one in stratifier["code"]] == ["sex", "age"]
    told, hidden = stratifier["stratum"]
    assert [one["value"]["text"] for one in told["component"]] == ["F", "18–44"]
    assert told["measureScore"]["value"] == 0.8
    assert "measureScore" not in hidden
    assert set(counts(hidden["population"]).values()) == {None}
    for one in hidden["population"]:
        (reason,) = one["_count"]["extension"]
        assert reason["valueCode"] == "masked"


def test_a_hidden_exclusion_hides_the_sum_that_would_give_it_back():
    few = {
        "denominator": 400,
        "denominator_exclusion": None,
        "initial_population": None,
        "numerator": 300,
    }
    found = measure_report(MEASURE, YEAR, result(populations=few), made=MADE)
    told = counts(found["group"][0]["population"])
    assert told[FHIR_S, "denominator"] is None
    assert told[FHIR_S, "numerator"] == 300


def test_what_could_not_be_estimated_is_an_error_with_its_reason():
    why = NotEstimable(reason="Nobody is in the denominator & no code is used.")
    report = measure_report(MEASURE, YEAR, why, made=MADE)
    assert report["status"] == "error"
    assert "group" not in report
    assert "denominator &amp; no code" in report["text"]["div"]
    assert list(unknown_elements(report, "MeasureReport")) == []


@pytest.mark.parametrize("name", ["opioid-quantity-at-discharge"])
def test_a_continuous_variable_has_its_own_populations_and_unit(name):
    measure = builtin_measures()[name]
    assert measure.scoring == "continuous-variable"
    whole = UnitResult(unit="overall", denominator=90, value=12.5, lower=11, upper=14)
    populations = {
        "initial_population": 100,
        "denominator": 95,
        "denominator_exclusion": 5,
        "observed": 90,
    }
    found = result(
        measure=measure.ref(),
        scoring=measure.scoring,
        populations=populations,
        overall=whole,
        by=(),
    )
    (group,) = measure_report(measure, YEAR, found, made=MADE)["group"]
    assert counts(group["population"]) == {
        (FHIR_S, "initial-population"): 100,
        (FHIR_S, "measure-population"): 100,
        (FHIR_S, "measure-population-exclusion"): 5,
        ("urn:rounds:measure-population", "scored"): 90,
    }
    assert group["measureScore"]["value"] == 12.5
    assert group["measureScore"].get("code", "") == measure.unit
