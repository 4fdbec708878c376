"""A practice with a trial in force, and calls to make of it: no datamart, no world."""

import datetime as dt
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

import rounds
from rounds.loop import change
from rounds.nouns import (
    PICO,
    Certainty,
    DecisionRule,
    Design,
    Determination,
    Endpoint,
    Estimand,
    Evidence,
    KnowledgeObject,
    NotEstimable,
    Period,
    Protocol,
    Ref,
)
from rounds.practice import Practice

GO_LIVE = dt.date(2025, 1, 6)
ENROLMENT_END = dt.date(2025, 7, 6)
NOW = dt.datetime(2025, 2, 3, 9, 30, tzinfo=dt.UTC)
SEED, SALT = bytes(range(32)), bytes(range(32, 64))
CLINICS = {f"clinic-{i}": "large" if i < 4 else "small" for i in range(8)}
SERVICE = "intensify-antihypertensive-treatment"
URL = f"/cds-services/{SERVICE}"
FILE = Path(rounds.__file__).parent / "conduct" / "demo" / "knowledge_object.yaml"
SECOND = "next-antihypertensive-step"


def ref(name):
    return Ref.parse(f"{name}|1#" + "0" * 64)


def evidence():
    none = NotEstimable(reason="no sources")
    return Evidence(
        name="e",
        title="What is known",
        problem=ref("problem/p"),
        question=PICO(population="p", intervention="i", comparator="c", outcome="o"),
        sources=(),
        meta_analysis=none,
        certainty=Certainty(rating="not yet rated", domains=()),
        prior=none,
    )


def knowledge(**changes):
    return change.load_knowledge(FILE).model_copy(update=changes)


def second_knowledge():
    """The card of a second factor, with a service of its own."""
    return change.load_knowledge(FILE.with_name("second_knowledge_object.yaml"))


def next_version(version="2"):
    payload = knowledge().payload
    card = {**payload["card"], "summary": "A new version speaks."}
    return knowledge(version=version, payload={**payload, "card": card})


def protocol(unit="clinic"):
    def endpoint(role):
        estimand = Estimand(
            name=role,
            population="adults",
            treatment="card",
            comparator="usual care",
            variable=role,
            measure=ref(f"measure/{role}"),
            intercurrent_events=(),
            summary_measure="risk_difference",
        )
        return Endpoint(
            role=role,
            measure=ref(f"measure/{role}"),
            estimand=estimand,
            better="higher",
            margin=0.02,
        )

    return Protocol(
        name="t",
        title="A trial",
        problem=ref("problem/p"),
        unit_of_randomisation=unit,
        go_live=GO_LIVE,
        enrolment=Period(start=GO_LIVE, end=ENROLMENT_END),
        baseline=Period(start=dt.date(2024, 1, 1), end=dt.date(2025, 1, 5)),
        follow_up_days=90,
        endpoints=(endpoint("primary"), endpoint("balancing")),
        analysis="none",
        required_diagnostics=(),
        decision_rule=DecisionRule(least_worthwhile=0.02),
    )


def arguments(unit="clinic", **changes):
    plain = {
        "determination": Determination(
            outcome="improvement", decided_by="A", on=dt.date(2024, 12, 1), reason="r"
        ),
        "notification": "opt_out",
        "responsible": "Dr B",
        "name": "r",
        "title": "A rollout",
        "units": CLINICS if unit == "clinic" else {},
        "seed": SEED,
        "salt": SALT,
    }
    return plain | changes


def start(
    practice, unit="clinic", knowledge_object: KnowledgeObject | None = None, **changes
):
    strata = changes.pop("strata", ())
    design = changes.pop("design", None) or Design(unit=unit, strata=strata)
    plan = protocol(unit)
    plan = plan.model_copy(
        update={
            "allocation": design.allocation,
            "factors": design.factors,
            "adaptation": plan.adaptation or design.adaptation,
            "covariates": changes.pop("covariates", design.adjusts),
        }
    )
    return change.run(
        evidence(),
        knowledge_object or knowledge(),
        plan,
        design,
        practice,
        **arguments(unit, **changes),
    )


