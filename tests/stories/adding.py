"""A source that adds: readings and clinics in CSV, each with a version that wins or not.

A line is `reading,<key>,<version>,<person>,<day>,<value>` or
`clinic,<key>,<version>,,,<name>`; a value of `gone` is a tombstone. It keeps what it was
given in a stage, as FHIR does, and writes again the slices of the persons it touches.
"""

import datetime as dt
import random

import pytest

from rounds.datamart import Datamart
from rounds.datamart.cdm import insert
from rounds.datamart.fhir.paths import text
from rounds.datamart.sources import Loaded
from rounds.datamart.store import visible_stage
from rounds.nouns import DataError, DefinitionError, SourceError

NOON = dt.datetime(2025, 1, 6, 12, tzinfo=dt.UTC)
COLUMNS = "kind, key, version, person, day, value"


class Readings:
    """Recognises `*.readings`."""

    shape = "readings"
    adds = True

    def recognises(self, files):
        return any(file.extension == ".readings" for file in files)

    def reads_as(self, file):
        return "" if file.extension == ".readings" else None

    def fill(self, connection, files, tell, held):
        mine = [file for file in files if file.extension == ".readings"]
        self._stage(connection, mine, held.aliases)
        places = self._places(connection, held.aliases)
        self._people(connection)
        connection.execute(
            "INSERT INTO rounds_resource SELECT 'Reading', key, 'measurement', key "
            "FROM stage_Reading WHERE kind = 'reading'"
        )
        for file in mine:
            connection.execute(
                "INSERT INTO reading SELECT $1, 'Reading', count(*) "
                "FROM incoming WHERE file_number = $1",
                [file.number],
            )
        connection.execute(
            "INSERT INTO mapped SELECT 'Reading', count(*) FROM incoming"
        )
        tell("readings", len(mine))
        rows = connection.execute(
            "SELECT count(*) FROM slice WHERE kind = 'reading'"
        ).fetchall()[0][0]
        return Loaded(rows={"measurement": rows}, places=places)

    @staticmethod
    def _stage(connection, files, aliases):
        selects = [
            f"SELECT *, {file.number} AS file_number FROM read_csv("
            f"{text(str(file.path))}, header=false, columns={{'kind': 'VARCHAR', "
            "'key': 'BIGINT', 'version': 'BIGINT', 'person': 'BIGINT', "
            "'day': 'DATE', 'value': 'VARCHAR'})"
            for file in files
        ] or [f"SELECT {COLUMNS}, 0 AS file_number FROM stage_Reading"]
        connection.execute(
            f"CREATE TEMP TABLE incoming AS {' UNION ALL '.join(selects)}"
        )
        before = f"(SELECT {COLUMNS} FROM incoming LIMIT 0)"
        if aliases:
            before = visible_stage("stage_Reading", aliases)
        connection.execute(f"CREATE TEMP VIEW before AS SELECT {COLUMNS} FROM {before}")
        connection.execute(
            f"CREATE TABLE stage_Reading AS SELECT {COLUMNS} FROM incoming AS one "
            "WHERE NOT EXISTS (FROM before WHERE before.key = one.key AND "
            "(before.version, before.value) >= (one.version, one.value)) "
            "QUALIFY row_number() OVER (PARTITION BY key "
            "ORDER BY version DESC, value DESC) = 1 ORDER BY key"
        )
        connection.execute(
            "CREATE TABLE touched AS SELECT DISTINCT person AS person_id FROM ("
            "SELECT person FROM stage_Reading UNION ALL "
            "SELECT person FROM before SEMI JOIN stage_Reading USING (key)) "
            "WHERE person IS NOT NULL ORDER BY 1"
        )
        connection.execute(
            "CREATE TEMP TABLE slice AS SELECT * FROM ("
            f"SELECT {COLUMNS} FROM stage_Reading UNION ALL "
            "SELECT * FROM before ANTI JOIN stage_Reading USING (key)) "
            "WHERE value <> 'gone' AND (kind = 'clinic' OR person IN (FROM touched))"
        )

    @staticmethod
    def _places(connection, aliases):
        found = "SELECT count(*) FROM stage_Reading WHERE kind = 'clinic'"
        changed = connection.execute(found).fetchall()[0][0]
        if aliases and not changed:
            return False
        site = {
            "care_site_id": "key",
            "care_site_source_value": "value",
            "location_id": "key",
        }
        clinics = "slice WHERE kind = 'clinic' ORDER BY key"
        insert(connection, "care_site", site, clinics)
        place = {"location_id": "key", "location_source_value": "value"}
        insert(connection, "location", place, clinics)
        return True

    @staticmethod
    def _people(connection):
        whose = "slice WHERE kind = 'reading'"
        person = {
            "person_id": "person",
            "year_of_birth": "1960",
            "gender_concept_id": "8507",
            "race_concept_id": "0",
            "ethnicity_concept_id": "0",
            "person_source_value": "'p' || person",
            "location_id": "person",
        }
        insert(connection, "person", person, f"{whose} GROUP BY person ORDER BY person")
        address = {"location_id": "person", "location_source_value": "'of ' || person"}
        insert(
            connection, "location", address, f"{whose} GROUP BY person ORDER BY person"
        )
        period = {
            "observation_period_id": "person",
            "person_id": "person",
            "observation_period_start_date": "min(day)",
            "observation_period_end_date": "max(day)",
            "period_type_concept_id": "32817",
        }
        insert(
            connection,
            "observation_period",
            period,
            f"{whose} GROUP BY person ORDER BY person",
        )
        measurement = {
            "measurement_id": "key",
            "person_id": "person",
            "measurement_concept_id": "3004249",
            "measurement_date": "day",
            "measurement_type_concept_id": "32817",
            "value_as_number": "value::DOUBLE",
        }
        insert(connection, "measurement", measurement, f"{whose} ORDER BY person, day")


SOURCES = (Readings(),)


def take_over(monkeypatch):
    """Let loads know this source alone."""
    monkeypatch.setattr("rounds.datamart.sources.SOURCES", SOURCES)


def reading(key, version=1, *, person=1, day="2024-01-01", value=120):
    return f"reading,{key},{version},{person},{day},{value}"


def clinic(key, version=1, *, name="clinic"):
    return f"clinic,{key},{version},,,{name}"


def write(folder, name, lines):
    """Write one file of readings into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.readings").write_text("\n".join(lines) + "\n")
    return folder


def lines_of(chance, n, *, keys=60, people=15):
    """Draw versions of readings and clinics: changed, deleted, moved, repeated."""
    found = []
    for _ in range(n):
        key, version = chance.randint(1, keys), chance.randint(1, 4)
        gone = chance.random() < 0.15
        if key % 10 == 0:
            found.append(
                clinic(1_000 + key, version, name="gone" if gone else f"c{version}")
            )
            continue
        one = random.Random(f"{key} {version}")
        found.append(
            reading(
                key,
                version,
                person=one.randint(1, people),
                day=f"2024-{one.randint(1, 12):02d}-{one.randint(1, 28):02d}",
                value="gone" if gone else one.randint(90, 180),
            )
        )
    return found


def readings(mart, **options):
    """Count the readings of a datamart."""
    with Datamart.open(mart, **options) as opened:
        return opened._connection.execute(
            "SELECT count(*) FROM measurement"
        ).fetchone()[0]


def refused(code, use, *arguments, **options):
    """See something refused with a code; give what it says."""
    with pytest.raises((DataError, DefinitionError, SourceError)) as caught:
        use(*arguments, **options)
    assert caught.value.code == code
    assert 1 <= len(caught.value.remedies) <= 3
    return str(caught.value)
