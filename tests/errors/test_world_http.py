"""A service that fails is reported without a word about a patient."""

import httpx
import numpy as np
import pytest

from rounds.nouns import SourceError
from rounds.world import Encounters, Feedback
from rounds.world.http import HttpPointOfCare

PATIENT = "p0099999"


def encounters(n=1):
    return Encounters(
        hook_instance=np.array(
            [f"{i:08d}-0000-5000-8000-000000000000" for i in range(n)]
        ),
        patient=np.array([PATIENT] * n),
        encounter=np.array(["a0099999-0600"] * n),
        clinic=np.array(["clinic-01"] * n),
        practitioner=np.array(["dr-01-1"] * n),
        start=np.array(["2025-02-03T09:00:00"] * n, dtype="M8[s]"),
        age=np.full(n, 71),
        has_hypertension=np.ones(n, dtype=bool),
        systolic=np.full(n, 163.0),
        diastolic=np.full(n, 94.0),
        n_antihypertensives=np.full(n, 2),
    )


def feedback():
    return Feedback(
        hook_instance=np.array(["h"]),
        card=np.array(["c"]),
        outcome=np.array(["overridden"]),
        suggestion=np.array([""]),
        override_reason=np.array(["other"]),
        at=np.array(["2025-02-03T09:10:00"], dtype="M8[s]"),
    )


def point_of_care(answer):
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return HttpPointOfCare("http://cds.example/", "one", client=client)


def silent(request):
    raise httpx.ConnectError(f"no route for {request.content!r}")


ANSWERS = {
    "cds-unreachable": [silent],
    "cds-refused": [lambda _: httpx.Response(412), lambda _: httpx.Response(500)],
    "cds-answer-unreadable": [
        lambda _: httpx.Response(200, text="<html>"),
        lambda _: httpx.Response(200, json=[]),
        lambda _: httpx.Response(200, json={"cards": [{"summary": "no uuid"}]}),
        lambda _: httpx.Response(
            200, json={"cards": [{"uuid": "u", "suggestions": [{}]}]}
        ),
    ],
}


@pytest.mark.parametrize(
    ("code", "answer"), [(code, a) for code, some in ANSWERS.items() for a in some]
)
def test_each_failure_has_its_code_and_names_no_patient(code, answer):
    with pytest.raises(SourceError) as caught:
        point_of_care(answer).cards(encounters())
    assert caught.value.code == code
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for value in (PATIENT, "0099999", "163", "94", "2025-02-03", "71"):
        assert value not in str(caught.value)


def test_feedback_that_is_refused_is_an_error_too():
    with pytest.raises(SourceError) as caught:
        point_of_care(lambda _: httpx.Response(404)).feedback(feedback())
    assert caught.value.code == "cds-refused"


def test_an_empty_answer_to_feedback_is_enough():
    point_of_care(lambda _: httpx.Response(200)).feedback(feedback())


def test_batches_do_not_print_their_rows():
    shown = repr(encounters(3)) + repr(feedback())
    assert shown == "<encounters: 3><feedback: 1>"
