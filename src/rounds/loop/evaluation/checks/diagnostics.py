"""May the answer be trusted? Each check with its threshold and the reason for it.

============== ========================================== =========================
check          fails when                                  because
============== ========================================== =========================
sample_ratio   p < 0.001 at the randomised unit, or a      a ratio that chance or the
               split that the allocation cannot give       design hardly gives means
               (blocks, pairs, constrained set, coins)     that units went missing
deliveries     the share of participants for whom all      treatment policy includes
               went as designed is below 0.90 (p < 0.001)  some failures, but beyond
                                                           a tenth another policy was
                                                           tried
contamination  the share of silent participants who saw a  each point dilutes the
               card is above 0.05 (p < 0.001)              effect by a point in 100
missing_       observed shares differ by more than 0.02    2 points, at a contrast of
outcomes       between the arms (p < 0.01), in the primary 0.3 between seen and unseen,
               or a balancing endpoint                     move a risk difference by
                                                           0.006 at most
enrolment      patients per clinic, over those before      a card that changes who is
               go-live, differ between arms (p < 0.001)    enrolled selects patients
============== ========================================== =========================

Where arms change over time there are more (`schedule_checks.py`), and where chances of
the arms do (`adaptive.py`). Those of missing outcomes and of enrolment then compare the
arms within periods and clinics, or within epochs: time alone must not look like the
card.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.arms.adaptive import (
    ADAPTIVE_CHECKS,
    difference_in_epochs,
    drift,
)
from rounds.loop.evaluation.arms.visits import visit_keys
from rounds.loop.evaluation.checks.drawn import Drawn, held_to
from rounds.loop.evaluation.checks.factor_checks import of_both
from rounds.loop.evaluation.checks.schedule_checks import (
    SCHEDULE_CHECKS,
    adherence,
    difference_over_time,
    enrolment_over_time,
    periods,
    switching,
)
from rounds.loop.evaluation.checks.visit_checks import carry_over, spill_over
from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.estimates.effects import covariate_columns
from rounds.loop.evaluation.estimates.summaries import OF_SHARES
from rounds.loop.evaluation.participants import Allocation, Participants, arms_of
from rounds.loop.evaluation.wording import share_in_words
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.shares import arm_difference, share_test
from rounds.nouns import Design, Diagnostic, Protocol, Schedule
from rounds.practice.exposures import ExposureRows

__all__ = ["KNOWN", "diagnose", "known_checks", "seal"]

KNOWN = (
    "sample_ratio",
    "deliveries",
    "contamination",
    "missing_outcomes",
    "enrolment",
)
"""The checks there are, in the order in which they are reported."""


def known_checks(protocol: Protocol) -> tuple[str, ...]:
    """Give the checks that a protocol may require."""
    in_steps = SCHEDULE_CHECKS if protocol.schedule is not None else ()
    adapting = ADAPTIVE_CHECKS if protocol.adaptation is not None else ()
    return (*KNOWN, *design_of(protocol).checks, *in_steps, *adapting)


LEAST_DELIVERED = 0.90
MOST_CONTAMINATED = 0.05
MISSING_MARGIN = 0.02
P_SHARE = 0.001
P_MISSING = 0.01


def diagnose(
    people: Participants,
    decisive: Mapping[str, Participants],
    calls: ExposureRows,
    *,
    allocation: Allocation,
    protocol: Protocol,
    design: Design,
    enrolled_before: Mapping[str, int],
    drawn: Drawn,
    second_calls: ExposureRows | None = None,
) -> tuple[Diagnostic, ...]:
    """Run every check there is; the protocol says which of them seal.

    Parameters
    ----------
    people : Participants
        Of the primary endpoint.
    decisive : mapping of name to Participants
        Of each endpoint that the decision rule reads.
    enrolled_before : mapping of clinic to int
        Patients whom the primary measure would have counted in the baseline period.
    drawn : Drawn
        What the allocation's own record says of how it was drawn.
    second_calls : ExposureRows, optional
        Of the second factor's service, where the protocol has two factors: what is
        asked of the first is asked of it too.
    """
    ratio = design_of(protocol).sample_ratio(allocation, people, design)
    arms = arms_of(allocation, protocol, "first")
    asked = _of_arms(
        people, decisive, calls, protocol, arms=arms, before=enrolled_before
    )
    if protocol.factors is not None and second_calls is not None:
        arms = arms_of(allocation, protocol, "second")
        others = {name: one.swapped() for name, one in decisive.items()}
        of_second = (people.swapped(), others, second_calls, protocol)
        again = _of_arms(*of_second, arms=arms, before=enrolled_before)
        asked = of_both(asked, again, protocol.factors)
    results = [held_to(ratio, drawn), *asked]
    if protocol.schedule is not None:
        results += [
            adherence(calls, allocation, protocol.schedule),
            periods(people, protocol.schedule),
            switching(people, protocol.schedule),
        ]
    if protocol.unit_of_randomisation == "encounter":
        results += _before(people, protocol)
    if protocol.adaptation is not None:
        results.append(drift(people, protocol))
    return tuple(
        one.model_copy(update={"required": one.name in protocol.required_diagnostics})
        for one in results
    )


def _of_arms(
    people: Participants,
    decisive: Mapping[str, Participants],
    calls: ExposureRows,
    protocol: Protocol,
    *,
    arms: Allocation,
    before: Mapping[str, int],
) -> list[Diagnostic]:
    """Ask what compares two arms with each other."""
    owners, when = _owners(people, calls)
    return [
        _deliveries(people, calls, owners, when),
        _contamination(people, calls, owners, when, protocol),
        _missing_outcomes(decisive, protocol),
        _enrolment(people, arms, protocol, before),
    ]


def _before(people: Participants, protocol: Protocol) -> list[Diagnostic]:
    """Ask of visits whether the arms of those before them act on."""
    columns = covariate_columns(people, protocol.covariates)
    clusters = design_of(protocol).clusters
    continuous = protocol.primary.estimand.summary_measure not in OF_SHARES
    return [
        check(people, columns, clusters, continuous=continuous)
        for check in (carry_over, spill_over)
    ]


def seal(diagnostics: tuple[Diagnostic, ...]) -> str | None:
    """Say why the estimate is withheld; None where every required check passed."""
    trouble = [d for d in diagnostics if d.required and d.verdict != "pass"]
    if not trouble:
        return None
    said = [
        f"{d.name} {'failed' if d.verdict == 'fail' else 'could not be checked'}: "
        f"{d.detail}"
        for d in trouble
    ]
    return " ".join(said)


def _owners(
    people: Participants, calls: ExposureRows
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Give each call's participant (−1: none), and its day counted from the index.

    Of visits, the one on the day of the call: a patient has several.
    """
    if not len(people) or not len(calls.person_source_value):
        nobody = np.full(len(calls.person_source_value), -1)
        return nobody, np.zeros(len(nobody), dtype=np.int64)
    known, asked = people.person, calls.person_source_value
    if people.are_visits:
        known = visit_keys(known, people.index_date)
        asked = visit_keys(asked, calls.occurred)
    order = np.argsort(known)
    place = np.searchsorted(known[order], asked)
    owner = order[np.minimum(place, len(order) - 1)]
    owner = np.where(known[owner] == asked, owner, -1)
    day = calls.occurred.astype("datetime64[D]")
    index = people.index_date.astype("datetime64[D]")
    return owner, (day - index[owner]).astype(np.int64)


