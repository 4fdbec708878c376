"""What the clinician's page needs besides the nouns themselves."""

from typing import Any

from rounds.methods.estimands.scales import is_ratio
from rounds.nouns import (
    BalancingResult,
    ControlChart,
    Estimate,
    NotEstimable,
    PriorComponent,
    StudyEffect,
    UnitResult,
)
from rounds.reports.brief_price import said_twice
from rounds.reports.case_mix_words import case_mix_sentences
from rounds.reports.charts import Unit, label
from rounds.reports.figures import is_higher_better, shown_units
from rounds.reports.figures.evaluation import CHARACTERISTICS, group_name
from rounds.reports.maintenance_words import lasts
from rounds.reports.schedule_words import randomised_by, schedule_table
from rounds.reports.story import Story
from rounds.reports.trial_words import enrolled_from_to
from rounds.reports.wording import (
    SUPPRESSED,
    axis_unit,
    count,
    day,
    named,
    percent,
    said,
    said_unit,
    span,
    statistic,
    threshold,
)

__all__ = ["clinician_context"]


def clinician_context(story: Story, *, masked: bool) -> dict[str, Any]:
    """Give every name that the clinician's templates read."""
    problem = story.problem
    proportion = story.measure is None or story.measure.scoring == "proportion"
    hidden = sum(unit.suppressed for unit in problem.units)

    def share(value: float | None, chart: ControlChart | None = None) -> str:
        as_percent = chart.chart in ("p", "p_prime") if chart else proportion
        if value is None:
            return "–"
        return percent(value) if as_percent else f"{value:.1f}".replace("-", "−")

    return {
        "story": story,
        "problem": problem,
        "evaluation": story.evaluation,
        "masked": masked,
        "is_proportion": proportion,
        "higher": is_higher_better(story),
        "status": _status(story),
        "steps": _steps(story),
        "subtitle": _subtitle(story, masked=masked),
        "measured": span(problem.period),
        "trial_span": enrolled_from_to(story.protocol, story.evaluation),
        "measure_name": _measure_name(story),
        "primary_name": _primary_name(story),
        "n_shown": len(shown_units(problem)),
        "n_suppressed": hidden,
        "table_units": _table_units(problem.units, masked=masked),
        "site_note": _site_note(hidden),
        "no_sites": _no_sites(story, hidden),
        "case_mix": case_mix_sentences(problem, masked=masked),
        "has_expected": any(unit.expected is not None for unit in problem.units),
        "ratio": _ratio,
        "interaction_notes": _interaction_notes(story),
        "rule": _rule(story),
        "randomised_by": randomised_by,
        "schedule_table": schedule_table,
        "grade_rows": _grade_rows(story),
        "refs": _refs(story),
        "names": CHARACTERISTICS,
        "arm_names": {"active": "Card shown", "silent": "Card kept silent"},
        "truths": _TRUTHS,
        "against_margin": _against_margin(story),
        "is_ratio": _is_ratio(story),
        "suppressed": SUPPRESSED,
        "share": share,
        "lasting": ()
        if story.maintenance is None
        else (
            lasts(story.maintenance),
            f"Data until {day(story.maintenance.data_until)}.",
        ),
        **_WORDS,
    }


_TRUTHS = {
    "no_effect": "no effect, no harm",
    "worthwhile": "the least worthwhile effect, no harm",
    "harmful": "that effect, with every harm at its margin",
    "at_margin": "an effect that is worse by the margin, no harm",
}

_VERDICTS = {
    "shown": "shown",
    "not_shown": "not shown, which does not show the contrary",
    "contrary_shown": "not shown: the whole interval lies beyond the margin",
    "sealed": "sealed, with the estimate",
}


def _against_margin(story: Story) -> str:
    """Say what the primary interval says against its margin; "" of superiority."""
    found = None if story.evaluation is None else story.evaluation.hypothesis
    if found is None or story.protocol is None:
        return ""
    scale = story.protocol.primary.estimand.summary_measure
    p_value = "" if found.p_value is None else f", p = {found.p_value:.3g}, one-sided"
    return (
        f"{found.hypothesis.capitalize()}, margin {threshold(found.margin, scale)}: "
        f"{_VERDICTS[found.verdict]}{p_value} at {100 * found.one_sided_level:.3g}%."
    )


