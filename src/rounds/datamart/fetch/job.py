"""An export on the server: begun, waited for, and let go.

References
----------
HL7 FHIR Bulk Data Access, "Bulk Data Kick-off Request", "Bulk Data Status Request",
"Bulk Data Delete Request". https://hl7.org/fhir/uv/bulkdata/export.html
"""

from urllib.parse import urljoin

from rounds.datamart.fetch.failures import refused
from rounds.datamart.fetch.manifest import LIMIT
from rounds.datamart.fetch.request import FetchRequest
from rounds.datamart.fetch.wire import Answer, Call, Wire
from rounds.nouns.errors import RoundsError

__all__ = ["GONE", "kick_off", "let_go", "wait_for"]

GONE = frozenset({404, 410})
_LONGEST_PROGRESS = 100


def kick_off(wire: Wire, request: FetchRequest) -> str:
    """Begin an export.

    Returns
    -------
    str
        Where its status is asked for.

    Raises
    ------
    AccessError
        If we may not.
    SourceError
        If the server refuses, or does not do it the asynchronous way.
    """
    call = Call(
        request.kick_off_url,
        f"an export ({request.level})",
        accept="application/fhir+json",
        headers={"Prefer": "respond-async"},
        query=request.parameters,
        # Without an answer it is not known whether a job was begun: not twice, then.
        repeat=False,
    )
    answer = wire.admitted(wire.ask(call))
    if answer.status == 202:
        place = str(answer.response.headers.get("content-location", "")).strip()
        if not place:
            raise answer.unusable("202 without Content-Location, the job's address")
        return urljoin(request.kick_off_url, place)
    if answer.status < 400:
        how = f"it answered {answer.status} at once, where a job (202) was asked for"
        raise answer.unusable(how)
    raise refusal(answer)


def wait_for(wire: Wire, status_url: str) -> Answer:
    """Ask for the job's status, ever more seldom, until it is not under way any more.

    Returns
    -------
    Answer
        200 with the manifest, one of `GONE`, or another failure of the job.
    """
    call = Call(status_url, "the job's status", limit=LIMIT)
    asked = 0
    while True:
        answer = wire.admitted(wire.ask(call))
        if answer.status != 202:
            return answer
        asked += 1
        told = wire.told_to_wait(answer)
        seconds = wire.patience.wait(asked) if told is None else told
        said = shown(answer.response.headers.get("x-progress", ""))
        wire.around.tell(
            f"{call.host} is exporting{said}; asked again in {seconds:,.0f} s"
        )
        wire.pause(seconds, call)


def let_go(wire: Wire, status_url: str) -> bool:
    """Tell the server that it may forget the job; say whether it heard.

    The records are here by then: whatever goes wrong is told, and is no failure.
    """
    call = Call(status_url, "the job to be forgotten", method="DELETE")
    try:
        answer = wire.ask(call)
    except RoundsError:
        return False
    return answer.status < 300 or answer.status in GONE


def refusal(answer: Answer) -> RoundsError:
    """Make the error that says that the server will not."""
    return refused(answer.call.what, answer.call.host, answer.status, answer.codes)


def shown(progress: str) -> str:
    """Give what the server says of its progress, in printable letters, cut short."""
    letters = "".join(filter(str.isprintable, progress)).strip()
    return f" ({letters[:_LONGEST_PROGRESS]})" if letters else ""
