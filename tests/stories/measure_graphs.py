"""Generators: small OMOP tables dense with edges, and any measure the grammar can say."""

import datetime as dt

from hypothesis import strategies as st

from rounds.definitions import builtin_measures
from rounds.nouns import Measure, Period
from stories.graph_clauses import COHORT, SETS, criteria, numbers, readings
from stories.measures import Tables

BUILTIN = builtin_measures()
PERIOD = Period(start=dt.date(2025, 1, 15), end=dt.date(2025, 3, 31))
CONCEPTS = {
    "condition": [
        "icd I10",
        "sct 38341003",
        "icd Z33.1",
        "icd N18.6",
        "icd Z51.5",
        "icd E11",
    ],
    "measurement": ["loinc 8480-6", "loinc 8462-4", "loinc 4548-4"],
    "observation": ["sct 160734000", "sct 385763009", "svi RPL_THEMES"],
    "procedure": ["sct 302497006", "sct 385763009"],
    "drug": ["rx 29046", "rx 314076", "rx 314077", "rx 83367"],
    "device": ["sct 302497006", "sct 385763009"],
}
KNOWN = Tables()
for _codes in CONCEPTS.values():
    for _code in _codes:
        KNOWN._concept(_code)
# Days close to each other and to the period's ends, where mistakes live.
DAYS = st.dates(dt.date(2025, 1, 10), dt.date(2025, 4, 20)) | st.sampled_from(
    [PERIOD.start, PERIOD.end, dt.date(2024, 12, 31), dt.date(2025, 2, 1)]
)
# Midnight stands for a time that is not known.
TIMES = st.sampled_from([None, dt.time(0), dt.time(8, 30), dt.time(20, 15)])
MEANT = st.sampled_from([None, 0, KNOWN._concept("sct 160734000"), 4])


@st.composite
def tables(draw):
    """OMOP rows of up to three persons, dense around the period."""
    rows = Tables().rows
    rows["concept"] = [dict(row) for row in KNOWN.rows["concept"]]
    for who in range(1, draw(st.integers(1, 3)) + 1):
        born = draw(st.dates(dt.date(1938, 1, 1), dt.date(2009, 1, 1)))
        rows["person"].append(
            {
                "person_id": who,
                "person_source_value": f"p{who}",
                "gender_concept_id": draw(st.sampled_from([8507, 8532, 0])),
                "year_of_birth": born.year,
                "month_of_birth": draw(st.sampled_from([born.month, None])),
                "day_of_birth": draw(st.sampled_from([born.day, None])),
            }
        )
    person = st.integers(1, len(rows["person"]))
    rows["care_site"] = [
        {"care_site_id": k, "care_site_source_value": f"s{k}"} for k in (1, 2)
    ]
    for key in range(1, draw(st.integers(0, 6)) + 1):
        rows["visit_occurrence"].append(draw(_visits(key, person)))
    for domain, codes in CONCEPTS.items():
        for key in range(1, draw(st.integers(0, 6)) + 1):
            concept = KNOWN._concept(draw(st.sampled_from(codes)))
            _event(draw, rows, domain, key, (concept, draw(person)))
    if draw(st.booleans()):
        rows["death"].append({"person_id": 1, "death_date": draw(DAYS)})
    for key, who in enumerate(draw(st.lists(person, max_size=2)), start=1):
        start = draw(DAYS)
        rows["observation_period"].append(
            {
                "observation_period_id": key,
                "person_id": who,
                "observation_period_start_date": start,
                "observation_period_end_date": _later(draw, start, 90),
            }
        )
    _vocabulary(draw, rows)
    return rows


@st.composite
def stays(draw):
    """Rows of the cohort that made-up measures name."""
    found = []
    for who in draw(st.lists(st.integers(1, 3), max_size=3)):
        start = draw(DAYS)
        found.append(
            {
                "subject_id": who,
                "cohort_start_date": start,
                "cohort_end_date": _later(draw, start, 60),
            }
        )
    return {COHORT: found}


def _later(draw, day, most):
    return day + dt.timedelta(days=draw(st.integers(0, most)))


def _time(draw, day):
    time = draw(TIMES)
    return None if time is None or day is None else dt.datetime.combine(day, time)


@st.composite
def _visits(draw, key, person):
    start = draw(DAYS)
    end = draw(st.sampled_from([None, 0, 0, 1, 2]))
    end = None if end is None else start + dt.timedelta(days=end)
    return {
        "visit_occurrence_id": key,
        "person_id": draw(person),
        "visit_concept_id": draw(st.sampled_from([9202, 9202, 9203, 9201, 5083, 0])),
        "visit_start_date": start,
        "visit_start_datetime": _time(draw, start),
        "visit_end_date": end,
        "visit_end_datetime": _time(draw, end),
        "discharged_to_concept_id": draw(MEANT),
        "discharged_to_source_value": draw(
            st.sampled_from([None, None, "160734000", "home"])
        ),
        "care_site_id": draw(st.sampled_from([1, 2, None])),
    }


def _vocabulary(draw, rows):
    """Relate some concepts to others, as a vocabulary's hierarchy and maps do."""
    concept = st.sampled_from([row["concept_id"] for row in rows["concept"]])
    pairs = st.lists(st.tuples(concept, concept), max_size=4)
    rows["concept_ancestor"] = [
        {"ancestor_concept_id": top, "descendant_concept_id": below}
        for top, below in draw(pairs)
    ]
    rows["concept_relationship"] = [
        {
            "concept_id_1": source,
            "concept_id_2": target,
            "relationship_id": draw(st.sampled_from(["Maps to", "Is a"])),
            "invalid_reason": draw(st.sampled_from([None, None, "D"])),
        }
        for source, target in draw(pairs)
    ]


