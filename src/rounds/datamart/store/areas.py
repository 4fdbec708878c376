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
from typing import Final

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import cdm_columns, mapping
from rounds.datamart.omop.tables import hashed
from rounds.datamart.store.manifest import Snapshot

__all__ = [
    "AREAS",
    "AREA_OBSERVATION",
    "KINDS",
    "OWN_OBSERVATION",
    "area_row_id",
    "count_area_rows",
    "has_areas",
    "make_area_views",
    "standings",
]

AREAS: Final = "areas"
"""The shape of a source that gives areas, and no persons."""
KINDS: Final = {"tract": "census tract", "zcta": "ZIP Code area"}
"""What an area may be, the one that goes first before the other."""
OWN_OBSERVATION: Final = "rounds_own_observation"
"""The view of what sources gave of persons."""
AREA_OBSERVATION: Final = "rounds_area_observation"
"""The view of what areas say of persons, in the columns of OMOP."""

_TYPE: Final = next(
    row["concept_id"]
    for row in mapping("fixed_concepts")
    if (row["group"], row["code"]) == ("type", "area")
)
_UNITED_STATES: Final = (
    "US",
    "USA",
    "U.S.",
    "U.S.A.",
    "UNITED STATES",
    "UNITED STATES OF AMERICA",
    "840",
)
_ZERO_STATES: Final = ("CT", "MA", "ME", "NH", "NJ", "PR", "RI", "VI", "VT")
"""States all of whose ZIP Codes begin with 0, which a spreadsheet takes away."""


def has_areas(snapshot: Snapshot) -> bool:
    """Tell whether a source gives areas."""
    return any(source.shape == AREAS for source in snapshot.sources)


def make_area_views(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    """Make the views that area values are read from.

    Makes `rounds_area` (kind, area, vintage, measure, value), `rounds_area_measure`
    (each measure of each kind and vintage: its concepts, from which day and until when
    it holds), `rounds_residence` (person_id, tract, zcta, has_address, begins),
    `rounds_own_first` (person_id, measure, day: since when a person has a value of his
    or her own), `rounds_area_of_person` (what is joined) and `rounds_area_observation`.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With views of `person`, `location`, `observation_period`, `concept`, and of the
        sources' own observations as `OWN_OBSERVATION`.
    snapshot : Snapshot
        Whose parts are attached.
    """
    given = [each.parts[0].alias for each in snapshot.sources if each.shape == AREAS]
    for name, query in {
        "rounds_area": _areas(given),
        "rounds_area_measure": _measures(given),
        "rounds_residence": _residences(),
        "rounds_own_first": _own_firsts(),
        "rounds_area_of_person": _joined(),
        AREA_OBSERVATION: _observations(),
    }.items():
        connection.execute(f"CREATE VIEW {name} AS {query}")


def count_area_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """Count the observations that area values make, of a snapshot that is attached."""
    counted: int = connection.execute(
        "SELECT count(*) FROM rounds_area_of_person"
    ).fetchall()[0][0]
    return counted


def standings(measure: str) -> str:
    """Write, of each person, where a value of a measure comes from, or why none does.

    Parameters
    ----------
    measure : str
        As area tables name it.

    Returns
    -------
    str
        A query of person_id, `own_day` (since when a value is the person's own) and
        `standing`: `own`, `area`, or, of whom nothing is known, `no address`, `no code`
        (an address without a tract or ZIP Code that can be read), `no value` (the table
        gives the area none) or `unknown area`.
    """
    named = f"measure = {text(measure)}"
    known = {
        kind: f"LEFT JOIN (SELECT DISTINCT area FROM rounds_area WHERE {named} AND "
        f"kind = {text(kind)}) AS of_{kind} ON of_{kind}.area = r.{kind}"
        for kind in KINDS
    }
    is_known = " OR ".join(f"of_{kind}.area IS NOT NULL" for kind in KINDS)
    has_code = " OR ".join(f"r.{kind} IS NOT NULL" for kind in KINDS)
    return (
        "SELECT r.person_id, own.day AS own_day, "
        "CASE WHEN own.person_id IS NOT NULL THEN 'own' "
        "WHEN lives.person_id IS NOT NULL THEN 'area' "
        "WHEN NOT r.has_address THEN 'no address' "
        f"WHEN NOT ({has_code}) THEN 'no code' "
        f"WHEN {is_known} THEN 'no value' ELSE 'unknown area' END AS standing "
        "FROM rounds_residence AS r "
        f"LEFT JOIN (SELECT person_id, day FROM rounds_own_first WHERE {named}) AS own "
        "ON own.person_id = r.person_id "
        "LEFT JOIN (SELECT DISTINCT person_id FROM rounds_area_of_person "
        f"WHERE {named}) AS lives ON lives.person_id = r.person_id "
        f"{' '.join(known.values())}"
    )


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
        f"FROM ({given}) GROUP BY kind, area, vintage, measure"
    )


