"""Clinics made by hand, whose true control rates are known, as OMOP tables in memory."""

import datetime as dt

import duckdb
import numpy as np
import pyarrow as pa

from rounds.nouns import Aim, Community, Member, Period

PERIOD = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
AIM = Aim(measure="blood-pressure-control", target=0.8, by=dt.date(2025, 12, 31))
COMMUNITY = Community(
    name="learners",
    members=(
        Member(name="P. Artner", role="patient_partner"),
        Member(name="S. Ponsor", role="sponsor"),
    ),
)
CONCEPTS = [
    (2_000_000_001, "ICD10CM", "I10"),
    (2_000_000_002, "LOINC", "8480-6"),
    (2_000_000_003, "LOINC", "8462-4"),
    (2_000_000_004, "SVI", "RPL_THEMES"),
]
EMPTY = {
    "procedure_occurrence": "procedure_occurrence_id BIGINT, person_id BIGINT, procedure_concept_id BIGINT, procedure_date DATE, procedure_end_date DATE, visit_occurrence_id BIGINT, procedure_source_concept_id BIGINT",
    "drug_exposure": "drug_exposure_id BIGINT, person_id BIGINT, drug_concept_id BIGINT, drug_exposure_start_date DATE, drug_exposure_end_date DATE, visit_occurrence_id BIGINT, drug_source_concept_id BIGINT",
    "death": "person_id BIGINT, death_date DATE",
}


class Clinics:
    """A datamart of patients with hypertension, one visit and reading each.

    Parameters
    ----------
    clinic : array of int
        Each patient's clinic.
    controlled : array of bool
    svi : array of float, NaN where unknown
    female : array of bool
    day : array of int, day of 2024
    age : array of int
    """

    snapshot = "a" * 64

    def __init__(self, *, clinic, controlled, svi, female, day, age):
        n = len(clinic)
        ids = np.arange(1, n + 1)
        date = np.datetime64("2024-01-01") + np.asarray(day).astype("timedelta64[D]")
        clinics = np.unique(clinic)
        systolic = np.where(controlled, 128.0, 152.0)
        known = ~np.isnan(svi)
        tables = {
            "person": {
                "person_id": ids,
                "gender_concept_id": np.where(female, 8532, 8507),
                "year_of_birth": 2024 - np.asarray(age),
                "month_of_birth": np.ones(n, int),
                "day_of_birth": np.ones(n, int),
                "birth_datetime": pa.nulls(n, pa.timestamp("us")),
                "person_source_value": [f"p{i}" for i in ids],
            },
            "care_site": {
                "care_site_id": clinics + 1,
                "care_site_source_value": [f"clinic-{c:02d}" for c in clinics],
            },
            "provider": {
                "provider_id": np.array([1]),
                "provider_source_value": ["dr"],
            },
            "visit_occurrence": {
                "visit_occurrence_id": ids,
                "person_id": ids,
                "visit_concept_id": np.full(n, 9202),
                "visit_start_date": date,
                "visit_start_datetime": pa.nulls(n, pa.timestamp("us")),
                "visit_end_date": date,
                "provider_id": np.ones(n, int),
                "care_site_id": np.asarray(clinic) + 1,
                "visit_source_concept_id": np.zeros(n, int),
            },
            "condition_occurrence": {
                "condition_occurrence_id": ids,
                "person_id": ids,
                "condition_concept_id": np.zeros(n, int),
                "condition_start_date": np.full(n, np.datetime64("2020-01-01")),
                "condition_end_date": pa.nulls(n, pa.date32()),
                "visit_occurrence_id": pa.nulls(n, pa.int64()),
                "condition_source_concept_id": np.full(n, CONCEPTS[0][0]),
            },
            "measurement": {
                "measurement_id": np.arange(2 * n),
                "person_id": np.tile(ids, 2),
                "measurement_concept_id": np.zeros(2 * n, int),
                "measurement_date": np.tile(date, 2),
                "value_as_number": np.r_[systolic, np.full(n, 80.0)],
                "unit_concept_id": np.zeros(2 * n, int),
                "visit_occurrence_id": np.tile(ids, 2),
                "measurement_source_concept_id": np.repeat(
                    [CONCEPTS[1][0], CONCEPTS[2][0]], n
                ),
                "unit_source_value": ["mm[Hg]"] * (2 * n),
            },
            "observation": {
                "observation_id": ids[known],
                "person_id": ids[known],
                "observation_concept_id": np.zeros(known.sum(), int),
                "observation_date": np.full(known.sum(), np.datetime64("2023-01-01")),
                "value_as_number": svi[known],
                "unit_concept_id": np.zeros(known.sum(), int),
                "visit_occurrence_id": pa.nulls(int(known.sum()), pa.int64()),
                "observation_source_concept_id": np.full(known.sum(), CONCEPTS[3][0]),
                "unit_source_value": ["1"] * int(known.sum()),
            },
            "concept": {
                "concept_id": [c[0] for c in CONCEPTS],
                "vocabulary_id": [c[1] for c in CONCEPTS],
                "concept_code": [c[2] for c in CONCEPTS],
            },
        }
        self._connection = duckdb.connect()
        for name, columns in tables.items():
            self._connection.register("arriving", pa.table(columns))
            self._connection.execute(f"CREATE TABLE {name} AS FROM arriving")
            self._connection.unregister("arriving")
        for name, columns in EMPTY.items():
            self._connection.execute(f"CREATE TABLE {name} ({columns})")


def clinics(
    *,
    seed=1,
    n_clinics=40,
    size=80,
    spread=0.35,
    svi_gap=0.0,
    svi_known=True,
    centre=0.6,
):
    """Make clinics whose log odds of control vary by `spread`, and patients whose risk
    falls by `svi_gap` from the first to the last quartile of vulnerability."""
    rng = np.random.default_rng(seed)
    clinic = np.repeat(np.arange(n_clinics), size)
    n = clinic.size
    svi = rng.uniform(0, 1, n)
    quartile = np.digitize(svi, [0.25, 0.5, 0.75])
    p = 1 / (1 + np.exp(-(centre + spread * rng.standard_normal(n_clinics)[clinic])))
    p = np.clip(p + svi_gap * (quartile - 1.5) / 3, 0.01, 0.99)
    return Clinics(
        clinic=clinic,
        controlled=rng.random(n) < p,
        svi=svi if svi_known else np.full(n, np.nan),
        female=rng.random(n) < 0.5,
        day=rng.integers(0, 366, n),
        age=rng.integers(30, 84, n),
    )
