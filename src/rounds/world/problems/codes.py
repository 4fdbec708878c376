"""What problems write down, and the codes that it has in OMOP and FHIR."""

from dataclasses import dataclass

__all__ = [
    "COLONOSCOPY",
    "DAYS_SUPPLY",
    "DIABETES",
    "HBA1C",
    "MEDICINES",
    "ORAL_DRUGS",
    "STATIN",
    "STOOL_TEST",
    "Code",
    "Drug",
    "Lab",
]


@dataclass(frozen=True, slots=True)
class Code:
    """A code, with the names that OMOP and FHIR have for its system."""

    vocabulary: str
    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Drug:
    """An ingredient, as RxNorm codes it."""

    name: str
    rxnorm: str


@dataclass(frozen=True, slots=True)
class Lab:
    """A laboratory test with a number for its result."""

    name: str
    """Begins the identifiers of its results."""
    loinc: str
    display: str
    unit: str
    """As UCUM writes it."""
    unit_name: str


DAYS_SUPPLY = 180
"""Days that every order of a drug lasts."""
_SNOMED = "http://snomed.info/sct"
DIABETES = (
    Code(
        "ICD10CM",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "E11.9",
        "Type 2 diabetes mellitus without complications",
    ),
    Code("SNOMED", _SNOMED, "44054006", "Diabetes mellitus type 2"),
)
COLONOSCOPY = Code("SNOMED", _SNOMED, "73761001", "Colonoscopy")
HBA1C = Lab(
    "hba1c", "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", "percent"
)
STOOL_TEST = Lab(
    "fit",
    "58453-2",
    "Hemoglobin.gastrointestinal.lower [Mass/volume] in Stool by Immunoassay",
    "ng/mL",
    "nanogram per milliliter",
)
ORAL_DRUGS = (
    Drug("metformin", "6809"),
    Drug("glipizide", "4821"),
    Drug("sitagliptin", "593411"),
)
STATIN = Drug("atorvastatin", "83367")
MEDICINES = (*ORAL_DRUGS, STATIN)
"""What the problems beside hypertension prescribe; records hold places in this."""
