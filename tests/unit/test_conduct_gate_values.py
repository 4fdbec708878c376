"""The gate before what is made of values: ratios, risk models; and before cohorts."""

import datetime as dt
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from rounds.cli.main import main
from rounds.conduct import Gate, Project
from rounds.conduct.cohort_lines import rounded_cohort, without_events_of_few
from rounds.conduct.rounding import rounded_unit, without_means_of_few
from rounds.datamart import Datamart, load, run_cohorts, run_cohorts_with_members
from rounds.methods.disclosure.differencing import PersonSum
from rounds.methods.disclosure.profiles import PROFILES
from rounds.nouns import (
    AttritionStep,
    Cohort,
    CohortResult,
    MeasureResult,
    NotEstimable,
    Period,
    Ref,
    UnitResult,
)
from stories.cohort_cdm import made

AT = dt.datetime(2025, 2, 3, 9, 0, tzinfo=dt.UTC)
EVERYBODY = np.arange(300)
RATIO = UnitResult(
    unit="a",
    denominator=103,
    numerator=58,
    value=117 / 1234.5,
    lower=0.08,
    upper=0.11,
    numerator_total=117.0,
    denominator_total=1234.5,
)
COHORT = Cohort(
    name="observed",
    title="Observed",
    expression={
        "ConceptSets": [],
        "PrimaryCriteria": {
            "CriteriaList": [{"ConditionOccurrence": {}}],
            "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
            "PrimaryCriteriaLimit": {"Type": "All"},
        },
        "InclusionRules": [
            {
                "name": "a drug, twice",
                "expression": {
                    "Type": "ALL",
                    "CriteriaList": [
                        {
                            "Criteria": {"DrugExposure": {}},
                            "StartWindow": {
                                "Start": {"Coeff": -1},
                                "End": {"Coeff": 1},
                            },
                            "Occurrence": {"Type": 2, "Count": 2},
                        }
                    ],
                },
            }
        ],
    },
)


@pytest.fixture
def project(tmp_path):
    return Project.init(tmp_path / "h", source=None)


def gate(project):
    return Gate.open(project, now=lambda: AT, asker="ana")


def choose(project, profile):
    text = project.settings_path.read_text()
    lines = [
        f'profile = "{profile}"' if line.startswith("profile =") else line
        for line in text.splitlines()
    ]
    project.settings_path.write_text("\n".join(lines) + "\n")


# -- values


def beside(name, expected):
    """A proportion of 150 of 300, beside what a model expects of the 300."""
    overall = UnitResult(
        unit="overall",
        denominator=300,
        numerator=150,
        value=0.5,
        expected=float(expected.sum()),
        observed_to_expected=150 / float(expected.sum()),
    )
    exact = MeasureResult(
        measure=Ref(name=f"measure/{name}", version="1", hash="0" * 64),
        title=name,
        period=Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31)),
        overall=overall,
        populations={},
    )
    sums = (
        PersonSum.of(EVERYBODY),
        PersonSum.of(EVERYBODY[:150]),
        PersonSum.of(EVERYBODY, np.rint(expected * 1e6)),
    )
    return exact, {"overall": sums}


def test_two_risk_models_that_differ_in_a_few_are_not_both_told(project):
    """Their difference would say how many of the few there are."""
    flat = np.full(300, 0.5)
    few, many = flat.copy(), flat.copy()
    few[7:11] = 0.9
    many[::2] = 0.9
    with gate(project) as ana:
        first = ana.release(*beside("flat", flat))
        assert first.overall.expected == 150
        assert ana.release(*beside("many", many)).overall.expected > 150
    with gate(project) as ana, pytest.raises(Exception, match="too close"):
        ana.release(*beside("few", few))


def test_a_line_that_is_not_of_the_persons_named_is_left_out(project):
    """A database of others may change between the count and the look at who it was."""
    exact, members = beside("flat", np.full(300, 0.5))
    _, *rest = members["overall"]
    members = {"overall": (PersonSum.of(EVERYBODY[:299]), *rest)}
    with gate(project) as ana:
        assert ana.release(exact, members).overall.suppressed


@pytest.mark.parametrize("profile", ["opensafely", "opensafely-midpoint-6"])
def test_a_ratio_is_made_of_the_totals_that_are_shown(profile):
    """The totals are rounded as counts are, and to three digits; the width stays."""
    shown = rounded_unit(RATIO, PROFILES[profile])
    totals = {"opensafely": (115.0, 1240.0), "opensafely-midpoint-6": (117.0, 1230.0)}
    assert (shown.numerator_total, shown.denominator_total) == totals[profile]
    assert shown.value == shown.numerator_total / shown.denominator_total
    assert shown.upper - shown.lower == pytest.approx(0.03)
    assert shown.lower < shown.value < shown.upper
    assert shown.denominator == PROFILES[profile].rounded(103)


@pytest.mark.parametrize("profile", ["opensafely", "opensafely-midpoint-6"])
def test_observed_to_expected_is_made_of_what_is_shown(profile):
    """Of a proportion, and of a ratio."""
    risk = {"expected": 43.2176, "observed_to_expected": 58 / 43.2176}
    proportion = UnitResult(unit="a", denominator=103, numerator=58, value=0.5, **risk)
    for unit in (proportion, RATIO.model_copy(update=risk)):
        shown = rounded_unit(unit, PROFILES[profile])
        assert shown.expected == 43.2
        observed = shown.numerator_total or shown.numerator
        assert shown.observed_to_expected == observed / 43.2
        lower, upper = (
            shown.observed_to_expected_lower,
            shown.observed_to_expected_upper,
        )
        assert lower < shown.observed_to_expected < upper


