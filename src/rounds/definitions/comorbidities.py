"""Charlson's groups of diagnoses, as codes."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rounds.nouns import Code, CodePrefix, ConceptSet

__all__ = ["Comorbidity", "charlson_groups"]

_ICD10 = (
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://hl7.org/fhir/sid/icd-10",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
)
_SNOMED = "http://snomed.info/sct"


@dataclass(frozen=True)
class Comorbidity:
    """A group of diagnoses that bear on what happens to a patient."""

    title: str
    codes: ConceptSet
    unless: str | None = None
    """Title of the group whose patients are not counted in this one too."""


@cache
def charlson_groups() -> tuple[Comorbidity, ...]:
    """Give the 17 groups of the Charlson index.

    Returns
    -------
    tuple of Comorbidity
        In the order of the paper. Codes of ICD-10, as the WHO, the United States and
        Germany write it, by their beginning; of SNOMED CT with what is below them,
        where a vocabulary knows that. Read from `comorbidity_groups.csv`.

    Notes
    -----
    Weights are not used: they were made for deaths within a year.

    References
    ----------
    .. [1] Quan H, Sundararajan V, Halfon P, et al. Coding algorithms for defining
       comorbidities in ICD-9-CM and ICD-10 administrative data. Medical Care 2005;
       43:1130-1139, table 1: the codes of ICD-10.
    .. [2] sophie-w/CCMI, README (2022): parents in SNOMED CT, clinically reviewed.
       Beside them are codes below these that records use where no hierarchy is loaded;
       all malignancy is 363346000, so that with a hierarchy skin is counted too.

    Examples
    --------
    >>> len(charlson_groups()), charlson_groups()[0].title
    (17, 'Myocardial infarction')
    """
    text = resources.files(__package__).joinpath("comorbidity_groups.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    titles = {row["group"]: row["title"] for row in rows}
    return tuple(
        Comorbidity(
            title=row["title"],
            codes=ConceptSet(
                name=row["group"],
                title=row["title"],
                include=(
                    *(
                        CodePrefix(system=system, code_prefix=code)
                        for code in row["icd10"].split()
                        for system in _ICD10
                    ),
                    *(Code(system=_SNOMED, code=one) for one in row["snomed"].split()),
                ),
                descendants=True,
            ),
            unless=titles[row["unless"]] if row["unless"] else None,
        )
        for row in rows
    )
