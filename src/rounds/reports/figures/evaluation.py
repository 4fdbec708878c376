"""The figures of the evidence, of the evaluation and of the grade."""

from collections.abc import Mapping
from typing import Any

from rounds.methods.estimands.scales import is_ratio, no_effect
from rounds.nouns import (
    ArmSummary,
    Estimate,
    Evaluation,
    Evidence,
    NotEstimable,
    Protocol,
)
from rounds.reports.charts import (
    FlowBox,
    FlowChart,
    Forest,
    ForestRow,
    Unit,
    at_two_widths,
    flow_chart,
    forest,
    label,
)
from rounds.reports.wording import SUPPRESSED, axis_unit, count, percent, said

__all__ = ["arms_flow", "beside_truth", "equity_forest", "evidence_forest"]

CHARACTERISTICS = {
    "sex": "Sex",
    "age": "Age",
    "svi_quartile": "Social vulnerability (SVI quartile)",
}
GROUPS = {"F": "Female", "M": "Male"}
_ARMS = {"active": "Card shown", "silent": "Card kept silent"}


def evidence_forest(evidence: Evidence | None) -> str | None:
    """Draw the studies, their pooled diamond and the prediction interval."""
    if evidence is None or isinstance(evidence.meta_analysis, NotEstimable):
        return None
    pooling = evidence.meta_analysis
    unit = axis_unit(pooling.pooled)
    digits = 1 if unit == "points" else 2
    rows = [
        ForestRow(
            label=study.label,
            value=study.value,
            lower=study.lower,
            upper=study.upper,
            weight=study.weight,
            column=percent(study.weight),
            beside=f"{label(study.value, unit, digits)} "
            f"({label(study.lower, unit, digits)} to "
            f"{label(study.upper, unit, digits)})",
        )
        for study in pooling.studies
    ]
    rows.append(_row("Pooled, random effects", pooling.pooled, kind="pooled"))
    rows.append(
        _row("Next setting (prediction)", pooling.prediction, kind="prediction")
    )
    plot = Forest(
        name="evidence",
        title="Published studies and their random-effects summary",
        rows=tuple(rows),
        unit=unit,
        left="favours usual care",
        right="favours the change",
        axis=_AXES.get(pooling.pooled.scale, pooling.pooled.scale.replace("_", " ")),
        column_title="Weight",
        beside_title="Effect (95% interval)",
    )
    return at_two_widths(forest, plot)


_AXES = {
    "risk_difference": "Difference in percentage points",
    "log_risk_ratio": "Log risk ratio",
    "mean_difference": "Difference in means",
    "rmst_difference": "Difference in mean times",
}


def _row(
    name: str,
    estimate: Estimate | NotEstimable,
    *,
    kind: Any = "study",
    column: str = "",
) -> ForestRow:
    words = said(estimate)
    if isinstance(estimate, NotEstimable) or estimate.sealed is not None:
        return ForestRow(label=name, kind="absent", beside=words.line)
    assert estimate.value is not None
    assert estimate.lower is not None
    assert estimate.upper is not None
    beside = words.line.replace(" points", "").replace("95% CI ", "")
    return ForestRow(
        label=name,
        kind=kind,
        value=estimate.value,
        lower=estimate.lower,
        upper=estimate.upper,
        column=column,
        beside=beside,
    )


def group_name(name: str) -> str:
    """Name a group as people say it."""
    if name in GROUPS:
        return GROUPS[name]
    number = name.removeprefix("SVI quartile ").strip()
    if number in {"1", "2", "3", "4"}:
        ends = {"1": " (least vulnerable)", "4": " (most vulnerable)"}
        return f"Quartile {number}{ends.get(number, '')}"
    return name[:1].upper() + name[1:]


