"""What may be done with single persons, by who passed the gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rounds.datamart import (
    Datamart,
    Exported,
    Place,
    Subjects,
    export_omop,
    origins,
    write_subjects,
)
from rounds.nouns import Measure, NotEstimable, Period

__all__ = ["PersonRows"]


@dataclass(frozen=True)
class PersonRows:
    """Rows about persons; `Gate.persons` gives it, once it is written down."""

    _datamart: Datamart

    def origins(self, table: str, row: int) -> tuple[Place, ...]:
        """Find where a row came from, as `rounds.datamart.origins` does."""
        return origins(self._datamart, table, row)

    def subjects(
        self,
        measure: Measure,
        period: Period,
        out: Path,
        *,
        population: str = "denominator",
        by: str | None = None,
        unit: str | None = None,
        without: frozenset[str] = frozenset(),
    ) -> Subjects | NotEstimable:
        """Write who is in a count, as `rounds.datamart.write_subjects` does."""
        return write_subjects(
            self._datamart,
            measure,
            period,
            out,
            population=population,
            by=by,
            unit=unit,
            without=without,
        )

    def export(
        self, out: Path, *, form: str, tables: Sequence[str] | None = None
    ) -> Exported:
        """Write all rows, as `rounds.datamart.export_omop` does."""
        return export_omop(self._datamart, out, form=form, tables=tables)
