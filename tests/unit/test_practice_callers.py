"""A clinician is known by a pseudonym; a patient who calls is no clinician."""

import pytest

from rounds.practice.callers import _is_clinician


@pytest.mark.parametrize(
    ("user", "works_here"),
    [
        ("Practitioner/1", True),
        ("PractitionerRole/1", True),
        ("https://ehr.example/fhir/Practitioner/1", True),
        ("dr-07", True),
        ("", False),
        ("Practitioner/", False),
        ("Patient/1", False),
        ("RelatedPerson/1", False),
        ("https://ehr.example/fhir/Patient/1", False),
        ("Device/1", False),
    ],
)
def test_only_who_works_here_is_kept_as_a_clinician(user, works_here):
    assert _is_clinician(user) is works_here
