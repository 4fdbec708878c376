"""Several outcomes of one trial: each analysed, then judged as a family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rounds.loop.evaluation.spreadsheet.analysing import Analysed, analyse_trial
from rounds.loop.evaluation.spreadsheet.asking import asked
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.loop.evaluation.spreadsheet.words import as_numbers, written
from rounds.methods.estimands.multiplicity import adjust, gatekeeping

__all__ = ["Multiplicity", "Outcome", "Several", "analyse_outcomes", "as_family"]

Multiplicity = Literal["holm", "hochberg", "fixed-sequence", "gatekeeping"]

_SIMULTANEOUS = ("holm", "hochberg")
"""Procedures beside which Bonferroni's intervals may stand."""
_WORDS: dict[Multiplicity, str] = {
    "holm": "Holm's procedure, which assumes nothing of how the outcomes go together",
    "hochberg": "Hochberg's procedure, right if the outcomes are independent or go "
    "together positively",
    "fixed-sequence": "a fixed sequence, each tested at the whole level until one is "
    "not shown; right if the order was fixed before",
    "gatekeeping": "gatekeeping, each family by Holm's procedure once all before it "
    "are shown; right if the families were fixed before",
}


@dataclass(frozen=True)
class Outcome:
    """One outcome among several."""

    name: str
    family: int
    """From 1 on; all of one but with gatekeeping."""
    found: Analysed
    adjusted_p: float | None
    """None where it is sealed or cannot be told: it then counts as not shown."""
    survives: bool
    simultaneous: tuple[float, float] | None
    """Bonferroni's interval; None where the procedure has none."""


@dataclass(frozen=True)
class Several:
    """What can be said of all outcomes together."""

    multiplicity: Multiplicity
    level: float
    outcomes: tuple[Outcome, ...]


def analyse_outcomes(
    trials: Mapping[str, Trial],
    families: Sequence[Sequence[str]],
    *,
    multiplicity: Multiplicity = "holm",
    level: float = 0.95,
    **asking: Any,
) -> Several:
    """Analyse each outcome, and adjust for there being several.

    Parameters
    ----------
    trials : mapping of str to Trial
        One trial, by its outcome.
    families : sequence of sequence of str
        Outcomes in order; several families with gatekeeping alone.
    multiplicity : {"holm", "hochberg", "fixed-sequence", "gatekeeping"}
        The procedure.
    level : float
        1 less the chance to show anything that is not so.
    **asking
        As `analyse_trial`, the same for all.

    Returns
    -------
    Several
        Holm's and Hochberg's with Bonferroni's simultaneous intervals, which may hold
        no effect where the procedure, that rejects more, shows one.

    Raises
    ------
    DefinitionError
        As `analyse_trial`; if an outcome comes twice, families do not fit the
        procedure, or a margin is asked for.
    """
    names = [name for family in families for name in family]
    if len(set(names)) < len(names):
        raise asked("An outcome is named twice.", "Name each once.")
    if (len(families) > 1) is not (multiplicity == "gatekeeping"):
        raise asked(
            "Several families are of gatekeeping, and gatekeeping is of several.",
            "--multiplicity gatekeeping --outcome 'A/B,C'",
        )
    if asking.get("claim") is not None:
        raise asked(
            "One margin does not fit several outcomes.",
            "Name one --outcome, or leave --hypothesis out.",
        )
    found = {n: analyse_trial(trials[n], level=level, **asking) for n in names}
    raw = [[_p_value(found[name]) for name in family] for family in families]
    adjusted = (
        gatekeeping(raw)
        if multiplicity == "gatekeeping"
        else [adjust(raw[0], multiplicity)]
    )
    narrow = 1 - (1 - level) / len(names)
    outcomes = []
    for number, (family, values) in enumerate(zip(families, adjusted, strict=True), 1):
        for name, p_value in zip(family, values.tolist(), strict=True):
            one, wide = found[name], None
            if one.fit is not None and multiplicity in _SIMULTANEOUS:
                wide = analyse_trial(trials[name], level=narrow, **asking).fit
            outcomes.append(
                Outcome(
                    name=name,
                    family=number,
                    found=one,
                    adjusted_p=None if one.fit is None else p_value,
                    survives=one.fit is not None and p_value <= 1 - level + 1e-12,
                    simultaneous=None if wide is None else (wide.lower, wide.upper),
                )
            )
    return Several(multiplicity, level, tuple(outcomes))


def _p_value(found: Analysed) -> float:
    return 1.0 if found.fit is None else min(max(found.fit.p_value, 0.0), 1.0)


def as_family(several: Several) -> dict[str, Any]:
    """Give all of it, under the names that `--json` prints.

    Parameters
    ----------
    several : Several
        Of `analyse_outcomes`.
    """
    return {
        "multiplicity": several.multiplicity,
        "multiplicity_words": _WORDS[several.multiplicity],
        "level": several.level,
        "outcomes": [
            {
                "outcome": one.name,
                "family": one.family,
                "adjusted_p": one.adjusted_p,
                "survives": one.survives,
                "simultaneous": None
                if one.simultaneous is None
                else dict(zip(("lower", "upper"), one.simultaneous, strict=True)),
                "result": as_numbers(one.found),
            }
            for one in several.outcomes
        ],
        "sentences": [_sentence(several)],
        "rows": [_row(one) for one in several.outcomes],
    }


def _row(one: Outcome) -> list[str]:
    """Write an outcome's line: effect, interval, p, adjusted, simultaneous interval."""
    fit = one.found.fit
    if fit is None:
        return [one.name, "–", "–", "–", "–", "–", "no"]
    ends = [written(one.found, value) for value in (fit.lower, fit.upper)]
    wide = one.simultaneous and [written(one.found, v) for v in one.simultaneous]
    return [
        one.name,
        written(one.found, fit.estimate),
        " to ".join(ends),
        f"{fit.p_value:.3g}",
        f"{one.adjusted_p:.3g}",
        " to ".join(wide) if wide else "–",
        "yes" if one.survives else "no",
    ]


def _sentence(several: Several) -> str:
    shown = [repr(one.name) for one in several.outcomes if one.survives]
    untold = sum(one.found.fit is None for one in several.outcomes)
    said = (
        f"Of {len(several.outcomes)} outcomes an effect is shown on "
        f"{' and '.join(shown) or 'none'}, with a chance of {1 - several.level:.2g} at "
        f"most to show any that is not there, by {_WORDS[several.multiplicity]}."
    )
    if untold:
        said += f" {untold} could not be told and count as not shown."
    return said
