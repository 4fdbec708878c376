"""People have what a table says of the area they live in, and it is marked as such."""

import datetime as dt

import pytest

from rounds.datamart import Datamart, Store, load, run_measure
from rounds.datamart.areas.coverage import area_coverage, area_notes
from rounds.datamart.rows import measure_rows
from rounds.nouns import Period
from stories import areas as story
from stories.small_fhir import code, condition, patient, write_ndjson

HOMES = {
    "low": {"zip": "02138-1234", "state": "MA"},
    "high": {"zip": "021390001", "state": "MA"},
    "tract": {"zip": "02138", "location_source_value": "25017352101"},
    "block": {"zip": "", "location_source_value": "250173521011002"},
    "nowhere": None,
    "elsewhere": {"zip": "99999"},
    "empty": {"zip": "02140"},
}
RANKS = [("02138", 0.2), ("02139", 0.9), ("02140", -999)]


@pytest.fixture
def cdm(tmp_path):
    return story.write_cdm(tmp_path / "cdm", HOMES)


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "areas"
    story.write_svi(folder / "SVI_2022_US_ZCTA.csv", RANKS)
    story.write_svi(folder / "SVI_2022_US.csv", [("25017352101", 0.6)])
    return folder


@pytest.fixture
def mart(cdm, tables, tmp_path):
    load(cdm, tmp_path / "mart")
    load(tables, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as opened:
        yield opened


def test_strata_read_the_rank_of_the_area_a_person_lives_in(mart):
    """By ZIP Code, with or without four more digits; by tract, where one is known."""
    assert story.quartiles(mart) == {
        "low": 1,
        "high": 4,
        "tract": 3,
        "block": 3,
        "nowhere": 0,
        "elsewhere": 0,
        "empty": 0,
    }


def test_an_area_s_value_is_marked_with_its_kind_and_vintage(mart):
    """A concept of its type says that no one measured it of the person."""
    rows = [row for row in story.area_rows(mart) if row[1] == "RPL_THEMES"]
    said = "area-level: {} 2022, present address"
    assert rows == [
        ("block", "RPL_THEMES", "2023-03-01", 0.6, 32848, said.format("tract")),
        ("high", "RPL_THEMES", "2023-03-01", 0.9, 32848, said.format("zcta")),
        ("low", "RPL_THEMES", "2023-03-01", 0.2, 32848, said.format("zcta")),
        ("tract", "RPL_THEMES", "2023-03-01", 0.6, 32848, said.format("tract")),
    ]


def test_whoever_has_none_is_counted_with_the_reason(mart):
    assert area_coverage(mart) == {
        "area": 4,
        "no address": 1,
        "no value": 1,
        "unknown area": 1,
    }


def test_rows_are_counted_as_they_are_seen(mart):
    counted = mart._connection.execute("SELECT count(*) FROM observation").fetchall()
    assert counted == [(8 + 1,)]
    assert mart.status().rows["observation"] == 8 + 1


def test_the_order_of_loads_makes_no_difference(mart, cdm, tables, tmp_path):
    load(tables, tmp_path / "other")
    load(cdm, tmp_path / "other")
    with Datamart.open(tmp_path / "other") as other:
        assert other.snapshot == mart.snapshot
        assert other.fingerprints() == mart.fingerprints()
    assert load(tables, tmp_path / "other").unchanged


def test_areas_without_persons_are_no_fault(tables, tmp_path):
    report = load(tables, tmp_path / "first")
    assert (report.shape, report.persons) == ("areas", 0)
    with Datamart.open(tmp_path / "first") as opened:
        assert opened.status().rows["observation"] == 0
        assert [one.name for one in opened.sources] == ["areas"]


def test_a_person_s_own_value_stands_from_its_day_on(tables, tmp_path):
    """Before it there is the area's; a value that is no rank is none."""
    homes = dict.fromkeys(("own", "later", "missing"), HOMES["high"])
    own = [
        ("own", "2023-03-01", 0.1),
        ("later", "2024-08-01", 0.1),
        ("missing", "2023-03-01", -999),
    ]
    story.write_cdm(tmp_path / "cdm", homes, own=own)
    load(tmp_path / "cdm", tmp_path / "mart")
    load(tables, tmp_path / "mart")
    half = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 6, 30))
    with Datamart.open(tmp_path / "mart") as mart:
        assert story.quartiles(mart, half) == {"own": 1, "later": 4, "missing": 4}
        assert story.quartiles(mart) == {"own": 1, "later": 1, "missing": 4}
        assert area_coverage(mart) == {"area": 1, "own": 2}


