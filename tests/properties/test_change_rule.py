"""The rule grammar: one person and many get the same answer; missing is silent."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.loop.change.knowledge.grammar import parse

NUMBERS = ("age", "systolic")
TRUTHS = ("has_hypertension",)
numbers = st.one_of(
    st.integers(-200, 200),
    st.floats(-200, 200),
    st.sampled_from([140, 140.0, math.nan, math.inf, 1e300]),
)
comparisons = st.one_of(
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op, "value": value},
        st.sampled_from(NUMBERS),
        st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]),
        st.one_of(st.integers(-200, 200), st.floats(-200, 200)),
    ),
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op, "value": value},
        st.sampled_from(TRUTHS),
        st.sampled_from(["==", "!="]),
        st.booleans(),
    ),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(lambda x: {"not": x}, inner),
        st.builds(lambda x: {"all": x}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda x: {"any": x}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)
persons = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "age": numbers,
            "systolic": st.one_of(numbers, st.none(), st.just("high"), st.booleans()),
            "has_hypertension": st.one_of(st.booleans(), st.none(), st.just(1)),
        },
    ),
    min_size=1,
    max_size=6,
)


def meaning(condition, person):
    """The grammar's meaning, said a second time in the plainest way."""
    if "not" in condition:
        return not meaning(condition["not"], person)
    if "all" in condition:
        return all(meaning(c, person) for c in condition["all"])
    if "any" in condition:
        return any(meaning(c, person) for c in condition["any"])
    a, b = person[condition["fact"]], condition["value"]
    return {
        "<": a < b,
        "<=": a <= b,
        "==": a == b,
        "!=": a != b,
        ">=": a >= b,
        ">": a > b,
    }[condition["op"]]


def facts_in(condition):
    if "fact" in condition:
        return {condition["fact"]}
    parts = condition.get("all") or condition.get("any") or [condition["not"]]
    return set().union(*map(facts_in, parts))


def known(value, fact):
    if fact in TRUTHS:
        return isinstance(value, bool)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and abs(value) <= 1e9


@given(conditions, persons)
@settings(max_examples=150, deadline=None)
def test_many_get_the_answers_that_each_alone_would_get(condition, people):
    """Objects, scalars and the plain meaning agree; a missing fact means silence."""
    rule, problems = parse(condition)
    assert problems == []
    expected = [
        all(known(person.get(f), f) for f in facts_in(condition))
        and meaning(condition, person)
        for person in people
    ]
    assert [rule.fires(person) for person in people] == expected
    columns = {
        f: np.array([p.get(f) for p in people] + [None], dtype=object)[:-1]
        for f in facts_in(condition)
    }
    assert rule.fires_each(columns, len(people)).tolist() == expected


@given(
    conditions,
    st.lists(st.tuples(numbers, numbers, st.booleans()), min_size=1, max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_typed_columns_answer_as_scalars_do(condition, people):
    """Columns of float and bool, with NaN for missing, agree with scalars."""
    rule, _ = parse(condition)
    names = ("age", "systolic", "has_hypertension")
    columns = {
        "age": np.array([p[0] for p in people], dtype=float),
        "systolic": np.array([p[1] for p in people], dtype=float),
        "has_hypertension": np.array([p[2] for p in people]),
    }
    alone = [rule.fires(dict(zip(names, p, strict=True))) for p in people]
    assert rule.fires_each(columns, len(people)).tolist() == alone


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["all", "any", "not", "fact", "op", "value", "x"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=12,
)


@given(json_values)
@settings(max_examples=200, deadline=None)
def test_anything_is_read_or_refused_with_a_reason(plain):
    """The reader never breaks: a condition, or at least one problem."""
    rule, problems = parse(plain)
    assert (rule is None) == bool(problems)


def test_depth_and_size_are_bounded():
    """A rule too deep or too large to review is refused."""
    leaf = {"fact": "age", "op": ">", "value": 1}
    deep = leaf
    for _ in range(2000):
        deep = {"not": deep}
    assert parse(deep)[0] is None
    assert parse({"all": [leaf] * 201})[0] is None
    assert parse({"all": [{"any": [leaf] * 100}] * 3})[0] is None
    assert parse({"all": [leaf] * 150})[0] is not None
