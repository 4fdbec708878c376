"""Trials that give no answer: a reason in words, never a number, never a cell."""

import json

import numpy as np
import pytest

from rounds.cli.main import main

SECRET = "Rosalind-19540712"
WORDS = ("--outcome", "y", "--arm", "arm")
CLUSTER = ("--design", "cluster", *WORDS, "--cluster", "site")


def varied(site, person):
    return (site * 5 + person * 3) % 7 % 2


def odd(site):
    return site % 2


def rows(*, n_clusters=8, size=6, outcome=varied, arm=odd):
    """Give a CSV; `outcome` goes with cluster and person, `arm` with the cluster, or
    either is the same throughout."""
    lines = ["site,y,arm"]
    for site in range(n_clusters):
        for person in range(size):
            y = outcome(site, person) if callable(outcome) else outcome
            lines.append(f"s{site},{y},{arm(site) if callable(arm) else arm}")
    return "\n".join(lines) + "\n"


def analyse(tmp_path, capsys, text, *words):
    path = tmp_path / "trial.csv"
    path.write_text(text)
    code = main(["evaluation", "analyse", str(path), *words, "--json"])
    return code, capsys.readouterr()


NO_ANSWER = {
    "one cluster in an arm": (
        rows(arm=lambda site: int(site == 0)),
        CLUSTER,
        "only one cluster",
    ),
    "every outcome missing in an arm": (
        rows(outcome=lambda site, person: "" if site % 2 else person % 2),
        (*CLUSTER, "--required", "none"),
        "nobody in the arm '1'",
    ),
    "every outcome the same": (
        rows(outcome=1),
        CLUSTER,
        "vary enough",
    ),
    "no event in an arm, as a ratio": (
        rows(outcome=lambda site, person: 0 if site % 2 else person % 2),
        (*CLUSTER, "--scale", "odds-ratio"),
        "no solution",
    ),
    "a column that tells the outcome": (
        rows(outcome=lambda site, _: site % 2),
        (*CLUSTER, "--scale", "odds-ratio"),
        "perfectly",
    ),
    "too few clusters for a permutation": (
        rows(n_clusters=6),
        (*CLUSTER, "--method", "permutation"),
        "more clusters are needed",
    ),
    "a covariate that is the arm": (
        "\n".join(f"{line},{line[-1]}" for line in rows().split()).replace(
            "arm,m", "arm,same"
        ),
        (*CLUSTER, "--method", "gee", "--covariates", "same"),
        "repeats the others",
    ),
}


@pytest.mark.parametrize("name", NO_ANSWER)
def test_a_reason_and_no_number(name, tmp_path, capsys):
    text, words, reason = NO_ANSWER[name]
    code, out = analyse(tmp_path, capsys, text, *words)
    assert code == 0, out.err
    found = json.loads(out.out)
    assert reason in (found["not_estimable"] or "")
    for key in ("estimate", "lower", "upper", "p_value", "df", "icc"):
        assert found[key] is None
    assert "cannot be told" in found["sentences"][0]


NO_ANSWER |= {
    "one cluster left in an arm": (
        rows(
            n_clusters=7,
            arm=lambda site: int(site < 2),
            outcome=lambda site, person: "" if site == 0 else varied(site, person),
        ),
        (*CLUSTER, "--required", "none"),
        "only one cluster in the arm '1'",
    ),
    "one person in an arm": (
        "site,y,arm\n" + "".join(f"{n},{n * n % 7},{int(n == 0)}\n" for n in range(6)),
        ("--design", "individual", *WORDS),
        "only one person in the arm '1'",
    ),
    "an outcome that is the arm": (
        rows(n_clusters=12, outcome=lambda site, _: site % 2),
        (*CLUSTER, "--method", "gee"),
        "does not vary within the arms",
    ),
    "an outcome that is the arm, permuted": (
        rows(n_clusters=12, outcome=lambda site, _: site % 2),
        (*CLUSTER, "--method", "permutation"),
        "does not vary beyond",
    ),
    "one value throughout, permuted": (
        rows(n_clusters=12, outcome=3.3),
        (*CLUSTER, "--method", "permutation"),
        "does not vary beyond",
    ),
}


