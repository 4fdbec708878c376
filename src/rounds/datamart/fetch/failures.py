"""What can go wrong with a server, in four parts; never a word of what it sent.

A server's own words may quote a record. What is shown of them is a status, and codes
that stand in a published list.
"""

from collections.abc import Sequence

from rounds.nouns.errors import AccessError, DataError, SourceError

__all__ = [
    "answer_unusable",
    "disk_full",
    "file_incomplete",
    "folder_unusable",
    "not_allowed",
    "nothing_given",
    "refused",
    "server_failing",
    "server_silent",
    "token_elsewhere",
    "too_slow",
]

RESUMES = "Run the same command again: it goes on where it stopped."


def server_silent(what: str, host: str, how: str) -> SourceError:
    """Say that no answer came."""
    return SourceError(
        f"{host} did not answer when asked for {what}: {how}.",
        code="fetch-server-silent",
        why="Nothing of this export is in force; what was fetched before is untouched.",
        remedies=(
            "Check the address and the network (also HTTPS_PROXY, SSL_CERT_FILE).",
            RESUMES,
        ),
    )


def server_failing(what: str, host: str, status: int, tries: int) -> SourceError:
    """Say that a server keeps saying that it cannot now."""
    return SourceError(
        f"{host} answered {status} {tries} times when asked for {what}.",
        code="fetch-server-failing",
        why="It is overloaded, or out of order; asking on would make it worse.",
        remedies=(
            f"Wait. {RESUMES}",
            "Ask the server's administrator for its limits on exports.",
        ),
    )


def answer_unusable(what: str, host: str, how: str) -> SourceError:
    """Say that an answer is not what the Bulk Data Access guide says it is."""
    return SourceError(
        f"{host} gave {what} that cannot be used: {how}.",
        code="fetch-answer-unusable",
        why="What is not as the guide says might be only a part of the export.",
        remedies=(
            "Check that --server is the FHIR base address, not a web page or a proxy.",
            "Check that the server offers FHIR Bulk Data Access ($export).",
        ),
    )


def not_allowed(what: str, host: str, status: int, *, token: bool) -> AccessError:
    """Say that a server does not let us in."""
    wanted = (
        "Ask its administrator to grant this client the scope system/*.read "
        "(or system/*.rs)."
        if token
        else "Name a registered client: --client-id ID --key FILE"
    )
    return AccessError(
        f"{host} does not allow {what} ({status}).",
        code="fetch-not-allowed",
        why="An export gives records about persons; the server decides to whom.",
        remedies=(wanted, "Ask for less: fewer types, or one group (--group ID)."),
    )


def token_elsewhere(what: str, origin: str) -> AccessError:
    """Say that the token would go to somebody whom nobody has named here."""
    return AccessError(
        f"{origin} would get the access token, for {what}.",
        code="fetch-token-elsewhere",
        why="The token opens every record that was granted; the server named this "
        "place, and nobody here did.",
        remedies=(
            f"If it belongs to the server, allow it: --token-origin {origin}",
            f'Or for good, under [fetch] in rounds.toml: token_origins = ["{origin}"]',
            "If nobody knows it, tell the server's administrator.",
        ),
    )


def refused(what: str, host: str, status: int, codes: Sequence[str]) -> SourceError:
    """Say that a server will not do it, or that its job failed."""
    named = f", issue codes: {', '.join(codes)}" if codes else ""
    return SourceError(
        f"{host} refused {what} ({status}{named}).",
        code="fetch-refused",
        why="Its reasons are not repeated here: they could hold a person's values.",
        remedies=(
            "Leave out what the server may not know: --type, --type-filter, --since.",
            "Check the group's id, and that the server exports at this level.",
            "Ask the server's administrator to look at the time of this request.",
        ),
    )


def too_slow(what: str, host: str, hours: float) -> SourceError:
    """Say that the waiting would be longer than was allowed."""
    return SourceError(
        f"{host} was not done with {what} within {hours:g} hours.",
        code="fetch-too-slow",
        why="The job is left running on the server.",
        remedies=(RESUMES, "Wait longer: --hours 48", "Ask for less: fewer types."),
    )


def nothing_given(host: str, issues: Sequence[str]) -> SourceError:
    """Say that a whole export was empty."""
    said = f" It says: {', '.join(issues)}." if issues else ""
    return SourceError(
        f"{host} exported not one resource.{said}",
        code="fetch-nothing",
        why="An empty export may be a missing permission, and would look like no one.",
        remedies=(
            "Check the group's id and its members, and the types.",
            "Ask the server's administrator what this client may read.",
        ),
    )


def file_incomplete(name: str, host: str, how: str) -> SourceError:
    """Say that a file cannot be had whole."""
    return SourceError(
        f"The file {name} of {host} did not come whole: {how}.",
        code="fetch-file-incomplete",
        why="Half a file would be loaded as if it were all; none of this is in force.",
        remedies=(
            RESUMES,
            "Ask for the export anew: --anew",
            "If it happens again, tell the server's administrator.",
        ),
    )


def disk_full(name: str, folder: object, needed: int, free: int) -> SourceError:
    """Say that a file does not fit."""
    return SourceError(
        f"The disk of {folder} has no room for {name}: {_size(free)} free, "
        f"{_size(needed)} needed.",
        code="fetch-disk-full",
        why="Nothing of this export is in force; what was fetched before is untouched.",
        remedies=(
            f"Free some space. {RESUMES}",
            "Fetch to another disk: --out FOLDER",
        ),
    )


def folder_unusable(folder: object, how: str) -> DataError:
    """Say that the folder cannot be written to."""
    return DataError(
        f"Nothing can be fetched into {folder}: {how}.",
        code="fetch-folder-unusable",
        why="A fetch writes there what it has, so as to go on after a break.",
        remedies=(
            "Name a folder that you may write to, or one not there yet: --out FOLDER",
        ),
    )


def _size(n: int) -> str:
    return f"{n / 1e6:,.1f} MB" if n < 1e9 else f"{n / 1e9:,.1f} GB"
