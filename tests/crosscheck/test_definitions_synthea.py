"""Blood pressure control on Synthea's 615 patients, counted again by hand from the JSON."""

import datetime as dt
import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest

from rounds.datamart import Datamart, load, run_measure
from rounds.definitions import builtin_measures
from rounds.nouns import Comparison, Measure, Period

SOURCE = Path(__file__).parents[3] / "shared" / "data" / "synthea-fhir-r4"
MEASURE = builtin_measures()["blood-pressure-control"]


def resources(kind):
    with gzip.open(SOURCE / f"{kind}.ndjson.gz", "rt") as lines:
        for line in lines:
            yield json.loads(line)


def codes(resource):
    return {coding["code"] for coding in resource.get("code", {}).get("coding", [])}


def person(resource):
    return resource["subject"]["reference"].rpartition("/")[2]


def day(text):
    """The local day as written."""
    return dt.date.fromisoformat(text[:10])


@pytest.fixture(scope="module")
def facts():
    if not SOURCE.is_dir():
        pytest.skip("shared data absent")
    born, hypertension, pregnant = {}, defaultdict(list), defaultdict(list)
    visits, readings, kinds = defaultdict(list), defaultdict(dict), {}
    for one in resources("Patient"):
        born[one["id"]] = day(one["birthDate"])
    for one in resources("Condition"):
        ended = (
            day(one["abatementDateTime"]) if "abatementDateTime" in one else dt.date.max
        )
        span = (day(one["onsetDateTime"]), ended)
        if codes(one) & {"38341003", "59621000", "I10"}:
            hypertension[person(one)].append(span)
        if codes(one) & {"72892002", "77386006"}:
            pregnant[person(one)].append(span)
    for one in resources("Encounter"):
        kinds[one["id"]] = one["class"]["code"]
        visits[person(one)].append((day(one["period"]["start"]), one["class"]["code"]))
    for one in resources("Observation"):
        if not codes(one) & {"85354-9", "55284-4"}:
            continue
        if kinds[one["encounter"]["reference"].rpartition("/")[2]] in {"EMER", "IMP"}:
            continue
        of_day = readings[person(one)].setdefault(
            day(one["effectiveDateTime"]), ([], [])
        )
        for part in one["component"]:
            quantity = part["valueQuantity"]
            if quantity.get("code") == "mm[Hg]":
                of_day["8462-4" in codes(part)].append(quantity["value"])
    return born, hypertension, pregnant, visits, readings


def by_hand(facts, year, systolic, diastolic):
    born, hypertension, pregnant, visits, readings = facts
    first, last, half = dt.date(year, 1, 1), dt.date(year, 12, 31), dt.date(year, 6, 30)
    initial = denominator = numerator = 0
    for who, birth in born.items():
        age = last.year - birth.year  # On 31 December the birthday has been.
        if not 18 <= age <= 85:
            continue
        if not any(
            begun <= half and ended >= first for begun, ended in hypertension[who]
        ):
            continue
        if not any(
            first <= when <= last and kind == "AMB" for when, kind in visits[who]
        ):
            continue
        initial += 1
        if any(begun <= last and ended >= first for begun, ended in pregnant[who]):
            continue
        denominator += 1
        paired = [
            when
            for when, (high, low) in readings[who].items()
            if first <= when <= last and high and low
        ]
        if paired:
            high, low = readings[who][max(paired)]
            numerator += min(high) < systolic and min(low) < diastolic
    return {
        "initial_population": initial,
        "denominator": denominator,
        "numerator": numerator,
    }


def at_limits(systolic, diastolic):
    """The same measure with other limits: Synthea's patients are hardly ever below 140."""
    compares = [
        one.model_copy(update={"range": Comparison(below=limit)})
        for one, limit in zip(MEASURE.numerator.of, (systolic, diastolic), strict=True)
    ]
    numerator = MEASURE.numerator.model_copy(update={"of": tuple(compares)})
    return Measure.model_validate(MEASURE.model_copy(update={"numerator": numerator}))


@pytest.fixture(scope="module")
def datamart(facts, tmp_path_factory):
    path = tmp_path_factory.mktemp("synthea") / "datamart"
    load(SOURCE, path)
    with Datamart.open(path) as opened:
        yield opened


@pytest.mark.parametrize("year", [2012, 2015, 2018])
@pytest.mark.parametrize("limits", [(140, 90), (160, 100), (170, 105)])
def test_counts_are_those_of_a_count_by_hand(facts, datamart, year, limits):
    """Loading and measuring give what forty lines of Python read out of the JSON."""
    period = Period(start=dt.date(year, 1, 1), end=dt.date(year, 12, 31))
    result = run_measure(datamart, at_limits(*limits), period)
    expected = by_hand(facts, year, *limits)
    assert {name: result.populations[name] for name in expected} == expected
    assert expected["numerator"] > 0 or limits == (140, 90)


def test_sites_add_up(datamart):
    """The sites' denominators and numerators add up to the whole."""
    period = Period(start=dt.date(2018, 1, 1), end=dt.date(2018, 12, 31))
    result = run_measure(datamart, at_limits(170, 105), period, by="care_site")
    assert sum(unit.denominator for unit in result.by) == result.overall.denominator
    assert sum(unit.numerator for unit in result.by) == result.overall.numerator
    assert len(result.by) > 20
