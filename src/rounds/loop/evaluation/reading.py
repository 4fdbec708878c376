"""Read of a trial what an analysis needs: once, and only after the gate."""

import datetime as dt
import hashlib
from collections.abc import Mapping

from rounds.datamart import AnyDatamart
from rounds.datamart.areas.coverage import area_notes
from rounds.datamart.consent import opted_out
from rounds.datamart.rows import measure_rows
from rounds.loop.evaluation.trial import TrialRows
from rounds.loop.evaluation.value.resources import read_resources
from rounds.loop.evaluation.wording import at_most
from rounds.nouns import Measure, NotEstimable, Period, Protocol, Ref, Rollout
from rounds.practice import Practice
from rounds.practice.epochs import Epoch, read_epochs
from rounds.practice.exposures import ExposureRows, exposure_rows

__all__ = ["read_trial"]

IGNORED_AFTER = dt.timedelta(days=7)
"""A card without feedback for a week was ignored (CDS Hooks clients send nothing)."""


def read_trial(
    rollout: Rollout,
    protocol: Protocol,
    datamart: AnyDatamart,
    practice: Practice,
    enrolment: Period,
    *,
    measures: Mapping[str, Measure],
    now: dt.datetime,
) -> tuple[TrialRows, tuple[str, ...]]:
    """Read the rows of those enrolled within a period, with arms and exposures.

    Parameters
    ----------
    enrolment : Period
        Whose index visits count; that of the protocol, or as much of it as has been
        followed up.
    measures : mapping of Ref as text to Measure
        One for each endpoint.
    now : datetime
        In the local time of the encounters.

    Returns
    -------
    trial : TrialRows
        Without those who opted out.
    limitations : tuple of str
        What was noticed on the way.
    """
    noticed: tuple[str, ...] = ()
    without = practice.opt_outs() | opted_out(datamart, "research", now.date())
    if without:
        noticed = (
            f"{at_most(len(without))} patient(s) opted out and are in no count.",
        )
    endpoints = {
        str(endpoint.measure): measure_rows(
            datamart, measures[str(endpoint.measure)], enrolment, without=without
        )
        for endpoint in protocol.endpoints
    }
    primary = str(protocol.primary.measure)
    before = measure_rows(
        datamart, measures[primary], protocol.baseline, without=without
    )
    chief = endpoints[primary]
    if not isinstance(chief, NotEstimable):
        noticed = (*noticed, *area_notes(datamart, chief, enrolment))
    trial = TrialRows(
        endpoints=endpoints,
        before=None if isinstance(before, NotEstimable) else before,
        calls=_calls(rollout, rollout.knowledge_object, practice, without, now),
        second_calls=None
        if rollout.second_knowledge_object is None
        else _calls(rollout, rollout.second_knowledge_object, practice, without, now),
        allocation=practice.allocation(rollout.ref()),
        units={ref: measure.unit for ref, measure in measures.items()},
        basis=practice.basis(rollout.ref()),
        epochs=_epochs(practice, rollout),
        resources=read_resources(
            protocol, datamart, enrolment, measures=measures, without=without
        ),
    )
    return trial, noticed


def _calls(
    rollout: Rollout,
    knowledge: Ref,
    practice: Practice,
    without: frozenset[str],
    now: dt.datetime,
) -> ExposureRows:
    """Read a trial's exposures; of two factors, those of one factor's service."""
    service = None
    if rollout.second_knowledge_object is not None:
        service = practice.knowledge(str(knowledge)).service.id
    return exposure_rows(
        practice,
        rollout.ref(),
        ignored_after=IGNORED_AFTER,
        now=now,
        service=service,
    ).leaving_out(without)


def _epochs(practice: Practice, rollout: Rollout) -> tuple[Epoch, ...]:
    """Give the chances in force; none if one does not hold to the look it names."""
    epochs = read_epochs(practice, rollout.ref())
    seen = {
        one.number: hashlib.sha256(one.record.encode()).hexdigest()
        for one in practice.looks(rollout.ref())
    }
    hold = all(one.inputs == seen.get(one.look) for one in epochs if one.number)
    return epochs if hold else ()
