"""Where people live, and CDC's table, in place of an index of their own: by commands."""

import json
import re

import pytest

from rounds.cli.main import main
from rounds.world import World, WorldConfig
from stories.areas import rehoused

MEASURE = "blood-pressure-control"
A_HOME = re.compile(r"(?<![\w.,])99\d{3}(?![\w.,])")
"""A ZIP Code of those where people were made to live."""


def said(capsys, *arguments):
    capsys.readouterr()
    code = main(list(map(str, arguments)))
    return code, capsys.readouterr().out


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The same people twice: with an index of their own, and with an address."""
    folder = tmp_path_factory.mktemp("areas")
    world = World(WorldConfig(people=1_500, weeks=26, seed=5, n_clinics=4))
    world.live(world.trial_end, None)
    for name in ("own", "homes"):
        world.write_fhir(folder / f"{name}-fhir")
    assert rehoused(folder / "homes-fhir", folder / "SVI_2022_US_ZCTA.csv") > 4
    for name in ("own", "homes"):
        made = ["init", str(folder / name), "--from", str(folder / f"{name}-fhir")]
        assert main(made) == 0
    return folder


def equity(capsys, project):
    code, printed = said(
        capsys, "problem", "equity", MEASURE, "--project", project, "--json"
    )
    assert code == 0
    found = json.loads(printed)["equity"]
    (svi,) = [
        one for one in found["inequalities"] if one["characteristic"] == "svi_quartile"
    ]
    return svi, found["limitations"], printed


def test_an_area_table_gives_the_strata_that_people_s_own_index_gave(root, capsys):
    """The truth is what the same people's own ranks say: every number is the same."""
    truth, nothing, _ = equity(capsys, root / "own")
    assert not [one for one in nothing if "present address" in one]
    table = root / "SVI_2022_US_ZCTA.csv"
    code, printed = said(
        capsys, "data", "load", table, "--project", root / "homes", "--json"
    )
    loaded = json.loads(printed)
    assert (code, loaded["shape"], loaded["persons"]) == (0, "areas", 1500)
    assert loaded["areas"] == [
        "SVI, share of patients to the nearest 5%: of the area nearly all."
    ]
    found, limitations, printed = equity(capsys, root / "homes")
    assert [group["unit"] for group in truth["groups"]] == [
        f"SVI quartile {n}" for n in (1, 2, 3, 4)
    ]
    assert found == truth
    assert [one for one in limitations if "ZIP Code area (2022)" in one]
    assert not A_HOME.search(printed)


def test_a_problem_has_the_strata_and_says_whose_they_are(root, capsys):
    said(capsys, "data", "load", root / "SVI_2022_US_ZCTA.csv", "--project",
         root / "homes")  # fmt: skip
    code, printed = said(
        capsys, "problem", "run", "--project", root / "homes", "--json"
    )
    assert code == 0
    found = json.loads(printed)["problem"]
    (svi,) = [one for one in found["differences"] if "svi" in one["characteristic"]]
    assert {group["unit"] for group in svi["groups"]} >= {"SVI quartile 1"}
    assert "value" in svi["gap"]
    assert [one for one in found["limitations"] if "present address" in one]
    kept = [*(root / "homes" / "ledger").rglob("*.yaml")]
    kept += [*(root / "homes").glob("*.html")]
    assert kept
    for path in kept:
        assert not A_HOME.search(path.read_text("utf-8")), path.name


def test_status_says_how_far_the_table_reaches(root, capsys):
    said(capsys, "data", "load", root / "SVI_2022_US_ZCTA.csv", "--project",
         root / "homes")  # fmt: skip
    code, printed = said(capsys, "data", "status", "--project", root / "homes")
    assert code == 0
    assert "of the area nearly all" in printed
    assert not A_HOME.search(printed)
    assert "areas" in printed
    code, printed = said(capsys, "data", "status", "--project", root / "own")
    assert (code, "of the area" in printed) == (0, False)


def test_a_slip_is_told_without_a_line_of_the_table(root, tmp_path, capsys):
    slip = tmp_path / "neighbourhoods.csv"
    slip.write_text("FIPS,RPL_THEMES\n99001,0.2\n", "utf-8")
    load = ("data", "load", slip, "--project", root / "homes", "--json")
    code, printed = said(capsys, *load)
    assert code == 10
    assert json.loads(printed)["error"]["code"] == "area-layout"
    assert "99001" not in printed
    load = ("data", "load", root / "SVI_2022_US_ZCTA.csv", "--source", "main")
    code, printed = said(capsys, *load, "--project", root / "homes", "--json")
    assert json.loads(printed)["error"]["code"] == "source-of-another-shape"
