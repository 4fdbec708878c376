"""Cohorts run on a datamart: attrition, opt-outs, kept rows, codes that nobody uses."""

import pyarrow.parquet as pq
import pytest

from rounds.datamart import Datamart, load, run_cohorts
from rounds.datamart.cohorts import filling
from rounds.nouns import Cohort
from stories.cohort_cdm import made
from stories.cohort_engines import PLACES, alone, definitions, duckdb_with, together

N_PERSONS = 60
WINDOWLESS = {"Start": {"Coeff": -1}, "End": {"Coeff": 1}}


def concept_set(number, name, *ids, **more):
    items = [{"concept": {"CONCEPT_ID": one}, **more} for one in ids]
    return {"id": number, "name": name, "expression": {"items": items}}


def at_least(criterion, count=1):
    return {
        "Criteria": criterion,
        "StartWindow": WINDOWLESS,
        "Occurrence": {"Type": 2, "Count": count},
    }


def cohort(criterion, *rules, sets=(), **more):
    return Cohort(
        name="made",
        title="Made",
        expression={
            "ConceptSets": list(sets),
            "PrimaryCriteria": {
                "CriteriaList": [criterion],
                "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
                "PrimaryCriteriaLimit": {"Type": "All"},
            },
            "InclusionRules": [
                {"name": name, "expression": {"Type": "ALL", "CriteriaList": [one]}}
                for name, one in rules
            ],
            **more,
        },
    )


@pytest.fixture(scope="module")
def tables():
    return made(n_persons=N_PERSONS)


@pytest.fixture(scope="module")
def folder(tables, tmp_path_factory):
    given = tmp_path_factory.mktemp("omop")
    for name, table in tables.items():
        pq.write_table(table, given / f"{name}.parquet")
    mart = tmp_path_factory.mktemp("mart") / "datamart"
    load(given, mart)
    return mart


@pytest.fixture
def mart(folder):
    with Datamart.open(folder, threads=1) as opened:
        yield opened


CONDITION = {"ConditionOccurrence": {"CodesetId": 0}}
DRUG = {"DrugExposure": {"CodesetId": 1}}
SETS = (
    concept_set(0, "conditions", 1000, includeDescendants=True),
    concept_set(1, "a drug", 2001),
)


def days(table, start, end=None):
    columns = [table["person_id"].to_pylist(), table[start].to_pylist()]
    return list(zip(*columns, strict=True))


def test_the_counts_are_those_that_a_person_would_count(mart, tables):
    """Entry, rule and cohort, counted here by hand from the rows."""
    asked = cohort(CONDITION, ("the drug, ever", at_least(DRUG)), sets=SETS)
    (result,) = run_cohorts(mart, [asked])
    periods = tables["observation_period"].to_pylist()
    observed = {
        one["person_id"]: (
            one["observation_period_start_date"],
            one["observation_period_end_date"],
        )
        for one in periods
    }

    def within(person, day):
        return observed[person][0] <= day <= observed[person][1]

    conditions = [
        row
        for row in tables["condition_occurrence"].to_pylist()
        if 1000 <= row["condition_concept_id"] <= 1006  # 1007 is no longer valid
        and within(row["person_id"], row["condition_start_date"])
    ]
    takers = {
        row["person_id"]
        for row in tables["drug_exposure"].to_pylist()
        if row["drug_concept_id"] == 2001
        and within(row["person_id"], row["drug_exposure_start_date"])
    }
    entered = {row["person_id"] for row in conditions}
    entry, rule = result.attrition
    assert (entry.persons, entry.events) == (len(entered), len(conditions))
    assert rule.persons == rule.persons_alone == len(entered & takers)
    assert rule.events == sum(row["person_id"] in takers for row in conditions)
    assert result.persons == len(entered & takers)
    assert sum(one.denominator for one in result.by_sex) == result.persons
    assert sum(one.denominator for one in result.by_age) == result.persons
    assert result.limitations == ()


def test_rules_count_in_turn_and_alone(mart):
    first = ("two drugs", at_least({"DrugExposure": {}}, 9))
    second = ("a death", at_least({"Death": {}}))
    (one,) = run_cohorts(mart, [cohort(CONDITION, first, second, sets=SETS)])
    (other,) = run_cohorts(mart, [cohort(CONDITION, second, first, sets=SETS)])
    assert one.attrition[2].persons == other.attrition[2].persons
    assert one.attrition[1].persons == other.attrition[2].persons_alone
    assert one.attrition[1].persons != other.attrition[1].persons


def test_the_datamart_gives_the_rows_that_circe_gives_by_itself(mart, tables):
    chosen = {
        name: one
        for name, one in definitions().items()
        if name[:2] in {"02", "22", "30"}
    }
    cohorts = [Cohort(name=n, title=n, expression=e) for n, e in chosen.items()]
    results = run_cohorts(mart, cohorts)
    with duckdb_with(tables) as engine:
        rows, _ = alone(engine, chosen.values())
    for n, result in enumerate(results, 1):
        mine = [row for row in rows if row[0] == n]
        assert result.periods == len(mine)
        assert result.persons == len({row[1] for row in mine})


