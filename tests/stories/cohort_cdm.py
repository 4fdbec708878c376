"""A small random OMOP CDM with rows in every table that Circe reads, and two engines."""

import datetime as dt
from functools import cache

import numpy as np
import pyarrow as pa

from rounds.datamart.mapping import cdm_columns

FIRST = dt.date(2015, 1, 1)
DAYS = 2_000
TYPES = {"BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(),
         "VARCHAR": pa.string(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us")}  # fmt: skip

# Domain → its own concepts; the first is the parent of the rest.
CONCEPTS = {
    "condition": range(1000, 1008),
    "drug": range(2000, 2008),
    "procedure": range(3000, 3006),
    "measurement": range(4000, 4006),
    "observation": range(5000, 5006),
    "device": range(6000, 6004),
    "specimen": range(7000, 7004),
    "visit": range(9200, 9204),
    "episode": range(8000, 8004),
    "cause": range(1000, 1008),
}
SOURCES = {name: [100_000 + one for one in ids] for name, ids in CONCEPTS.items()}
"""A source concept for each, which maps to it."""
WORDS = (None, "resolved", "side effect", "patient's wish", "100% sure")
UNITS = (0, 8840, 8876)


class Rows:
    """Rows of one table by column, the rest filled as the CDM asks."""

    def __init__(self, rng, n, ids):
        self.rng, self.n, self.ids = rng, n, ids
        self.columns = {}

    def pick(self, name, values, p=None):
        values = list(values)
        self.columns[name] = [
            values[i] for i in self.rng.choice(len(values), self.n, p=p)
        ]
        return self

    def set(self, name, values):
        self.columns[name] = list(values)
        return self

    def sometimes(self, name, share):
        gone = self.rng.random(self.n) < share
        self.columns[name] = [
            None if none else one
            for none, one in zip(gone, self.columns[name], strict=True)
        ]
        return self

    def dates(self, start, end=None, longest=60):
        first = self.rng.integers(0, DAYS, self.n)
        self.set(start, [FIRST + dt.timedelta(int(d)) for d in first])
        if end:
            length = self.rng.integers(0, longest, self.n)
            self.set(end, [FIRST + dt.timedelta(int(d)) for d in first + length])
        return self


def table_of(name, rows):
    known = {row["column"]: row for row in cdm_columns(name)}
    assert set(rows.columns) <= set(known), set(rows.columns) - set(known)
    arrays = {}
    for column, row in known.items():
        kind = TYPES[row["type"].split("(")[0]]
        values = rows.columns.get(column)
        if (
            values is None
            and row["required"] == "yes"
            and column.endswith("concept_id")
        ):
            values = [0] * rows.n
        arrays[column] = pa.array(values or [None] * rows.n, kind)
    return pa.table(arrays)


@cache
def made(seed=1, n_persons=60, per_person=4):
    """Make the tables: name → pyarrow table."""
    rng = np.random.default_rng(seed)
    found, next_id = {}, [10_000]

    def rows(name, n, person=True):
        made = Rows(rng, n, next_id)
        key = cdm_columns(name)[0]["column"]
        if key != "person_id":
            made.set(key, range(next_id[0], next_id[0] + n))
            next_id[0] += n
        if person:
            made.pick("person_id", range(1, n_persons + 1))
        return made

    def events(name, prefix, start, end=None, share=1.0):
        made = rows(name, int(n_persons * per_person * share))
        made.dates(start, end)
        made.pick(f"{prefix}_concept_id", CONCEPTS[prefix])
        if name not in {"specimen", "episode"}:
            made.pick(f"{prefix}_source_concept_id", [0, *SOURCES[prefix]])
        made.pick(f"{prefix}_type_concept_id", (32817, 32818))
        known = {row["column"] for row in cdm_columns(name)}
        if "provider_id" in known:
            made.pick("provider_id", (None, 1, 2, 3))
        if "visit_occurrence_id" in known and name != "visit_occurrence":
            made.pick("visit_occurrence_id", [None, *VISITS])
        found[name] = made
        return made

    person = rows("person", n_persons, person=False).set(
        "person_id", range(1, n_persons + 1)
    )
    person.pick("gender_concept_id", (8507, 8532, 0), (0.45, 0.45, 0.1))
    person.pick("year_of_birth", range(1930, 2012))
    person.pick("race_concept_id", (8515, 8527, 0))
    person.pick("ethnicity_concept_id", (38003563, 38003564))
    person.set("person_source_value", [f"p{i}" for i in range(1, n_persons + 1)])
    found["person"] = person
    periods = rows("observation_period", n_persons, person=False)
    periods.set("person_id", range(1, n_persons + 1))
    begin = rng.integers(0, 400, n_persons)
    length = rng.integers(600, DAYS, n_persons)
    periods.set(
        "observation_period_start_date", [FIRST + dt.timedelta(int(d)) for d in begin]
    )
    periods.set(
        "observation_period_end_date",
        [FIRST + dt.timedelta(int(d)) for d in begin + length],
    )
    periods.pick("period_type_concept_id", (32817, 32827))
    found["observation_period"] = periods
    location = rows("location", 3, person=False).set("location_id", (1, 2, 3))
    found["location"] = location.set("state", ("N", "S", "W"))
    sites = rows("care_site", 3, person=False).set("care_site_id", (1, 2, 3))
    found["care_site"] = sites.set("place_of_service_concept_id", (8716, 8717, 0)).set(
        "location_id", (1, 2, 3)
    )
    providers = rows("provider", 3, person=False).set("provider_id", (1, 2, 3))
    found["provider"] = providers.set("specialty_concept_id", (38004446, 38004456, 0))

    VISITS = range(next_id[0], next_id[0] + n_persons * per_person)
    visit = events("visit_occurrence", "visit", "visit_start_date", "visit_end_date")
    visit.pick("care_site_id", (None, 1, 2, 3))
    detail = rows("visit_detail", n_persons * 2).dates(
        "visit_detail_start_date", "visit_detail_end_date"
    )
    detail.pick("visit_detail_concept_id", CONCEPTS["visit"]).pick(
        "visit_detail_source_concept_id", [0, *SOURCES["visit"]]
    )
    detail.pick("visit_detail_type_concept_id", (32817, 32818)).pick(
        "provider_id", (None, 1, 2, 3)
    )
    detail.pick("care_site_id", (None, 1, 2, 3)).pick("visit_occurrence_id", VISITS)
    found["visit_detail"] = detail
    condition = events(
        "condition_occurrence",
        "condition",
        "condition_start_date",
        "condition_end_date",
        2,
    )
    condition.sometimes("condition_end_date", 0.5).pick("stop_reason", WORDS)
    condition.pick("condition_status_concept_id", (0, 32902, 32908))
    drug = events(
        "drug_exposure", "drug", "drug_exposure_start_date", "drug_exposure_end_date", 2
    )
    drug.pick("stop_reason", WORDS).pick("lot_number", (None, "A12", "B7"))
    drug.pick("days_supply", (None, 0, 7, 30, 90)).pick("refills", (None, 0, 1, 5))
    drug.pick("quantity", (None, 1.0, 0.5, 30.0)).pick("route_concept_id", (0, 4132161))
    procedure = events("procedure_occurrence", "procedure", "procedure_date")
    procedure.pick("modifier_concept_id", (0, 42739579)).pick("quantity", (None, 1, 2))
    reading = events("measurement", "measurement", "measurement_date", share=2)
    reading.set(
        "value_as_number", np.round(rng.normal(100, 30, reading.n), 1)
    ).sometimes("value_as_number", 0.2)
    reading.pick("operator_concept_id", (0, 4172703)).pick("unit_concept_id", UNITS)
    reading.pick("value_as_concept_id", (0, 4155142, 45884084))
    reading.pick("range_low", (None, 70.0, 0.0)).pick("range_high", (None, 130.0))
    seen = events("observation", "observation", "observation_date")
    seen.set("value_as_number", rng.integers(0, 20, seen.n).astype(float)).sometimes(
        "value_as_number", 0.3
    )
    seen.pick("value_as_string", (None, "never", "former smoker", "it's daily"))
    seen.pick("value_as_concept_id", (0, 45884084)).pick(
        "qualifier_concept_id", (0, 4214956)
    ).pick("unit_concept_id", UNITS)
    device = events(
        "device_exposure",
        "device",
        "device_exposure_start_date",
        "device_exposure_end_date",
    )
    device.sometimes("device_exposure_end_date", 0.5).pick(
        "unique_device_id", (None, "UDI-1", "X-2")
    ).pick("quantity", (None, 1, 3))
    specimen = events("specimen", "specimen", "specimen_date")
    specimen.pick("quantity", (None, 1.5, 3.0)).pick("unit_concept_id", UNITS).pick(
        "anatomic_site_concept_id", (0, 4219507)
    )
    specimen.pick("disease_status_concept_id", (0, 4066212)).pick(
        "specimen_source_id", (None, "S-1", "T-2")
    )
    death = rows("death", n_persons // 4).set(
        "person_id", range(2, n_persons // 4 * 4 + 1, 4)
    )
    death.dates("death_date").pick("death_type_concept_id", (32817, 32818))
    found["death"] = death.pick("cause_concept_id", CONCEPTS["cause"]).pick(
        "cause_source_concept_id", [0, *SOURCES["cause"]]
    )
    episode = events("episode", "episode", "episode_start_date", "episode_end_date")
    episode.pick("episode_number", (None, 1, 2, 3)).pick(
        "episode_object_concept_id", CONCEPTS["condition"]
    )
    plan = rows("payer_plan_period", n_persons).dates(
        "payer_plan_period_start_date", "payer_plan_period_end_date", 700
    )
    for part in ("payer", "plan", "sponsor", "stop_reason"):
        plan.pick(f"{part}_concept_id", (0, 280, 281)).pick(
            f"{part}_source_concept_id", (0, 280, 281)
        )
    found["payer_plan_period"] = plan
    for name, prefix, counted in (
        ("condition_era", "condition", "condition_occurrence_count"),
        ("drug_era", "drug", "drug_exposure_count"),
        ("dose_era", "drug", None),
    ):
        era = rows(name, n_persons * per_person).dates(
            f"{name}_start_date", f"{name}_end_date", 200
        )
        era.pick(f"{prefix}_concept_id", CONCEPTS[prefix])
        if counted:
            era.pick(counted, (1, 2, 5))
        found[name] = era
    found["drug_era"].pick("gap_days", (0, 5, 20))
    found["dose_era"].pick("unit_concept_id", UNITS).pick(
        "dose_value", (5.0, 10.0, 12.5)
    )
    return {name: table_of(name, each) for name, each in found.items()} | vocabulary()


def vocabulary():
    """Give concepts, who stands below whom, and what maps to what."""
    pairs = [(ids[0], one) for ids in CONCEPTS.values() for one in ids]
    pairs += [(one, one) for ids in CONCEPTS.values() for one in ids]
    pairs = sorted(set(pairs))
    mapped = sorted(
        {
            (SOURCES[n][i], one)
            for n, ids in CONCEPTS.items()
            for i, one in enumerate(ids)
        }
    )
    others = (
        8507,
        8532,
        8515,
        8527,
        38003563,
        38003564,
        32817,
        32818,
        32827,
        8716,
        8717,
        38004446,
        38004456,
        32902,
        32908,
        4132161,
        42739579,
        4172703,
        8840,
        8876,
        4155142,
        45884084,
        4214956,
        4219507,
        4066212,
        280,
        281,
        999,
    )
    every = sorted({one for pair in (*pairs, *mapped) for one in pair} | set(others))
    n, day = len(every), dt.date(1970, 1, 1)
    invalid = ["D" if one == 1007 else None for one in every]
    text = lambda word: pa.array([word] * n)  # noqa: E731
    return {
        "concept": pa.table(
            {
                "concept_id": pa.array(every, pa.int64()),
                "concept_name": pa.array([f"concept {one}" for one in every]),
                "domain_id": text("Made"),
                "vocabulary_id": text("Made"),
                "concept_class_id": text("Made"),
                "standard_concept": text("S"),
                "concept_code": pa.array([str(one) for one in every]),
                "valid_start_date": pa.array([day] * n),
                "valid_end_date": pa.array([dt.date(2099, 12, 31)] * n),
                "invalid_reason": pa.array(invalid, pa.string()),
            }
        ),
        "concept_ancestor": pa.table(
            {
                "ancestor_concept_id": pa.array([a for a, _ in pairs], pa.int64()),
                "descendant_concept_id": pa.array([d for _, d in pairs], pa.int64()),
                "min_levels_of_separation": pa.array(
                    [int(a != d) for a, d in pairs], pa.int32()
                ),
                "max_levels_of_separation": pa.array(
                    [int(a != d) for a, d in pairs], pa.int32()
                ),
            }
        ),
        "concept_relationship": pa.table(
            {
                "concept_id_1": pa.array([a for a, _ in mapped], pa.int64()),
                "concept_id_2": pa.array([b for _, b in mapped], pa.int64()),
                "relationship_id": pa.array(["Maps to"] * len(mapped)),
                "valid_start_date": pa.array([day] * len(mapped)),
                "valid_end_date": pa.array([dt.date(2099, 12, 31)] * len(mapped)),
                "invalid_reason": pa.array([None] * len(mapped), pa.string()),
            }
        ),
    }
