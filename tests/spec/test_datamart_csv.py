"""Plain CSV with a mapping file becomes the same tables as any other input."""

import datetime as dt
import gzip
import re
from pathlib import Path

import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.mapping import mapping
from rounds.nouns.errors import DefinitionError
from stories import small_csv as story


@pytest.fixture
def mart(tmp_path):
    """Load files; give the report and a way to read rows."""

    def run(files=None, mapping=story.MAPPING):
        folder = tmp_path / "csv"
        folder.mkdir(exist_ok=True)
        story.write_files(folder, files, mapping)
        report = load(folder, tmp_path / "mart")

        def rows(query):
            with Datamart.open(tmp_path / "mart") as opened:
                return opened._connection.execute(query).fetchall()

        return report, rows

    return run


def sheet(text=story.SHEET, mapping=story.SHEET_MAPPING):
    return {"sheet.csv": text}, mapping


def test_persons_have_what_their_file_says(mart):
    report, rows = mart()
    assert rows(
        "SELECT person_source_value, p.gender_concept_id, p.year_of_birth, day_of_birth, "
        "care_site_source_value, provider_source_value FROM person p "
        "LEFT JOIN care_site USING (care_site_id) "
        "LEFT JOIN provider d ON d.provider_id = p.provider_id ORDER BY 1"
    ) == [
        ("p1", 8532, 1960, 4, "North", "ana"),
        ("p2", 8507, 1950, None, "South", None),
    ]
    assert rows("SELECT death_date FROM death") == [(dt.date(2024, 5, 6),)]
    assert report.read == report.mapped == report.mapped + report.set_aside


def test_a_time_is_taken_as_it_is_written_there(mart):
    _, rows = mart()
    assert rows(
        "SELECT measurement_date, CAST(measurement_datetime AS VARCHAR), value_as_number, "
        "unit_source_value FROM measurement ORDER BY value_as_number"
    ) == [
        (dt.date(2024, 3, 1), "2024-03-01 09:35:00", 82.0, "mm[Hg]"),
        (dt.date(2024, 3, 1), "2024-03-01 09:35:00", 128.0, "mm[Hg]"),
        (dt.date(2024, 4, 1), None, 150.5, "mm[Hg]"),
    ]


def test_other_files_refer_to_visits_by_their_names(mart):
    _, rows = mart()
    assert rows(
        "SELECT visit_start_date, visit_end_date, visit_concept_id, count(value_as_number)"
        " FROM visit_occurrence LEFT JOIN measurement USING (visit_occurrence_id) "
        "GROUP BY ALL ORDER BY 3 DESC"
    ) == [
        (dt.date(2024, 3, 1), dt.date(2024, 3, 1), 9202, 2),
        (dt.date(2024, 3, 1), dt.date(2024, 3, 4), 9201, 0),
    ]


def test_codes_are_known_by_their_system(mart):
    _, rows = mart()
    assert rows(
        "SELECT vocabulary_id, concept_code FROM drug_exposure JOIN concept "
        "ON concept_id = drug_source_concept_id UNION ALL "
        "SELECT vocabulary_id, concept_code FROM condition_occurrence JOIN concept "
        "ON concept_id = condition_source_concept_id ORDER BY 1"
    ) == [("ICD10CM", "I10"), ("RxNorm", "314076")]
    assert rows("SELECT drug_exposure_end_date FROM drug_exposure") == [
        (dt.date(2024, 5, 4),)
    ]