def test_whoever_opted_out_is_in_no_count(mart):
    asked = cohort({"ObservationPeriod": {}})
    (everybody,) = run_cohorts(mart, [asked])
    (fewer,) = run_cohorts(mart, [asked], without=frozenset({"p1", "p2"}))
    assert everybody.persons == N_PERSONS
    assert fewer.persons == fewer.attrition[0].persons == N_PERSONS - 2
    assert sum(one.denominator for one in fewer.by_sex) == N_PERSONS - 2


def test_the_same_definition_on_the_same_snapshot_is_computed_once(mart, monkeypatch):
    asked = cohort({"VisitOccurrence": {"First": True}})
    (first,) = run_cohorts(mart, [asked])
    again = asked.model_copy(update={"name": "another-name"})
    monkeypatch.setattr(filling, "compile_together", None)  # would fail if it were run
    results = run_cohorts(mart, [asked, again])
    assert [one.attrition for one in results] == [first.attrition] * 2
    kept = next((mart.path / "cohorts").iterdir())
    assert kept.stat().st_mode & 0o077 == 0


def test_two_of_one_definition_are_computed_once(mart):
    asked = cohort({"DeviceExposure": {"First": True}})
    again = asked.model_copy(update={"title": "The same"})
    one, other = run_cohorts(mart, [asked, again])
    assert one.persons == other.persons > 0
    assert (one.title, other.title) == ("Made", "The same")


def test_what_was_kept_and_is_damaged_is_computed_anew(mart):
    asked = cohort({"Specimen": {"First": True}})
    (first,) = run_cohorts(mart, [asked])
    for path in (mart.path / "cohorts").rglob("*.parquet"):
        path.write_bytes(b"not parquet")
    (again,) = run_cohorts(mart, [asked])
    assert again == first
    places = {path.parent for path in (mart.path / "cohorts").rglob("*.parquet")}
    sizes = [sum(p.stat().st_size for p in place.iterdir()) for place in places]
    assert max(sizes) > 100  # what was damaged has been kept again


def test_codes_that_the_data_never_use_are_named(mart):
    sets = (
        concept_set(0, "conditions", 1000, 999, includeDescendants=True),
        concept_set(1, "a drug", 2001, 3001),
    )
    rule = ("a drug", at_least(DRUG))
    (result,) = run_cohorts(mart, [cohort(CONDITION, rule, sets=sets)])
    assert result.unused_concepts == ("conditions: 999", "a drug: 3001")


def test_what_a_datamart_lacks_is_said(tmp_path):
    tables = made(n_persons=N_PERSONS)
    given = tmp_path / "omop"
    given.mkdir()
    without = ("drug_era", "concept", "concept_ancestor", "concept_relationship")
    for name, table in tables.items():
        if name not in {*without, "payer_plan_period"}:
            pq.write_table(table, given / f"{name}.parquet")
    load(given, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart", threads=1) as mart:
        asked = cohort(
            {"DrugEra": {"CodesetId": 1}},
            ("a plan", at_least({"PayerPlanPeriod": {}})),
            sets=SETS,
        )
        (result,) = run_cohorts(mart, [asked])
    assert result.attrition[0].persons > 0
    assert result.persons == 0
    assert [sentence.split(":")[0] for sentence in result.limitations] == [
        "No vocabulary with a hierarchy is loaded",
        "The datamart holds no row of payer_plan_period, so nothing that is asked of it is met.",
        "No source gave drug_era",
        "No vocabulary says which ingredients a drug has",
    ]


def test_places_and_texts_of_a_definition_reach_no_other_sql():
    """A text filter is data: quotes are doubled, what SqlRender reads is refused."""
    criterion = {
        "ConditionOccurrence": {"StopReason": {"Op": "eq", "Text": "a' OR 1=1"}}
    }
    asked = cohort(criterion)
    from rounds.datamart import compile_cohort

    (made_of,) = [
        one
        for one in compile_cohort(asked, "duckdb", places=PLACES)
        if "stop_reason" in one and "qualified_events" in one
    ]
    assert "a'' OR 1=1" in made_of


def test_a_slice_holds_what_only_a_shared_criterion_reads():
    """What is evaluated once for two cohorts is in neither of their own scripts."""
    criterion = {
        "DrugExposure": {"CodesetId": 1, "LotNumber": {"Op": "eq", "Text": "A12"}}
    }
    cohorts = [
        cohort(criterion, sets=SETS).expression,
        cohort(criterion, ("a condition", at_least(CONDITION)), sets=SETS).expression,
    ]
    with duckdb_with() as engine:
        assert together(engine, cohorts) == alone(engine, cohorts)


def test_a_visit_that_is_joined_is_never_read_from_a_slice():
    """A visit's type may be one that no cohort's concept set of visits reaches."""
    sets = (*SETS, concept_set(2, "inpatient", 9201), concept_set(3, "other", 9202))
    joined = {"ConditionOccurrence": {"CodesetId": 0, "VisitTypeCS": {"CodesetId": 3}}}
    visit = {"VisitOccurrence": {"CodesetId": 2}}
    cohorts = [cohort(one, sets=sets).expression for one in (joined, visit, visit)]
    with duckdb_with() as engine:
        rows = alone(engine, cohorts)
        assert {row[0] for row in rows[0]} == {1, 2, 3}
        assert together(engine, cohorts) == rows
