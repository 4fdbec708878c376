"""Issue codes of OperationOutcomes: the one thing of them that is ever shown.

References
----------
HL7 FHIR, CodeSystem IssueType.
https://hl7.org/fhir/r4b/codesystem-issue-type.json.html
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

__all__ = ["TRANSIENT", "issue_codes", "summarise"]

TRANSIENT = frozenset(
    {
        "transient",
        "lock-error",
        "no-store",
        "exception",
        "timeout",
        "incomplete",
        "throttled",
    }
)
"""`transient` and what is below it: the same request may do later."""

_CODES = TRANSIENT | {
    "invalid",
    "structure",
    "required",
    "value",
    "invariant",
    "security",
    "login",
    "unknown",
    "expired",
    "forbidden",
    "suppressed",
    "processing",
    "not-supported",
    "duplicate",
    "multiple-matches",
    "not-found",
    "deleted",
    "too-long",
    "code-invalid",
    "extension",
    "too-costly",
    "business-rule",
    "conflict",
    "informational",
}
_SEVERITIES = ("fatal", "error", "warning", "information")
_LONGEST_OUTCOME = 64 << 20


def issue_codes(body: bytes) -> tuple[str, ...]:
    """Give the codes of one OperationOutcome; none if it is something else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, dict) or found.get("resourceType") != "OperationOutcome":
        return ()
    issues = found.get("issue")
    if not isinstance(issues, list):
        return ()
    codes = {each.get("code") for each in issues if isinstance(each, dict)}
    return tuple(sorted(code for code in codes if code in _CODES))


def summarise(paths: Sequence[Path]) -> Mapping[str, int]:
    """Count the issues of NDJSON files of OperationOutcomes.

    Returns
    -------
    mapping of str to int
        `severity code` → issues; what is in no published list is `other`, and a line
        that cannot be read is `unreadable`.
    """
    if not paths:
        return {}
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    codes = ", ".join(f"'{code}'" for code in sorted(_CODES))
    severities = ", ".join(f"'{one}'" for one in _SEVERITIES)
    query = f"""
        SELECT said, count(*) FROM (
            SELECT CASE
                WHEN issue IS NULL THEN 'unreadable'
                WHEN each.severity IN ({severities}) AND each.code IN ({codes})
                    THEN each.severity || ' ' || each.code
                ELSE 'other' END AS said
            FROM (
                SELECT issue, unnest(CASE WHEN issue IS NULL THEN [NULL] ELSE issue END)
                    AS each
                FROM read_ndjson([{listed}], ignore_errors = true,
                    maximum_object_size = {_LONGEST_OUTCOME},
                    columns = {{issue: 'STRUCT(severity VARCHAR, code VARCHAR)[]'}})
            )
        ) GROUP BY ALL ORDER BY ALL"""
    try:
        with duckdb.connect() as connection:
            return dict(connection.execute(query).fetchall())
    except duckdb.Error:
        return {"unreadable": len(paths)}
