"""DuckDB and the reference engine agree, on every shipped measure and on made-up ones."""

import os

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from rounds.datamart.measures.running import run_measure
from rounds.datamart.rows import measure_rows
from rounds.definitions import check, explain
from rounds.definitions.graph import nodes
from rounds.nouns import Measure, NotEstimable, Stratifier, Stratum, events
from rounds.nouns import criteria as grammar
from stories.agreement import compared
from stories.measure_graphs import BUILTIN, PERIOD, measures, stays, tables
from stories.measures import HandMade

N_EXAMPLES = int(os.environ.get("ROUNDS_EXAMPLES", "8"))
"""Few on every change; a nightly run asks for many."""
FEW = settings(
    max_examples=N_EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("name", sorted(BUILTIN))
@given(rows=tables())
@FEW
def test_engines_agree_on_shipped_measures(name, rows):
    """Row for row, and by month, DuckDB gives what the reference gives."""
    compared(HandMade(rows), BUILTIN[name], rows)


@given(rows=tables())
@FEW
def test_engines_agree_on_who_opted_out(rows):
    """Row for row, both engines leave the same persons out."""
    measure = BUILTIN["blood-pressure-control"]
    compared(HandMade(rows), measure, rows, without=frozenset({"p1"}))


@given(measure=measures(), rows=tables(), cohorts=stays())
@settings(FEW, max_examples=4 * N_EXAMPLES)
def test_engines_agree_on_measures_nobody_wrote(measure, rows, cohorts):
    """Whatever the grammar can say, both engines understand alike."""
    known = [text for text in check(measure) if "window ends" not in text]
    assert not known
    if not check(measure):
        compared(HandMade(rows), measure, rows, cohorts=cohorts)


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
    datamart = HandMade(rows)
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
    before = run_measure(HandMade(rows), measure, PERIOD, by="care_site")
    shuffled = {name: order.sample(table, len(table)) for name, table in rows.items()}
    after = run_measure(HandMade(shuffled), measure, PERIOD, by="care_site")
    assert after == before


NODES = [
    events.Comparison,
    events.Events,
    events.Near,
    events.Occurrence,
    events.Point,
    events.Window,
    grammar.Age,
    grammar.All,
    grammar.Any,
    grammar.Compare,
    grammar.DaysBetween,
    grammar.Exists,
    grammar.InCohort,
    grammar.IndexProcedure,
    grammar.IndexVisit,
    grammar.LastDayWithAll,
    grammar.NewCode,
    grammar.Not,
    grammar.Reading,
    grammar.Score,
    grammar.Sex,
    grammar.Term,
    grammar.Years,
    Stratifier,
    Stratum,
]


def test_every_node_of_the_grammar_is_listed():
    """A new kind of node must be listed here, and so be reached by the generator."""
    defined = {
        one
        for module in (grammar, events)
        for one in vars(module).values()
        if isinstance(one, type) and one.__module__ == module.__name__
    }
    assert defined | {Stratifier, Stratum} == set(NODES)


@pytest.mark.parametrize("kind", NODES, ids=lambda one: one.__name__)
def test_the_generator_reaches_every_node(kind):
    """The made-up measures hold every kind of node."""

    def holds(measure):
        return any(isinstance(node, kind) for _, node in nodes(measure))

    # Found is enough: the smallest is not looked for.
    search = settings(
        max_examples=500,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    find(measures(), holds, settings=search)
