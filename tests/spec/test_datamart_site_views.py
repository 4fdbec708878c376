"""A site's own views of FHIR, in its project's folder, over the built-in ones."""

import datetime as dt
import json

import pytest

from rounds.datamart import Datamart, Store, load
from rounds.nouns import DefinitionError
from stories import small_fhir as story

NOON = dt.datetime(2025, 1, 6, 12, tzinfo=dt.UTC)
RACE = "http://clinic.example/race"
CLINIC = "http://clinic.example/clinic"
OURS = {
    "Patient": (
        "race",
        f"extension('{RACE}').value.ofType(Coding).first()",
        {"type": "Coding", "tag": [{"name": "rounds/elements", "value": "system, code, display"}]},
    ),
    "Encounter": (
        "care_site",
        f"extension('{CLINIC}').value.ofType(Reference).first().reference",
        {},
    ),
}  # fmt: skip


@pytest.fixture
def given(tmp_path):
    """Resources with what the built-in views do not look at."""
    folder = tmp_path / "fhir"
    folder.mkdir()
    race = {"url": RACE, "valueCoding": {"code": "2054-5", "display": "Black"}}
    clinic = {"url": CLINIC, "valueReference": story.ref("Organization", "o2")}
    return story.write_ndjson(
        folder,
        {
            "Patient": [story.patient(extension=[race])],
            "Organization": [
                story.resource("Organization", "o1", name="North"),
                story.resource("Organization", "o2", name="South"),
            ],
            "Encounter": [story.encounter(extension=[clinic])],
            "Observation": [story.observation()],
        },
    )


@pytest.fixture
def views(tmp_path):
    """Write one of our views; give the folder."""

    def write(*names, **more):
        folder = tmp_path / "views"
        folder.mkdir(exist_ok=True)
        for name in names:
            column, path, said = OURS[name]
            one = {"name": column, "path": path, **said}
            document = {"resource": name, "select": [{"column": [one]}], **more}
            (folder / f"{name}.json").write_text(json.dumps(document))
        return folder

    return write


def asked(mart, query):
    with Datamart.open(mart) as opened:
        return opened._connection.execute(query).fetchall()


def races(mart):
    return asked(mart, "SELECT race_concept_id, race_source_value FROM person")


def sites(mart):
    return asked(
        mart,
        "SELECT care_site_name FROM visit_occurrence JOIN care_site USING (care_site_id)",
    )


def test_a_local_extension_feeds_the_omop_row(given, views, tmp_path):
    load(given, tmp_path / "plain")
    assert races(tmp_path / "plain") == [(0, None)]
    assert sites(tmp_path / "plain") == [("North",)]
    mart = tmp_path / "mart"
    load(given, mart, views=views("Patient", "Encounter"))
    assert races(mart) == [(8516, "Black")]
    assert sites(mart) == [("South",)]
    assert asked(mart, "SELECT count(*) FROM measurement") == [(1,)]


def test_a_bad_line_beside_changes_nothing_of_it(given, views, tmp_path):
    """The file is then read line by line, by the same views."""
    with (given / "Patient.ndjson").open("a") as stream:
        stream.write('{"resourceType": "Patient", "id": "cut off\n')
    report = load(given, tmp_path / "mart", views=views("Patient"))
    assert (report.read, report.set_aside) == (6, 1)
    assert races(tmp_path / "mart") == [(8516, "Black")]


def test_other_views_read_every_file_again(given, views, tmp_path):
    mart = tmp_path / "mart"
    plain = load(given, mart, now=lambda: NOON)
    before = Store(mart).current()
    folder = views("Patient")
    ours = load(given, mart, now=lambda: NOON, views=folder)
    after = Store(mart).current()
    assert not ours.unchanged
    assert ours.read == plain.read
    assert races(mart) == [(8516, "Black")]
    assert ours.snapshot != plain.snapshot
    assert after.mapping_version != before.mapping_version
    assert len(after.parts) == 1
    assert load(given, mart, views=folder).unchanged
    (folder / "Patient.json").unlink()
    again = load(given, mart, now=lambda: NOON, views=folder)
    assert again.snapshot == plain.snapshot
    assert races(mart) == [(0, None)]
    assert Store(mart).current().mapping_version == before.mapping_version


def test_an_increment_under_other_views_reads_what_was_held_too(given, views, tmp_path):
    mart = tmp_path / "mart"
    load(given, mart)
    more = tmp_path / "more"
    more.mkdir()
    story.write_ndjson(more, {"Patient": [story.patient("p2")]})
    report = load(more, mart, views=views("Patient"))
    assert report.persons == 2
    assert sorted(races(mart)) == [(0, None), (8516, "Black")]


@pytest.mark.parametrize(
    "path", ["extension('x').valueCoding", "gender", "name.first()"]
)
def test_a_wrong_view_is_refused_before_anything_is_loaded(
    given, views, tmp_path, path
):
    folder, mart = views("Patient"), tmp_path / "mart"
    document = json.loads((folder / "Patient.json").read_text())
    document["select"][0]["column"][0]["path"] = path
    (folder / "Patient.json").write_text(json.dumps(document))
    with pytest.raises(DefinitionError) as raised:
        load(given, mart, views=folder)
    assert raised.value.code == "invalid-view"
    assert "Patient.json" in str(raised.value)
    assert "select[0].column[0].path" in str(raised.value)
    assert not mart.exists()
    load(given, mart)
    number = Store(mart).current().number
    with pytest.raises(DefinitionError):
        load(given, mart, views=folder)
    assert Store(mart).current().number == number


def test_a_value_of_the_wrong_type_is_set_aside_where_a_view_computes(
    given, views, tmp_path
):
    path = f"iif(active, extension('{RACE}').value.ofType(Coding).first(), {{}})"
    folder = views("Patient")
    document = json.loads((folder / "Patient.json").read_text())
    document["select"][0]["column"][0]["path"] = path
    (folder / "Patient.json").write_text(json.dumps(document))
    race = {"url": RACE, "valueCoding": {"code": "2054-5", "display": "Black"}}
    story.write_ndjson(
        given,
        {
            "Patient": [
                story.patient("p1", active=True, extension=[race]),
                story.patient("p2", active=False, extension=[race]),
                story.patient("p3", active="true", extension=[race]),
            ]
        },
    )
    report = load(given, tmp_path / "mart", views=folder)
    assert [(each.type, each.reason, each.n) for each in report.reasons] == [
        ("Patient", "value of the wrong type: active", 1)
    ]
    assert sorted(races(tmp_path / "mart")) == [(0, None), (8516, "Black")]