def _is_ratio(story: Story) -> bool:
    estimate = None if story.evaluation is None else story.evaluation.estimate
    return isinstance(estimate, Estimate) and is_ratio(estimate.scale)


def _ratio(unit: UnitResult) -> str:
    """Write observed over expected with its interval."""
    low, high = unit.observed_to_expected_lower, unit.observed_to_expected_upper
    if unit.observed_to_expected is None or low is None or high is None:
        return "–"
    return f"{unit.observed_to_expected:.2f} ({low:.2f} to {high:.2f})"


def _study(study: StudyEffect) -> str:
    low, high = label(study.lower, "number", 3), label(study.upper, "number", 3)
    return f"{label(study.value, 'number', 3)} ({low} to {high})"


def _spread(component: PriorComponent, scale: str) -> str:
    unit: Unit = "points" if scale == "risk_difference" else "number"
    digits = 1 if unit == "points" else 2
    mean = label(component.mean, unit, digits)
    return f"mean {mean}, SD {label(component.sd, unit, digits)}"


def _interaction_notes(story: Story) -> list[str]:
    """Give what is said of the differences between groups, each sentence once."""
    evaluation = story.evaluation
    notes = () if evaluation is None else (i.note for i in evaluation.interactions)
    return [note for note in dict.fromkeys(notes) if note]


def _rule(story: Story) -> str:
    if story.protocol is None:
        return ""
    rule, primary = story.protocol.decision_rule, story.protocol.primary
    if rule.text:
        return rule.text
    scale = primary.estimand.summary_measure
    if primary.hypothesis != "superiority":
        margin = threshold(primary.margin or 0.0, scale)
        return f"{primary.hypothesis.capitalize()} is to be shown: margin {margin}."
    if scale == "risk_difference" or is_ratio(scale):
        least = threshold(rule.least_worthwhile, scale)
        return f"A benefit is worth having from {least}."
    return f"A benefit is worth having from {rule.least_worthwhile:g}."


def _margin(result: BalancingResult) -> str:
    if isinstance(result.estimate, Estimate):
        if is_ratio(result.estimate.scale):
            return threshold(result.margin, result.estimate.scale)
        unit = axis_unit(result.estimate)
        digits = 1 if unit in ("points", "number") else 0
        after = " points" if unit == "points" else ""
        return f"{label(result.margin, unit, digits)}{after}"
    return f"{result.margin:g}"


def _points(value: float) -> str:
    return f"{label(value, 'points', 1)} points"


def _plain_number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}".replace("-", "−")


def _withheld_or(number: int | None) -> str:
    return "withheld" if number is None else count(number)


def _share_or(value: float | None) -> str:
    if value is None:
        return "withheld"
    return percent(value) if 0 <= value <= 1 else _plain_number(value)


_WORDS = {
    "said": said,
    "said_unit": said_unit,
    "percent": percent,
    "count": count,
    "day": day,
    "named": named,
    "span": span,
    "statistic": statistic,
    "group": group_name,
    "study": _study,
    "spread": _spread,
    "margin": _margin,
    "points": _points,
    "threshold": threshold,
    "plain_number": _plain_number,
    "withheld_or": _withheld_or,
    "share_or": _share_or,
    "twice": said_twice,
}


def _status(story: Story) -> dict[str, Any]:
    if story.decision is not None:
        return {"words": f"Decided: {story.decision.decided}", "concern": False}
    if story.evaluation is not None:
        failed = bool(story.evaluation.failed)
        words = "Evaluated: the estimate is sealed" if failed else "Evaluated"
        return {"words": words, "concern": failed}
    if story.rollout is not None:
        return {"words": "Under test", "concern": False}
    if story.evidence is not None:
        return {"words": "Evidence gathered", "concern": False}
    return {"words": "Problem stated", "concern": False}


def _steps(story: Story) -> list[tuple[str, str]]:
    steps = [
        ("problem", "Problem", True),
        ("evidence", "Evidence", story.evidence is not None),
        ("change", "Change", story.rollout is not None),
        ("evaluation", "Evaluation", story.evaluation is not None),
        ("decision", "Decision", story.decision is not None),
    ]
    return [(id_, title) for id_, title, there in steps if there]


