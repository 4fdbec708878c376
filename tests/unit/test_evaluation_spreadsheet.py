"""A trial in a spreadsheet: the command gives what the methods give, in its words."""

import csv
import json

import numpy as np
import pytest

from rounds.cli.main import main
from rounds.loop.evaluation.spreadsheet import SHEET_DESIGNS
from rounds.methods.clusters.gee import gee
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.clusters.permutation import permutation
from rounds.methods.clusters.robust_mixed import wider_mixed

KEYS = {
    "design",
    "method",
    "scale",
    "estimate",
    "lower",
    "upper",
    "level",
    "p_value",
    "df",
    "n",
    "arms",
    "sealed",
    "not_estimable",
    "diagnostics",
    "limitations",
    "sentences",
}


def write(path, **columns):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def parallel(seed=1, n_clusters=16, size=20):
    """Give a trial in clusters with a binary outcome, and its arrays."""
    rng = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(n_clusters), size)
    arm = np.arange(n_clusters) % 2
    age = rng.integers(30, 80, len(clusters))
    level = 0.3 * rng.normal(size=n_clusters)[clusters] + 0.9 * arm[clusters] - 0.5
    y = (rng.random(len(clusters)) < 1 / (1 + np.exp(-level))).astype(int)
    return y, clusters, arm, age


def sheet(tmp_path, y, clusters, arm, age):
    return write(
        tmp_path / "trial.csv",
        done=y,
        clinic=[f"clinic {c}" for c in clusters],
        arm=["card" if a else "usual" for a in arm[clusters]],
        age=age,
    )


def analyse(capsys, path, *words):
    code = main(["evaluation", "analyse", str(path), *words, "--json"])
    out = capsys.readouterr()
    assert code == 0, out.err
    return json.loads(out.out)


CLUSTER = ("--design", "cluster", "--outcome", "done", "--arm", "arm")
CLUSTER = (*CLUSTER, "--cluster", "clinic")


def test_each_method_of_clusters_is_the_method(tmp_path, capsys):
    y, clusters, arm, age = parallel()
    path = sheet(tmp_path, y, clusters, arm, age)
    X = np.column_stack([arm[clusters], np.ones(len(y)), age]).astype(float)
    named = np.array([f"clinic {c}" for c in clusters])
    schedule = arm[np.argsort([f"clinic {c}" for c in range(16)])]
    codes = np.unique(named, return_inverse=True)[1]
    wanted = {
        "least-squares": cluster_ols(y, X, clusters),
        "gee": gee(y, X, clusters),
        "mixed": linear_mixed(y, X, clusters),
        "permutation": permutation(
            y,
            codes,
            schedule,
            adjust=age[:, None],
            rng=np.random.default_rng(1),
        ),
    }
    for method, other in wanted.items():
        found = analyse(
            capsys, path, *CLUSTER, "--covariates", "age", "--method", method
        )
        assert set(found) >= KEYS
        assert found["method"] == method
        for name in ("estimate", "lower", "upper", "p_value"):
            assert found[name] == pytest.approx(getattr(other, name), rel=1e-7)
    assert found["n_allocations"] == 10_000


METHODS = ("least-squares", "gee", "mixed", "mixed-wider", "permutation")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("origin", "unit"), [(20_240_600, 1), (1.7e12, 1000), (0, 1e-9)]
)
def test_a_covariate_is_adjusted_for_wherever_its_nought_lies(
    tmp_path, capsys, method, origin, unit
):
    """As of a date written 20240601, or a time in milliseconds since 1970."""
    y, clusters, arm, age = parallel()
    words = (*CLUSTER, "--covariates", "age", "--method", method)
    # Fay and Graubard's variance depends on where nought lies: far ones are centred.
    near = age - age.mean() if origin else age
    wanted = analyse(capsys, sheet(tmp_path, y, clusters, arm, near), *words)
    moved = [repr(origin + unit * float(one)) for one in age]
    found = analyse(capsys, sheet(tmp_path, y, clusters, arm, moved), *words)
    crude = analyse(capsys, sheet(tmp_path, y, clusters, arm, moved), *words[:-4])
    for name in ("estimate", "lower", "upper", "p_value"):
        assert found[name] == pytest.approx(wanted[name], rel=1e-6)
    assert abs(found["estimate"] - crude["estimate"]) > 1e-4


def test_a_cost_that_is_the_same_throughout_an_arm_has_a_net_benefit(tmp_path, capsys):
    """That of worth times outcome less cost, analysed by itself."""
    y, clusters, arm, _ = parallel()
    exposed = arm[clusters]
    path = write(
        tmp_path / "priced.csv",
        y=y,
        cost=5 * exposed,
        net=400 * y - 5 * exposed,
        arm=["card" if a else "usual" for a in exposed],
    )
    words = ("--design", "individual", "--arm", "arm")
    net = analyse(capsys, path, *words, "--outcome", "net")
    asked = ("--effect", "y", "--cost", "cost", "--worth", "400", "--currency", "EUR")
    told = ("--perspective", "the payer", "--json")
    assert main(["evaluation", "value", str(path), *words, *asked, *told]) == 0
    found = json.loads(capsys.readouterr().out)
    for name in ("estimate", "lower", "upper"):
        assert found["net_benefit"][name] == pytest.approx(net[name], rel=1e-9)
        assert found["cost"][name] == 5
    free = found["curve"][0]
    assert free["worth"] == 0
    assert (free["estimate"], free["lower"], free["upper"]) == (-5, -5, -5)
    assert free["probability"] == 0


