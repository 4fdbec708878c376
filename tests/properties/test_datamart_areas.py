"""Whatever people and areas there are, strata are what a plain reading of them gives."""

import datetime as dt
import random

import pytest

from rounds.datamart import Datamart, load
from stories import areas as story

ILL = dt.date(2023, 3, 1)
ZIPS = [f"{n:05d}" for n in range(2138, 2144)]
TRACTS = [f"25017352{n}" for n in range(100, 104)]
VINTAGES = (2018, 2020, 2024)


def people(luck):
    """Give homes as they are written, with the ZIP Code and tract that they mean."""
    homes, meant = {}, {}
    for n in range(14):
        code, tract = luck.choice([*ZIPS, ""]), luck.choice([*TRACTS, "", "", ""])
        written = luck.choice([code, f"{code}-0001" if code else "", f" {code} "])
        homes[f"p{n}"] = luck.choice(
            [None, {"zip": written, "location_source_value": tract}]
        )
        meant[f"p{n}"] = (tract, code) if homes[f"p{n}"] else ("", "")
    own = {
        name: (luck.choice(["2022-06-01", "2024-01-01", "2024-05-01"]), rank(luck))
        for name in luck.sample(sorted(homes), 5)
    }
    return homes, meant, own


def rank(luck):
    return luck.choice([-999, 0.0, 0.25, 0.3, 0.5, 0.74, 0.75, 1.0])


def tables(luck):
    """Give tables by kind and vintage: each area's rank."""
    return {
        (kind, vintage): {area: rank(luck) for area in codes if luck.random() < 0.7}
        or {codes[0]: 0.1}
        for kind, codes in (("tract", TRACTS), ("zcta", ZIPS))
        for vintage in VINTAGES
        if luck.random() < 0.7
    } or {("zcta", 2020): {ZIPS[0]: 0.6}}


def plainly(given, tract, code, own, on):
    """Give the quartile of one person, read line by line."""
    own_day = dt.date.fromisoformat(own[0]) if own else None
    begins = min(ILL, own_day) if own_day else ILL
    years = sorted(vintage for kind, vintage in given if kind == "tract")
    known = {
        area
        for n, year in enumerate(years)
        if not any(dt.date(later, 1, 1) <= begins for later in years[n + 1 : n + 2])
        for area in given["tract", year]
    }
    kind, area = ("tract", tract) if tract in known else ("zcta", code)
    vintages = sorted(vintage for each, vintage in given if each == kind)
    is_own = own is not None and 0 <= own[1] <= 1
    found = [(own_day, own[1])] if is_own else []
    for n, vintage in enumerate(vintages):
        value = given[kind, vintage].get(area, -999)
        later = vintages[n + 1 :]
        over = bool(later) and dt.date(later[0], 1, 1) <= begins
        day = max(begins, dt.date(vintage, 1, 1)) if n else begins
        if value != -999 and not over and not (is_own and own_day <= day):
            found.append((day, value))
    found = [one for one in found if one[0] <= on]
    if not found:
        return 0
    last = max(day for day, _ in found)
    value = min(value for day, value in found if day == last)
    return 1 + sum(value >= limit for limit in (0.25, 0.5, 0.75))


@pytest.mark.parametrize("seed", range(4))
def test_strata_are_what_a_plain_reading_gives(seed, tmp_path):
    luck = random.Random(seed)
    homes, meant, own = people(luck)
    given = tables(luck)
    cdm = story.write_cdm(
        tmp_path / "cdm", homes, own=[(name, *each) for name, each in own.items()]
    )
    for (kind, vintage), ranks in given.items():
        ending = "_ZCTA" if kind == "zcta" else ""
        lines = luck.sample(sorted(ranks.items()), len(ranks))
        story.write_svi(tmp_path / "areas" / f"SVI_{vintage}_US{ending}.csv", lines)
    order = luck.sample([cdm, tmp_path / "areas"], 2)
    for first, mart in ((0, "one"), (1, "other")):
        for source in (order[first], order[1 - first]):
            load(source, tmp_path / mart)
    with (
        Datamart.open(tmp_path / "one") as one,
        Datamart.open(tmp_path / "other") as other,
    ):
        assert one.snapshot == other.snapshot
        assert one.fingerprints() == other.fingerprints()
        expected = {
            name: plainly(given, *meant[name], own.get(name), story.YEAR.end)
            for name in homes
        }
        assert story.quartiles(one) == expected
        query = "SELECT count(*) FROM observation"
        ((counted,),) = one._connection.execute(query).fetchall()
        assert one.status().rows["observation"] == counted
