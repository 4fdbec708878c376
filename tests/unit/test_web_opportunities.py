"""The page of a list of opportunities: pictures, tables, and no site while masked."""

import re
import runpy
from pathlib import Path

import pytest

from rounds.ledger import Ledger
from rounds.reports import render_opportunities
from stories.told_opportunities import NAMES, measure, opportunities
from stories.web_pages import LATE, ask

STORIES = runpy.run_path(str(Path(__file__).parents[1] / "stories" / "hypertension.py"))
ADDRESS = "/problems/opportunity-list/opportunities"


def project(folder, *, until):
    (folder / "private").mkdir(parents=True)
    (folder / "rounds.toml").write_text("")
    with Ledger.open(folder / "private" / "registry.sqlite") as ledger:
        STORIES["publish"](ledger, STORIES["full"](), until=until)
        ledger.publish(opportunities(), at=LATE, by="The demo")
    return folder


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    return project(tmp_path_factory.mktemp("decided"), until="decision")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    return project(tmp_path_factory.mktemp("running"), until="rollout")


def test_the_page_shows_each_line_with_its_interval_and_rank(decided):
    page = ask(decided, ADDRESS)
    assert page.status_code == 200
    assert page.text.count("<svg") >= 4  # two pictures, each for desk and telephone
    assert "Blood pressure control" in page.text
    assert "3.33 (1.51 to 7.34)" in page.text
    assert "Clinic 01" in page.text
    assert "1 more line is suppressed" in page.text
    assert "Haemoglobin A1c" in page.text
    assert "Clinic 30" not in page.text


def test_no_site_is_shown_while_a_trial_runs_among_them(running):
    page, twin = ask(running, ADDRESS), ask(running, ADDRESS + ".json")
    assert "Blood pressure control" in page.text
    assert "masked" in page.text
    for answer in (page, twin):
        assert answer.status_code == 200
        assert "Clinic" not in answer.text


def test_small_counts_are_hidden_in_a_list_that_was_never_published():
    exact = opportunities()
    small = exact.lines[3].model_copy(update={"denominator": 12, "numerator": 3})
    given = exact.model_copy(update={"lines": (small, *exact.lines[4:6])})
    titles = {str(measure(name)): name for name in (*NAMES, "hba1c-poor-control")}
    drawn = render_opportunities(given, titles)
    assert "3 of 12" not in drawn
    assert "Clinic 01" not in drawn


def test_one_line_alone_is_a_table_and_no_picture():
    one = opportunities().model_copy(update={"lines": opportunities().lines[:1]})
    titles = {str(measure(name)): name for name in (*NAMES, "hba1c-poor-control")}
    drawn = render_opportunities(one, titles)
    assert "<svg" not in drawn
    assert re.search(r"600 of 900", drawn)
