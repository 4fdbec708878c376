"""Concepts that OMOP sources bring themselves: corrected by their source, in any order."""

import pytest

from rounds.datamart import Datamart, Store, load, load_vocabulary
from stories import small_omop
from stories.small_vocabulary import write_export


def export(folder, *concepts, person="11"):
    """Write a source of one person that brings concepts: id, name, domain."""
    folder.mkdir(exist_ok=True)
    columns = (
        "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,"
        "standard_concept,concept_code,valid_start_date,valid_end_date,invalid_reason"
    )
    lines = [
        f"{number},{name},{domain},SITE,Undefined,S,C{number},1970-01-01,2099-12-31,"
        for number, name, domain in concepts
    ]
    (folder / "CONCEPT.csv").write_text("\n".join([columns, *lines]) + "\n")
    people = [small_omop.TABLES["PERSON"][0] | {"PERSON_ID": person}]
    small_omop.write_csv(folder, {"PERSON": people})
    return folder


def concepts(mart):
    """Give the concepts that sources brought: id, name, domain."""
    with Datamart.open(mart) as opened:
        found = opened._connection.execute(
            "SELECT concept_id, concept_name, domain_id FROM concept "
            "WHERE vocabulary_id = 'SITE' ORDER BY ALL"
        )
        return found.fetchall()


@pytest.fixture(params=["alone", "beside an export"])
def mart(request, tmp_path):
    """No datamart yet, or one that has a vocabulary of its own."""
    path = tmp_path / "mart"
    if request.param != "alone":
        load_vocabulary(write_export(tmp_path / "athena"), path)
    return path


def test_a_source_corrects_what_it_brought_before(mart, tmp_path):
    load(export(tmp_path / "in", (901, "Wrong", "Drug"), (902, "Old", "Drug")), mart)
    right = (901, "Right", "Condition")
    load(export(tmp_path / "in", right), mart)
    assert concepts(mart) == [right]
    assert load(tmp_path / "in", mart).unchanged
    assert Store(mart).rollback(Store(mart).current().number - 1).number
    assert concepts(mart) == [(901, "Wrong", "Drug"), (902, "Old", "Drug")]


def test_what_is_brought_again_changes_no_vocabulary(mart, tmp_path):
    brought = (901, "Same", "Condition")
    load(export(tmp_path / "in", brought), mart)
    before = Store(mart).current()
    load(export(tmp_path / "in", brought, person="12"), mart)
    after = Store(mart).current()
    assert after.number == before.number + 1
    assert after.vocabulary == before.vocabulary != after.base
    assert concepts(mart) == [brought]


def test_of_two_sources_that_disagree_the_order_changes_nothing(mart, tmp_path):
    given = {
        "east": export(tmp_path / "e", (901, "One", "Drug")),
        "west": export(tmp_path / "w", (901, "Another", "Drug"), (902, "B", "Drug")),
    }
    found = []
    for order in (("east", "west"), ("west", "east")):
        for name in order:
            load(given[name], mart, name=name)
        found.append((Store(mart).current().vocabulary, concepts(mart)))
        for place in sorted(mart.rglob("*"), reverse=True):
            place.rmdir() if place.is_dir() else place.unlink()
        if (tmp_path / "athena").exists():
            load_vocabulary(tmp_path / "athena", mart)
    assert found[0] == found[1]
    assert [number for number, *_ in found[0][1]] == [901, 902]


def test_one_source_corrects_beside_another_that_brings_too(mart, tmp_path):
    load(export(tmp_path / "e", (901, "Wrong", "Drug")), mart, name="east")
    load(export(tmp_path / "w", (902, "B", "Drug")), mart, name="west")
    load(export(tmp_path / "e", (901, "Right", "Drug")), mart, name="east")
    assert concepts(mart) == [(901, "Right", "Drug"), (902, "B", "Drug")]


def test_a_vocabulary_that_is_loaded_later_leaves_what_sources_bring(tmp_path):
    mart = tmp_path / "mart"
    load(export(tmp_path / "in", (901, "Wrong", "Drug")), mart)
    load_vocabulary(write_export(tmp_path / "athena"), mart)
    assert concepts(mart) == [(901, "Wrong", "Drug")]
    load(export(tmp_path / "in", (901, "Right", "Drug")), mart)
    assert concepts(mart) == [(901, "Right", "Drug")]
    before = Store(mart).current()
    load_vocabulary(tmp_path / "athena", mart)
    assert Store(mart).current() == before
