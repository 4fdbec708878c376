"""Measures' states at the point of care: published whole, read by person, never old."""

import datetime as dt
import json
import shutil

import numpy as np
import pytest

from rounds.datamart import Datamart, Store, load, publish_bedside
from rounds.datamart.bedside import MAX_AGE_DAYS, Bedside, parse_fact
from rounds.datamart.bedside_publishing import _states
from rounds.datamart.rows import MeasureRows
from rounds.definitions import builtin_measures
from rounds.loop.change import Calls, check_knowledge, states_of
from rounds.loop.change.service import Service
from rounds.nouns import DataError, DefinitionError, Period
from stories import more_fhir as more
from stories import practice as story

YEAR = Period(start=dt.date(2024, 2, 1), end=dt.date(2025, 1, 31))
CALL = dt.date(2025, 2, 3)
MEASURE = "blood-pressure-control"
MET, IN = f"measure.{MEASURE}.met", f"measure.{MEASURE}.in_denominator"


def resource(kind, **fields):
    return {"resourceType": kind, **fields}


def patient(name, systolic):
    """Someone with hypertension and, if a pressure is given, one visit with it."""
    who = {"reference": f"Patient/{name}"}
    day = "2024-10-01"
    coded = {"coding": [{"system": "http://snomed.info/sct", "code": "59621000"}]}
    yield resource("Patient", id=name, birthDate="1960-05-01", gender="female")
    yield resource(
        "Condition", id=f"c-{name}", subject=who, code=coded, onsetDateTime="2020-01-01"
    )
    if systolic is None:
        return
    yield resource(
        "Encounter",
        id=f"e-{name}",
        status="finished",
        subject=who,
        period={"start": f"{day}T09:00:00", "end": f"{day}T09:30:00"},
        **{"class": {"code": "AMB"}},
    )
    for code, value in (("8480-6", systolic), ("8462-4", 70)):
        yield resource(
            "Observation",
            id=f"o-{code}-{name}",
            status="final",
            subject=who,
            encounter={"reference": f"Encounter/e-{name}"},
            effectiveDateTime=f"{day}T09:10:00",
            code={"coding": [{"system": "http://loinc.org", "code": code}]},
            valueQuantity={
                "value": value,
                "unit": "mm[Hg]",
                "code": "mm[Hg]",
                "system": "http://unitsofmeasure.org",
            },
        )


@pytest.fixture(scope="module")
def mart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bedside")
    people = [("controlled", 120), ("high", 160), ("unseen", None)]
    rows = [json.dumps(one) for name, mmhg in people for one in patient(name, mmhg)]
    (folder / "in").mkdir()
    (folder / "in" / "all.ndjson").write_text("\n".join(rows) + "\n")
    load(folder / "in", folder / "mart")
    with Datamart.open(folder / "mart") as opened:
        yield opened


def published(mart, folder, **changes):
    given = {"measures": [builtin_measures()[MEASURE]], "period": YEAR, **changes}
    return publish_bedside(
        mart, given.pop("measures"), given.pop("period"), folder / "b.sqlite", **given
    )


def read(folder, *patients, day=CALL, names=(MET, IN)):
    facts = Bedside(folder / "b.sqlite").facts(names, patients, [day] * len(patients))
    return [facts[name].tolist() for name in names]


def test_a_fact_names_a_measure_and_a_field():
    assert parse_fact(MET) == (MEASURE, "met")
    assert parse_fact("measure.x.y") is None
    assert parse_fact("measure.met") is None
    assert parse_fact("age") is None


def test_states_are_those_of_the_measure(mart, tmp_path):
    told = published(mart, tmp_path)
    assert told.snapshot == mart.snapshot
    met, counted = read(tmp_path, "controlled", "high", "unseen", "stranger")
    assert met == [True, False, None, None]
    assert counted[:2] == [True, True]
    assert counted[3] is None
    assert (tmp_path / "b.sqlite").stat().st_mode & 0o077 == 0


def loaded(folder, name, mmhg):
    """Load a person with a pressure beside whoever is loaded already."""
    given = folder / f"in-{name}-{mmhg}"
    given.mkdir()
    rows = [json.dumps(one) for one in patient(name, mmhg)]
    (given / "all.ndjson").write_text("\n".join(rows) + "\n")
    load(given, folder / "mart")


