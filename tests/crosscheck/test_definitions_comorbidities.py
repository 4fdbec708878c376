"""Charlson's groups in ICD-10 hold the codes that others have in them.

comorbidipy 0.5.0 (MIT), `mapping["charlson_icd10_quan"]`, every three- and
four-character code A00 to Z99.9 matched by its beginnings; 2026-11-23.
"""

import hashlib
import itertools
import string

import pytest

from rounds.definitions import charlson_groups

FROZEN = {
    "myocardial-infarction": (23, "80ad09178fc3"),
    "congestive-heart-failure": (34, "1e497b03e0a5"),
    "peripheral-vascular-disease": (33, "6b6a9a96b23a"),
    "cerebrovascular-disease": (133, "2e7fb8371755"),
    "dementia": (57, "fb1bf119c39f"),
    "chronic-pulmonary-disease": (181, "eba3e91d1ad1"),
    "rheumatic-disease": (59, "a90533967354"),
    "peptic-ulcer-disease": (44, "4f4283378120"),
    "mild-liver-disease": (49, "20dc6bf32d79"),
    "diabetes": (25, "723017160dca"),
    "diabetes-with-complication": (25, "bc7ed329b6af"),
    "hemiplegia-or-paraplegia": (32, "351cb3f57b13"),
    "renal-disease": (42, "9a55e2b79c67"),
    "malignancy": (913, "6ec47057c03b"),
    "severe-liver-disease": (11, "291e45c27b1a"),
    "metastatic-solid-tumour": (44, "4e15f5698a3d"),
    "hiv": (44, "8fd232a364d3"),
}
CODES = [
    f"{letter}{first}{second}{third}"
    for letter, first, second, third in itertools.product(
        string.ascii_uppercase, string.digits, string.digits, ["", *string.digits]
    )
]


def codes_of(group):
    begins = tuple(
        one.code_prefix.replace(".", "")
        for one in group.codes.include
        if one.system == "http://hl7.org/fhir/sid/icd-10-cm"
    )
    return [code for code in CODES if code.startswith(begins)]


@pytest.mark.parametrize("group", charlson_groups(), ids=lambda one: one.codes.name)
def test_a_group_has_the_codes_that_comorbidipy_has(group):
    found = codes_of(group)
    digest = hashlib.sha256(" ".join(found).encode()).hexdigest()[:12]
    assert (len(found), digest) == FROZEN[group.codes.name]
