"""Asking a server: patiently, with limits, and the token only where it belongs."""

import datetime as dt
import email.utils
import json
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from rounds import __version__
from rounds.datamart.fetch.failures import (
    answer_unusable,
    not_allowed,
    server_failing,
    server_silent,
    token_elsewhere,
    too_slow,
)
from rounds.datamart.fetch.outcomes import TRANSIENT, issue_codes
from rounds.datamart.fetch.patience import Patience, Surroundings
from rounds.datamart.fetch.request import insist_on_https, is_loopback, origin_of
from rounds.nouns.errors import SourceError

__all__ = ["Answer", "Call", "Tokens", "Wire"]

SMALL = 1 << 20
"""Bytes that an answer other than a manifest or a file may have."""

_TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_MOST_REDIRECTS = 5


class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self) -> str:
        """Give one that is still good."""

    def renew(self) -> None:
        """Forget the one that a server would not take."""


@dataclass(frozen=True)
class Call:
    """One question.

    Parameters
    ----------
    url, what : str
        The address, and what is asked for, in words.
    limit : int or None
        The most bytes of an answer; None: a file, whose body is not read here.
    form : callable, optional
        Makes what is posted, anew at each try.
    with_token : bool
        Whether the access token goes along.
    repeat : bool
        Whether it may be asked again when no answer came.
    """

    url: str
    what: str
    method: str = "GET"
    accept: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] | None = None
    form: Callable[[], dict[str, str]] | None = None
    limit: int | None = SMALL
    with_token: bool = True
    repeat: bool = True

    @property
    def host(self) -> str:
        """Give the host alone: a path or a query may be a secret."""
        return urlsplit(self.url).hostname or "the server"


@dataclass(frozen=True)
class Answer:
    """What came back; `response` is open still if the body is a file."""

    call: Call
    response: httpx.Response = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def status(self) -> int:
        """Give the HTTP status."""
        return self.response.status_code

    @property
    def codes(self) -> tuple[str, ...]:
        """Give the issue codes, if it is an OperationOutcome."""
        return issue_codes(self.body)

    def document(self) -> dict[str, Any]:
        """Read the body as a JSON object.

        Raises
        ------
        SourceError
            If it is a web page, or is not a JSON object.
        """
        told = self.response.headers.get("content-type", "").lower()
        if "html" in told or self.body.lstrip()[:1] == b"<":
            raise self.unusable("it is a web page, not JSON")
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            raise self.unusable("it is not JSON") from None
        if not isinstance(found, dict):
            raise self.unusable("it is not a JSON object")
        return found

    def unusable(self, how: str) -> SourceError:
        """Make the error that says so."""
        return answer_unusable(self.call.what, self.call.host, how)


