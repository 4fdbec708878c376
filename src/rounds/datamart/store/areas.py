"""Values of areas as observations of whoever lives there: joined when they are read.

An areas source holds no person. What it says of an area becomes, in a reader's
`observation`, a row of each person whose present address lies there, so that the order
in which persons and areas are loaded makes no difference, a move or another vintage
needs nothing rewritten, and a snapshot that is gone back to has the areas it had.

- A tract goes before a ZIP Code area, of the same measure.
- A vintage holds from its year on, the first one from the person's first day: nobody
  knows where the person lived before.
- From the day of a value of the person's own, no area's stands beside it.
"""

from collections.abc import Sequence

import duckdb

from rounds.datamart.fhir_paths import text
from rounds.datamart.mapping import cdm_columns, mapping
from rounds.datamart.omop_tables import hashed
from rounds.datamart.store.manifest import Snapshot

__all__ = [
    "AREAS",
    "AREA_OBSERVATION",
    "KINDS",
    "area_observations",
    "count_area_rows",
    "has_areas",
    "make_area_views",
]

AREAS = "areas"
"""The shape of a source that gives areas, and no persons."""
AREA_OBSERVATION = "rounds_area_observation"
"""The view of the observations that areas make."""
KINDS = {"tract": "census tract", "zcta": "ZIP Code area"}
"""What an area may be, the one that goes first before the other."""

_TYPE = next(
    row["concept_id"]
    for row in mapping("fixed_concepts")
    if (row["group"], row["code"]) == ("type", "area")
)
_UNITED_STATES = ("US", "USA", "U.S.", "U.S.A.", "UNITED STATES", "840")
_ZERO_STATES = ("CT", "MA", "ME", "NH", "NJ", "PR", "RI", "VI", "VT")
"""States all of whose ZIP Codes begin with 0, which a spreadsheet takes away."""


def has_areas(snapshot: Snapshot) -> bool:
    """Tell whether a source gives areas."""
    return any(source.shape == AREAS for source in snapshot.sources)


