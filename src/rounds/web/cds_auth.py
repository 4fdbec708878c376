"""Who may call the CDS services: this machine alone, or clients with a signed token.

CDS Hooks 2.0, "Trusting CDS Clients": each request carries a JSON Web Token signed
with the client's private key. We accept ES384 and RS384, from issuers on our own list,
made for exactly the address that is called, not expired, and never the same one twice.
"""

import datetime as dt
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import jwt
from starlette.requests import Request

from rounds.nouns import AccessError, DefinitionError
from rounds.practice import Practice
from rounds.practice.tokens import spend_token

__all__ = ["Client", "Gate"]

_ALGORITHMS = ("ES384", "RS384")
_LEEWAY = 60
_LONGEST = 3600
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
_TEXT_LIMIT = 255


@dataclass(frozen=True)
class Client:
    """A registered caller.

    Parameters
    ----------
    issuer : str
        The `iss` of its tokens.
    organisation : str
        FHIR Organization id of the clinic that it speaks for; "" if it is several.
    keys : dict
        Key id → public key; "" for a single key without an id.
    """

    issuer: str
    organisation: str
    keys: Mapping[str, jwt.PyJWK] = field(repr=False)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], folder: Path) -> Self:
        """Read one `[[cds.clients]]` of rounds.toml: iss, jwks, organisation.

        Raises
        ------
        DefinitionError
            If a field is missing, or the key file holds no usable public key.
        """
        issuer, name = settings.get("iss"), settings.get("jwks")
        unknown = sorted(settings.keys() - {"iss", "jwks", "organisation"})
        if not isinstance(issuer, str) or not isinstance(name, str) or unknown:
            raise DefinitionError(
                "A [[cds.clients]] of rounds.toml has iss, jwks and organisation"
                + (f", not {', '.join(unknown)}." if unknown else "."),
                code="bad-client",
                remedies=('Write iss = "https://…" and jwks = "keys/clinic.json".',),
            )
        return cls(
            issuer=issuer,
            organisation=str(settings.get("organisation", "")),
            keys=_read_keys(folder / name),
        )


