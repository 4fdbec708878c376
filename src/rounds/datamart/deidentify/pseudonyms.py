"""Pseudonyms in SQL: HMAC-SHA-256 under the key, or random codes kept in private.

A text such as `Patient/x` has a digest of 64 hexadecimal digits. Its first half is what
stands for the text; of the rest come the days by which a person's dates are moved, and
a number that hides when a resource was updated but not which version is later.

In `shifted` the digest is an HMAC of the text: whoever has the key, and nobody else,
can make it again. In `safe_harbor` it is random, since 45 CFR 164.514(c)(1) wants codes
that are "not derived from or related to information about the individual"; the private
store remembers which text has which, by the text's HMAC and not by the text.
"""

from typing import Final

import duckdb

from rounds.datamart.deidentify.plan import DeidentifyPlan

__all__ = ["OFFSETS", "bigint", "code", "hmac_sql", "mask", "offset", "use_key"]

OFFSETS: Final = 730
"""From 365 days earlier to 365 days later, and never none."""
_BLOCK: Final = 64
_INNER, _OUTER = "rounds_deidentify_inner", "rounds_deidentify_outer"


def use_key(connection: duckdb.DuckDBPyConnection, plan: DeidentifyPlan) -> None:
    """Hand the key to a connection as variables, so that it stands in no statement.

    Nothing that is read is then written to a temporary file that others could read.
    """
    padded = plan.key.ljust(_BLOCK, b"\0")
    for name, pad in ((_INNER, 0x36), (_OUTER, 0x5C)):
        connection.execute(
            f"SET VARIABLE {name} = ?::BLOB", [bytes(byte ^ pad for byte in padded)]
        )
    connection.execute("SET temp_file_encryption = true")


def hmac_sql(text: str) -> str:
    """Write the HMAC-SHA-256 of a text: 64 hexadecimal digits; NULL of NULL.

    References
    ----------
    RFC 2104, section 2: H(K xor opad, H(K xor ipad, text)).
    """
    inner = f"sha256(getvariable('{_INNER}') || encode({text}))"
    return f"sha256(getvariable('{_OUTER}') || unhex({inner}))"


def code(digest: str) -> str:
    """Write the pseudonym of a digest: 32 hexadecimal digits."""
    return f"left({digest}, 32)"


def bigint(digest: str) -> str:
    """Write the pseudonym of a digest as a number, in [1, 2**63)."""
    number = f"CAST(CAST('0x' || left({digest}, 16) AS UBIGINT) >> 1 AS BIGINT)"
    return f"(CASE {number} WHEN 0 THEN 1 ELSE {number} END)"


def offset(digest: str) -> str:
    """Write the days by which dates are moved: -365 to -1 or 1 to 365, all alike."""
    number = f"CAST('0x' || substr({digest}, 33, 16) AS UBIGINT)"
    drawn, half = f"CAST({number} % {OFFSETS} AS INTEGER)", OFFSETS // 2
    later = f"{drawn} - {half - 1}"
    return f"(CASE WHEN {drawn} < {half} THEN {drawn} - {half} ELSE {later} END)"


def mask(digest: str) -> str:
    """Write a secret number of a digest, in [0, 2**52): as microseconds, 142 years."""
    return f"CAST(CAST('0x' || substr({digest}, 49, 16) AS UBIGINT) >> 12 AS BIGINT)"
