"""Somebody asks with what the effects of a spreadsheet's studies go."""

import json

import pytest

from rounds.cli.main import main

# Vaccination against tuberculosis, metafor's dat.bcg, with where and how: latitude, and
# the way of allocation.
TRIALS = """\
trial,e1,n1,e2,n2,latitude,allocation,continent
1,4,123,11,139,44,random,here
2,6,306,29,303,55,random,here
3,3,231,11,220,42,random,here
4,62,13598,248,12867,52,random,here
5,33,5069,47,5808,13,alternate,here
6,180,1541,372,1451,44,alternate,here
7,8,2545,10,629,19,random,here
8,505,88391,499,88391,13,random,here
9,29,7499,45,7277,27,random,here
10,17,1716,65,1665,42,systematic,here
11,186,50634,141,27338,18,systematic,here
12,5,2498,3,2341,33,systematic,here
13,27,16913,29,17854,33,systematic,here
"""
COUNTS = [
    "--events1",
    "e1",
    "--n1",
    "n1",
    "--events2",
    "e2",
    "--n2",
    "n2",
    "--measure",
    "rr",
]


@pytest.fixture
def asked(tmp_path, capsys):
    """Ask, and give what was printed, and what it exits with."""
    path = tmp_path / "bcg.csv"
    head, *rows = TRIALS.splitlines()
    # North is latitude in another unit.
    rows = [f"{row},{int(row.split(',')[5]) * 2}" for row in rows]
    path.write_text("\n".join([f"{head},north", *rows]), encoding="utf-8")

    def ask(*words):
        code = main(["evidence", "pool", str(path), *COUNTS, *words])
        return code, capsys.readouterr()

    return ask


def test_coefficients_are_metafor_s(asked):
    """R 4.2.2, metafor 3.8-1: rma(yi, vi, mods = ~ ablat + alloc, test = "adhoc").

    With data = escalc("RR", …, data = dat.bcg), control = list(threshold = 1e-12,
    maxiter = 10000); 2026-11-23.
    """
    words = "--moderator latitude --group allocation --interval modified_hksj --json"
    code, printed = asked(*words.split())
    assert code == 0
    found = json.loads(printed.out)["moderators"]
    names = [(one["moderator"], one["category"]) for one in found["terms"]]
    assert names == [
        (None, None),
        ("latitude", None),
        ("allocation", "random"),
        ("allocation", "systematic"),
    ]
    assert {one["reference"] for one in found["terms"][2:]} == {"alternate"}
    wanted = {
        "estimate": (0.29319435600, -0.02727575630, -0.26749121151, 0.05846128693),
        "se": (0.418842621874, 0.009513872071, 0.362410709365, 0.392487207781),
        "lower": (-0.65429348115, -0.04879763015, -1.08732119358, -0.82940646146),
        "upper": (1.240682193161, -0.005753882447, 0.552338770553, 0.946329035318),
    }
    for key, numbers in wanted.items():
        got = [one[key] for one in found["terms"]]
        assert got == pytest.approx(numbers, rel=1e-7), key
    assert found["tau2"] == pytest.approx(0.14459429736, rel=1e-7)
    assert found["r2"] == pytest.approx(0.5383961390917, rel=1e-7)
    assert found["omnibus"] == pytest.approx(3.44710676348, rel=1e-7)
    assert found["omnibus_p_value"] == pytest.approx(0.06500697924, rel=1e-7)
    assert found["q_residual"] == pytest.approx(26.20343649165, rel=1e-8)


def test_what_is_printed_says_factors_and_what_they_do_not_say(asked):
    code, printed = asked("--moderator", "latitude")
    assert code == 0
    (row,) = [line for line in printed.out.splitlines() if "latitude, one" in line]
    # exp(−0.0291) and its interval; R's rounded numbers are in the test above.
    assert row.split() == [
        "latitude,",
        "one",
        "more",
        "0.97",
        "0.96",
        "to",
        "0.99",
        "5.2e-05",
    ]
    assert "76% of the variance between studies goes with them" in printed.out
    assert "says nothing of patients within a study" in printed.out
    assert "usually advised" not in printed.out
    code, printed = asked("--moderator", "latitude", "--group", "allocation")
    assert "13 studies for 3 coefficients: 10 for each are usually" in printed.out


def test_without_a_moderator_nothing_is_said_of_one(asked):
    _, printed = asked()
    assert "oderator" not in printed.out
    _, printed = asked("--json")
    assert "moderators" not in json.loads(printed.out)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--group continent", "continent is the same for all studies."),
        (
            "--moderator latitude --group continent",
            "continent is the same for all studies.",
        ),
        ("--group trial", "13 studies for 13 coefficients."),
        (
            "--moderator latitude --moderator north",
            "A covariate is constant, or follows from the others.",
        ),
    ],
)
def test_what_cannot_be_told_is_said_and_no_number(asked, words, reason):
    """The pooled effect stays as it is."""
    code, printed = asked(*words.split(), "--json")
    assert code == 0
    found = json.loads(printed.out)
    assert found["estimate"] == pytest.approx(-0.7145, abs=1e-4)
    assert found["moderators"] == {"reason": reason}
    assert f"Moderators: not told. {reason}" in found["notes"]


def test_one_model_takes_none(asked):
    code, printed = asked("--moderator", "latitude", "--method", "mh")
    assert code != 0
    assert "the method mh takes no moderators" in printed.err


def test_a_column_is_named_once(asked):
    code, printed = asked("--moderator", "e1")
    assert code != 0
    assert "Name each column once, moderators too." in printed.err
