"""One week of care, in the order in which things happen."""

from rounds.world.decisions import batch_of, decide
from rounds.world.orders import order_due, refill
from rounds.world.state import Channel, Now
from rounds.world.visits import visit

__all__ = ["live_week"]


def live_week(now: Now, channel: Channel | None, second: Channel | None = None) -> None:
    """Live one week, changing the state and adding to the records.

    Refills and orders called in come first, then visits, cards and decisions, and
    last the orders of this week's decisions, so that everything dated before the
    week's end is on record when it ends. Problems beside hypertension come after it,
    at the same visits.
    """
    refill(now)
    order_due(now)
    seen = visit(now)
    batch = batch_of(now.scene, now.state, seen)
    decide(now, batch, channel, second)
    order_due(now)
    for problem in now.scene.beside:
        problem.live(now, seen)
