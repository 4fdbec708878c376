"""Two factors in one made trial: right as often as it says, and silent where it must be.

`make test-factorial` makes 2,000 trials of each (`ROUNDS_TRIALS`), and prints the lines
of docs/reference/accuracy.md.
"""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.decision import explain, recommend, run
from rounds.loop.evaluation.arms.crossed import crossed
from rounds.loop.evaluation.checks.diagnostics import known_checks
from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.participants import join
from rounds.nouns import DiagnosticError, Signature
from stories import factorial_trial as story
from stories import trial

N = int(os.environ.get("ROUNDS_TRIALS", "50"))
WORLDS = {
    "two effects, 40 clinics": story.World(),
    "no effect, 40 clinics": story.World(first=0.0, second=0.0),
    "two effects, 16 clinics": story.World(clinics=16, per_clinic=60),
    "they interact, 40 clinics": story.World(interaction=-0.05),
}
LOOKS = ("first", "second", "interaction", "first_alone", "second_alone", "both")
FAULTS = {
    "sample ratio": "sample_ratio",
    "deliveries": "deliveries",
    "contamination": "contamination",
    "missing outcomes": "missing_outcomes",
}


def truths(world):
    one, other = world.first, world.second
    together = one + other + world.interaction
    values = (*world.at_margins, world.interaction, one, other, together)
    return dict(zip(LOOKS, values, strict=True))


def made(world, n=N):
    """Give the estimates of n made trials, and the p-value of each interaction."""
    plan = story.protocol()
    rollout = story.rollout(plan, trial.evidence())
    found = []
    for seed in range(n):
        rows = story.made(world, seed)
        primary = rows.endpoints[str(trial.PRIMARY)]
        people = join(primary, rows.allocation, plan, plan.primary, {})
        joined = {e.estimand.name: people for e in plan.endpoints}
        looked = {"units": {}, "second_calls": rows.second_calls, "sealed": None}
        looked["resources"] = {}
        told = crossed(joined, rollout, plan, **looked).told
        one = {
            "first": effect(people, plan, plan.primary).estimate,
            "second": effect(people.swapped(), plan, plan.primary).estimate,
            "reading": told.reading,
        }
        found.append(one | {name: getattr(told, name) for name in LOOKS[2:]})
    return found


def told(name, look, found, truth):
    """Print one line, where somebody looks; give bias, its error and the coverage."""
    error = np.array([one[look].value for one in found]) - truth
    covered = np.mean([one[look].lower < truth < one[look].upper for one in found])
    mc = error.std() / np.sqrt(len(error))
    share = np.sqrt(covered * (1 - covered) / len(error))
    print(
        f"{name:<27}{look:<14}{len(error):>6}  {100 * error.mean():+.2f} ± "
        f"{100 * mc:.2f}   {100 * covered:.1f} ± {100 * share:.1f}%"
    )
    return error.mean(), mc, covered


@pytest.fixture(scope="module", params=WORLDS)
def trials(request):
    return request.param, WORLDS[request.param], made(WORLDS[request.param])


def test_each_number_is_unbiased_and_its_interval_covers(trials):
    """At the margins, of the interaction, and inside the table; within chance."""
    name, world, found = trials
    for look, truth in truths(world).items():
        bias, error, covered = told(name, look, found, truth)
        assert abs(bias) <= 4 * error
        assert abs(covered - 0.95) <= 4 * np.sqrt(0.95 * 0.05 / len(found))


def test_the_rule_seals_as_often_as_its_test_errs(trials):
    """With a margin that no estimate reaches, in one trial of twenty by chance alone."""
    name, world, found = trials
    sealed = np.mean([one["reading"] == "inside_the_table" for one in found])
    print(f"{name:<27}margins sealed {100 * sealed:.1f}%")
    if world.interaction == 0:
        assert sealed <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / len(found))


def test_what_is_read_at_the_margins_is_as_good_as_if_all_were():
    """The rule chooses trials by their interaction, which tells nothing of a margin."""
    world = WORLDS["two effects, 40 clinics"]
    found = [one for one in made(world, max(N, 60)) if one["reading"] == "margins"]
    assert len(found) > 40
    for look in ("first", "second"):
        bias, error, covered = told(
            "read at the margins", look, found, truths(world)[look]
        )
        assert abs(bias) <= 4 * error
        assert abs(covered - 0.95) <= 4 * np.sqrt(0.95 * 0.05 / len(found))


def test_who_looks_inside_the_table_where_the_test_fires_finds_too_much():
    """Why nothing is claimed there: what is alone moves against the interaction."""
    found = made(WORLDS["no effect, 40 clinics"])
    pairs = np.array(
        [[one["interaction"].value, one["first_alone"].value] for one in found]
    )
    margins = np.array(
        [[one["interaction"].value, one["first"].value] for one in found]
    )
    inside, outside = (np.corrcoef(x.T)[0, 1] for x in (pairs, margins))
    print(f"correlation with the interaction: alone {inside:.2f}, margin {outside:.2f}")
    chance = 4 / np.sqrt(len(found))
    assert inside < -0.4
    assert abs(outside) < chance


