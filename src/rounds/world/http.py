"""The world's EHR calling a real service: CDS Hooks 2.0 over HTTP.

Each encounter is one POST with its prefetch; each answer of a clinician is reported
to the feedback endpoint of the service.
"""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import numpy as np

from rounds.nouns.errors import SourceError
from rounds.world.calls import OVERRIDE_SYSTEM
from rounds.world.point_of_care import Cards, Encounters, Feedback
from rounds.world.prefetch import CLOCK, prefetch_of

__all__ = ["HttpPointOfCare"]


class HttpPointOfCare:
    """A point of care behind a CDS Hooks service.

    Parameters
    ----------
    base_url : str
        Where `/cds-services` is.
    service_id : str
        The service to call.
    timeout_seconds : float
        How long one answer may take.
    headers : mapping, optional
        Sent with every call, such as `Authorization`.
    client : httpx.Client, optional
        A client to use in place of one of its own, left open at the end.
    """

    def __init__(
        self,
        base_url: str,
        service_id: str,
        *,
        timeout_seconds: float = 10.0,
        headers: Mapping[str, str] | None = None,
        client: httpx.Client | None = None,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/cds-services/{service_id}"
        self._owns_client = client is None
        self._client = client or httpx.Client(timeout=timeout_seconds)
        self._headers = {"Content-Type": "application/json", **(headers or {})}

    def __repr__(self) -> str:
        """Say which service is called."""
        return f"<HttpPointOfCare {self._url}>"

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection, if it is its own."""
        if self._owns_client:
            self._client.close()

    def cards(self, encounters: Encounters) -> Cards:
        """Call the service once for every encounter, in order.

        Raises
        ------
        SourceError
            If the service cannot be reached, refuses, or answers something else than
            CDS Hooks cards. No patient's value is in the message.
        """
        n = len(encounters)
        card, suggestion = [""] * n, [""] * n
        for i in range(n):
            answer = self._post(self._url, request_of(encounters, i))
            card[i], suggestion[i] = self._first_card(answer)
        return Cards(
            shown=np.array([bool(uuid) for uuid in card], dtype=bool),
            card=np.array(card, dtype="U64"),
            suggestion=np.array(suggestion, dtype="U64"),
        )

    def feedback(self, feedback: Feedback) -> None:
        """Report what clinicians did, one POST for each card.

        Raises
        ------
        SourceError
            If the service cannot be reached or refuses.
        """
        for i in range(len(feedback)):
            self._post(
                f"{self._url}/feedback", {"feedback": [feedback_of(feedback, i)]}
            )

    def _first_card(self, answer: Any) -> tuple[str, str]:
        """Give the uuids of the first card and its first suggestion; "" for none."""
        try:
            cards = answer["cards"]
            if not cards:
                return "", ""
            suggestions = cards[0].get("suggestions") or [{"uuid": ""}]
            return str(cards[0]["uuid"]), str(suggestions[0]["uuid"])
        except (KeyError, TypeError, AttributeError, IndexError):
            raise SourceError(
                f"The CDS service at {self._url} answered something that is not CDS "
                "Hooks cards with a uuid.",
                code="cds-answer-unreadable",
                why="Without the card's uuid no feedback can be given on it.",
                remedies=("Ask the service's owner which version it speaks.",),
            ) from None

    def _post(self, url: str, body: dict[str, Any]) -> Any:
        """Post JSON and read JSON; a body is never quoted in an error."""
        content = json.dumps(body, separators=(",", ":")).encode()
        try:
            response = self._client.post(url, content=content, headers=self._headers)
        except httpx.HTTPError as error:
            raise SourceError(
                f"The CDS service at {url} cannot be reached: {type(error).__name__}.",
                code="cds-unreachable",
                remedies=("Check that it is running: rounds serve.",),
            ) from None
        if response.status_code != httpx.codes.OK:
            raise SourceError(
                f"The CDS service at {url} answered {response.status_code}.",
                code="cds-refused",
                remedies=(
                    "404: check the service's id at /cds-services.",
                    "412: it needs prefetch keys that this EHR does not send.",
                ),
            )
        try:
            return response.json() if response.content else None
        except ValueError:
            raise SourceError(
                f"The CDS service at {url} answered something that is not JSON.",
                code="cds-answer-unreadable",
                remedies=("Ask the service's owner which version it speaks.",),
            ) from None


def request_of(encounters: Encounters, i: int) -> dict[str, Any]:
    """Write the `patient-view` request of one encounter.

    Parameters
    ----------
    encounters : Encounters
        A batch.
    i : int
        Which.

    Returns
    -------
    dict
        The JSON of a CDS Hooks 2.0 request, with its prefetch.
    """
    return {
        "hook": "patient-view",
        "hookInstance": str(encounters.hook_instance[i]),
        "context": {
            "userId": f"Practitioner/{encounters.practitioner[i]}",
            "patientId": str(encounters.patient[i]),
            "encounterId": str(encounters.encounter[i]),
        },
        "prefetch": prefetch_of(encounters, i),
    }


def feedback_of(feedback: Feedback, i: int) -> dict[str, Any]:
    """Write one entry of a feedback request."""
    at = np.datetime_as_string(feedback.at[i], unit="s")
    entry: dict[str, Any] = {
        "card": str(feedback.card[i]),
        "outcome": str(feedback.outcome[i]),
        "outcomeTimestamp": f"{at}{CLOCK}",
    }
    if feedback.outcome[i] == "accepted":
        entry["acceptedSuggestions"] = [{"id": str(feedback.suggestion[i])}]
    elif feedback.override_reason[i]:
        code = str(feedback.override_reason[i])
        entry["overrideReason"] = {
            "reason": {"code": code, "system": OVERRIDE_SYSTEM},
        }
    return entry
