"""Whose calls: a clinician is known by a pseudonym that only this file can make."""

import hashlib
import hmac
import secrets
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from rounds.practice import schema
from rounds.practice.edge import writing

__all__ = ["Calling"]

_TYPES = frozenset({"Practitioner", "PractitionerRole"})
_LENGTH = 20
"""Hexadecimal digits of a pseudonym: 80 bits."""


class Calling:
    """Who called; part of `Practice`."""

    engine: sa.Engine

    @cached_property
    def _caller_key(self) -> bytes:
        """The key of this file's pseudonyms, made where there is none yet."""
        table = schema.caller_key
        fresh = upsert(table).values(id=1, key=secrets.token_bytes(32))
        with writing(self.engine) as connection:
            connection.execute(fresh.on_conflict_do_nothing())
            found = connection.execute(sa.select(table.c.key)).scalar_one()
        return bytes(found)

    def pseudonyms(self, clinicians: list[str] | None) -> list[str] | None:
        """Give each clinician's pseudonym; "" for who is not named, or a patient.

        Parameters
        ----------
        clinicians : list of str, or None
            As the calls name them (CDS Hooks `userId`); None where nobody is named.

        Returns
        -------
        list of str, or None
            HMAC-SHA-256 under the file's own key, in one order with what was given.
        """
        if clinicians is None:
            return None
        named = {one for one in clinicians if _is_clinician(one)}
        made = {one: self._pseudonym(one) for one in named}
        return [made.get(one, "") for one in clinicians]

    def _pseudonym(self, clinician: str) -> str:
        digest = hmac.new(self._caller_key, clinician.encode(), hashlib.sha256)
        return digest.hexdigest()[:_LENGTH]


def _is_clinician(user: str) -> bool:
    """Say whether a user works here: no patient, and no relative of one.

    A reference names its type before the id, in an absolute URL too; a bare name is
    that of a clinician who is known in this process.
    """
    *before, name = user.split("/")
    return bool(name) and (not before or before[-1] in _TYPES)
