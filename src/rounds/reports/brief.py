"""One page for whoever has to decide or has to pay: the answer, and how sure."""

from typing import Final

from rounds import __version__
from rounds.methods.estimands.scales import is_ratio, no_effect
from rounds.nouns import (
    BalancingResult,
    Decision,
    DefinitionError,
    Estimate,
    Evaluation,
    NotEstimable,
    Protocol,
    RuleRate,
)
from rounds.reports.brief_price import Row as _Row
from rounds.reports.brief_price import burden_rows, lasting_rows, price_rows
from rounds.reports.charts import label
from rounds.reports.factor_words import factor_lines
from rounds.reports.figures.evaluation import CHARACTERISTICS, group_name
from rounds.reports.safety import made_safe
from rounds.reports.story import Story
from rounds.reports.templating import drawn, style_sheet, templates
from rounds.reports.trial_words import enrolled_from_to
from rounds.reports.wording import (
    axis_unit,
    count,
    day,
    named,
    percent,
    said,
    threshold,
)

__all__ = ["brief_html"]


_VERDICTS: Final = {
    "within_margin": "Harm beyond the margin is excluded.",
    "exceeds_margin": "More harm than the margin.",
    "uncertain": "Harm beyond the margin is not excluded.",
    "sealed": "Not shown: a required check has not passed.",
}
_NEXT: Final = {
    "adopt": "It is shown everywhere now, and a control chart watches it.",
    "adapt": "It is changed, and tested again before anybody else sees it.",
    "abandon": "It is withdrawn. The result is kept, for whoever proposes it again.",
    "extend": "The test goes on, or is mended, until it can answer.",
}


def brief_html(story: Story) -> str:
    """Give the page for a sponsor: HTML for one sheet, without network or script.

    Parameters
    ----------
    story : Story
        With an evaluation. Small counts are suppressed first.

    Returns
    -------
    str

    Raises
    ------
    DefinitionError
        If nothing has been evaluated yet.
    """
    story = made_safe(story)
    evaluation, protocol = story.evaluation, story.protocol
    if evaluation is None or protocol is None:
        raise DefinitionError(
            f"{story.problem.title}: nothing has been evaluated yet.",
            code="nothing-to-brief",
            why="The page says what was found.",
            remedies=("Evaluate the rollout first: rounds evaluation run",),
        )
    decision = story.decision
    return (
        templates()
        .get_template("brief.html")
        .render(
            title=story.problem.title if decision is None else decision.title,
            status=_status(decision),
            done=_done(evaluation, protocol),
            rows=_rows(story, evaluation, protocol),
            reasons=_reasons(decision),
            departure="" if decision is None else decision.departure_reason,
            next_=_next(story),
            limitations=evaluation.limitations,
            refs=_refs(story),
            code_version=__version__,
            css=drawn(style_sheet(embedded=True)),
        )
    )


def _status(decision: Decision | None) -> str:
    if decision is None:
        return "Evaluated, not decided yet"
    if decision.decided == decision.recommended:
        return f"{decision.decided.capitalize()}: decided, as the rule recommends"
    return (
        f"{decision.decided.capitalize()}: the rule recommends {decision.recommended}"
    )


def _reasons(decision: Decision | None) -> tuple[str, ...]:
    """Give the rule's reasons where the table does not say them already."""
    if decision is None or decision.recommended == decision.decided == "adopt":
        return ()
    return decision.reasons


def _done(evaluation: Evaluation, protocol: Protocol) -> str:
    unit = protocol.unit_of_randomisation
    patients = [arm.n for arm in evaluation.flow.arms]
    n = None if None in patients else sum(p for p in patients if p is not None)
    who = "" if n is None else f" with {count(n)} patients"
    if unit == "encounter" and n is not None:
        who = f", {count(n)} of them in the analysis,"
    arms = protocol.primary.estimand
    looked = evaluation.after_looks
    ended = ""
    if looked is not None and looked.stopped is not None:
        ended = f" Ended early on {day(looked.stopped)}: {looked.reason}"
    return (
        f"{arms.treatment}; against {arms.comparator[:1].lower()}"
        f"{arms.comparator[1:]}. {count(evaluation.flow.randomised_units)} {unit}s"
        f"{who} were randomised, {enrolled_from_to(protocol, evaluation)}.{ended}"
    )


def _rows(story: Story, evaluation: Evaluation, protocol: Protocol) -> tuple[_Row, ...]:
    return (
        _worked(evaluation, protocol),
        *(_harm(result) for result in evaluation.balancing),
        *(_Row(*line) for line in factor_lines(story)),
        _for_whom(evaluation),
        _reached(evaluation, _whose(protocol)),
        *price_rows(evaluation),
        *burden_rows(evaluation),
        *lasting_rows(story.maintenance),
        _trusted(story, evaluation),
        *_errs(story.decision),
    )


def _worked(evaluation: Evaluation, protocol: Protocol) -> _Row:
    asked = f"Did it work? {protocol.primary.estimand.variable}"
    found = said(evaluation.estimate)
    if found.withheld:
        return _Row(asked, found.line, withheld=True)
    estimate, against = evaluation.estimate, evaluation.hypothesis
    least = _size(protocol.decision_rule.least_worthwhile, estimate)
    worth = f"Worth having from {least}."
    if against is not None:
        margin = _size(against.margin, estimate)
        verdict = "shown" if against.verdict == "shown" else "not shown"
        worth = f"{against.hypothesis.capitalize()}, margin {margin}: {verdict}."
    per_hundred = _of_hundred(estimate, _whose(protocol))
    line = found.line
    if isinstance(estimate, Estimate) and is_ratio(estimate.scale):
        line = f"{named(estimate.scale)} {line}"
    return _Row(asked, line, f"{per_hundred} {worth}".strip())