def test_the_least_sheet_has_a_person_and_a_visit_on_each_line(mart):
    report, rows = mart(*sheet())
    assert report.persons == 3
    assert rows(
        "SELECT care_site_source_value, observation_source_value, value_as_number, "
        "value_as_string, count(*) FROM observation JOIN visit_occurrence "
        "USING (visit_occurrence_id) JOIN care_site USING (care_site_id) "
        "GROUP BY ALL ORDER BY ALL"
    ) == [
        ("A", "arm", None, "new", 2),
        ("A", "better", 1.0, None, 2),
        ("A", "days", 3.0, None, 2),
        ("B", "arm", None, "usual", 1),
        ("B", "better", 0.0, None, 1),
    ]
    assert rows("SELECT DISTINCT year_of_birth, gender_concept_id FROM person") == [
        (None, 0)
    ]
    assert rows("SELECT DISTINCT vocabulary_id FROM concept") == [("urn:rounds:csv",)]
    assert [each.reason for each in report.remarks] == ["column not used: remarks"]


BAD_LINES = {
    "no day": ("A,,new,yes,3,", "required value missing: time", "visit_occurrence"),
    "February 30th": ("A,2024-02-30,new,yes,,", "impossible date: time", "observation"),
    "a day of another kind": (
        "A,01/02/2024,new,1,,",
        "impossible date: time",
        "observation",
    ),
    "too few fields": ("A,2024-01-02", "line that is not CSV", "visit_occurrence"),
}


@pytest.mark.parametrize("case", BAD_LINES, ids=str)
def test_a_bad_line_is_set_aside_with_its_place(mart, case):
    line, why, kind = BAD_LINES[case]
    report, _ = mart(*sheet(f"{story.SHEET}{line}\n"))
    found = {(each.type, each.reason): each.examples[0] for each in report.reasons}
    assert found[kind, why] == "sheet.csv:5"
    assert report.persons == 3
    assert report.read == report.mapped + report.set_aside


def test_what_refers_to_nothing_is_set_aside_or_remarked(mart):
    files = dict(story.FILES)
    files["readings-april.csv"] += "p9,,2024-04-01,sys,150\np1,v2,2024-04-01,sys,140\n"
    report, rows = mart(files)
    assert {(r.type, r.reason, r.examples) for r in report.reasons} == {
        (
            "measurement",
            "reference to nothing: person",
            ("readings-april.csv:3",),
        )
    }
    (remark,) = report.remarks
    assert (remark.reason, remark.examples) == (
        "reference to nothing: visit",
        ("readings-april.csv:4",),
    )
    assert rows("SELECT count(*) FROM measurement") == [(4,)]


def test_a_repeated_line_counts_once(mart):
    files = dict(story.FILES)
    files["problems.csv"] += "p1,2024-03-01,I10\n"
    report, rows = mart(files)
    assert rows("SELECT count(*) FROM condition_occurrence") == [(1,)]
    assert [each.reason for each in report.reasons] == ["repeated row"]


def test_dates_and_numbers_as_a_country_writes_them(mart):
    mapping = story.SHEET_MAPPING + '    dates: "%d.%m.%Y"\n    decimal: ","\n'
    text = "clinic;day;arm;better;days\nA;31.01.2024;new;ja;2,5\n"
    _, rows = mart(*sheet(text, mapping))
    assert rows("SELECT visit_start_date FROM visit_occurrence") == [
        (dt.date(2024, 1, 31),)
    ]
    assert rows(
        "SELECT value_as_number, value_as_string FROM observation "
        "WHERE observation_source_value <> 'arm' ORDER BY 1"
    ) == [(2.5, None), (None, "ja")]


def test_words_are_translated_and_unknown_ones_remarked(mart):
    files = dict(story.FILES)
    files["patients.csv"] += "p3,1970-01-01,x,,,\n"
    report, rows = mart(files)
    assert [each.reason for each in report.remarks] == ["word not known: sex"]
    assert rows(
        "SELECT gender_concept_id, gender_source_value FROM person "
        "WHERE person_source_value = 'p3'"
    ) == [(0, "x")]


