"""CONSORT's items of its extension for factorial trials."""

from rounds.nouns import CellSummary, Evaluation, Factors
from rounds.reports.checklists.answers import (
    Answer,
    Answers,
    absent,
    joined,
    not_yet,
    partly,
    reported,
    within,
)
from rounds.reports.checklists.consort_schedules import named_in_title
from rounds.reports.checklists.trial import Trial
from rounds.reports.wording import SUPPRESSED, count, named, said

__all__ = ["factorial"]


def factorial(trial: Trial, told: Answers) -> Answers:
    """Answer what is asked of a trial of two factors.

    Parameters
    ----------
    trial : Trial
    told : dict of str to Answer
        What was said to CONSORT's own items and to those for clusters.

    Returns
    -------
    dict of str to Answer
        Of the extension for factorial trials alone; empty where there is one factor.
    """
    factors = trial.rollout.design.factors
    if factors is None:
        return {}
    found = {**_methods(trial, factors, told), **_results(trial, factors, told)}
    return {f"{item}/factorial": answer for item, answer in found.items()}


def _methods(trial: Trial, factors: Factors, told: Answers) -> Answers:
    first, second = factors.first, factors.second
    protocol, rollout = trial.protocol, trial.rollout
    design = within("Change", rollout, "design.factors")
    comparisons = (
        f"{first} against silence, over both arms of {second}; {second} against "
        f"silence, over both arms of {first}."
    )
    return {
        "1a": named_in_title(trial, ("factorial",)),
        "1b": partly(
            "The report opens with the question, the result, its checks and the "
            "decision.",
            "the head of the report",
            "an abstract that names the factorial design and its main comparisons",
        ),
        "2a": absent("why both in one trial, and whether an interaction was expected"),
        "2b": joined(told["2b"], reported(f"Main comparisons: {comparisons}", design)),
        "3a": reported(
            f"Full 2×2: {first} and {second}, each active or silent; one to one to "
            "four cells.",
            design,
        ),
        "4a": joined(told["4a"], reported("The same for both factors.", design)),
        "5": joined(told["5"], _second_card(trial, factors)),
        "6a": joined(told["6a"], reported("The same for both factors.", design)),
        "7a": joined(
            told["7a"],
            absent("the size for each comparison, and the interaction assumed"),
        ),
        "7b": told["7b"],
        "8b": joined(told["8b"], reported("Both factors were drawn at once.", design)),
        "11a": joined(told["11a"], reported("So of both factors.", design)),
        "12a": joined(
            told["12a"],
            reported(
                "Read at the margins, as fixed beforehand, unless the test of the "
                f"interaction has a p-value below {factors.interaction_alpha:g} or "
                f"the interaction is beyond {factors.interaction_margin:g}: then both "
                "are sealed.",
                within("Change", protocol, "factors"),
            ),
        ),
    }


def _second_card(trial: Trial, factors: Factors) -> Answer:
    second = trial.rollout.second_knowledge_object
    if second is None:
        return absent(f"what {factors.second} is")
    return reported(
        f"{factors.second}: published as {second.short}.",
        within("Change", trial.rollout, "second_knowledge_object"),
    )


def _results(trial: Trial, factors: Factors, told: Answers) -> Answers:
    found = trial.evaluation
    waits: Answer = not_yet("evaluation")
    if found is None or found.factorial is None:
        items = ("13a", "15", "16", "17a", "17c", "19", "20", "22")
        return dict.fromkeys(items, waits)
    cells = _cells(found, factors)
    return {
        "13a": joined(told["13a"], cells),
        "15": joined(told["15"], absent("the same table of each of the four cells")),
        "16": joined(told["16"], cells),
        "17a": joined(told["17a"], _second_results(found)),
        "17c": _interaction(found),
        "19": joined(told["19"], _second_harms(found)),
        "20": joined(told["20"], _reading(found)),
        "22": joined(told["22"], _second_decision(trial, factors)),
    }


def _cells(found: Evaluation, factors: Factors) -> Answer:
    two = found.factorial
    assert two is not None
    names = {
        "neither": "neither",
        "first": f"{factors.first} alone",
        "second": f"{factors.second} alone",
        "both": "both",
    }
    if not two.cells:
        return absent("how many were in each of the four cells")
    told = "; ".join(f"{names[one.cell]}: {_n(one)}" for one in two.cells)
    where = within("Evaluation, Inside the table", found, "factorial.cells")
    return reported(f"By cell: {told}.", where)


def _n(cell: CellSummary) -> str:
    if cell.suppressed or cell.n is None:
        return SUPPRESSED
    units = SUPPRESSED if cell.n_units is None else f"{cell.n_units:,}"
    return f"{count(cell.n)} patients of {units} clinics"


def _second_results(found: Evaluation) -> Answer:
    two = found.factorial
    assert two is not None
    told = [f"{two.names[1]}, at the margins: {said(two.second.estimate).line}."]
    told += [
        f"{two.names[1]}, {named(one.name).lower()}: {said(one.estimate).line}."
        for one in two.second.secondary
    ]
    where = within("Evaluation, The answer", found, "factorial.second")
    return reported(" ".join(told), where)


def _interaction(found: Evaluation) -> Answer:
    """Say the interaction, which is one number for both main comparisons."""
    two = found.factorial
    assert two is not None
    interaction = said(two.interaction)
    if interaction.sealed:
        return not_yet("checks that failed")
    note = f" {two.note[:1].upper()}{two.note[1:].rstrip('.')}." if two.note else ""
    return reported(
        f"Both together, beyond the sum of each: {interaction.line}. It is one number "
        f"for both comparisons.{note}",
        within("Evaluation, The answer", found, "factorial.interaction"),
    )


def _second_harms(found: Evaluation) -> Answer:
    two = found.factorial
    assert two is not None
    told = " ".join(
        f"{two.names[1]}, {named(one.name).lower()}: {said(one.estimate).line}; margin "
        f"{one.margin:g}, {one.verdict.replace('_', ' ')}."
        for one in two.second.balancing
    )
    where = within("Evaluation, Was anyone harmed?", found, "factorial.second")
    return reported(told, where) if told else absent("harms of the second factor")


def _reading(found: Evaluation) -> Answer:
    two = found.factorial
    assert two is not None
    where = within("Evaluation, The answer", found, "factorial.reading")
    if two.reading is None:
        return absent("how the interaction bears on the effects")
    how = {"margins": "at the margins", "inside_the_table": "inside the table"}
    note = f": {two.note.rstrip('.')}" if two.note else ""
    return reported(f"Effects are read {how[two.reading]}{note}.", where)


def _second_decision(trial: Trial, factors: Factors) -> Answer:
    decision = trial.decision
    if decision is None:
        return not_yet("decision")
    if decision.second is None:
        return absent(f"what follows for {factors.second}")
    reasons = " ".join(decision.second.reasons)
    return reported(
        f"{factors.second}: {reasons} Decided: {decision.second.decided}.",
        within("Decision", decision, "second"),
    )
