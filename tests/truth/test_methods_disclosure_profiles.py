"""Profiles of disclosure against what the networks publish."""

import math

import pytest

from rounds.methods.disclosure.profiles import PROFILES

OPENSAFELY = PROFILES["opensafely"]
MIDPOINT = PROFILES["opensafely-midpoint-6"]


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (3, None), (8, 10), (16, 15), (23, 25), (50, 50),
        (18, 20), (31, 30), (44, 45),
    ],
)  # fmt: skip
def test_opensafelys_example_of_a_table_is_redacted_and_rounded(exact, shown):
    """Its page on disclosure control, "Rounding counts": each cell before and after."""
    found = None if OPENSAFELY.is_small(exact) else OPENSAFELY.rounded(exact)
    assert found == shown


@pytest.mark.parametrize(
    ("count", "small"), [(0, False), (1, True), (7, True), (8, False)]
)
def test_opensafely_redacts_seven_or_fewer_and_keeps_nobody(count, small):
    """The same page: counts of zero can be retained."""
    assert OPENSAFELY.is_small(count) is small
    assert OPENSAFELY.redacts


def test_midpoint_6_is_opensafelys_function():
    """Its `roundmid_any`: ceiling(x / 6) × 6 − floor(6 / 2), and 0 for 0."""
    for count in range(500):
        wanted = math.ceil(count / 6) * 6 - 3 * (count != 0)
        assert MIDPOINT.rounded(count) == wanted
    ranges = [(0, 0), (1, 6), (7, 12), (13, 18)]
    assert [MIDPOINT.within(shown) for shown in (0, 3, 9, 15)] == ranges


def test_midpoint_6_is_unbiased_but_for_half_a_person():
    """Over each six counts the mean is half below the true one: 3 for 3.5."""
    for first in (1, 7, 601):
        counts = range(first, first + 6)
        lost = sum(counts) - sum(MIDPOINT.rounded(one) for one in counts)
        assert lost / 6 == 0.5


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_what_a_shown_count_stands_for_is_what_rounds_to_it(name):
    """And a count that is not small is never shown as one that is."""
    profile = PROFILES[name]
    for count in range(200):
        shown = profile.rounded(count)
        least, greatest = profile.within(shown)
        assert least <= count <= greatest
        assert {profile.rounded(one) for one in range(least, greatest + 1)} == {shown}
        assert profile.rounded(greatest + 1) != shown
        if profile.redacts and not profile.is_small(count):
            assert not profile.is_small(shown)


@pytest.mark.parametrize(
    ("name", "greatest_hidden"),
    [
        ("cms", 10), ("pcornet", 10), ("pedsnet", 4), ("cumulus", 9), ("datashield", 2),
    ],
)  # fmt: skip
def test_a_least_cell_size_hides_what_is_below_it(name, greatest_hidden):
    """11 for CMS and PCORnet, 10 for Cumulus, 5 for PEDSnet, 3 for DataSHIELD."""
    profile = PROFILES[name]
    hidden = [n for n in range(40) if profile.is_small(n)]
    assert hidden == list(range(1, greatest_hidden + 1))