@dataclass
class Encounters:
    hook_instance: np.ndarray
    patient: np.ndarray
    encounter: np.ndarray
    clinic: np.ndarray
    practitioner: np.ndarray
    start: np.ndarray
    age: np.ndarray
    has_hypertension: np.ndarray
    systolic: np.ndarray
    diastolic: np.ndarray
    n_antihypertensives: np.ndarray
    is_female: np.ndarray | None = None

    def one(self, i):
        told = {k: v for k, v in vars(self).items() if v is not None}
        return Encounters(**{k: v[i : i + 1] for k, v in told.items()})


def encounters(n, seed=1, first=0):
    random = np.random.default_rng(seed)
    names = [f"{seed}-{i}" for i in range(first, first + n)]
    measured = random.random(n) < 0.9
    day = np.datetime64("2025-02-03T08:00:00")
    return Encounters(
        hook_instance=np.array([str(uuid.uuid5(uuid.NAMESPACE_OID, x)) for x in names]),
        patient=np.array([f"patient-{i}" for i in random.integers(0, 2 * n, n)]),
        encounter=np.array([f"encounter-{x}" for x in names]),
        clinic=np.array([f"clinic-{i}" for i in random.integers(0, 9, n)]),
        practitioner=np.full(n, "practitioner-1"),
        start=day + random.integers(0, 28_800, n).astype("timedelta64[s]"),
        age=random.integers(16, 90, n),
        has_hypertension=random.random(n) < 0.8,
        systolic=np.where(measured, random.normal(142, 15, n).round(), np.nan),
        diastolic=np.where(measured, random.normal(82, 9, n).round(), np.nan),
        n_antihypertensives=random.integers(0, 4, n),
    )


def request_of(e, i=0):
    """The request that an EHR would make of an encounter."""
    patient, start_at = str(e.patient[i]), str(e.start[i])
    day = e.start[i].astype("datetime64[D]").item()
    condition = {
        "resourceType": "Condition",
        "subject": {"reference": f"Patient/{patient}"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "59621000"}]},
    }
    readings = [] if np.isnan(e.systolic[i]) else [_panel(patient, e, i, start_at)]
    return {
        "hook": "patient-view",
        "hookInstance": str(e.hook_instance[i]),
        "context": {
            "userId": "Practitioner/practitioner-1",
            "patientId": patient,
            "encounterId": str(e.encounter[i]),
        },
        "prefetch": {
            "patient": {
                "resourceType": "Patient",
                "id": patient,
                "birthDate": day.replace(
                    day=1, year=day.year - int(e.age[i])
                ).isoformat(),
            },
            "encounter": {
                "resourceType": "Encounter",
                "id": str(e.encounter[i]),
                "period": {"start": f"{start_at}+01:00"},
                "serviceProvider": {"reference": f"Organization/{e.clinic[i]}"},
            },
            "conditions": _bundle([condition] if e.has_hypertension[i] else []),
            "blood_pressure": _bundle(readings),
            "medications": None,
        },
    }


def _panel(patient, e, i, start_at):
    def part(code, value):
        return {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": float(value), "code": "mm[Hg]"},
        }

    return {
        "resourceType": "Observation",
        "status": "final",
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"{start_at}+01:00",
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
        "component": [part("8480-6", e.systolic[i]), part("8462-4", e.diastolic[i])],
    }


def _bundle(resources):
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": one} for one in resources],
    }


def due_request(
    clinic="clinic-0", patient="patient-1", hook_instance=None, encounter=None
):
    """A call in which a card is due."""
    e = encounters(1)
    e.encounter = np.array([encounter or e.encounter[0]])
    e.clinic[:] = clinic
    e.patient = np.array([patient])
    e.age[:], e.has_hypertension[:] = 60, True
    e.systolic[:], e.diastolic[:] = 155, 85
    e.hook_instance = np.array([str(hook_instance or uuid.uuid4())])
    return request_of(e)


def client(app, **options):
    """An HTTP client on this machine."""
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 5000))
    return httpx.AsyncClient(
        transport=transport, base_url="http://localhost", **options
    )


def open_practice(folder):
    return Practice.open(Path(folder) / "private" / "practice.sqlite")
