"""Every kind that the ledger publishes and that counts people has its way to be safe."""

import typing

from rounds.ledger.disclosure.nouns import _SAFE
from rounds.ledger.published import kinds
from rounds.nouns import Alert, Noun

COUNTS = {"n", "denominator", "numerator", "persons", "count", "counts"}
OF_NOBODY = {
    "Measure.denominator",  # a criterion
    "Measure.numerator",
    "Exists.count",  # how often something must have happened
    "CostItem.counts",  # which kind of thing is counted
    "Effect.n",  # of a Source: what a paper has printed
}


def nouns_in(kind, seen):
    """Give every noun that stands in one, however deep."""
    if isinstance(kind, type) and issubclass(kind, Noun) and kind not in seen:
        seen.add(kind)
        for field in kind.model_fields.values():
            nouns_in(field.annotation, seen)
    for argument in typing.get_args(kind):
        nouns_in(argument, seen)
    return seen


def counts_in(kind):
    """Name the fields of a noun, and of what stands in it, that count somebody."""
    return {
        f"{noun.__name__}.{name}"
        for noun in nouns_in(kind, set())
        for name in noun.model_fields
        if name in COUNTS or name.startswith("n_") or name.endswith("_units")
    } - OF_NOBODY


def test_what_counts_people_is_made_safe_before_it_is_kept():
    missing = {
        name: counts_in(kind)
        for name, kind in kinds().items()
        if kind not in _SAFE and counts_in(kind)
    }
    assert missing == {}


def test_the_search_finds_counts_that_stand_deep_in_a_noun():
    assert counts_in(Alert) == {
        "UnitResult.denominator",
        "UnitResult.numerator",
        "PathPoint.denominator",
        "PathPoint.numerator",
    }
    assert len(kinds()) > 10