@pytest.mark.parametrize(
    "unit",
    [
        RATIO.model_copy(update={"denominator": 5, "numerator": 0}),
        RATIO.model_copy(update={"numerator": 3}),
        UnitResult(unit="a", denominator=6, numerator=0, value=0.0, expected=1.3),
        UnitResult(unit="a", denominator=6, value=1.3),
    ],
    ids=["few", "few add to it", "few at risk", "a mean of few"],
)
def test_no_label_stands_for_values_of_few(unit):
    """Midpoints show small counts as one label, and their values not at all."""
    exact, _ = beside("x", np.full(300, 0.5))
    shown = without_means_of_few(
        exact.model_copy(update={"by": (unit,)}), PROFILES["opensafely-midpoint-6"]
    )
    assert shown.by == (UnitResult(unit="a", suppressed=True),)
    assert shown.overall == exact.overall


# -- cohorts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    given = tmp_path_factory.mktemp("omop")
    for name, table in made(n_persons=200).items():
        pq.write_table(table, given / f"{name}.parquet")
    return given


@pytest.fixture(scope="module")
def mart(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("mart") / "datamart"
    load(folder, place)
    with Datamart.open(place, threads=1) as opened:
        yield opened


def test_the_people_of_a_cohort_are_as_many_as_are_counted(mart):
    """Of each step of the attrition, of the whole, by sex and by age."""
    without = frozenset({"p1", "p2", "p3"})
    ((result, members),) = run_cohorts_with_members(mart, [COHORT], without=without)
    assert (result,) == run_cohorts(mart, [COHORT], without=without)
    told = {
        "persons": result.persons,
        "periods": result.periods,
        **{f"sex {one.unit}": one.denominator for one in result.by_sex},
        **{f"age {one.unit}": one.denominator for one in result.by_age},
    }
    for n, step in enumerate(result.attrition):
        told[f"step {n} persons"] = step.persons
        told[f"step {n} events"] = step.events
        told[f"step {n} alone"] = step.persons_alone
    assert told == {name: sums[0].total for name, sums in members.items()}
    assert result.attrition[0].persons > result.attrition[1].persons > 20
    assert result.attrition[0].events > result.attrition[0].persons


def test_a_cohort_without_a_few_is_not_told_after_the_whole(mart, project):
    """Seven have opted out meanwhile; and the cohort is another, by a word in it."""
    with gate(project) as ana:
        (first,) = ana.cohorts(mart, [COHORT])
        assert first.attrition[0].persons > 100
        assert ana.cohorts(mart, [COHORT]) == (first,)
        few = frozenset(f"p{n}" for n in range(1, 8))
        renamed = COHORT.model_copy(update={"title": "Another"})
        (again,) = ana.cohorts(mart, [renamed], without=few)
    if isinstance(again, NotEstimable):
        assert "too close to others" in again.reason
    else:
        assert again.attrition[0].persons is None
        assert again.suppressed


def test_a_cohort_is_rounded_by_the_profile(mart, project):
    """Every count that is shown is a multiple of 5; of a few nothing is shown."""
    choose(project, "opensafely")
    with gate(project) as ana:
        (shown,) = ana.cohorts(mart, [COHORT])
    counts = [n for one in shown.attrition for n in (one.persons, one.events)]
    counts += [one.denominator for one in (*shown.by_sex, *shown.by_age)]
    assert sum(n is not None for n in counts) > 4
    assert all(n is None or (n % 5 == 0 and n != 5) for n in counts)
    assert "nearest 5" in shown.limitations[-1]


def test_no_label_stands_for_events_of_few():
    """Midpoints show few persons as one label, and not how much befell them."""
    few = AttritionStep(name="few", persons=3, events=41, persons_alone=90)
    many = AttritionStep(name="many", persons=80, events=200, persons_alone=80)
    profile = PROFILES["opensafely-midpoint-6"]
    exact = CohortResult(
        cohort=COHORT.ref(), attrition=(many, few), persons=3, periods=12
    )
    shown = without_events_of_few(exact, profile)
    left = few.model_copy(update={"events": None})
    assert shown.attrition == (many, left)
    assert (shown.persons, shown.periods) == (3, None)
    assert rounded_cohort(shown, profile).attrition[1].persons_alone == 87


def test_the_command_shows_cohorts_as_the_gate_lets_them_through(
    folder, tmp_path, capsys
):
    """With the profile's name; and never the exact count beside it."""
    home = tmp_path / "site"
    assert main(["init", str(home), "--from", str(folder)]) == 0
    assert main(["data", "load", str(folder), "--project", str(home)]) == 0
    choose(Project.open(home), "opensafely")
    file = home / "definitions" / "observed.json"
    file.write_text(json.dumps(COHORT.expression))
    capsys.readouterr()
    command = ["cohort", "run", str(file), "--project", str(home)]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["disclosure"] == "opensafely"
    entered = found["cohorts"][0]["attrition"][0]["persons"]
    assert entered > 100
    assert entered % 5 == 0
    assert Project.open(home).asked.exists()
