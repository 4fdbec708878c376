"""Exposures of those who opted out elsewhere are left out where they are read."""

from dataclasses import fields

import numpy as np

from rounds.practice.exposures import ExposureRows


def rows(*persons):
    n = len(persons)
    columns = {one.name: np.arange(n) for one in fields(ExposureRows)}
    return ExposureRows(**columns | {"person_source_value": np.array(persons, "U4")})


def test_the_rows_of_some_persons_are_left_out():
    kept = rows("p1", "p2", "p1", "p3").leaving_out(frozenset({"p1", "p9"}))
    assert kept.person_source_value.tolist() == ["p2", "p3"]
    assert kept.unit.tolist() == [1, 3]
    assert len(kept) == 2


def test_nobody_may_be_left_out_and_there_may_be_no_rows():
    assert len(rows("p1", "p2").leaving_out(frozenset())) == 2
    assert len(rows().leaving_out(frozenset({"p1"}))) == 0
