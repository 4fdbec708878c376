"""What `explain` says of each shipped measure."""

import pytest

from rounds.definitions import (
    builtin_measures,
    check,
    code_systems,
    explain,
    visit_concepts,
    vocabulary_of,
)
from rounds.definitions.graph import CLAUSES, nodes
from rounds.nouns import CodePrefix, Exists

MEASURES = builtin_measures()
CONTROL = MEASURES["blood-pressure-control"]
EXCLUSIONS = {
    "pregnancy": "Pregnancy during the period",
    "end-stage renal disease": "End-stage renal disease or a transplanted kidney",
    "dialysis and kidney transplant": "Dialysis or kidney transplant at any time",
    "hospice and palliative care": "Hospice or palliative care given during",
    "advanced illness": "Absent: the exclusion of patients 66 to 80 with advanced illness",
    "long-term care": "Lives in a nursing home",
}


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_nothing_is_wrong_with_a_shipped_measure(name):
    """`check` finds no problem in what is shipped."""
    assert check(MEASURES[name]) == []


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_every_clause_code_and_gap_is_said(name):
    """Every label, code, display, addition and omission is in the explanation."""
    measure = MEASURES[name]
    said = explain(measure)
    for clause in CLAUSES:
        root = getattr(measure, clause)
        for _, node in nodes(root) if root else ():
            if isinstance(node, Exists) and node.label:
                assert node.label in said
    for one in measure.concept_sets:
        for code in measure.included(one.name):
            written = code.code_prefix if isinstance(code, CodePrefix) else code.code
            assert f"{written}: {code.display}" in said
    for sentence in (*measure.leaves_out, *measure.source):
        assert sentence in said
    assert all(addition.reason in said for addition in measure.additions)


@pytest.mark.parametrize("exclusion", sorted(EXCLUSIONS))
def test_each_exclusion_of_cms165_is_present_or_listed_as_absent(exclusion):
    """Each exclusion that CMS165 has is a clause, or is said to be missing."""
    assert EXCLUSIONS[exclusion] in explain(CONTROL)


def test_it_is_never_called_cms165():
    """CMS165 is named with its version, as what is followed, and never as the name."""
    assert "CMS165" not in CONTROL.name + CONTROL.title + CONTROL.description
    assert "CMS165v14" in CONTROL.follows
    assert "After CMS165v14" in explain(CONTROL)


def test_a_switch_is_shown_as_it_stands():
    """The explanation says whether an addition is on or off."""
    off = CONTROL.switched("synthea", enabled=False)
    assert "Addition 'synthea', switched on" in explain(CONTROL)
    assert "Addition 'synthea', switched off" in explain(off)
    with pytest.raises(KeyError):
        CONTROL.switched("none-such", enabled=True)


def test_clauses_are_said_in_whole_words():
    """Windows, ages, units and limits are said as a clinician would read them."""
    said = explain(CONTROL)
    assert "aged 18 to 85 on the period's last day" in said
    assert "begun by 1 day before 6 months after the period's first day" in said
    assert "in mm[Hg] or mmHg not from a visit that is emergency or inpatient" in said
    assert "is below 140" in said


def test_code_systems_and_visit_classes_are_tables():
    """FHIR systems become OMOP vocabularies; an unknown system is its own."""
    assert code_systems()["http://loinc.org"] == "LOINC"
    assert vocabulary_of("http://hl7.org/fhir/sid/icd-10-cm") == "ICD10CM"
    assert vocabulary_of("urn:oid:9") == "urn:oid:9"
    assert visit_concepts(["outpatient"]) >= {9202}
    assert not visit_concepts(["outpatient"]) & visit_concepts(
        ["emergency", "inpatient"]
    )
