"""An alert and what is left of a change: words, pictures, pages, and tables."""

import csv
import io
import itertools
import json

import numpy as np
import pytest

from rounds.ledger import Ledger, safe
from rounds.methods.watching.cusum import cusum, likelihood_scores
from rounds.nouns import Alert, PathPoint, UnitResult
from rounds.reports import render_alert, render_maintenance
from rounds.reports.alert_page import path_csv
from rounds.reports.alert_words import alert_sentences
from rounds.reports.figures import kept_forest, path_picture
from rounds.reports.maintenance_page import maintenance_csv
from rounds.reports.maintenance_words import maintenance_sentences
from rounds.reports.plain_language import HIGHEST_GRADE, flesch_kincaid_grade
from stories.told_trial import decision
from stories.told_watch import falling, maintenance
from stories.web_pages import LATE, ask

BIG = falling(300)
SMALL = falling(14)
TOO_FEW = UnitResult(unit="2025-04 to 2025-05", suppressed=True)
PAUSED = BIG.model_copy(
    update={"rule": "guardrail", "path": (), "level": None, "seen": TOO_FEW}
)
FADING = BIG.model_copy(
    update={"rule": "decay", "unit": "(all)", "change": decision().ref()}
)


# -- what may be told of a path


def test_a_path_is_told_in_quarters_and_without_counts():
    exact, told = BIG.path, safe(BIG).path
    assert [one.share for one in told] == [
        min(int(one.share * 4) / 4, 1.0) for one in exact
    ]
    assert all(one.denominator is None and one.numerator is None for one in told)
    assert told[-1].month == BIG.signalled
    assert told[-1].share == 1
    assert safe(safe(BIG)) == safe(BIG)
    assert "denominator" not in json.dumps([one.model_dump() for one in told])


def test_months_stand_together_until_none_of_their_counts_is_small():
    told, exact = safe(SMALL).path, {one.month: one for one in SMALL.path}
    assert len(told) < len(exact)
    names = list(exact)
    for one in told:
        inside = names[names.index(one.since) : names.index(one.month) + 1]
        n = sum(exact[name].denominator for name in inside)
        x = sum(exact[name].numerator for name in inside)
        assert not any(1 <= count <= 10 for count in (n, x, n - x))
    assert names[0] == told[0].since
    assert names[-1] == told[-1].month


def test_a_path_that_never_has_enough_patients_is_not_told():
    few = tuple(
        PathPoint(since=name, month=name, share=share, denominator=6, numerator=1)
        for name, share in (("2025-01", 0.5), ("2025-02", 1.1))
    )
    assert safe(BIG.model_copy(update={"path": few})).path == ()


SIZE, USUAL, BEFORE = 18, 130, 12 * 18


def heights(hits):
    """The sum of a `Watcher` after each month, where so many of 18 did well in each."""
    x, n = np.array(hits, dtype=float), np.full(len(hits), SIZE)
    earlier = np.append(0, np.cumsum(x)[:-1]), np.append(0, np.cumsum(n)[:-1])
    levels = (USUAL + 0.5 + earlier[0]) / (BEFORE + 1 + earlier[1])
    scores = likelihood_scores(x, n, levels, odds_ratio=0.6)
    return cusum(scores, 1e9, reset=False).value


def told(hits, limit):
    """What is published of these months; None unless the last one alone signals."""
    path = heights(hits)
    if path[-1] < limit or (path[:-1] >= limit).any():
        return None
    began = max([0, *(i + 1 for i, at in enumerate(path) if at == 0)])
    names = [f"2025-{i + 1:02d}" for i in range(len(hits))]
    points = tuple(
        PathPoint(
            since=name, month=name, share=at / limit, denominator=SIZE, numerator=x
        )
        for name, at, x in zip(names, path, hits, strict=True)
    )
    since = hits[began:]
    pooled = UnitResult(
        unit="x", denominator=SIZE * len(since), numerator=sum(since), value=0.0
    )
    seen = pooled.model_copy(update={"value": sum(since) / (SIZE * len(since))})
    made = {"path": points, "since": names[began], "seen": seen}
    return safe(SMALL.model_copy(update=made)).to_json()


