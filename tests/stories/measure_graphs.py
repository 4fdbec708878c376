"""Generators: small OMOP tables dense with edges, and any measure the grammar can say."""

import datetime as dt

from hypothesis import strategies as st

from rounds.definitions import builtin_measures
from rounds.definitions.graph import CLAUSES
from rounds.nouns import Measure, Period
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
}
SETS = {
    "condition": "essential-hypertension",
    "measurement": "systolic",
    "observation": "nursing-home",
    "procedure": "dialysis-or-transplant",
    "drug": "antihypertensives",
}
KNOWN = Tables()
for _codes in CONCEPTS.values():
    for _code in _codes:
        KNOWN._concept(_code)
# Days close to each other and to the period's ends, where mistakes live.
DAYS = st.dates(dt.date(2025, 1, 10), dt.date(2025, 4, 20)) | st.sampled_from(
    [PERIOD.start, PERIOD.end, dt.date(2024, 12, 31), dt.date(2025, 2, 1)]
)


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
        start = draw(DAYS)
        rows["visit_occurrence"].append(
            {
                "visit_occurrence_id": key,
                "person_id": draw(person),
                "visit_concept_id": draw(
                    st.sampled_from([9202, 9202, 9203, 9201, 5083, 0])
                ),
                "visit_start_date": start,
                "visit_end_date": start + dt.timedelta(days=draw(st.integers(0, 2))),
                "care_site_id": draw(st.sampled_from([1, 2, None])),
            }
        )
    for domain, codes in CONCEPTS.items():
        for key in range(1, draw(st.integers(0, 8)) + 1):
            _event(
                draw,
                rows,
                domain,
                key,
                (KNOWN._concept(draw(st.sampled_from(codes))), draw(person)),
            )
    if draw(st.booleans()):
        rows["death"].append({"person_id": 1, "death_date": draw(DAYS)})
    _vocabulary(draw, rows)
    return rows


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
        row["value_as_number"] = draw(
            st.sampled_from([None, 0.3, 2.7, 18.7, 85.0, 99.5, 139.0, 140.0, 90.0])
        )
        row["unit_source_value"] = draw(
            st.sampled_from(["mm[Hg]", "mmHg", "kPa", "[psi]", "cm", "bananas", None])
        )
        row["unit_concept_id"] = draw(st.sampled_from([None, None, 8876]))
    elif domain == "procedure":
        row |= {"procedure_date": start, "procedure_end_date": end}
    else:
        name = "drug_exposure" if domain == "drug" else "condition"
        row |= {f"{name}_start_date": start, f"{name}_end_date": end}
    rows[table].append(row)


@st.composite
def events(draw, basis, domain=None, *, started=False):
    """Events of a domain, with a window, units and visit classes."""
    domain = domain or draw(st.sampled_from([*SETS, "visit", "death"]))
    anchors = ["period_start", "period_end"] + (
        ["index"] * 2 if basis == "visit" else []
    )
    window = {}
    if started or draw(st.booleans()):
        window["start"] = {
            "at": draw(st.sampled_from(anchors)),
            "days": draw(st.integers(-40, 10)),
        }
    if draw(st.booleans()):
        window["end"] = {
            "at": draw(st.sampled_from(anchors)),
            "days": draw(st.integers(0, 60)),
        }
        if window["end"]["at"] != "index" and draw(st.booleans()):
            window["end"]["months"] = draw(st.integers(0, 2))
    plain = {"domain": domain, "window": window}
    if not started:
        plain["match"] = draw(st.sampled_from(["starts_in", "overlaps"]))
    if domain in SETS:
        plain["concept_set"] = SETS[domain]
    if domain in {"measurement", "observation"}:
        plain["units"] = ["mm[Hg]", "mmHg"]
        plain["value"] = draw(
            st.none() | st.just({"at_least": 90}) | st.just({"below": 140})
        )
    if domain != "death":
        plain["not_from"] = draw(st.sampled_from([[], ["emergency", "inpatient"]]))
        plain["visit_classes"] = draw(st.sampled_from([[], [], ["outpatient"]]))
    return plain


@st.composite
def readings(draw, basis):
    """A reading, on a chosen day or on any."""
    plain = {
        "pick": draw(st.sampled_from(["lowest", "highest"])),
        "events": draw(events(basis, "measurement")),
    }
    if draw(st.booleans()):
        days = draw(st.lists(events(basis, "measurement"), min_size=1, max_size=2))
        plain["day"] = {"events": days}
    return plain


def criteria(basis):
    """Any criterion of the grammar, two or three deep."""
    anchors = ["period_start", "period_end"] + (["index"] if basis == "visit" else [])
    ages = st.fixed_dictionaries(
        {
            "op": st.just("age"),
            "at": st.sampled_from(anchors),
            "from_years": st.none() | st.integers(15, 30),
            "to_years": st.integers(70, 90),
        }
    )
    leaves = [
        ages,
        st.fixed_dictionaries(
            {
                "op": st.just("exists"),
                "events": events(basis),
                "at_least": st.sampled_from([1, 1, 2]),
            }
        ),
        st.fixed_dictionaries(
            {
                "op": st.just("compare"),
                "reading": readings(basis),
                "range": st.sampled_from(
                    [{"below": 140}, {"above": 90}, {"at_most": 99.5}]
                ),
            }
        ),
        st.fixed_dictionaries(
            {"op": st.just("new_code"), "events": events(basis, "drug", started=True)}
        ),
    ]
    if basis == "visit":
        leaves.append(st.just({"op": "index_visit", "classes": ["outpatient"]}))
    return st.recursive(
        st.one_of(leaves),
        lambda inner: st.one_of(
            st.fixed_dictionaries(
                {
                    "op": st.sampled_from(["all", "any"]),
                    "of": st.lists(inner, min_size=1, max_size=3),
                }
            ),
            st.fixed_dictionaries({"op": st.just("not"), "of": inner}),
        ),
        max_leaves=4,
    )


@st.composite
def measures(draw):
    """A measure of the grammar, with any of its populations."""
    basis = draw(st.sampled_from(["person", "visit"]))
    plain = {
        "name": "made-up",
        "title": "Made up",
        "type": "process",
        "improvement_notation": "increase",
        "basis": basis,
        "index": draw(st.sampled_from(["first", "each"])) if basis == "visit" else None,
        "initial_population": draw(criteria(basis)),
    }
    for clause in (*CLAUSES[1:4], "numerator_exclusion", "observed_when"):
        plain[clause] = draw(st.none() | criteria(basis))
    if draw(st.booleans()):
        plain["numerator"] = draw(criteria(basis))
    else:
        plain |= {"scoring": "continuous-variable", "numerator": None}
        plain["measure_observation"] = draw(readings(basis))
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


def _sets(plain):
    if isinstance(plain, dict):
        yield from [plain["concept_set"]] if plain.get("concept_set") else []
        for value in plain.values():
            yield from _sets(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from _sets(value)
