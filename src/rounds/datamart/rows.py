"""One row a person or visit of a measure. PROTECTED: rows stay in the datamart.

Only the steps that analyse rows may import this module; a contract keeps it so.
"""

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np

from rounds.datamart.cohorts.stays import stays_in
from rounds.datamart.compiling.concepts import absent_events, resolve
from rounds.datamart.compiling.measure import Compiled, Concepts, compile_measure
from rounds.datamart.consent import opted_out_when_made
from rounds.datamart.deidentify.calendar import calendar_of, refuse_measure
from rounds.datamart.deidentify.known import known_as
from rounds.datamart.deidentify.plan import Calendar
from rounds.datamart.derived import derived_from
from rounds.datamart.unanswered import insist_on_sound, unreadable
from rounds.definitions.graph import cohorts_of
from rounds.nouns import Measure, NotEstimable, Period, Ref

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Asked",
    "MeasureRows",
    "asked_of",
    "fetch",
    "fetch_each",
    "measure_rows",
    "rows_of",
    "unreadable",
]

_TYPES: Final = {
    "person_id": "int64",
    "person_source_value": "str",
    "care_site": "str",
    "provider": "str",
    "index_date": "datetime64[D]",
    "age": "int16",
    "sex": "str",
    "svi_quartile": "int8",
    "denominator": "bool",
    "numerator": "bool",
    "observed": "bool",
    "excluded": "bool",
    "excepted": "bool",
    "value": "float64",
    "stratum": "str",
    "numerator_value": "float64",
    "denominator_value": "float64",
    "expected": "float64",
}


@dataclass(frozen=True, eq=False, repr=False)
class MeasureRows:
    """Equal-length arrays, one entry for each subject of the initial population.

    Subjects are persons, or index visits; they come by person_id, then by index date.
    """

    person_id: "NDArray[np.int64]"
    person_source_value: "NDArray[np.str_]"
    care_site: "NDArray[np.str_]"
    """`care_site_source_value`, of the index visit, or of most outpatient visits in the
    period (a tie goes to the latest visit, then by id); empty if there is none."""
    provider: "NDArray[np.str_]"
    """`provider_source_value`, likewise."""
    index_date: "NDArray[np.datetime64]"
    """The index visit's day; the period's last day for persons."""
    age: "NDArray[np.int16]"
    """Completed years on that day; -1 where the birth year is not known."""
    sex: "NDArray[np.str_]"
    """`F`, `M` or empty."""
    svi_quartile: "NDArray[np.int8]"
    """1 (least vulnerable) to 4 on the index day; 0 where it is not known."""
    denominator: "NDArray[np.bool_]"
    """After exclusions and exceptions."""
    numerator: "NDArray[np.bool_]"
    observed: "NDArray[np.bool_]"
    """Whether the outcome is known, of those in the denominator."""
    excluded: "NDArray[np.bool_]"
    excepted: "NDArray[np.bool_]"
    value: "NDArray[np.float64]"
    """1 or 0 for a proportion, the number for a continuous variable; NaN where it is
    not observed, and for a ratio."""
    stratum: "NDArray[np.str_] | None" = None
    """The stratum of the stratifier that was asked for; empty where none holds."""
    numerator_value: "NDArray[np.float64] | None" = None
    """What the subject adds to a ratio's numerator."""
    denominator_value: "NDArray[np.float64] | None" = None
    expected: "NDArray[np.float64] | None" = None
    """What the risk model expects; NaN where it cannot be said."""

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.person_id)

    @staticmethod
    def names() -> tuple[str, ...]:
        """Give the names of the columns."""
        return tuple(_TYPES)

    def __repr__(self) -> str:
        """Show the size alone: no row is ever printed."""
        return f"<rows: {len(self):,} × {len(_TYPES)}>"


