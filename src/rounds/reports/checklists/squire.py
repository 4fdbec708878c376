"""SQUIRE 2.0's items, from every step of the loop."""

from rounds.nouns import Decision, Evaluation, Evidence, NotEstimable
from rounds.reports.checklists.answers import (
    Answer,
    Answers,
    absent,
    not_yet,
    partly,
    reported,
    within,
)
from rounds.reports.checklists.consort_methods import before_results
from rounds.reports.checklists.consort_results import from_results, results_sentences
from rounds.reports.checklists.trial import Trial
from rounds.reports.wording import day, named, said

__all__ = ["improvement"]

_OF_CONSORT = {
    "2": "1b",
    "8a": "5",
    "11a": "12a",
    "13f": "13b",
    "16a": "21",
    "16b": "20",
    "18": "25",
}
"""Items that ask for what an item of CONSORT asks for."""
_OF_RESULTS = ("13a", "13b", "13d", "13e", "14a", "15b", "15c", "17a", "17b", "17e")


def improvement(trial: Trial) -> Answers:
    """Answer every item of SQUIRE 2.0.

    Parameters
    ----------
    trial : Trial
        With a protocol and a rollout.

    Returns
    -------
    dict of str to Answer
    """
    of_trial = {**before_results(trial), **from_results(trial)}
    shared = {ours: of_trial[theirs] for ours, theirs in _OF_CONSORT.items()}
    found = trial.evaluation
    waiting: Answers = {item: not_yet("evaluation") for item in _OF_RESULTS}
    results = waiting if found is None else _results(trial, found)
    return {**shared, **_before(trial), **_study(trial), **results, **_by_hand()}


def _before(trial: Trial) -> Answers:
    problem, aim = trial.problem, trial.problem.aim
    known: Answer = absent("what is known already")
    if trial.evidence is not None:
        known = reported(
            _known(trial.evidence),
            within("Evidence", trial.evidence, "sources, meta_analysis"),
        )
    return {
        "1": partly(
            f"“{problem.title}”",
            within("Problem", problem, "title"),
            "that the work is about improving health care, if the title does not say",
        ),
        "3": reported(
            f"{problem.statement} Baseline {said(problem.baseline).line}.",
            within("Problem", problem, "statement, baseline"),
        ),
        "4": known,
        "5": absent("why the intervention was expected to work"),
        "6": reported(
            f"To bring the measure to {aim.target:g} by {day(aim.by)}.",
            within("Problem", problem, "aim"),
        ),
        "7": partly(
            f"{len(problem.units)} units were compared; between them: "
            f"{_variation(trial)}.",
            within("Problem", problem, "units, variation"),
            "what of the setting mattered at the outset",
        ),
        "8b": _team(trial),
    }


def _known(evidence: Evidence) -> str:
    n = len(evidence.sources)
    found = evidence.meta_analysis
    pooled = found if isinstance(found, NotEstimable) else found.pooled
    return (
        f"{n} source{'' if n == 1 else 's'}. Pooled: {said(pooled).line}. Certainty "
        f"{evidence.certainty.rating}."
    )


def _variation(trial: Trial) -> str:
    found = trial.problem.variation
    if isinstance(found, NotEstimable):
        return found.reason
    ratio = found.median_odds_ratio
    return "chance alone" if ratio is None else f"median odds ratio {ratio:.2f}"


def _team(trial: Trial) -> Answer:
    community = trial.story.community
    if community is None:
        return absent("who worked on it")
    people = "; ".join(f"{m.name} ({named(m.role).lower()})" for m in community.members)
    waived = "; ".join(
        f"no {named(w.role).lower()}: {w.reason}" for w in community.waivers
    )
    told = ". ".join(part for part in (people, waived) if part)
    return reported(f"{told}.", within("Problem", community, "members, waivers"))


