"""Every number of pooled studies, at full precision, for machines."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from rounds.loop.evidence.moderators_told import moderators_in_numbers
from rounds.loop.evidence.pooled_studies import PooledStudies
from rounds.loop.evidence.pooling_notes import notes
from rounds.loop.evidence.pooling_words import sentences
from rounds.methods.pooling.bayes import BayesPooled, Summary
from rounds.methods.pooling.pooled import Pooled
from rounds.methods.pooling.tables import MantelHaenszel
from rounds.nouns import NotEstimable
from rounds.nouns.spreadsheet_cells import as_cells

if TYPE_CHECKING:
    from rounds.methods.priors.borrowing import Borrowing, Reading

__all__ = ["as_csv", "as_numbers"]


def as_numbers(found: PooledStudies) -> dict[str, Any]:
    """Give every number that the picture and the words show, and those behind them.

    Parameters
    ----------
    found : PooledStudies
        What was pooled.

    Returns
    -------
    dict
        Plain values and `NotEstimable`s. Effects are on the scale that was pooled:
        ratios as natural logarithms, and beside them, under `ratio`, as ratios.
    """
    answer, asked = found.answer, found.asked
    counts = found.sheet.counts is not None
    numbers: dict[str, Any] = {
        "source": found.sheet.name,
        "measure": found.sheet.measure if counts else "effect",
        "method": asked.method,
        "interval": _interval_name(found),
        "level": asked.level,
        "k": len(found.study),
        "estimate": answer.estimate,
        "se": answer.se,
        "lower": answer.lower,
        "upper": answer.upper,
        "tau2": answer.tau2,
        "i2": answer.i2,
        "prediction": _prediction(found),
        **_of_method(found),
        "intervals": {
            name: one if isinstance(one, NotEstimable) else _ends(one)
            for name, one in found.intervals.items()
        },
        "studies": _studies(found),
        "left_out": list(found.left_out),
        "leave_one_out": _leave_one_out(found),
        "small_study_effects": _small_study(found),
        "funnel": _funnel(found),
    }
    if counts and found.sheet.measure != "rd":
        ends = (answer.estimate, answer.lower, answer.upper)
        names = ("estimate", "lower", "upper")
        numbers["ratio"] = {
            name: float(np.exp(end)) for name, end in zip(names, ends, strict=True)
        }
    if found.borrowing is not None:
        numbers["borrowing"] = _borrowing(found.borrowing)
    if found.moderated is not None:
        numbers["moderators"] = moderators_in_numbers(found)
    numbers["summary"] = list(sentences(found))
    numbers["notes"] = list(notes(found))
    return numbers


def as_csv(found: PooledStudies) -> str:
    """Write the table of the studies, and the pooled effect in its last row.

    Parameters
    ----------
    found : PooledStudies
        What was pooled.

    Returns
    -------
    str
        One row for each study.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    columns = ("study", "effect", "se", "lower", "upper", "weight")
    writer.writerow(columns)
    for one in _studies(found):
        writer.writerow(as_cells(one[name] for name in columns))
    answer = found.answer
    pooled = (answer.estimate, answer.se, answer.lower, answer.upper)
    writer.writerow(["Pooled", *pooled, float(answer.weights.sum())])
    return stream.getvalue()


def _interval_name(found: PooledStudies) -> str:
    return (
        "posterior" if isinstance(found.result, BayesPooled) else found.asked.interval
    )


def _prediction(found: PooledStudies) -> Any:
    ends = found.answer.prediction
    if isinstance(ends, NotEstimable):
        return ends
    return {"level": found.asked.level, "lower": ends[0], "upper": ends[1]}


def _of_method(found: PooledStudies) -> dict[str, Any]:
    """Give what one method has and others have not."""
    result = found.result
    if isinstance(result, BayesPooled):
        return {
            "effect": _summary(result.effect),
            "new_setting": _summary(result.new),
            "tau": _summary(result.tau),
            "probability_below_zero": result.below_zero,
            "probability_new_below_zero": result.new_below_zero,
            "prior": {"tau_scale": result.tau_scale, "mean_sd": result.mean_sd},
        }
    if isinstance(result, MantelHaenszel):
        return {
            "p_value": result.p_value,
            "q": result.q,
            "df": result.df,
            "q_p_value": result.q_p_value,
        }
    between = result.heterogeneity
    return {
        "p_value": result.p_value,
        "tau2_interval": _pair(between.tau2_interval),
        "i2_interval": _pair(between.i2_interval),
        "h2": between.h2,
        "q": between.q,
        "df": between.df,
        "q_p_value": between.q_p_value,
    }