def test_an_older_snapshot_never_takes_the_place_of_a_newer(tmp_path):
    loaded(tmp_path, "one", 160)
    with Datamart.open(tmp_path / "mart") as older:
        loaded(tmp_path, "two", 120)
        with Datamart.open(tmp_path / "mart") as newer:
            assert not published(newer, tmp_path).superseded
        told = published(older, tmp_path)
    assert told.superseded
    assert told.snapshot == older.snapshot
    assert read(tmp_path, "one", "two")[0] == [False, True]
    with Datamart.open(tmp_path / "mart") as newer:
        assert not published(newer, tmp_path).superseded, "of the same snapshot, anew"


def test_what_is_made_anew_is_not_held_back_by_what_was_there(tmp_path):
    loaded(tmp_path, "one", 160)
    Store(tmp_path / "mart").rollback(1)
    with Datamart.open(tmp_path / "mart") as second:
        published(second, tmp_path)
    shutil.rmtree(tmp_path / "mart")
    loaded(tmp_path, "one", 120)
    with Datamart.open(tmp_path / "mart") as first:
        assert first.number < second.number
        assert not published(first, tmp_path).superseded
    assert read(tmp_path, "one")[0] == [True]


def test_nothing_is_known_of_who_opted_out(mart, tmp_path):
    published(mart, tmp_path, without=frozenset({"high"}))
    assert read(tmp_path, "controlled", "high")[0] == [True, None]


def test_an_old_state_is_no_state(mart, tmp_path):
    published(mart, tmp_path)
    last = YEAR.end + dt.timedelta(days=MAX_AGE_DAYS)
    assert read(tmp_path, "high", day=last)[0] == [False]
    assert read(tmp_path, "high", day=last + dt.timedelta(days=1))[0] == [None]


def test_what_is_published_anew_is_read_at_once(mart, tmp_path):
    published(mart, tmp_path)
    bedside = Bedside(tmp_path / "b.sqlite")
    assert bedside.facts([MET], ["high"], [CALL])[MET].tolist() == [False]
    published(mart, tmp_path, without=frozenset({"high"}))
    assert bedside.facts([MET], ["high"], [CALL])[MET].tolist() == [None]
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        ".b.sqlite.lock",
        "b.sqlite",
    ]


def test_without_a_file_nothing_is_known(tmp_path):
    assert read(tmp_path, "high") == [[None], [None]]


def test_a_broken_file_is_an_error_and_not_silence(tmp_path):
    (tmp_path / "b.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(DataError) as caught:
        read(tmp_path, "high")
    assert caught.value.code == "bedside-unreadable"


def test_a_measure_of_visits_is_no_state(mart, tmp_path):
    visits = [one for one in builtin_measures().values() if one.basis == "visit"]
    with pytest.raises(DataError) as caught:
        published(mart, tmp_path, measures=visits[:1])
    assert caught.value.code == "not-a-state"


def asking(fact, op, value):
    """A knowledge object whose rule asks for a state alone."""
    base = story.knowledge()
    payload = {
        "when": {"all": [{"fact": fact, "op": op, "value": value}]},
        "card": base.payload["card"],
    }
    examples = tuple(
        base.examples[0].model_copy(
            update={"title": title, "context": context, "fires": fires}
        )
        for title, context, fires in (
            ("so", {fact: value}, True),
            ("not known", {}, False),
        )
    )
    return base.model_copy(update={"payload": payload, "examples": examples})


def test_a_rule_may_ask_for_a_state():
    knowledge = asking(MET, "==", value=False)
    check_knowledge(knowledge)
    assert states_of(knowledge) == {(MEASURE, "met")}
    assert states_of(story.knowledge()) == frozenset()
    with pytest.raises(DefinitionError, match="true or false"):
        check_knowledge(asking(MET, "==", value=1))


def test_the_card_follows_the_published_state(mart, tmp_path):
    with story.open_practice(tmp_path) as practice:
        started = story.start(practice, knowledge_object=asking(MET, "==", value=False))
        publish_bedside(
            mart,
            [builtin_measures()[MEASURE]],
            YEAR,
            practice.path.with_name("bedside.sqlite"),
        )
        service = Service(practice, story.SERVICE)
        patients = ["controlled", "high", "unseen"]
        hooks = [f"00000000-0000-4000-8000-00000000000{i}" for i in range(3)]
        midnight = int(dt.datetime(2025, 2, 3, tzinfo=dt.UTC).timestamp())
        calls = Calls(
            hook_instance=hooks,
            patient=patients,
            encounter=[""] * 3,
            clinic=["clinic-0"] * 3,
            occurred=[midnight] * 3,
            facts={"age": np.array([64.0] * 3)},
        )
        service.answer(calls, story.NOW)
        with practice.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT person_source_value, due FROM exposure"
            ).fetchall()
    assert started is not None
    assert dict(rows) == {"controlled": 0, "high": 1, "unseen": 0}


