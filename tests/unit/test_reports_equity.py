"""Whom care falls short for: sentences, tables, pictures and the page of the web."""

import csv
import io
import re

import pytest

from rounds.ledger import Ledger
from rounds.nouns import NotEstimable
from rounds.reports import render_equity
from rounds.reports.charts import NARROW, WIDE, forest
from rounds.reports.equity_table import groups_csv, indices_csv
from rounds.reports.equity_words import equity_sentences
from rounds.reports.figures import groups_forest, meeting_forest
from rounds.reports.plain_language import HIGHEST_GRADE, flesch_kincaid_grade
from stories.told_equity import by_age, by_sex, equity, estimate, gap
from stories.web_pages import LATE, ask

FEW = NotEstimable(reason="Too few patients.")
NO_GAPS = by_sex(gaps=())
ALL_KNOWN = by_age(not_recorded=estimate(0.0, 0.0, 0.01))
UNTOLD = by_sex(not_recorded=FEW, gaps=())
TWO = by_age(gaps=(gap("18–44", 0.2, 0.1, 0.3), gap("45–64", 0.1, 0.02, 0.2)))

SAID = {
    "a gap, and some unknown": (
        (by_sex(), by_age()),
        ("By age, 18–44 is behind 65–74 by 18 in 100 patients (6 to 26).", "12% of"),
    ),
    "no clear gap": ((by_sex(),), ("No group is clearly behind", "we know sex;")),
    "all known": ((by_sex(), ALL_KNOWN), ("by 18 in 100", "we know sex and age;")),
    "two gaps": (
        (TWO,),
        ("by 20 in 100 patients (10 to 30). 1 more group is behind.", "12% of"),
    ),
    "too few": ((NO_GAPS,), ("too few to compare groups", "we know sex;")),
    "some untold": (
        (UNTOLD, ALL_KNOWN),
        ("by 18 in 100", "Of each patient we know age;"),
    ),
    "untold": ((UNTOLD,), ("too few to compare groups", "may not be told")),
}


@pytest.mark.parametrize("case", SAID)
def test_the_sentences_say_what_the_numbers_say_and_are_plain(case):
    given, words = SAID[case]
    said = equity_sentences(equity(*given))
    for sentence, part in zip(said, words, strict=True):
        assert part in sentence
        for causal in ("because", "cause", "due to", "leads"):
            assert causal not in sentence
    assert flesch_kincaid_grade(list(said)) <= HIGHEST_GRADE, said


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_tables_hold_every_number_and_no_hidden_group_has_one():
    rows = read(groups_csv(equity()))
    assert [row["characteristic"] for row in rows].count("sex · age") == 3
    young = next(row for row in rows if row["group"] == "18–44")
    assert float(young["value"]) == 0.6
    assert float(young["gap_upper"]) == 0.26
    for row in rows:
        if row["suppressed"] == "True":
            assert not row["denominator"] + row["value"] + row["gap"]
    sex, age = read(indices_csv(equity()))
    assert sex["why_not"] == "The groups by sex have no order."
    assert (sex["slope"], float(age["slope"])) == ("", 0.19)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_picture_has_each_group_and_says_which_are_withheld(width):
    found = equity()
    drawn = forest(groups_forest(found, found.inequalities[0]), width)
    for words in ("F", "M", "X", "withheld", "70.0% (65.0% to 75.0%)"):
        assert words in drawn
    cells = forest(meeting_forest(found), width)
    assert cells.index("M · 18–44") < cells.index("F · 18–44")  # the lowest first
    assert "F · 65–74" not in cells


def test_one_group_or_one_cell_is_no_picture():
    alone = by_sex(groups=by_sex().groups[1:])
    assert groups_forest(equity(alone), alone) is None
    assert meeting_forest(equity(meeting=FEW)) is None


def test_the_page_tells_groups_indices_and_cells(tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "rounds.toml").write_text("")
    with Ledger.open(tmp_path / "private" / "registry.sqlite") as ledger:
        ledger.publish(equity(), at=LATE, by="The demo")
    page = ask(tmp_path, "/problems/equity/blood-pressure-control").text
    assert page.count("<svg") >= 6  # three pictures, for desk and telephone
    for words in (
        "For whom care falls short",
        "By age, 18–44 is behind 65–74",
        "+19.0 points",
        "oldest end minus youngest",
        "12.0%",
        "records nothing of: race",
        "84%",
    ):
        assert words in page, words


def test_a_small_group_is_suppressed_on_the_page():
    small = by_sex(groups=(*by_sex().groups[:2], by_sex().groups[0].model_copy(
        update={"unit": "Y", "denominator": 7, "numerator": 3}
    )))  # fmt: skip
    page = render_equity(equity(small, meeting=FEW))
    row = re.search(r"<th scope=\"row\">Y</th>(.*?)</tr>", page, re.DOTALL)
    assert row is not None
    assert "suppressed" in row[1]
    assert "7" not in row[1]
    assert "Too few patients." in page


def test_a_number_without_an_interval_is_a_dash_and_no_nought():
    bare = by_sex().groups[0].model_copy(update={"lower": None, "upper": None})
    page = render_equity(equity(by_sex(groups=(bare, *by_sex().groups[1:]))))
    row = re.search(r"<th scope=\"row\">F</th>(.*?)</tr>", page, re.DOTALL)
    assert row is not None
    assert "–" in row[1]
    assert "70.0%" not in row[1]
