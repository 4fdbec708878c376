"""The gate: profiles, earlier questions, earlier answers, rights and what is written."""

import datetime as dt
import json

import numpy as np
import pytest

from rounds.conduct import Gate, Project
from rounds.conduct.audit import append, faults
from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import AccessError, DefinitionError, DisclosureError, MeasureResult
from stories.asked_people import PEOPLE, counted
from stories.asked_world import Question, result_of

AT = dt.datetime(2025, 2, 3, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def project(tmp_path):
    return Project.init(tmp_path / "h", source=None)


def gate(project, asker="ana"):
    return Gate.open(project, now=lambda: AT, asker=asker)


def choose(project, **settings):
    text = project.settings_path.read_text()
    for name, value in settings.items():
        lines = text.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{name} ="))
        lines[at] = f"{name} = {json.dumps(value)}"
        text = "\n".join(lines) + "\n"
    project.settings_path.write_text(text)


def people(counted_, met):
    """A line: the first so many people, and those of them who meet it."""
    return np.arange(1000) < counted_, np.arange(1000) < met


def asked(lines, name="control"):
    exact = result_of(Question(name, "2024"), lines)
    members = {
        line: tuple(PersonSum.of(np.flatnonzero(one)) for one in pair)
        for line, pair in lines.items()
    }
    return exact, members


def test_what_is_near_an_earlier_answer_is_not_told_to_the_same_person(project):
    """Another person may ask it, and the same one may ask what is far from it."""
    with gate(project) as ana:
        assert ana.release_counts("all", *counted(PEOPLE)) == {"persons": 200}
        with pytest.raises(DisclosureError) as caught:
            ana.release_counts("fewer", *counted(PEOPLE[4:]))
        assert caught.value.code == "too-close-to-earlier"
        assert ana.release_counts("half", *counted(PEOPLE[:90])) == {"persons": 90}
    with gate(project, "bo") as bo:
        assert bo.release_counts("fewer", *counted(PEOPLE[4:])) == {"persons": 196}


def test_what_was_told_is_remembered_by_the_next_process(project):
    """The store is read anew each time."""
    with gate(project) as ana:
        ana.release_counts("all", *counted(PEOPLE))
    with gate(project) as again, pytest.raises(DisclosureError):
        again.release_counts("fewer", *counted(PEOPLE[4:]))
    assert project.asked.stat().st_mode & 0o077 == 0


def test_all_who_ask_are_one_where_they_may_tell_each_other(project):
    """`together` takes what one was told for what all were told."""
    choose(project, together=True)
    with gate(project) as ana:
        ana.release_counts("all", *counted(PEOPLE))
    with gate(project, "bo") as bo, pytest.raises(DisclosureError):
        bo.release_counts("fewer", *counted(PEOPLE[4:]))


def test_the_same_question_after_few_have_come_gets_the_earlier_answer(project):
    """With the snapshot that it is of, and a word on why."""
    with gate(project) as ana:
        first = ana.release(*asked({"overall": people(300, 150)}))
        exact, members = asked({"overall": people(303, 152)})
        exact = exact.model_copy(update={"snapshot": "later"})
        again = ana.release(exact, members)
        assert (again.overall, again.snapshot) == (first.overall, first.snapshot)
        assert "too few people have come or gone" in again.limitations[-1]
        exact, members = asked({"overall": people(340, 190)})
        assert ana.release(exact, members).overall.denominator == 340


def test_a_line_near_an_earlier_answer_is_left_out_and_others_are_shown(project):
    """What else was asked is still told."""
    with gate(project) as ana:
        ana.release(*asked({"overall": people(300, 150)}))
        lines = {
            "overall": people(600, 200),
            "unit near": people(304, 150),
            "unit far": people(450, 170),
        }
        told = ana.release(*asked(lines, "another"))
    near, far = told.by
    assert near.suppressed
    assert far.denominator == 450
    assert "what you were told before" in told.limitations[-1]


def test_a_line_whose_people_are_not_named_is_left_out(project):
    """It could not be compared with what comes after."""
    with gate(project) as ana:
        exact, members = asked({"overall": people(300, 150), "unit a": people(90, 40)})
        del members["unit a"]
        told = ana.release(exact, members)
        assert (told.overall.denominator, told.by[0].denominator) == (300, None)
        counts, who = counted(PEOPLE)
        assert ana.release_counts("x", counts | {"unnamed": 70}, who) == {
            "persons": 200,
            "unnamed": None,
        }


def test_bounds_of_what_is_left_out_give_nothing_back(project):
    """Two groups left out, each of 1 to 10, and their sum 20: both would be 10."""
    with gate(project) as ana:
        for name, some in (("a", PEOPLE[:10]), ("b", PEOPLE[10:20])):
            assert ana.release_counts(name, *counted(some)) == {"persons": None}
        with pytest.raises(DisclosureError):
            ana.release_counts("a or b", *counted(PEOPLE[:20]))


def test_rates_are_made_of_rounded_counts(project):
    """Redacted up to 7, then rounded to the nearest 5; the interval too."""
    choose(project, profile="opensafely")
    n = np.arange(1000)
    a, b = (n < 103, n < 58), ((n >= 103) & (n < 203), (n >= 103) & (n < 146))
    lines = {"overall": (a[0] | b[0], a[1] | b[1]), "unit a": a, "unit b": b}
    with gate(project) as ana:
        told = ana.release(*asked(lines))
    overall = told.overall
    assert (overall.denominator, overall.numerator) == (205, 100)
    assert overall.value == 100 / 205
    assert [u.denominator for u in told.by] == [105, 100]
    assert all(u.numerator % 5 == 0 for u in told.by)


def test_midpoints_label_small_counts_and_redact_none(project):
    """1 to 6 are shown as 3, which stands for all of them."""
    choose(project, profile="opensafely-midpoint-6")
    with gate(project) as ana:
        assert ana.release_counts("few", *counted(PEOPLE[:5])) == {"persons": 3}
        assert ana.release_counts("many", *counted(PEOPLE[20:])) == {"persons": 177}
        assert (ana.count(0), ana.count(2), ana.count(13)) == (0, 3, 15)


def test_what_a_looser_profile_told_too_closely_closes_the_gate_to_more(project):
    """It cannot be taken back; what was told is told again."""
    choose(project, profile="datashield")
    with gate(project) as ana:
        ana.release_counts("all", *counted(PEOPLE))
        assert ana.release_counts("all but 5", *counted(PEOPLE[5:])) == {"persons": 195}
    choose(project, profile="cms")
    with gate(project) as ana:
        with pytest.raises(DisclosureError):
            ana.release_counts("another", *counted(PEOPLE[100:]))
        assert ana.release_counts("the same", *counted(PEOPLE)) == {"persons": 200}


def test_a_change_of_the_profile_is_written_down_once(project):
    """From the default, and back."""
    for profile, lines in (("cms", 0), ("cumulus", 1), ("cumulus", 1), ("cms", 2)):
        choose(project, profile=profile)
        with gate(project):
            pass
        written = project.audit_path.read_text() if project.audit_path.exists() else ""
        assert len(written.splitlines()) == lines
    assert faults(project.audit_path) == []


@pytest.mark.parametrize(
    "settings",
    [{"profile": "none"}, {"persons": "ana"}, {"together": "no"}, {"persons": [1]}],
    ids=str,
)
def test_settings_that_cannot_be_used_say_what_can(project, settings):
    """The profiles that there are, and the shape of the lists."""
    choose(project, **settings)
    with pytest.raises(DefinitionError) as caught, gate(project):
        pass
    assert caught.value.code == "disclosure-settings"
    assert "opensafely" in caught.value.remedies[0]


def test_single_persons_are_for_whom_the_project_names(project):
    """A refusal is written down like a look."""
    choose(project, persons=["ana"])
    with gate(project, "bo") as bo, pytest.raises(AccessError):
        bo.persons(None, "data where", "person")
    with gate(project, "ana") as ana:
        ana.persons(None, "data where", "person")
    lines = [json.loads(one) for one in project.audit_path.read_text().splitlines()]
    assert [(one["by"], one.get("refused", False)) for one in lines] == [
        ("bo", True),
        ("ana", False),
    ]


def test_an_edited_audit_line_is_found(tmp_path):
    """So is one that was removed or moved, or of which half was written."""
    path = tmp_path / "audit.jsonl"
    for n in range(4):
        append(path, {"n": n})
    written = path.read_bytes()
    lines = written.splitlines(keepends=True)
    assert faults(path) == []
    for spoilt in (
        written.replace(b'"n": 1', b'"n": 7'),
        b"".join(lines[:1] + lines[2:]),
        b"".join([lines[0], lines[2], lines[1], lines[3]]),
        b"".join(lines[1:]),
        written + b'{"n": 4, "prev',
    ):
        path.write_bytes(spoilt)
        assert faults(path)
        append(path, {"n": 9})
        assert faults(path)


def test_an_answer_survives_json(project):
    """What is kept is what is told."""
    with gate(project) as ana:
        told = ana.release(*asked({"overall": people(300, 150)}))
    assert MeasureResult.from_json(told.to_json()) == told