def _subtitle(story: Story, *, masked: bool) -> str:
    measure = story.measure
    parts = [_measure_name(story) if measure is None else measure.title]
    parts.append(span(story.problem.period))
    if story.rollout is not None:
        number = story.rollout.n_units
        units = (
            "" if number is None else f" across {number} {story.rollout.design.unit}s"
        )
        schedule = story.rollout.design.schedule
        how = f" in a {schedule.title}" if schedule is not None else ""
        if story.rollout.design.factors is not None:
            how = " to two factors at once"
        parts.append(f"randomised by {story.rollout.design.unit}{units}{how}")
    if masked:
        parts.append("sites are masked while the trial runs")
    words = "; ".join(parts)
    return words[0].upper() + words[1:] + "."


def _measure_name(story: Story) -> str:
    """Read the measure's name from its Ref: the measure itself may not be at hand."""
    return named(story.problem.measure.name.partition("/")[2])


def _primary_name(story: Story) -> str:
    if story.protocol is None:
        return "Effect on the primary endpoint"
    return named(story.protocol.primary.estimand.name)


def _table_units(units: tuple[UnitResult, ...], *, masked: bool) -> list[UnitResult]:
    """Give the units of the table; masked, by value, so that place says nothing."""
    if not masked:
        return [unit for unit in units if not unit.suppressed]
    shown = [unit for unit in units if not unit.suppressed]
    return sorted(shown, key=lambda u: (u.value or 0.0, u.denominator or 0))


def _site_note(hidden: int) -> str:
    if not hidden:
        return "All sites are shown."
    are = "site is" if hidden == 1 else "sites are"
    return f"{hidden} {are} {SUPPRESSED} and left out."


def _no_sites(story: Story, hidden: int) -> str:
    n = len(story.problem.units)
    shown = len(shown_units(story.problem))
    words = (
        f"There are {n} sites. {hidden} are {SUPPRESSED}, which leaves {shown} to "
        "show: too few to tell how sites differ, so no picture is drawn. With so few "
        "patients at a site, chance alone moves its result by tens of points."
        if hidden
        else f"There are {n} sites, and {shown} with a value: no picture is drawn."
    )
    if isinstance(story.problem.variation, NotEstimable):
        words += f" {story.problem.variation.reason}"
    return words


def _graded(value: float, *, ratio: bool) -> str:
    return label(value, "number", 2) if ratio else _points(value)


def _grade_rows(story: Story) -> list[dict[str, str]]:
    rows = []
    names = {"effect": "Effect", "harm": "Harm", "equity_gap": "Equity gap"}
    names |= {"second": "Effect of the second card", "interaction": "Interaction"}
    for key, name in names.items():
        item = (story.grade or {}).get(key)
        if item is None:
            continue
        truth = item.get("truth")
        ratio = is_ratio(item.get("scale", "risk_difference"))
        on_scale = f", {item['scale'].replace('_', ' ')}" if ratio else ""
        row = {
            "name": name + on_scale,
            "withheld": "",
            "truth": "–" if truth is None else _graded(truth, ratio=ratio),
            "holds": "–",
        }
        if item.get("estimate") is None:
            row["withheld"] = str(item.get("without") or "no estimate")
        else:
            low, high = item["lower"], item["upper"]
            row["estimate"] = _graded(item["estimate"], ratio=ratio)
            ends = [label(x, "number", 2) for x in (low, high)]
            if not ratio:
                ends = [label(x, "points", 1) for x in (low, high)]
            row["interval"] = " to ".join(ends)
            if truth is not None:
                row["holds"] = "yes" if low <= truth <= high else "no"
        rows.append(row)
    return rows


def _refs(story: Story) -> list[tuple[str, str]]:
    nouns = {
        "Measure": story.measure,
        "Community": story.community,
        "Problem": story.problem,
        "Evidence": story.evidence,
        "Knowledge object": story.knowledge_object,
        "Protocol": story.protocol,
        "Rollout": story.rollout,
        "Evaluation": story.evaluation,
        "Decision": story.decision,
        "Turn": story.turn,
    }
    listed = [(name, str(n.ref())) for name, n in nouns.items() if n is not None]
    return listed + sorted(story.refs.items())
