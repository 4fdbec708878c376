"""What the second step makes of sources."""

from pathlib import Path

import pytest

from rounds.loop import evidence
from rounds.loop.evidence.sources import load_sources
from rounds.nouns import (
    PICO,
    Aim,
    Effect,
    Evidence,
    NotEstimable,
    Period,
    Problem,
    Ref,
    RiskOfBias,
    Source,
)

DEMO = Path(evidence.__file__).parents[2] / "conduct" / "demo" / "sources.yaml"
QUESTION = PICO(
    population="adults", intervention="card", comparator="none", outcome="intensified"
)
NONE = NotEstimable(reason="not looked at")
REF = Ref(name="measure/bp", version="1", hash="0" * 64)
PROBLEM = Problem(
    name="control",
    title="Control",
    measure=REF,
    period=Period(start="2024-01-01", end="2024-12-31"),
    units=(),
    baseline=NONE,
    variation=NONE,
    chart=NONE,
    gap_to_best=NONE,
    aim=Aim(measure="bp", target=0.8, by="2025-12-31"),
    owner="O. Wner",
    community=REF,
)
DOMAINS = (
    "risk_of_bias",
    "inconsistency",
    "indirectness",
    "imprecision",
    "publication_bias",
)


def source(pmid, value=0.05, half=0.02, **changes):
    fields = {
        "name": f"pmid-{pmid}",
        "title": f"Trial {pmid}",
        "authors": f"Author{pmid} A",
        "published": 2020,
        "pmid": str(pmid),
        "pico": QUESTION,
        "effect": Effect(
            scale="risk_difference",
            value=value,
            lower=value - half,
            upper=value + half,
            n=2000,
        ),
        "risk_of_bias": RiskOfBias(overall="low", judged_by="R. Viewer"),
    }
    return Source(**(fields | changes))


def run(sources, **options):
    return evidence.run(
        PROBLEM,
        sources,
        None,
        name="known",
        title="Known",
        question=QUESTION,
        **options,
    )


def judged(**changes):
    return [
        {
            "domain": domain,
            "judgement": changes.get(domain, "not_serious"),
            "reviewer": "R. Viewer",
            "reason": "read the papers",
        }
        for domain in DOMAINS
    ]


def test_three_like_trials_are_pooled_with_a_prediction_and_a_prior():
    """Value between the trials', weights sum to 1, prior's weights too."""
    found = run([source(1, 0.04), source(2, 0.05), source(3, 0.07)])
    pooled = found.meta_analysis
    assert 0.04 < pooled.pooled.value < 0.07
    assert sum(study.weight for study in pooled.studies) == pytest.approx(1)
    assert pooled.prediction.lower <= pooled.pooled.lower
    assert pooled.pooled.n == 6000
    assert "k-1 = 2 degrees of freedom" in pooled.method
    weights = [part.weight for part in found.prior.components]
    assert sum(weights) == pytest.approx(1)
    assert weights[-1] == pytest.approx(0.2)
    assert found.prior.components[-1].role == "vague"
    assert Evidence.from_json(found.to_json()) == found


def test_retracted_reviews_and_other_scales_are_shown_and_not_pooled():
    """Each stands there with its reason; the pooled value is as without them."""
    ratio = Effect(scale="log_risk_ratio", value=0.5, lower=0.1, upper=0.9)
    sources = [
        source(1, 0.04),
        source(2, 0.06),
        source(3, 0.50, retracted=True),
        source(4, effect=ratio),
        source(5, 0.058, design="systematic_review"),
        source(6, effect=None),
    ]
    found = run(sources)
    assert len(found.sources) == 6
    reasons = {one.identifier: one.reason for one in found.not_pooled}
    assert reasons["PMID:3"] == "Retracted."
    assert "not converted" in reasons["PMID:4"]
    assert "twice" in reasons["PMID:5"]
    assert "No effect" in reasons["PMID:6"]
    assert found.meta_analysis.pooled == run(sources[:2]).meta_analysis.pooled
    assert "A retracted source is shown and not pooled." in found.limitations


def test_what_another_source_contains_is_not_pooled_twice():
    """A source that includes two trials stands for them."""
    whole = source(9, 0.05, includes=("PMID:1", "DOI:10.1000/B"))
    known = [source(1), source(2, doi="10.1000/b"), source(3, 0.06), whole]
    found = run(known)
    assert {study.identifier for study in found.meta_analysis.studies} == {
        "PMID:3",
        "PMID:9",
    }
    assert all("Contained in 'Trial 9'" in one.reason for one in found.not_pooled)


def test_one_source_is_not_pooled_and_gives_no_prior():
    """Nothing is made of one paper alone, and it is said."""
    found = run([source(1)])
    assert isinstance(found.meta_analysis, NotEstimable)
    assert isinstance(found.prior, NotEstimable)
    assert found.certainty.rating == "not yet rated"


def test_two_sources_have_no_prediction_interval():
    """Three are needed for it."""
    found = run([source(1), source(2)])
    assert isinstance(found.meta_analysis.prediction, NotEstimable)


