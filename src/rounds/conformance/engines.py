"""What an engine must keep: the answers of the reference engine, and no trace.

- Every shipped measure counts what the reference engine counts, overall and by unit.
- Of several periods asked at once, each is what it is by itself.
- A tie between texts goes by their code points, whatever the database's language.
- A value in another unit is converted and rounded to the same last digit.
- Who opted out is in no count, and stands in no statement.
- Asking changes nothing, and asking again says the same.
- A table that the CDM lacks is named.
"""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import pytest

from rounds.datamart import AnyDatamart, run_measure, run_measure_over
from rounds.definitions import builtin_measures, vocabulary_of
from rounds.definitions.reference import evaluate
from rounds.nouns import DataError, Measure, MeasureResult, NotEstimable, Period

__all__ = ["BaseEngine", "Tables", "small_cdm"]

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
"""OMOP's name of a table → its rows; a column that a row lacks is NULL."""

_PERIOD: Final = Period(start=dt.date(2025, 1, 1), end=dt.date(2025, 6, 30))
_PERIODS: Final = (
    _PERIOD,
    Period(start=dt.date(2025, 2, 1), end=dt.date(2025, 2, 28)),
    Period(start=dt.date(2025, 4, 1), end=dt.date(2025, 6, 30)),
    Period(start=dt.date(2019, 1, 1), end=dt.date(2019, 12, 31)),
)
"""Periods within each other and apart, and one of which nothing is known."""
_CODES: Final = {
    1: ("http://hl7.org/fhir/sid/icd-10-cm", "I10"),
    2: ("http://loinc.org", "8480-6"),
    3: ("http://loinc.org", "8462-4"),
    4: ("http://www.nlm.nih.gov/research/umls/rxnorm", "29046"),
    5: ("http://snomed.info/sct", "385763009"),
}
_FIRST: Final = 2_000_000_000
_PRESSURES: Final = (
    # person, day, systolic, diastolic, unit
    (1, dt.date(2025, 2, 3), 150.0, 95.0, "mm[Hg]"),
    (1, dt.date(2025, 5, 5), 128.0, 82.0, "mm[Hg]"),
    (2, dt.date(2025, 2, 3), 18.665, 11.999, "kPa"),
    (3, dt.date(2025, 3, 31), 139.0, 89.0, "mm[Hg]"),
    (3, dt.date(2025, 3, 31), 171.0, 70.0, "bananas"),
    (4, dt.date(2025, 4, 1), 140.0, 90.0, "mm[Hg]"),
    (5, dt.date(2025, 6, 30), 120.0, 70.0, "mm[Hg]"),
    (6, dt.date(2025, 1, 1), 118.0, 60.0, None),
)


def small_cdm() -> dict[str, list[dict[str, Any]]]:
    """Make a CDM of six persons, with what engines read in ways of their own."""
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("observation", "death", "procedure_occurrence")
    }
    rows["concept"] = [
        {
            "concept_id": _FIRST + key,
            "vocabulary_id": vocabulary_of(system),
            "concept_code": code,
        }
        for key, (system, code) in _CODES.items()
    ]
    rows["concept_ancestor"] = []
    rows["concept_relationship"] = []
    rows["care_site"] = [
        {"care_site_id": key, "care_site_source_value": name}
        for key, name in ((1, "Zürich"), (2, "aarau"), (3, "Ärzte"), (4, "_x"))
    ]
    rows["provider"] = [{"provider_id": 1, "provider_source_value": "dr-ö"}]
    rows["person"] = [_person(who) for who in range(1, 7)]
    rows["visit_occurrence"] = _visits()
    rows["condition_occurrence"] = [
        {
            "condition_occurrence_id": who,
            "person_id": who,
            "condition_concept_id": 0,
            "condition_source_concept_id": _FIRST + 1,
            "condition_start_date": dt.date(2020, 1, who),
            "condition_end_date": dt.date(2025, 1, 1) if who == 6 else None,
        }
        for who in range(1, 7)
    ]
    rows["measurement"] = _measurements()
    rows["drug_exposure"] = [
        {
            "drug_exposure_id": 1,
            "person_id": 1,
            "drug_concept_id": 0,
            "drug_source_concept_id": _FIRST + 4,
            "drug_exposure_start_date": dt.date(2025, 2, 10),
            "drug_exposure_end_date": dt.date(2025, 3, 10),
        }
    ]
    rows["procedure_occurrence"] = [
        {
            "procedure_occurrence_id": 1,
            "person_id": 4,
            "procedure_concept_id": _FIRST + 5,
            "procedure_source_concept_id": 0,
            "procedure_date": dt.date(2025, 6, 30),
        }
    ]
    return rows


def _person(who: int) -> dict[str, Any]:
    return {
        "person_id": who,
        "person_source_value": f"person ' {who}",
        "gender_concept_id": 8532 if who % 2 else 8507,
        "year_of_birth": 1940 + 10 * who,
        # Of one only the year is known; one comes of age on the period's last day.
        "month_of_birth": None if who == 2 else 6,
        "day_of_birth": None if who == 2 else 30,
    }


def _visits() -> list[dict[str, Any]]:
    # Persons 1 and 2 were seen once at each of two sites on one day: a tie of texts.
    seen = [(who, day, 1) for who, day, *_ in _PRESSURES]
    seen += [(1, dt.date(2025, 5, 5), 2), (2, dt.date(2025, 2, 3), 3)]
    seen += [(1, dt.date(2025, 2, 3), 2), (5, dt.date(2025, 6, 30), 4)]
    return [
        {
            "visit_occurrence_id": key,
            "person_id": who,
            "visit_concept_id": 9202,
            "visit_source_concept_id": 0,
            "visit_start_date": day,
            "visit_end_date": day,
            "care_site_id": site,
            "provider_id": 1 if who == 3 else None,
        }
        for key, (who, day, site) in enumerate(seen, start=1)
    ]


