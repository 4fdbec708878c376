"""Two factors crossed in one trial: each at the margins, both inside the table.

::

    two arms ─▶ FactorialTrial ─▶ checks ─▶ margins, interaction, table; or a reason
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.arms.interaction import InteractionRule, Reading
from rounds.loop.evaluation.checks.diagnostics import seal
from rounds.loop.evaluation.spreadsheet.asking import (
    asked,
    insist_on_checks,
    question_of,
)
from rounds.loop.evaluation.spreadsheet.designs import Method, Scale
from rounds.loop.evaluation.spreadsheet.factorial_checks import check_factorial
from rounds.loop.evaluation.spreadsheet.models import fit
from rounds.loop.evaluation.spreadsheet.question import Fit, Question
from rounds.loop.evaluation.spreadsheet.summaries import is_ratio
from rounds.loop.evaluation.spreadsheet.trial import Trial, trial_of
from rounds.methods.estimands.multiplicity import Procedure, adjust
from rounds.nouns import DataError, Diagnostic

__all__ = [
    "CELLS",
    "Cell",
    "FactorialFound",
    "FactorialTrial",
    "Table",
    "analyse_factorial",
    "factorial_of",
    "table_fits",
]

CELLS = ("neither", "first alone", "second alone", "both")
_LEAST_UNITS = 2
"""In a cell: one alone is fitted without a residual."""
_OTHERS = "the other factor"
_SCALES: tuple[Scale, ...] = ("difference", "risk-ratio", "odds-ratio")
_METHODS: tuple[Method, ...] = ("least-squares", "gee", "mixed")

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class FactorialTrial:
    """One trial of two factors: the same persons, once by the arms of each."""

    first: Trial
    second: Trial
    names: tuple[str, str]
    """Of the factors, as their columns are called."""

    @property
    def units(self) -> tuple[Bools, Bools]:
        """The arms of what was randomised: of each person, or of each cluster."""
        arms = [
            one.active if one.schedule is None else one.schedule[:, 0] == 1
            for one in (self.first, self.second)
        ]
        return arms[0], arms[1]

    def cell(self, number: int) -> Bools:
        """Say who is in a cell, counted as in `CELLS`."""
        a, b = self.first.active, self.second.active
        return np.asarray((a == bool(number & 1)) & (b == bool(number & 2)))


@dataclass(frozen=True)
class Cell:
    """One cell of the table, as it was observed."""

    name: str
    n: int
    n_known: int
    n_clusters: int | None
    mean: float | None
    """Of the known outcomes; None while sealed, or where none is known."""


@dataclass(frozen=True)
class Table:
    """All that a factorial trial estimates, each as its scale has it."""

    first: Fit | None
    """At the margins: over both arms of the other factor, which is adjusted for. None
    where the rule for the interaction withholds them."""
    second: Fit | None
    interaction: Fit
    """What both do together beyond the sum (of ratios: the product) of each alone."""
    first_alone: Fit
    """Inside the table, each against neither."""
    second_alone: Fit
    both: Fit

    @property
    def margins(self) -> tuple[Fit, Fit] | None:
        """Both main comparisons; None where they are withheld."""
        if self.first is None or self.second is None:
            return None
        return self.first, self.second


@dataclass(frozen=True)
class FactorialFound:
    """What can be said of a factorial trial."""

    names: tuple[str, str]
    labels: tuple[tuple[str, str], tuple[str, str]]
    """Of each factor's arms: compared with, active."""
    method: Method
    scale: Scale
    level: float
    is_binary: bool
    rule: InteractionRule
    multiplicity: Procedure | None
    cells: tuple[Cell, ...]
    table: Table | None
    """None where it is sealed, or cannot be told."""
    reading: Reading | None
    reason: str
    """Why it is read so."""
    adjusted_p: tuple[float, float] | None
    """Of the two main comparisons, where there being two is allowed for."""
    sealed: str | None
    not_estimable: str | None
    diagnostics: tuple[Diagnostic, ...]
    limitations: tuple[str, ...]


