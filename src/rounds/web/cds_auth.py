"""Who may call the CDS services: this machine alone, or clients with a signed token.

CDS Hooks 2.0, "Trusting CDS Clients": each request carries a JSON Web Token signed
with the client's private key. We accept ES384 and RS384, from issuers on our own list,
made for exactly the address that is called, not expired, and never the same one twice.
"""

import datetime as dt
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import jwt
from starlette.requests import Request

from rounds.nouns import AccessError, DefinitionError
from rounds.practice import Practice
from rounds.practice.tokens import spend_token
from rounds.web.cds_keys import read_key_set, read_public_key

__all__ = ["Client", "Gate"]

_ALGORITHMS = ("ES384", "RS384")
_KEY_FILES = ("jwks", "public_key_file")
_CLIENT_KEYS = {"iss", "organisation", *_KEY_FILES}
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
        """Read one `[[cds.clients]]` of rounds.toml.

        Raises
        ------
        DefinitionError
            If a field is missing, or the key file holds no usable public key.
        """
        issuer = settings.get("iss")
        named = [
            settings[key] for key in ("jwks", "public_key_file") if key in settings
        ]
        unknown = sorted(settings.keys() - _CLIENT_KEYS)
        if not isinstance(issuer, str) or unknown or len(named) != 1:
            raise DefinitionError(
                "A [[cds.clients]] of rounds.toml has iss, organisation, and either "
                "jwks or public_key_file"
                + (f"; not {', '.join(unknown)}." if unknown else "."),
                code="bad-client",
                remedies=('Write iss = "https://…" and jwks = "keys/clinic.json".',),
            )
        path = folder / str(named[0])
        return cls(
            issuer=issuer,
            organisation=str(settings.get("organisation", "")),
            keys=read_key_set(path) if "jwks" in settings else read_public_key(path),
        )

    def key(self, kid: str | None) -> jwt.PyJWK | None:
        """Give the key of an id; a client's only key, kept without id, serves any."""
        return self.keys.get(kid or "") or self.keys.get("")


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
        unknown = settings.keys() - {"clients", "origins", "base_url"}
        if not sound or "*" in origins or unknown:
            raise DefinitionError(
                "[cds] of rounds.toml holds base_url, origins (a list of "
                "addresses, never '*') and [[cds.clients]], and nothing else.",
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
        key = client.key(header.get("kid"))
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