def _measurements() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for who, day, systolic, diastolic, unit in _PRESSURES:
        for concept, value in ((2, systolic), (3, diastolic)):
            found.append(
                {
                    "measurement_id": len(found) + 1,
                    "person_id": who,
                    "measurement_concept_id": 0,
                    "measurement_source_concept_id": _FIRST + concept,
                    "measurement_date": day,
                    "value_as_number": value,
                    "unit_source_value": unit,
                }
            )
    return found


class BaseEngine(ABC):
    """Inherit this as `TestYourEngine`, and open your engine over rows."""

    @abstractmethod
    def opened(self, rows: Tables) -> AbstractContextManager[AnyDatamart]:
        """Put the rows where the engine reads them, and open it there."""

    @pytest.mark.parametrize("name", sorted(builtin_measures()))
    def test_shipped_measures_count_what_the_reference_counts(self, name: str) -> None:
        """Overall: every population that the result gives."""
        measure, rows = builtin_measures()[name], small_cdm()
        with self.opened(rows) as datamart:
            result = run_measure(datamart, measure, _PERIOD, by="sex")
        assert _populations(result) == _judged(measure, rows, _populations(result))

    def test_ties_of_text_go_by_code_points(self) -> None:
        """Z comes before a, _ and Ä, which it does in hardly any language."""
        measure = builtin_measures()["blood-pressure-control"]
        with self.opened(small_cdm()) as datamart:
            result = run_measure(datamart, measure, _PERIOD, by="care_site")
        assert isinstance(result, MeasureResult)
        assert [one.unit for one in result.by] == ["Zürich"]
        assert result.by[0].denominator == result.overall.denominator == 5

    def test_months_are_months(self) -> None:
        """The first and the last day of the period each count in their own month."""
        measure = builtin_measures()["blood-pressure-control"]
        rows = small_cdm()
        judged = evaluate(measure, rows, _PERIOD, monthly=True)
        with self.opened(rows) as datamart:
            result = run_measure(datamart, measure, _PERIOD, by="month")
        assert isinstance(result, MeasureResult)
        expected = {f"{row.index_date:%Y-%m}" for row in judged}
        assert {one.unit for one in result.by} == expected
        assert sum(one.numerator or 0 for one in result.by) == sum(
            row.numerator for row in judged
        )

    def test_of_several_periods_each_is_what_it_is_by_itself(self) -> None:
        """By one query, and by one for each: months, and half a year around them."""
        measure = builtin_measures()["blood-pressure-control"]
        with self.opened(small_cdm()) as datamart:
            found = run_measure_over(datamart, measure, _PERIODS, by="care_site")
            alone = [
                run_measure(datamart, measure, one, by="care_site") for one in _PERIODS
            ]
        assert list(found) == alone
        assert [isinstance(one, MeasureResult) for one in found] == [True] * 3 + [False]

    def test_who_opted_out_is_in_no_count(self) -> None:
        """Also one whose identifier has a quote in it."""
        measure, rows = builtin_measures()["blood-pressure-control"], small_cdm()
        left_out = frozenset({"person ' 1", "nobody"})
        with self.opened(rows) as datamart:
            found = run_measure(datamart, measure, _PERIOD, without=left_out)
            whole = run_measure(datamart, measure, _PERIOD)
        expected = _judged(measure, rows, _populations(found), left_out)
        assert _populations(found) == expected
        assert _populations(found) != _populations(whole)

    def test_asking_changes_nothing(self) -> None:
        """The same question has the same answer, and the CDM the same state."""
        measure = builtin_measures()["blood-pressure-control"]
        with self.opened(small_cdm()) as datamart:
            before = datamart.status()
            first = run_measure(datamart, measure, _PERIOD, by="care_site")
            again = run_measure(datamart, measure, _PERIOD, by="care_site")
            assert datamart.status() == before
        assert first == again
        assert before.persons == 6
        assert before.last_date == dt.date(2025, 6, 30)

    def test_a_table_that_is_missing_is_named(self) -> None:
        """A measure counts nobody rightly where a table that it reads is missing."""
        measure = builtin_measures()["blood-pressure-control"]
        rows = {k: v for k, v in small_cdm().items() if k != "procedure_occurrence"}
        with self.opened(rows) as datamart, pytest.raises(DataError) as caught:
            run_measure(datamart, measure, _PERIOD)
        assert caught.value.code == "engine-lacks-table"
        assert "procedure_occurrence" in caught.value.what


def _populations(result: MeasureResult | NotEstimable) -> dict[str, int | None]:
    return {} if isinstance(result, NotEstimable) else dict(result.populations)


def _judged(
    measure: Measure,
    rows: Tables,
    asked: Mapping[str, int | None],
    without: frozenset[str] = frozenset(),
) -> dict[str, int]:
    judged = evaluate(measure, rows, _PERIOD, without=without)
    every = {
        "initial_population": len(judged),
        "denominator": sum(row.denominator for row in judged),
        "denominator_exclusion": sum(row.excluded for row in judged),
        "denominator_exception": sum(row.excepted for row in judged),
        "numerator": sum(row.numerator for row in judged),
        "observed": sum(row.observed for row in judged),
    }
    return {name: every[name] for name in asked}
