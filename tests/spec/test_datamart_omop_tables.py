"""Every clinical OMOP table loads; sources with names of their own stay apart."""

import datetime as dt

import pytest

from rounds.datamart import Datamart, load
from stories import small_omop as story

MORE = {
    "DEVICE_EXPOSURE": [
        {
            "DEVICE_EXPOSURE_ID": "1",
            "PERSON_ID": "11",
            "DEVICE_CONCEPT_ID": "0",
            "DEVICE_EXPOSURE_START_DATE": "2024-03-02",
            "DEVICE_SOURCE_VALUE": "pump",
        }
    ],
    "SPECIMEN": [
        {"SPECIMEN_ID": "1", "PERSON_ID": "11", "SPECIMEN_DATE": "2024-03-02"},
        {"SPECIMEN_ID": "2", "PERSON_ID": "99", "SPECIMEN_DATE": "2024-03-02"},
    ],
    "VISIT_DETAIL": [
        {
            "VISIT_DETAIL_ID": "7",
            "PERSON_ID": "11",
            "VISIT_DETAIL_START_DATE": "2024-03-01",
            "VISIT_OCCURRENCE_ID": "5",
            "VISIT_DETAIL_PARENT_ID": "7",
            "ADMITTING_SOURCE_VALUE": "home",
        }
    ],
    "NOTE": [
        {
            "NOTE_ID": "1",
            "PERSON_ID": "11",
            "NOTE_DATE": "2024-03-01",
            "NOTE_TITLE": "About Maria Miller",
            "NOTE_TEXT": "Maria Miller came",
        }
    ],
    "COST": [
        {
            "COST_ID": "1",
            "COST_EVENT_ID": "5",
            "COST_DOMAIN_ID": "Visit",
            "TOTAL_PAID": "10.5",
        }
    ],
    "FACT_RELATIONSHIP": [
        {
            "DOMAIN_CONCEPT_ID_1": "56",
            "FACT_ID_1": "11",
            "DOMAIN_CONCEPT_ID_2": "56",
            "FACT_ID_2": "12",
            "RELATIONSHIP_CONCEPT_ID": "44818790",
        }
    ]
    * 2,
    "PAYER_PLAN_PERIOD": [
        {
            "PAYER_PLAN_PERIOD_ID": "1",
            "PERSON_ID": "11",
            "PAYER_PLAN_PERIOD_START_DATE": "2024-01-01",
            "PAYER_PLAN_PERIOD_END_DATE": "2024-12-31",
        },
        {
            "PAYER_PLAN_PERIOD_ID": "2",
            "PERSON_ID": "11",
            "PAYER_PLAN_PERIOD_START_DATE": "2024-01-01",
            "PAYER_PLAN_PERIOD_END_DATE": "2023-12-31",
        },
    ],
    "CONDITION_ERA": [
        {
            "CONDITION_ERA_ID": "1",
            "PERSON_ID": "11",
            "CONDITION_CONCEPT_ID": "0",
            "CONDITION_ERA_START_DATE": "2024-03-01",
            "CONDITION_ERA_END_DATE": "2024-03-31",
        }
    ],
    "METADATA": [{"METADATA_CONCEPT_ID": "0", "NAME": "made by"}],
    "EPISODE": [
        {"EPISODE_ID": "3", "PERSON_ID": "12", "EPISODE_START_DATE": "2024-03-01"}
    ],
    "EPISODE_EVENT": [
        {
            "EPISODE_ID": "3",
            "EVENT_ID": "5",
            "EPISODE_EVENT_FIELD_CONCEPT_ID": "1147333",
        }
    ],
}


@pytest.fixture
def given(tmp_path):
    """Load tables as a source of some name; give the report and a way to read."""

    def run(tables, name="main"):
        folder = tmp_path / f"omop-{name}"
        folder.mkdir(exist_ok=True)
        story.write_csv(folder, tables)
        report = load(folder, tmp_path / "mart", name=name)

        def rows(query):
            with Datamart.open(tmp_path / "mart") as opened:
                return opened._connection.execute(query).fetchall()

        return report, rows

    return run


def test_every_clinical_table_is_loaded(given):
    report, rows = given({**story.TABLES, **MORE})
    assert {
        table.lower(): report.by_type[table.lower()].mapped for table in MORE
    } == dict.fromkeys((table.lower() for table in MORE), 1)
    assert {(r.type, r.reason) for r in report.reasons} == {
        ("care_site", "no usable primary key"),
        ("specimen", "reference to nothing: person_id"),
        ("fact_relationship", "duplicate id"),
        ("payer_plan_period", "ends before it begins"),
    }
    assert rows(
        "SELECT visit_detail_end_date, parent_visit_detail_id, "
        "admitted_from_source_value FROM visit_detail"
    ) == [(dt.date(2024, 3, 1), 7, "home")]
    assert rows("SELECT total_paid, cost_event_id FROM cost") == [(10.5, 5)]
    assert rows("SELECT name, metadata_id > 0 FROM metadata") == [("made by", True)]


