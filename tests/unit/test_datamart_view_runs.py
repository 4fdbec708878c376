"""A view run over files: what is written, what is set aside, what is refused."""

import gzip
import json
import stat

import duckdb
import pytest

from rounds.cli.main import main
from rounds.conduct import Project
from rounds.conduct.audit import lines_of
from rounds.datamart.sql_on_fhir import ViewDefinition, find_files, run_view
from rounds.nouns.errors import (
    AccessError,
    DataError,
    DefinitionError,
    DisclosureError,
    SourceError,
)
from stories.rights import let_me_see_persons
from stories.views import view_of

NAMES = view_of(
    "Patient", ("id", "id"), ("active", "active"), ("family", "name.family.first()")
)


def patient(given_id, **more):
    return {"resourceType": "Patient", "id": given_id, **more}


def lines(*resources):
    return "".join(
        (one if isinstance(one, str) else json.dumps(one)) + "\n" for one in resources
    )


def ran(tmp_path, document, name="out.csv"):
    view = ViewDefinition.parse(document)
    report = run_view(view, find_files(tmp_path / "fhir"), tmp_path / name)
    return report, tmp_path / name


@pytest.fixture
def fhir(tmp_path):
    folder = tmp_path / "fhir"
    folder.mkdir()
    return folder


def test_rows_are_written_for_their_owner_alone(tmp_path, fhir):
    (fhir / "Patient.ndjson").write_text(lines(patient("a", active=True), patient("b")))
    report, out = ran(tmp_path, NAMES)
    assert out.read_text() == "id,active,family\na,true,\nb,,\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert (report.rows, report.read, report.set_aside) == (2, 2, ())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fhir", "out.csv"]


