"""What the tests of fetching share: a clock that jumps, a key, and a small export."""

import itertools
import os

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from rounds.datamart.fetch import (
    Credentials,
    FetchRequest,
    Patience,
    Surroundings,
    fetch,
    read_signing_key,
)
from stories.bulk_server import Clock, ndjson

PATIENT = [("Patient", ndjson("Patient", 40))]
QUICK = Patience(tries=4, connect=5.0, silence=5.0)


def write_key(path, key=None):
    """Write a private key that its owner alone may read; give the path."""
    key = key or ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.touch(0o600)
    path.write_bytes(pem)
    return path


def credentials_for(server, path, kid=None, client_id="rounds-at-work"):
    """Register a key with a server; give what a client shows."""
    key = read_signing_key(path, kid)
    server.keys[key.kid] = key.key.public_key()
    return Credentials(client_id, key)


class Trial:
    """One client of one server, with all it said."""

    def __init__(self, base, *, clock=None, free=1 << 40, patience=QUICK):
        self.base, self.clock = base, clock or Clock()
        self.said, self.free, self.patience = [], free, patience
        ids = itertools.count(int.from_bytes(os.urandom(4), "big"))
        self.around = Surroundings(
            now=self.clock.now,
            sleep=self.clock.sleep,
            new_id=lambda: f"id-{next(ids)}",
            free_bytes=lambda _: self.free,
            tell=self.said.append,
        )

    def fetch(self, into, *, credentials=None, since_last=False, anew=False, **asked):
        return fetch(
            FetchRequest(server=f"{self.base}/fhir", **asked),
            into,
            around=self.around,
            credentials=credentials,
            since_last=since_last,
            anew=anew,
            patience=self.patience,
        )


def seen_by_a_load(folder):
    """Give name → bytes of what a load would read."""
    from rounds.datamart.given.source_files import list_files

    files = list_files(folder) if folder.exists() else ()
    return {each.name: each.path.read_bytes() for each in files}


def claims_of(assertion):
    """Read an assertion without verifying it."""
    return jwt.decode(assertion, options={"verify_signature": False})
