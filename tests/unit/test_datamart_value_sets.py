"""Value sets are expanded as FHIR says, or left out by name; each is a concept set."""

import pytest

from rounds.datamart import Datamart, load_vocabulary
from rounds.datamart.vocabulary import read_value_set, value_set_names
from stories.small_vocabulary import (
    ICD,
    SNOMED,
    asked,
    below,
    built,
    listed,
    put,
    value_set,
    write_export,
)


def test_value_sets_expand_as_fhir_says(tmp_path):
    """Lists, imports, exclusions, what is below, and a finished expansion."""
    folder = put(
        write_export(tmp_path / "in"),
        value_set("list", compose={"include": [listed("E11.9", "E11.621")]}),
        value_set("import", compose={"include": [{"valueSet": ["http://x/list"]}]}),
        value_set(
            "less",
            version="2",
            compose={
                "include": [{"valueSet": ["http://x/list"]}, below("73211009")],
                "exclude": [listed("E11.621"), listed("74627003", system=SNOMED)],
            },
        ),
        value_set(
            "both",
            compose={
                "include": [{**listed("E11.9", "I10"), "valueSet": ["http://x/list"]}]
            },
        ),
        value_set("strict", compose={"include": [below("73211009", "descendent-of")]}),
        value_set("all", compose={"include": [{"system": "http://loinc.org"}]}),
        value_set(
            "done",
            compose={
                "include": [{"system": ICD, "filter": [{"property": "x", "op": "="}]}]
            },
            expansion={
                "contains": [
                    {
                        "abstract": True,
                        "code": "E10-E14",
                        "contains": [{"system": ICD, "code": "E11.9"}],
                    }
                ]
            },
        ),
    )
    made, report = built(folder, "a")
    assert report.refused == ()
    rows = asked(made, "SELECT url, version, code FROM rounds_value_set ORDER BY ALL")
    found = {}
    for url, version, code in rows:
        found.setdefault(url.removeprefix("http://x/") + version, []).append(code)
    assert found == {
        "list": ["E11.621", "E11.9"],
        "import": ["E11.621", "E11.9"],
        "less2": ["44054006", "73211009", "E11.9"],
        "both": ["E11.9"],
        "strict": ["44054006", "74627003"],
        "all": ["2345-7", "8480-6", "x3"],
        "done": ["E11.9"],
    }


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (
            {"compose": {"include": [{"system": "http://who", "filter": [
                {"property": "p", "op": "regex", "value": "v"}]}]}},
            "it asks for the filter p regex",
        ),
        (
            {"compose": {"include": [{"valueSet": ["http://x/none"]}]}},
            "it imports the value set http://x/none, which is not here",
        ),
        (
            {"compose": {"include": [{"valueSet": ["http://x/a"]}]}},
            "it imports itself through http://x/a",
        ),
        ({"compose": {"include": [{"system": "http://who"}]}}, "it asks for all of"),
        ({"compose": {"include": [{}]}}, "a part of it names no system"),
        ({}, "it has neither a definition nor an expansion"),
        ({"expansion": {"total": 9, "contains": [{"code": "A", "system": "s"}]}},
         "its expansion is one page of several"),
    ],
)  # fmt: skip
def test_what_cannot_be_expanded_is_left_out_by_name(tmp_path, parts, why):
    """The others are loaded; no value set is ever half of what it says."""
    good = value_set("good", compose={"include": [listed("E11.9")]})
    _, report = built(put(tmp_path / "in", value_set("a", **parts), good), "a")
    ((name, said),) = report.refused
    assert name == "http://x/a"
    assert said.startswith(why)
    assert report.value_sets == 1


def test_a_value_set_is_a_concept_set(tmp_path):
    """By its url alone, the latest version; with it, that one."""
    folder = put(
        tmp_path / "in",
        *(
            value_set(
                "diabetes",
                version=version,
                title="Diabetes, type 2",
                compose={"include": [listed(*codes)]},
            )
            for version, codes in (("1", ["E11"]), ("2", ["E11", "E11.9"]))
        ),
    )
    load_vocabulary(folder, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as datamart:
        assert value_set_names(datamart) == (
            "http://x/diabetes|1",
            "http://x/diabetes|2",
        )
        latest = read_value_set(datamart, "http://x/diabetes")
        first = read_value_set(datamart, "http://x/diabetes|1")
    assert latest.name == first.name == "diabetes-type-2"
    assert [one.code for one in latest.include] == ["E11", "E11.9"]
    assert [one.code for one in first.include] == ["E11"]
    assert latest.note == "From the value set http://x/diabetes|2."
