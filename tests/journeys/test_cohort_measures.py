"""A measure of who is in a Circe cohort: every step runs the cohort that it names."""

import datetime as dt
import json

import pyarrow.parquet as pq
import pytest

from rounds.cli.main import main
from rounds.conduct import Desk, Project
from rounds.datamart.rows import measure_rows
from rounds.definitions import read_cohorts
from rounds.nouns import Period
from rounds.world import World, WorldConfig
from stories.elsewhere import PLACES, cdm_elsewhere
from stories.engines import arrow
from stories.measures import TYPES

DAYS = ("--from", "2024-01-08", "--to", "2024-12-31")
NOW = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
PERIOD = Period(start=dt.date(2024, 1, 8), end=dt.date(2024, 12, 31))
EXPRESSION = {
    "ConceptSets": [
        {
            "id": 0,
            "name": "never used",
            "expression": {"items": [{"concept": {"CONCEPT_ID": 77}}]},
        }
    ],
    "PrimaryCriteria": {
        "CriteriaList": [{"DrugExposure": {}}, {"Death": {"CodesetId": 0}}],
        "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
        "PrimaryCriteriaLimit": {"Type": "First"},
    },
    "QualifiedLimit": {"Type": "First"},
    "ExpressionLimit": {"Type": "First"},
}
EXAMPLES = """\
measure: control-of-the-ill
period: {start: 2025-01-01, end: 2025-12-31}
patients:
  - name: Never ill
    born: 1960-01-01
    expect: outside
  - name: "Ill, and controlled"
    born: 1960-01-01
    rows:
      - {cohort: ill, start: 2024-06-01, end: 2026-01-01}
      - {measurement: LOINC 8480-6, start: 2025-03-01, value: 120, unit: "mm[Hg]"}
    expect: numerator
"""


@pytest.fixture(scope="module")
def omop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "omop"
    world = World(WorldConfig(people=300, weeks=26, seed=5, n_clinics=4))
    world.live(world.go_live, None)
    world.write_omop(folder)
    return folder


def defined(folder):
    """Write the cohort, and a measure that names it by its content."""
    definitions = folder / "definitions"
    for name in ("cohorts", "measures"):
        (definitions / name).mkdir(parents=True, exist_ok=True)
    (definitions / "cohorts" / "ill.json").write_text(json.dumps(EXPRESSION))
    [cohort] = read_cohorts([definitions / "cohorts"])
    measures = definitions / "measures"
    (measures / "control-of-the-ill.yaml").write_text(
        "name: control-of-the-ill\ntitle: Control of the ill\ntype: outcome\n"
        "improvement_notation: increase\nconcept_sets: [systolic]\n"
        "initial_population:\n  op: in_cohort\n  match: overlaps\n"
        "  window: {start: {at: period_start, days: -3650}, end: {at: period_end}}\n"
        f'  cohort: "{cohort.ref()}"\n'
        "numerator:\n  op: compare\n  reading:\n    pick: last\n    events:\n"
        "      domain: measurement\n      concept_set: systolic\n"
        '      units: ["mm[Hg]", mmHg]\n'
        "      window: {start: {at: period_start}, end: {at: period_end}}\n"
        "  range: {below: 140}\n"
    )
    (measures / "control-of-the-ill.examples.yaml").write_text(EXAMPLES)
    return cohort


@pytest.fixture(scope="module")
def own(omop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "site"
    assert main(["init", str(folder), "--from", str(omop)]) == 0
    assert main(["data", "load", str(omop), "--project", str(folder)]) == 0
    defined(folder)
    return folder


def asked(folder, capsys, *command):
    """Ask as somebody who has asked nothing before."""
    capsys.readouterr()
    kept = Project.open(folder).asked
    for path in kept.parent.glob(f"{kept.name}*"):
        path.unlink()
    code = main([*command, "--project", str(folder), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0, found
    return found


def counted(folder, capsys, by):
    command = ["measure", "run", "control-of-the-ill", *DAYS, "--by", by]
    return asked(folder, capsys, *command)


def test_a_cohort_is_the_population_of_a_measure(own, capsys):
    """As many as the cohort has; and codes that it never finds are said beside it."""
    found = counted(own, capsys, "care_site")
    path = str(own / "definitions" / "cohorts" / "ill.json")
    [cohort] = asked(own, capsys, "cohort", "run", path)["cohorts"]
    assert found["populations"]["initial_population"] == cohort["persons"] > 50
    assert found["by"]
    assert counted(own, capsys, "month")["by"]
    assert "never used: 77" in " ".join(cohort["unused_concepts"])
    assert "never used: 77" in " ".join(found["limitations"])


@pytest.mark.parametrize("place", PLACES)
def test_the_same_commands_answer_where_the_cdm_is(place, own, omop, tmp_path, capsys):
    """A cohort, and a measure of who is in it, of a CDM that is read and not loaded."""
    tables = {table: arrow(table, []) for table in TYPES}
    tables |= {path.stem: pq.read_table(path) for path in omop.glob("*.parquet")}
    folder = tmp_path / "remote"
    assert main(["init", str(folder)]) == 0
    cohort = defined(folder)
    path = str(folder / "definitions" / "cohorts" / "ill.json")
    with cdm_elsewhere(place, tmp_path, tables) as settings:
        with (folder / "rounds.toml").open("a") as file:
            file.write("\n[datamart]\n")
            file.writelines(f'{name} = "{value}"\n' for name, value in settings.items())
        for by in ("care_site", "month"):
            here, there = (counted(one, capsys, by) for one in (own, folder))
            for part in ("populations", "overall", "by"):
                assert there[part] == here[part]
        [here], [there] = (
            asked(one, capsys, "cohort", "run", path)["cohorts"]
            for one in (own, folder)
        )
        for part in ("attrition", "persons", "by_sex", "by_age", "unused_concepts"):
            assert there[part] == here[part]
        command = ["measure", "show", "control-of-the-ill", "--sql", *DAYS]
        shown = asked(folder, capsys, *command, "--dialect", place)["sql"]
    assert str(cohort.ref()) in shown.splitlines()[0]


def test_a_problem_rests_on_who_is_in_a_cohort(own, capsys):
    """The step runs the cohort, and its baseline is the measure's own."""
    plan = own / "turn.yaml"
    text = plan.read_text()
    named = text.replace("measure: blood-pressure", "measure: control-of-the-ill # ")
    plan.write_text(named)
    try:
        found = asked(own, capsys, "problem", "run", *DAYS)["problem"]
    finally:
        plan.write_text(text)
    with (
        Desk.open(Project.open(own), now=lambda: NOW, by="ana") as desk,
        desk.datamart() as mart,
    ):
        rows = measure_rows(mart, desk.measure("control-of-the-ill"), PERIOD)
    assert found["baseline"]["value"] == rows.numerator.sum() / rows.denominator.sum()
    assert found["baseline"]["n"] == rows.denominator.sum() > 50


def test_a_cohort_that_has_changed_is_another(own, capsys):
    """A changed file is not taken for the cohort that the measure names."""
    path = own / "definitions" / "cohorts" / "ill.json"
    text = path.read_text()
    path.write_text(text.replace('"First"', '"Last"'))
    try:
        command = ["measure", "run", "control-of-the-ill", *DAYS, "--json"]
        assert main([*command, "--project", str(own)]) == 10
        error = json.loads(capsys.readouterr().out)["error"]
    finally:
        path.write_text(text)
    assert error["code"] == "cohort-not-given"
    assert "There is cohort/ill|1#" in error["what"]