def factorial_of(
    columns: Mapping[str, NDArray[np.generic]],
    *,
    names: tuple[str, str],
    controls: tuple[str | None, str | None] = (None, None),
    covariates: Mapping[str, NDArray[np.object_]] | None = None,
) -> FactorialTrial:
    """Make a factorial trial of columns.

    Parameters
    ----------
    columns : mapping
        As of `trial_of`, with `second_arm` (text) beside `arm`; persons were
        randomised, or clusters where there is a `cluster`.
    names : tuple of two str
        Of the factors.
    controls : tuple of two (str or None)
        The labels of the arms that are compared with.
    covariates : mapping of str to array of text, optional
        As of `trial_of`.

    Raises
    ------
    DefinitionError
        As `trial_of`.
    DataError
        As `trial_of`; or if a cell of the table has fewer than two units.
    """
    design = "cluster" if "cluster" in columns else "individual"
    shared = {role: cells for role, cells in columns.items() if role != "second_arm"}
    trials = [
        trial_of(
            design,
            {**shared, "arm": columns[role]},
            control=control,
            covariates=covariates,
        )
        for role, control in zip(("arm", "second_arm"), controls, strict=True)
    ]
    trial = FactorialTrial(trials[0], trials[1], names)
    a, b = trial.units
    counts = np.bincount(a + 2 * b, minlength=4).tolist()
    if min(counts) < _LEAST_UNITS:
        what = "persons" if design == "individual" else "clusters"
        raise DataError(
            f"Of the four cells, {', '.join(CELLS)} have {_listed(counts)} {what}.",
            code="trial-cells",
            why="Two factors are crossed only where each is tried with and without "
            "the other.",
            remedies=(
                "Name the columns of the two factors: --arm COL --second-arm COL.",
                "If there are three arms, compare two of them: --design individual.",
            ),
        )
    return trial


def analyse_factorial(
    trial: FactorialTrial,
    *,
    method: Method | None = None,
    scale: Scale = "difference",
    level: float = 0.95,
    required: Collection[str] = ("sample_ratio", "missing_outcomes"),
    rule: InteractionRule | None = None,
    multiplicity: Procedure | None = None,
) -> FactorialFound:
    """Estimate what each factor does, and what the two do together.

    Parameters
    ----------
    method : {"least-squares", "gee", "mixed"}, optional
        Without, least squares (of a ratio, `gee`); mixed is of clusters.
    scale : {"difference", "risk-ratio", "odds-ratio"}
        On which effects, and so their interaction, are told.
    level : float
        Of the intervals, in (0, 1).
    required : collection of str
        Checks without whose passing nothing is told.
    rule : InteractionRule, optional
        When the margins may be read; the test at 0.05 alone if not given. Of a ratio
        its margin is of the logarithm.
    multiplicity : {"holm", "hochberg", "fixed-sequence"}, optional
        How two main comparisons are judged together; without, each by itself.

    Raises
    ------
    DefinitionError
        If such a trial does not offer the method or the scale, or a check is unknown.
    """
    question = _question(trial, method, scale, level)
    insist_on_checks(required)
    rule = rule or InteractionRule()
    table, reason = _fitted(trial, question)
    diagnostics = check_factorial(
        (_margin(trial.first, trial.second), _margin(trial.second, trial.first)),
        trial.names,
        trial.units,
        _refit(question),
        None if table is None else table.margins,
        is_ratio=is_ratio(scale),
    )
    diagnostics = tuple(
        one.model_copy(update={"required": one.required and one.name in required})
        for one in diagnostics
    )
    sealed = seal(diagnostics)
    reading, why, kept = None, "", None if sealed else table
    if kept is not None:
        reading, why = _read(kept, rule, scale)
    if kept is not None and reading == "inside_the_table":
        kept = replace(kept, first=None, second=None)
    return FactorialFound(
        names=trial.names,
        labels=(trial.first.labels, trial.second.labels),
        method=question.method,
        scale=scale,
        level=level,
        is_binary=trial.first.is_binary,
        rule=rule,
        multiplicity=multiplicity,
        cells=tuple(_cell(trial, k, sealed=sealed is not None) for k in range(4)),
        table=kept,
        reading=reading,
        reason=why,
        adjusted_p=_adjusted(kept, multiplicity),
        sealed=sealed,
        not_estimable=None if sealed else reason,
        diagnostics=diagnostics,
        limitations=_limitations(trial),
    )


