"""What a path of a view means, worked out from FHIRPath and SQL on FHIR v2.

http://hl7.org/fhirpath/ and
https://sql-on-fhir.org/ig/StructureDefinition-ViewDefinition.html
"""

import pytest

from rounds.nouns.errors import DefinitionError
from stories.views import rows, value, values, view_of

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
PATIENT = {
    "resourceType": "Patient",
    "id": "amy",
    "active": False,
    "birthDate": "1950-02",
    "_birthDate": {"extension": [{"url": "http://x.org/time", "valueString": "dawn"}]},
    "multipleBirthInteger": 2,
    "name": [
        {"use": "usual", "given": ["Amy"]},
        {"use": "official", "family": "Shaw", "given": ["Amy", "V."]},
    ],
    "managingOrganization": {"reference": "Organization/north"},
    "generalPractitioner": [
        {"reference": "https://fhir.example.org/r4/Practitioner/p-1/_history/3"},
        {"reference": "Organization/south"},
        {"reference": "#inside"},
    ],
    "extension": [
        {
            "url": RACE,
            "extension": [
                {"url": "ombCategory", "valueCoding": {"code": "2106-3"}},
                {"url": "text", "valueString": "White"},
            ],
        },
        {"url": "http://x.org/other", "valueBoolean": True},
    ],
    "contained": [
        {"resourceType": "Organization", "id": "inside", "name": "Inside"},
        {"resourceType": "Practitioner", "id": "other", "gender": "female"},
    ],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("id", "amy"),
        ("Patient.id", "amy"),
        ("active", False),
        ("birthDate", "1950-02"),
        ("gender", None),
        ("name.family", "Shaw"),
        ("name.first().given.first()", "Amy"),
        ("name[1].given[1]", "V."),
        ("name[7].family", None),
        ("name.last().family", "Shaw"),
        ("name.where(use = 'official').given.last()", "V."),
        ("name.where(use = 'old').family", None),
        ("name.given.count()", 3),
        ("name.given.distinct().count()", 2),
        ("name.skip(1).given.first()", "Amy"),
        ("name.take(1).family", None),
        ("name.take(0 - 1).count()", 0),
        ("name.skip(0 - 2).count()", 2),
        ("name.tail().family", "Shaw"),
        ("name.exists()", True),
        ("name.exists(family = 'Shaw')", True),
        ("name.exists(family = 'Shore')", False),
        ("telecom.exists()", False),
        ("telecom.empty()", True),
        ("name.all(given.exists())", True),
        ("name.all(family.exists())", False),
        ("name.select(given.first() & ' ' & family).last()", "Amy Shaw"),
        ("multipleBirth.exists()", True),
        ("multipleBirth.ofType(integer)", 2),
        ("multipleBirth.ofType(boolean)", None),
        ("multipleBirth is integer", True),
        ("(multipleBirth as integer) + 1", 3),
        (
            f"extension('{RACE}').extension('ombCategory').value.ofType(Coding).code",
            "2106-3",
        ),
        (f"extension('{RACE}').extension('text').value.ofType(string)", "White"),
        ("extension('http://x.org/none').exists()", False),
        ("birthDate.extension('http://x.org/time').value.ofType(string)", "dawn"),
        ("contained.ofType(Organization).name", "Inside"),
        ("contained.ofType(Practitioner).count()", 1),
        ("where(active = false).id", "amy"),
        ("where(active).id", None),
        ("$this.id", "amy"),
        ("name.where($this.use = 'usual').given.single()", "Amy"),
        ("iif(active, 'yes', 'no')", "no"),
        ("iif(gender.exists(), 'known')", None),
        ("coalesce(gender, id)", "amy"),
        ("'it\\'s'.length()", 4),
        ("id.startsWith('a') and id.endsWith('y')", True),
        ("id.matches('^a.y$')", True),
        ("id.upper().lower().substring(1, 1).replace('m', 'n')", "n"),
        ("id.substring(3).exists()", False),
        ("%resource.id", "amy"),
        ("{}.exists()", False),
    ],
)
def test_a_path_gives_what_fhirpath_says(path, expected):
    assert value(path, PATIENT) == expected


def test_a_collection_holds_every_item_in_order_and_is_never_null():
    assert values("name.given", PATIENT) == ["Amy", "Amy", "V."]
    assert values("name.family", PATIENT) == ["Shaw"]
    assert values("telecom.value", PATIENT) == []
    assert values("gender", PATIENT) == []


def test_what_is_not_a_primitive_is_given_whole_under_its_type():
    coding = {"system": "http://loinc.org", "code": "4548-4", "display": "HbA1c"}
    observation = {
        "resourceType": "Observation",
        "id": "o",
        "code": {"coding": [coding]},
    }
    found = values("code.coding", observation, type="Coding")
    assert [{key: one[key] for key in coding} for one in found] == [coding]
    tag = {"name": "rounds/elements", "value": "code, system"}
    found = values("code.coding", observation, type="Coding", tag=[tag])
    assert found == [{"code": "4548-4", "system": "http://loinc.org"}]