def test_an_address_that_is_not_read_as_another_s(tables, tmp_path):
    """Four digits are a ZIP Code of a state whose begin with 0, and else nobody's."""
    homes = {
        "lost zero": {"zip": "2139", "state": "MA"},
        "lost zero and four": {"zip": "2139-0001", "state": "MA"},
        "Zurich": {"zip": "2139"},
        "abroad": {"zip": "02139", "country_source_value": "Estonia"},
        "at home": {"zip": "02139", "country_source_value": "us"},
        "words": {"zip": "unknown"},
        "county": {"zip": "", "location_source_value": "25017"},
    }
    load(story.write_cdm(tmp_path / "cdm", homes), tmp_path / "mart")
    load(tables, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        known = {name for name, found in story.quartiles(mart).items() if found}
        assert known == {"lost zero", "at home"}
        assert area_coverage(mart) == {"area": 2, "no code": 5}


def test_a_later_vintage_replaces_the_one_before(cdm, tables, tmp_path):
    """And a snapshot that is gone back to has the areas that it had."""
    mart = tmp_path / "mart"
    load(cdm, mart)
    load(story.write_svi(tmp_path / "SVI_2020_US_ZCTA.csv", [("02138", 0.9)]), mart)
    with Datamart.open(mart) as before:
        assert story.quartiles(before)["low"] == 4
        load(tables, mart)
        assert story.quartiles(before)["low"] == 4
    with Datamart.open(mart) as after:
        assert story.quartiles(after)["low"] == 1
        assert {row[-1].split()[2] for row in story.area_rows(after)} == {"2022,"}
    Store(mart).rollback(2)
    with Datamart.open(mart) as back:
        assert story.quartiles(back)["low"] == 4


def test_of_several_vintages_each_holds_from_its_year(cdm, tmp_path):
    """The first stands for the years before it: where people lived is not known."""
    folder = tmp_path / "areas"
    story.write_svi(folder / "SVI_2020_US_ZCTA.csv", [("02138", 0.1)])
    story.write_svi(folder / "SVI_2024_US_ZCTA.csv", [("02138", 0.9)])
    load(cdm, tmp_path / "mart")
    load(folder, tmp_path / "mart")
    early = Period(start=dt.date(2023, 3, 1), end=dt.date(2023, 12, 31))
    with Datamart.open(tmp_path / "mart") as mart:
        assert story.quartiles(mart, early)["low"] == 1
        assert story.quartiles(mart)["low"] == 4
        ranks = [row for row in story.area_rows(mart) if row[1] == "RPL_THEMES"]
        days = {row[2] for row in ranks if row[0] == "low"}
        assert days == {"2023-03-01", "2024-01-01"}
        assert mart.status().last_date == dt.date(2023, 3, 1), "no event of anybody's"


def test_a_vintage_that_was_over_before_the_first_day_is_not_there(cdm, tmp_path):
    folder = tmp_path / "areas"
    story.write_svi(folder / "SVI_2018_US_ZCTA.csv", [("02138", 0.1)])
    story.write_svi(folder / "SVI_2020_US_ZCTA.csv", [("02138", 0.9)])
    load(cdm, tmp_path / "mart")
    load(folder, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        assert story.quartiles(mart)["low"] == 4
        assert len(story.area_rows(mart)) == 2 * 2


def test_a_tract_that_was_drawn_anew_leaves_the_zip_s_value(cdm, tmp_path):
    """Its table was over before anybody came; the newer one has other tracts."""
    folder = tmp_path / "areas"
    story.write_svi(folder / "SVI_2018_US.csv", [("25017352101", 0.6)])
    story.write_svi(folder / "SVI_2022_US.csv", [("25017999999", 0.6)])
    story.write_svi(folder / "SVI_2022_US_ZCTA.csv", [("02138", 0.9)])
    load(cdm, tmp_path / "mart")
    load(folder, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        assert story.quartiles(mart)["tract"] == 4
        assert story.quartiles(mart)["low"] == 4
        assert story.quartiles(mart)["block"] == 0


def test_tables_of_two_sources_stand_together(cdm, tables, tmp_path):
    """A tract goes before a ZIP Code, whichever table is which source's."""
    mart = tmp_path / "mart"
    load(tables / "SVI_2022_US_ZCTA.csv", mart, name="by-zip")
    load(cdm, mart)
    load(tables / "SVI_2022_US.csv", mart, name="by-tract")
    with Datamart.open(mart) as opened:
        assert story.quartiles(opened)["tract"] == 3
        assert story.quartiles(opened)["low"] == 1


def test_whoever_moves_lives_where_he_or_she_lives_now(tables, tmp_path):
    """A newer Patient takes the area's value along; a former snapshot keeps it."""

    def day(name, zip_code, version):
        folder = tmp_path / name
        folder.mkdir()
        address = [{"use": "old", "postalCode": "02139"}, {"postalCode": zip_code}]
        who = patient("p1", address=address, meta={"versionId": version})
        ill = condition("c1", code=code("http://snomed.info/sct", "59621000"))
        del ill["encounter"]
        return write_ndjson(folder, {"Patient": [who], "Condition": [ill]})

    mart = tmp_path / "mart"
    load(tables, mart)
    load(day("first", "02138", "1"), mart)
    with Datamart.open(mart) as before:
        assert story.quartiles(before) == {"p1": 1}
        load(day("second", "02139", "2"), mart)
        with Datamart.open(mart) as after:
            assert story.quartiles(after) == {"p1": 4}
        assert story.quartiles(before) == {"p1": 1}


@pytest.mark.parametrize(
    "left",
    [
        {"use": "old"},
        {"use": "billing"},
        {"use": "work"},
        {"period": {"end": "2020-01-01"}},
        {"use": "home", "period": {"start": "2010-01-01", "end": "2020-01-01"}},
    ],
)
def test_an_address_where_nobody_lives_now_is_passed_over(left, tables, tmp_path):
    """With it alone, none is known."""
    former = {**left, "postalCode": "02139"}
    here = {"postalCode": "02138", "period": {"start": "2020-01-01"}}
    people = {"both": [former, here], "gone": [former]}
    ill = [
        condition(
            f"c-{name}",
            subject={"reference": f"Patient/{name}"},
            code=code("http://snomed.info/sct", "59621000"),
        )
        for name in people
    ]
    for one in ill:
        one.pop("encounter", None)
    folder = tmp_path / "fhir"
    folder.mkdir()
    given = [patient(name, address=address) for name, address in people.items()]
    write_ndjson(folder, {"Patient": given, "Condition": ill})
    load(tables, tmp_path / "mart")
    load(folder, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        assert story.quartiles(mart) == {"both": 1, "gone": 0}


def test_what_is_not_yet_a_person_s_own_is_not_called_so(tables, tmp_path):
    """Before its day the area's value is read, and told as that."""
    homes = {f"p{n}": HOMES["high"] for n in range(3)}
    own = [("p0", "2023-03-01", 0.1), ("p1", "2024-11-01", 0.1)]
    story.write_cdm(tmp_path / "cdm", homes, own=own)
    load(tmp_path / "cdm", tmp_path / "mart")
    load(tables, tmp_path / "mart")
    half = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 6, 30))
    with Datamart.open(tmp_path / "mart") as mart:
        *_, before = area_notes(mart, measure_rows(mart, story.ILL, half), half)
        *_, after = area_notes(
            mart, measure_rows(mart, story.ILL, story.YEAR), story.YEAR
        )
    assert before.endswith("of the area, own record.")
    assert after.endswith("own record, of the area.")


def test_a_patient_s_tract_is_read_from_the_address(tables, tmp_path):
    tract = {"url": story.TRACT, "valueString": "25017352101"}
    folder = tmp_path / "fhir"
    folder.mkdir()
    people = [
        patient("both", address=[{"extension": [tract], "postalCode": "02139"}]),
        patient("alone", address=[{"extension": [tract]}]),
    ]
    write_ndjson(folder, {"Patient": people})
    load(folder, tmp_path / "mart")
    load(tables, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        rows = story.area_rows(mart)
        ranks = {row[0]: row[3] for row in rows if row[1] == "RPL_THEMES"}
        assert ranks == {"both": 0.6, "alone": 0.6}


def test_a_split_by_the_index_says_that_it_is_of_areas(mart):
    found = run_measure(mart, story.ILL, story.YEAR, by="svi_quartile")
    (said,) = [one for one in found.limitations if "present address" in one]
    assert "census tract (2022) or ZIP Code area (2022)" in said
    other = run_measure(mart, story.ILL, story.YEAR, by="sex")
    assert not [one for one in other.limitations if "address" in one]


def test_what_is_said_of_a_measure_s_patients(mart):
    rows = measure_rows(mart, story.ILL, story.YEAR)
    early = Period(start=dt.date(2019, 1, 1), end=dt.date(2024, 12, 31))
    of_area, vintage, reach = area_notes(mart, rows, early)
    assert "no person's" in of_area
    assert "begins in 2019" in vintage
    assert reach == (
        "SVI, from the most frequent on, of too few patients to tell shares: of the "
        "area, no address, area to which the table gives no value, area that the table "
        "does not know."
    )
    assert len(area_notes(mart, rows, story.YEAR)) == 2


def test_without_area_tables_nothing_is_said_and_nothing_is_joined(cdm, tmp_path):
    load(cdm, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        rows = measure_rows(mart, story.ILL, story.YEAR)
        assert area_notes(mart, rows, story.YEAR) == ()
        assert area_coverage(mart) is None
        assert set(story.quartiles(mart).values()) == {0}
        views = mart._connection.execute("SELECT view_name FROM duckdb_views()")
        assert not [name for (name,) in views.fetchall() if "rounds_area" in name]


def test_people_of_plain_csv_have_an_address_too(tables, tmp_path):
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "people.csv").write_text(
        "id,born,home,geo\na,1960,02138,\nb,1960,02138,25017352101\nc,1960,,\n"
    )
    (folder / "rounds-mapping.yaml").write_text(
        "files:\n  people.csv: "
        "{row: person, person: id, birth: born, zip: home, tract: geo}\n"
    )
    report = load(folder, tmp_path / "mart")
    assert report.by_type["location"].mapped == 2
    load(tables, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        rows = story.area_rows(mart)
        ranks = {row[0]: row[3] for row in rows if row[1] == "RPL_THEMES"}
        assert ranks == {"a": 0.2, "b": 0.6}
        assert area_coverage(mart) == {"area": 2, "no address": 1}
