"""Identifiers planted wherever a resource or a row can hold one, and the search for them.

Resources are made from the table of mapped fields, so that a new field gets its canary
without anyone thinking of it. Each canary is unlike every other text in the world.
"""

import csv
import datetime as dt
import gzip
import json
import random
import re
from dataclasses import dataclass, field

from rounds.datamart.deidentify.classes import class_of
from rounds.datamart.fhir.paths import fields, resources
from rounds.datamart.mapping import cdm_columns, cdm_tables
from stories.canary_leaves import FurtherLeaves
from stories.canary_paths import paths, put

_LETTERS = "bcdfghjkmnpqrstvwxz"
STYLES = ("sound", "wild")
DONE = ("finished", "completed", "final", "order", "active")
SOUND_CODE = {"system": "http://loinc.org", "code": "8480-6"}
AGE_CODE = {"system": "http://loinc.org", "code": "30525-0"}


@dataclass
class Flock:
    """Every canary that was let loose, by what it looks like."""

    luck: random.Random = field(default_factory=lambda: random.Random(20241106))
    texts: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)

    def word(self):
        """A name, an address, a note: letters alone."""
        made = "Zq" + "".join(self.luck.choices(_LETTERS, k=12))
        self.texts.append(made)
        return made

    def number(self):
        """A social security number, a telephone number, a record's number."""
        made = "9" + "".join(self.luck.choices("123456789", k=10))
        self.texts.append(made)
        return made

    def sentence(self):
        """Free text with names, numbers, an address, an e-mail and a date in it."""
        return (
            f"Seen {self.day()} by Dr {self.word()}, SSN {self.number()}, mail "
            f"{self.word()}@example.org, at https://{self.word()}.example/{self.number()}"
        )

    def postcode(self):
        made = f"0213{self.luck.randrange(10)}-{self.luck.randrange(1000, 9999)}"
        self.texts.append(made)
        return made

    def url(self):
        return f"https://{self.word()}.example/{self.word()}"

    def day(self, *, late=False):
        """A day from 2001 to 2011, or from 2012 to 2022, the latter after every other."""
        while True:
            first = dt.date(2012 if late else 2001, 1, 1)
            made = (first + dt.timedelta(days=self.luck.randrange(4000))).isoformat()
            if not made.endswith("-01-01") and made not in self.dates:
                self.dates.append(made)
                return made


