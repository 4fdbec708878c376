"""Operators and boundaries in a view, worked out from FHIRPath."""

import duckdb
import pytest

from rounds.datamart.sql_on_fhir.boundaries import boundary
from rounds.datamart.sql_on_fhir.values import Value
from stories.views import value, values

OBSERVATION = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "effectiveDateTime": "2024-03-10T01:30:00+02:00",
    "valueQuantity": {"value": 6.5, "unit": "%"},
    "referenceRange": [{"low": {"value": 4}, "high": {"value": 6}}],
    "component": [
        {"code": {"text": "a"}, "valueInteger": 1},
        {"code": {"text": "b"}, "valueInteger": 2},
    ],
}
MONTH = {"resourceType": "Patient", "id": "m", "birthDate": "1970-06"}
DAY = {"resourceType": "Patient", "id": "d", "birthDate": "1970-06-15"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("value.ofType(Quantity).value > 6", True),
        ("value.ofType(Quantity).value <= referenceRange.high.value", False),
        ("referenceRange.low.value = 4.0", True),
        ("1 + 2", 3),
        ("7 div 2", 3),
        ("7 mod 2", 1),
        ("-(1 + 2)", -3),
        ("0.1 + 0.2 = 0.3", True),
        ("1 / 0 > 1", None),
        ("'a' + 'b'", "ab"),
        ("'a' + {}", None),
        ("'a' & {}", "a"),
        ("status = 'final' and issued.exists()", False),
        ("status = 'final' or {}", True),
        ("status = 'other' and {}", False),
        ("(status = 'other') implies false", True),
        ("true xor true", False),
        ("({} = true).exists()", False),
        ("component.code.text = 'a'", False),
        ("component.code.text != component.code.text", False),
        ("component.code.text = ('a' | 'b')", True),
        ("'b' in component.code.text", True),
        ("component.code.text contains 'c'", False),
        ("('b' | 'a' | 'b').join()", "ba"),
        ("component.where(value.ofType(integer) > 1).code.text", "b"),
        ("%loinc", "http://loinc.org"),
    ],
)
def test_an_operator_gives_what_fhirpath_says(path, expected):
    assert value(path, OBSERVATION) == expected


def test_numbers_are_given_as_fhir_writes_them():
    assert value("value.ofType(Quantity).value", OBSERVATION) == "6.5"
    assert value("3 / 2", OBSERVATION, type="decimal") == "1.5"
    as_double = {"tag": [{"name": "ansi/type", "value": "DOUBLE PRECISION"}]}
    assert value("value.ofType(Quantity).value", OBSERVATION, **as_double) == 6.5
    assert values("component.value.ofType(integer)", OBSERVATION) == [1, 2]


@pytest.mark.parametrize(
    ("path", "month", "day"),
    [
        ("birthDate = @1970-06", True, None),
        ("birthDate = @1970-06-15", None, True),
        ("birthDate < @1970-07", True, True),
        ("birthDate > @1970-06-14", None, True),
        ("birthDate != @1971", True, True),
        ("birthDate >= @1970", None, None),
    ],
)
def test_dates_are_compared_as_far_as_both_are_precise(path, month, day):
    """What is not decided by then is empty, neither true nor false."""
    assert value(path, MONTH) is month
    assert value(path, DAY) is day


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("effective.ofType(dateTime) = @2024-03-09T23:30:00Z", True),
        ("effective.ofType(dateTime) < @2024-03-10T00:00:00Z", True),
        ("effective.ofType(dateTime) > @2024-03-09", True),
        ("effective.ofType(dateTime) = @2024-03-10", None),
        ("@T10:30:00 < @T11:00:00", True),
    ],
)
def test_moments_are_compared_in_one_time_zone(path, expected):
    assert value(path, OBSERVATION) is expected


@pytest.mark.parametrize(
    ("path", "low", "high"),
    [
        ("1.587.{}()", "1.58650000", "1.58750000"),
        ("1.587.{}(6)", "1.586500", "1.587500"),
        ("1.587.{}(2)", "1.58", "1.59"),
        ("1.587.{}(0)", "1", "2"),
        ("(-1.587).{}(2)", "-1.59", "-1.58"),
        ("(-1.587).{}(0)", "-2", "-1"),
        ("100.{}(1)", "99.5", "100.5"),
        ("1.5.{}(9)", None, None),
        ("@2014.{}(6)", "2014-01", "2014-12"),
        ("@2012-02.{}()", "2012-02-01", "2012-02-29"),
        (
            "@2014-01-01T08.{}(14)",
            "2014-01-01T08:00:00+14:00",
            "2014-01-01T08:59:59-12:00",
        ),
        (
            "@2014-01-01T08:30:00Z.{}()",
            "2014-01-01T08:30:00.000Z",
            "2014-01-01T08:30:00.999Z",
        ),
        ("@T10:30.{}(9)", "10:30:00.000", "10:30:59.999"),
        ("@T10.{}(4)", "10:00", "10:59"),
    ],
)
def test_a_boundary_is_the_least_or_greatest_that_may_be_meant(path, low, high):
    """The examples of FHIRPath's own page, and a leap year."""
    assert value(path.format("lowBoundary"), DAY) == low
    assert value(path.format("highBoundary"), DAY) == high


@pytest.mark.parametrize(
    ("number", "low", "high"),
    [
        (1.5e-7, "0.00000014", "0.00000016"),
        (-2e-7, "-0.00000025", "-0.00000015"),
        (1e22, "5000000000000000000000.00000000", "15000000000000000000000.00000000"),
        (1e26, None, None),
        (1e300, None, None),
        (1e-300, None, None),
    ],
)
def test_the_boundaries_of_a_number_with_an_exponent_are_those_of_its_digits(
    number, low, high
):
    observation = {
        "resourceType": "Observation",
        "id": "o",
        "valueQuantity": {"value": number},
    }
    path = "value.ofType(Quantity).value"
    assert "e" in value(path, observation)
    assert value(f"{path}.lowBoundary()", observation) == low
    assert value(f"{path}.highBoundary()", observation) == high


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("1.5e3", "1450.00000000", "1550.00000000"),
        ("1.50E+3", "1495.00000000", "1505.00000000"),
        ("1e2", "50.00000000", "150.00000000"),
        ("-2.50e-2", "-0.02505000", "-0.02495000"),
        ("15e-1", "1.45000000", "1.55000000"),
        ("0e0", "-0.50000000", "0.50000000"),
        ("1e999999999999", None, None),
        ("1e-999999999999", None, None),
    ],
)
def test_an_exponent_moves_the_place_to_which_a_number_is_known(written, low, high):
    number = Value(f"'{written}'", "decimal")
    both = [boundary(number, high=high, precision=None).sql for high in (False, True)]
    assert duckdb.sql(f"SELECT {', '.join(both)}").fetchall() == [(low, high)]


def test_the_boundaries_of_a_period_are_those_of_its_ends():
    encounter = {
        "resourceType": "Encounter",
        "id": "e",
        "period": {"start": "2020-02-01", "end": "2020-02"},
    }
    assert value("period.lowBoundary()", encounter) == "2020-02-01T00:00:00.000+14:00"
    assert value("period.highBoundary()", encounter) == "2020-02-29T23:59:59.999-12:00"