def _any(
    owner: NDArray[np.intp], chosen: NDArray[np.bool_], n: int
) -> NDArray[np.bool_]:
    flags = np.zeros(n, dtype=bool)
    flags[owner[chosen & (owner >= 0)]] = True
    return flags


def _deliveries(
    people: Participants,
    calls: ExposureRows,
    owner: NDArray[np.intp],
    day: NDArray[np.int64],
) -> Diagnostic:
    """Ask whether each index visit was answered, and in the active arm shown a card."""
    question = "Did the service answer each index visit, and show what was due?"
    if not len(people):
        return _not_evaluated("deliveries", question)
    # The caller's clock and the record's may differ by a night.
    at_index = np.abs(day) <= 1
    n = len(people)
    called = _any(owner, at_index, n)
    due = _any(owner, at_index & calls.due, n)
    shown = _any(owner, at_index & calls.shown, n)
    delivered = called & (~people.active | ~due | shown)
    test = share_test(delivered, people.clinic, LEAST_DELIVERED, "below")
    return Diagnostic(
        name="deliveries",
        question=question,
        value=test.p_value,
        threshold=P_SHARE,
        verdict="fail" if test.p_value < P_SHARE else "pass",
        detail=(
            f"for {share_in_words(int(delivered.sum()), n)} participants all went as "
            f"designed at the index visit; at least {LEAST_DELIVERED:.0%} is "
            f"expected, and {test.n_clusters_off} of {test.n_clusters} clinics fell "
            "short on their own."
        ),
    )