def consent(name, scope):
    """Say no, as a Consent of one's own does."""
    system = "http://terminology.hl7.org/CodeSystem/consentscope"
    return more.consent(
        f"k-{name}",
        patient={"reference": f"Patient/{name}"},
        scope={"coding": [{"system": system, "code": scope}]},
    )


@pytest.fixture(scope="module")
def denying(tmp_path_factory):
    """A datamart in which one denies treatment, one research, and one nothing."""
    folder = tmp_path_factory.mktemp("denying")
    people = [("no-cards", 160), ("no-research", 160), ("high", 160)]
    rows = [one for name, mmhg in people for one in patient(name, mmhg)]
    rows += [consent("no-cards", "treatment"), consent("no-research", "research")]
    (folder / "in").mkdir()
    lines = "\n".join(json.dumps(one) for one in rows)
    (folder / "in" / "all.ndjson").write_text(lines + "\n")
    load(folder / "in", folder / "mart")
    with Datamart.open(folder / "mart") as opened:
        yield opened


def test_what_a_consent_denies_is_published_and_no_state_of_theirs(denying, tmp_path):
    published(denying, tmp_path)
    everybody = ("no-cards", "no-research", "high")
    bedside = Bedside(tmp_path / "b.sqlite")
    assert bedside.denied(everybody, research=False) == {"no-cards"}
    assert bedside.denied(everybody, research=True) == {"no-cards", "no-research"}
    assert read(tmp_path, *everybody)[0] == [None, None, False]


def test_who_denies_by_a_consent_gets_no_card_and_is_not_written_down(
    denying, tmp_path
):
    with story.open_practice(tmp_path) as practice:
        story.start(practice)
        beside = practice.path.with_name("bedside.sqlite")
        publish_bedside(denying, [], YEAR, beside)
        service = Service(practice, story.SERVICE)
        patients = ["no-cards", "no-research", "high"]
        calls = Calls(
            hook_instance=[f"00000000-0000-4000-8000-00000000000{i}" for i in range(3)],
            patient=patients,
            encounter=[""] * 3,
            clinic=["clinic-0"] * 3,
            occurred=[int(dt.datetime(2025, 2, 3, tzinfo=dt.UTC).timestamp())] * 3,
            facts={
                "age": np.array([64.0] * 3),
                "has_hypertension": np.array([True] * 3),
                "systolic": np.array([160.0] * 3),
                "diastolic": np.array([90.0] * 3),
            },
        )
        service.answer(calls, story.NOW)
        with practice.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT person_source_value, due FROM exposure ORDER BY 1, 2"
            ).fetchall()
    assert rows == [("", 0), ("", 0), ("high", 1)]


def test_an_identifier_that_two_persons_share_has_no_state():
    everyone = MeasureRows(
        **{
            name: np.array([kind(n) for n in range(3)])
            for name, kind in dict.fromkeys(MeasureRows.names(), float).items()
        }
        | {"person_source_value": np.array(["A", "A", "B"])}
        | {name: np.array([True] * 3) for name in ("denominator", "numerator")}
        | {"observed": np.array([True] * 3), "value": np.array([1.0] * 3)}
    )
    found = list(_states(builtin_measures()[MEASURE], everyone))
    assert [one[0] for one in found] == ["B"]
