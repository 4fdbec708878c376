"""The public keys of callers, from a JSON Web Key Set or a PEM file."""

import json
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from rounds.nouns import DefinitionError

__all__ = ["read_key_set", "read_public_key"]

_ALGORITHM = {"EC": "ES384", "RSA": "RS384"}


def read_key_set(path: Path) -> dict[str, jwt.PyJWK]:
    """Give key id → key for ES384 and RS384; keys for other algorithms are left out.

    Raises
    ------
    DefinitionError
        If there is none, or the file holds a private key.
    """
    keys = {}
    try:
        listed = json.loads(path.read_text())["keys"]
        # A set that holds a private key ("d") is a mistake; none of it is used.
        for one in [] if any("d" in one for one in listed) else listed:
            key = _usable(one)
            if key is not None:
                keys[str(one.get("kid", ""))] = key
    except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
        keys = {}
    if not keys:
        raise _no_key(path)
    return keys


def read_public_key(path: Path) -> dict[str, jwt.PyJWK]:
    """Give the one key of a PEM file, under the id "".

    Raises
    ------
    DefinitionError
        If it is no public key for ES384 (P-384) or RS384.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise _no_key(path) from None
    usable = None
    if isinstance(key, EllipticCurvePublicKey):
        usable = _usable(ECAlgorithm.to_jwk(key, as_dict=True))
    elif isinstance(key, RSAPublicKey):
        usable = _usable(RSAAlgorithm.to_jwk(key, as_dict=True))
    if usable is None:
        raise _no_key(path)
    return {"": usable}


def _usable(key: dict[str, Any]) -> jwt.PyJWK | None:
    algorithm = _ALGORITHM.get(key["kty"])
    if algorithm is None or key.get("alg", algorithm) != algorithm:
        return None
    if key["kty"] == "EC" and key.get("crv") != "P-384":
        return None
    return jwt.PyJWK(key, algorithm=algorithm)


def _no_key(path: Path) -> DefinitionError:
    return DefinitionError(
        f"{path} holds no public key for ES384 (P-384) or RS384.",
        code="bad-client-keys",
        why="A client signs with its private key, which it keeps.",
        remedies=(
            "Ask the client for its JWK Set, and name it as jwks.",
            "Ask it for its public key in PEM, and name it as public_key_file.",
        ),
    )
