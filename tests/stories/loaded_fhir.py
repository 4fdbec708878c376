"""FHIR resources loaded into a new datamart beside two patients, a place and a visit."""

import datetime as dt

from rounds.datamart import Datamart, load
from stories import small_fhir as story

BASE = {
    "Patient": [story.patient("p1"), story.patient("p2", gender="male")],
    "Organization": [story.resource("Organization", "o1", name="North clinic")],
    "Practitioner": [
        story.resource("Practitioner", "d1", name=[{"family": "Ito"}]),
    ],
    "Encounter": [story.encounter("e1")],
}
DAY = dt.date(2024, 3, 1)
CLINICAL = (
    "condition_occurrence",
    "measurement",
    "observation",
    "procedure_occurrence",
    "drug_exposure",
    "device_exposure",
    "specimen",
    "payer_plan_period",
)


def loads(tmp_path, *batches):
    """Load one batch after another into one datamart, the base with the first."""
    base = [one for each in BASE.values() for one in each]
    for place, batch in enumerate(batches):
        folder = tmp_path / f"fhir-{place}"
        folder.mkdir()
        given = {}
        for one in [*base, *batch] if place == 0 else batch:
            given.setdefault(one["resourceType"], []).append(one)
        story.write_ndjson(folder, given)
        report = load(folder, tmp_path / "mart")
    return Loaded(tmp_path / "mart", report)


class Loaded:
    def __init__(self, path, report):
        self.path = path
        self.report = report

    def ask(self, table, columns, where="true"):
        """Give rows with `who`, the person's own id, for each person_id."""
        source = f"{table} AS own JOIN person AS who USING (person_id)"
        columns = columns.replace("who", "who.person_source_value")
        columns = columns.replace("provider_id", "own.provider_id")
        with Datamart.open(self.path) as mart:
            return mart._connection.execute(
                f"SELECT {columns} FROM {source} WHERE {where} ORDER BY ALL"
            ).fetchall()

    def concept(self, table, column):
        """Give vocabulary and code of the concept in a column of each row."""
        with Datamart.open(self.path) as mart:
            return mart._connection.execute(
                f"SELECT vocabulary_id, concept_code FROM {table} "
                f"JOIN concept ON concept_id = {column} ORDER BY ALL"
            ).fetchall()

    def count(self):
        """Give how many rows each clinical table has, of those that have any."""
        rows = {table: self.report.rows[table] for table in CLINICAL}
        return {table: n for table, n in rows.items() if n}

    def aside(self, kind):
        found = [one for one in self.report.reasons if one.type == kind]
        assert all(one.meaning and one.remedy for one in found)
        return {one.reason: one.n for one in found}
