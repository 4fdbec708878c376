"""Two sentences that a patient partner understands, and that say no more than is known."""

import csv
import io
import itertools

import pytest

from rounds.nouns import Estimate, NotEstimable
from rounds.reports.partition_table import levels_csv, sites_csv
from rounds.reports.partition_words import partition_sentences
from rounds.reports.plain_language import HIGHEST_GRADE, flesch_kincaid_grade
from stories.told_partition import partition

FEW = NotEstimable(reason="Three sites are too few.")


def told(site, clinician, change):
    """A partition whose crude levels, and whose change with age and sex, are these."""
    given = partition()
    new = {"site": site, "clinician": clinician}
    found = [
        one.model_copy(update={"share": new[one.level]})
        if one.level in new and one.model == "crude"
        else one.model_copy(update={"explained": change})
        if (one.level, one.model) == ("site", "case_mix")
        else one
        for one in given.levels
    ]
    return given.model_copy(update={"levels": tuple(found)})


def estimate(value, lower, upper):
    return Estimate(value=value, lower=lower, upper=upper, scale="index")


SITE = {"known": estimate(0.06, 0.03, 0.11), "tiny": estimate(0.004, 0, 0.02), "": FEW}
CLINICIAN = {"known": estimate(0.03, 0.01, 0.06), "": FEW}
CHANGE = {
    "some": estimate(0.31, 0.08, 0.52),
    "more": estimate(-0.3, -0.5, -0.1),
    "unclear": estimate(0.1, -0.2, 0.4),
    "": FEW,
}
EVERY = list(itertools.product(SITE, CLINICIAN, CHANGE))


@pytest.mark.parametrize(("site", "clinician", "change"), EVERY)
def test_a_patient_partner_can_read_it(site, clinician, change):
    said = partition_sentences(told(SITE[site], CLINICIAN[clinician], CHANGE[change]))
    assert flesch_kincaid_grade(list(said)) <= HIGHEST_GRADE, said
    for causal in ("because", "cause", "due to", "leads", "effect"):
        assert causal not in " ".join(said)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("known", "known", "some"), "6% (3% to 11%) lies with the site"),
        (("known", "known", "some"), "3% (1% to 6%) with the doctor"),
        (("known", "", "some"), "the rest with the patients of one site"),
        (("tiny", "", "some"), "0.4% (0% to 2%)"),
        (("", "known", "some"), "too few to tell"),
        (("known", "known", "some"), "some 31% of how sites differ (8% to 52%)"),
        (("known", "known", "more"), "differ more than they seem to"),
        (("known", "known", "unclear"), "It is not clear that age and sex go with"),
        (("known", "known", ""), "cannot tell what goes with"),
    ],
)
def test_the_sentences_say_what_the_numbers_say(given, words):
    site, clinician, change = given
    said = partition_sentences(told(SITE[site], CLINICIAN[clinician], CHANGE[change]))
    assert words in " ".join(said)


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_tables_hold_every_number_and_no_hidden_site_has_one():
    found = partition()
    rows = read(levels_csv(found))
    assert len(rows) == len(found.levels) == 12
    assert rows[0]["why_not"].startswith("Sites lie in 2 regions")
    assert float(rows[1]["share_upper"]) == 0.11
    assert float(rows[5]["explained"]) == 0.31
    sites = read(sites_csv(found))
    assert len(sites) == 30
    assert float(sites[0]["value"]) == found.sites[0].site.value
    assert sites[0]["balancing_denominator"] == "100"
    hidden = [row for row in sites if row["suppressed"] == "True"]
    assert len(hidden) == 2
    assert all(not row["numerator"] and not row["rank"] for row in hidden)
