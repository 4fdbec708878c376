"""Read what callers send: bounded, typed, and never quoted back."""

import datetime as dt
import re
from collections.abc import Mapping

import msgspec
from starlette.requests import ClientDisconnect, Request

from rounds.loop.change.cds_hooks.patient_view import Context, bad_request
from rounds.nouns import DefinitionError
from rounds.practice.recording import FeedbackRow

__all__ = ["read_body", "read_call", "read_feedback"]

_LARGEST = 1_000_000
_MOST = 1_000
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)"
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class _Call(msgspec.Struct, frozen=True, rename="camel"):
    hook: str
    hook_instance: str
    context: Context
    prefetch: dict[str, msgspec.Raw] | None = None


class _Suggestion(msgspec.Struct, frozen=True):
    id: str


class _Reason(msgspec.Struct, frozen=True):
    code: str | None = None


class _OverrideReason(msgspec.Struct, frozen=True):
    reason: _Reason | None = None


class _Feedback(msgspec.Struct, frozen=True, rename="camel"):
    card: str
    outcome: str
    outcome_timestamp: str
    accepted_suggestions: list[_Suggestion] | None = None
    override_reason: _OverrideReason | None = None


class _FeedbackList(msgspec.Struct, frozen=True):
    feedback: list[_Feedback]


_CALL = msgspec.json.Decoder(_Call)
_FEEDBACK = msgspec.json.Decoder(_FeedbackList)


async def read_body(request: Request) -> bytes:
    """Read a JSON body of a megabyte at the most.

    Raises
    ------
    DefinitionError
        `not-json` or `too-large`.
    """
    # A page of another origin may post text unasked; JSON it has to ask for (CORS).
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise DefinitionError(
            "The body is not sent as application/json.",
            code="not-json",
            remedies=("Send Content-Type: application/json.",),
        )
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > _LARGEST:
                raise DefinitionError(
                    "The body is larger than a megabyte.",
                    code="too-large",
                    remedies=("Send only what the prefetch templates ask for.",),
                )
    except ClientDisconnect:
        raise bad_request("it ended before its end") from None
    return bytes(body)


def read_call(body: bytes, hook: str) -> tuple[str, Context, Mapping[str, msgspec.Raw]]:
    """Read a call of a hook: hookInstance, context, prefetch.

    Raises
    ------
    DefinitionError
        `bad-request`, naming the field and never its value.
    """
    try:
        call = _CALL.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise bad_request(_said(error)) from None
    if call.hook != hook:
        raise bad_request(f"this service answers the hook {hook}")
    hook_instance = call.hook_instance.lower()
    if _UUID.fullmatch(hook_instance) is None:
        raise bad_request("hookInstance is not a UUID")
    return hook_instance, call.context, call.prefetch or {}


def read_feedback(body: bytes) -> list[FeedbackRow]:
    """Read feedback on cards; a clinician's free comment is not kept.

    Raises
    ------
    DefinitionError
        `bad-request`, naming the field and never its value.
    """
    try:
        items = _FEEDBACK.decode(body).feedback
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise bad_request(_said(error)) from None
    if len(items) > _MOST:
        raise bad_request(f"more than {_MOST} items of feedback at once")
    return [row for item in items for row in _rows(item)]


def _rows(item: _Feedback) -> list[FeedbackRow]:
    card, at = item.card.lower(), _seconds(item.outcome_timestamp)
    if _UUID.fullmatch(card) is None:
        raise bad_request("feedback.card is not a UUID")
    if item.outcome == "overridden":
        return [FeedbackRow(card, "overridden", "", _reason(item.override_reason), at)]
    if item.outcome != "accepted":
        raise bad_request("feedback.outcome is neither accepted nor overridden")
    suggestions = [one.id.lower() for one in item.accepted_suggestions or []]
    if not 0 < len(suggestions) <= _MOST or not all(map(_UUID.fullmatch, suggestions)):
        raise bad_request("feedback.acceptedSuggestions names none by its UUID")
    return [FeedbackRow(card, "accepted", one, "", at) for one in suggestions]


def _reason(given: _OverrideReason | None) -> str:
    code = (given.reason.code if given and given.reason else None) or ""
    if len(code) > 64 or not code.isprintable():
        raise bad_request("feedback.overrideReason.reason.code is not a code")
    return code


def _seconds(text: str) -> int:
    if _TIMESTAMP.fullmatch(text) is None:
        raise bad_request("feedback.outcomeTimestamp is not an RFC 3339 time")
    try:
        moment = dt.datetime.fromisoformat(text.upper()[:19] + _offset(text))
        return (moment - _EPOCH) // dt.timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise bad_request("feedback.outcomeTimestamp is not an RFC 3339 time") from None


def _offset(text: str) -> str:
    return "+00:00" if text[-1] in "Zz" else text[-6:]


def _said(error: Exception) -> str:
    """Say where a body is wrong: the decoder's path, which holds no value."""
    if not isinstance(error, msgspec.ValidationError):
        return "it is not JSON"
    _, at, where = str(error).rpartition(" - at ")
    named = re.sub(r"[^A-Za-z$.\[\]`…]", "", where)[:80] if at else "its top"
    return f"what stands at {named} is missing or of another type"
