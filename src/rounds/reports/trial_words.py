"""From when to when a trial enrolled: as planned, or until somebody ended it."""

from rounds.nouns import Evaluation, Protocol
from rounds.reports.wording import day, span

__all__ = ["enrolled_from_to"]


def enrolled_from_to(protocol: Protocol | None, evaluation: Evaluation | None) -> str:
    """Say when patients were enrolled; of a trial that ended early, both ends.

    Returns
    -------
    str
        The planned period; where an early end closed enrolment, from its start to that
        day, with the day that was planned. Empty before a protocol is there.
    """
    if protocol is None:
        return ""
    planned = protocol.enrolment
    told = None if evaluation is None else evaluation.after_looks
    ended = None if told is None else told.stopped
    if ended is None or ended >= planned.end:
        return span(planned)
    return (
        f"{day(planned.start)} to {day(ended)} (ended early; planned to "
        f"{day(planned.end)})"
    )
