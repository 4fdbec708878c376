"""A definition proves itself before it is published: with example patients, or not."""

import datetime as dt
import json

import pytest

from rounds.conduct import Desk, Project
from rounds.definitions import builtin_measures, load_measures
from rounds.nouns import DefinitionError, Measure, Ref

NOW = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
STAYS = Ref.parse("cohort/heart-failure|1#" + "0" * 64)


@pytest.fixture
def desk(tmp_path):
    project = Project.init(tmp_path / "site", source=None)
    (project.definitions / "measures").mkdir(exist_ok=True)
    with Desk.open(project, now=lambda: NOW, by="ana") as opened:
        yield opened


def ours():
    shipped = builtin_measures()["blood-pressure-control"]
    return shipped.model_copy(update={"name": "our-control"})


def examples(desk, measure, *patients):
    path = desk.project.definitions / "measures" / f"{measure.name}.examples.yaml"
    head = f"measure: {measure.name}\nperiod: {{start: 2025-01-01, end: 2025-12-31}}\n"
    path.write_text(head + "patients:\n" + "".join(f"  - {one}\n" for one in patients))


def is_refused(desk, measure):
    with pytest.raises(DefinitionError) as told:
        desk.publish(measure)
    assert desk.find(Measure, measure.name) is None
    return told.value


def test_a_site_s_measure_without_examples_is_refused(desk):
    error = is_refused(desk, ours())
    assert error.code == "examples-missing"
    assert "definitions/measures/our-control.examples.yaml" in error.what
    assert error.why
    assert error.remedies


def test_a_site_s_measure_whose_examples_fail_is_refused(desk):
    measure = ours()
    examples(desk, measure, "{name: Never ill, born: 1960-01-01, expect: numerator}")
    error = is_refused(desk, measure)
    assert error.code == "examples-fail"
    assert "'Never ill': expected numerator, found outside" in error.what


def test_a_site_s_measure_that_its_examples_prove_is_published(desk):
    measure = ours()
    examples(desk, measure, "{name: Never ill, born: 1960-01-01, expect: outside}")
    assert desk.publish(measure).ref() == measure.ref()


def test_shipped_measures_are_published_as_they_are(desk):
    """Also one with an addition switched off."""
    shipped = builtin_measures()
    control = shipped.pop("blood-pressure-control")
    switched = control.switched("synthea", enabled=False)
    for measure in (switched, *shipped.values()):
        assert desk.publish(measure).ref() == measure.ref()


def test_who_changes_a_shipped_measure_is_held_to_the_shipped_examples(desk):
    """Under a shipped name, a moved bound of age puts examples elsewhere."""
    shipped = builtin_measures()["colorectal-cancer-screening"]
    plain = shipped.to_json().replace('"from_years":46', '"from_years":45')
    error = is_refused(desk, Measure.from_json(plain))
    assert error.code == "examples-fail"
    assert "'46 on the day after'" in error.what


def of_a_cohort():
    return Measure(
        name="failure-seen",
        title="Seen",
        type="process",
        improvement_notation="increase",
        initial_population={"op": "in_cohort", "cohort": STAYS},
        numerator={"op": "exists", "events": {"domain": "visit"}},
    )


def test_examples_say_who_is_in_a_cohort(desk):
    """A stay is named by the cohort; without an end it is one day."""
    measure = of_a_cohort()
    examples(
        desk,
        measure,
        "{name: In it, born: 1960-01-01, expect: denominator, "
        "rows: [{cohort: heart-failure, start: 2025-03-01, end: 2025-05-01}]}",
        "{name: In it for a day, born: 1960-01-01, expect: numerator, "
        "rows: [{cohort: heart-failure, start: 2025-12-31}, "
        "{visit: outpatient, start: 2025-03-01}]}",
        "{name: Not in it, born: 1960-01-01, expect: outside, "
        "rows: [{visit: outpatient, start: 2025-03-01}]}",
    )
    assert desk.publish(measure)


def test_a_cohort_that_the_measure_does_not_read_is_refused(desk):
    measure = of_a_cohort()
    examples(
        desk,
        measure,
        "{name: In it, born: 1960-01-01, expect: denominator, "
        "rows: [{cohort: heart-failures, start: 2025-03-01}]}",
    )
    error = is_refused(desk, measure)
    assert error.code == "invalid-measure"
    assert "it reads: heart-failure" in error.what


def test_a_measure_that_takes_a_site_s_codes_stays_a_shipped_one(desk):
    """Codes of a ValueSet file change no clause, so nothing is to be proved anew."""
    sets = desk.project.definitions / "value_sets"
    sets.mkdir()
    measure = builtin_measures()["statin-therapy"]
    stands = [url for one in measure.concept_sets for url in one.stands_for]
    assert stands, "some set of it stands for a value set"
    coded = {"system": "http://snomed.info/sct", "concept": [{"code": "73211009"}]}
    value_set = {"resourceType": "ValueSet", "url": stands[0], "status": "active"}
    value_set["compose"] = {"include": [coded]}
    sets.joinpath("one.json").write_text(json.dumps(value_set))
    taken = load_measures(desk.project.definitions)["statin-therapy"]
    assert taken.ref() != measure.ref()
    assert desk.publish(taken).ref() == taken.ref()
