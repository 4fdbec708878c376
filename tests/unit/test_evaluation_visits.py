"""Visits as participants: found, put in order, counted, kept from telling on anybody."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rounds.ledger.disclosure.evaluation import safe_arms
from rounds.loop.evaluation.arms.visits import arms_within, encounters_of, previous_arm
from rounds.loop.evaluation.estimates.effects import covariate_columns, effect
from rounds.loop.evaluation.participants import join
from rounds.loop.evaluation.spreadsheet import analyse_trial, trial_of
from rounds.methods.allocations.drawn_blocks import blocks_test, drawn_blocks
from rounds.methods.clusters.cluster_scores import satterthwaite
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.nouns import (
    ArmSummary,
    DataError,
    DefinitionError,
    Design,
    Estimate,
    NotEstimable,
)
from rounds.practice.exposures import ExposureRows
from stories import encounter_trial as story
from stories import practice, trial

DAY = np.datetime64("2025-01-06")


def called(rows):
    """Exposures of (encounter, patient, day, hour)."""
    unit, person, day, hour = (np.array(column) for column in zip(*rows, strict=True))
    n, off = len(rows), np.zeros(len(rows), bool)
    at = (DAY + day).astype("datetime64[s]") + hour.astype("m8[h]")
    text = np.full(n, "")
    return ExposureRows(
        person, unit, text, ~off, off, at, text, text, text, np.full(n, "clinic")
    )


def found_as(calls, visits, allocated="abcd"):
    person, day = zip(*visits, strict=True)
    return encounters_of(
        np.array(person), DAY + np.array(day), set(allocated), calls
    ).tolist()


def test_a_visit_is_the_encounter_of_its_patient_and_day():
    calls = called([("a", "p", 0, 9), ("b", "p", 3, 9), ("c", "q", 0, 9)])
    visits = [("q", 0), ("p", 3), ("p", 0), ("q", 3)]
    assert found_as(calls, visits) == ["c", "b", "a", ""]


def test_of_two_encounters_on_a_day_the_earlier_is_the_visit():
    """Whichever was written down first."""
    rows = [("a", "p", 0, 14), ("b", "p", 0, 9)]
    for order in (rows, rows[::-1]):
        assert found_as(called(order), [("p", 0)]) == ["b"]


def test_an_encounter_is_on_the_day_of_its_first_call():
    """One whose chart is opened again a week later is no second visit."""
    calls = called([("a", "p", 0, 9), ("a", "p", 7, 9)])
    assert found_as(calls, [("p", 0), ("p", 7)]) == ["a", ""]


def test_what_was_not_allocated_is_no_visit_of_the_trial():
    calls = called([("a", "p", 0, 9), ("", "q", 0, 9)])
    assert found_as(calls, [("p", 0), ("q", 0)], allocated="x") == ["", ""]
    assert found_as(calls, [("p", 0), ("q", 0)], allocated="ax") == ["a", ""]


VISITS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 60), st.booleans()),
    max_size=30,
    unique_by=lambda one: one[:2],
)


@settings(max_examples=80)
@given(visits=VISITS, days=st.integers(1, 40))
def test_what_came_before_is_what_a_slow_look_finds(visits, days):
    who, day, on = (
        (np.array(list(column)) for column in zip(*visits, strict=True))
        if (visits)
        else (np.zeros(0, int), np.zeros(0, int), np.zeros(0, bool))
    )
    person, when = who.astype(str), DAY + day
    before = previous_arm(person, when, on)
    n, with_card = arms_within(person, when, on, days)
    for i in range(len(who)):
        earlier = sorted(
            (day[j], on[j])
            for j in range(len(who))
            if who[j] == who[i] and day[j] < day[i]
        )
        last = float(earlier[-1][1]) if earlier else np.nan
        np.testing.assert_equal(before[i], last)
        late = [arm for at, arm in earlier if at >= day[i] - days]
        assert (n[i], with_card[i]) == (len(late), sum(late))


def test_a_patient_may_come_again_where_visits_were_drawn_and_not_else():
    rows = story.made(story.World(clinics=4), 1)
    primary = rows.endpoints[str(trial.PRIMARY)]
    plan = story.protocol()
    visits = join(primary, rows.allocation, plan, plan.primary, {}, calls=rows.calls)
    assert len(np.unique(visits.person)) < len(visits) == len(primary)
    assert visits.are_visits
    by_patient = dict.fromkeys(
        np.unique(primary.person_source_value), ("active", "all")
    )
    other = plan.model_copy(update={"unit_of_randomisation": "patient"})
    with pytest.raises(DataError, match="more than once"):
        join(primary, by_patient, other, other.primary, {})
    with pytest.raises(ValueError, match="calls"):
        join(primary, rows.allocation, plan, plan.primary, {})


def test_under_four_clinics_patients_are_the_clusters():
    """Their standard error is that of patients, and not of three clinics."""
    plan = story.protocol()
    for clinics, n_clusters in ((3, 120), (4, 4)):
        rows = story.made(story.World(clinics=clinics), 1)
        primary = rows.endpoints[str(trial.PRIMARY)]
        people = join(
            primary, rows.allocation, plan, plan.primary, {}, calls=rows.calls
        )
        assert effect(people, plan, plan.primary).fit.n_clusters == n_clusters


def test_groups_of_few_patients_have_no_effect_however_often_they_came():
    """Eleven visits of one person are one person."""
    plan = story.protocol(equity_groups=("sex",), required_diagnostics=())
    rows = story.made(story.World(clinics=2, per_clinic=8, again=12.0), 1)
    found = story.judged_rows(rows, {}, plan)
    assert [one.persons for one in found.equity] == [8, 8]
    assert min(one.n for one in found.equity) > 60
    assert all(isinstance(one.estimate, NotEstimable) for one in found.equity)
    assert all("people" in one.estimate.reason for one in found.equity)


@pytest.mark.parametrize(
    ("persons", "hidden"),
    [((300, 40), False), ((300, 7), True), ((9, None), True), ((300, 295), True)],
)
def test_an_arm_of_visits_is_hidden_where_they_are_of_few_people(persons, hidden):
    arms = tuple(
        ArmSummary(
            arm=arm, n_units=500, n=500, numerator=60, value=0.12, persons=counted
        )
        for arm, counted in (("active", persons), ("silent", (310, 60)))
    )
    safe = safe_arms(arms)
    assert safe[0].suppressed == hidden
    assert (safe[0].persons is None) == hidden
    assert (safe[0].n is None) == hidden


def test_many_clusters_have_the_degrees_of_freedom_of_a_few():
    """The shorter sum and the whole matrix agree."""
    rng = np.random.default_rng(1)
    d, B = rng.uniform(0.5, 1, 1_500), rng.normal(size=(1_500, 3)) / 40
    M = np.diag([0.5, 0.3, 0.2])
    P = np.diag(d) - B @ M @ B.T
    assert satterthwaite(d, B, M) == pytest.approx(
        np.trace(P) ** 2 / (P**2).sum(), rel=1e-10
    )


def sheet(n=600, clinics=6, **changes):
    rng = np.random.default_rng(2)
    patient = rng.integers(0, n // 3, n)
    columns = {
        "outcome": rng.integers(0, 2, n).astype(float),
        "arm": rng.choice(["card", "usual"], n),
        "cluster": np.char.add("p", patient.astype(str)),
        "stratum": np.char.add("c", (patient % clinics).astype(str)),
    }
    return {k: v for k, v in (columns | changes).items() if v is not None}


@pytest.mark.parametrize("cluster", ["cluster", "stratum"])
def test_a_sheet_of_visits_is_least_squares_with_their_clusters(cluster):
    """Of patients or of clinics; strata are of rows."""
    columns = sheet()
    columns["cluster"] = columns[cluster]
    found = analyse_trial(trial_of("encounter", columns), required=())
    strata = np.unique(columns["stratum"], return_inverse=True)[1]
    X = np.column_stack(
        [columns["arm"] == "card", np.ones(600), *(strata == k for k in range(1, 6))]
    ).astype(float)
    meant = cluster_ols(columns["outcome"], X, columns["cluster"])
    assert found.fit.estimate == pytest.approx(meant.estimate, rel=1e-10)
    assert found.fit.se == pytest.approx(meant.se, rel=1e-10)
    assert found.method == "least-squares"
    assert any("Each visit was randomised" in one for one in found.limitations)
    few = any("6 clusters are few" in one for one in found.limitations)
    assert few == (cluster == "stratum")
    ratio = next(d for d in found.diagnostics if d.name == "sample_ratio")
    assert "visits" in ratio.detail


def test_a_sheet_of_visits_by_gee_and_without_one_of_its_clinics():
    """Ratios are offered, and influence leaves out each clinic in turn."""
    columns = sheet()
    columns["cluster"] = columns.pop("stratum")
    trial_ = trial_of("encounter", columns)
    ratio = analyse_trial(trial_, scale="odds-ratio", required=())
    assert ratio.method == "gee"
    assert ratio.fit.lower < ratio.fit.estimate < ratio.fit.upper
    influence = next(d for d in ratio.diagnostics if d.name == "influence")
    assert "leaving out one of 6 clusters" in influence.detail


def test_a_sheet_of_visits_must_say_whose_they_are():
    with pytest.raises(DefinitionError, match="needs --cluster"):
        trial_of("encounter", sheet(cluster=None))
    with pytest.raises(DefinitionError, match="no --period"):
        trial_of("encounter", sheet(period=np.arange(600)))


def test_what_cannot_be_planned_for_visits_is_refused():
    """Ways to allocate what is known from the start."""
    with pytest.raises(ValidationError, match="not for units of encounter"):
        Design(unit="encounter", allocation="minimisation")
    with pytest.raises(ValidationError, match="balanced_on"):
        Design(unit="encounter", balanced_on=("clinic",))


def test_a_rollout_of_visits_has_no_list_and_needs_the_encounter(tmp_path):
    with practice.open_practice(tmp_path) as house:
        with pytest.raises(DefinitionError, match="Encounters are allocated when"):
            practice.start(house, "encounter", units=practice.CLINICS)
        service = practice.knowledge().service
        asked = {k: v for k, v in service.prefetch.items() if k != "encounter"}
        blind = practice.knowledge(
            service=service.model_copy(update={"prefetch": asked})
        )
        with pytest.raises(DefinitionError, match="does not ask for them"):
            practice.start(house, "encounter", blind)


def test_of_a_trial_of_visits_the_reach_is_of_visits():
    """A card at each visit of the arm; clinics take it up."""
    plan = story.protocol(required_diagnostics=())
    rows = story.made(story.World(clinics=8), 3)
    took = rows.calls.shown & np.isin(rows.calls.clinic, ["clinic-00", "clinic-01"])
    calls = replace(rows.calls, feedback=np.where(took, "accepted", ""))
    found = story.judged_rows(replace(rows, calls=calls), {}, plan)
    assert found.reach.reach.value == 1
    assert found.reach.reach.n == sum(
        arm.n for arm in found.flow.arms if arm.arm == "active"
    )
    assert found.reach.adoption.value == pytest.approx(2 / 8)
    assert isinstance(found.estimate, Estimate)


@pytest.mark.parametrize("sizes", [(2,), (4,), (2, 4), (2, 4, 6)])
def test_blocks_that_are_drawn_anew_are_blocks(sizes):
    """Level at some end of a block, never further off than half of one, all orders."""
    arms = drawn_blocks(13, sizes, 3_000, np.random.default_rng(1))
    lag = np.cumsum(np.where(arms, 1, -1), axis=1)
    assert np.abs(lag).max() <= max(sizes) // 2
    level = lag == 0
    for start in range(13 - max(sizes)):
        assert level[:, start : start + max(sizes)].any(axis=1).all()
    # Each place is active half of the time: 3,000 draws, four standard errors.
    assert np.abs(arms.mean(axis=0) - 0.5).max() < 4 * np.sqrt(0.25 / 3_000)
    if sizes == (4,):
        patterns, counts = np.unique(arms[:, :4], axis=0, return_counts=True)
        assert len(patterns) == 6
        assert np.abs(counts / 3_000 - 1 / 6).max() < 4 * np.sqrt(5 / 36 / 3_000)


def test_what_else_could_have_been_drawn_finds_an_effect_and_invents_none():
    """p-values are level where no card does anything, and small where cards do."""
    plan, none = story.protocol(covariates=("stratum",)), []
    for seed in range(40):
        world = story.World(clinics=4, per_clinic=12, effect=0.0, varies=0.0)
        none.append(p_value_of(world, seed, plan))
    slack = 4 * np.sqrt(0.25 * 0.75 / len(none))
    assert abs(np.mean(np.array(none) <= 0.25) - 0.25) < slack
    assert p_value_of(story.World(effect=0.2), 1, plan) < 0.01


def p_value_of(world, seed, plan):
    rows = story.made(world, seed)
    primary = rows.endpoints[str(trial.PRIMARY)]
    people = join(primary, rows.allocation, plan, plan.primary, {}, calls=rows.calls)
    place, drawn = {}, {}
    for unit, (_, stratum) in rows.allocation.items():
        drawn[stratum] = drawn.get(stratum, -1) + 1
        place[unit] = drawn[stratum]
    return blocks_test(
        people.outcome,
        people.active,
        people.stratum,
        np.array([place[unit] for unit in people.unit]),
        np.column_stack(
            [np.ones(len(people)), *covariate_columns(people, ("stratum",))]
        ),
        block_sizes=(2, 4),
        draws=199,
        rng=np.random.default_rng(seed),
    )
