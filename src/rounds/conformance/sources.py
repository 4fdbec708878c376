"""What a data source must keep: small input in, OMOP rows out, nothing lost silently.

- Every record is counted once: read = mapped + set aside, and each reason is counted.
- The tables hold as many rows as the input has to give.
- Loading the same input again changes nothing; elsewhere, it makes the same rows.
- The order of the records changes nothing.
- One bad record is set aside with its place, and changes nothing else.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import pytest

from rounds.datamart import Datamart, LoadReport, load

__all__ = ["BaseSource"]


class BaseSource(ABC):
    """Inherit this as `TestYourSource`, and write a small input of your kind."""

    shape: ClassVar[str]
    """The source's `shape`."""
    n_records: ClassVar[int]
    """How many resources or rows `write` writes."""
    rows: ClassVar[dict[str, int]]
    """How many rows each OMOP table should then hold."""

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write the input into an empty folder."""

    @abstractmethod
    def reorder(self, folder: Path) -> None:
        """Put the records of each file into another order."""

    @abstractmethod
    def spoil(self, folder: Path) -> str:
        """Add one bad record; give the place at which it must be reported."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Give a folder that holds the input."""
        folder = tmp_path / "input"
        folder.mkdir()
        self.write(folder)
        return folder

    def loaded(self, folder: Path, path: Path) -> tuple[LoadReport, dict[str, str]]:
        """Load a folder; give the report, and a fingerprint of each table."""
        report = load(folder, path)
        with Datamart.open(path) as datamart:
            return report, datamart.fingerprints()

    def test_every_record_is_counted_once(self, folder: Path, tmp_path: Path) -> None:
        """Read is mapped and set aside, of each type and of all."""
        report, _ = self.loaded(folder, tmp_path / "first")
        assert report.shape == self.shape
        assert report.read == self.n_records
        for count in report.by_type.values():
            assert count.read == count.mapped + count.set_aside
        assert sum(reason.n for reason in report.reasons) == report.set_aside

    def test_the_tables_hold_what_the_input_has(
        self, folder: Path, tmp_path: Path
    ) -> None:
        """Small input in, OMOP rows out."""
        report, _ = self.loaded(folder, tmp_path / "first")
        assert {table: report.rows[table] for table in self.rows} == self.rows

    def test_loading_again_changes_nothing(self, folder: Path, tmp_path: Path) -> None:
        """The snapshot and every row stay, here and in another place."""
        first, content = self.loaded(folder, tmp_path / "first")
        again, same = self.loaded(folder, tmp_path / "first")
        elsewhere, too = self.loaded(folder, tmp_path / "second")
        assert again.unchanged
        assert first.snapshot == again.snapshot == elsewhere.snapshot
        assert content == same == too

    def test_the_order_of_records_changes_nothing(
        self, folder: Path, tmp_path: Path
    ) -> None:
        """Rows, and their ids, depend on content only."""
        _, content = self.loaded(folder, tmp_path / "first")
        self.reorder(folder)
        _, reordered = self.loaded(folder, tmp_path / "second")
        assert reordered == content

    def test_a_bad_record_is_set_aside_with_its_place(
        self, folder: Path, tmp_path: Path
    ) -> None:
        """Nothing is dropped silently, and the good records load."""
        before, content = self.loaded(folder, tmp_path / "first")
        place = self.spoil(folder)
        after, same = self.loaded(folder, tmp_path / "second")
        assert place in [each for r in after.reasons for each in r.examples]
        assert after.read == before.read + 1
        assert after.set_aside == before.set_aside + 1
        assert same == content