def _study(trial: Trial) -> Answers:
    protocol, rollout = trial.protocol, trial.rollout
    measures = "; ".join(
        f"{e.role}: {e.estimand.variable} ({e.measure.short})"
        for e in protocol.endpoints
    )
    checks = ", ".join(named(one).lower() for one in protocol.required_diagnostics)
    chosen = rollout.determination
    return {
        "9a": reported(
            f"A trial randomised by {rollout.design.unit}, with endpoints, analysis "
            "and decision rule frozen before it began.",
            within("Change", protocol, "all of it"),
        ),
        "9b": reported(
            "By randomisation: but for chance, the arms differ in the card alone. "
            "Whether that held is checked before the result can be read.",
            within("Change", rollout, "design"),
        ),
        "10a": partly(
            f"{measures}.",
            within("Change", protocol, "endpoints"),
            "why they were chosen, and how valid and reliable they are",
        ),
        "10b": absent("how context, efficiency and cost were followed"),
        "10c": partly(
            f"Before the result can be read: {checks}.",
            within("Change", protocol, "required_diagnostics"),
            "how complete and accurate the records are",
        ),
        "11b": reported(
            "Funnel plot, variation between units beyond chance, and a control chart "
            "over months.",
            within("Problem", trial.problem, "variation, chart"),
        ),
        "12": partly(
            f"Determined to be {chosen.outcome} by {chosen.decided_by}: "
            f"{chosen.reason}",
            within("Change", rollout, "determination"),
            "conflicts of interest",
        ),
        "16c": reported(
            "Units were randomised, the analysis was frozen, and a required check that "
            "fails seals the result.",
            within("Change", protocol, "required_diagnostics"),
        ),
    }


def _results(trial: Trial, found: Evaluation) -> Answers:
    reach = found.reach
    measured = within("Evaluation, Reach and fidelity", found, "reach")
    answer = within("Evaluation, The answer", found, "estimate, secondary")
    key = reported(" ".join(results_sentences(found)), answer)
    harms = " ".join(
        f"{named(one.name)}: {said(one.estimate).line}." for one in found.balancing
    )
    joined = found.posterior
    posterior = joined if isinstance(joined, NotEstimable) else joined.estimate
    return {
        "13a": partly(
            f"Fidelity {said(reach.fidelity).line}; acceptance "
            f"{said(reach.acceptance).line}.",
            measured,
            "what was changed on the way",
        ),
        "13b": key,
        "13d": partly(
            f"Effects in {len(found.equity)} groups, with interactions.",
            within("Evaluation, For whom did it work?", found, "equity"),
            "how the setting went together with them",
        ),
        "13e": partly(
            harms,
            within("Evaluation, Was anyone harmed?", found, "balancing"),
            "unexpected benefits, failures and costs",
        ),
        "14a": key,
        "15b": partly(
            f"Joined to what was known: {said(posterior).line}.",
            within("Evaluation, The answer", found, "posterior"),
            "how it compares with other publications, in words",
        ),
        "15c": partly(
            f"Reach {said(reach.reach).line}; adoption {said(reach.adoption).line}.",
            measured,
            "the impact on people and systems beyond the measures",
        ),
        **_conclusions(trial.decision),
    }


def _conclusions(decision: Decision | None) -> Answers:
    if decision is None:
        return {item: not_yet("decision") for item in ("17a", "17b", "17e")}
    where = within("Decision", decision, "reasons")
    asked = decision.next_question
    return {
        "17a": reported(
            " ".join([*decision.reasons, f"Decided: {decision.decided}."]), where
        ),
        "17b": absent("whether it lasted (rounds problem watch)"),
        "17e": reported(asked, within("Decision", decision, "next_question"))
        if asked
        else absent("the next steps"),
    }


def _by_hand() -> Answers:
    """Give the items of which no noun tells."""
    return {
        "13c": absent("what of the setting interacted with the intervention"),
        "14b": absent("particular strengths"),
        "15a": absent("what links intervention and outcomes, in words"),
        "15d": absent("why results differ from what was expected"),
        "15e": absent("costs, trade-offs, what else could have been done"),
        "17c": absent("where else it might be used"),
        "17d": absent("what follows for practice and further study"),
    }
