"""Somebody opted out of a de-identified datamart whose key has gone."""

import datetime as dt
import secrets

from rounds.datamart import Datamart, load
from rounds.datamart.deidentify import plan_from
from rounds.datamart.deidentify.known import known_as

settings = {"data": {"deidentify": "shifted"}}
private = folder / "private"
plan = plan_from(settings, private, secrets.token_bytes, today=dt.date(2026, 7, 1))
(folder / "in").mkdir()
(folder / "in" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "in", private / "datamart", deidentify=plan)
(private / "deidentify.key").rename(private / "deidentify.key.away")
with Datamart.open(private / "datamart") as datamart:
    known_as(datamart, frozenset({"a-patient"}))

# Instead:
import datetime as dt
import secrets

from rounds.datamart import Datamart, load
from rounds.datamart.deidentify import plan_from
from rounds.datamart.deidentify.known import known_as

settings = {"data": {"deidentify": "shifted"}}
private = folder / "private"
plan = plan_from(settings, private, secrets.token_bytes, today=dt.date(2026, 7, 1))
(folder / "in").mkdir()
(folder / "in" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "in", private / "datamart", deidentify=plan)
with Datamart.open(private / "datamart") as datamart:
    known_as(datamart, frozenset({"a-patient"}))
