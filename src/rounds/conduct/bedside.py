"""Keep what the point of care knows of each person in step with the datamart."""

import datetime as dt

from rounds.conduct.desk import Desk
from rounds.datamart import BedsidePublished, publish_bedside
from rounds.loop.change import states_of
from rounds.nouns import Period

__all__ = ["refresh_bedside"]


def refresh_bedside(desk: Desk) -> BedsidePublished | None:
    """Publish the states that served rules ask for, and whose consents deny what.

    To be called after each load and after knowledge came into force that asks for a
    state; it may be called at any time. The twelve months end with the last day of the
    data, or the day of the snapshot if that is earlier.

    Returns
    -------
    BedsidePublished or None
        None if there are no data, or they have no day and no date of their own.

    Raises
    ------
    DefinitionError
        If a rule asks for a measure that there is not.
    DataError
        If the measure is of visits, or the file cannot be written.
    """
    if not desk.project.datamart.exists():
        return None
    names = set()
    for service in desk.practice.services():
        standing = desk.practice.in_force(service)
        if standing is not None:
            knowledge = desk.practice.knowledge(standing.knowledge)
            names |= {measure for measure, _ in states_of(knowledge)}
    measures = [desk.measure(name) for name in sorted(names)]
    with desk.datamart() as mart:
        # A date in the future is a fault of the data, and no state of today.
        days = [day for day in (mart.status().last_date, mart.made_on) if day]
        if not days:
            return None
        end = min(days)
        return publish_bedside(
            mart,
            measures,
            Period(start=end - dt.timedelta(days=364), end=end),
            desk.project.bedside,
            without=desk.practice.opt_outs(),
        )
