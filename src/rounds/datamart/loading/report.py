"""What a load read, mapped and set aside."""

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["LoadReport", "Reason", "TypeCount"]


@dataclass(frozen=True)
class TypeCount:
    """How many of one type were read, and where they went."""

    read: int
    mapped: int
    set_aside: int


@dataclass(frozen=True)
class Reason:
    """Why some of one type were set aside, or loaded with a remark."""

    type: str
    reason: str
    n: int
    examples: tuple[str, ...]
    """The first places, as `file:line`; in a bundle `file:entry 3`."""
    meaning: str
    remedy: str


@dataclass(frozen=True)
class LoadReport:
    """Every resource (or row) once: read = mapped + set aside, of each type and all."""

    shape: str
    """`fhir`, `omop`, `csv` or `areas`."""
    snapshot: str
    """The same files and the same mapping always give the same snapshot."""
    persons: int
    by_type: dict[str, TypeCount]
    reasons: tuple[Reason, ...] = ()
    """Why resources were set aside."""
    remarks: tuple[Reason, ...] = ()
    """What was loaded all the same, with a remark; these count as mapped."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows of each OMOP table."""
    unchanged: bool = False
    """True when the datamart already held this snapshot and was left alone."""

    @property
    def read(self) -> int:
        """How many resources or rows were read."""
        return sum(each.read for each in self.by_type.values())

    @property
    def mapped(self) -> int:
        """How many of them are in the datamart."""
        return sum(each.mapped for each in self.by_type.values())

    @property
    def set_aside(self) -> int:
        """How many of them are not, each with its reason."""
        return sum(each.set_aside for each in self.by_type.values())

    @property
    def errors(self) -> int:
        """How many lines could not be read at all."""
        broken = {"not JSON", "not a resource", "line that is not CSV"}
        return sum(each.n for each in self.reasons if each.reason in broken)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as JSON has it."""
        totals = {
            "persons": self.persons,
            "read": self.read,
            "mapped": self.mapped,
            "set_aside": self.set_aside,
            "errors": self.errors,
        }
        whole = asdict(self)
        del whole["unchanged"]  # the report of what is there, however often loaded
        return {**totals, **whole}

    @classmethod
    def from_dict(
        cls, kept: dict[str, Any], *, unchanged: bool = False
    ) -> "LoadReport":
        """Read back what `as_dict` gave."""

        def read(rows: list[dict[str, Any]]) -> tuple[Reason, ...]:
            return tuple(
                Reason(**{**row, "examples": tuple(row["examples"])}) for row in rows
            )

        return cls(
            shape=kept["shape"],
            snapshot=kept["snapshot"],
            persons=kept["persons"],
            by_type={name: TypeCount(**row) for name, row in kept["by_type"].items()},
            reasons=read(kept["reasons"]),
            remarks=read(kept["remarks"]),
            rows=kept["rows"],
            unchanged=unchanged,
        )
