"""Evaluation: pass the gate, read once, analyse."""

import datetime as dt
from collections.abc import Mapping

from rounds.datamart import AnyDatamart
from rounds.datamart.areas import area_notes
from rounds.datamart.consent import opted_out
from rounds.datamart.rows import measure_rows
from rounds.loop.evaluation.analysis import TrialRows, analyse
from rounds.loop.evaluation.gate import LedgerReceipt, open_gate
from rounds.loop.evaluation.wording import at_most
from rounds.nouns import (
    Evaluation,
    Evidence,
    Measure,
    NotEstimable,
    Protocol,
    Rollout,
)
from rounds.practice import Practice
from rounds.practice.exposures import exposure_rows

__all__ = ["run"]

IGNORED_AFTER = dt.timedelta(days=7)
"""A card without feedback for a week was ignored (CDS Hooks clients send nothing)."""


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

    Returns
    -------
    Evaluation
        With a sealed estimate and no number by arm where a required check failed.

    Raises
    ------
    AccessError
        If the protocol was not frozen in time, or the trial is not over.
    DefinitionError
        If nouns do not belong together or ask for what does not exist.
    DataError
        If an endpoint's measure counts a person more than once.

    References
    ----------
    ICH E9(R1) (2019), treatment-policy strategy: every participant is analysed in the
    arm that was allocated, whatever was shown.
    """
    limitations = open_gate(
        rollout, protocol, evidence, measures=measures, receipt=receipt, now=now
    )
    without = practice.opt_outs() | opted_out(datamart, "research", now.date())
    if without:
        limitations = (
            *limitations,
            f"{at_most(len(without))} patient(s) opted out and are in no count.",
        )
    endpoints = {
        str(endpoint.measure): measure_rows(
            datamart,
            measures[str(endpoint.measure)],
            protocol.enrolment,
            without=without,
        )
        for endpoint in protocol.endpoints
    }
    primary = str(protocol.primary.measure)
    before = measure_rows(
        datamart, measures[primary], protocol.baseline, without=without
    )
    chief = endpoints[primary]
    if not isinstance(chief, NotEstimable):
        limitations = (
            *limitations,
            *area_notes(datamart, chief, protocol.enrolment),
        )
    trial = TrialRows(
        endpoints=endpoints,
        before=None if isinstance(before, NotEstimable) else before,
        calls=exposure_rows(
            practice, rollout.ref(), ignored_after=IGNORED_AFTER, now=now
        ).leaving_out(without),
        allocation=practice.allocation(rollout.ref()),
        units={ref: measure.unit for ref, measure in measures.items()},
        basis=practice.basis(rollout.ref()),
    )
    assert receipt is not None  # the gate let it through
    return analyse(
        trial,
        rollout,
        protocol,
        evidence,
        receipt=receipt.entry_hash,
        snapshot=datamart.snapshot,
        limitations=limitations,
    )
