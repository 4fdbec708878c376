"""No text that we write to CSV is taken for a formula; no number is changed."""

import csv
import io

import pytest

from rounds.nouns import Period
from rounds.nouns.spreadsheet_cells import as_cell, as_cells
from rounds.reports.board_packet import _table
from rounds.reports.checklists import checklist, checklist_csv
from rounds.reports.table_text import csv_text
from stories.hypertension import full

FORMULAE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "＝1")


@pytest.mark.parametrize("text", FORMULAE)
def test_what_begins_as_a_formula_is_shown_as_text(text):
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", [-0.5, 0.0, -3, None, True, "", "Clinic 1", "a=b", "−1.0 points"]
)
def test_numbers_and_other_text_stay_as_they_are(value):
    assert as_cells([value]) == [value]


def test_the_writers_of_tables_guard_names_and_leave_numbers():
    packet = _table(("unit", "n"), [{"unit": "=cmd", "n": -2.5}])
    partition = csv_text(("unit", "n"), [("=cmd", -2.5)])
    for text in (packet, partition):
        assert next(csv.DictReader(io.StringIO(text))) == {"unit": "'=cmd", "n": "-2.5"}


def test_a_checklist_guards_what_a_person_added():
    found = checklist(full(), "consort", additions={"23": "=HYPERLINK(1)"})
    rows = csv.DictReader(io.StringIO(checklist_csv(found)))
    told = {row["item"]: row["said"] for row in rows}
    assert told["23"] == "'=HYPERLINK(1)"
    assert not any(said.startswith(("=", "+", "-", "@")) for said in told.values())


def test_the_names_of_units_are_guarded_in_each_table_of_a_measure():
    from rounds.nouns import NotEstimable
    from rounds.reports.measure_table import measure_csv

    when = Period(start="2025-01-01", end="2025-01-31")
    text = measure_csv([(when, NotEstimable(reason="=1+1"))])
    assert next(csv.DictReader(io.StringIO(text)))["not_estimable"] == "'=1+1"