@dataclass(frozen=True)
class Gate:
    """What is asked of a caller before its request is read.

    Parameters
    ----------
    clients : tuple of Client
        Empty: only calls from this machine are answered.
    base_url : str
        The address under which callers know us, for `aud`; needed with clients.
    origins : tuple of str
        Web origins whose pages may call (CORS).
    """

    clients: tuple[Client, ...] = ()
    base_url: str = ""
    origins: tuple[str, ...] = ()

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], folder: Path) -> Self:
        """Read the `[cds]` table of rounds.toml: base_url, origins, clients.

        Raises
        ------
        DefinitionError
            If clients are named without base_url, or a field is not what it should be.
        """
        listed = settings.get("clients", [])
        origins = settings.get("origins", [])
        base_url = settings.get("base_url", "")
        sound = _are_texts(origins) and isinstance(listed, list)
        if not sound or "*" in origins:
            raise DefinitionError(
                "[cds] of rounds.toml: origins is a list of addresses, never '*'.",
                code="bad-cds-settings",
                remedies=('Write origins = ["https://ehr.example.org"].',),
            )
        if listed and not (isinstance(base_url, str) and base_url):
            raise DefinitionError(
                "[cds] of rounds.toml names clients and no base_url.",
                code="bad-cds-settings",
                why="A token is made for one address; ours has to be known.",
                remedies=('Write base_url = "https://cds.our-hospital.example".',),
            )
        clients = tuple(Client.from_settings(one, folder) for one in listed)
        return cls(clients, str(base_url).rstrip("/"), tuple(origins))

    def admit(
        self, request: Request, practice: Practice, now: dt.datetime
    ) -> Client | None:
        """Let a request in, and say whose it is.

        Returns
        -------
        Client or None
            None for a call from this machine, where no clients are registered.

        Raises
        ------
        AccessError
            `not-admitted` or `token-refused`.
        """
        origin = request.headers.get("origin")
        if origin is not None and origin not in self.origins:
            raise _not_admitted("Pages of that origin may not call this service.")
        if self.clients:
            return self._by_token(request, practice, now)
        if not _is_local(request):
            raise _not_admitted("This service answers calls from this machine alone.")
        return None

    def _by_token(
        self, request: Request, practice: Practice, now: dt.datetime
    ) -> Client:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _refused("there is none")
        audience = self.base_url + request.url.path.rstrip("/")
        client, claims = self._verify(token.strip(), audience)
        seconds = now.timestamp()
        issued, expires = claims["iat"], claims["exp"]
        if not _are_moments(issued, expires):
            raise _refused("iat and exp are not times")
        if expires <= seconds - _LEEWAY:
            raise _refused("it has expired")
        if issued > seconds + _LEEWAY or expires - issued > _LONGEST:
            raise _refused("it was issued in the future, or for more than an hour")
        jti = claims["jti"]
        if not isinstance(jti, str) or not 0 < len(jti) <= _TEXT_LIMIT:
            raise _refused("jti is not a text")
        if not spend_token(
            practice, client.issuer, jti, expires=int(expires) + _LEEWAY, now=now
        ):
            raise _refused("it was used before")
        return client

    def _verify(self, token: str, audience: str) -> tuple[Client, dict[str, Any]]:
        try:
            header = jwt.get_unverified_header(token)
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise _refused("it is not a JSON Web Token") from None
        client = next((one for one in self.clients if one.issuer == issuer), None)
        if client is None:
            raise _refused("its issuer is not registered here")
        algorithm = header.get("alg")
        key = client.keys.get(header.get("kid") or "")
        if algorithm not in _ALGORITHMS or header.get("typ", "JWT") != "JWT":
            raise _refused(f"it is not signed with {' or '.join(_ALGORITHMS)}")
        if key is None:
            raise _refused("its kid is not among the client's keys")
        if key.algorithm_name != algorithm:
            raise _refused("its algorithm is not that of the key")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audience,
                issuer=client.issuer,
                # Times are held against the clock that was handed in, not the system's.
                options={
                    "require": ["iss", "aud", "exp", "iat", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError):
            raise _refused("its signature, audience or claims are wrong") from None
        return client, claims


def _is_local(request: Request) -> bool:
    """Whether a call comes from this machine, and not through a proxy on it."""
    if request.client is None or "forwarded" in request.headers:
        return False
    if "x-forwarded-for" in request.headers:
        return False
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") else host
    if (name or host) not in _LOCAL_NAMES:
        # A foreign name that resolves to us: a page elsewhere is calling (rebinding).
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _read_keys(path: Path) -> dict[str, jwt.PyJWK]:
    try:
        listed = json.loads(path.read_text())["keys"]
        keys = {}
        # A set that holds a private key ("d") is a mistake; none of it is used.
        for one in [] if any("d" in one for one in listed) else listed:
            algorithm = {"EC": "ES384", "RSA": "RS384"}[one["kty"]]
            if one.get("alg", algorithm) != algorithm:
                continue
            if one["kty"] == "EC" and one.get("crv") != "P-384":
                continue
            keys[str(one.get("kid", ""))] = jwt.PyJWK(one, algorithm=algorithm)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
        keys = {}
    if not keys:
        raise DefinitionError(
            f"{path} holds no public key for ES384 or RS384 as a JSON Web Key Set.",
            code="bad-client-keys",
            remedies=(
                "Ask the client for its JWK Set; it must not hold a private key.",
            ),
        )
    return keys


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _are_moments(*values: Any) -> bool:
    return all(
        isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < 1e11
        for one in values
    )


def _not_admitted(what: str) -> AccessError:
    return AccessError(
        what,
        code="not-admitted",
        why="A call writes to the record of a trial.",
        remedies=(
            "Register the client under [[cds.clients]] in rounds.toml.",
            "Add the page's origin to [cds] origins in rounds.toml.",
        ),
    )


def _refused(why: str) -> AccessError:
    return AccessError(
        f"The token is refused: {why}.",
        code="token-refused",
        remedies=(
            "Send Authorization: Bearer with a new JWT for each request.",
            "Make aud the address that is called, and sign with ES384 or RS384.",
        ),
    )
