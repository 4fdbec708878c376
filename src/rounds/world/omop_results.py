"""Results of laboratory tests, and procedures, as rows of OMOP tables."""

import numpy as np
import pyarrow as pa

from rounds.world.facts import Facts
from rounds.world.omop_columns import EHR, Column, Local, fill, ids

__all__ = ["procedure_occurrence", "results"]


def results(facts: Facts, local: Local, *, first: int) -> dict[str, Column]:
    """Write every result of a laboratory test as a row, numbered from `first`."""
    found, visits = facts.results, facts.visits
    visit = found["visit"]
    n = len(visit)
    which = np.searchsorted(sorted(lab.name for lab in facts.labs), found["lab"])
    labs = sorted(facts.labs, key=lambda lab: lab.name)
    concept = np.array([local["LOINC", lab.loinc] for lab in labs])
    unit = np.array([local["UCUM", lab.unit] for lab in labs])
    day = visits["day"][visit]
    return {
        "measurement_id": ids(range(first, first + n)),
        "person_id": ids(found["person"] + 1),
        "measurement_concept_id": fill(n, 0),
        "measurement_date": facts.date(day),
        "measurement_datetime": facts.moment(day, facts.result_minute),
        "measurement_type_concept_id": fill(n, EHR),
        "value_as_number": found["value"].astype(float),
        "unit_concept_id": fill(n, 0),
        "provider_id": ids(visits["clinician"][visit] + 1),
        "visit_occurrence_id": ids(visit + 1),
        "measurement_source_value": pa.array([lab.loinc for lab in labs]).take(
            pa.array(which)
        ),
        "measurement_source_concept_id": ids(concept[which]),
        "unit_source_value": pa.array([lab.unit for lab in labs]).take(pa.array(which)),
        "unit_source_concept_id": ids(unit[which]),
    }


def procedure_occurrence(facts: Facts, local: Local) -> dict[str, Column]:
    """Write procedures, of which the world has one kind, done elsewhere."""
    done, n = facts.procedures, len(facts.procedures["person"])
    (code,) = facts.procedure_codes
    return {
        "procedure_occurrence_id": ids(range(1, n + 1)),
        "person_id": ids(done["person"] + 1),
        "procedure_concept_id": fill(n, 0),
        "procedure_date": facts.date(done["day"]),
        "procedure_type_concept_id": fill(n, EHR),
        "procedure_source_value": pa.array([code.code] * n, pa.string()),
        "procedure_source_concept_id": fill(n, local[code.vocabulary, code.code]),
    }
