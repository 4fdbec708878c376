"""From rows and arms to an Evaluation: no reading, no clock, no chance."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

import rounds
from rounds.loop.evaluation.arms.adaptive import adaptive_result
from rounds.loop.evaluation.arms.crossed import crossed
from rounds.loop.evaluation.arms.rerandomised import rerandomised
from rounds.loop.evaluation.arms.schedule_looks import schedule_result
from rounds.loop.evaluation.checks.balance import balance
from rounds.loop.evaluation.checks.diagnostics import diagnose, seal
from rounds.loop.evaluation.checks.drawn import drawn_as_said
from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.estimates.effects import Effect, arm_summaries
from rounds.loop.evaluation.estimates.endpoints import Endpoints
from rounds.loop.evaluation.estimates.equity import equity
from rounds.loop.evaluation.estimates.hypothesis import hypothesis_result
from rounds.loop.evaluation.estimates.posterior import posterior
from rounds.loop.evaluation.participants import (
    Allocation,
    Participants,
    clinic_rates,
    clinic_sizes,
    join,
    nobody,
)
from rounds.loop.evaluation.trial import Ended, TrialRows
from rounds.loop.evaluation.uptake.re_aim import re_aim
from rounds.loop.evaluation.wording import share_in_words
from rounds.methods.clusters.linear_mixed import MixedFit
from rounds.methods.multilevel.icc import anova_icc
from rounds.nouns import (
    Diagnostic,
    Endpoint,
    Evaluation,
    Evidence,
    FactorialResult,
    Flow,
    Modification,
    NotEstimable,
    Protocol,
    Provenance,
    Rollout,
)

__all__ = ["analyse", "joined_endpoints", "trial_checks"]

FEW_CLINICS = 10
FEW_DF = 4.0
"""Below it one or two clinics carry the interval: a rule of thumb, with no source."""


def analyse(
    trial: TrialRows,
    rollout: Rollout,
    protocol: Protocol,
    evidence: Evidence,
    *,
    receipt: str,
    snapshot: str | None,
    limitations: tuple[str, ...] = (),
    ended: Ended | None = None,
    log: tuple[Modification, ...] = (),
) -> Evaluation:
    """Analyse a finished trial as its protocol says.

    Parameters
    ----------
    receipt : str
        The hash of the ledger's entry for the frozen protocol.
    snapshot : str or None
        The datamart's snapshot that the rows were read from.
    limitations : tuple of str
        What the gate noticed.
    ended : Ended, optional
        How a trial that was looked at ended: its estimate then allows for the looks.
    log : tuple of Modification
        What was logged of this rollout while it ran.

    Returns
    -------
    Evaluation
        While a required check has not passed, it holds no outcome by arm and no
        effect, anywhere.

    Raises
    ------
    DataError
        If an endpoint's measure counts a person more than once.
    """
    frozen, protocol = protocol, ended.as_far_as(protocol) if ended else protocol
    joined = joined_endpoints(trial, protocol)
    found = joined[protocol.primary.estimand.name]
    people = nobody() if isinstance(found, NotEstimable) else found
    diagnostics = trial_checks(trial, rollout, protocol, joined)
    sealed = seal(diagnostics)
    work = Endpoints(protocol, joined, trial.units, sealed)
    two, chief = _chief(trial, rollout, work, ended=ended is not None)
    withheld = chief.sealed
    primary = chief.effect(protocol.primary)
    if ended is not None:
        primary, said = ended.allowed_for(primary, protocol, people)
        limitations = (*limitations, *said)
    effects, interactions = equity(people, protocol, withheld)
    return Evaluation(
        name=rollout.name,
        title=f"Evaluation of {rollout.title}",
        rollout=rollout.ref(),
        protocol=frozen.ref(),
        evidence=evidence.ref(),
        knowledge_object=rollout.knowledge_object,
        receipt=receipt,
        estimate=primary.estimate,
        diagnostics=diagnostics,
        balancing=tuple(work.balancing(e) for e in _of(protocol, "balancing")),
        secondary=tuple(work.secondary(e) for e in _of(protocol, "secondary")),
        equity=effects,
        interactions=interactions,
        balance=balance(people),
        flow=_flow(people, trial.allocation, chief),
        posterior=posterior(primary, evidence.prior, protocol, withheld),
        icc=None if withheld else _icc(people, primary),
        hypothesis=hypothesis_result(primary, protocol, withheld),
        randomisation_test=None
        if withheld
        else rerandomised(people, protocol, rollout, trial.allocation, trial.basis),
        schedule=schedule_result(people, protocol, trial.allocation, sealed),
        factorial=two,
        adaptive=adaptive_result(people, protocol, trial.epochs, trial.basis, sealed),
        limitations=(
            *limitations,
            *_of_allocation(rollout),
            *_limitations(people, primary, trial, protocol),
        ),
        **re_aim(trial, work, people, log=log, sealed=withheld, ended=ended),
        after_looks=None if ended is None else ended.told,
        provenance=_provenance(rollout, frozen, evidence, snapshot),
    )


def _chief(
    trial: TrialRows, rollout: Rollout, work: Endpoints, *, ended: bool
) -> tuple[FactorialResult | None, Endpoints]:
    """Give what two factors do, and the endpoints as the primary may be told.

    Nothing of the primary is told at the margins where the two interact.
    """
    two = crossed(
        work.joined,
        rollout,
        work.protocol,
        units=trial.units,
        second_calls=trial.second_calls,
        resources=trial.resources,
        sealed=work.sealed,
        ended=ended,
    )
    if two is None:
        return None, work
    return two.told, replace(work, sealed=work.sealed or two.withheld)


def joined_endpoints(
    trial: TrialRows, protocol: Protocol
) -> dict[str, Participants | NotEstimable]:
    """Join each endpoint to the arms, by the name of its estimand.

    Raises
    ------
    DataError
        If a measure counts a person more than once.
    """
    rates, sizes = clinic_rates(trial.before), clinic_sizes(trial.before)
    joined: dict[str, Participants | NotEstimable] = {}
    for endpoint in protocol.endpoints:
        rows = trial.endpoints[str(endpoint.measure)]
        joined[endpoint.estimand.name] = (
            rows
            if isinstance(rows, NotEstimable)
            else join(
                rows,
                trial.allocation,
                protocol,
                endpoint,
                rates,
                sizes=sizes,
                calls=trial.calls,
            )
        )
    return joined


def trial_checks(
    trial: TrialRows,
    rollout: Rollout,
    protocol: Protocol,
    joined: Mapping[str, Participants | NotEstimable],
) -> tuple[Diagnostic, ...]:
    """Run every check, as `diagnose` does, on endpoints that were joined."""
    name = protocol.primary.estimand.name
    people = joined[name]
    if isinstance(people, NotEstimable):
        people = nobody()
    return diagnose(
        people,
        _decisive(joined, protocol) or {name: people},
        trial.calls,
        allocation=trial.allocation,
        protocol=protocol,
        design=rollout.design,
        enrolled_before=clinic_sizes(trial.before),
        drawn=drawn_as_said(trial.allocation, trial.basis, rollout, trial.epochs),
        second_calls=trial.second_calls,
    )


def _decisive(
    joined: Mapping[str, Participants | NotEstimable], protocol: Protocol
) -> dict[str, Participants]:
    """Give the participants of each endpoint that the decision rule reads."""
    return {
        endpoint.estimand.name: part
        for endpoint in protocol.endpoints
        if endpoint.role != "secondary"
        and isinstance(part := joined[endpoint.estimand.name], Participants)
    }


def _provenance(
    rollout: Rollout, protocol: Protocol, evidence: Evidence, snapshot: str | None
) -> Provenance:
    return Provenance(
        made_from=(
            rollout.ref(),
            protocol.ref(),
            evidence.ref(),
            *dict.fromkeys(endpoint.measure for endpoint in protocol.endpoints),
        ),
        snapshot=snapshot,
        code_version=rounds.__version__,
    )


def _of(protocol: Protocol, role: str) -> list[Endpoint]:
    return [endpoint for endpoint in protocol.endpoints if endpoint.role == role]


def _flow(people: Participants, allocation: Allocation, work: Endpoints) -> Flow:
    sealed = work.sealed is not None
    return Flow(
        assessed=people.assessed,
        excluded=people.excluded,
        randomised_units=len(allocation),
        arms=arm_summaries(people, work.protocol.primary, sealed=sealed),
    )


def _icc(people: Participants, primary: Effect) -> float | None:
    if isinstance(primary.fit, MixedFit):
        return primary.fit.icc
    known = people.observed
    if people.time is not None:
        return None  # counts over unequal times: no one correlation of them is asked
    try:
        return anova_icc(
            people.outcome[known], people.clinic[known], people.active[known]
        )
    except ValueError:
        return None


def _of_allocation(rollout: Rollout) -> list[str]:
    """Say who could not take part, and how free the allocation was."""
    said, drawn_from = [], rollout.constrained_set
    if rollout.left_out:
        said.append(
            f"{rollout.left_out} clinic(s) had no partner and took no part: an odd one "
            "is left out rather than made a third of a pair."
        )
    if drawn_from is not None:
        said.append(
            f"The allocation is one of {drawn_from.admitted} admitted; two clinics "
            f"share an arm in {drawn_from.least_together:.0%} to "
            f"{drawn_from.most_together:.0%} of them."
        )
    return said


def _limitations(
    people: Participants, primary: Effect, trial: TrialRows, protocol: Protocol
) -> list[str]:
    said = list(design_of(protocol).limitations)
    clinics = len(np.unique(people.clinic))
    if clinics < FEW_CLINICS:
        said.append(f"Only {clinics} clinics took part; intervals are wide for it.")
    if primary.fit is not None and primary.fit.df < FEW_DF:
        said.append(
            f"The interval rests on {primary.fit.df:.1f} degrees of freedom; below "
            f"{FEW_DF:.0f} its coverage is uncertain."
        )
    if "baseline_rate" in protocol.covariates:
        rates = clinic_rates(trial.before)
        without = len(set(np.unique(people.clinic)) - set(rates))
        if without and not rates:
            said.append(
                "No rate before go-live is known, so nothing is adjusted for it."
            )
        elif without:
            said.append(
                f"{without} clinic(s) had no rate before go-live and were given the "
                "rate over all."
            )
    missing = len(people) - int(people.observed.sum())
    if missing:
        said.append(
            f"{share_in_words(missing, len(people))} participants have no primary "
            "outcome and are left out; the estimate holds for them only if they are "
            "like the others."
        )
    return said