def table_fits(trial: FactorialTrial, question: Question) -> Table:
    """Fit the margins, the interaction and the cells of the table.

    The margins come of a model of the two factors without their interaction, what is
    inside the table of one with it.

    Raises
    ------
    ValueError
        As the methods: where the data cannot give a number, the reason.
    """
    one, other = trial.first, trial.second
    a, b = one.active, other.active
    both = a & b
    return Table(
        first=fit(_margin(one, other), question),
        second=fit(_margin(other, one), question),
        interaction=fit(_asked_of(one, both, a, b), question),
        first_alone=fit(_asked_of(one, a, b, both), question),
        second_alone=fit(_asked_of(one, b, a, both), question),
        both=fit(_asked_of(one, both, a & ~b, b & ~a), question),
    )


def _asked_of(trial: Trial, active: Bools, *others: Bools) -> Trial:
    """Give a trial whose effect is one column's, the others adjusted for."""
    columns = np.column_stack(others).astype(float)
    return replace(
        trial, active=active, covariates={_OTHERS: columns, **trial.covariates}
    )


def _margin(trial: Trial, other: Trial) -> Trial:
    return _asked_of(trial, trial.active, other.active)


def _question(
    trial: FactorialTrial, method: Method | None, scale: Scale, level: float
) -> Question:
    if scale not in _SCALES:
        raise asked(
            f"A factorial trial does not offer --summary {scale}.",
            f"Choose --scale {', '.join(_SCALES[:-1])} or {_SCALES[-1]}.",
        )
    if method is not None and method not in _METHODS:
        raise asked(
            f"A factorial trial is not analysed by {method!r}.",
            f"Choose --method {', '.join(_METHODS[:-1])} or {_METHODS[-1]}.",
        )
    return question_of(trial.first, method=method, scale=scale, level=level, seed=1)


def _fitted(
    trial: FactorialTrial, question: Question
) -> tuple[Table | None, str | None]:
    for number, name in enumerate(CELLS):
        known = trial.cell(number) & trial.first.observed
        if not known.any():
            return None, f"nobody in the cell {name!r} has an outcome that is known"
    try:
        return table_fits(trial, question), None
    except (ValueError, np.linalg.LinAlgError) as error:
        return None, str(error)


def _refit(question: Question) -> Callable[[Trial], float]:
    def refitted(trial: Trial) -> float:
        value = fit(trial, question).estimate
        return float(np.log(value)) if is_ratio(question.scale) else value

    return refitted


def _read(table: Table, rule: InteractionRule, scale: Scale) -> tuple[Reading, str]:
    found = table.interaction
    on_sum = float(np.log(found.estimate)) if is_ratio(scale) else found.estimate
    return rule.reading(on_sum, found.p_value)


def _adjusted(
    table: Table | None, multiplicity: Procedure | None
) -> tuple[float, float] | None:
    margins = None if table is None else table.margins
    if margins is None or multiplicity is None:
        return None
    one, other = adjust([each.p_value for each in margins], multiplicity)
    return float(one), float(other)


def _cell(trial: FactorialTrial, number: int, *, sealed: bool) -> Cell:
    member, clusters = trial.cell(number), trial.first.clusters
    known = member & trial.first.observed
    told = known.any() and not sealed
    return Cell(
        name=CELLS[number],
        n=int(member.sum()),
        n_known=int(known.sum()),
        n_clusters=None if clusters is None else len(np.unique(clusters[member])),
        mean=float(trial.first.outcome[known].mean()) if told else None,
    )


def _limitations(trial: FactorialTrial) -> tuple[str, ...]:
    unit = "persons" if trial.first.clusters is None else "clusters"
    said = [
        (
            f"Assumed: {unit} were randomised to each factor, whatever their arm of "
            "the other was."
        ),
        (
            "An effect at the margins is an average over the other factor's arms; it "
            "is that of the factor by itself only where the two do not interact."
        ),
        (
            "Whether they interact goes with the scale: what adds up in differences "
            "does not multiply in ratios."
        ),
    ]
    n_unknown = int((~trial.first.observed).sum())
    if n_unknown:
        said.append(
            f"{n_unknown} of {len(trial.first.outcome)} rows have no outcome and are "
            "left out, as if they were like the others of their cell."
        )
    return tuple(said)


def _listed(counts: list[int]) -> str:
    return f"{', '.join(map(str, counts[:-1]))} and {counts[-1]}"
