"""Summary measures, margins and several outcomes of a trial in a spreadsheet."""

import csv
import json

import numpy as np
import pytest

from rounds.cli.main import main
from rounds.methods.cox import cox
from rounds.methods.kaplan_meier import compare_rmst

ARM = ("--design", "individual", "--arm", "arm")
CLUSTERS = ("--design", "cluster", "--arm", "arm", "--cluster", "clinic")


def write(path, columns):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def analyse(capsys, path, *words):
    code = main(["evaluation", "analyse", str(path), *words, "--json"])
    out = capsys.readouterr()
    assert code == 0, out.err
    return json.loads(out.out)


def refused(capsys, path, *words):
    code = main(["evaluation", "analyse", str(path), *words])
    out = capsys.readouterr()
    assert code != 0, out.out
    assert "Traceback" not in out.err
    return out.err


@pytest.fixture(scope="module")
def made():
    """Give the columns of one trial: everything that a summary may need."""
    rng = np.random.default_rng(8)
    clinic = np.repeat(np.arange(20), 20)
    arm = clinic % 2
    x = rng.normal(size=400)
    received = (rng.random(400) < 0.1 + 0.6 * arm).astype(int)
    y = 0.5 * x + 0.9 * received + rng.normal(size=400)
    time = rng.exponential(np.exp(0.4 * arm + 0.2 * x))
    return {
        "clinic": [f"clinic {c}" for c in clinic],
        "arm": ["card" if a else "usual" for a in arm],
        "x": x.round(4),
        "y": y.round(4),
        "done": (y > 0).astype(int),
        "got": received,
        "time": np.minimum(time, 2).round(4) + 0.01,
        "died": (time <= 2).astype(int),
        "visits": rng.poisson(np.exp(0.3 * arm) * 2),
        "years": rng.uniform(0.5, 3, 400).round(4),
    }


def arrays(made):
    arm = (np.array(made["arm"]) == "card").astype(float)
    return arm, np.unique(made["clinic"], return_inverse=True)[1]


TIMES = ("--time", "time", "--event", "died")


def test_hazard_ratio_is_the_methods(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    arm, clinic = arrays(made)
    X = np.column_stack([arm, made["x"]])
    found = analyse(capsys, path, *CLUSTERS, *TIMES, "--covariates", "x")
    other = cox(made["time"], made["died"], X, clinic)
    assert found["scale"] == "hazard-ratio"
    assert found["estimate"] == pytest.approx(np.exp(other.estimate))
    assert found["upper"] == pytest.approx(np.exp(other.upper))
    told = found["details"]["proportional_hazards_p"]
    assert told == pytest.approx(other.proportionality[0].p_value)
    assert "were seen to have the event" in found["sentences"][0]
    plain = analyse(capsys, path, *ARM, *TIMES)
    assert plain["df"] is None
    assert "median_lower" in plain["details"]["arms"][0]


def test_mean_times_are_the_methods(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    arm, clinic = arrays(made)
    for summary in ("rmst-difference", "rmst-ratio"):
        words = (*TIMES, "--summary", summary)
        found = analyse(capsys, path, *CLUSTERS, *words, "--horizon", "1.5")
        other = compare_rmst(
            made["time"], made["died"], arm, 1.5, clinic, ratio=summary == "rmst-ratio"
        )
        assert found["estimate"] == pytest.approx(other.estimate)
        assert found["lower"] == pytest.approx(other.lower)
        assert found["details"]["horizon"] == 1.5
    found = analyse(capsys, path, *ARM, *words)
    assert found["details"]["horizon"] == pytest.approx(2.01)
    assert any("--horizon" in note for note in found["limitations"])
    late = analyse(capsys, path, *ARM, *words, "--horizon", "5")
    assert late["estimate"] is None
    assert "horizon" in late["not_estimable"]


def test_times_that_cannot_be_are_refused(made, tmp_path, capsys):
    for column, values in (("time", -1.0), ("died", 2)):
        wrong = {**made, column: [values, *made[column][1:]]}
        path = write(tmp_path / "t.csv", wrong)
        assert "1 of 400 cells" in refused(capsys, path, *ARM, *TIMES)
    none = np.where(np.array(made["arm"]) == "card", 0, made["died"])
    path = write(tmp_path / "t.csv", {**made, "died": none})
    found = analyse(capsys, path, *ARM, *TIMES)
    assert found["estimate"] is None
    assert "nobody in the arm 'card' was seen" in found["not_estimable"]
    empty = [
        "" if a == "card" else t for a, t in zip(made["arm"], made["time"], strict=True)
    ]
    path = write(tmp_path / "t.csv", {**made, "time": empty})
    found = analyse(capsys, path, *ARM, *TIMES, "--required", "none")
    assert "nobody in the arm 'card' has" in found["not_estimable"]


def test_what_is_asked_wrongly_is_refused(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    y = ("--outcome", "y")
    for words, told in (
        ((*ARM,), "--time with its --event"),
        ((*ARM, *TIMES, *y), "--time with its --event"),
        ((*ARM, "--time", "time"), "--time with its --event"),
        ((*ARM, *y, "--summary", "hazard-ratio"), "needs --time"),
        ((*ARM, *y, "--horizon", "2"), "mean times alone"),
        ((*ARM, *TIMES, "--method", "gee"), "method of its own"),
        ((*ARM, *TIMES, "--summary", "rmst-ratio", "--horizon", "-1"), "above 0"),
        ((*ARM, *TIMES, "--summary", "rmst-ratio", "--covariates", "x"), "adjust"),
        ((*ARM, *y, "--margin", "1"), "what is to be shown"),
        ((*ARM, *y, "--hypothesis", "superiority"), "direction"),
        ((*ARM, *y, "--hypothesis", "equivalence"), "needs a margin"),
        ((*ARM, *y, "--hypothesis", "equivalence", "--margin", "-1"), "above 0"),
        ((*ARM, *TIMES, "--hypothesis", "equivalence", "--margin", "1"), "not 1"),
        (
            (*ARM, "--outcome", "done", "--hypothesis", "equivalence", "--margin", "5"),
            "five points",
        ),
    ):
        assert told in " ".join(refused(capsys, path, *words).split()), words


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("non-inferiority --margin 0.5 --better higher", "shown"),
        ("non-inferiority --margin 0.5 --better lower", "not_shown"),
        ("non-inferiority --margin 0.05 --better lower", "contrary_shown"),
        ("equivalence --margin 9", "shown"),
        ("superiority --better higher", "shown"),
        ("superiority --better lower", "contrary_shown"),
    ],
)
def test_a_verdict_is_what_the_interval_says(made, tmp_path, capsys, said, verdict):
    path = write(tmp_path / "t.csv", made)
    words = ("--outcome", "y", "--hypothesis", *said.split())
    found = analyse(capsys, path, *ARM, *words)
    assert 0.05 < found["lower"] < 0.5 < found["upper"]
    assert found["judgement"]["verdict"] == verdict
    assert len(found["sentences"]) == 3
    assert "2.50% one-sided" in found["sentences"][2]
    assert ("is shown" in found["sentences"][2]) is (verdict != "not_shown")
