"""Random changes to the further types: what is referred to comes late, or changes."""

from stories import more_fhir as more
from stories import small_fhir as story
from stories.changes import MAKERS as FIRST

CODES = ("1", "2", "3")


def _subject(rng):
    return story.ref("Patient", rng.choice(("p1", "p2", "p3", "nobody")))


def _medication(rng):
    code = story.code(story.RXNORM, rng.choice(CODES))
    status = rng.choice(("active", "active", "entered-in-error"))
    return more.medication(rng.choice(("x", "y")), code=code, status=status)


def _dispense(rng):
    one = more.without(
        more.dispense(rng.choice(("d1", "d2"))), "medicationCodeableConcept"
    )
    medication = story.ref("Medication", rng.choice(("x", "y")))
    return one | {"medicationReference": medication, "subject": _subject(rng)}


def _device(rng):
    return more.device(
        rng.choice(("x", "y")), type=story.code(story.SNOMED, rng.choice(CODES))
    )


def _device_use(rng):
    device = story.ref("Device", rng.choice(("x", "y")))
    return more.device_use(
        rng.choice(("u1", "u2")), device=device, subject=_subject(rng)
    )


def _response(rng):
    item = more.response()["item"][: rng.randint(1, 2)]
    return more.response(rng.choice(("r1", "r2")), item=item, subject=_subject(rng))


def _family(rng):
    condition = more.family()["condition"][: rng.randint(1, 2)]
    return more.family("f1", condition=condition, patient=_subject(rng))


def _practitioner(rng):
    return story.resource("Practitioner", rng.choice(("d1", "d2")), gender="female")


def _organization(rng):
    return story.resource(
        "Organization", rng.choice(("o1", "o2")), name=rng.choice("AB")
    )


def _role(rng):
    return story.resource(
        "PractitionerRole",
        rng.choice(("r1", "r2")),
        practitioner=story.ref("Practitioner", rng.choice(("d1", "d2"))),
        organization=story.ref("Organization", rng.choice(("o1", "o2"))),
        specialty=[story.code("http://nucc.org/provider-taxonomy", rng.choice("XY"))],
    )


def _allergy(rng):
    status = story.code("c", rng.choice(("active", "active", "resolved")))
    recorder = story.ref("PractitionerRole", rng.choice(("r1", "r2")))
    return more.allergy(
        rng.choice(("a1", "a2")),
        clinicalStatus=status,
        patient=_subject(rng),
        recorder=recorder,
    )


def _coverage(rng):
    return more.coverage(
        "c1", beneficiary=_subject(rng), status=rng.choice(("active", "draft"))
    )


def _consent(rng):
    kind = rng.choice(("deny", "permit"))
    day = rng.choice(("2024-03-01", "2024-03-01T10:00:00Z", "2024-04-01"))
    return more.consent(
        rng.choice(("n1", "n2", "n3")),
        patient=_subject(rng),
        dateTime=day,
        policyRule=None,
        provision={"type": kind},
        status=rng.choice(("active", "active", "inactive")),
    )


MAKERS = (
    *FIRST[:2],
    (_medication, 3),
    (_dispense, 3),
    (_device, 2),
    (_device_use, 2),
    (_response, 2),
    (_family, 1),
    (_allergy, 3),
    (_practitioner, 2),
    (_organization, 1),
    (_role, 2),
    (_coverage, 1),
    (_consent, 4),
)
