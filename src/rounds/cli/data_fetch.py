"""`rounds data fetch`: records from a FHIR server, by Bulk Data Access."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rounds.cli.output import Progress, show, table, utc_now
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.datamart.fetch import Credentials, FetchReport, Surroundings

__all__ = ["fetch_"]

_TEXTS = ("server", "client_id", "key", "key_id", "scope", "group")
_LISTS = ("types", "type_filters", "token_origins")
_EXAMPLE = "rounds data fetch --server https://ehr.example.org/fhir --out FOLDER"
_SIGNS = re.compile(r"[,\s]+")


def fetch_(
    *,
    server: str | None = None,
    out: Path | None = None,
    group: str | None = None,
    patient: bool = False,
    system: bool = False,
    types: Annotated[list[str] | None, Parameter(name="--type")] = None,
    type_filter: list[str] | None = None,
    since: str | None = None,
    client_id: str | None = None,
    key: Path | None = None,
    key_id: str | None = None,
    scope: str | None = None,
    token_origin: list[str] | None = None,
    anew: bool = False,
    hours: float = 24.0,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Fetch records from a FHIR server into a folder, by Bulk Data Access.

    Run again after a break, it goes on where it stopped. What is not given here is
    taken from [fetch] in rounds.toml: server, client_id, key, key_id, scope, group,
    types, type_filters, token_origins.

    Parameters
    ----------
    server
        The FHIR base address: https, unless it is this machine.
    out
        The folder; in a project, private/fetched.
    group
        The id of a Group: its members' records.
    patient
        Every patient's records; so it is unless a group or the system is named.
    system
        Everything on the server.
    types
        Resource types, e.g. Patient,Observation; all if none is named.
    type_filter
        A search that narrows a type, e.g. Observation?category=laboratory.
    since
        Only what changed after a moment (2024-01-31T00:00:00Z), or since the last
        fetch of the same into this folder (last).
    client_id
        The id that the server registered us under.
    key
        The private key, PEM or a JSON Web Key Set, mode 0600.
    key_id
        The key's id (kid) on the server.
    scope
        The scopes to ask for, if not system/TYPE.read or .rs for each type.
    token_origin
        Where the access token may go beside the server itself, if the server keeps its
        files elsewhere, e.g. https://files.example.org.
    anew
        Give up an unfinished fetch, and begin again.
    hours
        How long it may take.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.datamart.fetch import FetchRequest, Patience, fetch

    given = {
        "server": server,
        "group": group,
        "types": _listed(types),
        "type_filters": type_filter,
        "client_id": client_id,
        "key": str(key.resolve()) if key else None,
        "key_id": key_id,
        "scope": scope,
        "token_origins": token_origin,
    }
    settings = _settings(project) | {k: v for k, v in given.items() if v}
    if patient or system:
        _insist(not (patient and system), "--patient and --system are both given")
        _insist(group is None, "a --group is given with --patient or --system")
        settings.pop("group", None)
    _insist(bool(settings.get("server")), "no server is named")
    _insist(0 < hours <= 24 * 365, "--hours is not a time of up to a year")
    report = fetch(
        FetchRequest(
            server=settings["server"],
            group=settings.get("group"),
            system=system,
            types=tuple(settings.get("types", ())),
            type_filters=tuple(settings.get("type_filters", ())),
            since=None if since == "last" else since,
        ),
        _folder(out, project),
        around=_surroundings(),
        credentials=_credentials(settings),
        since_last=since == "last",
        anew=anew,
        patience=Patience(hours=hours),
    )
    show(report.as_dict() | {"next": _next(report)}, _lines(report), as_json=json)


def _settings(project: Path) -> dict[str, Any]:
    """Read [fetch] of rounds.toml, if there is a project."""
    from rounds.conduct import Project

    if project == Path() and not (project / "rounds.toml").is_file():
        return {}
    opened = Project.open(project)
    found: dict[str, Any] = opened.settings.get("fetch", {})
    _insist(isinstance(found, dict), "[fetch] in rounds.toml is not a section")
    unknown = sorted(found.keys() - {*_TEXTS, *_LISTS})
    _insist(not unknown, f"[fetch] in rounds.toml holds {', '.join(unknown)}")
    sound = all(isinstance(found[name], str) for name in _TEXTS if name in found)
    for name in _LISTS:
        listed = found.get(name, [])
        sound = sound and isinstance(listed, list)
        sound = sound and all(isinstance(each, str) for each in listed)
    _insist(sound, "a value under [fetch] in rounds.toml is of the wrong kind")
    if "key" in found:
        found["key"] = str(opened.root / found["key"])
    return found


def _folder(out: Path | None, project: Path) -> Path:
    if out is not None:
        return out
    _insist((project / "rounds.toml").is_file(), "no folder is named (--out)")
    return project / "private" / "fetched"


def _credentials(settings: dict[str, Any]) -> "Credentials | None":
    from rounds.datamart.fetch import Credentials, read_signing_key

    client_id, key = settings.get("client_id"), settings.get("key")
    _insist(
        bool(client_id) == bool(key), "a client id goes with a key, and a key with it"
    )
    if not client_id or not key:
        return None
    signing = read_signing_key(Path(key), settings.get("key_id"))
    return Credentials(
        client_id,
        signing,
        settings.get("scope"),
        tuple(settings.get("token_origins", ())),
    )


def _surroundings() -> "Surroundings":
    """Give the clock, chance and the disk: this is the door that they come in by."""
    import secrets
    import shutil
    import time

    from rounds.datamart.fetch import Surroundings

    return Surroundings(
        now=utc_now,
        sleep=time.sleep,
        new_id=lambda: secrets.token_urlsafe(32),
        free_bytes=lambda folder: shutil.disk_usage(folder).free,
        tell=Progress(),
    )


def _listed(types: list[str] | None) -> list[str]:
    """Take types one by one, or several with commas."""
    return [each for each in _SIGNS.split(" ".join(types or ())) if each]


def _insist(condition: bool, problem: str) -> None:
    if not condition:
        raise DefinitionError(
            f"This fetch is not well put: {problem}.",
            code="fetch-settings",
            remedies=(
                f"Write {_EXAMPLE}",
                "Add --client-id ID --key FILE if the server asks for a token.",
                f"Write under [fetch] in rounds.toml: {', '.join(_TEXTS + _LISTS)}.",
            ),
        )


def _next(report: "FetchReport") -> str:
    return f"rounds data load {report.folder.parent}"


def _lines(report: "FetchReport") -> list[str]:
    rows = [
        (kind, f"{files:,}", f"{lines:,}", f"{n_bytes / 1e6:,.1f}")
        for kind, (files, lines, n_bytes) in report.by_kind.items()
    ]
    said = table(("type", "files", "lines", "MB"), rows) if rows else ["Nothing new."]
    if report.issues:
        counts = ", ".join(f"{n:,} {what}" for what, n in report.issues.items())
        said += ["", f"The server could not give all: {counts}"]
        said.append(f"    Its own words are in {report.folder / '_errors'}.")
    if report.unconfirmed:
        said += ["", f"Nobody told how long these are: {', '.join(report.unconfirmed)}"]
    since = f", changed since {report.since}" if report.since else ""
    return [
        *said,
        "",
        f"As of {report.transaction_time}{since}; {report.how}: {report.folder}",
        *([] if report.let_go else ["The server was not told that it may forget it."]),
        f"Next: {_next(report)}",
    ]
