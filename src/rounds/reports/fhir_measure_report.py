"""A measure's results as FHIR R4 MeasureReports, summaries without persons."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rounds.nouns import MeasureResult, NotEstimable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from rounds.nouns import Measure, Period, UnitResult

__all__ = ["measure_report", "measure_reports"]

Resource: TypeAlias = dict[str, Any]

_POPULATION: Final = "http://terminology.hl7.org/CodeSystem/measure-population"
_NOTATION: Final = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UCUM: Final = "http://unitsofmeasure.org"
_OURS: Final = "urn:rounds:measure-population"
"""Of what FHIR has no code for: the subjects that a score is of."""
_INTERVAL: Final = "urn:rounds:score-interval-95"
_SAMPLED: Final = "scored"
_REST: Final = ("denominator_exclusion", "denominator_exception")
_ORDER: Final = (
    "initial_population",
    "denominator",
    *_REST,
    "numerator",
)
_OF_VARIABLE: Final = {
    "denominator": "measure-population",
    "denominator_exclusion": "measure-population-exclusion",
}
"""What a continuous variable's populations are called."""


def measure_reports(
    measure: Measure,
    answers: Sequence[tuple[Period, MeasureResult | NotEstimable]],
    *,
    made: dt.datetime,
) -> Resource:
    """Write one period as a MeasureReport, several as a Bundle of them.

    Parameters
    ----------
    measure : Measure
        Whose results these are.
    answers : sequence of (Period, MeasureResult or NotEstimable)
        As the gate gives them, in order.
    made : datetime
        With its zone.

    Returns
    -------
    dict
        The resource, ready for JSON.
    """
    reports = [
        measure_report(measure, period, found, made=made) for period, found in answers
    ]
    if len(reports) == 1:
        return reports[0]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": made.isoformat(),
        "entry": [{"resource": one} for one in reports],
    }


def measure_report(
    measure: Measure,
    period: Period,
    found: MeasureResult | NotEstimable,
    *,
    made: dt.datetime,
) -> Resource:
    """Write one result as a MeasureReport of type `summary`.

    FHIR counts in the denominator whoever is excluded from it too, and has no word for
    those who are left, of whom the score is: these are `scored`, a code of our own.
    A count that is suppressed is absent, with the reason `masked`. What could not be
    estimated has the status `error` and no count.

    Parameters
    ----------
    measure : Measure
        Whose result it is.
    period : Period
        Over which.
    found : MeasureResult or NotEstimable
        As the gate gives it.
    made : datetime
        With its zone.

    Returns
    -------
    dict
        The resource, ready for JSON.

    References
    ----------
    .. [1] HL7 FHIR R4 (4.0.1), MeasureReport.
    """
    report: Resource = {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "summary",
        "measure": f"urn:rounds:{measure.ref().name.replace('/', ':')}"
        f"|{measure.ref().version}",
        "date": made.isoformat(),
        "period": {"start": str(period.start), "end": str(period.end)},
        "improvementNotation": _coded(_NOTATION, measure.improvement_notation),
    }
    if isinstance(found, NotEstimable):
        return report | {"status": "error", "text": _narrative(found.reason)}
    identifiers = [("definition", str(measure.ref())), ("snapshot", found.snapshot)]
    report["identifier"] = [
        {"system": f"urn:rounds:{name}", "value": value}
        for name, value in identifiers
        if value
    ]
    if found.limitations:
        report["text"] = _narrative(" ".join(found.limitations))
    return report | {"group": [_group(measure, found)]}


def _group(measure: Measure, found: MeasureResult) -> Resource:
    whole = found.overall
    group: Resource = {
        "population": [
            *_populations(measure, found),
            _population(_OURS, _SAMPLED, whole.denominator),
        ],
        **_score(measure, whole),
    }
    if found.by:
        names = (found.by_characteristic or "unit").split(",")
        group["stratifier"] = [
            {
                "code": [{"text": name} for name in names],
                "stratum": [_stratum(measure, one, names) for one in found.by],
            }
        ]
    return group


def _populations(measure: Measure, found: MeasureResult) -> list[Resource]:
    """Give FHIR's populations: the denominator with whoever is excluded from it."""
    counts = dict(found.populations)
    parts = [counts.get(name, 0) for name in ("denominator", *_REST)]
    counts["denominator"] = (
        None if None in parts else sum(part for part in parts if part is not None)
    )
    renamed = _OF_VARIABLE if measure.scoring == "continuous-variable" else {}
    return [
        _population(
            _POPULATION, renamed.get(name, name.replace("_", "-")), counts[name]
        )
        for name in _ORDER
        if name in counts
    ]


def _stratum(measure: Measure, unit: UnitResult, names: list[str]) -> Resource:
    stratum: Resource = {"value": {"text": unit.unit}}
    parts = unit.unit.split(" · ")
    if len(names) > 1 and len(parts) == len(names):
        stratum["component"] = [
            {"code": {"text": name}, "value": {"text": part}}
            for name, part in zip(names, parts, strict=True)
        ]
    stratum["population"] = [_population(_OURS, _SAMPLED, unit.denominator)]
    if measure.scoring != "continuous-variable":
        stratum["population"].append(
            _population(_POPULATION, "numerator", unit.numerator)
        )
    return stratum | _score(measure, unit)


def _score(measure: Measure, unit: UnitResult) -> Resource:
    """Give the score and its interval; nothing where it is suppressed."""
    if unit.value is None:
        return {}
    score: Resource = {"value": unit.value}
    code = "1" if measure.scoring == "proportion" else measure.unit
    if code:
        score |= {"unit": code, "system": _UCUM, "code": code}
    if unit.lower is not None and unit.upper is not None:
        ends = {"low": {"value": unit.lower}, "high": {"value": unit.upper}}
        score["extension"] = [{"url": _INTERVAL, "valueRange": ends}]
    return {"measureScore": score}


def _population(system: str, code: str, count: int | None) -> Resource:
    given: Resource = {"code": _coded(system, code)}
    if count is None:
        masked = {"url": _ABSENT, "valueCode": "masked"}
        return given | {"_count": {"extension": [masked]}}
    return given | {"count": count}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _narrative(said: str) -> Resource:
    """Write a sentence as FHIR's narrative, which is XHTML."""
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{escape(said)}</div>'
    return {"status": "generated", "div": div}
