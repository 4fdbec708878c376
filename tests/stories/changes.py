"""Random changes to a small practice: new, changed, deleted, doubled, late, conflicting."""

from stories import small_fhir as story

SYSTEM = "urn:practice"
TIMES = (
    None,
    "2024-01-01T00:00:00Z",
    "2024-01-01T02:00:00+02:00",  # the same instant
    "2024-01-02T00:00:00.5Z",
    "2024-01-03",
    "2024-02-01T12:00:00-05:00",
    "not a time",
)
VERSIONS = (None, None, "1", "2", "10", "b")
PATIENTS = ("p1", "p2", "p3")
VISITS = ("e1", "e2")


def _identified(kind, name, /, **fields):
    identifier = [{"system": SYSTEM, "value": name}]
    return story.resource(kind, name, identifier=identifier, **fields)


def _place(rng, kind, names):
    """Refer to a place by its id, or by its identifier."""
    name = rng.choice(names)
    if rng.random() < 0.5:
        return story.ref(kind, name)
    return {"reference": f"{kind}?identifier={SYSTEM}|{name}"}


def _subject(rng):
    return story.ref("Patient", rng.choice((*PATIENTS, "nobody")))


def _encounter(rng):
    return story.ref("Encounter", rng.choice(VISITS))


def _patient(rng):
    fields = {"birthDate": rng.choice(("1950", "1960-02-03", "1970-05", "bad"))}
    if rng.random() < 0.5:
        fields["address"] = [{"city": rng.choice(("Ely", "Rye")), "line": ["x"]}]
    if rng.random() < 0.4:
        fields["managingOrganization"] = _place(rng, "Organization", ("o1", "o2"))
    if rng.random() < 0.2:
        fields["deceasedDateTime"] = "2024-05-06"
    return story.patient(rng.choice(PATIENTS), **fields)


def _visit(rng):
    return story.encounter(
        rng.choice(VISITS),
        subject=_subject(rng),
        status=rng.choice(("finished", "finished", "cancelled")),
        serviceProvider=_place(rng, "Organization", ("o1", "o2")),
        participant=[{"individual": _place(rng, "Practitioner", ("d1", "d2"))}],
    )


def _observation(rng):
    name = rng.choice(("m1", "m2", "m3"))
    if rng.random() < 0.4:
        one = story.panel(name, rng.choice((120, 140, 160)))
        if rng.random() < 0.3:
            del one["component"][1]
    else:
        category = rng.choice(("vital-signs", "social-history"))
        one = story.observation(name, category)
        one["valueQuantity"]["value"] = rng.choice((70, 71.5, "heavy"))
    one |= {"subject": _subject(rng), "encounter": _encounter(rng)}
    one["performer"] = [_place(rng, "Practitioner", ("d1", "d2"))]
    return one


def _condition(rng):
    return story.condition(
        rng.choice(("c1", "c2")),
        subject=_subject(rng),
        encounter=_encounter(rng),
        code=story.code(story.SNOMED, rng.choice(("1", "2")), rng.choice("xyz")),
        onsetDateTime=rng.choice(("2024-03-01", "2024-03-02", "2024-03")),
    )


def _request(rng):
    return story.request(
        "q1", subject=_subject(rng), intent=rng.choice(("order", "plan"))
    )


def _organization(rng):
    name = rng.choice(("o1", "o2"))
    address = [{"city": rng.choice(("Ely", "Rye"))}]
    return _identified("Organization", name, name=rng.choice("AB"), address=address)


def _practitioner(rng):
    return _identified(
        "Practitioner", rng.choice(("d1", "d2")), name=[{"family": rng.choice("CD")}]
    )


def _location(rng):
    return _identified("Location", "l1", address={"city": rng.choice("EF")})


MAKERS = (
    (_patient, 3),
    (_visit, 3),
    (_observation, 4),
    (_condition, 2),
    (_request, 1),
    (_organization, 2),
    (_practitioner, 2),
    (_location, 1),
)


def change(rng, makers=MAKERS):
    """Give one change: a resource, or a Bundle that deletes one."""
    (maker,) = rng.choices(
        [one for one, _ in makers], weights=[n for _, n in makers], k=1
    )
    one = maker(rng)
    time = rng.choice(TIMES)
    if rng.random() < 0.2:
        return deletion(one["resourceType"], one["id"], time)
    meta = {"lastUpdated": time, "versionId": rng.choice(VERSIONS)}
    given = {name: value for name, value in meta.items() if value is not None}
    return one | ({"meta": given} if given else {})


def deletion(kind, name, time=None):
    """Give a Bundle, as a line of a bulk export's `deleted` file, that deletes one."""
    request = {"method": "DELETE", "url": f"{kind}/{name}"}
    bundle = {"resourceType": "Bundle", "type": "transaction"}
    if time:
        bundle["timestamp"] = time
    return bundle | {"entry": [{"request": request}]}


def batches(rng, n, most=6, makers=MAKERS):
    """Give batches of changes, some changes in several of them."""
    made = [
        [change(rng, makers) for _ in range(rng.randint(1, most))] for _ in range(n)
    ]
    for _ in range(n // 2):
        rng.choice(made).append(rng.choice(rng.choice(made)))
    return made
