"""DuckDB and the reference engine agree, on every shipped measure and on made-up ones."""

import datetime as dt
import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from rounds.datamart.measures import run_measure
from rounds.datamart.rows import fetch, measure_rows, prepare
from rounds.definitions import builtin_measures, check, explain
from rounds.definitions.graph import CLAUSES, day_of, nodes
from rounds.definitions.reference import evaluate
from rounds.nouns import Measure, NotEstimable, Period
from rounds.nouns import criteria as grammar

_PATH = Path(__file__).parents[1] / "spec" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("measure_tables", _PATH)
made = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)

BUILTIN = builtin_measures()
PERIOD = Period(start=dt.date(2025, 1, 15), end=dt.date(2025, 3, 31))
N_EXAMPLES = int(os.environ.get("ROUNDS_EXAMPLES", "12"))
"""Few on every change; a nightly run asks for many."""
FEW = settings(
    max_examples=N_EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
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
# Days close to each other and to the period's ends, where mistakes live.
DAYS = st.dates(dt.date(2025, 1, 10), dt.date(2025, 4, 20)) | st.sampled_from(
    [PERIOD.start, PERIOD.end, dt.date(2024, 12, 31), dt.date(2025, 2, 1)]
)


@st.composite
def tables(draw):
    """OMOP rows of up to three persons, dense around the period."""
    rows = made.Tables().rows
    concept = {}
    for codes in CONCEPTS.values():
        for code in codes:
            holder = made.Tables()
            holder._concept(code)
            row = {
                **holder.rows["concept"][0],
                "concept_id": 2_000_000_001 + len(concept),
            }
            if code not in concept:
                concept[code] = row["concept_id"]
                rows["concept"].append(row)
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
                (concept[draw(st.sampled_from(codes))], draw(person)),
            )
    if draw(st.booleans()):
        rows["death"].append({"person_id": 1, "death_date": draw(DAYS)})
    return rows


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
            st.sampled_from([None, 0.3, 85.0, 99.5, 139.0, 140.0, 90.0])
        )
        row["unit_source_value"] = draw(
            st.sampled_from(["mm[Hg]", "mmHg", "kPa", None])
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


def agree(measure, rows, *, monthly=False, without=frozenset()):
    """Assert that both engines give the same rows."""
    datamart = made.HandMade(rows)
    concepts = prepare(datamart, measure)
    if isinstance(concepts, NotEstimable):
        return
    found = fetch(datamart, measure, PERIOD, concepts, without=without, monthly=monthly)
    judged = evaluate(measure, rows, PERIOD, without=without, monthly=monthly)
    assert found.person_id.tolist() == [row.person_id for row in judged]
    assert found.index_date.tolist() == [row.index_date for row in judged]
    for name in ("denominator", "numerator", "observed", "excluded", "excepted"):
        assert getattr(found, name).tolist() == [
            getattr(row, name) for row in judged
        ], name
    if measure.scoring == "continuous-variable":
        values = [row.value if row.observed else np.nan for row in judged]
        np.testing.assert_array_equal(found.value, np.array(values, dtype=float))


@pytest.mark.parametrize("name", sorted(BUILTIN))
@given(rows=tables())
@FEW
def test_engines_agree_on_shipped_measures(name, rows):
    """Row for row, DuckDB gives what the reference gives."""
    agree(BUILTIN[name], rows)


@given(rows=tables())
@FEW
def test_engines_agree_on_who_opted_out(rows):
    """Row for row, both engines leave the same persons out."""
    agree(BUILTIN["blood-pressure-control"], rows, without=frozenset({"p1"}))


@given(rows=tables())
@FEW
def test_engines_agree_by_month(rows):
    """Row for row, the monthly form is the same on both engines."""
    agree(BUILTIN["blood-pressure-control"], rows, monthly=True)


@given(measure=measures(), rows=tables())
@settings(FEW, max_examples=4 * N_EXAMPLES)
def test_engines_agree_on_measures_nobody_wrote(measure, rows):
    """Whatever the grammar can say, both engines understand alike."""
    known = [text for text in check(measure) if "window ends" not in text]
    assert not known
    if not check(measure):
        agree(measure, rows)
        if measure.basis == "person" and day_of(measure) is not None:
            agree(measure, rows, monthly=True)


@given(measure=measures())
@FEW
def test_measures_survive_json_and_yaml_and_can_be_explained(measure):
    """A measure is the same after a round trip, and every one can be said in words."""
    assert Measure.from_json(measure.to_json()) == measure
    assert Measure.from_yaml(measure.to_yaml()).ref() == measure.ref()
    assert measure.title in explain(measure)


@given(rows=tables())
@FEW
def test_excluding_more_never_enlarges_the_denominator(rows):
    """Without its exclusions, a measure counts no fewer; and a numerator never more."""
    measure = BUILTIN["blood-pressure-control"]
    wider = measure.model_copy(update={"denominator_exclusion": None})
    needed = {
        one
        for _, node in nodes(wider)
        for one in [getattr(node, "concept_set", None)]
        if one
    }
    wider = wider.model_copy(
        update={
            "concept_sets": tuple(s for s in measure.concept_sets if s.name in needed)
        }
    )
    datamart = made.HandMade(rows)
    narrow = measure_rows(datamart, measure, PERIOD)
    wide = measure_rows(datamart, wider, PERIOD)
    if not isinstance(narrow, NotEstimable):
        assert narrow.denominator.sum() <= wide.denominator.sum()
        assert not (narrow.numerator & ~narrow.denominator).any()


@given(rows=tables(), order=st.randoms(use_true_random=False))
@FEW
def test_the_order_of_rows_changes_nothing(rows, order):
    """Shuffled tables give the same result, by care site too."""
    measure = BUILTIN["treatment-intensified"]
    before = run_measure(made.HandMade(rows), measure, PERIOD, by="care_site")
    shuffled = {name: order.sample(table, len(table)) for name, table in rows.items()}
    after = run_measure(made.HandMade(shuffled), measure, PERIOD, by="care_site")
    assert after == before


NODES = [
    grammar.Age,
    grammar.All,
    grammar.Any,
    grammar.Compare,
    grammar.Comparison,
    grammar.Events,
    grammar.Exists,
    grammar.IndexVisit,
    grammar.LastDayWithAll,
    grammar.NewCode,
    grammar.Not,
    grammar.Point,
    grammar.Reading,
    grammar.Window,
]


def test_every_node_of_the_grammar_is_listed():
    """A new kind of node must be listed here, and so be reached by the generator."""
    defined = {
        one
        for one in vars(grammar).values()
        if isinstance(one, type) and one.__module__ == grammar.__name__
    }
    assert defined == set(NODES)


@pytest.mark.parametrize("kind", NODES, ids=lambda one: one.__name__)
def test_the_generator_reaches_every_node(kind):
    """The made-up measures hold every kind of node."""

    def holds(measure):
        roots = [getattr(measure, clause) for clause in CLAUSES]
        return any(
            isinstance(n, kind) for root in roots if root for _, n in nodes(root)
        )

    find(
        measures(),
        holds,
        settings=settings(max_examples=500, database=None, derandomize=True),
    )
