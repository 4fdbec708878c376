"""The private key that a client signs with: read once, never shown.

References
----------
SMART App Launch 2.2, "Client Authentication: Asymmetric (public key)": RS384 or ES384,
and a `kid` in the header. https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
"""

import base64
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from rounds.nouns.errors import AccessError, DefinitionError

__all__ = ["SigningKey", "read_signing_key"]

_LARGEST_FILE = 1 << 20
_SMALLEST_RSA = 2048
_CURVE = "secp384r1"
_IN_THUMBPRINT = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}


@dataclass(frozen=True)
class SigningKey:
    """A private key with its algorithm (RS384 or ES384) and its id."""

    algorithm: str
    kid: str
    key: EllipticCurvePrivateKey | RSAPrivateKey = field(repr=False)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Give a signed JSON Web Token."""
        return jwt.encode(
            dict(claims), self.key, self.algorithm, {"kid": self.kid, "typ": "JWT"}
        )


def read_signing_key(path: Path, kid: str | None = None) -> SigningKey:
    """Read a private key: PEM, one JSON Web Key, or a set of them.

    Parameters
    ----------
    path : Path
        A file that its owner alone may read (mode 0600 or 0400).
    kid : str, optional
        The id under which the server knows the key. A key of a set has its own; for
        PEM the thumbprint (RFC 7638) is taken if none is given.

    Raises
    ------
    AccessError
        If others may read the file.
    DefinitionError
        If there is no such key.
    """
    content = _read_guarded(path)
    try:
        if content.lstrip().startswith(b"{"):
            return _from_json(json.loads(content), kid)
        return _signing(load_pem_private_key(content, None), kid)
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
        UnsupportedAlgorithm,
        jwt.PyJWTError,
    ):
        # The key's own text could stand in the error: it goes no further.
        raise _unusable(path, "it holds no such key, or one with a password") from None


def _read_guarded(path: Path) -> bytes:
    """Read the file if nobody but its owner may; the open file itself is judged."""
    try:
        with path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _unusable(path, "it is not a file")
            if stat.S_IMODE(found.st_mode) & ~0o600:
                raise AccessError(
                    f"The key file {path} has mode {stat.S_IMODE(found.st_mode):04o}.",
                    code="fetch-key-readable",
                    why="Whoever reads the key can fetch every record in our name.",
                    remedies=(
                        f"chmod 600 {path}",
                        "If others could read it until now, register a new key.",
                    ),
                )
            return stream.read(_LARGEST_FILE)
    except OSError:
        raise _unusable(path, "it cannot be opened") from None


def _from_json(found: dict[str, Any], kid: str | None) -> SigningKey:
    listed = found.get("keys", [found])
    private = [each for each in listed if "d" in each]
    if kid is not None:
        private = [each for each in private if each.get("kid") == kid]
    usable = [each for each in private if each.get("use", "sig") == "sig"]
    chosen = usable[0]
    read = {"EC": ECAlgorithm.from_jwk, "RSA": RSAAlgorithm.from_jwk}[chosen["kty"]]
    return _signing(read(chosen), kid or chosen.get("kid"))


def _signing(key: Any, kid: str | None) -> SigningKey:
    if isinstance(key, RSAPrivateKey) and key.key_size >= _SMALLEST_RSA:
        public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return SigningKey("RS384", kid or _thumbprint(public), key)
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name == _CURVE:
        public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return SigningKey("ES384", kid or _thumbprint(public), key)
    raise ValueError


def _thumbprint(public: Mapping[str, Any]) -> str:
    """Give the id that RFC 7638 derives from a public key."""
    kept = {name: public[name] for name in _IN_THUMBPRINT[public["kty"]]}
    text = json.dumps(kept, separators=(",", ":"), sort_keys=True)
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _unusable(path: Path, how: str) -> DefinitionError:
    return DefinitionError(
        f"The key file {path} cannot be used: {how}.",
        code="fetch-key-unusable",
        why="A client proves who it is by signing with ES384 (P-384) or RS384.",
        remedies=(
            "openssl ecparam -name secp384r1 -genkey -noout -out client.pem",
            "Give the JSON Web Key Set with the private key, and its id: --key-id",
        ),
    )