class Coop(FurtherLeaves):
    """Makes resources with a canary in every field."""

    def __init__(self, flock):
        self.flock = flock
        self.patient = flock.word()
        self.turns = 0

    def resources(self):
        """Give, by type, resources of both styles and of every way of writing a field."""
        found = {}
        for kind in resources():
            ways = [len(paths(kind, name)) for name in fields(kind)]
            found[kind] = [
                self._resource(kind, style, way)
                for style in STYLES
                for way in range(max(ways))
            ]
        return found

    def _resource(self, kind, style, way):
        flock = self.flock
        own = flock.word()
        if kind == "Patient" and (style, way) == ("sound", 0):
            own = self.patient
        made = {
            "resourceType": kind,
            "id": own,
            "meta": {
                "lastUpdated": f"{flock.day()}T10:11:12.345Z",
                "versionId": "3" if style == "sound" else flock.word(),
                "source": flock.url(),
            },
            "text": {"status": "generated", "div": f"<div>{flock.sentence()}</div>"},
        }
        inside = flock.word()
        for name, row in fields(kind).items():
            if row["kind"] == "constant":
                continue
            ways = paths(kind, name)
            leaf = self._leaf(kind, name, row, style)
            put(made, ways[way % len(ways)], leaf, inside)
        self._unread(made)
        return made

    def _unread(self, made):
        """Add what the mapping does not read, where it does not stand in its way."""
        flock = self.flock
        for name, value in {
            "telecom": [{"system": "phone", "value": flock.number()}],
            "note": [{"text": flock.sentence()}],
            "photo": [{"url": flock.url()}],
            "serialNumber": flock.number(),
            "udiCarrier": [{"carrierHRF": flock.word()}],
            "modifierExtension": [{"url": flock.url(), "valueString": flock.word()}],
        }.items():
            made.setdefault(name, value)

    def _leaf(self, kind, name, row, style):
        flock, written = self.flock, row["kind"]
        known = class_of("fhir", kind, name)
        sound = style == "sound"
        if written == "text":
            if known["class"] in {"date", "birth", "death"}:
                late = name in {"end", "deceased"}
                return flock.day(late=late) if sound else flock.sentence()
            if known["class"] == "choice" and sound:
                return _done(known["of"].split("|"))
            if known["class"] == "zip":
                return flock.postcode()
            return flock.word() if sound else flock.sentence()
        if written == "number":
            return 3 if sound else self._as_it_may_be(flock.number())
        if written == "boolean":
            return False if sound else flock.word()
        if written == "coding":
            return self._coding(known, sound)
        if written == "code":
            return {"coding": [self._coding(known, sound)], "text": flock.sentence()}
        if written == "codes":
            return [{"coding": [{"system": flock.url(), "code": flock.word()}]}]
        if written == "reference":
            if name in {"subject", "patient"} and sound:
                return {"reference": f"Patient/{self.patient}"}
            return {
                "reference": f"Practitioner/{flock.word()}",
                "display": flock.word(),
            }
        if written == "quantity":
            unit = "mmHg" if sound else flock.word()
            return {
                "value": 97 if sound else self._as_it_may_be(flock.number()),
                "unit": unit,
                "system": flock.url(),
                "code": unit,
            }
        if written == "components":
            part = {}
            for sub, its in fields(f"{kind}.{name}").items():
                if its["kind"] != "constant":
                    path = paths(f"{kind}.{name}", sub)[0]
                    put(part, path, self._leaf(f"{kind}.{name}", sub, its, style))
            return [part]
        return self._further_leaf(kind, name, row, style)

    def _as_it_may_be(self, number):
        """Write a number of somebody's as text or as a number, by turns."""
        self.turns += 1
        return int(number) if self.turns % 2 else number

    def _system(self):
        """Give a system that nobody knows, or one of HL7's that nobody looks into."""
        self.turns += 1
        ours = (
            "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "http://hl7.org/fhir/x",
        )
        return (self.flock.url(), *ours)[self.turns % 3]

    def _coding(self, known, sound):
        flock = self.flock
        if not sound:
            return {
                "system": self._system(),
                "code": flock.word(),
                "display": flock.sentence(),
            }
        code = SOUND_CODE
        if known["of"] and known["class"] == "code":
            code = {"system": flock.url(), "code": known["of"].split("|")[0]}
        return code | {"display": flock.sentence()}


def _done(words):
    """Choose the word with which a resource is loaded, and not set aside as planned."""
    return next((word for word in DONE if word in words), words[0])


def omop_rows(flock, n=2):
    """Give, by table, rows with a canary in every text, and dates in every date."""
    found = {}
    for table in cdm_tables():
        if table in {"concept", "cdm_source", "metadata"}:
            continue
        rows = []
        for place in range(1, n + 1):
            row = {}
            for column in cdm_columns(table):
                name, kind = column["column"], column["type"]
                if kind == "BIGINT":
                    is_concept = class_of("omop", table, name)["class"] == "concept"
                    value = 0 if is_concept else 7_000_000 + place
                elif kind == "DATE":
                    value = flock.day()
                elif kind == "TIMESTAMP":
                    value = f"{flock.day()} 10:11:12"
                elif kind == "VARCHAR":
                    value = flock.sentence() if place % 2 else flock.word()
                elif name == "year_of_birth":
                    value = 1911 + place
                elif name in {"month_of_birth", "day_of_birth"}:
                    value = 7
                else:
                    value = 3
                row[name] = value
            # An end after its beginning, so that the row is mapped.
            for start in [name for name in row if name.endswith("_start_date")]:
                end = start.replace("_start_", "_end_")
                if end in row:
                    row[start], row[end] = sorted((row[start], row[end]))
            rows.append(row)
        found[table] = rows
    return found


def write_fhir(folder, resources_by_type, broken=()):
    folder.mkdir(parents=True, exist_ok=True)
    for kind, made in resources_by_type.items():
        lines = [json.dumps(one) for one in made] + list(broken)
        text = "\n".join(lines) + "\n"
        if kind == "Encounter":
            with gzip.open(folder / f"{kind}.ndjson.gz", "wt") as stream:
                stream.write(text)
        else:
            (folder / f"{kind}.ndjson").write_text(text)


