"""Counts moved by the difference are those of a full computation, after any load."""

import datetime as dt
import json
import random

import pytest

from rounds.datamart import Datamart, load, run_measure
from rounds.datamart.measures import kept_counts
from rounds.definitions import builtin_measures
from rounds.nouns import NotEstimable, Period
from stories.changes import deletion

YEAR = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
SPLITS = [
    ("blood-pressure-control", "care_site"),
    ("blood-pressure-control", "month"),
    ("blood-pressure-control", "sex"),
    ("treatment-intensified", "care_site"),
    ("treatment-intensified", "month"),
]


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def person(name, rng):
    """Someone with hypertension, seen on some days, with or without a new drug."""
    who = {"reference": f"Patient/{name}"}
    site = f"o{rng.randrange(3)}"
    yield {
        "resourceType": "Patient",
        "id": name,
        "birthDate": f"{rng.randrange(1940, 1990)}-05-01",
        "gender": rng.choice(["female", "male"]),
    }
    yield {
        "resourceType": "Condition",
        "id": f"c-{name}",
        "subject": who,
        "code": coded("http://snomed.info/sct", "59621000"),
        "onsetDateTime": "2020-01-01",
    }
    for i in range(rng.randrange(4)):
        yield from visit(f"{name}-{i}", who, site, rng)


def visit(name, who, site, rng):
    day = dt.date(2024, 1, 1) + dt.timedelta(days=rng.randrange(365))
    yield {
        "resourceType": "Encounter",
        "id": f"e-{name}",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": who,
        "serviceProvider": {"reference": f"Organization/{site}"},
        "period": {"start": f"{day}T09:00:00", "end": f"{day}T09:30:00"},
    }
    for code, low, high in (("8480-6", 110, 170), ("8462-4", 60, 100)):
        yield {
            "resourceType": "Observation",
            "id": f"o-{code}-{name}",
            "status": "final",
            "subject": who,
            "encounter": {"reference": f"Encounter/e-{name}"},
            "effectiveDateTime": f"{day}T09:10:00",
            "code": coded("http://loinc.org", code),
            "valueQuantity": {
                "value": rng.randrange(low, high),
                "unit": "mm[Hg]",
                "code": "mm[Hg]",
                "system": "http://unitsofmeasure.org",
            },
        }
    if rng.random() < 0.5:
        yield {
            "resourceType": "MedicationRequest",
            "id": f"m-{name}",
            "status": "active",
            "intent": "order",
            "subject": who,
            "authoredOn": f"{day}T09:20:00",
            "medicationCodeableConcept": coded(
                "http://www.nlm.nih.gov/research/umls/rxnorm", "29046"
            ),
        }


def write(folder, number, resources):
    folder = folder / f"load-{number}"
    folder.mkdir()
    lines = [json.dumps(one) for one in resources]
    (folder / "all.ndjson").write_text("\n".join(lines) + "\n")
    return folder


def results(mart):
    measures = builtin_measures()
    return [run_measure(mart, measures[name], YEAR, by=by) for name, by in SPLITS]


def loads(rng):
    """Give loads: everybody, then some seen again, some changed, some deleted."""
    sites = [
        {"resourceType": "Organization", "id": f"o{i}", "name": f"Site {i}"}
        for i in range(3)
    ]
    yield sites + [one for i in range(150) for one in person(f"p{i}", rng)]
    for turn in range(4):
        again = rng.sample(range(160), 4)
        changed = [one for i in again for one in person(f"p{i}", rng)]
        for one in changed:
            one["meta"] = {"lastUpdated": f"2025-01-0{turn + 1}T00:00:00Z"}
        gone = f"2025-01-0{turn + 1}T01:00:00Z"
        yield [*changed, deletion("Patient", f"p{again[0]}", gone)]


@pytest.mark.parametrize("seed", [1, 2])
def test_moved_counts_are_full_counts(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(kept_counts, "_FEWEST", 1)
    monkeypatch.setattr(kept_counts, "_MOST_TOUCHED", 1.0)
    rng = random.Random(seed)
    mart_path, moved = tmp_path / "mart", 0
    for number, resources in enumerate(loads(rng)):
        load(write(tmp_path, number, resources), mart_path)
        with Datamart.open(mart_path) as mart:
            found = results(mart)
            kept = {int(one.suffix[1:]) for one in mart.kept.iterdir()}
            moved += kept == {1} and mart.number > 1
            monkeypatch.setattr(kept_counts._Kept, "of", lambda *_: None)
            expected = results(mart)
            monkeypatch.undo()
        monkeypatch.setattr(kept_counts, "_FEWEST", 1)
        monkeypatch.setattr(kept_counts, "_MOST_TOUCHED", 1.0)
        assert found == expected
        assert not any(isinstance(one, NotEstimable) for one in found)
    assert moved == 4  # no later load made them compute everybody again


def test_counts_that_are_damaged_are_computed_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_counts, "_FEWEST", 1)
    (first, *_) = loads(random.Random(3))
    load(write(tmp_path, 0, first), tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        expected = results(mart)
        for kept in mart.kept.iterdir():
            (kept / "counts.json").write_text("")
        assert results(mart) == expected
        monkeypatch.setattr(kept_counts.Path, "mkdir", refuse)
        assert results(mart) == expected


def refuse(*_args, **_named):
    raise OSError("no space left")
