"""Cohorts that others wrote: OHDSI's PhenotypeLibrary, where it is at hand.

It is not kept here. To run them, clone https://github.com/OHDSI/PhenotypeLibrary and
name its folder of cohorts: `make test-phenotypes PHENOTYPES=…/inst/cohorts`.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from rounds.datamart.cohorts import DIALECTS, compile_cohort
from rounds.definitions import explain_cohort, read_cohorts
from rounds.nouns import DefinitionError
from stories.cohort_engines import alone, duckdb_with, together, with_history
from stories.phenotype_cdm import cdm_for

FOLDER = os.environ.get("ROUNDS_PHENOTYPES", "")
REFUSED = {"cohort-gap", "invalid-cohort"}
"""The errors that say in words which part of a definition cannot be had."""
AT_ONCE = 60
"""So many share a CDM, in which the codes of all are."""

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not FOLDER, reason="make test-phenotypes PHENOTYPES=…"),
]


@pytest.fixture(scope="module")
def library():
    """Every definition that is read, and what was said of those that are not."""
    cohorts, refused = {}, {}
    for path in sorted(Path(FOLDER).glob("*.json"), key=lambda path: path.stem):
        try:
            (cohorts[path.stem],) = read_cohorts([path])
        except DefinitionError as error:
            refused[path.stem] = error
    assert cohorts, f"no cohort in {FOLDER}"
    return cohorts, refused


@pytest.fixture(scope="module")
def compiled(library):
    """The statements for each dialect, and what was said of those that have none."""
    cohorts, refused = library[0], dict(library[1])
    made = {}
    for name, cohort in cohorts.items():
        try:
            made[name] = [compile_cohort(cohort, one) for one in DIALECTS[:2]]
            made[name].append(compile_cohort(cohort, "spark", scratch="scratch"))
        except DefinitionError as error:
            refused[name] = error
    return made, refused


def test_what_is_refused_is_refused_in_words(library, compiled):
    """It names the place; nothing else goes wrong in reading or compiling."""
    made, refused = compiled
    said = Counter(
        line.split(":", 1)[-1].strip()
        for error in refused.values()
        for line in error.what.splitlines()[1:]
    )
    print(f"\n{len(made)} compiled for {', '.join(DIALECTS)}; {len(refused)} refused")
    print("\n".join(f"  {n} × {line}" for line, n in said.most_common()))
    assert {error.code for error in refused.values()} <= REFUSED
    assert all(len(error.what.splitlines()) > 1 for error in refused.values())
    assert len(made) >= 0.95 * (len(made) + len(refused))


def test_each_is_said_in_plain_words(library):
    """Every definition that is read."""
    assert all(explain_cohort(cohort) for cohort in library[0].values())


def test_each_runs_and_gives_the_same_rows_alone_and_together(library, compiled):
    """On a small CDM that has the codes that are asked for."""
    names = list(compiled[0])
    entered = met = 0
    for first in range(0, len(names), AT_ONCE):
        lot = [library[0][name].expression for name in names[first : first + AT_ONCE]]
        plain = json.loads(json.dumps(lot))
        with duckdb_with(with_history(cdm_for(plain, seed=first))) as connection:
            rows, steps = alone(connection, plain)
            assert together(connection, plain) == (rows, steps)
        entered += len({step[0] for step in steps})
        met += len({row[0] for row in rows})
    print(
        f"\n{len(names)} run; {entered} with entry events, {met} with somebody in them"
    )
    assert entered >= 0.8 * len(names)
