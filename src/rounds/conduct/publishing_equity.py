"""What of an Equity may be published after all that anybody was told."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping

from rounds.conduct.answering import Answering
from rounds.conduct.differencing_guard import Line
from rounds.conduct.disclosure_settings import DisclosureSettings
from rounds.conduct.project import Project
from rounds.datamart import AnyDatamart, members_of_each
from rounds.ledger import equity_without, safe
from rounds.ledger.disclosure.equity import COMPARED
from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import DisclosureError, Equity, Estimate, Measure

__all__ = ["members_of_equity", "publishable_equity"]

Members = Mapping[str, tuple[PersonSum, ...]]
Counts = tuple[int | None, int | None]


def members_of_equity(
    datamart: AnyDatamart,
    measure: Measure,
    equity: Equity,
    *,
    without: frozenset[str],
) -> dict[str, tuple[PersonSum, ...]]:
    """Give who is in each count that is compared with earlier answers.

    Returns
    -------
    dict of str to tuple of PersonSum
        `overall`, `sex LABEL`, `age LABEL`, `svi_quartile LABEL`.
    """
    return members_of_each(datamart, measure, equity.period, COMPARED, without=without)


def publishable_equity(
    equity: Equity,
    members: Members,
    project: Project,
    *,
    now: Callable[[], dt.datetime],
) -> Equity:
    """Give an Equity as it may be published, and write down that it is.

    Parameters
    ----------
    equity : Equity
        With exact counts.
    members : mapping of str to tuple of PersonSum
        As `members_of_equity` gives it; a table one of whose groups has other people
        than were counted is left out.
    now : callable
        Gives the moment.

    Raises
    ------
    DisclosureError
        If its overall result may not be told.
    DataError
        If what was told before cannot be read.
    """
    settings = DisclosureSettings.of(project.settings)
    shown = safe(equity)
    exact, told = _counts(equity), _counts(shown)
    known = {n for n, c in exact.items() if n in members and _are(members[n], c)}
    lines = [Line(name, members[name], told[name] is None) for name in sorted(known)]
    answering = Answering.open(project.asked, settings.profile.threshold)
    try:
        withheld = (set(exact) - known) | answering.published(
            _question(equity), lines, now, together=settings.together
        )
    finally:
        answering.close()
    if "overall" in withheld:
        raise DisclosureError(
            "This equity is too close to what was told or published before.",
            code="too-close-to-publish",
            why="Whoever read both could subtract one from the other, which would "
            "leave very few people.",
            remedies=(
                "Use what was published: rounds loop",
                "Choose a period or a measure that differs by more people.",
            ),
        )
    return equity_without(shown, withheld)


def _counts(equity: Equity) -> dict[str, Counts | None]:
    """Give every count that is compared by the name of its line; None where hidden."""
    found: dict[str, Counts | None] = {"overall": None}
    overall = equity.overall
    if isinstance(overall, Estimate) and overall.n and overall.value is not None:
        found["overall"] = (overall.n, round(overall.value * overall.n))
    for table in equity.inequalities:
        if table.characteristic not in COMPARED:
            continue
        for one in table.groups:
            counts = None if one.suppressed else (one.denominator, one.numerator)
            found[f"{table.characteristic} {one.unit}"] = counts
    return found


def _are(sums: tuple[PersonSum, ...], counts: Counts | None) -> bool:
    """Say whether these are the persons who were counted."""
    return counts is not None and tuple(one.total for one in sums) == counts


def _question(equity: Equity) -> str:
    asked = f"equity\n{equity.measure}\n{equity.period}"
    return hashlib.sha256(asked.encode()).hexdigest()
