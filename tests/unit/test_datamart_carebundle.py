"""Bundles with defects that another project injected: each resource is accounted for."""

import json
from collections import Counter

import carebundle
import pytest

from rounds.datamart import Datamart, load

RATES = {
    "missing_field": 0.2,
    "duplicate_entry": 0.2,
    "out_of_order_timestamp": 0.2,
    "unparseable_value": 0.2,
    "unknown_code_system": 0.2,
}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Thirty patients' Bundles, and the defects in them by kind."""
    folder = tmp_path_factory.mktemp("carebundle")
    (folder / "in").mkdir()
    defects, resources, words = Counter(), Counter(), []
    cohort = carebundle.generate_cohort(count=30, seed=3)
    for seed, bundle in enumerate(cohort):
        dirty, found = carebundle.inject_defects(
            json.loads(carebundle.to_json(bundle)),
            carebundle.Imperfection(**RATES),
            seed=seed,
        )
        defects.update(each.kind for each in found)
        resources.update(e["resource"]["resourceType"] for e in dirty["entry"])
        words += [e for e in dirty["entry"] if "valueString" in e["resource"]]
        (folder / "in" / f"{seed:02}.json").write_text(json.dumps(dirty))
    assert set(defects) == set(RATES)
    assert len(words) >= defects["unparseable_value"] > 100
    return folder, resources, len(words)


def test_every_resource_is_mapped_or_set_aside(given):
    folder, resources, _ = given
    report = load(folder / "in", folder / "mart")
    assert {kind: n.read for kind, n in report.by_type.items()} == dict(resources)
    assert report.read == report.mapped + report.set_aside
    assert report.errors == 0


def test_a_result_that_became_words_is_kept_as_words(given):
    folder, _, n_words = given
    load(folder / "in", folder / "mart")
    with Datamart.open(folder / "mart") as mart:
        (found,) = mart._one(
            "SELECT count(*) FROM (FROM (SELECT value_as_number, value_source_value "
            "FROM measurement UNION ALL SELECT value_as_number, value_source_value "
            "FROM observation)) WHERE value_as_number IS NULL AND value_source_value "
            "IN ('not detected', '<0.1', 'QNS', 'see comment')"
        )
    assert found == n_words
