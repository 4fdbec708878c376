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
from rounds.datamart.sql_on_fhir import ViewDefinition, ViewReport, find_files, run_view
from rounds.nouns import AccessError, Measure, NotEstimable, Period

__all__ = ["PersonFiles", "PersonRows", "not_allowed"]


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


@dataclass(frozen=True)
class PersonFiles:
    """Files about persons; `Gate.person_files` gives it, once it is written down."""

    def view(self, view: ViewDefinition, source: Path, out: Path) -> ViewReport:
        """Write the rows of a view, as `rounds.datamart.sql_on_fhir.run_view` does."""
        return run_view(view, find_files(source), out)


def not_allowed() -> AccessError:
    """Refuse single persons to whom the project does not name."""
    return AccessError(
        "You may not see single persons in this project.",
        code="persons-not-allowed",
        why="Rows about persons are for those whom the project names.",
        remedies=(
            "Have your user (`id -un`) listed under `persons` in rounds.toml.",
            "For counts, which need no such right: rounds measure run",
        ),
    )