def test_unlike_trials_are_proposed_as_inconsistent():
    """Opposite and precise: very serious; alike: not serious."""
    unlike = run([source(1, -0.2, 0.02), source(2, 0.2, 0.02), source(3, 0.1, 0.02)])
    alike = run([source(i, 0.05, 0.02) for i in (1, 2, 3, 4)])
    proposed = [
        {d.domain: d.proposed for d in found.certainty.domains}
        for found in (unlike, alike)
    ]
    assert proposed[0]["inconsistency"] == "very_serious"
    assert proposed[0]["imprecision"] == "very_serious"
    assert proposed[1]["inconsistency"] == "not_serious"
    assert proposed[1]["risk_of_bias"] is None


def test_few_patients_are_proposed_as_imprecise():
    """An interval that excludes 0.02 from fewer patients than one trial needs."""
    few = [
        source(i, 0.2, 0.05).model_copy(
            update={
                "effect": Effect(
                    scale="risk_difference", value=0.2, lower=0.15, upper=0.25, n=100
                )
            }
        )
        for i in (1, 2, 3)
    ]
    domains = {d.domain: d for d in run(few).certainty.domains}
    assert domains["imprecision"].proposed == "serious"
    assert "300 patients" in domains["imprecision"].proposed_because


def test_rules_alone_rate_nothing():
    """Until a named reviewer has confirmed each of the five domains."""
    trials = [source(i) for i in (1, 2, 3)]
    assert run(trials).certainty.rating == "not yet rated"
    assert run(trials, judgements=judged()[:4]).certainty.rating == "not yet rated"
    assert run(trials, judgements=judged()).certainty.rating == "high"


@pytest.mark.parametrize(
    ("changes", "rating"),
    [
        ({"indirectness": "serious"}, "moderate"),
        ({"indirectness": "serious", "imprecision": "serious"}, "low"),
        ({"inconsistency": "very_serious", "imprecision": "serious"}, "very low"),
        ({"inconsistency": "very_serious", "imprecision": "very_serious"}, "very low"),
    ],
)
def test_each_step_down_lowers_the_rating(changes, rating):
    """High less one, two, three steps; never below very low."""
    trials = [source(i) for i in (1, 2, 3)]
    assert run(trials, judgements=judged(**changes)).certainty.rating == rating


def test_without_randomisation_the_rating_starts_low():
    """One non-randomised study among the pooled is enough."""
    trials = [source(1), source(2), source(3, design="non_randomised_study")]
    found = run(trials, judgements=judged())
    assert (found.certainty.starts_at, found.certainty.rating) == ("low", "low")


def test_the_demos_papers_have_real_identifiers_and_say_how_each_was_read():
    """Every source has a PMID and a DOI; every effect its printed sentence."""
    sources = load_sources(DEMO)
    assert len(sources) >= 5
    for one in sources:
        assert one.pmid
        assert one.doi
        assert one.effect is None or one.effect.as_printed
    found = run(sources)
    assert len(found.meta_analysis.studies) >= 3
    assert 0 < found.meta_analysis.pooled.value < 0.15
    kwan = next(one for one in found.not_pooled if one.identifier == "PMID:32943437")
    assert "twice" in kwan.reason


def turn(*, includes=()):
    """What a finished turn found, as the decision step hands it on."""
    return Source(
        name="turn-one",
        title="The turn before",
        turn="turn-one",
        design="turn",
        pico=QUESTION,
        effect=Effect(scale="risk_difference", value=0.055, lower=0.03, upper=0.08),
        includes=includes,
    )


def test_the_next_turn_starts_with_the_last_posterior_and_counts_nothing_twice():
    """The posterior contains its prior's papers; a new paper is pooled beside it."""
    papers = [source(i) for i in (1, 2, 3)]
    last = turn(includes=("PMID:1", "PMID:2", "PMID:3"))
    alone = run([*papers, last])
    assert isinstance(alone.meta_analysis, NotEstimable)
    informative = alone.prior.components[0]
    assert informative.mean == 0.055
    assert informative.sd == pytest.approx(0.05 / 2 / 1.959964, rel=1e-5)
    joined = run([*papers, last, source(4)])
    assert {study.identifier for study in joined.meta_analysis.studies} == {
        "TURN:turn-one",
        "PMID:4",
    }


def test_a_turn_that_contains_nothing_is_a_source_like_others():
    """It is pooled with the papers."""
    assert len(run([source(1), turn()]).meta_analysis.studies) == 2


@pytest.mark.parametrize(
    ("shift", "words"),
    [(1.5, "Small studies find other"), (0.0, "finds no small-study")],
)
def test_ten_sources_tell_of_small_study_effects(shift, words):
    """Effects that grow with their standard error are said; fewer than ten say nothing."""
    halves = [0.01 + 0.004 * i for i in range(10)]
    wobble = [0.3, -0.5, 0.2, 0.4, -0.3, -0.2, 0.5, -0.4, 0.1, -0.1]
    sources = [
        source(i + 1, 0.02 + shift * half + 0.3 * by * half, half)
        for i, (half, by) in enumerate(zip(halves, wobble, strict=True))
    ]
    assert any(words in said for said in run(sources).limitations)
    assert not any("small" in said.lower() for said in run(sources[:9]).limitations)
    alike = [source(i + 1, 0.02 + 0.01 * i, 0.02) for i in range(10)]
    assert not any("small" in said.lower() for said in run(alike).limitations)
