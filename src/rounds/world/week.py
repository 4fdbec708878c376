"""One week of care, in the order in which things happen."""

from rounds.world.decisions import batch_of, decide
from rounds.world.orders import order_due, refill
from rounds.world.records import Records
from rounds.world.state import Acceptance, Channel, Scene, State
from rounds.world.visits import visit

__all__ = ["live_week"]


def live_week(
    scene: Scene,
    week: int,
    state: State,
    records: Records,
    channel: Channel | None,
    acceptance: Acceptance,
) -> None:
    """Live one week, changing `state` and adding to `records`.

    Refills and orders called in come first, then visits, cards and decisions, and
    last the orders of this week's decisions, so that everything dated before the
    week's end is on record when it ends.
    """
    refill(scene, week, state, records)
    order_due(scene, week, state, records)
    seen = visit(scene, week, state, records)
    batch = batch_of(scene, state, seen)
    decide(scene, week, state, records, batch, channel, acceptance)
    order_due(scene, week, state, records)
