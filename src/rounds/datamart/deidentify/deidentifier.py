"""Takes identifiers away from one relation after another, over one connection."""

from dataclasses import dataclass
from typing import Any, Final

import duckdb

from rounds.datamart.deidentify import pseudonyms, values
from rounds.datamart.deidentify.classes import class_of
from rounds.datamart.deidentify.codes import RandomCodes
from rounds.datamart.deidentify.columns import Columns
from rounds.datamart.deidentify.dates import Dates
from rounds.datamart.deidentify.inspection import insist_on_none, settle
from rounds.datamart.deidentify.numbers import know_ages, listed_codes
from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.deidentify.trees import quantities
from rounds.datamart.deidentify.units import may_be_kept
from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import cdm_tables

__all__ = ["Deidentifier"]

_LONGEST_UNIT: Final = 40


@dataclass(frozen=True)
class _Shape:
    """What a relation is, and the columns that it has."""

    shape: str
    table: str
    types: dict[str, Any]
    namespace: str


class Deidentifier:
    """De-identifies the relations of one load.

    Parameters
    ----------
    connection : DuckDBPyConnection
        On which the load runs. The key is handed to it as a variable.
    plan : DeidentifyPlan
    namespace : str
        The source's name where it is not `main`: equal ids of two sources get two
        pseudonyms.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        plan: DeidentifyPlan,
        namespace: str = "",
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._namespace = namespace
        self._units: set[str] = set()
        self._dictionaries: set[str] = set()
        self._numbers: dict[str | None, dict[str, str]] = {}
        pseudonyms.use_key(connection, plan)
        know_ages(connection, self._vocabulary())
        self._codes: RandomCodes | None = None
        if plan.mode == "safe_harbor":
            self._codes = RandomCodes(connection, plan)

    def relation(
        self,
        source: str,
        shape: str,
        table: str,
        *,
        deaths: str | None = None,
        concepts: str | None = None,
    ) -> str:
        """Write a relation with the same rows and columns, without identifiers.

        Every column is looked at before anything is read, so a column without a class
        is refused. `source` is read once or twice before what is given here is.

        Parameters
        ----------
        source : str
            A table, a view, or a SELECT in parentheses.
        shape : str
            `fhir` (flat columns, references as written) or `omop`.
        table : str
            The resource type, or the table of the CDM.
        deaths : str, optional
            OMOP's person alone: a relation of person_id and death_date, as given.
        concepts : str, optional
            A relation like `concept`, to know ages by their concepts in OMOP.

        Returns
        -------
        str
            A SELECT in parentheses, over temporary tables of this connection.

        Raises
        ------
        DataError
            If a column has no class.
        """
        given = self._connection.sql(f"SELECT * FROM {source} LIMIT 0")
        types = dict(zip(given.columns, given.types, strict=True))
        what = _Shape(shape, table, types, self._namespace)
        more = self._plan.more_classes
        for name in types:
            if not (name.endswith("_text") and name.removesuffix("_text") in types):
                class_of(shape, table, name, more)
        texts = _texts(what, self._plan)
        self._find_units(source, what)
        digests, inner = self._with_digests(source, what, texts, deaths)
        columns = Columns(
            plan=self._plan,
            shape=shape,
            table=table,
            types=types,
            digests=digests,
            dates=Dates(self._plan, self._offset(table, digests)),
            died="rounds_died" if deaths else "NULL::DATE",
            numbered=self._numbered(concepts) if shape == "omop" else None,
        )
        written = ", ".join(f'{columns.write(name)} AS "{name}"' for name in types)
        return f"(SELECT {written} FROM {inner})"

    def shield(self, source: str, resource: str) -> str:
        """Write flat rows of a resource type without identifiers: see `relation`."""
        return self.relation(source, "fhir", resource)

    def code(self, vocabulary: str, code: str) -> str:
        """Write a code of a CSV file: kept if it has the form of its vocabulary's."""
        return values.vocabulary_code(self._plan, vocabulary, code)

    def unit(self, source: str, unit: str) -> str:
        """Write a unit of a CSV file, NULL where it is none; `source` has its rows."""
        self._know_units(source, [f"[{unit}]"])
        return values.unit(unit)

    def replace(
        self,
        name: str,
        shape: str,
        table: str,
        *,
        deaths: str | None = None,
        concepts: str | None = None,
    ) -> None:
        """Put a temporary table without identifiers in the place of one with them.

        Parameters
        ----------
        name : str
            A temporary table or view; afterwards a temporary table of the same name.
        shape, table, deaths, concepts
            As for `relation`.
        """
        without = self.relation(name, shape, table, deaths=deaths, concepts=concepts)
        new = f"{name}_without"
        self._connection.execute(
            f'CREATE OR REPLACE TEMP TABLE "{new}" AS SELECT * FROM {without}'
        )
        (counts,) = self._connection.execute(
            f'SELECT (SELECT count(*) FROM {name}), (SELECT count(*) FROM "{new}")'
        ).fetchall()
        assert counts[0] == counts[1], "rows were lost while they were de-identified"
        is_view = self._connection.execute(
            "SELECT 1 FROM duckdb_views() WHERE view_name = ?", [name.strip('"')]
        ).fetchall()
        self._connection.execute(f"DROP {'VIEW' if is_view else 'TABLE'} {name}")
        self._connection.execute(f'ALTER TABLE "{new}" RENAME TO {name}')
        self.forget()

    def replace_rows(self, concepts: str | None = None) -> None:
        """Replace `rows_<table>` of every table of the CDM, as OMOP sources stage them.

        Call it when all of them have been judged, and before anything is made of them.

        Parameters
        ----------
        concepts : str, optional
            A relation like `concept`, to know ages by their concepts.
        """
        found = self._connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE temporary "
            "UNION SELECT view_name FROM duckdb_views() WHERE temporary"
        ).fetchall()
        there = {name for (name,) in found}
        for table in ("person", *(one for one in cdm_tables() if one != "person")):
            if f"rows_{table}" in there:
                self.replace(
                    f"rows_{table}",
                    "omop",
                    table,
                    deaths=_deaths(there) if table == "person" else None,
                    concepts=concepts,
                )

    def forget(self) -> None:
        """Drop what leads from identifiers to codes; earlier relations end with it."""
        for name in self._dictionaries:
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        self._dictionaries.clear()

    def finish(self) -> None:
        """Look at the finished tables once more, and keep the codes that are new.

        Call it when the CDM tables of a part are filled and before it is put in force.

        Raises
        ------
        DataError
            If something is left that could identify a person.
        """
        settle(self._connection, self._plan)
        insist_on_none(self._connection, self._plan)
        self.keep()
        self.forget()

    def keep(self) -> int:
        """Keep the codes that are new. Do this before the rows are put in force.

        Returns
        -------
        int
            How many there are; none in `shifted`, where the key is all there is.
        """
        return self._codes.keep() if self._codes else 0

    def _offset(self, table: str, digests: dict[str, str]) -> str:
        """Write by how many days the dates of a row's person are moved."""
        names = ("id",) if table == "Patient" else ("subject", "person_id")
        person = next((digests[name] for name in names if name in digests), None)
        return pseudonyms.offset(person) if person else "NULL::INTEGER"

    def _with_digests(
        self, source: str, what: _Shape, texts: dict[str, str], deaths: str | None
    ) -> tuple[dict[str, str], str]:
        """Write the source with the digest of each text beside it."""
        joined = ""
        if deaths:
            joined = (
                " LEFT JOIN (SELECT person_id AS died_id, min(death_date) AS "
                f"rounds_died FROM {deaths} GROUP BY 1) ON died_id = person_id"
            )
        kept = f"rounds_row.*{', rounds_died' if deaths else ''}"
        numbered = [(place, name) for place, name in enumerate(texts)]
        digests = {name: f"rounds_digest_{place}" for place, name in numbered}
        if self._codes is None:
            more = "".join(
                f", {pseudonyms.hmac_sql(texts[name])} AS {digests[name]}"
                for _, name in numbered
            )
            return (
                digests,
                f"(SELECT {kept}{more} FROM {source} AS rounds_row{joined})",
            )
        if not texts:
            return (
                digests,
                f"(SELECT {kept} FROM {source} AS rounds_row{joined})",
            )
        into = f"rounds_deidentify_{what.shape}_{what.table}"
        self._dictionaries.add(into)
        sought = " UNION ALL ".join(
            f"SELECT {each} AS given FROM {source} AS rounds_row"
            for each in texts.values()
        )
        self._codes.look_up(
            f"SELECT DISTINCT given FROM ({sought}) WHERE given IS NOT NULL", into
        )
        more, joins = "", ""
        for place, name in numbered:
            more += f", d{place}.digest AS {digests[name]}"
            joins += f" LEFT JOIN {into} AS d{place} ON d{place}.given = {texts[name]}"
        return (
            digests,
            f"(SELECT {kept}{more} FROM {source} AS rounds_row{joins}{joined})",
        )

    def _find_units(self, source: str, what: _Shape) -> None:
        """Add the units that occur and may be kept to those that are known."""
        lists = []
        for name, kind in what.types.items():
            lists += list(quantities(f'"{name}"', kind))
            row = None
            if what.shape == "omop":
                row = class_of(what.shape, what.table, name, self._plan.more_classes)
            if row is not None and row["class"] == "unit":
                lists.append(f'["{name}"]')
        if lists:
            self._know_units(source, lists)

    def _know_units(self, source: str, lists: list[str]) -> None:
        every = " UNION ALL ".join(f"SELECT {one} AS l FROM {source}" for one in lists)
        found = self._connection.execute(
            f"SELECT DISTINCT unit FROM (SELECT unnest(l) AS unit FROM ({every})) "
            f"WHERE length(unit) <= {_LONGEST_UNIT}"
        ).fetchall()
        self._units |= {unit for (unit,) in found if may_be_kept(unit)}
        self._connection.execute(
            f"SET VARIABLE {values.UNITS} = ?::VARCHAR[]", [sorted(self._units)]
        )

    def _numbered(self, concepts: str | None) -> dict[str, str]:
        """Give the codes of ages and of ranks of places, and their concepts."""
        if concepts in self._numbers:
            return self._numbers[concepts]
        ages = know_ages(self._connection, concepts or self._vocabulary())
        ranks = ["RPL_THEMES", *(f"RPL_THEME{n}" for n in range(1, 5))]
        listed = ", ".join(text(code) for code in ranks)
        ranked: list[int] = []
        if concepts:
            rows = self._connection.execute(
                f"SELECT concept_id FROM {concepts} WHERE vocabulary_id = 'SVI' "
                f"AND concept_code IN ({listed})"
            ).fetchall()
            ranked = [one for (one,) in rows]
        self._numbers[concepts] = {
            "age_codes": _plain("age"),
            "gone_codes": _plain("gone"),
            "gone_concepts": "NULL",
            "age_concepts": ", ".join(map(str, sorted(ages))) or "NULL",
            "rank_codes": listed,
            "rank_concepts": ", ".join(map(str, ranked)) or "NULL",
        }
        return self._numbers[concepts]

    def _vocabulary(self) -> str | None:
        """Give the vocabulary in force, where one is attached."""
        held = self._connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE table_name = 'concept' "
            "AND database_name = 'vocabulary' "
            "UNION SELECT 1 FROM duckdb_views() WHERE view_name = 'concept' "
            "AND database_name = 'vocabulary'"
        ).fetchall()
        return "vocabulary.concept" if held else None


