"""What is in force: of several sources, under a mapping and a vocabulary."""

import duckdb

from rounds.datamart import Datamart, Store, change_vocabulary, load, mapping
from rounds.datamart.loading import taking_in
from stories import adding
from stories.adding import NOON, readings, refused
from stories.small_fhir import write_ndjson


def test_sources_stand_side_by_side_under_their_names(source, tmp_path):
    mart = tmp_path / "mart"
    load(adding.write(tmp_path / "a", "a", [adding.reading(1)]), mart)
    other = adding.write(tmp_path / "b", "b", [adding.reading(2, person=2)])
    report = load(other, mart, name="west")
    assert report.persons == 2
    given = Store(mart).current().sources
    assert [(each.name, each.rows["person"]) for each in given] == [
        ("main", 1),
        ("west", 1),
    ]
    with Datamart.open(mart) as opened:
        assert opened.load_report() == report
        assert opened.load_report("main").read == 1
        assert [each.name for each in opened.status().sources] == ["main", "west"]
    for name in ("", "a b", "../a", "a|b", "-a", "x" * 64):
        refused("source-name", load, other, mart, name=name)


def test_the_order_in_which_sources_come_changes_nothing(source, tmp_path):
    a = adding.write(tmp_path / "a", "a", [adding.reading(1)])
    b = adding.write(tmp_path / "b", "b", [adding.reading(2, person=2)])
    reports = []
    for mart, order in (("one", "ab"), ("other", "ba")):
        for name in order:
            given = {"a": (a, "main"), "b": (b, "west")}[name]
            report = load(given[0], tmp_path / mart, name=given[1])
        with Datamart.open(tmp_path / mart) as opened:
            reports.append((report.snapshot, opened.fingerprints()))
    assert reports[0] == reports[1]


def test_one_source_gives_one_shape(source, tmp_path, monkeypatch):
    mart = tmp_path / "mart"
    load(adding.write(tmp_path / "a", "a", [adding.reading(1)]), mart)
    monkeypatch.undo()
    (tmp_path / "fhir").mkdir()
    said = refused(
        "source-of-another-shape", load, write_ndjson(tmp_path / "fhir"), mart
    )
    assert "readings before" in said
    assert Store(mart).current().number == 1


def test_another_mapping_reads_every_file_again_or_names_what_is_gone(
    five, tmp_path, monkeypatch
):
    first = Store(five).current().id
    monkeypatch.setattr(taking_in, "mapping_version", lambda: "another")
    monkeypatch.setattr(
        "rounds.datamart.given.source_files.mapping_version", lambda: "another"
    )
    new = adding.write(tmp_path / "in-6", "6", [adding.reading(6)])
    (tmp_path / "in-2" / "2.readings").rename(tmp_path / "aside")
    said = refused("files-gone", load, new, five)
    assert "main: 2.readings" in said
    (tmp_path / "aside").rename(tmp_path / "in-2" / "2.readings")
    assert load(new, five).read == 6
    current = Store(five).current()
    assert current.mapping_version == "another"
    assert len(current.parts) == 1
    assert readings(five) == 6
    assert current.id != first
    assert mapping.mapping_version() != "another"


def one_concept(path):
    """Write a vocabulary of one concept."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE concept AS SELECT 3004249 AS concept_id, 'Systolic' AS "
            "concept_name, 'Measurement' AS domain_id, 'LOINC' AS vocabulary_id, "
            "'Lab' AS concept_class_id, 'S' AS standard_concept, '8480-6' AS "
            "concept_code, DATE '1970-01-01' AS valid_start_date, "
            "DATE '2099-12-31' AS valid_end_date, NULL::VARCHAR AS invalid_reason"
        )
        connection.execute("CREATE TABLE concept_ancestor (x INTEGER)")
    return "0123456789abcdef"


def test_another_vocabulary_reads_every_file_again(five, tmp_path):
    made = change_vocabulary(five, one_concept, now=lambda: NOON)
    assert (made.number, made.vocabulary) == (6, "0123456789abcdef")
    assert (five / "vocabularies" / "0123456789abcdef.duckdb").is_file()
    assert made.rows["concept"] == 1
    assert readings(five) == 5
    with Datamart.open(five) as opened:
        counted = opened._connection.execute("SELECT count(*) FROM concept_ancestor")
        assert counted.fetchone() == (0,)
    assert change_vocabulary(five, one_concept).number == 6
    line = adding.reading(6)
    load(adding.write(tmp_path / "in-6", "6", [line]), five)
    assert Store(five).current().vocabulary == "0123456789abcdef"


def test_a_vocabulary_may_come_first(tmp_path):
    change_vocabulary(tmp_path / "mart", one_concept)
    with Datamart.open(tmp_path / "mart") as opened:
        assert opened.status().persons == 0
        found = opened.fingerprints()
    assert found.pop("concept").startswith("1-")
    assert set(found.values()) == {"0-0"}
