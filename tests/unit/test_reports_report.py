"""The report: whole, honest, and nothing in it that should not leave the house."""

import re
import runpy
import time
from pathlib import Path

import pytest

from rounds.nouns import NotEstimable, SourceError, UnitResult
from rounds.reports import Story, render, render_html
from rounds.reports.figures import shown_units
from rounds.reports.figures.problem import limits_at
from rounds.reports.plain_language import HIGHEST_GRADE
from rounds.reports.wording import said, said_unit

STORIES = runpy.run_path(str(Path(__file__).parents[1] / "stories" / "hypertension.py"))
SEALED = STORIES["SEALED"]


@pytest.fixture(scope="module")
def full():
    return render_html(STORIES["full"]())


@pytest.fixture(scope="module")
def sealed():
    return render_html(STORIES["full"]("extend", sealed=True))


@pytest.fixture(scope="module")
def tiny():
    return render_html(STORIES["tiny"]())


def words(html):
    """Give what a person reads, without pictures and style."""
    html = re.sub(r"<(style|svg).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_file_needs_nothing_from_elsewhere_and_has_no_script(full):
    assert "<script" not in full
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', full)
    assert not re.findall(r"url\((?!\"data:)", full)
    assert " style=" not in full
    assert len(full) < 400_000


def test_rendering_takes_less_than_a_second():
    story = STORIES["full"]()
    began = time.perf_counter()
    render_html(story)
    assert time.perf_counter() - began < 1


def test_the_same_story_gives_the_same_bytes(full):
    assert render_html(STORIES["full"]()) == full


@pytest.mark.parametrize(
    "said",
    [
        "58.5% (95% CI 57.4% to 59.6%; n = 9,120)",
        "742 (95% CI 610 to 880; n = 9,120)",
        "+6.1 points (95% CI +3.1 to +9.1; n = 2,998) 6 January 2025 to 6 July 2025",
        "+0.4 points (95% CI −0.9 to +1.7; n = 2,998)",
        "−1.9 mmHg (95% CI −3.1 to −0.7; n = 2,010)",
        "Frozen margin 3.0 points: within margin",
        "8 January 2024 to 5 January 2025",
        "identity not authenticated: the name was typed",
        "Why is the benefit smaller where vulnerability is greatest?",
        "PMID 00000001",
        "From go-live to the decision: 39 weeks.",
    ],
)
def test_each_number_has_its_interval_denominator_and_date(full, said):
    assert said in words(full)


def test_every_chart_of_a_whole_turn_is_drawn(full):
    names = set(re.findall(r'<title id="([a-z]+)-\d+-t">', full))
    assert names == {
        "ring", "funnel", "caterpillar", "expected", "control", "evidence", "equity",
        "flow", "watch", "grade",
    }  # fmt: skip


def test_sites_are_told_before_and_after_adjustment(full):
    """Who is outside both ways, one way alone; and each site's expectation."""
    text = words(full)
    assert "not after adjustment for age and sex: " in text
    assert "Outside only after adjustment for age and sex: Clinic 03 (below)" in text
    assert "a c statistic of 0.61 (95% CI 0.60 to 0.62" in text
    assert "Observed / expected (95% CI, exact)" in text
    assert re.search(r"Clinic 01 .*? \d\.\d\d \(\d\.\d\d to \d\.\d\d\)", text)


def test_a_site_is_flagged_if_and_only_if_it_lies_outside_the_limits_drawn():
    """Limits of the picture and names of the noun come of one fit."""
    problem = STORIES["full"]().problem
    variation = problem.variation
    units = shown_units(problem)
    lower, upper = limits_at(variation, [unit.denominator for unit in units])
    below = {u.unit for u, low in zip(units, lower, strict=True) if u.value < low}
    above = {u.unit for u, high in zip(units, upper, strict=True) if u.value > high}
    assert below == set(variation.outliers_low) != set()
    assert above == set(variation.outliers_high)


def test_ids_are_unique(full):
    ids = re.findall(r' id="([^"]+)"', full)
    assert len(ids) == len(set(ids))


def test_a_sealed_estimate_shows_its_reason_and_no_number(sealed):
    text = words(sealed)
    assert text.count(f"Sealed. {SEALED}") >= 2
    assert "Evaluated" in text or "Decided" in text
    assert "+6.1" not in text
    assert "32.6%" not in text  # the crude arms would give it away


def test_the_grade_says_whether_the_interval_holds_the_truth(full, sealed):
    assert re.search(r"Effect \+?6.1 points 3.1 to 9.1 5.8 points yes", words(full))
    assert re.search(r"Effect sealed 5.8 points –", words(sealed))


def test_a_problem_alone_says_how_little_it_can_tell(tiny):
    text = words(tiny)
    assert "58.9% (95% CI 53.3% to 64.3%; n = 309)" in text
    assert "There are 79 sites." in text
    assert "too few to tell how sites differ" in text
    assert "Not estimable. No month has more than 10 patients." in text
    assert "The datamart holds no social vulnerability index." in text
    assert 'id="funnel' not in tiny
    assert 'id="evaluation"' not in tiny


def test_small_counts_are_hidden_though_the_nouns_held_them(tiny):
    units = STORIES["tiny"]().problem.units
    hidden = [u for u in units if u.denominator <= 10]
    assert len(hidden) == 78
    assert not [u.unit for u in hidden if u.unit in tiny]
    assert "suppressed (≤10)" in tiny


def test_masked_sites_have_no_name_anywhere():
    story = STORIES["full"]()
    html = render_html(story, mask_sites=True)
    assert "Clinic 21" in render_html(story)
    assert not re.search(r"Clinic \d", html)
    assert "sites are masked" in html


def test_names_are_escaped():
    story = STORIES["tiny"]()
    evil = '<img src=x onerror="alert(1)">&'
    problem = story.problem.model_copy(update={"title": evil, "owner": evil})
    html = render_html(Story(problem=problem))
    assert "<img" not in html


def test_the_reading_grade_stands_at_the_foot(full):
    grade = re.search(r"Flesch–Kincaid grade (-?[\d.]+) \(at most 8\)", full)
    assert float(grade[1]) <= HIGHEST_GRADE


def test_the_file_appears_whole_and_readable(tmp_path):
    path = render(STORIES["tiny"](), tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot be written"):
        render(STORIES["tiny"](), tmp_path / "file" / "report.html")


def test_a_failed_report_leaves_no_draft_behind(tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(SourceError):
        render(STORIES["tiny"](), tmp_path / "report.html")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_lack_of_a_number_is_said_in_words():
    assert said(NotEstimable(reason="Too few.")).line == "Too few."
    assert said(None).withheld
    assert (
        said_unit(UnitResult(unit="A", suppressed=True)).withheld == "suppressed (≤10)"
    )
    assert said_unit(UnitResult(unit="A", denominator=0, numerator=0)).value == ""


def test_a_watch_that_cannot_be_drawn_says_why():
    story = STORIES["full"]()
    changed = {**vars(story), "watch": NotEstimable(reason="No month is over yet.")}
    assert "No month is over yet." in render_html(Story(**changed))


def test_groups_without_a_number_are_listed_and_not_drawn(sealed):
    assert 'id="equity' not in sealed
    assert "No group has a number to draw." in sealed
    assert "Age: 18-39 suppressed (≤10)" in words(sealed)


ORDER = (
    "community", "evidence", "sources", "knowledge_object", "protocol", "rollout",
    "evaluation", "decision", "watch", "grade",
)  # fmt: skip


@pytest.mark.parametrize("upto", range(len(ORDER) + 1))
def test_a_turn_can_be_told_as_far_as_it_has_gone(upto):
    whole = STORIES["full"]()
    story = Story(
        problem=whole.problem, **{name: getattr(whole, name) for name in ORDER[:upto]}
    )
    assert "</html>" in render_html(story)


@pytest.mark.parametrize("left_out", ORDER)
def test_a_turn_can_be_told_without_any_one_noun(left_out):
    whole = {**vars(STORIES["full"]())}
    whole[left_out] = () if left_out == "sources" else None
    assert "</html>" in render_html(Story(**whole))


def test_what_cannot_be_estimated_says_so_everywhere():
    whole = STORIES["full"]()
    reason = "The data cannot tell, for a reason of their own."
    none = NotEstimable(reason=reason)
    evaluation = whole.evaluation
    story = Story(
        problem=whole.problem.model_copy(
            update={
                "baseline": none,
                "variation": none,
                "chart": none,
                "gap_to_best": none,
            }
        ),
        evidence=whole.evidence.model_copy(
            update={"meta_analysis": none, "prior": none}
        ),
        protocol=whole.protocol,
        evaluation=evaluation.model_copy(
            update={
                "estimate": none,
                "posterior": none,
                "equity": (),
                "balancing": tuple(
                    b.model_copy(update={"estimate": none})
                    for b in evaluation.balancing
                ),
            }
        ),
        watch=none,
    )
    html = render_html(story)
    assert words(html).count(reason) >= 10
    assert "The data can not tell us." in html


def test_a_mean_is_not_told_as_a_share():
    whole = STORIES["full"]()
    mean = STORIES["estimate"](138.2, 137.0, 139.4, 5000, "mean", unit="mm[Hg]")
    aim = whole.problem.aim.model_copy(update={"target": 130.0})
    units = tuple(
        UnitResult(
            unit=f"Site {i}",
            denominator=100,
            value=130.0 + i,
            lower=128.0 + i,
            upper=132.0 + i,
        )
        for i in range(5)
    )
    problem = whole.problem.model_copy(
        update={
            "baseline": mean,
            "aim": aim,
            "units": units,
            "differences": (),
            "variation": NotEstimable(reason="Of proportions only."),
        }
    )
    html = render_html(Story(problem=problem))
    assert "5 units from 130.0 to 134.0, aim 130.0." in html
    assert not re.search(r"\d{4,}\.?\d*%", html.replace("data:", ""))
    text = words(html)
    assert "138.2 mmHg (95% CI 137.0 to 139.4; n = 5,000)" in text
    assert "The mean was about 138." in text
    assert "13820" not in text
    assert "at most, by" in text