def _plain(kind: str) -> str:
    """List codes as OMOP's source values have them, without their vocabulary."""
    codes = sorted({each.partition("|")[2] for each in listed_codes(kind)})
    return ", ".join(text(code) for code in codes)


def _deaths(there: set[str]) -> str | None:
    if "rows_death" not in there:
        return None
    return "(SELECT person_id, death_date FROM rows_death WHERE reason IS NULL)"


def _texts(what: _Shape, plan: DeidentifyPlan) -> dict[str, str]:
    """Write, of each column that names something, the text that its digest is of."""
    salt = f"{text(what.namespace + '|')} || " if what.namespace else ""
    found: dict[str, str] = {}
    for name in what.types:
        if what.shape == "fhir" and name.endswith("_text"):
            continue
        row = class_of(what.shape, what.table, name, plan.more_classes)
        quoted = f'rounds_row."{name}"'
        plain = None
        if row["class"] == "id" and what.shape == "fhir":
            plain = f"'{what.table}/' || {quoted}"
        elif row["class"] == "id":
            plain = f"'{row['of']}/' || {quoted}"
        elif row["class"] == "reference":
            plain = quoted
        elif row["class"] == "identifier" and what.shape == "fhir":
            plain = (
                f"'{what.table}?identifier=' || "
                f"rounds_row.\"identifier_system\" || '|' || {quoted}"
            )
        elif row["class"] == "identifier":
            plain = f"'{row['of']}_source_value/' || {quoted}"
        if plain is not None:
            found[name] = f"({salt}{plain})"
    return found