def _event(draw, rows, domain, key, whose):
    concept_id, who = whose
    table = {
        "condition": "condition_occurrence",
        "procedure": "procedure_occurrence",
        "drug": "drug_exposure",
        "device": "device_exposure",
    }.get(domain, domain)
    start = draw(DAYS)
    own, source = draw(
        st.sampled_from([(0, concept_id), (concept_id, 0), (concept_id, None)])
    )
    row = {
        f"{table}_id": key,
        "person_id": who,
        f"{domain}_concept_id": own,
        f"{domain}_source_concept_id": source,
        "visit_occurrence_id": draw(st.sampled_from([None, 1, 2, 3, 99])),
    }
    ended = draw(st.none() | st.integers(0, 60))
    end = None if ended is None else start + dt.timedelta(days=ended)
    if domain in {"measurement", "observation"}:
        row[f"{domain}_date"] = start
        row[f"{domain}_datetime"] = _time(draw, start)
        row["value_as_number"] = draw(
            st.sampled_from([None, 0.3, 2.7, 18.7, 85.0, 99.5, 139.0, 140.0, 90.0])
        )
        row["value_as_concept_id"] = draw(MEANT)
        row["unit_source_value"] = draw(
            st.sampled_from(["mm[Hg]", "mmHg", "kPa", "[psi]", "cm", "bananas", None])
        )
        row["unit_concept_id"] = draw(st.sampled_from([None, None, 8876]))
        if domain == "observation":
            row["value_as_string"] = draw(st.sampled_from([None, "", "said"]))
    elif domain == "procedure":
        row |= {"procedure_date": start, "procedure_end_date": end}
        row |= {
            "procedure_datetime": _time(draw, start),
            "procedure_end_datetime": None,
        }
        row["quantity"] = draw(st.sampled_from([None, 1, 2]))
    else:
        name = "condition" if domain == "condition" else table
        row |= {f"{name}_start_date": start, f"{name}_end_date": end}
        row |= {
            f"{name}_start_datetime": _time(draw, start),
            f"{name}_end_datetime": _time(draw, end),
        }
        if domain == "drug":
            row["quantity"] = draw(st.sampled_from([None, 0.5, 10.0, 30.1]))
            row["days_supply"] = draw(st.sampled_from([None, 3, 30]))
            row["drug_type_concept_id"] = draw(st.sampled_from([32838, 32818, None]))
            row["refills"] = draw(st.sampled_from([None, 0, 2]))
        elif domain == "device":
            row["quantity"] = draw(st.sampled_from([None, 1, 2]))
    rows[table].append(row)


@st.composite
def measures(draw):
    """A measure of the grammar, with any of its populations."""
    basis = draw(st.sampled_from(["person", "visit", "visit", "procedure"]))
    plain = {
        "name": "made-up",
        "title": "Made up",
        "type": "process",
        "improvement_notation": "increase",
        "basis": basis,
        "index": None,
        "initial_population": draw(criteria(basis)),
    }
    if basis != "person":
        plain["index"] = draw(st.sampled_from(["first", "each"]))
        plain["index_day"] = draw(st.sampled_from(["start", "start", "end"]))
    optional = ["denominator", "denominator_exclusion", "observed_when"]
    plain |= draw(_of_a_scoring(basis))
    if plain.get("numerator"):
        optional.append("numerator_exclusion")
        plain["expected"] = draw(st.none() | _risks(basis))
        if plain["scoring"] == "proportion":
            optional.append("denominator_exception")
    for clause in optional:
        plain[clause] = draw(st.none() | criteria(basis))
    strata = draw(st.lists(criteria(basis), max_size=2))
    if strata:
        plain["stratifiers"] = [
            {
                "name": "made-up-strata",
                "strata": [
                    {"label": f"stratum {n}", "when": when}
                    for n, when in enumerate(strata)
                ],
            }
        ]
    shipped = BUILTIN["blood-pressure-control"].concept_sets
    shipped += BUILTIN["treatment-intensified"].concept_sets
    used = set(_sets(plain))
    plain["concept_sets"] = [
        one.model_dump(mode="json")
        | {"descendants": draw(st.booleans()), "mapped": draw(st.booleans())}
        for one in {s.name: s for s in shipped}.values()
        if one.name in used
    ]
    return Measure.model_validate(plain)


@st.composite
def _of_a_scoring(draw, basis):
    scoring = draw(st.sampled_from(["proportion", "continuous-variable", "ratio"]))
    if scoring == "continuous-variable":
        return {
            "scoring": scoring,
            "numerator": None,
            "measure_observation": draw(numbers(basis)),
            "aggregate": draw(st.sampled_from(["mean", "median"])),
        }
    plain = {"scoring": scoring, "numerator": draw(criteria(basis))}
    if scoring == "ratio":
        plain["numerator_observation"] = draw(st.none() | numbers(basis))
        plain["denominator_observation"] = draw(st.none() | readings(basis))
    return plain


@st.composite
def _risks(draw, basis):
    plain = draw(numbers(basis).filter(lambda one: one.get("op") == "score"))
    return plain | {"link": draw(st.sampled_from(["logit", "log"]))}


def _sets(plain):
    if isinstance(plain, dict):
        for field in ("concept_set", "answer", "discharged_to"):
            if plain.get(field):
                yield plain[field]
        for value in plain.values():
            yield from _sets(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from _sets(value)


assert set(CONCEPTS) == set(SETS)