def make_area_views(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    """Make the views that area values are read from.

    Makes `rounds_area` (kind, area, vintage, measure, value), `rounds_area_measure`
    (each measure of each kind and vintage: its concepts, from which day and until when
    it holds) and `rounds_residence` (person_id, tract, zcta, has_address, begins).
    `person`, `location`, `observation_period` and `concept` are there.
    """
    given = [each.parts[0].alias for each in snapshot.sources if each.shape == AREAS]
    for name, query in {
        "rounds_area": _areas(given),
        "rounds_area_measure": _measures(given),
        "rounds_residence": _residences(),
    }.items():
        connection.execute(f"CREATE VIEW {name} AS {query}")


def area_observations(own: str) -> str:
    """Write the observations that area values make, in the columns of OMOP.

    Parameters
    ----------
    own : str
        The relation of the observations that sources gave of persons.
    """
    values = {
        "observation_id": hashed(
            "'area/' || a.measure || '/' || a.vintage || '/' || r.person_id"
        ),
        "person_id": "r.person_id",
        "observation_concept_id": "m.concept_id",
        "observation_date": "greatest(r.begins, m.holds_from)",
        "observation_type_concept_id": _TYPE,
        "value_as_number": "a.value",
        "observation_source_value": "a.measure",
        "observation_source_concept_id": "m.source_concept_id",
        "qualifier_source_value": (
            "'area-level: ' || a.kind || ' ' || a.vintage || ', present address'"
        ),
    }
    columns = ", ".join(
        f'CAST({values.get(row["column"], "NULL")} AS {row["type"]}) '
        f'AS "{row["column"]}"'
        for row in cdm_columns("observation")
    )
    selects = [
        f"SELECT {columns} FROM rounds_residence AS r "
        f"JOIN rounds_area AS a ON a.kind = {text(kind)} AND a.area = r.{kind} "
        "JOIN rounds_area_measure AS m ON m.kind = a.kind AND m.measure = a.measure "
        f"AND m.vintage = a.vintage {_unless_finer(kind)}"
        f"LEFT JOIN ({_firsts(own)}) AS first ON first.person_id = r.person_id "
        "AND first.measure = a.measure "
        "WHERE a.value IS NOT NULL AND coalesce(m.holds_until > r.begins, true) "
        "AND coalesce(greatest(r.begins, m.holds_from) < first.day, true)"
        for kind in KINDS
    ]
    return f"({' UNION ALL '.join(selects)})"


def count_area_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """Count the observations that area values make, of a snapshot that is attached."""
    counted: int = connection.execute(
        f"SELECT count(*) FROM {AREA_OBSERVATION}"
    ).fetchall()[0][0]
    return counted


def _areas(aliases: Sequence[str]) -> str:
    """Write every area's values; of several sources that speak of one, the least."""
    given = " UNION ALL ".join(
        f'SELECT kind, area, vintage, measure, value FROM "{alias}".rounds_area'
        for alias in aliases
    )
    if len(aliases) == 1:
        return given
    return (
        "SELECT kind, area, vintage, measure, min(value) AS value "
        f"FROM ({given}) GROUP BY ALL"
    )


def _measures(aliases: Sequence[str]) -> str:
    """Write the measures with their vintages, each of which holds until the next."""
    given = " UNION ".join(
        f'SELECT * FROM "{alias}".rounds_area_measure' for alias in aliases
    )
    year = "make_date(vintage, 1, 1)"
    order = "(PARTITION BY kind, measure ORDER BY vintage)"
    return (
        f"SELECT *, CASE WHEN lag(vintage) OVER {order} IS NOT NULL THEN {year} END "
        f"AS holds_from, lead({year}) OVER {order} AS holds_until FROM ({given})"
    )


def _residences() -> str:
    """Write where each person lives, as far as the present address tells.

    A ZIP Code has five digits, and may have four more. Where a spreadsheet took its
    zeros away they are put back if the state is one where all begin with 0: elsewhere
    four digits may be another country's.
    """
    zip_code = "trim(l.zip)"
    zeros = ", ".join(map(text, _ZERO_STATES))
    home = ", ".join(map(text, _UNITED_STATES))
    country = "upper(trim(coalesce(l.country_source_value, '')))"
    tract = (
        "regexp_extract(trim(l.location_source_value), "
        "'^(1[45]00000US)?([0-9]{11})([0-9]|[0-9]{4})?$', 2)"
    )
    zcta = (
        f"CASE WHEN {country} NOT IN ('', {home}) THEN NULL "
        f"WHEN regexp_full_match({zip_code}, '[0-9]{{5}}([- ]?[0-9]{{4}})?') "
        f"THEN left({zip_code}, 5) "
        f"WHEN regexp_full_match({zip_code}, '[0-9]{{3,4}}') "
        f"AND upper(trim(l.state)) IN ({zeros}) THEN lpad({zip_code}, 5, '0') END"
    )
    periods = (
        "SELECT person_id, min(observation_period_start_date) AS first_day "
        "FROM observation_period GROUP BY person_id"
    )
    return (
        f"SELECT p.person_id, nullif({tract}, '') AS tract, {zcta} AS zcta, "
        "l.location_id IS NOT NULL AS has_address, "
        "coalesce(o.first_day, make_date(p.year_of_birth, 1, 1)) AS begins "
        "FROM person AS p LEFT JOIN location AS l ON l.location_id = p.location_id "
        f"LEFT JOIN ({periods}) AS o ON o.person_id = p.person_id"
    )


def _unless_finer(kind: str) -> str:
    """Write, of a coarser kind, that no table knows the person's tract."""
    if kind == next(iter(KINDS)):
        return ""
    return (
        "ANTI JOIN (SELECT DISTINCT area, measure FROM rounds_area "
        "WHERE kind = 'tract') AS finer ON finer.area = r.tract "
        "AND finer.measure = a.measure "
    )


def _firsts(own: str) -> str:
    """Write the first day on which a person has a value of his or her own."""
    known = (
        "SELECT DISTINCT m.measure, m.is_rank, c.concept_id "
        "FROM rounds_area_measure AS m JOIN concept AS c "
        "ON c.vocabulary_id = m.vocabulary_id AND c.concept_code = m.code UNION "
        "SELECT measure, is_rank, concept_id FROM rounds_area_measure "
        "WHERE concept_id > 0"
    )
    found = " UNION ALL ".join(
        "SELECT o.person_id, c.measure, o.observation_date AS day "
        f"FROM {own} AS o JOIN ({known}) AS c ON c.concept_id = o.{column} "
        "WHERE CASE WHEN c.is_rank THEN o.value_as_number BETWEEN 0 AND 1 "
        "ELSE o.value_as_number IS NOT NULL END"
        for column in ("observation_concept_id", "observation_source_concept_id")
    )
    return (
        f"SELECT person_id, measure, min(day) AS day FROM ({found}) "
        "GROUP BY person_id, measure"
    )