def _contamination(
    people: Participants,
    calls: ExposureRows,
    owner: NDArray[np.intp],
    day: NDArray[np.int64],
    protocol: Protocol,
) -> Diagnostic:
    """Ask whether the silent arm saw cards before its outcome was known."""
    question = "Did patients of the silent arm see the reminder all the same?"
    if people.are_visits:
        question = "Was the reminder shown at silent visits all the same?"
    silent = ~people.active
    if not silent.any():
        return _not_evaluated("contamination", question)
    during = calls.shown & (day <= protocol.follow_up_days)
    saw = _any(owner, during, len(people))[silent]
    test = share_test(saw, people.clinic[silent], MOST_CONTAMINATED, "above")
    whose = "participants were shown a card before their follow-up ended"
    if people.are_visits:
        whose = "visits had a card shown on their day"
    return Diagnostic(
        name="contamination",
        question=question,
        value=test.p_value,
        threshold=P_SHARE,
        verdict="fail" if test.p_value < P_SHARE else "pass",
        detail=(
            f"{share_in_words(int(saw.sum()), len(saw))} silent {whose}; at most "
            f"{MOST_CONTAMINATED:.0%} is tolerated, and {test.n_clusters_off} of "
            f"{test.n_clusters} clinics were beyond it on their own."
        ),
    )


def _missing_outcomes(
    decisive: Mapping[str, Participants], protocol: Protocol
) -> Diagnostic:
    """Ask of each endpoint that decides whether it was observed equally by arm."""
    question = "Are outcomes known equally often in both arms?"
    said, least = [], 1.0
    clusters = design_of(protocol).clusters
    for name, people in decisive.items():
        if not 0 < people.active.sum() < len(people):
            return _not_evaluated("missing_outcomes", question)
        within = _within(protocol)
        if within is not None:
            try:
                p_value = within(people, MISSING_MARGIN)
            except ValueError:
                why = "arms cannot be told apart from time and clinics."
                return _not_evaluated("missing_outcomes", question, why)
        else:
            _, p_value = arm_difference(
                people.observed, people.active, clusters(people), MISSING_MARGIN
            )
        least = min(least, p_value)
        with_it, without = (
            share_in_words(int(people.observed[arm].sum()), int(arm.sum()))
            for arm in (people.active, ~people.active)
        )
        said.append(
            f"{name}: known for {with_it} with the reminder and {without} without"
        )
    value = min(1.0, least * len(decisive))
    return Diagnostic(
        name="missing_outcomes",
        question=question,
        value=value,
        threshold=P_MISSING,
        verdict="fail" if value < P_MISSING else "pass",
        detail="; ".join(said)
        + f"; a difference of {MISSING_MARGIN:.0%} would not matter.",
    )


def _within(protocol: Protocol) -> Callable[[Participants, float], float] | None:
    """Give what compares arms of one time, where time and arms go together."""
    if protocol.schedule is not None:
        return difference_over_time
    return difference_in_epochs if protocol.adaptation is not None else None


def _enrolment(
    people: Participants,
    allocation: Allocation,
    protocol: Protocol,
    before: Mapping[str, int],
) -> Diagnostic:
    """Compare the arms' patients per clinic, relative to those before go-live."""
    question = "Did the reminder change who was enrolled?"
    if protocol.unit_of_randomisation != "clinic":
        why = f"{protocol.unit_of_randomisation}s were randomised: see sample_ratio."
        return _not_evaluated("enrolment", question, why)
    if protocol.schedule is not None:
        return _enrolment_over_time(people, allocation, protocol.schedule, question)
    names, sizes = np.unique(people.clinic, return_counts=True)
    enrolled = dict(zip(names.tolist(), sizes.tolist(), strict=True))
    usable = [u for u in allocation if before.get(u, 0) > 0 and enrolled.get(u, 0) > 0]
    growth = np.log([enrolled[u] / before[u] for u in usable])
    active = np.array([allocation[u][0] == "active" for u in usable], dtype=float)
    design = np.column_stack([active, np.ones(len(usable))])
    try:
        fitted = cluster_ols(growth, design, None)
    except ValueError:
        return _not_evaluated("enrolment", question, "too few clinics had a baseline.")
    return Diagnostic(
        name="enrolment",
        question=question,
        value=fitted.p_value,
        threshold=P_SHARE,
        verdict="fail" if fitted.p_value < P_SHARE else "pass",
        detail=(
            f"over those before go-live, clinics with the reminder enrolled "
            f"{np.exp(fitted.estimate):.2f} times as many as the others "
            f"({len(usable)} clinics)."
        ),
    )


def _enrolment_over_time(
    people: Participants, allocation: Allocation, schedule: Schedule, question: str
) -> Diagnostic:
    try:
        ratio, p_value = enrolment_over_time(people, allocation, schedule)
    except ValueError:
        return _not_evaluated("enrolment", question, "too few clinics enrolled.")
    return Diagnostic(
        name="enrolment",
        question=question,
        value=p_value,
        threshold=P_SHARE,
        verdict="fail" if p_value < P_SHARE else "pass",
        detail=(
            f"in the same period, clinics with the reminder enrolled {ratio:.2f} times "
            "as many as without it."
        ),
    )


def _not_evaluated(name: str, question: str, why: str = "") -> Diagnostic:
    return Diagnostic(
        name=name,
        question=question,
        verdict="not_evaluated",
        detail=why or "an arm has no participants.",
    )
