"""A world in which something gets worse, and one in which nothing does.

Cards are shown everywhere from go-live on, and clinicians act on them. In one world
they stop in one clinic, in another everywhere: what they had brought is lost.
"""

import datetime as dt
import functools
import json

import numpy as np
import pytest

from rounds.cli.main import main
from rounds.conduct import Project
from rounds.datamart import Datamart, load
from rounds.definitions import builtin_measures
from rounds.loop.evaluation.after_adoption.fading import fading
from rounds.loop.problem.watching import watch_units
from rounds.nouns import Estimate, Period
from rounds.world import EveryCard, World, WorldConfig
from rounds.world.point_of_care import Cards
from stories.told_trial import decision, evaluation

MEASURE = builtin_measures()["treatment-intensified"]
CONFIG = WorldConfig(people=4_000, n_clinics=8, weeks=52, seed=1, effect=0.3)
STOPS = dt.date(2025, 10, 1)
MONTHS = Period(start=dt.date(2025, 2, 1), end=dt.date(2026, 2, 28))
CLINIC = "clinic-03"
WORLDS = pytest.mark.parametrize("kind", ["holds", "one", "all"])


class Stops(EveryCard):
    """Shows every card, until they stop in some clinics."""

    def __init__(self, clinics):
        super().__init__()
        self._stopped = sorted(clinics)

    def cards(self, encounters):
        """Show the card where it is due and has not stopped."""
        found = super().cards(encounters)
        late = encounters.start >= np.datetime64(STOPS)
        shown = found.shown & ~(late & np.isin(encounters.clinic, self._stopped))
        return Cards(
            shown=shown,
            card=np.where(shown, found.card, ""),
            suggestion=np.where(shown, found.suggestion, ""),
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Give the folder of a world's data after a year of cards, made once for each."""

    @functools.cache
    def folder(kind):
        root = tmp_path_factory.mktemp(kind)
        made = World(CONFIG)
        clinics = [str(name) for name in made._names[1]]
        assert CLINIC in clinics
        stopped = {"holds": [], "one": [CLINIC], "all": clinics}[kind]
        made.live(dt.date(2026, 4, 6), Stops(stopped))
        made.write_omop(root / "omop")
        load(root / "omop", root / "mart")
        return root

    return folder


@WORLDS
def test_a_planted_drop_is_found_where_it_is_and_nowhere_else(world, kind):
    with Datamart.open(world(kind) / "mart") as mart:
        found = watch_units(MEASURE, mart, MONTHS, since=dt.date(2025, 8, 1), owner="x")
    units = [alert.unit for alert in found.alerts]
    assert len(found.watched) == 9
    if kind == "holds":
        assert units == []
    elif kind == "one":
        assert units == [CLINIC]
        assert "2025-09" <= found.alerts[0].since <= "2025-11"
    else:
        assert "(all)" in units
        (whole,) = [alert for alert in found.alerts if alert.unit == "(all)"]
        assert whole.since == "2025-10"
        assert whole.seen.value < 0.6 * whole.level


@WORLDS
def test_the_decay_of_what_was_adopted_is_found(world, kind):
    """The gain was 20 points or so: half of it gone is fading."""
    gain = Estimate(value=0.2, lower=0.15, upper=0.25, scale="risk_difference")
    with Datamart.open(world(kind) / "mart") as mart:
        found = fading(
            MEASURE,
            mart,
            MONTHS,
            evaluated=evaluation().model_copy(update={"estimate": gain}),
            decided=decision(),
            since=dt.date(2025, 5, 1),
            owner="x",
        )
    assert found.n_months == 10
    if kind == "all":
        assert found.decay.verdict == "fading"
        assert found.alert.since == "2025-10"
        assert found.left.upper < 0.6
    else:
        assert found.alert is None


def said(capsys, *arguments):
    code = main(list(map(str, arguments)))
    return code, capsys.readouterr().out


def test_the_commands_watch_publish_and_take_an_answer(world, tmp_path, capsys):
    """The signal is one alert in the ledger; watching again publishes it no second
    time, and an answer is a version of it with who gave it."""
    project = Project.init(tmp_path / "house", source=None)
    load(world("one") / "omop", project.datamart)
    asked = ["--project", project.root, "--since", "2025-08-01"]
    asked += ["--from", "2025-02-01", "--to", "2026-02-28", "--json"]
    watch = ("problem", "watch", MEASURE.name, *asked)
    code, printed = said(capsys, *watch)
    found = json.loads(printed)
    assert code == 0
    (alert,) = found["alerts"]
    assert (alert["unit"], alert["status"]) == (CLINIC, "open")
    assert found["change"] == {"reason": "No change has been adopted."}
    assert json.loads(said(capsys, *watch)[1])["alerts"] == [alert]
    kept = list((project.ledger / "1-problems").glob("*-alert-*"))
    assert len(kept) == 1
    answer = ("problem", "answer", alert["name"], "--status", "closed")
    answer += ("--by", "Ana", "--note", "The service was down.")
    code, printed = said(capsys, *answer, "--project", project.root)
    assert code == 0
    assert "closed" in printed
    (again,) = json.loads(said(capsys, *watch)[1])["alerts"]
    assert (again["status"], again["answer"]) == ("closed", "The service was down.")
    assert CLINIC in said(capsys, *watch[:-1])[1]


def test_the_command_for_equity_publishes_with_small_counts_hidden(
    world, tmp_path, capsys
):
    project = Project.init(tmp_path / "house", source=None)
    load(world("holds") / "omop", project.datamart)
    asked = ("problem", "equity", "--to", "2025-12-31", "--project", project.root)
    code, printed = said(capsys, *asked, "--json")
    assert code == 0
    equity = json.loads(printed)["equity"]
    svi = equity["inequalities"][2]
    assert svi["characteristic"] == "svi_quartile"
    assert svi["slope"]["lower"] < 0
    for table in equity["inequalities"]:
        for group in table["groups"]:
            n, k = group["denominator"], group["numerator"]
            assert n is None or not {n, k, n - k} & set(range(1, 11))
    assert all(cell["denominator"] is None for cell in equity["meeting"]["cells"])
    code, printed = said(capsys, *asked)
    assert code == 0
    assert "relative index" in printed
    assert "Where groups meet" in printed
