"""A factorial trial in a spreadsheet: by command, with its numbers and its refusals."""

import csv
import json

import numpy as np
import pytest

from rounds.cli.main import main
from rounds.loop.evaluation.arms.interaction import InteractionRule
from rounds.loop.evaluation.spreadsheet.planning_factorial import (
    FactorialPlan,
    plan_factorial,
    simulate_factorial,
)
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.estimands.multiplicity import adjust

FACTORS = ("--design", "factorial", "--arm", "card", "--second-arm", "letter")


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(4)
    clinic = np.repeat(np.arange(24), 25)
    a, b = clinic % 2, clinic // 2 % 2
    level = 0.3 + 0.1 * a + 0.05 * b + 0.04 * rng.normal(size=24)[clinic]
    return {
        "clinic": [f"clinic {c}" for c in clinic],
        "card": ["shown" if one else "usual" for one in a],
        "letter": ["sent" if one else "no" for one in b],
        "age": rng.integers(20, 80, 600),
        "y": (rng.random(600) < level).astype(int),
        "z": (rng.normal(size=600) + 0.5 * a + 2 * (a & b)).round(4),
    }


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


def refused(capsys, *words):
    code = main(["evaluation", *words])
    out = capsys.readouterr()
    assert code != 0, out.out
    assert "Traceback" not in out.err
    return out.err


def arrays(made):
    a = (np.array(made["card"]) == "shown").astype(float)
    b = (np.array(made["letter"]) == "sent").astype(float)
    return a, b, np.unique(made["clinic"], return_inverse=True)[1]


