"""One look: pass the gate, read what is complete, judge; nothing is told yet."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Literal

from rounds.datamart import AnyDatamart
from rounds.loop.evaluation.gate import LedgerReceipt, open_to_looks
from rounds.loop.evaluation.looks.judging import judge
from rounds.loop.evaluation.looks.record import LookRecord
from rounds.loop.evaluation.looks.schedule import check_due, enrolled_until, first_look
from rounds.loop.evaluation.reading import read_trial
from rounds.nouns import (
    DataError,
    DefinitionError,
    Evidence,
    Measure,
    Period,
    Protocol,
    Rollout,
)
from rounds.practice import Practice

__all__ = ["monitor"]


def monitor(
    rollout: Rollout,
    protocol: Protocol,
    evidence: Evidence,
    datamart: AnyDatamart,
    practice: Practice,
    *,
    measures: Mapping[str, Measure],
    receipt: LedgerReceipt | None,
    now: dt.datetime,
) -> LookRecord:
    """Look at a running trial, as its protocol plans.

    Parameters
    ----------
    rollout, protocol, evidence : Rollout, Protocol, Evidence
        As for `rounds.loop.evaluation.run`.
    datamart : AnyDatamart
        Open for reading.
    practice : Practice
        Holds allocation, exposures, and the looks before.
    measures : mapping of Ref as text to Measure
        One for each endpoint of the protocol, as frozen.
    receipt : LedgerReceipt
        The ledger's receipt for the frozen protocol.
    now : datetime
        In the local time of the encounters.

    Returns
    -------
    LookRecord
        For `Practice.record_look`, which writes it down before anybody sees it. The
        same snapshot again gives the record that there is, and spends nothing.

    Raises
    ------
    AccessError
        If the protocol is not frozen, or plans no look now.
    DefinitionError
        If nouns do not belong together, or the trial was ended.
    DataError
        If no follow-up is complete, or a measure counts a person more than once.
    """
    noticed = open_to_looks(
        rollout, protocol, evidence, measures=measures, receipt=receipt
    )
    kept = practice.looks(rollout.ref())
    earlier = tuple(LookRecord.from_json(one.record) for one in kept)
    data_until = _data_until(datamart, now)
    snapshot = datamart.snapshot or f"day {data_until}"
    for one in earlier:
        if one.snapshot == snapshot:
            return one
    if practice.stopped(rollout.ref()) is not None:
        raise DefinitionError(
            "The trial was ended: no look is left to make.",
            code="trial-ended",
            remedies=("Evaluate it: rounds evaluation run",),
        )
    made = [dt.datetime.fromisoformat(one.made).date() for one in earlier]
    check_due(protocol, made, now.date())
    enrolment = _followed_up(protocol, data_until)
    trial, said = read_trial(
        rollout,
        protocol,
        datamart,
        practice,
        enrolment,
        measures=measures,
        now=now,
    )
    return judge(
        trial,
        rollout,
        protocol,
        earlier,
        data_until=data_until,
        snapshot=snapshot,
        made=now,
        letter_of_active=_letter(practice, rollout),
        limitations=(*noticed, *said),
    )


def _followed_up(protocol: Protocol, data_until: dt.date) -> Period:
    """Give the enrolment whose follow-up is complete."""
    last = enrolled_until(protocol, data_until)
    start = protocol.enrolment.start
    if last < start:
        raise DataError(
            f"The data end on {data_until}: follow-up of {protocol.follow_up_days} "
            f"days is complete of {_nobody_of(protocol)}.",
            code="look-too-early",
            why="Outcomes of those who are still followed are not yet known.",
            remedies=(
                f"Wait until {first_look(protocol)}.",
                "Load the newest data: rounds data load PATH",
            ),
        )
    return Period(start=start, end=last)


def _nobody_of(protocol: Protocol) -> str:
    return "nobody" if protocol.schedule is None else "fewer than two whole periods"


def _data_until(datamart: AnyDatamart, now: dt.datetime) -> dt.date:
    """Give the last day that the data can tell of."""
    last = datamart.status().last_date
    return now.date() if last is None else min(last, now.date())


def _letter(practice: Practice, rollout: Rollout) -> Literal["A", "B"]:
    """Give the active arm's letter: the same at each look, and known to no reader."""
    salt = practice.seed(rollout.ref()).salt
    return "A" if hashlib.sha256(b"arm letters" + salt).digest()[0] % 2 else "B"
