"""What is published is compared with what was published, and with what each was told."""

import datetime as dt

import numpy as np
import pytest

from rounds.conduct import Gate, Project
from rounds.conduct.publishing import publishable_problem
from rounds.ledger import safe
from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import DisclosureError
from stories.told_people import EVERYBODY, members, problem_of

AT = dt.datetime(2025, 2, 3, 9, 0, tzinfo=dt.UTC)
ONE_LESS = EVERYBODY[1:]
FIRST_CLINIC = EVERYBODY[EVERYBODY % 4 == 0]


@pytest.fixture
def project(tmp_path):
    return Project.init(tmp_path / "h", source=None)


def publish(project, people, **changes):
    exact = problem_of(people, **changes)
    return publishable_problem(exact, members(people), project, now=lambda: AT)


def ask(project, people, asker="ana", question="how many"):
    counts, who = {"persons": len(people)}, {"persons": PersonSum.of(people)}
    with Gate.open(project, now=lambda: AT, asker=asker) as gate:
        return gate.release_counts(question, counts, who)


def together(project, said):
    text = project.settings_path.read_text()
    former = "false" if said == "true" else "true"
    assert f"together = {former}" in text
    changed = text.replace(f"together = {former}", f"together = {said}")
    project.settings_path.write_text(changed)


def test_what_is_far_from_all_else_is_published_as_it_is(project):
    assert publish(project, EVERYBODY) == safe(problem_of(EVERYBODY))


def test_the_same_again_is_published_again(project):
    first = publish(project, EVERYBODY)
    assert publish(project, EVERYBODY) == first


def test_two_problems_that_one_person_sets_apart_are_not_both_published(project):
    """Subtracted, they would say whether this one is controlled, and where they go."""
    publish(project, EVERYBODY)
    with pytest.raises(DisclosureError) as caught:
        publish(project, ONE_LESS)
    assert caught.value.code == "too-close-to-publish"
    later = publish(project, EVERYBODY[EVERYBODY >= 300])
    assert later.baseline.n == 500


def test_a_line_that_few_set_apart_is_left_out_and_the_others_are_published(project):
    """The whole differs by two hundred, one clinic by three people."""
    publish(project, EVERYBODY)
    one = EVERYBODY % 4 == 0
    gone = np.concatenate([EVERYBODY[one][:3], EVERYBODY[~one][:200]])
    shown = publish(project, np.setdiff1d(EVERYBODY, gone))
    assert shown.baseline.n == 597
    hidden = {unit.unit for unit in shown.units if unit.suppressed}
    assert "Clinic 0" in hidden
    assert len(hidden) < 4
    assert any("left out also" in each for each in shown.limitations)
    assert safe(shown) == shown


def test_what_somebody_was_told_is_compared_with_what_is_published(project):
    """Whoever was told of all but one would learn of the one from the ledger."""
    assert ask(project, ONE_LESS) == {"persons": 799}
    with pytest.raises(DisclosureError):
        publish(project, EVERYBODY)


def test_what_two_were_told_does_not_stand_in_the_way_of_each_other(project):
    """They are not taken for one: each is compared with what is published alone."""
    ask(project, EVERYBODY, "ana")
    ask(project, EVERYBODY[EVERYBODY >= 300], "bo")
    assert publish(project, EVERYBODY).baseline.n == 800
    assert publish(project, EVERYBODY[EVERYBODY >= 300]).baseline.n == 500


def test_what_is_published_is_known_to_all_who_ask_later(project):
    publish(project, EVERYBODY)
    with pytest.raises(DisclosureError):
        ask(project, ONE_LESS)
    assert ask(project, EVERYBODY, "bo") == {"persons": 800}


def test_what_was_not_published_hinders_nobody(project):
    """A refusal tells no sums, and so leaves none behind."""
    publish(project, EVERYBODY)
    with pytest.raises(DisclosureError):
        publish(project, ONE_LESS)
    assert publish(project, EVERYBODY) == safe(problem_of(EVERYBODY))
    assert ask(project, FIRST_CLINIC) == {"persons": 200}


def test_a_count_whose_people_are_not_known_is_not_published(project):
    exact = problem_of(EVERYBODY)
    known = members(EVERYBODY)
    del known["sex F"]
    known["care_site Clinic 1"] = known["care_site Clinic 2"][::-1]
    shown = publishable_problem(exact, known, project, now=lambda: AT)
    hidden = {
        u.unit for u in (*shown.units, *shown.differences[0].groups) if not u.value
    }
    assert hidden == {"Clinic 1", "F"}


def test_switching_together_on_or_off_forgets_nothing(project):
    """What was told under one's own name, or while all were one, is known after it."""
    ask(project, EVERYBODY, "ana")
    together(project, "true")
    with pytest.raises(DisclosureError):
        ask(project, ONE_LESS, "bo")
    far = EVERYBODY[EVERYBODY >= 300]
    assert ask(project, far, "bo", "far") == {"persons": 500}
    together(project, "false")
    with pytest.raises(DisclosureError):
        ask(project, far[1:], "cy", "nearly as far")
