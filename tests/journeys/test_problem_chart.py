"""A small practice, or a sceptic with a textbook example, charts a spreadsheet."""

import csv
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rounds.cli.main import main
from rounds.methods import spc

MONTHS = [f"{2023 + i // 12}-{i % 12 + 1:02d}" for i in range(36)]
RNG = np.random.default_rng(17)
SEEN = RNG.integers(120, 200, 36)
HITS = RNG.binomial(SEEN, np.r_[np.full(20, 0.58), np.full(16, 0.72)])
SHARE = "--numerator controlled --denominator seen --by month"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(name, **columns):
    with Path(name).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return name


def controlled(name="control.csv"):
    return written(name, month=MONTHS, controlled=HITS, seen=SEEN)


def asked(capsys, words, *more):
    """Run `rounds problem chart … --json`; give its exit code and its object."""
    code = main(["problem", "chart", *words.split(), *more, "--json"])
    out = capsys.readouterr().out
    assert "NaN" not in out
    return code, json.loads(out)


def refused(capsys, words, *more):
    code, found = asked(capsys, words, *more)
    assert code in (10, 11)
    assert "Traceback" not in found["error"]["what"]
    return found["error"]


def test_a_spreadsheet_is_charted_with_every_number_of_the_picture(capsys):
    """Lines are those of the method, to the last digit; so are those of the CSV."""
    code, found = asked(
        capsys,
        f"{controlled()} {SHARE} --improvement up --target 0.7 --svg c.svg --csv c.csv",
    )
    assert code == 0
    chart = spc.p_chart(HITS, SEEN)
    assert found["chart"]["chart"] == "p"
    points = found["chart"]["points"]
    assert [p["value"] for p in points] == chart.value.tolist()
    assert [p["lower"] for p in points] == chart.lower.tolist()
    assert found["chart"]["centre_line"] == chart.centre_line
    assert found["chart"]["variation"] == "improvement"
    assert found["chart"]["assurance"] == "hit_or_miss"
    assert "proportions" in found["chosen"]
    assert len(found["sentences"]) == 2
    with Path("c.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["upper"]) for row in rows] == chart.upper.tolist()
    svg = ET.parse("c.svg").getroot()
    marks = [e for e in svg.iter() if e.get("class", "").startswith("mark")]
    assert len(marks) >= 36


def test_people_read_a_table_and_two_sentences(capsys):
    assert main(["problem", "chart", controlled(), *SHARE.split()]) == 0
    out = capsys.readouterr().out
    assert re.search(r"2025-12 +\d\d\.\d% +\d+ ", out)
    assert "not why" in out


def test_parquet_gives_the_same_chart_as_csv(capsys):
    table = {"month": MONTHS, "controlled": HITS, "seen": SEEN}
    pq.write_table(pa.table(table), "control.parquet")
    _, one = asked(capsys, f"control.parquet {SHARE}")
    _, other = asked(capsys, f"{controlled()} {SHARE}")
    assert one["chart"] == other["chart"]


def test_phases_need_a_place_and_a_reason(capsys):
    words = f"{controlled()} {SHARE} --phase"
    _, found = asked(capsys, words, "2024-09=reminders began")
    phases = found["chart"]["phases"]
    assert [p["reason"] for p in phases] == ["", "reminders began"]
    assert phases[0]["centre_line"] < 0.62 < phases[1]["centre_line"]
    assert found["chart"]["points"][0]["centre_line"] == phases[0]["centre_line"]
    assert found["chart"]["points"][-1]["centre_line"] is None
    by_day = asked(capsys, words, "2024-08-15=reminders began")[1]
    assert by_day["chart"]["phases"] == phases
    assert refused(capsys, words, "2024-09=")["code"] == "chart-phase-unexplained"
    assert refused(capsys, words, "2031-01=moon")["code"] == "chart-no-such-phase"
    assert refused(capsys, words, "2023-01=start")["code"] == "chart-no-such-phase"
    _, short = asked(capsys, words, "2025-10=new register")
    assert "would rest on 3 points" in short["chart"]["reason"]


def test_a_frozen_baseline_sees_the_shift(capsys):
    _, found = asked(capsys, f"{controlled()} {SHARE} --baseline 12")
    assert found["chart"]["centre_line"] == HITS[:12].sum() / SEEN[:12].sum()
    assert sum(p["signal"] == "beyond_limits" for p in found["chart"]["points"]) > 5


def test_nhs_rules_and_screening_are_by_name(capsys):
    values = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    days = [str(np.datetime64("2021-03-22") + i) for i in range(18)]
    name = written("x.csv", day=days, value=values)
    words = f"{name} --value value --by day --rules nhs"
    _, found = asked(capsys, words)
    assert found["chart"]["points"][0]["upper"] == pytest.approx(4.60, abs=0.005)
    assert found["chart"]["rules"] == "nhs"
    _, found = asked(capsys, f"{words} --no-screen")
    assert found["chart"]["points"][0]["upper"] == pytest.approx(6.95, abs=0.005)
    assert "kept" in found["notes"][-1]


@pytest.mark.parametrize(
    ("columns", "words", "kind"),
    [
        ({"days": RNG.uniform(900, 1100, 36).round(1), "falls": RNG.poisson(6, 36)},
         "--numerator falls --denominator days --chart u --per 1000", "u"),
        ({"days": RNG.uniform(900, 1100, 36).round(1), "falls": RNG.poisson(6, 36)},
         "--numerator falls --denominator days --chart u_prime", "u_prime"),
        ({"falls": RNG.poisson(6, 36)}, "--numerator falls", "c"),
        ({"cases": RNG.geometric(0.05, 36)}, "--value cases --chart g", "g"),
        ({"time": RNG.exponential(20, 36).round(2) + 0.01}, "--value time --chart t", "t"),
        ({"wait": RNG.normal(40, 5, 36).round(1)}, "--value wait", "xmr"),
        ({"wait": RNG.normal(40, 5, 36).round(1)}, "--value wait --chart mr", "mr"),
        ({"wait": RNG.normal(40, 5, 36).round(1)}, "--value wait --season month", "xmr"),
    ],
)  # fmt: skip
def test_each_chart_can_be_had(capsys, columns, words, kind):
    name = written("s.csv", month=MONTHS, **columns)
    code, found = asked(capsys, f"{name} {words} --by month --svg s.svg")
    assert code == 0
    assert found["chart"]["chart"] == kind
    assert len(found["chart"]["points"]) == (35 if kind == "mr" else 36)
    assert ET.parse("s.svg").getroot().tag.endswith("svg")


def test_limits_of_gaps_are_by_name(capsys):
    """Three sigma, or points of a geometric distribution; other charts have no choice."""
    name = written("l.csv", month=MONTHS, cases=RNG.geometric(0.02, 36))
    words = f"{name} --value cases --by month --chart g"
    _, usual = asked(capsys, words)
    _, points = asked(capsys, f"{words} --limits probability")
    top = points["chart"]["points"][0]["upper"]
    assert top > usual["chart"]["points"][0]["upper"]
    assert "0.135%" in points["notes"][-1]
    assert "one stable series of 24 in three" in usual["notes"][-1]
    assert (
        refused(capsys, f"{words[:-1]}t --limits probability")["code"]
        == "chart-columns"
    )


def test_two_events_of_one_day_are_two_gaps(capsys):
    days = [str(np.datetime64("2025-01-06") + i - i % 2) for i in range(20)]
    name = written("e.csv", day=days, cases=RNG.geometric(0.05, 20))
    words = f"{name} --value cases --by day --chart g --csv e_lines.csv"
    _, found = asked(capsys, words, "--phase", "2025-01-16=new ward")
    assert len(found["chart"]["points"]) == 20
    with Path("e_lines.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [row["phase"] for row in lines] == ["1"] * 10 + ["2"] * 10


@pytest.mark.parametrize("kind", ["auto", "xbar", "s"])
def test_rows_of_one_time_are_a_subgroup(capsys, kind):
    days = [str(np.datetime64("2025-01-06") + i // 5) for i in range(100)]
    name = written("g.csv", day=days, wait=RNG.normal(40, 5, 100).round(1))
    words = f"{name} --value wait --by day --chart {kind} --season weekday"
    if kind == "s":
        assert refused(capsys, words)["code"] == "chart-no-season"
        words = words.removesuffix(" --season weekday")
    _, found = asked(capsys, words)
    assert found["chart"]["chart"] == ("s" if kind == "s" else "xbar")
    assert len(found["chart"]["points"]) == 20


def replaced(values, at, value):
    changed = list(values)
    changed[at] = value
    return changed


@pytest.mark.parametrize(
    ("months", "hits", "seen", "code"),
    [
        (MONTHS, HITS, replaced(SEEN, 4, 0), "chart-counts"),
        (MONTHS, replaced(HITS, 4, 500), SEEN, "chart-counts"),
        (MONTHS, replaced(HITS, 4, -3), SEEN, "spreadsheet-cell"),
        (MONTHS, replaced(HITS, 4, "many"), SEEN, "spreadsheet-cell"),
        (MONTHS, replaced(HITS, 4, ""), SEEN, "spreadsheet-cell"),
        (MONTHS[::-1], HITS, SEEN, "chart-not-in-order"),
        (replaced(MONTHS, 4, MONTHS[3]), HITS, SEEN, "chart-same-time"),
        (MONTHS[:9] + MONTHS[10:], HITS[:35], SEEN[:35], "chart-gap"),
    ],
)
def test_bad_rows_are_refused_by_their_line_and_never_by_what_they_hold(
    capsys, months, hits, seen, code
):
    name = written("bad.csv", month=months, controlled=hits, seen=seen)
    error = refused(capsys, f"{name} {SHARE}")
    assert error["code"] == code
    assert "line" in error["what"]
    assert "500" not in error["what"]
    assert error["remedies"]


def test_gaps_may_be_allowed(capsys):
    name = written(
        "gap.csv", month=MONTHS[:9] + MONTHS[10:], controlled=HITS[1:], seen=SEEN[1:]
    )
    _, found = asked(capsys, f"{name} {SHARE} --allow-gaps")
    assert "Gaps in time were allowed" in found["notes"][0]


@pytest.mark.parametrize(
    ("n", "hits", "reason"),
    [
        (1, HITS, "1 point of time is too few"),
        (9, HITS, "9 points of time are too few"),
        (36, np.zeros(36, int), "no event at all"),
        (36, SEEN, "All had the event"),
    ],
)
def test_what_cannot_be_told_has_its_reason_and_no_number(capsys, n, hits, reason):
    name = written("few.csv", month=MONTHS[:n], controlled=hits[:n], seen=SEEN[:n])
    code, found = asked(capsys, f"{name} {SHARE}")
    assert code == 0
    assert reason in found["chart"]["reason"]
    assert "points" not in found["chart"]


@pytest.mark.parametrize(
    "words",
    [
        "--by month",
        "--numerator controlled --value seen --by month",
        "--numerator controlled --by month --chart u",
        "--numerator controlled --denominator seen --by month --chart c",
        "--numerator controlled --by month --chart xmr",
        "--numerator controlled --by month --chart ewma",
        "--value seen --by month --per 100",
    ],
)
def test_columns_that_do_not_fit_the_chart_are_refused(capsys, words):
    assert refused(capsys, f"{controlled()} {words}")["code"] == "chart-columns"


def test_days_of_the_week_need_days(capsys):
    error = refused(capsys, f"{controlled()} {SHARE} --season weekday")
    assert error["code"] == "chart-no-season"


def test_a_closed_weekend_is_no_gap(capsys):
    days = [
        d for i in range(42) if (d := np.datetime64("2025-01-06") + i) and i % 7 < 5
    ]
    name = written("w.csv", day=days, wait=RNG.normal(40, 5, 30).round(1))
    code, found = asked(capsys, f"{name} --value wait --by day")
    assert (code, found["notes"]) == (0, [])
    name = written(
        "w.csv", day=days[:7] + days[8:], wait=RNG.normal(40, 5, 29).round(1)
    )
    assert refused(capsys, f"{name} --value wait --by day")["code"] == "chart-gap"


def test_moving_averages_find_a_small_shift_and_say_what_they_are(capsys):
    """The picture's numbers are the method's; runs and a target say nothing there."""
    code, found = asked(
        capsys,
        f"{controlled()} {SHARE} --chart ewma --baseline 18 --target 0.6",
        "--improvement",
        "up",
        "--svg",
        "e.svg",
    )
    chart = found["chart"]
    made = spc.ewma_chart(HITS, SEEN, np.arange(36) < 18)
    assert code == 0
    assert [p["value"] for p in chart["points"]] == made.value.tolist()
    assert [p["upper"] for p in chart["points"]] == made.upper.tolist()
    assert (chart["longest_run"], chart.get("assurance")) == (None, None)
    assert chart["variation"] == "improvement"
    assert "average of results" in found["sentences"][0]
    assert "one of some 560 points" in " ".join(found["notes"])
    assert "%" in Path("e.svg").read_text()


def test_an_average_of_measurements_may_be_smoothed_less(capsys):
    name = written("w.csv", month=MONTHS, wait=RNG.normal(40, 5, 36).round(1))
    words = f"{name} --value wait --by month --chart"
    _, little = asked(capsys, f"{words} ewma --smoothing 1")
    _, plain = asked(capsys, f"{words} xmr")
    values = [[p["value"] for p in one["chart"]["points"]] for one in (little, plain)]
    assert values[0] == pytest.approx(values[1], rel=1e-12)
    for wrong in ("ewma --smoothing 0", "ewma --smoothing 1.2", "xmr --smoothing 0.2"):
        assert refused(capsys, f"{words} {wrong}")["code"] == "chart-columns"
    assert refused(capsys, f"{words} ewma --season month")["code"] == "chart-no-season"