def others(hits, month):
    """Give other worlds: that month moved by a patient or two, and two more months."""
    small = (-2, -1, 0, 1, 2)
    for move, first, second in itertools.product(
        (-1, 1, -2, 2), range(len(hits)), range(len(hits))
    ):
        for by, and_by in itertools.product(small, small):
            moved = list(hits)
            moved[month] += move
            if month not in (first, second):
                moved[first] += by
                moved[second] += and_by
                if all(0 <= x <= SIZE for x in moved):
                    yield moved


@pytest.mark.parametrize("hits", [[11, 9, 12, 8, 5, 6, 3], [9, 5, 4, 6]])
@pytest.mark.parametrize("where", [0.01, 0.5, 0.99])
def test_other_small_counts_would_have_given_the_same_alert(hits, where):
    """Even to one who knows each month's patients, the rule, and the very limit.

    For each month with a small count there is another world, in which one patient or
    two more, or fewer, did well then, that is told as the same alert to the last
    letter; whether the limit was only just reached, or nearly in the month before.
    """
    path = heights(hits)
    limit = path[:-1].max() + where * (path[-1] - path[:-1].max())
    whole = told(hits, limit)
    assert json.loads(whole)["path"]
    for month, count in enumerate(hits):
        if any(1 <= part <= 10 for part in (count, SIZE - count)):
            assert any(told(one, limit) == whole for one in others(hits, month)), month


def test_the_search_tells_where_a_path_gives_counts_back():
    """Were a path told month by month and to the last digit, no other world fits it."""
    hits = [9, 5, 4, 6]
    exact = heights(hits)
    assert not any(np.allclose(heights(one), exact) for one in others(hits, 1))


def test_an_alert_from_before_paths_keeps_its_hash_and_is_read():
    old = BIG.model_copy(update={"path": ()})
    assert "path" not in json.loads(old.to_json())
    assert Alert.from_json(old.to_json()) == old


# -- words


ALERTS = {
    "a site": (BIG, ("In April 2025 it was 44%", "before.", "has yet to look")),
    "fading": (FADING, ("in all sites", "59% at first.")),
    "looked into": (BIG.model_copy(update={"status": "acknowledged"}), ("is looking",)),
    "closed": (BIG.model_copy(update={"status": "closed"}), ("and closed.",)),
    "paused": (PAUSED, ("the trial was paused", "board of the trial")),
    "too few": (
        BIG.model_copy(update={"seen": TOO_FEW, "path": ()}),
        ("too small to tell",),
    ),
}


@pytest.mark.parametrize("case", ALERTS)
def test_an_alert_is_told_in_two_plain_sentences(case):
    alert, words = ALERTS[case]
    said = alert_sentences(safe(alert))
    assert all(word in " ".join(said) for word in words), said
    assert not any(word in " ".join(said) for word in ("because", "due to", "caused"))
    assert flesch_kincaid_grade(list(said)) <= HIGHEST_GRADE, said


KEPT = {
    "no clear loss": ((0.9, 0.6, 1.2), "No clear loss is seen 6 months after"),
    "some gone": ((0.6, 0.3, 0.9), "Some of the gain is gone"),
    "most gone": ((0.2, -0.3, 0.8), "Most of the gain is gone"),
    "cannot tell": ((0.5, -1.0, 2.0), "cannot be told if the gain lasts"),
    "no gain known": (None, "64 in 100 (60 to 68) 6 months on"),
}


