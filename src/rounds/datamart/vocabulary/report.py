"""What a vocabulary holds, as its builder and its readers say it."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["VocabularyReport"]


@dataclass(frozen=True, kw_only=True)
class VocabularyReport:
    """One vocabulary."""

    id: str
    """16 hex digits that follow from what was loaded, whatever the order."""
    release: str
    """The version that OHDSI gives its vocabularies, e.g. `v5.0 29-FEB-24`; empty where
    it is not known."""
    rows: dict[str, int]
    """Rows of each table."""
    value_sets: int
    concept_maps: int
    refused: tuple[tuple[str, str], ...] = ()
    """Value sets and concept maps that were not loaded: canonical name, and why."""
    remarks: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Give it as a JSON object."""
        return {
            "vocabulary": self.id,
            "release": self.release,
            "rows": self.rows,
            "value_sets": self.value_sets,
            "concept_maps": self.concept_maps,
            "refused": [{"name": name, "why": why} for name, why in self.refused],
            "remarks": list(self.remarks),
        }