def measure_rows(
    datamart: Any,
    measure: Measure,
    period: Period,
    *,
    without: frozenset[str] = frozenset(),
    cohorts: Mapping[Ref, str] | None = None,
) -> MeasureRows | NotEstimable:
    """Run a measure and give one row a subject.

    Parameters
    ----------
    datamart : Datamart
        Open.
    measure : Measure
        What to compute.
    period : Period
        Both days included; for the visit basis, index visits are on these days, and
        windows after the index may reach beyond.
    without : frozenset of str
        `person_source_value` of those who opted out beside those whose consents in the
        datamart deny research; they are in no population.
    cohorts : mapping of Ref to str, optional
        For cohorts that the measure reads, a query of their rows: subject_id,
        cohort_start_date, cohort_end_date. The others are run: the datamart's `cohorts`
        have their definitions.

    Returns
    -------
    MeasureRows or NotEstimable
        Subjects of the initial population; or why nothing can be said: the datamart
        holds no row at all of what the outcome needs, or not the days that it needs.

    Raises
    ------
    DefinitionError
        If `check` finds a problem in the measure, or it reads a cohort that is neither
        given nor defined.
    DataError
        If the datamart cannot be read.
    """
    asked = asked_of(datamart, measure, period, without=without, cohorts=cohorts)
    return asked if isinstance(asked, NotEstimable) else fetch(datamart, asked)


def asked_of(
    datamart: Any,
    measure: Measure,
    period: Period,
    *,
    by: str | None = None,
    without: frozenset[str] = frozenset(),
    cohorts: Mapping[Ref, str] | None = None,
) -> "Asked | NotEstimable":
    """Make of a question what is asked of one datamart: the same for every answer.

    Opt-outs go by the names that the datamart knows, with those that its consents deny.
    Parameters, NotEstimable and errors are those of `measure_rows`; `by` is taken to
    be a characteristic that the measure can be split by.
    """
    given = cohorts or {}
    stays = stays_in(datamart, (one for one in cohorts_of(measure) if one not in given))
    if isinstance(stays, NotEstimable):
        return stays
    concepts = prepare(datamart, measure)
    if isinstance(concepts, NotEstimable):
        return concepts
    refused = without_days(datamart, measure, period, by)
    if refused is not None:
        return refused
    return Asked(
        measure,
        period,
        concepts,
        by,
        known_as(datamart, without) | opted_out_when_made(datamart),
        calendar=calendar_of(datamart),
        cohorts={**stays.queries, **given},
        limitations=stays.limitations,
    )


def without_days(
    datamart: Any, measure: Measure, period: Period, by: str | None = None
) -> NotEstimable | None:
    """Say why the measure cannot be computed where dates were de-identified."""
    kind = calendar_of(datamart)
    if kind == "day":
        return None
    query = "SELECT min(visit_start_date), max(visit_start_date) FROM visit_occurrence"
    try:
        first, last = derived_from(datamart).ask(query)[0]
    except duckdb.Error as error:
        raise unreadable(error) from None
    return refuse_measure(kind, measure, period, by=by, extent=(first, last))


def prepare(datamart: Any, measure: Measure) -> Concepts | NotEstimable:
    """Check the measure and find its concepts, or say what the datamart lacks."""
    insist_on_sound(measure)
    try:
        derived = derived_from(datamart)
        concepts = resolve(derived, measure)
        missing = absent_events(derived, measure, concepts)
    except duckdb.Error as error:
        raise unreadable(error) from None
    if missing:
        return NotEstimable(
            reason=f"{measure.title}: the datamart holds no {' and no '.join(missing)} "
            "at all, so it cannot be said how many meet it."
        )
    return concepts