def write_omop(folder, rows_by_table):
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in rows_by_table.items():
        with (folder / f"{table}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


CSV_MAPPING = """
files:
  people.csv:
    row: person
    person: mrn
    birth: born
    sex: sex
    unit: clinic
    clinician: doctor
    death: died
  visits.csv:
    row: visit
    person: mrn
    time: day
    unit: clinic
    clinician: doctor
    arm: arm
    outcome: [outcome]
  tests.csv:
    row: measurement
    person: mrn
    time: day
    code: {column: test, system: http://loinc.org}
    value: result
    ucum: unit
  problems.csv:
    row: condition
    person: mrn
    time: day
    code: {column: problem}
"""


def write_csv(flock, folder):
    """Write plain CSV with a mapping, a canary in each of its columns."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rounds-mapping.yaml").write_text(CSV_MAPPING)
    people = [flock.word() for _ in range(4)]
    clinic, doctor = flock.word(), flock.word()
    tables = {
        "people": [
            {
                "mrn": who, "born": min(flock.day(), "2000-05-05"), "sex": flock.word(),
                "clinic": clinic, "doctor": doctor, "died": "",
            }
            for who in people
        ],
        "visits": [
            {
                "mrn": who, "day": flock.day(), "clinic": clinic, "doctor": doctor,
                "arm": flock.word(), "outcome": flock.sentence(),
            }
            for who in people
        ],
        "tests": [
            {
                "mrn": who, "day": flock.day(), "result": 120, "unit": unit,
                "test": code,
            }
            for who in people
            for code, unit in (("8480-6", "mm[Hg]"), (flock.word(), flock.word()))
        ],
        "problems": [
            {"mrn": who, "day": flock.day(), "problem": flock.sentence()}
            for who in people
        ],
    }  # fmt: skip
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def found_in_cells(connection, words):
    """Give which words stand in a cell of any table, and in which columns."""
    connection.execute("CREATE OR REPLACE TEMP TABLE canary (word VARCHAR)")
    connection.execute("INSERT INTO canary SELECT unnest(?::VARCHAR[])", [list(words)])
    columns = connection.execute(
        "SELECT database_name, schema_name, table_name, column_name "
        "FROM duckdb_columns() WHERE NOT internal AND table_name <> 'canary'"
    ).fetchall()
    found = {}
    for database, schema, table, column in columns:
        rows = connection.execute(
            f'SELECT DISTINCT word FROM canary JOIN (SELECT DISTINCT lower(CAST("{column}" '
            f'AS VARCHAR)) AS v FROM "{database}"."{schema}"."{table}") '
            "ON contains(v, lower(word))"
        ).fetchall()
        for (word,) in rows:
            found.setdefault(word, []).append(f"{table}.{column}")
    return found


def found_in_text(text, words):
    lower = text.lower()
    return [word for word in words if word.lower() in lower]


def found_in_files(folder, words):
    """Give which words stand in the bytes or the name of any file below a folder."""
    search = Search(words)
    found = {}
    for path in sorted(folder.rglob("*")):
        held = path.read_bytes() if path.is_file() else b""
        name = str(path.relative_to(folder)).encode()
        for word in sorted(search.within(held) | search.within(name)):
            found.setdefault(word, []).append(path.name)
    return found


class Search:
    """Looks for thousands of words at once, each wherever its beginning stands."""

    def __init__(self, words):
        self.length = min((len(word) for word in words), default=0)
        self.begun = {}
        for word in words:
            low = word.lower().encode()
            self.begun.setdefault(low[: self.length], []).append((low, word))
        first = sorted({re.escape(begin[:2]) for begin in self.begun})
        self.pattern = re.compile(b"(?=" + b"|".join(first) + b")")

    def within(self, held):
        held, found = held.lower(), set()
        for match in self.pattern.finditer(held) if self.begun else ():
            at = match.start()
            for low, word in self.begun.get(held[at : at + self.length], ()):
                if held.startswith(low, at):
                    found.add(word)
        return found