@pytest.mark.parametrize("of", ["first", "second"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_assumption_of_either_is_noticed_and_nothing_is_told(fault, of):
    """Its own check fails; no outcome by cell and no effect is in what is kept."""
    world = story.World(broken=fault, of=of)
    sealed = story.judged(world, 2)
    assert FAULTS[fault] in {d.name for d in sealed.failed}
    for estimate in (sealed.estimate, sealed.factorial.second.estimate):
        with pytest.raises(DiagnosticError):
            _ = estimate.value
    assert sealed.factorial.reading is None
    unsealed = story.judged(world, 2, story.protocol(required_diagnostics=()))
    results = ("estimate", "balancing", "secondary", "flow", "icc", "factorial")
    open_json = json.loads(unsealed.to_json())
    secret = set().union(*(numbers(open_json[name]) for name in results))
    reach = numbers(open_json["factorial"]["second"]["reach"])
    secret -= {0.95, *numbers(open_json["diagnostics"]), *reach}
    assert len(secret) > 5
    text = sealed.to_json() + repr(sealed) + str(sealed.model_dump())
    assert not [number for number in secret if repr(number) in text]


def numbers(thing):
    """Every long number in what JSON holds, wherever it stands."""
    if isinstance(thing, dict):
        return {n for part in thing.values() for n in numbers(part)}
    if isinstance(thing, list):
        return {n for part in thing for n in numbers(part)}
    return {thing} if isinstance(thing, float) and len(repr(thing)) > 8 else set()


@pytest.mark.parametrize("of", ["first", "second"])
def test_a_card_that_draws_patients_in_is_noticed(of):
    verdicts = [
        {d.name: d.verdict for d in story.judged(world, 4).diagnostics}["enrolment"]
        for world in (story.World(), story.World(broken="enrolment", of=of))
    ]
    assert verdicts == ["pass", "fail"]


def test_healthy_trials_are_rarely_sealed_by_a_check():
    plan = story.protocol()
    plan = plan.model_copy(update={"required_diagnostics": known_checks(plan)})
    n = 15
    alarms = sum(
        bool(story.judged(story.World(), seed, plan).failed) for seed in range(n)
    )
    nominal = 4 * 0.001 + 0.01
    assert alarms / n <= nominal + 4 * np.sqrt(nominal * (1 - nominal) / n)


def test_where_they_interact_no_margin_is_told_and_the_rule_extends():
    """The primary's margins are gone everywhere; the table stands; both are extended."""
    world = story.World(first=0.15, second=0.15, interaction=-0.3)
    plan = story.protocol(equity_groups=("sex",))
    found = story.judged(world, 1, plan)
    two = found.factorial
    assert not found.failed
    assert two.reading == "inside_the_table"
    for estimate in (found.estimate, two.second.estimate, found.equity[0].estimate):
        with pytest.raises(DiagnosticError):
            _ = estimate.value
    assert {arm.value for arm in found.flow.arms} == {None}
    assert not found.posterior
    assert found.balancing[0].verdict != "sealed"
    truth = truths(world)
    for look in LOOKS[2:]:
        estimate = getattr(two, look)
        assert estimate.lower < truth[look] < estimate.upper
    assert sum(cell.n_units for cell in two.cells) == world.clinics
    signed = decided(found, plan)
    assert signed.recommended == signed.second.recommended == "extend"
    assert "interact" in signed.reasons[0]


def test_each_factor_is_decided_by_the_same_rule():
    """One works and one does not: adopt the one; the other as if it had been alone."""
    world = story.World(clinics=80, first=0.15, second=0.0, spread=0.02)
    plan = story.protocol()
    found = story.judged(world, 3, plan)
    signed = decided(found, plan)
    assert signed.recommended == recommend(found, plan).choice == "adopt"
    assert signed.second.recommended in {"abandon", "extend"}
    assert signed.second.knowledge_object == story.SECOND
    assert "two factors" in explain(plan)
    assert "sealed" in explain(plan)


def decided(found, plan):
    at = np.datetime64("2026-01-01T12:00").item()
    return run(
        found,
        plan,
        Signature(name="S", at=at, authenticated=False),
        name="d",
        title="D",
    )


def test_the_margins_are_unbiased_with_cells_of_unequal_size():
    """Where nothing interacts, whatever the sizes are."""
    world = replace(WORLDS["two effects, 40 clinics"], broken="enrolment", of="second")
    found = made(world, 40)
    for look in ("first", "second"):
        bias, error, _ = told("unequal cells", look, found, truths(world)[look])
        assert abs(bias) <= 4 * error
