"""What is remembered between publications is what would be read of them."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.conduct.answering import Answering
from rounds.conduct.differencing_guard import Line
from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import DisclosureError

AT = dt.datetime(2025, 2, 3, 9, 0, tzinfo=dt.UTC)
EVERYBODY = np.arange(300)


def lines(cuts, keep):
    """Split some of the people at these places; counts of 1 to 10 are hidden."""
    people = EVERYBODY[keep:]
    parts = [people, *np.split(people, sorted(cuts))]
    return [
        Line(f"part {i}", (PersonSum.of(part),), hidden=1 <= len(part) <= 10)
        for i, part in enumerate(parts)
        if len(part)
    ]


TOLD = st.tuples(
    st.sampled_from(["published", "answer"]),
    st.lists(st.integers(0, 300), max_size=4, unique=True),
    st.integers(0, 14),
    st.booleans(),
)


def tell(answering, number, told):
    kind, cuts, keep, together = told
    asked = lines(cuts, keep)

    def now():
        return AT

    if kind == "published":
        return answering.published(f"q{number}", asked, now, together=together)
    try:
        return answering.answer("ana", f"q{number}", asked, sorted_names, now)
    except DisclosureError:
        return "refused"


def sorted_names(names):
    return " ".join(sorted(names))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(TOLD, min_size=2, max_size=6))
def test_a_store_that_stays_open_says_what_one_opened_anew_says(history):
    with tempfile.TemporaryDirectory() as folder:
        open_all_along = Answering.open(Path(folder) / "open.sqlite", 10)
        for number, told in enumerate(history):
            anew = Answering.open(Path(folder) / "anew.sqlite", 10)
            said = tell(anew, number, told)
            anew.close()
            assert tell(open_all_along, number, told) == said
        open_all_along.close()


def test_what_could_not_be_written_was_not_told(tmp_path):
    """After a failure the next question is judged as if it had not been asked."""
    answering = Answering.open(tmp_path / "asked.sqlite", 10)
    whole, one_less = lines([], 0), lines([], 1)

    def no_clock():
        raise OSError("no clock")

    with pytest.raises(OSError, match="no clock"):
        answering.published("first", whole, no_clock, together=True)
    assert answering.published("second", one_less, lambda: AT, together=True) == set()
    withheld = answering.published("third", whole, lambda: AT, together=True)
    assert withheld == {"part 0", "part 1"}
    answering.close()
