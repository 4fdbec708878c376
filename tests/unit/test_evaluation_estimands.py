"""Summary measures, margins and several outcomes of a trial in a spreadsheet."""

import csv
import json

import numpy as np
import pytest

from rounds.cli.main import main
from rounds.methods.clusters.gee import gee
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.estimands.complier_average import complier_average
from rounds.methods.estimands.multiplicity import adjust
from rounds.methods.estimands.standardised_risk import standardised_risk
from rounds.methods.survival.cox import cox
from rounds.methods.survival.kaplan_meier import compare_rmst

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
    assert found["details"]["horizon"] == 2.0
    assert any("--horizon" in note for note in found["limitations"])
    late = analyse(capsys, path, *ARM, *words, "--horizon", "5")
    assert late["estimate"] is None
    assert "horizon" in late["not_estimable"]


def test_rates_and_standardised_risks_are_the_methods(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    arm, clinic = arrays(made)
    X = np.column_stack([arm, np.ones(400)])
    rate = ("--outcome", "visits", "--exposure", "years", "--summary", "rate-ratio")
    found = analyse(capsys, path, *CLUSTERS, *rate)
    offset = np.log(made["years"])
    other = gee(made["visits"], X, clinic, family="poisson", offset=offset)
    assert found["estimate"] == pytest.approx(np.exp(other.estimate))
    assert found["upper"] == pytest.approx(np.exp(other.upper))
    of_arm = [
        made["visits"][arm == a].sum() / made["years"][arm == a].sum() for a in (0, 1)
    ]
    assert [one["mean"] for one in found["arms"]] == pytest.approx(of_arm)
    found = analyse(capsys, path, *CLUSTERS, *rate[:-1], "rate-difference")
    plain = found["sentences"][0]
    assert "the rate is" in plain
    assert "points" not in plain

    risk = ("--outcome", "done", "--covariates", "x", "--summary")
    X = np.column_stack([X, made["x"]])
    for target in ("persons", "clusters"):
        words = (*risk, "standardised-difference", "--target", target)
        found = analyse(capsys, path, *CLUSTERS, *words)
        other = standardised_risk(made["done"], X, clinic, target=target)
        assert found["estimate"] == pytest.approx(other.estimate)
        assert found["lower"] == pytest.approx(other.lower)
        assert "points" in found["sentences"][0]
        assert any(f"average of {target}" in one for one in found["limitations"])
    found = analyse(capsys, path, *ARM, *risk, "standardised-ratio")
    assert found["estimate"] == pytest.approx(
        standardised_risk(made["done"], X, ratio=True).estimate
    )


def test_who_received_it(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    arm, clinic = arrays(made)
    X = np.column_stack([arm, np.ones(400)])
    words = ("--outcome", "y", "--received", "got", "--summary")
    found = analyse(capsys, path, *CLUSTERS, *words, "complier-average")
    other = complier_average(made["y"], made["got"], X, clinic)
    assert found["estimate"] == pytest.approx(other.estimate)
    assert found["upper"] == pytest.approx(other.upper)
    assert found["details"]["first_stage_f"] == pytest.approx(other.first_stage_f)
    assert any("by what is received alone" in one for one in found["limitations"])
    found = analyse(capsys, path, *CLUSTERS, *words, "per-protocol")
    did = made["got"] == arm
    other = cluster_ols(made["y"][did], X[did], clinic[did])
    assert found["estimate"] == pytest.approx(other.estimate)
    assert any("chosen after the allocation" in one for one in found["limitations"])
    weak = {**made, "got": np.arange(400) % 2}
    path = write(tmp_path / "t.csv", weak)
    found = analyse(capsys, path, *CLUSTERS, *words, "complier-average")
    assert found["estimate"] is None
    assert "no bound" in found["not_estimable"]


def test_counts_and_shares_that_cannot_be(made, tmp_path, capsys):
    rate = ("--outcome", "visits", "--exposure", "years", "--summary", "rate-ratio")
    got = ("--outcome", "y", "--received", "got", "--summary", "per-protocol")
    for column, value, words in (
        ("years", 0, rate),
        ("visits", -1, rate),
        ("got", 0.5, got),
        ("got", "", got),
    ):
        path = write(tmp_path / "t.csv", {**made, column: [value, *made[column][1:]]})
        refused(capsys, path, *ARM, *words)
    none = np.where(arrays(made)[0] == 1, 0, made["visits"])
    path = write(tmp_path / "t.csv", {**made, "visits": none})
    found = analyse(capsys, path, *ARM, *rate)
    assert "count above 0" in found["not_estimable"]
    path = write(tmp_path / "t.csv", {**made, "x": made["done"]})
    words = ("--outcome", "done", "--covariates", "x", "--summary")
    found = analyse(capsys, path, *ARM, *words, "standardised-ratio")
    assert "perfectly" in found["not_estimable"]


def lost(made, column, share=4):
    """Lose every so many of a column's cells."""
    return [
        "" if i % share == 1 else value for i, value in enumerate(made[column].tolist())
    ]


def test_missing_outcomes_are_imputed_and_shifted(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", {**made, "y": lost(made, "y")})
    words = ("--outcome", "y", "--covariates", "x", "--missing", "multiple-imputation")
    found = analyse(capsys, path, *ARM, *words)
    plain = analyse(capsys, path, *ARM, *words[:-2])
    told = found["details"]
    assert told["n_imputed"] == 100
    assert told["imputations"] == 25
    assert 0 < told["fraction_missing"] < 0.6
    assert found["df"] < plain["df"]
    assert abs(found["estimate"] - plain["estimate"]) < plain["upper"] - plain["lower"]
    estimates = [row["estimate"] for row in told["tipping"]]
    assert estimates == sorted(estimates)
    assert {row["conclusion"] for row in told["tipping"]} > {"above"}
    assert any("The conclusion changes if" in one for one in found["limitations"])
    assert not any("left out" in one for one in found["limitations"])
    again = analyse(capsys, path, *ARM, *words)
    assert again == found
    assert main(["evaluation", "analyse", str(path), *ARM, *words]) == 0
    assert "if the missing of 'card' average" in capsys.readouterr().out


def test_missing_shares_are_imputed_in_clusters(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", {**made, "done": lost(made, "done")})
    words = ("--outcome", "done", "--missing", "multiple-imputation")
    for more in (
        ("--scale", "odds-ratio"),
        ("--summary", "standardised-ratio"),
    ):
        found = analyse(capsys, path, *CLUSTERS, *words, *more)
        assert found["lower"] < found["estimate"] < found["upper"]
        rows = found["details"]["tipping"]
        assert rows[0]["mean_imputed"] < 0.2
        assert rows[-1]["mean_imputed"] > 0.8
        assert "With missing outcomes imputed" in found["sentences"][0]
    err = refused(capsys, path, *CLUSTERS, *words, "--method", "permutation")
    assert "not imputed" in err
    gone = [
        "" if a == "card" else v for a, v in zip(made["arm"], made["done"], strict=True)
    ]
    path = write(tmp_path / "t.csv", {**made, "done": gone})
    found = analyse(capsys, path, *CLUSTERS, *words, "--required", "none")
    assert "nobody in the arm 'card'" in found["not_estimable"]
    whole = write(tmp_path / "t.csv", made)
    found = analyse(capsys, whole, *CLUSTERS, *words)
    assert found == analyse(capsys, whole, *CLUSTERS, *words[:2])


def test_several_outcomes_are_judged_together(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    found = analyse(capsys, path, *ARM, "--outcome", "done,y,visits")
    assert found["multiplicity"] == "holm"
    raw = [one["result"]["p_value"] for one in found["outcomes"]]
    adjusted = [one["adjusted_p"] for one in found["outcomes"]]
    assert adjusted == pytest.approx(adjust(raw, "holm").tolist())
    for one in found["outcomes"]:
        assert one["survives"] is (one["adjusted_p"] <= 0.05)
        wide, plain = one["simultaneous"], one["result"]
        assert wide["lower"] < plain["lower"] < plain["upper"] < wide["upper"]
    words = ("--outcome", "x,y,visits", "--multiplicity", "fixed-sequence")
    found = analyse(capsys, path, *ARM, *words)
    assert not any(one["survives"] for one in found["outcomes"])
    assert found["outcomes"][0]["simultaneous"] is None
    words = ("--outcome", "y/x,visits", "--multiplicity", "gatekeeping")
    found = analyse(capsys, path, *ARM, *words)
    assert [one["family"] for one in found["outcomes"]] == [1, 2, 2]
    assert main(["evaluation", "analyse", str(path), *ARM, *words]) == 0
    out = capsys.readouterr().out
    assert "adjusted p" in out
    for words, told in (
        (("--outcome", "y,y"), "twice"),
        (("--outcome", "y,x", "--multiplicity", "gatekeeping"), "Several families"),
        (("--outcome", "y,x", *TIMES), "--time with its --event"),
        (
            ("--outcome", "y,x", "--hypothesis", "superiority", "--better", "lower"),
            "One margin",
        ),
    ):
        assert told in " ".join(refused(capsys, path, *ARM, *words).split())


def test_an_outcome_that_cannot_be_told_counts_as_not_shown(made, tmp_path, capsys):
    gone = [
        "" if a == "card" else v for a, v in zip(made["arm"], made["x"], strict=True)
    ]
    path = write(tmp_path / "t.csv", {**made, "x": gone})
    words = ("--outcome", "x,y", "--required", "none")
    found = analyse(capsys, path, *ARM, *words)
    assert found["outcomes"][0]["adjusted_p"] is None
    assert not found["outcomes"][0]["survives"]
    assert found["outcomes"][1]["adjusted_p"] == pytest.approx(
        2 * found["outcomes"][1]["result"]["p_value"]
    )
    assert "1 could not be told" in found["sentences"][0]


def test_a_baseline_and_what_it_saves(made, tmp_path, capsys):
    before = lost(made, "x", 50)
    path = write(tmp_path / "t.csv", {**made, "before": before})
    words = ("--outcome", "y", "--baseline", "before")
    found = analyse(capsys, path, *ARM, *words)
    plain = analyse(capsys, path, *ARM, *words[:2])
    widths = [one["upper"] - one["lower"] for one in (found, plain)]
    saved = found["details"]["variance_saved"]
    assert saved == pytest.approx(1 - (widths[0] / widths[1]) ** 2, abs=1e-3)
    assert saved == pytest.approx(
        found["details"]["baseline_correlation"] ** 2, abs=0.03
    )
    assert any("8 of 400 rows have no baseline" in one for one in found["limitations"])
    assert any("of the effect's variance" in one for one in found["limitations"])
    for method in ("gee", "permutation"):
        found = analyse(capsys, path, *CLUSTERS, *words, "--method", method)
        assert any("baseline" in one for one in found["limitations"])
    odds = ("--outcome", "done", "--baseline", "before", "--scale", "odds-ratio")
    assert "not told of odds-ratio" in refused(capsys, path, *ARM, *odds)
    path = write(tmp_path / "t.csv", {**made, "before": [3] * 400})
    assert "same for all" in refused(capsys, path, *ARM, *words)


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
        ((*ARM, *y, "--received", "got"), "left unread"),
        ((*ARM, *TIMES, "--received", "got"), "left unread"),
        ((*ARM, *y, "--target", "clusters"), "standardised risks alone"),
        (
            (
                *ARM,
                "--outcome",
                "done",
                "--target",
                "clusters",
                "--summary",
                "standardised-ratio",
            ),
            "no clusters",
        ),
        ((*ARM, *y, "--summary", "standardised-ratio"), "0 or 1"),
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
