"""What an engine is: something that runs measures on an OMOP CDM."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CodeKey", "Engine", "Lists"]

CodeKey: TypeAlias = tuple[str, str, bool]
"""Vocabulary, code, and whether it is a beginning."""
Lists: TypeAlias = Mapping[str, tuple[str, list[Any]]]
"""Name of a table → its one column, and the values that are to be in it."""


class Engine(Protocol):
    """Something that answers questions written in the subset of `engines.dialects`.

    It reads one OMOP CDM, as one state of it, and writes nothing there. The driver's
    own errors never leave it, since they may quote a value from a row.
    """

    dialect: str
    """sqlglot's name of the SQL that it runs."""

    @property
    def codes(self) -> dict[CodeKey, set[int]]:
        """(vocabulary, code, whether it is a beginning) → concepts, as found so far."""
        ...

    def holds(self, table: str) -> bool:
        """Tell whether there is a table of this name."""
        ...

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Give the rows of a short query."""
        ...

    def read(
        self, tables: Mapping[str, str], query: str, lists: Lists
    ) -> "dict[str, NDArray[Any]]":
        """Give the columns of a query over tables that other queries make.

        Parameters
        ----------
        tables : mapping of str to str
            Name → query; each reads only those before it.
        query : str
            What is asked of them.
        lists : mapping of str to (str, list)
            Name of a table → its one column, and the values to put into it. They are
            of persons: an engine writes them into no statement.

        Returns
        -------
        dict of str to array
            The columns, of equal length.
        """
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
