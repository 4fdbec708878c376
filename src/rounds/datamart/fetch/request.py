"""What is asked of a server: which address, whose records, which types, since when."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rounds.nouns.errors import AccessError, DefinitionError

__all__ = [
    "FetchRequest",
    "insist_on_https",
    "is_instant",
    "is_loopback",
    "is_origin",
    "origin_of",
]

FORMAT = "application/fhir+ndjson"
_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_FILTER = re.compile(r"([A-Z][A-Za-z]{1,63})\?\S+")


@dataclass(frozen=True, kw_only=True)
class FetchRequest:
    """One export, as the Bulk Data Access guide words it.

    Parameters
    ----------
    server : str
        The FHIR server's base address; https, unless it is this machine.
    group : str, optional
        A Group's id: the records of its members. Without it, of every patient.
    system : bool
        Everything on the server, whether or not it is about a patient.
    types : tuple of str
        Resource types (`_type`); empty for all that the server gives.
    since : str, optional
        A FHIR instant: only what changed after it (`_since`).
    type_filters : tuple of str
        Searches such as `Observation?category=laboratory` (`_typeFilter`).

    References
    ----------
    HL7 FHIR Bulk Data Access, "Bulk Data Kick-off Request".
    https://hl7.org/fhir/uv/bulkdata/export.html, as written in
    https://github.com/HL7/bulk-data/blob/master/input/pagecontent/export.md
    """

    server: str
    group: str | None = None
    system: bool = False
    types: tuple[str, ...] = ()
    since: str | None = None
    type_filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise DefinitionError(
                f"This fetch is not well put: {'; '.join(problems)}.",
                code="fetch-settings",
                remedies=(
                    "Give the FHIR base address: --server https://ehr.example.org/fhir",
                    "Write types as FHIR does: --type Patient,Observation",
                    "Write moments with their zone: --since 2024-01-31T00:00:00Z",
                ),
            )
        insist_on_https(self.server, local=True)
        object.__setattr__(self, "server", self.server.rstrip("/"))
        object.__setattr__(self, "types", tuple(sorted(set(self.types))))
        filters = tuple(sorted(set(self.type_filters)))
        object.__setattr__(self, "type_filters", filters)

    def _problems(self) -> Iterator[str]:
        if not _is_plain_address(self.server):
            yield (
                "the server's address is not http(s)://host/path, without a name, "
                "password, question mark or #"
            )
        if self.group is not None and self.system:
            yield "a group and the whole system are both asked for"
        if self.group is not None and not _ID.fullmatch(self.group):
            yield "the group's id is not a FHIR id"
        wrong = [each for each in self.types if not _TYPE.fullmatch(each)]
        if wrong:
            yield f"not resource types: {', '.join(map(repr, wrong))}"
        if self.since is not None and not is_instant(self.since):
            yield f"since {self.since!r} is not a moment with its time zone"
        # What a filter asks for may name a person: it is not shown.
        if not all(self._fits(each) for each in self.type_filters):
            yield "a filter is not Type?search, or its type is not among those asked"

    def _fits(self, type_filter: str) -> bool:
        found = _FILTER.fullmatch(type_filter)
        return found is not None and (not self.types or found[1] in self.types)

    @property
    def level(self) -> str:
        """Say whose records: `system`, `group` or `patient`."""
        if self.system:
            return "system"
        return "patient" if self.group is None else "group"

    @property
    def kick_off_url(self) -> str:
        """Give the address of the `$export` operation."""
        place = {"system": "", "patient": "/Patient", "group": f"/Group/{self.group}"}
        return f"{self.server}{place[self.level]}/$export"

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Give the kick-off's query."""
        given = [("_outputFormat", FORMAT)]
        if self.types:
            given.append(("_type", ",".join(self.types)))
        if self.since is not None:
            given.append(("_since", self.since))
        # Repeated, not joined by commas: a search may hold a comma itself.
        return given + [("_typeFilter", each) for each in self.type_filters]

    @property
    def scope(self) -> dict[str, Any]:
        """Say what is asked for, but since when: what a later fetch must share."""
        return {
            "server": self.server,
            "level": self.level,
            "group": self.group,
            "types": list(self.types),
            "type_filters": list(self.type_filters),
        }


def is_instant(text: object) -> bool:
    """Tell whether it is a FHIR instant: to the second at least, with its zone."""
    return isinstance(text, str) and _INSTANT.fullmatch(text) is not None


def is_resource_type(text: object) -> bool:
    """Tell whether it is written as a resource type is: letters, the first large."""
    return isinstance(text, str) and _TYPE.fullmatch(text) is not None


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine."""
    host = _parts(url)[1]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Give scheme, host and port of an address; the port only if it is not the usual.

    Examples
    --------
    >>> origin_of("https://EHR.example.org:443/fhir/Patient")
    'https://ehr.example.org'
    >>> origin_of("https://files.example.org:8443/1?signed=abc")
    'https://files.example.org:8443'
    """
    scheme, host = _parts(url)
    try:
        port = urlsplit(url).port
    except ValueError:
        port = None
    written = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{written}" + (f":{port}" if port not in {None, usual} else "")


def is_origin(text: str) -> bool:
    """Tell whether it is scheme, host and perhaps port, and nothing beyond."""
    return _is_plain_address(text) and not urlsplit(text).path.strip("/")


def insist_on_https(url: str, *, local: bool) -> None:
    """Refuse an address that is not https.

    Parameters
    ----------
    url : str
        An address, ours or one that a server named.
    local : bool
        Whether plain http on this machine will do: only where the server is there too.

    Raises
    ------
    AccessError
        If records or tokens would travel in the open.
    """
    scheme, host = _parts(url)
    if host and (
        scheme == "https" or (scheme == "http" and local and is_loopback(url))
    ):
        return
    raise AccessError(
        f"The address at {host or 'no host'} is not https.",
        code="fetch-not-https",
        why="Records and tokens would travel where others can read them.",
        remedies=(
            "Give the server's https address.",
            "If the server itself named this address, tell its administrator.",
        ),
    )


def _parts(url: str) -> tuple[str, str]:
    try:
        split = urlsplit(url)
        return split.scheme.lower(), (split.hostname or "").lower()
    except ValueError:
        return "", ""


def _is_plain_address(url: str) -> bool:
    try:
        split = urlsplit(url)
        port_is_sound = split.port is None or split.port > 0
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set(' ?#"<>\\')
    return (
        plain
        and port_is_sound
        and split.scheme.lower() in {"http", "https"}
        and bool(split.hostname)
        and "@" not in split.netloc
    )