def test_ratios_are_exponentials_and_of_persons_too(tmp_path, capsys):
    y, clusters, arm, age = parallel()
    path = sheet(tmp_path, y, clusters, arm, age)
    X = np.column_stack([arm[clusters], np.ones(len(y))]).astype(float)
    for scale, family in (("risk-ratio", "poisson"), ("odds-ratio", "binomial")):
        found = analyse(capsys, path, *CLUSTER, "--scale", scale)
        other = gee(y, X, clusters, family=family)
        assert found["method"] == "gee"
        assert found["estimate"] == pytest.approx(np.exp(other.estimate))
        assert found["upper"] == pytest.approx(np.exp(other.upper))
    alone = ("--design", "individual", "--outcome", "done", "--arm", "arm")
    found = analyse(capsys, path, *alone, "--scale", "odds-ratio")
    table = [[(y[arm[clusters] == a] == v).sum() for v in (1, 0)] for a in (1, 0)]
    (a, b), (c, d) = table
    assert found["estimate"] == pytest.approx(a * d / (b * c), rel=1e-9)
    plain = analyse(capsys, path, *alone)
    assert plain["estimate"] == pytest.approx(a / (a + b) - c / (c + d))


def wedge(seed=2):
    rng = np.random.default_rng(seed)
    schedule = np.triu(np.ones((4, 5)), 1)[np.arange(8) // 2]
    clusters = np.repeat(np.arange(8), 50)
    periods = np.tile(np.repeat(np.arange(5), 10), 8)
    y = rng.normal(size=len(clusters)) + 0.2 * periods
    y += 0.8 * schedule[clusters, periods] + 0.3 * rng.normal(size=8)[clusters]
    return y, clusters, periods, schedule


def test_a_wedge_and_its_periods(tmp_path, capsys):
    y, clusters, periods, schedule = wedge()
    path = write(
        tmp_path / "wedge.csv",
        y=y,
        site=clusters,
        month=[f"2026-{p + 1:02d}" for p in periods],
        exposed=schedule[clusters, periods].astype(int),
    )
    words = ("--outcome", "y", "--arm", "exposed", "--cluster", "site")
    words = ("--design", "stepped-wedge", *words, "--period", "month")
    at = [(periods == p).astype(float) for p in range(5)]
    X = np.column_stack([schedule[clusters, periods], *at])
    other = linear_mixed(y, X, clusters, periods)
    found = analyse(capsys, path, *words)
    assert found["method"] == "mixed"
    assert found["estimate"] == pytest.approx(other.estimate, rel=1e-6)
    assert found["df"] == pytest.approx(other.df, rel=1e-4)
    assert found["icc"] == pytest.approx(other.icc, rel=1e-4)
    wider = wider_mixed(y, X, clusters, periods)
    careful = analyse(capsys, path, *words, "--method", "mixed-wider")
    assert careful["lower"] == pytest.approx(wider.lower, rel=1e-4)
    assert careful["lower"] <= found["lower"]
    shuffled = analyse(capsys, path, *words, "--method", "permutation")
    one = permutation(
        y, clusters, schedule, periods=periods, rng=np.random.default_rng(1)
    )
    assert one.is_exact
    assert shuffled["n_allocations"] == 2520  # 8! / (2!)⁴
    assert shuffled["lower"] == pytest.approx(one.lower)
    crossed = ("--design", "cluster-crossover", *words[2:])
    assert analyse(capsys, path, *crossed)["estimate"] == found["estimate"]


def test_pairs_are_permuted_within(tmp_path, capsys):
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(16), 12)
    pair, arm = clusters // 2, clusters % 2
    y = 3.0 * pair + 1.0 * arm + rng.normal(size=len(clusters))
    path = write(tmp_path / "pairs.csv", y=y, site=clusters, arm=arm, pair=pair)
    words = ("--design", "matched-pairs", "--outcome", "y", "--arm", "arm")
    words = (*words, "--cluster", "site", "--stratum", "pair")
    found = analyse(capsys, path, *words)
    assert found["n_allocations"] == 2**8
    assert found["p_value"] == pytest.approx(2 / 2**8)
    assert found["lower"] < 1.0 < found["upper"]