BAD = {
    "a cluster of a trial of persons": (
        rows(),
        ("--design", "individual", *WORDS, "--cluster", "site"),
        "has no --cluster",
    ),
    "a column in two parts": (
        rows(),
        (*CLUSTER, "--covariates", "y"),
        "'y' is both outcome and covariate",
    ),
    "a covariate without a name": (rows(), (*CLUSTER, "--covariates", "y2,"), "name"),
    "a cluster that is not known": (
        rows().replace("s3,", "NA,"),
        CLUSTER,
        "not known",
    ),
    "a seed below nought": (rows(), (*CLUSTER, "--seed", "-1"), "below 0"),
    "an infinity": (rows(outcome="inf"), CLUSTER, "should hold a number"),
    "a word among the outcomes": (
        rows(outcome=SECRET),
        CLUSTER,
        "should hold a number",
    ),
    "an empty arm": (rows(arm=""), CLUSTER, "empty"),
    "one arm": (rows(arm=1), CLUSTER, "1 labels"),
    "a third label": (rows(arm=lambda s: s % 3), CLUSTER, "3 labels"),
    "no such column": (rows(), (*CLUSTER[:-1], "clinic"), "clinic"),
    "an unknown check": (
        rows(),
        (*CLUSTER, "--required", "balance"),
        "no check 'balance'",
    ),
    "a level of 95": (rows(), (*CLUSTER, "--level", "95"), "between 0 and 1"),
    "a method that the design has not": (
        rows(),
        ("--design", "individual", *WORDS, "--method", "mixed"),
        "not analysed by",
    ),
    "a ratio of numbers": (
        rows(outcome=lambda s, p: s + p / 2),
        (*CLUSTER, "--scale", "risk-ratio"),
        "0 or 1",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refused_in_words(name, tmp_path, capsys):
    text, words, said = BAD[name]
    code, out = analyse(tmp_path, capsys, text, *words)
    assert code in {10, 11}
    told = out.out + out.err
    assert said in told
    assert SECRET not in told
    assert "Traceback" not in told


def test_a_wedge_with_an_empty_cell_has_no_permutation(tmp_path, capsys):
    rng = np.random.default_rng(1)
    lines = ["site,month,y,arm"]
    for site in range(8):
        for month in range(4):
            if (site, month) != (3, 1):
                for _ in range(5):
                    exposed = int(month > site // 3)
                    lines.append(f"{site},{month},{rng.normal():.3f},{exposed}")
    words = ("--design", "stepped-wedge", *WORDS, "--cluster", "site")
    words = (*words, "--period", "month")
    text = "\n".join(lines) + "\n"
    _, out = analyse(tmp_path, capsys, text, *words, "--method", "permutation")
    found = json.loads(out.out)
    assert "nobody in some period" in found["not_estimable"]
    _, out = analyse(tmp_path, capsys, text, *words)
    assert json.loads(out.out)["estimate"] is not None


def dated(cell=None, at=3, name="seen"):
    """Give a CSV with a covariate of dates written as numbers; one cell may differ."""
    lines = rows().split()
    told = [f"{line},{20240600 + i * 7 % 29}" for i, line in enumerate(lines)]
    told[0] = f"{lines[0]},{name}"
    if cell is not None:
        told[at] = f"{lines[at]},{cell}"
    return "\n".join(told) + "\n"


@pytest.mark.parametrize("cell", [SECRET, "1_000", "0x10", "TRUE", "1e5e"])
def test_a_covariate_of_numbers_with_one_other_cell_is_refused(tmp_path, capsys, cell):
    """Not read as a group of each number; the row is told, its cell never."""
    words = (*CLUSTER, "--covariates", "seen")
    code, told = analyse(tmp_path, capsys, dated(cell), *words)
    said = told.out + told.err
    assert code == 11
    assert "47 cells are numbers and 1 are not, beginning with row 3" in said
    assert cell not in said


@pytest.mark.parametrize("cell", ["1e200", "-1e15", "inf", "-Infinity"])
def test_a_covariate_beyond_all_others_is_refused(tmp_path, capsys, cell):
    words = (*CLUSTER, "--covariates", "seen")
    code, told = analyse(tmp_path, capsys, dated(cell), *words)
    assert code == 11
    assert "'seen' holds a number that is not finite, or beyond 1e15" in told.out
    assert cell not in told.out.replace("beyond 1e15", "") + told.err


def test_excel_s_own_mark_of_what_is_not_known_is_no_group(tmp_path, capsys):
    words = (*CLUSTER, "--covariates", "seen")
    code, told = analyse(tmp_path, capsys, dated("#N/A"), *words)
    assert code == 11
    assert "1 cells of the covariate 'seen'" in told.out


def test_grades_beside_words_are_groups(tmp_path, capsys):
    """As in 0, 1, 2+: few numbers, each of them a name."""
    lines = rows().split()
    text = "\n".join(f"{x},{('0', '1', '2+')[i % 3]}" for i, x in enumerate(lines))
    text = text.replace("arm,0", "arm,grade") + "\n"
    words = (*CLUSTER, "--covariates", "grade")
    assert analyse(tmp_path, capsys, text, *words)[0] == 0
