"""A measure by month, quarter or year: one command, the answers of many."""

import csv
import json
import shutil

import pytest

from rounds.cli.main import main
from rounds.world import World, WorldConfig

NAME = "blood-pressure-control"
YEAR = ("--from", "2024-01-01", "--to", "2024-12-31")
PART = ("--from", "2024-01-08", "--to", "2024-12-31")
TOLD = ("populations", "overall", "by")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    root = tmp_path_factory.mktemp("periods")
    world = World(WorldConfig(people=900, weeks=26, seed=5, n_clinics=3))
    world.live(world.go_live, None)
    world.write_omop(root / "omop")
    assert main(["init", str(root / "h"), "--from", str(root / "omop")]) == 0
    assert main(["data", "load", str(root / "omop"), "--project", str(root / "h")]) == 0
    return root / "h"


@pytest.fixture
def project(loaded, tmp_path):
    """A copy in which nobody has asked anything yet."""
    return shutil.copytree(loaded, tmp_path / "h")


def run(project, capsys, *options, name=NAME):
    capsys.readouterr()
    command = ["measure", "run", name, *options, "--project", str(project)]
    assert main([*command, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_each_quarter_is_what_it_is_when_it_is_asked_by_itself(project, capsys):
    found = run(project, capsys, *PART, "--every", "quarter", "--by", "care_site")
    assert [one["name"] for one in found["periods"]] == [
        "2024-02 to 2024-04",
        "2024-05 to 2024-07",
        "2024-08 to 2024-10",
    ]
    assert found["left_out"] == [
        {"start": "2024-01-08", "end": "2024-01-31"},
        {"start": "2024-11-01", "end": "2024-12-31"},
    ]
    assert (found["every"], found["rolling"]) == ("quarter", 1)
    shown = 0
    for one in found["periods"]:
        days = ("--from", one["period"]["start"], "--to", one["period"]["end"])
        alone = run(project, capsys, *days, "--by", "care_site")
        assert [alone.get(name) for name in TOLD] == [one.get(name) for name in TOLD]
        shown += "overall" in one and one["overall"]["value"] is not None
    assert shown


def test_periods_are_rows_and_sites_are_columns(project, capsys):
    capsys.readouterr()
    command = ["measure", "run", NAME, *YEAR, "--every", "quarter", "--by", "care_site"]
    assert main([*command, "--project", str(project)]) == 0
    title, header, *rows = capsys.readouterr().out.splitlines()
    assert title.endswith("every quarter, 2024-01-01 to 2024-12-31")
    assert header.startswith("period")
    assert header.endswith("overall")
    quarters = [f"2024-Q{n}" for n in (1, 2, 3, 4)]
    assert [row.split()[0] for row in rows[:4]] == quarters
    assert any("% of" in row for row in rows[:4])
    has_dash = any("–" in row for row in rows[:4])
    assert any(row.startswith("– : suppressed") for row in rows) is has_dash


def test_what_is_left_out_at_the_ends_is_said(project, capsys):
    capsys.readouterr()
    command = ["measure", "run", NAME, *PART, "--every", "month", "--rolling", "6"]
    assert main([*command, "--project", str(project)]) == 0
    said = capsys.readouterr().out
    assert "every month, 6 months long, 2024-02-01 to 2024-12-31" in said
    assert "2024-01-08 to 2024-01-31 makes no whole month: left out." in said
    assert said.count(" to 2024-") > 6


def test_years_that_roll_begin_a_month_after_each_other(project, capsys):
    found = run(project, capsys, *YEAR, "--every", "month", "--rolling", "6")
    starts = [one["period"]["start"] for one in found["periods"]]
    assert starts == [f"2024-{n:02}-01" for n in range(1, 8)]
    assert found["periods"][0]["period"]["end"] == "2024-06-30"
    assert found["by_what"] is None
    assert found["left_out"] == []
    told = [one["overall"] for one in found["periods"] if "overall" in one]
    assert any(one["numerator"] for one in told)


def test_the_file_of_a_table_holds_what_its_object_holds(project, tmp_path, capsys):
    path = tmp_path / "table.csv"
    asked = (*YEAR, "--every", "quarter", "--by", "care_site", "--csv", str(path))
    found = run(project, capsys, *asked)
    assert found["csv"] == str(path)
    with path.open(newline="") as file:
        lines = [one for one in csv.DictReader(file) if not one["not_estimable"]]
    units = [
        (one["period"]["start"], unit["site"], unit)
        for one in found["periods"]
        if "overall" in one
        for unit in (*one["by"], one["overall"])
    ]
    assert len(units) > 4
    assert [(one["period_start"], one["unit"]) for one in lines] == [
        (start, name) for start, name, _ in units
    ]
    for line, (_, _, unit) in zip(lines, units, strict=True):
        for name in ("numerator", "denominator", "value", "lower", "upper"):
            number = None if line[name] == "" else float(line[name])
            assert number == unit[name]


def test_one_period_can_be_written_to_a_file_too(project, tmp_path, capsys):
    path = tmp_path / "table.csv"
    found = run(project, capsys, *YEAR, "--csv", str(path))
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [one["unit"] for one in lines] == [
        *(unit["site"] for unit in found["by"]),
        "overall",
    ]


def test_a_file_that_could_not_be_written_is_refused_before_anything_is_told(
    project, capsys
):
    """What is told takes from what can be told later, so nothing is told unseen."""
    command = ["measure", "run", NAME, *YEAR, "--every", "month", "--project"]
    capsys.readouterr()
    before = sorted((project / "private").rglob("*"))
    assert main([*command, str(project), "--csv", "/nowhere/t.csv"]) == 15
    assert "counting" not in capsys.readouterr().err
    assert sorted((project / "private").rglob("*")) == before


def test_the_last_months_there_are_can_be_asked_for(project, capsys):
    ends = ("--from", "9999-11-01", "--to", "9999-12-31", "--every", "month")
    found = run(project, capsys, *ends)
    assert [one["name"] for one in found["periods"]] == ["9999-11", "9999-12"]
    starts = ("--from", "0001-01-01", "--to", "0001-03-31", "--every", "month")
    found = run(project, capsys, *starts)
    assert found["periods"][0]["name"] == "0001-01"


def test_a_measure_is_run_from_its_file(project, capsys):
    capsys.readouterr()
    assert main(["measure", "define", "mine", "--project", str(project)]) == 0
    path = project / "definitions" / "measures" / "mine.yaml"
    by_name = run(project, capsys, *YEAR, "--every", "quarter", name="mine")
    by_file = run(project, capsys, *YEAR, "--every", "quarter", name=str(path))
    assert by_file["measure"] == by_name["measure"]
    assert by_file["periods"] == by_name["periods"]


@pytest.mark.parametrize(
    ("options", "exit_code", "said"),
    [
        (["--every", "month"], 2, "--from"),
        ([*YEAR, "--every", "week"], 2, "week"),
        ([*YEAR, "--every", "month", "--rolling", "some"], 10, "rolling-length"),
        ([*YEAR, "--every", "month", "--rolling", "1.5"], 10, "rolling-length"),
        ([*YEAR, "--rolling", "0"], 10, "every-missing"),
        (
            [*YEAR, "--every", "month", "--csv", "/nowhere/t.csv"],
            15,
            "file-not-written",
        ),
        ([*YEAR, "--rolling", "12"], 10, "every-missing"),
        ([*YEAR, "--every", "month", "--rolling", "0"], 10, "rolling-length"),
        ([*YEAR, "--every", "year", "--rolling", "2"], 10, "no-whole-period"),
        ([*YEAR, "--every", "quarter", "--by", "month"], 10, "no-monthly-form"),
        ([*YEAR, "--every", "quarter", "--by", "shoes"], 10, "unknown-characteristic"),
        (
            ["--from", "2024-12-31", "--to", "2024-01-01", "--every", "month"],
            10,
            "period-backwards",
        ),
        (
            ["--from", "1950-01-01", "--to", "2024-12-31", "--every", "month"],
            10,
            "too-many-periods",
        ),
    ],
)
def test_each_slip_is_said(project, capsys, options, exit_code, said):
    capsys.readouterr()
    command = ["measure", "run", NAME, *options, "--project", str(project), "--json"]
    assert main(command) == exit_code
    printed = capsys.readouterr()
    if exit_code == 2:
        assert said in printed.out + printed.err
    else:
        assert json.loads(printed.out)["error"]["code"] == said
        assert json.loads(printed.out)["error"]["remedies"]


def test_a_measure_report_says_what_the_object_says(project, tmp_path, capsys):
    path = tmp_path / "report.json"
    asked = (*YEAR, "--by", "sex", "--fhir", str(path))
    found = run(project, capsys, *asked)
    assert found["fhir"] == str(path)
    report = json.loads(path.read_text("utf-8"))
    assert (report["resourceType"], report["status"]) == ("MeasureReport", "complete")
    (group,) = report["group"]
    scored = group["population"][-1]["count"]
    assert scored == found["overall"]["denominator"]
    assert group["measureScore"]["value"] == found["overall"]["value"]
    (strata,) = group["stratifier"]
    told = [one.get("measureScore", {}).get("value") for one in strata["stratum"]]
    assert told == [one["value"] for one in found["by"]]


def test_several_periods_are_a_bundle_of_reports(project, tmp_path, capsys):
    path = tmp_path / "reports.json"
    found = run(project, capsys, *YEAR, "--every", "quarter", "--fhir", str(path))
    bundle = json.loads(path.read_text("utf-8"))
    starts = [one["resource"]["period"]["start"] for one in bundle["entry"]]
    assert starts == [one["period"]["start"] for one in found["periods"]]
