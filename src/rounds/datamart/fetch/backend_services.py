"""SMART Backend Services: who we are is proved by signing, for five minutes a time.

References
----------
SMART App Launch 2.2, "Backend Services" and "Client Authentication: Asymmetric".
https://hl7.org/fhir/smart-app-launch/backend-services.html
https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rounds.datamart.fetch.keys import SigningKey
from rounds.datamart.fetch.request import FetchRequest, insist_on_https, is_origin
from rounds.datamart.fetch.wire import Answer, Call, Wire
from rounds.nouns.errors import AccessError, DefinitionError, SourceError

__all__ = ["BackendServices", "Credentials"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME = 240
"""Seconds that an assertion is good for; the most that is allowed is 300."""

_USUAL_EXPIRY = 300
_MARGIN = 20
# RFC 6749, section 5.2: the codes that may be shown.
_CODES = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


@dataclass(frozen=True)
class Credentials:
    """What a server knows us by.

    Parameters
    ----------
    client_id : str
        As the server registered it.
    key : SigningKey
        The private key to its public one.
    scope : str, optional
        The scopes to ask for; by default `system/…` for each type that is fetched.
    token_origins : tuple of str
        Where tokens may go beside the server itself, e.g. `https://files.example.org`:
        a server may keep the files of an export elsewhere.

    Raises
    ------
    DefinitionError
        If one of these is more, or less, than scheme, host and port.
    AccessError
        If one of them is not https, unless it is this machine.
    """

    client_id: str
    key: SigningKey
    scope: str | None = None
    token_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        wrong = [each for each in self.token_origins if not is_origin(each)]
        if wrong:
            raise DefinitionError(
                "This fetch is not well put: not the origin of an address: "
                f"{', '.join(map(repr, wrong))}.",
                code="fetch-settings",
                why="A token goes to a whole host, so its path is not looked at.",
                remedies=("Write scheme and host alone: https://files.example.org",),
            )
        for each in self.token_origins:
            insist_on_https(each, local=True)


class BackendServices:
    """Gives access tokens, each used until it runs out."""

    def __init__(
        self, wire: Wire, request: FetchRequest, credentials: Credentials
    ) -> None:
        self._wire = wire
        self._request = request
        self._credentials = credentials
        self._endpoint = ""
        self._scope = credentials.scope or ""
        self._token = ""
        self._good_until: dt.datetime | None = None

    def token(self) -> str:
        """Give an access token that is still good.

        Raises
        ------
        AccessError
            If the token endpoint refuses.
        SourceError
            If the server does not offer Backend Services, or does not answer.
        """
        now = self._wire.around.now()
        if self._good_until is None or now >= self._good_until:
            if not self._endpoint:
                self._discover()
            self._obtain()
        return self._token

    def renew(self) -> None:
        """Forget the token: the server would not take it any more."""
        self._good_until = None

    def _discover(self) -> None:
        call = Call(
            f"{self._request.server}/.well-known/smart-configuration",
            "its SMART configuration",
            with_token=False,
        )
        answer = self._wire.ask(call)
        if answer.status != 200:
            raise answer.unusable(f"the status is {answer.status}")
        found = answer.document()
        endpoint = found.get("token_endpoint")
        if not isinstance(endpoint, str) or not endpoint:
            raise answer.unusable("it names no token_endpoint")
        algorithm = self._credentials.key.algorithm
        taken = found.get("token_endpoint_auth_signing_alg_values_supported")
        if isinstance(taken, list) and taken and algorithm not in taken:
            raise answer.unusable(f"it does not take keys for {algorithm}")
        self._endpoint = endpoint
        self._scope = self._scope or _scope(found, self._request.types)

    def _obtain(self) -> None:
        call = Call(
            self._endpoint,
            "an access token",
            method="POST",
            form=self._form,
            with_token=False,
        )
        asked = self._wire.around.now()
        answer = self._wire.ask(call)
        if answer.status != 200:
            raise _token_refused(answer, self._credentials.key.algorithm)
        found = answer.document()
        token, kind = found.get("access_token"), found.get("token_type", "")
        lasts = found.get("expires_in", _USUAL_EXPIRY)
        sound = isinstance(token, str) and token.isascii() and token.isprintable()
        if not (sound and token and str(kind).lower() == "bearer"):
            raise answer.unusable("it is no bearer token")
        if not (_is_number(lasts) and 0 < lasts < 1e9):
            raise answer.unusable("its expires_in is not a number of seconds")
        self._token = token
        # Renewed a little early, so that it does not run out on the way.
        margin = min(_MARGIN, lasts / 10)
        self._good_until = asked + dt.timedelta(seconds=lasts - margin)

    def _form(self) -> dict[str, str]:
        """Make what is posted, with an assertion that is used once."""
        around, who = self._wire.around, self._credentials
        claims = {
            "iss": who.client_id,
            "sub": who.client_id,
            "aud": self._endpoint,
            "iat": int(around.now().timestamp()),
            "exp": int(around.now().timestamp()) + _LIFETIME,
            "jti": around.new_id(),
        }
        return {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": who.key.sign(claims),
        }


def _scope(found: Mapping[str, Any], types: Iterable[str]) -> str:
    """Ask for reading alone, of what is fetched alone, as the server words scopes."""
    capabilities, offered = found.get("capabilities"), found.get("scopes_supported")
    listed = [str(each) for each in offered] if isinstance(offered, list) else []
    second = isinstance(capabilities, list) and "permission-v2" in capabilities
    second = second or any(each.endswith(".rs") for each in listed)
    ending = "rs" if second else "read"
    return " ".join(f"system/{each}.{ending}" for each in types or "*")


def _token_refused(answer: Answer, algorithm: str) -> AccessError | SourceError:
    try:
        code = answer.document().get("error")
    except SourceError:
        code = None
    named = f": {code}" if code in _CODES else ""
    return AccessError(
        f"{answer.call.host} refused an access token ({answer.status}{named}).",
        code="fetch-token-refused",
        why="Without a token the server gives no records.",
        remedies=(
            f"Check the client id, its {algorithm} key there, and the key's id.",
            "Check this machine's clock: an assertion is good for minutes only.",
            'Set the scopes that were granted: scope = "system/*.read" under [fetch].',
        ),
    )


def _is_number(found: object) -> bool:
    return (
        isinstance(found, int | float)
        and not isinstance(found, bool)
        and math.isfinite(found)
    )