@dataclass(frozen=True)
class Asked:
    """What is asked of a datamart."""

    measure: Measure
    period: Period
    concepts: Concepts
    by: str | None = None
    without: frozenset[str] = frozenset()
    calendar: Calendar = "day"
    """What the datamart knows of the calendar."""
    cohorts: Mapping[Ref, str] = field(default_factory=dict)
    """For each cohort that the measure reads, a query of its rows."""
    limitations: tuple[str, ...] = ()
    """What is to be said of those cohorts beside the result."""
    periods: tuple[Period, ...] = ()
    """Several, each asked of in the same query; they go before `period`."""

    @property
    def is_monthly(self) -> bool:
        """Whether its units are months in which persons are counted anew."""
        return "month" in self.splits and self.measure.basis == "person"

    @property
    def splits(self) -> tuple[str, ...]:
        """The characteristics that it is split by at once."""
        return tuple(self.by.split(",")) if self.by else ()

    @property
    def stratifier(self) -> str | None:
        """The one of them that is the measure's own, if one is."""
        own = {one.name for one in self.measure.stratifiers}
        return next((one for one in self.splits if one in own), None)

    def compiled(
        self,
        *,
        monthly: bool = False,
        only: Iterable[int] | None = None,
        counted_by: tuple[str, ...] | None = None,
    ) -> tuple[Compiled, dict[str, tuple[str, list[Any]]]]:
        """Write it as SQL, with the lists that the SQL reads: name → column, values."""
        lists: dict[str, tuple[str, list[Any]]] = {}
        table = None
        if only is not None:
            ids = [int(one) for one in only]
            digest = hashlib.sha256(repr(ids).encode()).hexdigest()[:24]
            table = f"only_{digest}"
            lists[table] = ("person_id", ids)
        sql = compile_measure(
            self.measure,
            self.periods or self.period,
            self.concepts,
            without=self.without,
            monthly=monthly,
            only=table,
            to_the_year=self.calendar == "year",
            stratifier=self.stratifier,
            cohorts=self.cohorts,
            counted_by=counted_by,
        )
        if self.without:
            lists[sql.opted_out] = ("person_source_value", sorted(self.without))
        return sql, lists


def fetch(
    datamart: Any,
    asked: Asked,
    *,
    monthly: bool = False,
    only: Iterable[int] | None = None,
) -> MeasureRows:
    """Run the compiled measure and give its rows.

    Parameters
    ----------
    monthly : bool
        One row a person and month.
    only : iterable of int, optional
        The `person_id` of those to look at; everybody, if not given.
    """
    sql, lists = asked.compiled(monthly=monthly, only=only)
    try:
        columns = derived_from(datamart).read(sql.tables, sql.query, lists)
    except duckdb.Error as error:
        raise unreadable(error) from None
    return rows_of(columns, asked.measure)


def fetch_each(datamart: Any, asked: Asked) -> list[MeasureRows]:
    """Run the compiled measure over several periods at once; give the rows of each."""
    sql, lists = asked.compiled()
    try:
        columns = derived_from(datamart).read(sql.tables, sql.query, lists)
    except duckdb.Error as error:
        raise unreadable(error) from None
    if len(asked.periods) == 1:
        return [rows_of(columns, asked.measure)]
    # They come by period.
    places = np.arange(len(asked.periods) + 1)
    ends = np.searchsorted(np.asarray(columns["period"]), places)
    return [
        rows_of({name: each[a:b] for name, each in columns.items()}, asked.measure)
        for a, b in itertools.pairwise(ends)
    ]


def rows_of(columns: Mapping[str, Any], measure: Measure) -> MeasureRows:
    """Make rows of the columns that a compiled measure gives."""
    arrays = {
        name: np.asarray(columns[name]).astype(kind) for name, kind in _TYPES.items()
    }
    if measure.scoring == "proportion":
        met = arrays["numerator"].astype(float)
        arrays["value"] = np.where(arrays["observed"], met, np.nan)
    elif measure.scoring == "ratio":
        arrays["value"] = np.full(len(arrays["observed"]), np.nan)
    else:
        arrays["value"] = np.where(arrays["observed"], arrays["value"], np.nan)
    return MeasureRows(**arrays)
