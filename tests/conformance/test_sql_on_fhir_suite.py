"""The public test suite of SQL on FHIR v2, where it is at hand.

It is not kept here. To run it, clone https://github.com/FHIR/sql-on-fhir-v2 and name
its folder of tests: `make test-sql-on-fhir SQL_ON_FHIR_SUITE=…/sql-on-fhir-v2/tests`.
"""

import json
import os
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from rounds.datamart.sql_on_fhir import ViewDefinition, compile_view
from rounds.nouns.errors import DefinitionError
from stories.views import rows

SUITE = os.environ.get("SQL_ON_FHIR_SUITE", "")
DIFFERENT = {
    ("fhirpath", "string join"): "join() of nothing",
    ("fhirpath", "string join: default separator"): "join() of nothing",
}
"""FHIRPath says that the join of nothing is empty; these expect an empty string."""


def cases():
    for path in sorted(Path(SUITE).glob("*.json")) if SUITE else ():
        document = json.loads(path.read_text("utf-8"))
        for case in document["tests"]:
            name = f"{path.stem}: {case['title']}"
            yield pytest.param(path.stem, document["resources"], case, id=name)


def compared(found):
    """Write a row so that equal rows are equal: 5 is 5.0, and order does not count."""

    def plain(value):
        if isinstance(value, list):
            return [plain(each) for each in value]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else value

    return json.dumps(
        {name: plain(value) for name, value in found.items()}, sort_keys=True
    )


def run(case, resources):
    view = ViewDefinition.parse(case["view"])
    mine = [one for one in resources if one["resourceType"] == view.resource]
    found = rows(case["view"], *mine)
    kinds = {output.name: output.kind for output in compile_view(view).outputs}
    for row in found:  # decimals are given as they are written
        for name, value in row.items():
            if kinds[name] == "decimal" and value is not None:
                row[name] = float(value)
    return found


def test_the_suite_is_at_hand():
    if not SUITE:
        pytest.skip("SQL_ON_FHIR_SUITE names no folder: the suite is not kept here")
    assert len(list(cases())) >= 100, f"no suite in {SUITE}"


@pytest.mark.parametrize(("file", "resources", "case"), list(cases()))
def test_a_case_of_the_public_suite(file, resources, case):
    if case.get("expectError"):
        with pytest.raises((DefinitionError, duckdb.InvalidInputException)):
            run(case, resources)
        return
    found = run(case, resources)
    expected = case["expect"]
    if (file, case["title"]) in DIFFERENT:
        found = [{name: value or "" for name, value in row.items()} for row in found]
    assert Counter(map(compared, found)) == Counter(map(compared, expected))
    if "expectColumns" in case:
        assert list(found[0]) == case["expectColumns"]