def test_margins_interaction_and_table_are_least_squares(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    words = ("--outcome", "y", "--cluster", "clinic", "--covariates", "age")
    found = analyse(capsys, path, *FACTORS, *words)
    a, b, clinic = arrays(made)
    rest = [np.ones(600), np.array(made["age"], float)]
    plain = np.column_stack([a, b, *rest])
    crossed = np.column_stack([a, b, a * b, *rest])
    for name, X, column in (
        ("first", plain, 0),
        ("second", plain, 1),
        ("first_alone", crossed, 0),
        ("second_alone", crossed, 1),
        ("interaction", crossed, 2),
    ):
        other = cluster_ols(made["y"], X, clinic, column=column)
        for key in ("estimate", "lower", "upper", "df"):
            assert found[name][key] == pytest.approx(getattr(other, key), rel=1e-7)
    parts = [
        found[n]["estimate"] for n in ("first_alone", "second_alone", "interaction")
    ]
    assert found["both"]["estimate"] == pytest.approx(sum(parts))
    assert [cell["n_clusters"] for cell in found["cells"]] == [6, 6, 6, 6]
    assert found["reading"] == "margins"
    assert found["factors"] == ["card", "letter"]
    assert "each is judged by itself" in found["sentences"][-1]


def test_two_comparisons_may_share_their_level(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    words = ("--outcome", "y", "--cluster", "clinic", "--multiplicity", "holm")
    found = analyse(capsys, path, *FACTORS, *words)
    raw = [found[name]["p_value"] for name in ("first", "second")]
    assert found["adjusted_p"] == pytest.approx(adjust(raw, "holm").tolist())
    assert "Judged together (holm)" in found["sentences"][-1]


def test_where_they_interact_the_margins_are_withheld(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    found = analyse(capsys, path, *FACTORS, "--outcome", "z", "--cluster", "clinic")
    assert found["reading"] == "inside_the_table"
    assert found["first"] is None
    assert found["second"] is None
    assert found["both"]["estimate"] > 2
    assert "no effect at the margins is told" in " ".join(found["sentences"])
    main(["evaluation", "analyse", str(path), *FACTORS, "--outcome", "z"])
    assert "withheld" in capsys.readouterr().out


def test_a_margin_decides_beside_the_test(made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    words = (*FACTORS, "--outcome", "y", "--cluster", "clinic")
    seen = abs(analyse(capsys, path, *words)["interaction"]["estimate"])
    wide = analyse(capsys, path, *words, "--interaction-margin", str(3 * seen + 1))
    assert "within the margin" in " ".join(wide["sentences"])
    near = analyse(capsys, path, *words, "--interaction-margin", str(1.1 * seen))
    assert "is not ruled out" in " ".join(near["sentences"])
    less = analyse(capsys, path, *words, "--interaction-margin", str(0.9 * seen))
    assert less["reading"] == "inside_the_table"
    ratio = (*words, "--scale", "risk-ratio", "--interaction-margin", "1.0001")
    assert analyse(capsys, path, *ratio)["reading"] == "inside_the_table"


def test_outcomes_that_go_missing_with_both_seal_everything(made, tmp_path, capsys):
    a, b, _ = arrays(made)
    y = [
        "" if one and i % 2 else v
        for i, (one, v) in enumerate(zip(a * b, made["y"], strict=True))
    ]
    path = write(tmp_path / "t.csv", {**made, "y": y})
    found = analyse(capsys, path, *FACTORS, "--outcome", "y")
    assert "missing_outcomes failed" in found["sealed"]
    assert all(found[name] is None for name in ("first", "interaction", "both"))
    assert {cell["mean"] for cell in found["cells"]} == {None}


def test_cells_of_unequal_size_fail_the_sample_ratio(made, tmp_path, capsys):
    a, b, _ = arrays(made)
    kept = [i for i in range(600) if not (a[i] and b[i]) or i % 5 == 0]
    fewer = {name: [values[i] for i in kept] for name, values in made.items()}
    path = write(tmp_path / "t.csv", fewer)
    found = analyse(capsys, path, *FACTORS, "--outcome", "y")
    assert "sample_ratio failed" in found["sealed"]


def test_what_one_cluster_carries_is_told_of_the_factor_that_moves_more(
    made, tmp_path, capsys
):
    clinic = np.unique(made["clinic"], return_inverse=True)[1]
    z = np.array(made["z"]) + 40 * (clinic == 1)
    path = write(tmp_path / "t.csv", {**made, "z": z})
    words = (*FACTORS, "--outcome", "z", "--cluster", "clinic")
    calm, moved = (
        next(
            one
            for one in analyse(capsys, file, *words)["diagnostics"]
            if one["name"] == "influence"
        )
        for file in (write(tmp_path / "calm.csv", made), path)
    )
    assert moved["value"] > calm["value"]
    assert moved["detail"].split(":")[0] in {"of card", "of letter"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--design", "factorial", "--arm", "card"), "has two factors"),
        ((*FACTORS, "--horizon", "3"), "--horizon"),
        ((*FACTORS, "--hypothesis", "superiority"), "--hypothesis"),
        ((*FACTORS, "--period", "age"), "--period"),
        ((*FACTORS, "--summary", "per-protocol"), "--summary"),
        ((*FACTORS, "--missing", "multiple-imputation"), "--missing"),
        ((*FACTORS, "--method", "permutation"), "permutation"),
        ((*FACTORS, "--method", "mixed"), "mixed"),
        ((*FACTORS, "--multiplicity", "gatekeeping"), "one family"),
        ((*FACTORS, "--interaction-margin", "0"), "not above 0"),
        ((*FACTORS, "--interaction-alpha", "1"), "between 0 and 1"),
        ((*FACTORS, "--scale", "odds-ratio", "--interaction-margin", "0.9"), "above 1"),
        ((*FACTORS[:4], "--second-arm", "card"), "is both"),
        (
            ("--design", "individual", "--arm", "card", "--second-arm", "letter"),
            "second",
        ),
    ],
)
def test_what_is_not_of_two_factors_is_refused(words, said, made, tmp_path, capsys):
    path = write(tmp_path / "t.csv", made)
    assert said in refused(capsys, "analyse", str(path), "--outcome", "y", *words)


def test_an_empty_cell_is_refused(made, tmp_path, capsys):
    a, b, _ = arrays(made)
    kept = [i for i in range(600) if not (a[i] and b[i])]
    path = write(tmp_path / "t.csv", {n: [v[i] for i in kept] for n, v in made.items()})
    said = refused(capsys, "analyse", str(path), *FACTORS, "--outcome", "y")
    assert "four cells" in said


def test_a_rule_has_a_margin_and_a_level():
    with pytest.raises(ValueError, match="margin"):
        InteractionRule(margin=-1.0)
    with pytest.raises(ValueError, match="level"):
        InteractionRule(alpha=0.0)


POWER = ("power", "--design", "factorial", "--units", "400")


def test_power_by_command(capsys):
    words = ("--control", "0.3", "--effect", "0.12", "--second-effect", "0.05")
    assert main(["evaluation", *POWER, *words]) == 0
    said = capsys.readouterr().out
    assert "at the margins" in said
    assert "an interaction only of" in said
    code = main(["evaluation", *POWER, *words, "--simulate", "100", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["plan"]["design"] == "factorial"
    assert found["simulated"]["first"]["trials"] == 100
    assert found["interaction_se"] == pytest.approx(2 * found["se"])
    assert found["power"] > found["second_power"]


@pytest.mark.parametrize(
    "words",
    [
        (*POWER, "--effect", "0.1"),
        (*POWER, "--control", "0.9", "--effect", "0.2"),
        (*POWER, "--sd", "1", "--icc", "0.1"),
        (*POWER, "--sd", "1", "--periods", "3"),
        (*POWER, "--sd", "1", "--simulate", "100"),
        ("power", "--design", "individual", "--units", "99", "--interaction", "0.1"),
        ("power", "--design", "factorial", "--units", "4", "--sd", "1"),
    ],
)
def test_plans_that_are_none_are_refused(words, capsys):
    assert refused(capsys, *words)


PLANS = {
    "persons, a share": FactorialPlan(
        400, control=0.3, effect=0.12, second_effect=0.08, interaction=-0.04
    ),
    "clusters, a number": FactorialPlan(
        16, 30, sd=1.0, effect=0.4, second_effect=0.3, interaction=0.5, icc=0.04
    ),
    "clusters, unequal": FactorialPlan(
        24, 30, sd=1.0, effect=0.35, icc=0.04, variation=0.6
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_formula_and_made_trials_agree(name):
    plan = PLANS[name]
    formula = plan_factorial(plan)
    made = simulate_factorial(plan, trials=300, seed=5)
    for chance, one in (
        (formula.power, made.first),
        (formula.second_power, made.second),
        (formula.interaction_power or plan.alpha, made.interaction),
    ):
        if one is None:
            assert chance is None
            continue
        print(f"{name:<26}{chance:6.1%}   {one.power:6.1%} ± {one.error:.1%}")
        assert abs(chance - one.power) <= 0.02 + 3 * max(one.error, 0.01)
        assert one.unanswered == 0


@pytest.mark.parametrize("name", PLANS)
def test_what_is_detectable_is_found_with_the_wanted_power(name):
    plan = PLANS[name]
    found = plan_factorial(plan)
    alone = found.detectable - plan.interaction / 2
    again = plan_factorial(FactorialPlan(**{**vars(plan), "effect": alone}))
    assert again.power == pytest.approx(plan.wanted, abs=1e-6)
    enough = plan_factorial(
        FactorialPlan(**{**vars(plan), "units": found.units_needed})
    )
    assert min(p for p in (enough.power, enough.second_power) if p) >= plan.wanted