def _whose(protocol: Protocol) -> str:
    """Say what was counted: patients, or their visits."""
    of_visits = protocol.unit_of_randomisation == "encounter"
    return "visits" if of_visits else "patients"


def _of_hundred(estimate: Estimate | NotEstimable, whose: str) -> str:
    if isinstance(estimate, NotEstimable) or estimate.scale != "risk_difference":
        return ""
    value, lower, upper = (100 * number for number in estimate.numbers)
    more = "more" if value >= 0 else "fewer"
    ends = f"{lower:+.0f} to {upper:+.0f}".replace("-", "−")
    return f"About {abs(value):.0f} {more} in every 100 {whose} ({ends})."


def _size(value: float, estimate: Estimate | NotEstimable) -> str:
    if isinstance(estimate, NotEstimable):
        return f"{value:g}"
    if is_ratio(estimate.scale):
        return threshold(value, estimate.scale)
    unit = axis_unit(estimate)
    after = " points" if unit == "points" else ""
    return f"{label(value, unit, 1)}{after}"


def _harm(result: BalancingResult) -> _Row:
    found = said(result.estimate)
    beside = _VERDICTS[result.verdict]
    if not found.withheld:
        beside = f"{beside} Margin {_size(result.margin, result.estimate)}."
    asked = f"Was anyone harmed? {named(result.name)}"
    return _Row(asked, found.line, beside, withheld=bool(found.withheld))


def _for_whom(evaluation: Evaluation) -> _Row:
    """Say in which groups the effect is least and most, as drawn towards each other."""
    asked = "For whom?"
    known = [
        (one.shrunken.numbers[0], one)
        for one in evaluation.equity
        if not one.suppressed
        and isinstance(one.shrunken, Estimate)
        and one.shrunken.sealed is None
    ]
    if not known:
        return _Row(asked, "No group has a number that may be shown.", withheld=True)
    known.sort(key=lambda pair: pair[0])
    (_, least), (_, most) = known[0], known[-1]
    apart = [
        i.contrast
        for i in evaluation.interactions
        if isinstance(i.estimate, Estimate)
        and i.estimate.sealed is None
        and not _holds_nothing(i.estimate)
    ]
    differ = (
        f"It differs between groups: {'; '.join(apart)}."
        if apart
        else "No difference between groups is beyond chance."
    )
    ends = "; ".join(
        f"{CHARACTERISTICS[one.characteristic]} {group_name(one.group)}: "
        f"{said(one.shrunken).value}"
        for one in (least, most)
    )
    return _Row(asked, differ, f"Least and most, of {len(known)} groups: {ends}.")


def _holds_nothing(estimate: Estimate) -> bool:
    _, lower, upper = estimate.numbers
    return lower <= no_effect(estimate.scale) <= upper


def _reached(evaluation: Evaluation, whose: str) -> _Row:
    reach = evaluation.reach
    reached, accepted = said(reach.reach), said(reach.acceptance)
    adopted = said(reach.adoption)
    return _Row(
        "Did it reach them?",
        f"{reached.line} of the {whose} it was meant for.",
        f"Taken up in {adopted.value or adopted.line} of the places, followed in "
        f"{accepted.value or accepted.line} of the cards.",
        withheld=bool(reached.withheld),
    )


def _trusted(story: Story, evaluation: Evaluation) -> _Row:
    required = [check for check in evaluation.diagnostics if check.required]
    passed = sum(check.verdict == "pass" for check in required)
    failed = [named(c.name).lower() for c in required if c.verdict != "pass"]
    beside = f"Not passed: {', '.join(failed)}." if failed else ""
    if story.evidence is not None:
        n, rating = len(story.evidence.sources), story.evidence.certainty.rating
        beside += f" {n} outside sources, of {rating} certainty (GRADE)."
    return _Row(
        "May it be trusted?",
        f"{passed} of {len(required)} required checks passed.",
        beside.strip(),
        withheld=bool(failed),
    )


def _errs(decision: Decision | None) -> tuple[_Row, ...]:
    rates: dict[str, RuleRate] = {
        rate.truth: rate for rate in (() if decision is None else decision.rates)
    }
    if not rates:
        return ()
    asked = "How often does such a trial mislead?"
    harmful = f"{percent(rates['harmful'].adopt)} of those that harm."
    if "at_margin" in rates:
        return (
            _Row(
                asked,
                f"{percent(rates['at_margin'].adopt)} of changes that are worse by the "
                f"margin would be adopted, and {harmful}",
                f"{percent(1 - rates['no_effect'].adopt)} of changes that do nothing "
                "would not be adopted.",
            ),
        )
    return (
        _Row(
            asked,
            f"{percent(rates['no_effect'].adopt)} of changes that do nothing would be "
            f"adopted, and {harmful}",
            f"{percent(1 - rates['worthwhile'].adopt)} of changes just worth having "
            "would not be adopted.",
        ),
    )


def _next(story: Story) -> str:
    decision = story.decision
    if decision is None:
        return "A named person signs: rounds decision run."
    asked = f" Next: {decision.next_question}" if decision.next_question else ""
    signed = decision.signed_by
    role = f", {signed.role}" if signed.role else ""
    by = f" Signed by {signed.name}{role}, {day(signed.at)}."
    return f"{_NEXT[decision.decided]}{by}{asked}"


def _refs(story: Story) -> str:
    nouns = (story.protocol, story.evaluation, story.decision)
    return " · ".join(noun.ref().short for noun in nouns if noun is not None)