def _measures(aliases: Sequence[str]) -> str:
    """Write the measures with their vintages, each of which holds until the next."""
    given = " UNION ".join(
        f'SELECT * FROM "{alias}".rounds_area_measure' for alias in aliases
    )
    order = "(PARTITION BY kind, measure ORDER BY vintage)"
    return (
        f"SELECT *, CASE WHEN lag(vintage) OVER {order} IS NOT NULL "
        "THEN make_date(vintage, 1, 1) END AS holds_from, "
        f"make_date(lead(vintage) OVER {order}, 1, 1) AS holds_until FROM ({given})"
    )


def _residences() -> str:
    """Write where each person lives, as far as the present address tells.

    A tract stands in `location_source_value`: its GEOID, or that of a block group or a
    block in it. A ZIP Code has five digits, and may have four more. Where a spreadsheet
    took its zeros away they are put back if the state is one where all begin with 0:
    elsewhere four digits may be another country's.
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


def _own_firsts() -> str:
    """Write the first day on which a person has a value of his or her own.

    A value is the person's own under any concept that the measure's code has. A rank
    that is none, as -999, is no value.
    """
    concepts = (
        "SELECT DISTINCT m.measure, m.is_rank, c.concept_id "
        "FROM rounds_area_measure AS m JOIN concept AS c "
        "ON c.vocabulary_id = m.vocabulary_id AND c.concept_code = m.code UNION "
        "SELECT DISTINCT measure, is_rank, concept_id FROM rounds_area_measure "
        "WHERE concept_id > 0"
    )
    found = " UNION ALL ".join(
        "SELECT o.person_id, c.measure, o.observation_date AS day "
        f"FROM {OWN_OBSERVATION} AS o JOIN concepts AS c ON c.concept_id = o.{column} "
        "WHERE CASE WHEN c.is_rank THEN o.value_as_number BETWEEN 0 AND 1 "
        "ELSE o.value_as_number IS NOT NULL END"
        for column in ("observation_concept_id", "observation_source_concept_id")
    )
    return (
        f"WITH concepts AS ({concepts}) SELECT person_id, measure, min(day) AS day "
        f"FROM ({found}) GROUP BY person_id, measure"
    )


def _joined() -> str:
    """Write each value that a person has from where he or she lives.

    A tract of which no table speaks that holds in the person's time, as when tracts
    were drawn anew, leaves the ZIP Code area's value in its place.
    """
    finer = (
        "ANTI JOIN (SELECT t.area, t.measure, max(coalesce(m.holds_until, "
        "DATE '9999-12-31')) AS holds_until FROM rounds_area AS t "
        "JOIN rounds_area_measure AS m ON m.kind = t.kind AND m.measure = t.measure "
        "AND m.vintage = t.vintage WHERE t.kind = 'tract' GROUP BY ALL) AS finer "
        "ON finer.area = r.tract AND finer.measure = a.measure "
        "AND finer.holds_until > r.begins"
    )
    lived = " UNION ALL ".join(
        "SELECT r.person_id, r.begins, a.* FROM rounds_residence AS r "
        f"JOIN rounds_area AS a ON a.kind = {text(kind)} AND a.area = r.{kind} "
        f"{'' if kind == 'tract' else finer}"
        for kind in KINDS
    )
    return (
        "SELECT l.person_id, l.kind, l.area, l.vintage, l.measure, l.value, "
        "m.concept_id, m.source_concept_id, "
        "greatest(l.begins, coalesce(m.holds_from, l.begins)) AS day "
        f"FROM ({lived}) AS l JOIN rounds_area_measure AS m ON m.kind = l.kind "
        "AND m.measure = l.measure AND m.vintage = l.vintage "
        "LEFT JOIN rounds_own_first AS own ON own.person_id = l.person_id "
        "AND own.measure = l.measure WHERE l.value IS NOT NULL "
        "AND (m.holds_until IS NULL OR m.holds_until > l.begins) "
        "AND (own.day IS NULL OR own.day > "
        "greatest(l.begins, coalesce(m.holds_from, l.begins)))"
    )


def _observations() -> str:
    """Write the values that persons have from their areas as OMOP's observations."""
    values = {
        "observation_id": area_row_id("one"),
        "person_id": "person_id",
        "observation_concept_id": "concept_id",
        "observation_date": "day",
        "observation_type_concept_id": _TYPE,
        "value_as_number": "value",
        "observation_source_value": "measure",
        "observation_source_concept_id": "source_concept_id",
        "qualifier_source_value": (
            "'area-level: ' || kind || ' ' || vintage || ', present address'"
        ),
    }
    columns = ", ".join(
        f"CAST({values.get(row['column'], 'NULL')} AS {row['type']}) "
        f'AS "{row["column"]}"'
        for row in cdm_columns("observation")
    )
    return f"SELECT {columns} FROM rounds_area_of_person AS one"


def area_row_id(of: str) -> str:
    """Write the id of the observation that a row of `rounds_area_of_person` makes.

    Parameters
    ----------
    of : str
        What that row is called.
    """
    said = (f"{of}.measure", "'/'", f"{of}.vintage", "'/'", f"{of}.person_id")
    return hashed(" || ".join(["'area/'", *said]))