def equity_forest(
    evaluation: Evaluation | None, protocol: Protocol | None
) -> str | None:
    """Draw the effect in each group; None where no group has a number."""
    if evaluation is None or not evaluation.equity:
        return None
    rows = [_row("Everyone", evaluation.estimate, kind="pooled")]
    if isinstance(evaluation.estimate, Estimate) and evaluation.estimate.n is not None:
        rows = [
            _row(
                "Everyone",
                evaluation.estimate,
                kind="pooled",
                column=count(evaluation.estimate.n),
            )
        ]
    heading, scale = "", "risk_difference"
    unit: Unit = "points"
    sides = ("favours no card", "favours the card")
    if protocol is not None and protocol.primary.better == "lower":
        sides = sides[::-1]
    for effect in evaluation.equity:
        if isinstance(effect.estimate, Estimate):
            unit, scale = axis_unit(effect.estimate), effect.estimate.scale
        if effect.characteristic != heading:
            heading = effect.characteristic
            rows.append(ForestRow(label=CHARACTERISTICS[heading], kind="heading"))
        name = group_name(effect.group)
        if effect.suppressed:
            rows.append(ForestRow(label=name, kind="absent", beside=SUPPRESSED))
            continue
        column = "" if effect.n is None else count(effect.n)
        rows.append(_row(name, effect.estimate, column=column))
    if not any(row.kind == "study" for row in rows):
        return None
    plot = Forest(
        name="equity",
        title="The effect in each group",
        rows=tuple(rows),
        unit=unit,
        null=no_effect(scale),
        axis=_AXES.get(scale) or scale.replace("_", " ").capitalize(),
        column_title="n",
        beside_title="Effect (95% CI)",
        left=sides[0],
        right=sides[1],
    )
    return at_two_widths(forest, plot)


def arms_flow(evaluation: Evaluation | None, protocol: Protocol | None) -> str | None:
    """Draw the flow of participants from assessment to analysis."""
    if evaluation is None:
        return None
    flow = evaluation.flow
    unit = "unit" if protocol is None else protocol.unit_of_randomisation
    units = "patients" if unit == "patient" else f"{unit}s"
    excluded = [f"{words}: {_few(n)}" for words, n in flow.excluded]
    out = FlowBox(title="Excluded", lines=tuple(excluded) or ("none",))
    plot = FlowChart(
        title="Flow of participants",
        assessed=FlowBox(
            title="Assessed for eligibility", lines=(f"n = {_few(flow.assessed)}",)
        ),
        excluded=out,
        randomised=FlowBox(
            title=f"Randomised by {unit}",
            lines=(f"{flow.randomised_units:,} {units}",),
        ),
        arms=tuple(_arm(arm, units) for arm in flow.arms),
    )
    return at_two_widths(flow_chart, plot)


def _arm(arm: ArmSummary, units: str) -> tuple[FlowBox, FlowBox]:
    first = FlowBox(title=_ARMS[arm.arm], lines=(f"{_few(arm.n_units)} {units}",))
    if arm.suppressed or arm.n is None:
        return first, FlowBox(title="Analysed", lines=(SUPPRESSED,))
    return first, FlowBox(title="Analysed", lines=(f"n = {arm.n:,}",))


def _few(number: int | None) -> str:
    return SUPPRESSED if number is None else f"{number:,}"


_GRADED = {
    "effect": "Effect",
    "harm": "Harm",
    "equity_gap": "Equity gap",
}


def beside_truth(grade: Mapping[str, Any] | None) -> str | None:
    """Draw each estimate with its interval, and the truth of the made world on it."""
    if grade is None:
        return None
    rows = []
    for key, name in _GRADED.items():
        item = grade.get(key)
        if item is None:
            continue
        truth = item.get("truth")
        if is_ratio(item.get("scale", "risk_difference")):
            continue  # on no axis of points; the table tells it
        if item.get("estimate") is None:
            reason = str(item.get("without") or "no estimate")
            rows.append(ForestRow(label=name, kind="absent", beside=reason))
            continue
        value, low, high = (item[k] for k in ("estimate", "lower", "upper"))
        shown = "" if truth is None else f", truth {label(truth, 'points', 1)}"
        rows.append(
            ForestRow(
                label=name,
                value=value,
                lower=low,
                upper=high,
                truth=truth,
                beside=f"{label(value, 'points', 1)} ({label(low, 'points', 1)} to "
                f"{label(high, 'points', 1)}){shown}",
            )
        )
    if not rows:
        return None
    plot = Forest(
        name="grade",
        title="Estimates beside the truth of the made world",
        rows=tuple(rows),
        axis="Percentage points",
        beside_title="Estimate (95% CI), truth",
    )
    return at_two_widths(forest, plot)