def test_a_key_equals_the_key_of_what_is_referred_to():
    """Relative, absolute and versioned references are resolved, contained ones not."""
    assert value("getResourceKey()", PATIENT) == "amy"
    assert value("managingOrganization.getReferenceKey()", PATIENT) == "north"
    assert (
        value("managingOrganization.getReferenceKey(Organization)", PATIENT) == "north"
    )
    assert value("managingOrganization.getReferenceKey(Patient)", PATIENT) is None
    assert values("generalPractitioner.getReferenceKey()", PATIENT) == ["p-1", "south"]
    assert values("generalPractitioner.getReferenceKey(Practitioner)", PATIENT) == [
        "p-1"
    ]


def test_join_puts_strings_together_and_of_nothing_makes_nothing():
    """FHIRPath: if the input is empty, the result is empty."""
    assert value("name.given.join('-')", PATIENT) == "Amy-Amy-V."
    assert value("name.given.join()", PATIENT) == "AmyAmyV."
    assert value("telecom.value.join(',')", PATIENT) is None


def test_a_constant_stands_for_its_value():
    constants = (
        {"name": "use", "valueCode": "official"},
        {"name": "second", "valueInteger": 1},
        {"name": "is_on", "valueBoolean": False},
        {"name": "limit", "valueDecimal": 1.5},
    )
    document = view_of(
        "Patient",
        ("family", "name.where(use = %use).family"),
        ("given", "name[%second].given.first()"),
        ("off", "active = %is_on"),
        ("more", "multipleBirth.ofType(integer) > %limit"),
        constants=constants,
    )
    assert rows(document, PATIENT) == [
        {"family": "Shaw", "given": "Amy", "off": True, "more": True}
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("familyy", "no element 'familyy'"),
        ("name.familyy", "did you mean 'family'"),
        ("deceasedBoolean", "deceased.ofType(boolean)"),
        ("deceased", "deceased.ofType(…)"),
        ("deceased.ofType(Quantity)", "never of type Quantity"),
        ("name.use.ofType(Nonsense)", "no type 'Nonsense'"),
        ("name.firstt()", "did you mean first()"),
        ("name.first(1)", "takes 0 arguments"),
        ("%nobody", "not a constant"),
        ("active = 'true'", "never equal"),
        ("name < 1", "never equal"),
        ("active < true", "no order"),
        ("id + 1", "string is needed"),
        ("name", "a type must be declared"),
        ("$this", "a whole resource"),
        ("$index", "not supported"),
        ("id ~ 'x'", "not supported"),
        ("name.getReferenceKey()", "of a Reference"),
        ("active.lowBoundary()", "not of a boolean"),
        ("1 'mg' + 2 'mg'", "quantity"),
        ("name[", "the expression ends"),
        ("extension(id)", "a URL in quotes"),
    ],
)
def test_a_path_that_cannot_be_is_refused_before_any_data_are_read(path, said):
    with pytest.raises(DefinitionError) as raised:
        value(path, PATIENT)
    assert raised.value.code == "invalid-view"
    assert "select[0].column[0].path" in raised.value.what
    assert said in raised.value.what


@pytest.mark.parametrize(
    "path",
    [
        "multipleBirth",
        "multipleBirth = 2",
        "multipleBirth in (1 | 2)",
        "multipleBirth.where(true)",
        "multipleBirth[0]",
        "multipleBirth.join(',')",
        "multipleBirth.exists($this is integer)",
        "iif(multipleBirth, 1, 2)",
        "coalesce(multipleBirth, 1)",
        "(multipleBirth | 2).exists()",
    ],
)
def test_the_type_of_a_choice_must_be_chosen(path):
    """Without it, what is asked for would be empty without a word."""
    with pytest.raises(DefinitionError, match=r"ofType"):
        value(path, PATIENT)


def test_a_bundle_is_a_resource_of_its_own_to_a_view_of_bundles():
    entries = [
        {"resource": PATIENT},
        {"resource": {"resourceType": "Device", "id": "d"}},
    ]
    bundle = {"resourceType": "Bundle", "id": "b", "entry": entries}
    assert values("entry.resource.ofType(Patient).name.family", bundle) == ["Shaw"]
    assert values("entry.resource.id", bundle) == ["amy", "d"]


def test_what_two_types_call_alike_needs_two_views():
    document = view_of(
        "Patient",
        ("a", "contained.ofType(Organization).name"),
        ("b", "contained.ofType(Practitioner).name.family"),
    )
    with pytest.raises(DefinitionError, match="use two views"):
        rows(document, PATIENT)
