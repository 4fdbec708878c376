"""Tables that several cohorts are made of, each known by what is in it.

A cohort is made in steps: criteria, entry events, rules, ends. Each is a SELECT that
reads others by name. Two that read the same in the same way are one table, whichever
cohorts ask for it. What is read in one place only is written into that place.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from rounds.datamart.cohorts.circe_sql import untied

__all__ = ["STEM", "SharedTables", "names_in", "renamed"]

STEM: Final = "made_"
"""What the name of each begins with, after the mark of a temporary table."""
_NAMED: Final = re.compile(rf"#{STEM}\d+\b")
_OFTEN: Final = 2
"""From this many places on, a table is made."""


@dataclass
class SharedTables:
    """SELECTs by name, equal ones once."""

    selects: dict[str, str] = field(default_factory=dict)
    """Name → SELECT; whatever it reads comes before it."""
    _names: dict[str, str] = field(default_factory=dict)
    _whole: set[str] = field(default_factory=set)

    def named(self, select: str, *, whole: bool = False) -> str:
        """Give the name of a table of these rows.

        Parameters
        ----------
        select : str
            A SELECT.
        whole : bool
            Whether the table is read where no SELECT can stand.
        """
        select = untied(select)
        name = self._names.setdefault(select, f"#{STEM}{len(self._names) + 1}")
        self.selects[name] = select
        if whole:
            self._whole.add(name)
        return name

    def used(self, statements: Iterable[str]) -> Counter[str]:
        """Give how often each table that some statements need is read."""
        uses: Counter[str] = Counter()
        for sql in statements:
            uses.update(names_in(sql))
        for name in reversed(self.selects):  # readers before what they read
            if uses[name]:
                uses.update(names_in(self.selects[name]))
        return +uses

    def made(self, uses: Mapping[str, int]) -> frozenset[str]:
        """Give which tables have to be made: those read in several places, or whole."""
        return frozenset(
            name for name, n in uses.items() if n >= _OFTEN or name in self._whole
        )

    def below(self, statement: str, there: Container[str]) -> Iterator[str]:
        """Give the tables that a statement needs, each after those that it reads.

        Parameters
        ----------
        statement : str
            What is run.
        there : container of str
            Tables that are left out, with what they read. It may grow meanwhile.
        """
        for name in dict.fromkeys(names_in(statement)):
            if name not in there:
                yield from self.below(self.selects[name], there)
                yield name


def names_in(sql: str) -> list[str]:
    """Give the names of tables that a SELECT reads, as often as it reads them."""
    return _NAMED.findall(sql)


def renamed(sql: str, names: Mapping[str, str]) -> str:
    """Give other names to the tables that a SELECT reads."""
    return _NAMED.sub(lambda match: names[match[0]], sql)
