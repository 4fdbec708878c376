"""The page of a variance partition: pictures, tables, and no site while masked."""

import runpy
from pathlib import Path

import pytest

from rounds.definitions import builtin_measures
from rounds.ledger import Ledger
from rounds.reports import render_partition
from stories.told_partition import partition
from stories.web_pages import LATE, ask

STORIES = runpy.run_path(str(Path(__file__).parents[1] / "stories" / "hypertension.py"))
MEASURES = builtin_measures()
PAIR = MEASURES["blood-pressure-control"], MEASURES["abdominal-ct-use"]


def published():
    refs = {"measure": PAIR[0].ref(), "balancing": PAIR[1].ref()}
    return partition().model_copy(update=refs)


def project(folder, *, until, measures=PAIR):
    (folder / "private").mkdir(parents=True)
    (folder / "rounds.toml").write_text("")
    with Ledger.open(folder / "private" / "registry.sqlite") as ledger:
        STORIES["publish"](ledger, STORIES["full"](), until=until)
        for one in (*measures, published()):
            ledger.publish(one, at=LATE, by="The demo")
    return folder


ADDRESS = f"/problems/variance-partition/{partition().name}"


def test_the_page_shows_levels_sites_and_what_balances(tmp_path):
    page = ask(project(tmp_path / "x", until="decision"), ADDRESS)
    assert page.status_code == 200
    assert page.text.count("<svg") >= 6  # three pictures, for desk and telephone
    assert "Where the differences lie" in page.text
    assert "6.0% (3.0% to 11.0%)" in page.text
    assert "Clinic 01" in page.text
    assert "2 more sites are suppressed" in page.text
    assert "Wennberg" in page.text
    assert "Clinic 29" not in page.text
    assert "0.70" in page.text


def test_no_site_is_shown_while_a_trial_runs_among_them(tmp_path):
    folder = project(tmp_path / "x", until="rollout")
    page, twin = ask(folder, ADDRESS), ask(folder, ADDRESS + ".json")
    assert "Where the differences lie" in page.text
    for answer in (page, twin):
        assert answer.status_code == 200
        assert "Clinic 0" not in answer.text
        assert "Clinic 2" not in answer.text


def test_without_the_measures_it_is_told_without_pictures_of_sites(tmp_path):
    page = ask(project(tmp_path / "x", until="decision", measures=()), ADDRESS)
    assert page.status_code == 200
    assert "Where the differences lie" in page.text


def test_small_counts_are_hidden_in_one_that_was_never_published():
    exact = partition()
    small = exact.sites[3]
    unit = small.site.model_copy(update={"denominator": 12, "numerator": 3})
    sites = (small.model_copy(update={"site": unit}), *exact.sites[4:10])
    drawn = render_partition(exact.model_copy(update={"sites": sites}), PAIR)
    assert "3 of 12" not in drawn
    assert "Clinic 04" not in drawn


@pytest.mark.parametrize("pair", [None, (PAIR[0], None), PAIR])
def test_without_a_balancing_measure_there_is_no_part_about_it(pair):
    drawn = render_partition(partition(balancing=False), pair)
    assert "What balances it" not in drawn
    assert "Sites lie in 2 regions" in drawn
