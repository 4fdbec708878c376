"""Tokens of callers that have been used: none is accepted twice, by any process."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from rounds.practice import schema
from rounds.practice.edge import writing
from rounds.practice.store import Practice

__all__ = ["spend_token"]


def spend_token(
    practice: Practice, issuer: str, jti: str, *, expires: int, now: dt.datetime
) -> bool:
    """Mark a token as used; False if it was used before.

    Parameters
    ----------
    expires : int
        Seconds since 1970 in UTC after which it is refused anyway and forgotten here.
    """
    table = schema.token
    row = {"issuer": issuer, "jti": jti, "expires": expires}
    with writing(practice.engine) as connection:
        connection.execute(
            sa.delete(table).where(table.c.expires < int(now.timestamp()) - 3600)
        )
        done = connection.execute(upsert(table).values(row).on_conflict_do_nothing())
        return done.rowcount == 1