class Wire:
    """A client of one server.

    Parameters
    ----------
    server : str
        Its base address; an access token goes to its origin.
    around : Surroundings
        The clock, and all else that comes from outside.
    patience : Patience, optional
        Limits on waiting and on tries.
    token_origins : iterable of str
        Other origins to which the token may go.
    """

    def __init__(
        self,
        server: str,
        around: Surroundings,
        patience: Patience | None = None,
        *,
        token_origins: Iterable[str] = (),
    ) -> None:
        self.around = around
        self.patience = patience or Patience()
        self.tokens: Tokens | None = None
        self._local = is_loopback(server)
        self._trusted = {origin_of(each) for each in (server, *token_origins)}
        self._deadline = around.now() + dt.timedelta(hours=self.patience.hours)
        self._reached = False
        self._client = httpx.Client(
            timeout=httpx.Timeout(self.patience.silence, connect=self.patience.connect),
            transport=around.transport,
            # A proxy of the environment never stands before this machine itself; its
            # trusted certificates (SSL_CERT_FILE) hold everywhere.
            trust_env=not self._local,
            verify=httpx.create_ssl_context(),
            headers={"User-Agent": f"rounds/{__version__}"},
        )

    def close(self) -> None:
        """Let every connection go."""
        self._client.close()

    def ask(self, call: Call) -> Answer:
        """Ask until there is an answer that waiting would not change.

        Returns
        -------
        Answer
            With any status but those of a redirect, of a server that is busy or broken
            for the moment, or (once) of a token that has run out.

        Raises
        ------
        SourceError
            If no answer came, or only failures, for as often or long as is allowed.
        AccessError
            If the address, or one redirected to, is not https; or if the token would
            go to an origin that nobody has named here.
        """
        failures, renewed = 0, False
        while True:
            wait: float | None = None
            try:
                answer = self._once(call)
            except httpx.RequestError as error:
                failures += 1
                last = failures >= self.patience.tries or not call.repeat
                if last or not self._reached:
                    raise server_silent(call.what, call.host, _told(error)) from None
            else:
                self._reached = True
                if answer.status == 401 and call.with_token and self.tokens:
                    if renewed:
                        return answer
                    self.tokens.renew()
                    renewed = True
                    continue
                codes = answer.codes if answer.status >= 400 else ()
                final = codes and not TRANSIENT.intersection(codes)
                if answer.status not in _TRANSIENT_STATUS or final:
                    return answer
                failures += 1
                if failures >= self.patience.tries:
                    raise server_failing(call.what, call.host, answer.status, failures)
                wait = self.told_to_wait(answer)
            self.pause(wait or self.patience.wait(failures), call)

    def admitted(self, answer: Answer) -> Answer:
        """Refuse an answer that says that we may not.

        Raises
        ------
        AccessError
            If the status is 401 or 403.
        """
        if answer.status in {401, 403}:
            call, token = answer.call, self.tokens is not None
            raise not_allowed(call.what, call.host, answer.status, token=token)
        return answer

    def told_to_wait(self, answer: Answer) -> float | None:
        """Give the seconds of Retry-After; None if it says nothing sensible."""
        told = answer.response.headers.get("retry-after", "").strip()
        if told.isascii() and told.isdigit() and len(told) < 9:
            return max(float(told), self.patience.first)
        with suppress(ValueError, TypeError, OverflowError):
            moment = email.utils.parsedate_to_datetime(told)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=dt.UTC)
            seconds = (moment - self.around.now()).total_seconds()
            return max(seconds, self.patience.first)
        return None

    def pause(self, seconds: float, call: Call) -> None:
        """Wait, unless that would be longer than the whole fetch may take.

        Raises
        ------
        SourceError
            If it would.
        """
        if self.around.now() + dt.timedelta(seconds=seconds) > self._deadline:
            raise too_slow(call.what, call.host, self.patience.hours)
        self.around.sleep(seconds)

    def _once(self, call: Call) -> Answer:
        response = self._follow(call)
        if call.limit is None and response.status_code in {200, 206}:
            return Answer(call, response, b"")
        with closing(response):
            limit, body = call.limit or SMALL, bytearray()
            for block in response.iter_bytes():
                body += block
                if len(body) > limit and response.status_code >= 400:
                    break
                if len(body) > limit:
                    how = f"it is longer than {limit >> 20} MB"
                    raise answer_unusable(call.what, call.host, how)
        return Answer(call, response, bytes(body))

    def _follow(self, call: Call) -> httpx.Response:
        """Send, and follow redirects; the token stays with the host it is meant for."""
        url, at_home = call.url, True
        for _ in range(_MOST_REDIRECTS + 1):
            insist_on_https(url, local=self._local)
            headers = {"Accept": call.accept, **call.headers}
            try:
                request = self._client.build_request(
                    call.method,
                    url,
                    headers=headers,
                    params=tuple(call.query)
                    if call.query and url == call.url
                    else None,
                    data=call.form() if call.form else None,
                )
            except (httpx.InvalidURL, ValueError):
                raise answer_unusable(call.what, call.host, "no address") from None
            if call.with_token and self.tokens and at_home:
                # As the client reads the address, which is who will be sent it.
                origin = origin_of(str(request.url))
                if origin not in self._trusted:
                    raise token_elsewhere(call.what, origin)
                request.headers["Authorization"] = f"Bearer {self.tokens.token()}"
            response = self._client.send(request, stream=True)
            onward = response.next_request
            # What is posted proves who we are: it goes nowhere else.
            if onward is None or call.method == "POST":
                return response
            response.close()
            before, url = url, str(onward.url)
            at_home = at_home and origin_of(before) == origin_of(url)
        how = f"it is redirected more than {_MOST_REDIRECTS} times"
        raise answer_unusable(call.what, call.host, how)


def _told(error: httpx.RequestError) -> str:
    """Say what kind of silence it was; its own words may quote an address or a body."""
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "it stopped answering"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "its certificate is not trusted here, or its TLS is too old"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    if isinstance(error, httpx.ProxyError):
        return "the proxy between refuses"
    return "it broke off"