def _pair(ends: tuple[float, float] | None) -> Any:
    if ends is None:
        return NotEstimable(
            reason="The studies differ less than chance makes them differ: no variance "
            "between them fits."
        )
    return {"lower": ends[0], "upper": ends[1]}


def _ends(one: Pooled) -> dict[str, Any]:
    found: dict[str, Any] = {"se": one.se, "lower": one.lower, "upper": one.upper}
    if one.prediction is not None:
        lower, upper = one.prediction
        found["prediction"] = {"lower": lower, "upper": upper}
    return found


def _summary(one: Summary) -> dict[str, float]:
    return {
        "mean": one.mean,
        "median": one.median,
        "sd": one.sd,
        "lower": one.lower,
        "upper": one.upper,
    }


def _studies(found: PooledStudies) -> list[dict[str, Any]]:
    drawn = found.result if isinstance(found.result, BayesPooled) else None
    rows = []
    for i, name in enumerate(found.study):
        row: dict[str, Any] = {
            "study": name,
            "effect": float(found.effects[i]),
            "se": float(found.ses[i]),
            "lower": float(found.lower[i]),
            "upper": float(found.upper[i]),
            "weight": float(found.answer.weights[i]),
            "corrected": bool(found.corrected[i]),
        }
        if drawn is not None:
            row["shrunken"] = {
                "mean": float(drawn.study_means[i]),
                "sd": float(drawn.study_sds[i]),
            }
        rows.append(row)
    return rows


def _leave_one_out(found: PooledStudies) -> Any:
    one = found.influence
    if isinstance(one, NotEstimable):
        return one
    columns = {
        "estimate": one.estimate,
        "se": one.se,
        "lower": one.lower,
        "upper": one.upper,
        "tau2": one.tau2,
        "i2": one.i2,
        "q": one.q,
        "studentised_residual": one.residual,
        "cooks_distance": one.cooks_distance,
        "dffits": one.dffits,
        "covariance_ratio": one.covariance_ratio,
    }
    return {
        "method": found.influence_method,
        "studies": [
            {
                "without": name,
                **{key: float(column[i]) for key, column in columns.items()},
                "influential": bool(one.influential[i]),
            }
            for i, name in enumerate(found.study)
        ],
    }


def _small_study(found: PooledStudies) -> Any:
    one = found.small_study
    if isinstance(one, NotEstimable):
        return one
    return {
        "test": "Egger's regression",
        "slope": one.slope,
        "slope_se": one.slope_se,
        "statistic": one.statistic,
        "df": one.df,
        "p_value": one.p_value,
        "limit": {
            "estimate": one.limit,
            "lower": one.limit_lower,
            "upper": one.limit_upper,
        },
    }


def _funnel(found: PooledStudies) -> dict[str, Any]:
    lines = found.contours
    return {
        "se": lines.se.tolist(),
        "around_pooled": {
            "level": 0.95,
            "lower": lines.around_lower.tolist(),
            "upper": lines.around_upper.tolist(),
        },
        "reference": lines.reference,
        "contours": [
            {"level": level, "lower": low.tolist(), "upper": high.tolist()}
            for level, low, high in zip(
                lines.levels, lines.lower, lines.upper, strict=True
            )
        ],
    }


def _borrowing(one: Borrowing) -> dict[str, Any]:
    return {
        "vague_weight": one.vague_weight,
        "components": [
            {"weight": part.weight, "mean": part.mean, "sd": part.sd}
            for part in one.components
        ],
        "conflict": one.conflict,
        "conflict_p": one.conflict_p,
        "weight_informative": one.weight_informative,
        "information": one.information,
        "without_prior": _reading(one.without),
        "with_prior": _reading(one.with_prior),
        "with_prior_undoubted": _reading(one.undoubted),
        "prior_alone": _reading(one.known),
        "sensitivity": [
            {"vague_weight": weight, **_reading(reading)}
            for weight, reading in one.sensitivity
        ],
    }


def _reading(one: Reading) -> dict[str, float]:
    return {
        "value": one.value,
        "sd": one.sd,
        "lower": one.lower,
        "upper": one.upper,
        "probability_above_zero": one.above,
    }