def test_a_file_in_latin_1_and_a_packed_one_are_read(mart, tmp_path):
    mapping = story.SHEET_MAPPING + "    encoding: latin-1\n"
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "sheet.csv").write_bytes(
        "clinic,day,arm,better,days\nKöln,2024-01-02,a,1,\n".encode("latin-1")
    )
    _, rows = mart({}, mapping)
    assert rows("SELECT care_site_name FROM care_site") == [("Köln",)]
    (folder / "sheet.csv").unlink()
    with gzip.open(folder / "sheet.csv.gz", "wt") as stream:
        stream.write(story.SHEET)
    _, rows = mart({}, story.SHEET_MAPPING.replace("sheet.csv", "sheet.csv.gz"))
    assert rows("SELECT count(*) FROM person") == [(3,)]


def test_in_a_source_with_a_name_nobody_is_taken_for_another(tmp_path):
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        story.write_files(folder)
        load(folder, tmp_path / "mart", name=name)
    with Datamart.open(tmp_path / "mart") as opened:
        rows = opened._connection.execute(
            "SELECT person_source_value, count(DISTINCT visit_occurrence_id) FROM person "
            "JOIN visit_occurrence USING (person_id) GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert rows == [("one:p1", 1), ("one:p2", 1), ("two:p1", 1), ("two:p2", 1)]


FAULTS = {
    "no files": ("files: {}", "must name at least one"),
    "no row": ("files: {sheet.csv: {time: day}}", "row must be one of"),
    "no such key": (
        "files: {sheet.csv: {row: visit, time: day, doctor: x}}",
        "visit has no doctor",
    ),
    "no time": ("files: {sheet.csv: {row: visit}}", "visit lacks time"),
    "no such column": (
        "files: {sheet.csv: {row: visit, time: date}}",
        'there is no column "date" among its 6',
    ),
    "no such file": (
        "files: {sheets.csv: {row: visit, time: day}}",
        "sheets.csv: there is no such file",
    ),
    "two sources of one value": (
        "files: {sheet.csv: {row: visit, time: {column: day, value: x}}}",
        "time must be the name of a column",
    ),
    "half of it about somebody": (
        (
            "files: {sheet.csv: [{row: visit, time: day}, "
            "{row: observation, person: arm, time: day, code: {value: x}}]}"
        ),
        "visit lacks person",
    ),
    "no such encoding": (
        "files: {sheet.csv: {row: visit, time: day, encoding: cp1252}}",
        "encoding must be one of",
    ),
}


@pytest.mark.parametrize("case", FAULTS, ids=str)
def test_a_fault_of_the_mapping_is_named(mart, case):
    mapping, said = FAULTS[case]
    with pytest.raises(DefinitionError) as caught:
        mart({"sheet.csv": story.SHEET}, mapping)
    assert caught.value.code == "mapping-invalid"
    assert said in caught.value.what


def test_all_faults_are_listed_at_once(mart):
    mapping = "files: {sheet.csv: {row: visit, when: day}, a.csv: {row: x}}"
    with pytest.raises(DefinitionError) as caught:
        mart({"sheet.csv": story.SHEET}, mapping)
    assert "has 4 fault(s)" in caught.value.what


def test_a_first_line_that_is_a_person_s_is_not_quoted(mart):
    text = "North clinic,1960-05-04,Maria Miller,yes,3,\n" * 2
    with pytest.raises(DefinitionError) as caught:
        mart(*sheet(text))
    assert "Miller" not in str(caught.value)
    assert "1960" not in str(caught.value)


def test_the_manual_names_every_row_and_key():
    page = Path(__file__).parents[2] / "docs" / "how-to" / "load-a-spreadsheet.md"
    told = {
        cells[1].strip(): re.findall(r"\w+", re.sub(r"\([^)]*\)", "", cells[2]))
        for line in page.read_text().splitlines()
        if line.startswith("| ") and len(cells := line.split("|")) == 4
    }
    del told["row"]
    known = {}
    for rule in mapping("csv_columns"):
        known.setdefault(rule["row"], set()).add(rule["key"])
    assert {row: set(keys) for row, keys in told.items()} == known
