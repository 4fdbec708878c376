"""Who opts out is in no count, in a datamart that holds pseudonyms alone."""

import json

import pytest

from rounds.cli.main import main
from rounds.datamart import Datamart, load
from rounds.datamart.deidentify import MODES, plan_from
from rounds.datamart.deidentify.known import known_as
from rounds.nouns import AccessError, DataError
from stories import small_fhir as story
from stories.canaries import found_in_text

MEASURE = """\
name: ill-women
title: Women among the ill
type: process
improvement_notation: decrease
concept_sets:
  - name: ill
    include: [{system: "http://snomed.info/sct", code: "444814009"}]
initial_population:
  op: exists
  events:
    domain: condition
    concept_set: ill
    window: {start: {at: period_start}, end: {at: period_end}}
numerator:
  op: exists
  events:
    domain: condition
    concept_set: ill
    window: {start: {at: period_start}, end: {at: period_end}}
"""


def ill(folder, n=40):
    """Write patients of whom each has had sinusitis in 2024."""
    folder.mkdir()
    names = [f"mrn{place:04d}" for place in range(n)]
    sinusitis = story.code(story.SNOMED, "444814009")
    story.write_ndjson(
        folder,
        {
            "Patient": [story.patient(name) for name in names],
            "Condition": [
                {
                    "resourceType": "Condition",
                    "id": f"c-{name}",
                    "code": sinusitis,
                    "subject": {"reference": f"Patient/{name}"},
                    "onsetDateTime": "2024-05-06",
                }
                for name in names
            ],
        },
    )
    return names


def run(capsys, *arguments):
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_an_opt_out_by_command_is_in_no_count_of_a_de_identified_project(
    tmp_path, capsys
):
    names = ill(tmp_path / "fhir")
    project = tmp_path / "site"
    run(
        capsys, "init", project, "--from", tmp_path / "fhir",
        "--deidentify", "safe_harbor",
    )  # fmt: skip
    measures = project / "definitions" / "measures"
    measures.mkdir(parents=True, exist_ok=True)
    (measures / "ill-women.yaml").write_text(MEASURE)

    def denominator():
        code, found = run(
            capsys, "measure", "run", "ill-women", "--from", "2024-01-01",
            "--to", "2024-12-31", "--project", project,
        )  # fmt: skip
        assert code == 0, found
        assert found_in_text(json.dumps(found), names) == []
        return found["populations"]["denominator"]

    assert denominator() == 40
    (tmp_path / "declined.txt").write_text("\n".join(names[:15]) + "\nnobody-here\n")
    _, said = run(
        capsys, "change", "opt-out", "--from", tmp_path / "declined.txt",
        "--project", project,
    )  # fmt: skip
    assert said["recorded"] == 16
    assert denominator() == 25


@pytest.fixture
def loaded(tmp_path):
    def make(mode, name="main"):
        ill(tmp_path / "fhir", n=3)
        random = iter(range(1 << 20))
        plan = plan_from(
            {"data": {"deidentify": mode}},
            tmp_path / "private",
            lambda n: next(random).to_bytes(n, "big"),
            today=story_today,
        )
        mart = tmp_path / "private" / "datamart"
        load(tmp_path / "fhir", mart, deidentify=plan, name=name)
        return mart

    from datetime import date

    story_today = date(2026, 7, 1)
    return make


def pseudonyms(mart):
    found = mart._connection.execute("SELECT person_source_value FROM person")
    return {name for (name,) in found.fetchall()}


@pytest.mark.parametrize("name", ["main", "north"])
@pytest.mark.parametrize("mode", MODES)
def test_a_patient_is_known_under_the_pseudonym_of_the_source(loaded, mode, name):
    """As in a datamart without pseudonyms: of a source with a name, with that before."""
    before = "" if name == "main" else f"{name}:"
    with Datamart.open(loaded(mode, name)) as mart:
        everybody = pseudonyms(mart)
        known = known_as(mart, frozenset({f"{before}mrn0001", "nobody-here"}))
        both = known_as(mart, frozenset({f"{before}mrn0001", f"{before}mrn0002"}))
        assert len(everybody & known) == 1
        assert len(everybody & both) == 2
        (itself,) = everybody & known
        assert known_as(mart, frozenset({itself})) >= {itself}
        if before:
            assert not everybody & known_as(mart, frozenset({"mrn0001"}))


@pytest.mark.parametrize("mode", MODES)
def test_without_the_key_it_is_not_told_that_nobody_opted_out(loaded, mode):
    path = loaded(mode)
    key = path.parent / "deidentify.key"
    with Datamart.open(path) as mart:
        key.chmod(0o644)
        with pytest.raises(AccessError):
            known_as(mart, frozenset({"mrn0001"}))
        key.unlink()
        assert known_as(mart, frozenset()) == frozenset()
        with pytest.raises(DataError) as error:
            known_as(mart, frozenset({"mrn0001"}))
    assert error.value.code == "opt-outs-unmatched"
    assert "mrn0001" not in str(error.value)
