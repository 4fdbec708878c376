"""Strata of clinics: by size and baseline rate of those who have not opted out."""

import datetime as dt
import json

import pytest

from rounds.conduct.strata import clinic_baselines, clinic_strata
from rounds.datamart import Datamart, load
from rounds.definitions import builtin_measures
from rounds.nouns import DataError, Period
from stories import more_fhir as more

YEAR = Period(start=dt.date(2024, 2, 1), end=dt.date(2025, 1, 31))
MEASURE = builtin_measures()["blood-pressure-control"]
CLINICS = {"a": (120, 120, 120, 160), "b": (120, 160, 160), "c": (160,)}
"""Clinic → the systolic pressure of each of its patients, a-0, a-1 and so on."""


def lines():
    """Write every clinic and patient as FHIR."""
    system = "http://terminology.hl7.org/CodeSystem/consentscope"
    day = "2024-10-01T09:00:00"
    hypertension = {"coding": [{"system": more.SNOMED, "code": "59621000"}]}
    for clinic, pressures in CLINICS.items():
        yield {"resourceType": "Organization", "id": clinic, "name": clinic}
        for place, mmhg in enumerate(pressures):
            name = f"{clinic}-{place}"
            who = {"reference": f"Patient/{name}"}
            yield {"resourceType": "Patient", "id": name, "birthDate": "1960-05-01"}
            yield {
                "resourceType": "Condition",
                "id": f"c-{name}",
                "subject": who,
                "code": hypertension,
                "onsetDateTime": "2020-01-01",
            }
            yield {
                "resourceType": "Encounter",
                "id": f"e-{name}",
                "status": "finished",
                "subject": who,
                "class": {"code": "AMB"},
                "period": {"start": day, "end": day},
                "serviceProvider": {"reference": f"Organization/{clinic}"},
            }
            for code, value in (("8480-6", mmhg), ("8462-4", 70)):
                yield {
                    "resourceType": "Observation",
                    "id": f"o-{code}-{name}",
                    "status": "final",
                    "subject": who,
                    "encounter": {"reference": f"Encounter/e-{name}"},
                    "effectiveDateTime": day,
                    "code": {"coding": [{"system": more.LOINC, "code": code}]},
                    "valueQuantity": {"value": value, "code": "mm[Hg]"},
                }
    yield more.consent(
        "k",
        patient={"reference": "Patient/c-0"},
        scope={"coding": [{"system": system, "code": "research"}]},
    )


@pytest.fixture(scope="module")
def mart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strata")
    (folder / "in").mkdir()
    written = "\n".join(json.dumps(one) for one in lines())
    (folder / "in" / "all.ndjson").write_text(written + "\n")
    load(folder / "in", folder / "mart")
    with Datamart.open(folder / "mart") as opened:
        yield opened


def strata(mart, **chosen):
    return clinic_strata(clinic_baselines(mart, MEASURE, YEAR, **chosen))


def test_what_is_known_of_a_clinic_is_its_size_and_rate(mart):
    """Of clinic a three of four are controlled; c has nobody left to count."""
    known = clinic_baselines(mart, MEASURE, YEAR)
    assert known["a"] == {"size": 4.0, "baseline_rate": 0.75}
    assert set(known) == {"a", "b"}


def test_a_clinic_weighs_as_much_as_those_who_did_not_opt_out(mart):
    """Of clinic a, which is the larger one, one patient is left."""
    assert strata(mart) == {"a": "large-low", "b": "small-low"}
    without = frozenset({"a-0", "a-1", "a-2"})
    found = strata(mart, without=without)
    assert found == {"b": "large-low", "a": "small-low"}


def test_a_clinic_of_whom_all_opted_out_is_in_no_stratum(mart):
    """In clinic c the only patient has said so in a consent."""
    assert "c" not in strata(mart)
    everybody = frozenset(f"b-{place}" for place in range(3))
    with pytest.raises(DataError) as caught:
        strata(mart, without=everybody)
    assert caught.value.code == "too-few-clinics"
