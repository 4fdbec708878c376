"""No small count of a cohort is shown, and none can be got back by subtraction."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.ledger import safe
from rounds.methods.disclosure.suppression import is_small
from rounds.nouns import AttritionStep, CohortResult, Ref, UnitResult

REF = Ref(name="cohort/x", version="1", hash="0" * 64)
COUNTS = st.one_of(st.integers(0, 40), st.integers(0, 400))


@st.composite
def results(draw):
    drops = draw(st.lists(COUNTS, min_size=1, max_size=4))
    last = draw(COUNTS)
    chain = [last + sum(drops[n:]) for n in range(len(drops) + 1)]
    steps = []
    for n, persons in enumerate(chain):
        alone = persons + draw(st.integers(0, max(chain[0] - persons, 0)))
        events = persons + draw(COUNTS) if persons else 0
        steps.append(
            AttritionStep(
                name=f"step {n}",
                persons=persons,
                events=events,
                persons_alone=persons if n == 0 else alone,
            )
        )
    women = draw(st.integers(0, last))
    old = draw(st.integers(0, last))
    return CohortResult(
        cohort=REF,
        attrition=tuple(steps),
        persons=last,
        periods=last + draw(COUNTS) if last else 0,
        by_sex=units(F=women, M=last - women),
        by_age=units(old=old, young=last - old),
    )


def units(**counts):
    return tuple(
        UnitResult(unit=name, denominator=n) for name, n in counts.items() if n
    )


def known(shown):
    """Give the counts of persons that are shown of a chain, and of the whole."""
    chain = [one.persons for one in shown.attrition] + [shown.persons]
    return [count for count in chain if count is not None]


@settings(max_examples=300, deadline=None)
@given(results())
def test_nothing_small_is_shown_or_is_a_difference(result):
    shown = safe(result)
    chain = known(shown)
    alone = [one.persons_alone for one in shown.attrition]
    cells = [one.denominator for one in (*shown.by_sex, *shown.by_age)]
    for count in [*chain, *alone, *cells]:
        assert count is None or not is_small(count)
    for one, other in combinations(chain, 2):
        assert not is_small(abs(one - other))
    entered = shown.attrition[0].persons
    for count in alone:
        if entered is not None and count is not None:
            assert not is_small(entered - count)


@settings(max_examples=300, deadline=None)
@given(results())
def test_a_table_gives_back_no_hidden_count(result):
    shown = safe(result)
    for table, exact in ((shown.by_sex, result.by_sex), (shown.by_age, result.by_age)):
        hidden = [one for one in table if one.denominator is None]
        if shown.persons is not None and hidden:
            # What is left for the hidden cells is more than one cell, and not small.
            left = shown.persons - sum(one.denominator or 0 for one in table)
            assert len(hidden) > 1
            assert not is_small(left)
        if shown.persons is None and result.persons:
            assert len(hidden) == len(exact)


@settings(deadline=None)
@given(results())
def test_hiding_twice_changes_nothing(result):
    assert safe(safe(result)) == safe(result)


def test_what_is_large_is_shown_as_it_is():
    result = CohortResult(
        cohort=REF,
        attrition=(
            AttritionStep(name="entry", persons=500, events=900, persons_alone=500),
            AttritionStep(name="rule", persons=300, events=400, persons_alone=300),
        ),
        persons=300,
        periods=350,
        by_sex=units(F=140, M=160),
        by_age=units(old=100, young=200),
    )
    assert safe(result) == result
    fewer = result.model_copy(update={"persons": 295})
    assert safe(fewer).persons is None
    assert all(one.suppressed for one in safe(fewer).by_sex)
