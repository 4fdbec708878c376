"""What a trial's participants used: counted in routine data, item by item."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.datamart import AnyDatamart
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.loop.evaluation.arms.visits import visit_keys
from rounds.loop.evaluation.participants import Participants
from rounds.nouns import (
    CostItem,
    Endpoint,
    Measure,
    NotEstimable,
    Period,
    Point,
    Protocol,
    Reading,
    Window,
)
from rounds.practice.exposures import ExposureRows

__all__ = ["cards_of", "costed_endpoint", "counting", "events_of", "read_resources"]

_NAMING = frozenset({"concept_set", "answer", "discharged_to"})


def costed_endpoint(protocol: Protocol) -> Endpoint:
    """Give the endpoint whose outcome is worth something."""
    named = "" if protocol.costs is None else protocol.costs.outcome
    for endpoint in protocol.endpoints:
        if named and endpoint.measure.name.partition("/")[2] == named:
            return endpoint
    return protocol.primary


def counting(item: CostItem, chief: Measure, days: int) -> Measure:
    """Give a measure that counts an item for the participants of another measure.

    Parameters
    ----------
    item : CostItem
        Of events; a window that it does not say is the index day and those after it.
    chief : Measure
        Whose denominator the participants are.
    days : int
        Of follow-up.
    """
    events = item.events
    assert events is not None
    if events.window == Window():
        follow_up = Window(start=Point(at="index"), end=Point(at="index", days=days))
        events = events.model_copy(update={"window": follow_up})
    sets = {one.name: one for one in chief.concept_sets}
    own = item.concept_set
    if own is not None:
        if own.name in sets and sets[own.name] != own:
            own = own.model_copy(update={"name": f"{own.name}-costed"})
            events = events.model_copy(update={"concept_set": own.name})
        sets[own.name] = own
    reading = (
        Reading(pick="count", events=events)
        if events.number is None
        else Reading(pick="sum", events=events, otherwise=0.0)
    )
    without = {
        "scoring": "continuous-variable",
        "numerator": None,
        "numerator_exclusion": None,
        "numerator_observation": None,
        "denominator_observation": None,
        "denominator_exception": None,
        "observed_when": None,
        "expected": None,
        "stratifiers": (),
        "aggregate": "mean",
        "unit": "1",
        "measure_observation": reading,
    }
    bare = chief.model_copy(update={**without, "concept_sets": (), "additions": ()})
    used = set(_named(bare.model_dump(mode="json")))
    return bare.model_copy(
        update={
            "concept_sets": tuple(one for name, one in sets.items() if name in used),
            "additions": tuple(
                one for one in chief.additions if one.concept_set in used
            ),
        }
    )


def _named(plain: Any) -> Iterator[str]:
    if isinstance(plain, dict):
        for field, value in plain.items():
            if field in _NAMING and isinstance(value, str):
                yield value
            yield from _named(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from _named(value)


def read_resources(
    protocol: Protocol,
    datamart: AnyDatamart,
    enrolment: Period,
    *,
    measures: Mapping[str, Measure],
    without: frozenset[str],
) -> dict[str, MeasureRows | NotEstimable]:
    """Read the rows of each item of events, by its name; nothing without costs.

    Raises
    ------
    DefinitionError
        If an item asks for what the grammar of measures does not have.
    DataError
        If the datamart cannot be read.
    """
    if protocol.costs is None:
        return {}
    chief = measures[str(costed_endpoint(protocol).measure)]
    return {
        item.name: measure_rows(
            datamart,
            counting(item, chief, protocol.follow_up_days),
            enrolment,
            without=without,
        )
        for item in protocol.costs.items
        if item.counts == "events"
    }


def events_of(rows: MeasureRows, people: Participants) -> NDArray[np.float64]:
    """Give how many events each participant had, shape (n_participants,).

    What follows a visit within its follow-up is counted at it, also where it follows
    an earlier visit of the same patient too.

    Raises
    ------
    ValueError
        If a participant was not counted.
    """
    known, asked = rows.person_source_value, people.person
    if people.are_visits:
        known = visit_keys(known, rows.index_date)
        asked = visit_keys(asked, people.index_date)
    order = np.argsort(known)
    names = known[order]
    at = np.minimum(np.searchsorted(names, asked), max(len(names) - 1, 0))
    if not len(names) or (names[at] != asked).any():
        raise ValueError("events were not counted for some participants")
    counts = rows.value[order][at]
    if np.isnan(counts).any():
        raise ValueError("events are not known for some participants")
    return counts


def cards_of(
    calls: ExposureRows,
    people: Participants,
    days: int,
    *,
    chosen: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Count each participant's cards, shape (n_participants,).

    Of a visit those that were shown at it, whenever it was: each card is one visit's.
    Of a person those from the index day on.

    Parameters
    ----------
    days : int
        Of follow-up, the last one included.
    chosen : array of bool, shape (n_calls,)
        Which calls count.
    """
    found = np.zeros(len(people))
    if not len(people):
        return found
    whose, own = calls.person_source_value[chosen], people.person
    if people.are_visits:
        whose, own = calls.unit[chosen], people.unit
    order = np.argsort(own)
    names = own[order]
    at = np.minimum(np.searchsorted(names, whose), len(names) - 1)
    place = order[at]
    counted = names[at] == whose
    if not people.are_visits:
        day = calls.occurred[chosen].astype("datetime64[D]")
        after = (day - people.index_date[place].astype("datetime64[D]")).astype(int)
        counted &= (after >= 0) & (after <= days)
    np.add.at(found, place[counted], 1.0)
    return found
