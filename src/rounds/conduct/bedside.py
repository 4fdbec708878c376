"""Keep what the point of care knows of each person in step with the datamart."""

import datetime as dt

from rounds.conduct.desk import Desk
from rounds.conduct.periods import last_twelve_months
from rounds.datamart import BedsidePublished, publish_bedside
from rounds.loop.change import states_of
from rounds.nouns import Period

__all__ = ["refresh_bedside"]


def refresh_bedside(desk: Desk) -> BedsidePublished | None:
    """Publish the states of the measures that served rules ask for.

    To be called after each load and after knowledge came into force; it may be called
    at any time. The twelve months end with the last day of the data.

    Returns
    -------
    BedsidePublished or None
        None if no rule in force asks for a measure's state.

    Raises
    ------
    DefinitionError
        If a rule asks for a measure that there is not.
    DataError
        If the measure is of visits, or the file cannot be written.
    """
    names = set()
    for service in desk.practice.services():
        standing = desk.practice.in_force(service)
        if standing is not None:
            knowledge = desk.practice.knowledge(standing.knowledge)
            names |= {measure for measure, _ in states_of(knowledge)}
    if not names:
        desk.project.bedside.unlink(missing_ok=True)
        return None
    measures = [desk.measure(name) for name in sorted(names)]
    with desk.datamart() as mart:
        period = last_twelve_months(mart)
        if mart.made_on is not None and mart.made_on < period.end:
            # A date in the future is a fault of the data, and no state of today.
            start = mart.made_on - dt.timedelta(days=364)
            period = Period(start=start, end=mart.made_on)
        return publish_bedside(
            mart,
            measures,
            period,
            desk.project.bedside,
            without=desk.practice.opt_outs(),
        )
