"""While a trial randomises sites, no page says of which site there is an alert."""

import runpy
from pathlib import Path

import pytest

from rounds.ledger import Ledger
from rounds.nouns import Alert, Ref, UnitResult
from stories.web_pages import LATE, ask

STORIES = runpy.run_path(str(Path(__file__).parents[1] / "stories" / "hypertension.py"))
OF_A_SITE = "/problems/alert/control-clinic-07-2025-03"
OF_ALL = "/problems/alert/control-all-2025-03"


def alert(name, unit, said):
    return Alert(
        name=name,
        title=f"Blood pressure control: fallen in {said} since 2025-01",
        measure=Ref(name="measure/control", version="1", hash="c" * 64),
        unit=unit,
        rule="cusum",
        how="A CUSUM by month.",
        false_alarm=0.05,
        since="2025-01",
        signalled="2025-03",
        level=0.6,
        seen=UnitResult(unit="2025-01 to 2025-03", denominator=200, numerator=80),
        owner="Bo Lind",
    )


def project(folder, *, until):
    (folder / "private").mkdir(parents=True)
    (folder / "rounds.toml").write_text("")
    with Ledger.open(folder / "private" / "registry.sqlite") as ledger:
        STORIES["publish"](ledger, STORIES["full"](), until=until)
        for one in (
            alert("control-clinic-07-2025-03", "Clinic 07", "Clinic 07"),
            alert("control-all-2025-03", "(all)", "all sites together"),
        ):
            ledger.publish(one, at=LATE, by="The demo")
    return folder


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    return project(tmp_path_factory.mktemp("decided"), until="decision")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    return project(tmp_path_factory.mktemp("running"), until="rollout")


@pytest.mark.parametrize("ending", ["", ".json"])
def test_alerts_about_sites_are_not_listed_while_a_trial_runs(running, ending):
    """Their titles and addresses name the site, and tell what it does."""
    page = ask(running, f"/problems{ending}")
    assert "clinic-07" not in page.text.lower()
    assert "clinic 07" not in page.text.lower()
    assert "control-all-2025-03" in page.text


def test_the_list_says_that_they_are_left_out_whether_there_are_any_or_not(
    running, decided
):
    said = "Alerts about single sites are left out"
    assert said in ask(running, "/problems").text
    assert said not in ask(decided, "/problems").text
    assert said not in ask(running, "/evidence").text


@pytest.mark.parametrize("ending", ["", ".json"])
def test_an_alert_about_a_site_is_answered_as_one_that_there_is_not(running, ending):
    """Else whoever guesses its name learns that the site has signalled."""
    there = ask(running, OF_A_SITE + ending)
    not_there = ask(running, OF_A_SITE.replace("07", "08") + ending)
    assert there.status_code == not_there.status_code == 404
    assert there.text == not_there.text
    assert ask(running, OF_ALL + ending).status_code == 200


def test_they_are_shown_once_the_trial_is_evaluated(decided):
    assert "Clinic 07" in ask(decided, "/problems").text
    assert "Clinic 07" in ask(decided, OF_A_SITE).text