@pytest.mark.parametrize("case", KEPT)
@pytest.mark.parametrize("alert", [None, FADING])
def test_what_is_left_is_told_in_two_plain_sentences(case, alert):
    kept, words = KEPT[case]
    said = maintenance_sentences(maintenance(kept=kept), alert)
    assert words in said[0], said
    assert "1 September 2025" in said[1]
    assert ("no sign" in said[1]) == (alert is None)
    assert flesch_kincaid_grade(list(said)) <= HIGHEST_GRADE, said


def test_before_anything_is_known_it_is_said_that_it_is_not():
    found = maintenance(kept=None)
    early = found.model_copy(update={"at": found.at[1:]})
    assert maintenance_sentences(early)[0].startswith("It cannot be told yet")
    page = render_maintenance(early)
    assert "too early: the data end on 2025-09-01" in page
    assert "<svg" not in page
    assert kept_forest(early) is None


# -- pages and tables


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_page_of_an_alert_has_path_owner_and_what_to_do():
    page = render_alert(BIG)  # with exact counts: the page makes it safe first
    assert page.count("<svg") == 2  # for desk and telephone
    words = "Bo Lind", "How it came to its limit", "rounds problem answer"
    for one in (*words, "at the limit", "0% to 25%", "Limit"):
        assert one in page, one
    for point in BIG.path:
        assert f">{point.numerator}<" not in page
        assert str(point.share) not in page
    assert len(path_picture(safe(BIG)).boxes) == len(BIG.path)


def test_where_no_path_may_be_told_the_page_says_so():
    assert "monitoring board alone" in render_alert(PAUSED)
    bare = BIG.model_copy(update={"path": ()})
    assert "No path may be drawn" in render_alert(bare)
    assert path_csv(bare).splitlines() == [
        "since,month,share_of_limit_from,share_of_limit_below"
    ]


def test_tables_hold_what_the_pictures_show():
    rows = read(path_csv(BIG))
    assert [float(row["share_of_limit_from"]) for row in rows] == [
        one.share for one in safe(BIG).path
    ]
    assert rows[-1]["share_of_limit_below"] == ""
    kept = [
        row for row in read(maintenance_csv(maintenance())) if row["asked"] == "kept"
    ]
    assert (kept[0]["value"], kept[0]["value_lower"]) == ("0.9", "0.6")
    assert kept[1]["value"] == ""
    assert kept[1]["why_not"].startswith("too early")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    (root / "private").mkdir()
    (root / "rounds.toml").write_text("")
    with Ledger.open(root / "private" / "registry.sqlite") as ledger:
        for one in (BIG, FADING.model_copy(update={"name": "fading"})):
            ledger.publish(one, at=LATE, by="The demo")
        ledger.publish(maintenance(decision().ref()), at=LATE, by="The demo")
    return root


def test_what_is_left_names_the_alert_about_the_same_change(site):
    page = ask(site, "/evaluations/maintenance/intensify").text
    assert '<a href="/problems/alert/fading">' in page
    assert "Bo Lind has yet to look into a sign that it fades" in page
    assert f"/problems/alert/{BIG.name}" not in page
    assert "Share of the gain that is left" in page
    assert "<pre>" not in page


def test_each_noun_with_tables_links_to_them_and_they_are_served(site):
    page = ask(site, "/evaluations/maintenance/intensify?version=1").text
    link = "/evaluations/maintenance/intensify.csv?version=1&amp;table=maintenance"
    assert f'href="{link}"' in page
    answer = ask(site, link.replace("&amp;", "&"))
    assert answer.headers["content-type"].startswith("text/csv")
    assert "intensify-maintenance.csv" in answer.headers["content-disposition"]
    assert len(read(answer.text)) == 12
    path = ask(site, f"/problems/alert/{BIG.name}.csv")
    assert read(path.text)[-1]["share_of_limit_from"] == "1.0"
    assert ask(site, f"/problems/alert/{BIG.name}.csv?table=months").status_code == 404
    assert ask(site, "/problems/alert/none.csv").status_code == 404
