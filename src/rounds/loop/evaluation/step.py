"""Evaluation: pass the gate, read once, analyse."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from rounds.datamart import AnyDatamart
from rounds.loop.evaluation.analysis import analyse
from rounds.loop.evaluation.gate import LedgerReceipt, open_gate
from rounds.loop.evaluation.looks.ending import ended_of
from rounds.loop.evaluation.reading import read_trial
from rounds.nouns import (
    Evaluation,
    Evidence,
    Measure,
    Modification,
    Protocol,
    Rollout,
)
from rounds.practice import Practice

__all__ = ["run"]


def run(
    rollout: Rollout,
    protocol: Protocol,
    evidence: Evidence,
    datamart: AnyDatamart,
    practice: Practice,
    *,
    measures: Mapping[str, Measure],
    receipt: LedgerReceipt | None,
    now: dt.datetime,
    modifications: tuple[Modification, ...] = (),
) -> Evaluation:
    """Ask whether care changed, whether health did, for whom, and who was harmed.

    Parameters
    ----------
    rollout : Rollout
        What was put to the test.
    protocol, evidence : Protocol, Evidence
        Those that the rollout names.
    datamart : AnyDatamart
        Open for reading.
    practice : Practice
        Holds allocation, exposures and opt-outs.
    measures : mapping of Ref as text to Measure
        One for each endpoint of the protocol, as frozen.
    receipt : LedgerReceipt
        The ledger's receipt for the frozen protocol.
    now : datetime
        In the local time of the encounters.
    modifications : tuple of Modification
        The adaptations log of this rollout.

    Returns
    -------
    Evaluation
        With a sealed estimate and no number by arm where a required check failed.

    Raises
    ------
    AccessError
        If the protocol was not frozen in time, or the trial is neither over nor was
        ended early.
    DefinitionError
        If nouns do not belong together or ask for what does not exist.
    DataError
        If an endpoint's measure counts a person more than once.

    References
    ----------
    ICH E9(R1) (2019), treatment-policy strategy: every participant is analysed in the
    arm that was allocated, whatever was shown.
    """
    ended = ended_of(rollout, protocol, practice)
    enrolment = protocol.enrolment if ended is None else ended.enrolment
    limitations = open_gate(
        rollout,
        protocol,
        evidence,
        measures=measures,
        receipt=receipt,
        now=now,
        enrolment=enrolment,
    )
    trial, noticed = read_trial(
        rollout, protocol, datamart, practice, enrolment, measures=measures, now=now
    )
    assert receipt is not None  # the gate let it through
    if ended is not None and ended.stopped is not None and protocol.schedule:
        # After the end no sequence says any more who hears it.
        last = enrolment.end + dt.timedelta(days=protocol.follow_up_days)
        trial = replace(trial, calls=trial.calls.until(last))
    return analyse(
        trial,
        rollout,
        protocol,
        evidence,
        receipt=receipt.entry_hash,
        snapshot=datamart.snapshot,
        limitations=(*limitations, *noticed),
        ended=ended,
        log=modifications,
    )