def test_outcomes_lost_from_one_arm_seal_the_effect(tmp_path, capsys):
    y, clusters, arm, age = parallel()
    rng = np.random.default_rng(9)
    gone = (arm[clusters] == 1) & (rng.random(len(y)) < 0.3)
    told = ["" if lost else value for value, lost in zip(y, gone, strict=True)]
    path = sheet(tmp_path, told, clusters, arm, age)
    found = analyse(capsys, path, *CLUSTER)
    assert found["estimate"] is None
    assert found["lower"] is None
    assert [a["mean"] for a in found["arms"]] == [None, None]
    assert "missing_outcomes failed" in found["sealed"]
    shown = analyse(capsys, path, *CLUSTER, "--required", "none")
    assert shown["sealed"] is None
    assert shown["estimate"] is not None
    assert any("have no outcome" in one for one in shown["limitations"])


def test_too_many_units_in_one_arm_seal_the_effect(tmp_path, capsys):
    rng = np.random.default_rng(4)
    arm = (np.arange(400) < 260).astype(int)
    path = write(tmp_path / "t.csv", y=rng.normal(size=400), arm=arm)
    words = ("--design", "individual", "--outcome", "y", "--arm", "arm")
    found = analyse(capsys, path, *words)
    assert "sample_ratio failed" in found["sealed"]


def test_an_answer_that_hangs_on_one_cluster_says_so(tmp_path, capsys):
    y, clusters, arm, _ = parallel(n_clusters=10)
    y = np.random.default_rng(6).normal(size=len(y)) + 0.0
    quiet = sheet(tmp_path, y, clusters, arm, np.zeros(len(y)))
    one = {d["name"]: d for d in analyse(capsys, quiet, *CLUSTER)["diagnostics"]}
    assert one["influence"]["verdict"] == "pass"
    big = np.repeat(np.arange(10), [400] + [5] * 9)
    y = np.random.default_rng(6).normal(size=len(big)) + 3.0 * (big == 0)
    loud = sheet(tmp_path, y, big, arm, np.zeros(len(big)))
    other = {d["name"]: d for d in analyse(capsys, loud, *CLUSTER)["diagnostics"]}
    assert other["influence"]["verdict"] == "fail"
    assert not other["influence"]["required"]
    asked = ("--required", "influence")
    assert "influence failed" in analyse(capsys, loud, *CLUSTER, *asked)["sealed"]


def test_a_required_check_that_could_not_be_made_seals(tmp_path, capsys):
    """Four clusters carry three columns; three do not, so none can be left out."""
    y, clusters, arm, age = parallel(n_clusters=4)
    path = sheet(tmp_path, y, clusters, arm, age)
    words = (*CLUSTER, "--method", "gee", "--covariates", "age")
    free = analyse(capsys, path, *words)
    checks = {d["name"]: d for d in free["diagnostics"]}
    assert checks["influence"]["verdict"] == "not_evaluated"
    assert free["estimate"] is not None
    asked = ("--required", "sample_ratio,missing_outcomes,influence")
    sealed = analyse(capsys, path, *words, *asked)
    assert sealed["estimate"] is None
    assert "influence could not be checked" in sealed["sealed"]


def test_a_check_that_the_design_has_no_use_for_seals_nothing(tmp_path, capsys):
    y, clusters, periods, schedule = wedge()
    path = write(
        tmp_path / "w.csv",
        y=y,
        site=clusters,
        month=periods,
        arm=schedule[clusters, periods].astype(int),
    )
    words = ("--outcome", "y", "--arm", "arm", "--cluster", "site", "--period", "month")
    found = analyse(capsys, path, "--design", "stepped-wedge", *words)
    checks = {d["name"]: d for d in found["diagnostics"]}
    assert checks["sample_ratio"]["verdict"] == "not_evaluated"
    assert not checks["sample_ratio"]["required"]
    assert found["estimate"] is not None
    assert "allowing for periods, the difference is" in found["sentences"][0]


def test_words_hold_what_the_numbers_say(tmp_path, capsys):
    y, clusters, arm, age = parallel()
    path = sheet(tmp_path, y, clusters, arm, age)
    found = analyse(capsys, path, *CLUSTER)
    first, second = found["sentences"]
    assert "'card'" in first
    assert f"{100 * found['estimate']:+.1f} points" in first
    assert f"{found['arms'][1]['mean']:.1%}" in first
    assert "in 1,000" in second
    nothing = sheet(tmp_path, np.tile([0, 1], len(y) // 2), clusters, arm, age)
    said = analyse(capsys, nothing, *CLUSTER, "--method", "mixed")["sentences"]
    assert "not to say that there is none" in said[1]
    assert main(["evaluation", "analyse", str(path), *CLUSTER]) == 0
    out = capsys.readouterr().out
    assert "Assumed: Whole clusters were randomised" in out


def test_every_design_is_reached():
    """Each name is analysed above; visits in `test_evaluation_visits`."""
    tried = {"individual", "cluster", "matched-pairs", "stepped-wedge", "encounter"}
    assert set(SHEET_DESIGNS) == tried | {"cluster-crossover"}