def test_the_words_of_a_note_stay_where_they_are(given, tmp_path):
    report, rows = given({**story.TABLES, **MORE})
    assert rows("SELECT note_date, note_title, note_text FROM note") == [
        (dt.date(2024, 3, 1), None, None)
    ]
    (remark,) = [each for each in report.remarks if each.type == "note"]
    assert (remark.reason, remark.examples) == ("text not loaded", ("NOTE.csv:2",))
    kept = [path for path in (tmp_path / "mart").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"Maria" in path.read_bytes()]


def test_a_device_without_a_concept_has_a_local_one(given):
    _, rows = given({**story.TABLES, **MORE})
    assert rows(
        "SELECT concept_code, domain_id FROM device_exposure JOIN concept "
        "ON concept_id = device_source_concept_id"
    ) == [("pump", "Device")]


LINKS = (
    "SELECT p.year_of_birth, visit_start_date, site.care_site_name, total_paid, "
    "d.visit_detail_start_date, e.episode_start_date, f.relationship_concept_id "
    "FROM person p JOIN visit_occurrence v USING (person_id) "
    "LEFT JOIN care_site site ON site.care_site_id = v.care_site_id "
    "LEFT JOIN cost ON cost_event_id = v.visit_occurrence_id "
    "LEFT JOIN visit_detail d ON d.visit_occurrence_id = v.visit_occurrence_id "
    "LEFT JOIN episode_event ON event_id = v.visit_occurrence_id "
    "LEFT JOIN episode e USING (episode_id) "
    "LEFT JOIN fact_relationship f ON fact_id_1 = p.person_id "
    "WHERE coalesce(starts_with(p.person_source_value, '{}:'), false) = {} "
    "ORDER BY ALL"
)


def test_in_a_source_with_a_name_every_link_still_holds(given):
    tables = {**story.TABLES, **MORE}
    given(tables)
    _, rows = given(tables, "north")
    plain = rows(LINKS.format("north", "false"))
    assert len(plain) == 2
    assert plain == rows(LINKS.format("north", "true"))
    assert rows(
        "SELECT person_source_value FROM person WHERE person_id NOT IN (11, 12) ORDER BY 1"
    ) == [("north:p1",), ("north:p2",)]
    assert rows("SELECT care_site_source_value FROM care_site ORDER BY 1") == [
        ("north:o1",),
        ("o1",),
    ]
    for table in ("person", "visit_occurrence", "measurement", "cost", "metadata"):
        assert rows(f"SELECT count(*) - count(DISTINCT {table}_id) FROM {table}") == [
            (0,)
        ]


def own(code, concept_id="2000000005"):
    return {
        **story.TABLES,
        "CONCEPT": [
            {
                "CONCEPT_ID": concept_id,
                "CONCEPT_NAME": f"The {code}",
                "DOMAIN_ID": "Condition",
                "VOCABULARY_ID": "Ours",
                "CONCEPT_CODE": code,
            }
        ],
        "CONDITION_OCCURRENCE": [
            {
                **story.TABLES["CONDITION_OCCURRENCE"][0],
                "CONDITION_SOURCE_CONCEPT_ID": concept_id,
                "CONDITION_SOURCE_VALUE": code,
            }
        ],
    }


def test_one_number_for_two_things_at_two_sites_becomes_two_concepts(given):
    given(own("gout"), "north")
    _, rows = given(own("mumps"), "south")
    assert rows(
        "SELECT condition_source_value, concept_code, concept_name "
        "FROM condition_occurrence JOIN concept "
        "ON concept_id = condition_source_concept_id ORDER BY 1"
    ) == [("gout", "gout", "The gout"), ("mumps", "mumps", "The mumps")]


def test_two_numbers_for_one_thing_at_two_sites_become_one_concept(given):
    given(own("gout"), "north")
    _, rows = given(own("gout", "2100000000"), "south")
    assert rows(
        "SELECT count(*), count(DISTINCT condition_source_concept_id) "
        "FROM condition_occurrence"
    ) == [(2, 1)]


def test_loading_a_source_again_replaces_what_it_gave(given, tmp_path):
    given(story.TABLES, "north")
    given(story.TABLES, "south")
    (tmp_path / "omop-north" / "DRUG_EXPOSURE.csv").unlink()
    report, rows = given({}, "north")
    assert report.persons == 4
    assert rows("SELECT count(*) FROM drug_exposure") == [(1,)]


def test_the_same_rows_elsewhere_have_the_same_ids(given, tmp_path):
    given({**story.TABLES, **MORE}, "north")
    load(tmp_path / "omop-north", tmp_path / "other", name="north")
    with (
        Datamart.open(tmp_path / "mart") as one,
        Datamart.open(tmp_path / "other") as other,
    ):
        assert one.fingerprints() == other.fingerprints()
