"""Consent into `rounds_opt_out`: who said no to what, from when, until when.

A Consent is read where it says plainly yes or no: active, about research or treatment
(`fhir_consents.csv`), and for everybody and everything. Anything else is set aside with
its reason, and never taken for a yes or a no. Of several that hold on one day, the last
one given is in force; a denial without a time of day is later than all of that day.

References
----------
HL7. FHIR R4 (4.0.1), resource Consent: scope, policyRule, provision.
https://hl7.org/fhir/R4/consent.html
"""

import duckdb

from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.judging import day, moment, reason, set_aside
from rounds.datamart.fhir.paths import fields, text
from rounds.datamart.fhir.people import joined
from rounds.datamart.fhir.tests import is_one_of
from rounds.datamart.fhir.verdicts import subject_rules
from rounds.datamart.mapping import mapping

__all__ = ["load_consents"]

_COLUMNS = "(person_id BIGINT, scope VARCHAR, from_date DATE, until_date DATE)"
_BASE = "CASE policy.code WHEN 'OPTOUT' THEN 'deny' WHEN 'OPTIN' THEN 'permit' END"
_STATED = "CASE WHEN decision IN ('deny', 'permit') THEN decision END"


def load_consents(connection: duckdb.DuckDBPyConnection, views: Flattening) -> None:
    """Judge the slice of Consent, and make `rounds_opt_out` of what denies.

    Its columns are person_id, scope, from_date and until_date, NULL for no end.
    """
    judged = (
        f"SELECT *, {_BASE} AS base, {_STATED} AS stated, {_scopes()} AS scopes "
        f"FROM ({joined('Consent')})"
    )
    why = reason(
        "Consent",
        views,
        ("len(scopes) = 0", "consent about another use"),
        ("conditions IS NOT NULL", "consent with conditions"),
        ("base IS NULL AND stated IS NULL", "consent without a decision"),
        ("base <> stated", "consent that contradicts itself"),
        *subject_rules(),
    )
    connection.execute(
        f"CREATE TEMP TABLE judged_Consent AS SELECT *, {why} AS reason FROM ({judged})"
    )
    set_aside(connection, "Consent", "judged_Consent")
    connection.execute(f"CREATE TABLE rounds_opt_out {_COLUMNS}")
    connection.execute(
        "CREATE TEMP TABLE said AS SELECT person_key AS person_id, "
        "unnest(scopes) AS scope, coalesce(stated, base) AS said, "
        f"start_day AS from_day, end_day AS until_day, {_given()} AS given, key "
        "FROM judged_Consent WHERE reason IS NULL"
    )
    _insert_opt_outs(connection)


def _scopes() -> str:
    """Write the list of what a consent is about, from its scope and its purposes."""
    about: dict[str, list[str]] = {}
    for row in mapping("fhir_consents"):
        purposes = "coalesce(len(purpose), 0) = 0"
        if row["purpose"]:
            purposes = is_one_of(fields("Consent"), "purpose", row["purpose"])
        test = f"(scope.code = {text(row['scope'])} AND {purposes})"
        about.setdefault(row["opts_out_of"], []).append(test)
    cases = ", ".join(
        f"CASE WHEN {' OR '.join(tests)} THEN {text(scope)} END"
        for scope, tests in about.items()
    )
    return f"list_filter([{cases}], lambda x: x IS NOT NULL)"


def _given() -> str:
    """Write when a consent was given; where no time is, a denial is the later one."""
    late = "CASE coalesce(stated, base) WHEN 'deny' THEN INTERVAL 86399 SECONDS "
    on_day = f"coalesce({day('given')}, start_day)"
    return (
        f"coalesce({moment('given')}, "
        f"CAST({on_day} AS TIMESTAMP) + {late}ELSE INTERVAL 0 SECONDS END)"
    )


def _insert_opt_outs(connection: duckdb.DuckDBPyConnection) -> None:
    """Cut each person's time at every start and end; keep where the last word is no."""
    days = (
        "SELECT person_id, scope, from_day AS day FROM said UNION "
        "SELECT person_id, scope, until_day + 1 FROM said WHERE until_day IS NOT NULL"
    )
    pieces = (
        "SELECT person_id, scope, day, lead(day) OVER (PARTITION BY person_id, scope "
        f"ORDER BY day) - 1 AS last_day FROM ({days})"
    )
    ruled = (
        f"SELECT piece.*, said.said FROM ({pieces}) AS piece JOIN said "
        "ON said.person_id = piece.person_id AND said.scope = piece.scope "
        "AND said.from_day <= piece.day "
        "AND (said.until_day IS NULL OR said.until_day >= piece.day) "
        "QUALIFY row_number() OVER (PARTITION BY piece.person_id, piece.scope, "
        "piece.day ORDER BY said.given DESC, said.said, said.key) = 1"
    )
    islands = (
        "SELECT *, count(*) FILTER (begins) OVER (PARTITION BY person_id, scope "
        "ORDER BY day) AS island FROM (SELECT *, coalesce(lag(last_day) OVER "
        "(PARTITION BY person_id, scope ORDER BY day) + 1 <> day, true) AS begins "
        f"FROM ({ruled}) WHERE said = 'deny')"
    )
    connection.execute(
        "INSERT INTO rounds_opt_out SELECT person_id, scope, min(day), "
        "CASE WHEN count(last_day) = count(*) THEN max(last_day) END "
        f"FROM ({islands}) GROUP BY person_id, scope, island ORDER BY ALL"
    )