def test_plain_gzip_and_bundles_are_read_together(tmp_path, fhir):
    (fhir / "one.ndjson").write_text(lines(patient("a")))
    (fhir / "two.ndjson.gz").write_bytes(gzip.compress(lines(patient("b")).encode()))
    (fhir / "packed.ndjson").write_bytes(gzip.compress(lines(patient("c")).encode()))
    entries = [
        {"resource": patient("d")},
        {"request": {"method": "DELETE", "url": "Patient/x"}},
        {"resource": {"resourceType": "Device", "id": "e"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (fhir / "bundle.json").write_text(json.dumps(bundle, indent=2))
    (fhir / "single.json").write_text(json.dumps(patient("f"), indent=2))
    (fhir / "bundles.ndjson").write_text(lines(bundle | {"entry": entries[:1]}))
    report, out = ran(tmp_path, NAMES, "out.parquet")
    found = duckdb.sql(f"SELECT id FROM '{out}' ORDER BY id").fetchall()
    assert [row[0] for row in found] == ["a", "b", "c", "d", "d", "f"]
    assert (report.rows, report.read, report.other) == (6, 6, 1)


def test_a_bad_line_is_counted_and_said_and_the_good_ones_are_kept(tmp_path, fhir):
    (fhir / "mixed.ndjson").write_text(
        lines(
            patient("a", active=True, name=[{"family": "Secretname"}]),
            '{"resourceType": "Patient", "id": "Secretname"',
            patient("b", active="Secretname"),
            patient("c", name={"family": "Secretname"}),
            {"id": "Secretname"},
            "[1]",
            {"resourceType": "Device", "id": "d"},
        )
    )
    report, out = ran(tmp_path, NAMES)
    assert out.read_text() == "id,active,family\na,true,Secretname\n"
    assert report.set_aside == (
        ("mixed.ndjson", "not JSON", 1),
        ("mixed.ndjson", "not a resource", 2),
        ("mixed.ndjson", "value of the wrong type: active", 1),
        ("mixed.ndjson", "value of the wrong type: name", 1),
    )
    assert (report.rows, report.read, report.other) == (1, 3, 1)
    assert "Secretname" not in repr(report)


@pytest.mark.parametrize("number", ["5.5", '"5"', "{}"])
def test_a_number_is_never_made_of_what_is_none(tmp_path, fhir, number):
    document = view_of("Patient", ("n", "multipleBirth.ofType(integer)"))
    good = patient("a", multipleBirthInteger=3)
    bad = f'{{"resourceType":"Patient","id":"b","multipleBirthInteger":{number}}}'
    (fhir / "p.ndjson").write_text(lines(good, bad))
    report, out = ran(tmp_path, document)
    assert out.read_text() == "n\n3\n"
    place = "value of the wrong type: multipleBirthInteger"
    assert report.set_aside == (("p.ndjson", place, 1),)


def test_lists_stand_in_csv_as_json(tmp_path, fhir):
    document = view_of("Patient", ("given", "name.given", {"collection": True}))
    (fhir / "p.ndjson").write_text(lines(patient("a", name=[{"given": ["A", "B"]}])))
    _, out = ran(tmp_path, document)
    assert out.read_text() == 'given\n"[""A"",""B""]"\n'


def test_a_repeat_goes_as_deep_as_the_data(tmp_path, fhir):
    item = {"linkId": "40"}
    for level in range(39, 0, -1):
        item = {"linkId": str(level), "item": [item]}
    response = {"resourceType": "QuestionnaireResponse", "id": "q", "item": [item]}
    (fhir / "q.ndjson").write_text(lines(response))
    document = view_of("QuestionnaireResponse", ("link", "linkId"), repeat=["item"])
    report, out = ran(tmp_path, document)
    assert report.rows == 40
    assert out.read_text().split() == ["link", *(str(n) for n in range(1, 41))]


def test_several_values_where_one_is_due_are_refused(tmp_path, fhir):
    document = view_of("Patient", ("id", "id"), ("family", "name.family"))
    names = [{"family": "Secretname"}, {"family": "Other"}]
    (fhir / "p.ndjson").write_text(lines(patient("a"), patient("b", name=names)))
    with pytest.raises(DataError, match="Column 'family'") as raised:
        ran(tmp_path, document)
    assert raised.value.code == "view-many-values"
    assert "Secretname" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["fhir"]


def test_a_value_that_does_not_fit_its_column_is_refused(tmp_path, fhir):
    tag = {"tag": [{"name": "ansi/type", "value": "DATE"}]}
    document = view_of("Patient", ("id", "id"), ("birth", "birthDate", tag))
    (fhir / "p.ndjson").write_text(lines(patient("a", birthDate="1950-07")))
    (tmp_path / "out.csv").write_text("as before")
    with pytest.raises(DataError, match="Column 'birth'") as raised:
        ran(tmp_path, document)
    assert raised.value.code == "view-value"
    assert "1950" not in str(raised.value)
    assert (tmp_path / "out.csv").read_text() == "as before"


def test_a_file_that_is_cut_off_is_refused(tmp_path, fhir):
    packed = gzip.compress(lines(*(patient(f"p{n}") for n in range(5000))).encode())
    (fhir / "p.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(SourceError, match=r"p\.ndjson\.gz") as raised:
        ran(tmp_path, NAMES)
    assert raised.value.code == "view-source-damaged"


def test_what_cannot_be_written_is_refused(tmp_path, fhir):
    (fhir / "p.ndjson").write_text(lines(patient("a")))
    with pytest.raises(DefinitionError, match=r"not as 'out\.xlsx'"):
        ran(tmp_path, NAMES, "out.xlsx")
    with pytest.raises(SourceError) as raised:
        ran(tmp_path, NAMES, "nowhere/out.csv")
    assert raised.value.code == "view-not-written"


def test_files_without_any_resource_of_the_type_give_a_file_without_rows(
    tmp_path, fhir
):
    (fhir / "d.ndjson").write_text(lines({"resourceType": "Device", "id": "d"}))
    report, out = ran(tmp_path, NAMES)
    assert out.read_text() == "id,active,family\n"
    assert (report.rows, report.read, report.other) == (0, 0, 1)


@pytest.fixture
def project(tmp_path):
    return Project.init(tmp_path / "project", source=None)


@pytest.fixture
def command(tmp_path, fhir, project):
    """Write the view's file, and give the command up to what a test adds."""
    (tmp_path / "view.json").write_text(json.dumps(NAMES))
    given = ["--from", str(fhir), "--out", str(tmp_path / "out.csv")]
    where = ["--project", str(project.root)]
    return ["data", "view", str(tmp_path / "view.json"), *given, *where]


def test_the_command_shows_no_row_and_no_small_count(fhir, project, command, capsys):
    """With a condition in the view, a count is as telling as a row."""
    let_me_see_persons(project.root)
    many = [patient(f"secret-{n}") for n in range(12)]
    (fhir / "Ann_Example_1950.ndjson").write_text(lines(*many, "{broken"))
    assert main([*command, "--persons"]) == 0
    said = capsys.readouterr().out
    assert "12 rows from 12 Patient resources" in said
    assert "suppressed (1–10) in file-1.ndjson: not JSON" in said
    assert "secret" not in said
    assert "Ann" not in said
    assert main([*command, "--persons", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["other"]) == (12, 0)
    assert told["set_aside"] == [["file-1.ndjson", "not JSON", None]]
    (fhir / "Ann_Example_1950.ndjson").write_text(lines(*many[:3]))
    assert main([*command, "--persons", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["read"]) == (None, None)


def test_the_command_is_for_who_may_see_persons_and_is_written_down(
    tmp_path, fhir, project, command, capsys
):
    (fhir / "p.ndjson").write_text(lines(patient("secret-id")))
    assert main(command) == DisclosureError.exit_code
    assert main([*command, "--persons"]) == AccessError.exit_code
    assert not (tmp_path / "out.csv").exists()
    let_me_see_persons(project.root)
    assert main([*command, "--persons"]) == 0
    assert (tmp_path / "out.csv").exists()
    looks = lines_of(project.audit_path)
    assert [(one["command"], one["what"]) for one in looks] == [
        ("data view", "Patient")
    ] * 2
    assert [one.get("refused", False) for one in looks] == [True, False]
    assert project.audit_faults() == []


def test_the_command_refuses_what_is_not_there(tmp_path, fhir, project, capsys):
    let_me_see_persons(project.root)
    out = ["--out", str(tmp_path / "out.csv"), "--persons"]
    out += ["--project", str(project.root)]
    absent = str(tmp_path / "absent")
    assert main(["data", "view", absent, "--from", str(fhir), *out]) == 10
    (tmp_path / "view.json").write_text(json.dumps(NAMES))
    view = str(tmp_path / "view.json")
    assert main(["data", "view", view, "--from", absent, *out]) == 15
    assert main(["data", "view", view, "--from", str(fhir), *out]) == 11
    assert "there is no folder" in capsys.readouterr().err.lower()


def test_a_repeat_that_never_ends_is_refused(tmp_path, fhir, monkeypatch):
    monkeypatch.setattr("rounds.datamart.sql_on_fhir.running._DEEPEST", 20)
    item = {"linkId": "0"}
    for _ in range(50):
        item = {"linkId": "n", "item": [item]}
    response = {"resourceType": "QuestionnaireResponse", "id": "q", "item": [item]}
    (fhir / "q.ndjson").write_text(lines(response))
    document = view_of("QuestionnaireResponse", ("link", "linkId"), repeat=["item"])
    with pytest.raises(DataError) as raised:
        ran(tmp_path, document)
    assert raised.value.code == "view-too-deep"


def test_a_condition_that_cannot_be_decided_is_not_called_a_column(tmp_path, fhir):
    document = view_of(
        "Patient", ("id", "id"), where=["name.family = 'A' or name.use > 'a'"]
    )
    (fhir / "p.ndjson").write_text(
        lines(patient("a", name=[{"use": "a"}, {"use": "b"}]))
    )
    with pytest.raises(DataError, match="A condition or an iteration"):
        ran(tmp_path, document)


def test_files_of_any_name_blank_lines_and_empty_files_are_read(tmp_path, fhir):
    inner = fhir / "x[1]*?"
    inner.mkdir()
    (inner / "p[a]*.ndjson").write_text("\n" + lines(patient("a")) + "\n\n")
    (fhir / "empty.ndjson").write_text("")
    (fhir / "blank.json").write_text("\n\n")
    (fhir / "crlf.ndjson").write_bytes(
        lines(patient("b")).replace("\n", "\r\n").encode()
    )
    (fhir / "last.ndjson").write_text(lines(patient("c")).strip())
    report, out = ran(tmp_path, NAMES)
    assert sorted(out.read_text().split()[1:]) == ["a,,", "b,,", "c,,"]
    assert (report.rows, report.set_aside) == (3, ())


def test_bytes_that_are_no_text_are_set_aside(tmp_path, fhir):
    (fhir / "p.ndjson").write_bytes(
        lines(patient("a")).encode() + b'{"id": "\xff\xfe"}\n'
    )
    report, out = ran(tmp_path, NAMES)
    assert out.read_text() == "id,active,family\na,,\n"
    assert sum(n for _, _, n in report.set_aside) == 1


def test_a_view_of_bundles_is_of_the_bundles_themselves(tmp_path, fhir):
    document = view_of("Bundle", ("n", "entry.count()"))
    bundle = {"resourceType": "Bundle", "entry": [{"resource": patient("a")}, {}]}
    (fhir / "b.json").write_text(json.dumps(bundle, indent=1))
    (fhir / "b.ndjson").write_text(lines(bundle))
    _, out = ran(tmp_path, document)
    assert out.read_text() == "n\n2\n2\n"


def test_a_document_that_is_not_json_is_set_aside_whole(tmp_path, fhir):
    (fhir / "bad.json").write_text('{\n "resourceType": "Patient",\n "id": "b"')
    (fhir / "good.json").write_text(json.dumps(patient("a"), indent=1))
    report, out = ran(tmp_path, NAMES)
    assert out.read_text() == "id,active,family\na,,\n"
    assert report.set_aside == (("bad.json", "not JSON: the whole file", 1),)
