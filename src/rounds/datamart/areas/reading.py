"""Area tables to judged rows: each line is kept, or set aside with its reason."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.areas.layout import AreaLayout, Reading
from rounds.datamart.csv_files.reading import csv_relation
from rounds.datamart.fhir.paths import text
from rounds.datamart.omop.rows import rejected_lines
from rounds.datamart.vocabulary.concepts import BESIDE, resolve_codes
from rounds.nouns.errors import DataError

__all__ = ["AREA_SYSTEM", "SVI_SYSTEM", "read_areas", "write_areas"]

SVI_SYSTEM = "https://www.atsdr.cdc.gov/place-health/php/svi"
"""The code system of the SVI's ranks: the one that people's own observations have."""
AREA_SYSTEM = "urn:rounds:area"
"""The code system of what else area tables say."""

_MISSING = -999
"""What CDC writes where an area has no value: nobody lives there, or too few."""
_SVI = "regexp_full_match(measure, 'RPL_THEME(S|[1-4])')"


def read_areas(
    connection: duckdb.DuckDBPyConnection, layouts: Sequence[AreaLayout]
) -> int:
    """Make `rows_area`, a row for each area and measure, with why it is set aside.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The part that is being built.
    layouts : sequence of AreaLayout
        Each file and its columns.

    Returns
    -------
    int
        How many lines were read. Each is counted once in `reading`, under `area`.

    Raises
    ------
    DataError
        If not one line can be kept.
    """
    connection.execute(
        "CREATE TEMP TABLE rows_area (file_number INTEGER, record BIGINT, "
        "reason VARCHAR, padded BOOLEAN, kind VARCHAR, area VARCHAR, vintage INTEGER, "
        "measure VARCHAR, value DOUBLE)"
    )
    n_read = 0
    for layout in layouts:
        n_read += _read(connection, layout)
    _judge_repeats(connection)
    _account(connection)
    _insist_on_areas(connection, n_read)
    return n_read


def _read(connection: duckdb.DuckDBPyConnection, layout: AreaLayout) -> int:
    number = layout.file.number
    names = [f"c{place}" for place in range(len(layout.columns))]
    given = csv_relation(layout.file, names, layout.delimiter, layout.encoding)
    cells = ", ".join(f"nullif(trim({name}), '') AS {name}" for name in names)
    n = connection.execute(
        f"CREATE TEMP TABLE area_{number} AS "
        f"SELECT row_number() OVER () AS record, {cells} FROM {given}"
    ).fetchall()[0][0]
    kind = _kind(connection, layout)
    for reading in layout.readings:
        connection.execute(f"INSERT INTO rows_area {_judged(layout, reading, kind)}")
    n += rejected_lines(connection, "area", number)
    connection.execute("INSERT INTO reading VALUES (?, 'area', ?)", [number, n])
    return int(n)


def _kind(connection: duckdb.DuckDBPyConnection, layout: AreaLayout) -> str:
    """Tell, where it is not said, a file of tracts from one of ZIP Code areas.

    A tract has eleven digits, a ZIP Code area and a county five; one line that is
    wrong makes no file another. In CDC's file of counties the area is the county's
    code, which stands beside it once more.
    """
    if layout.kind:
        return layout.kind
    code = layout.place(layout.area)
    county = next((c for c in layout.columns if c.upper() == "STCNTY"), None)
    is_county = f"{code} = {layout.place(county)}" if county else "false"
    digits, counties = connection.execute(
        f"SELECT coalesce(median(length({code})), 0), "
        f"coalesce(bool_and({is_county}), false) FROM area_{layout.file.number} "
        f"WHERE regexp_full_match({code}, '[0-9]+')"
    ).fetchall()[0]
    if digits > 5:
        return "tract"
    return "county" if counties else "zcta"


def _judged(layout: AreaLayout, reading: Reading, kind: str) -> str:
    """Write the rows of one measure of a file, each with its first fault."""
    digits, lost = (11, 1) if kind == "tract" else (5, 2)
    ranked = "true" if reading.is_rank else _SVI
    tests = {
        f"{text(kind)} = 'county'": "area that is no tract and no ZIP Code area",
        (
            "NOT coalesce(regexp_full_match(code, "
            f"'[0-9]{{{digits - lost},{digits}}}'), false)"
        ): f"not the code of an area: {kind}",
        "vintage IS NULL OR vintage NOT BETWEEN 1990 AND 2100": "not a year: vintage",
        "measure IS NULL": "required value missing: measure",
        "word IS NOT NULL AND (number IS NULL OR NOT isfinite(number))": (
            "not a number: value"
        ),
        f"{ranked} AND number <> {_MISSING} AND number NOT BETWEEN 0 AND 1": (
            "rank that is not from 0 to 1"
        ),
    }
    cases = " ".join(f"WHEN {test} THEN {text(why)}" for test, why in tests.items())
    return (
        f"SELECT {layout.file.number}, record, CASE {cases} END, "
        f"length(code) < {digits}, {text(kind)}, lpad(code, {digits}, '0'), "
        f"vintage, measure, CASE WHEN number <> {_MISSING} THEN number END "
        f"FROM ({_lines(layout, reading)})"
    )


def _lines(layout: AreaLayout, reading: Reading) -> str:
    """Write the lines of a file as far as they speak of one measure.

    The rank of what is a rank itself, or an empty one beside a value, says nothing.
    """
    word = layout.place(reading.column)
    year = layout.place(layout.vintage) if layout.vintage else str(layout.year)
    named = layout.place(reading.named) if reading.named else text(reading.measure)
    is_svi = _SVI.replace("measure", f"upper({named})")
    measure = f"CASE WHEN {is_svi} THEN upper({named}) ELSE {named} END"
    where = ""
    if reading.is_rank:
        measure = (
            f"CASE WHEN upper({named}) = 'SVI' THEN 'RPL_THEMES' "
            f"ELSE {named} || ' rank' END"
        )
        where = f" WHERE {word} IS NOT NULL AND NOT coalesce({is_svi}, false)"
    return (
        f"SELECT record, {layout.place(layout.area)} AS code, "
        f"TRY_CAST({year} AS INTEGER) AS vintage, {measure} AS measure, "
        f"{word} AS word, TRY_CAST({word} AS DOUBLE) AS number "
        f"FROM area_{layout.file.number}{where}"
    )


def _judge_repeats(connection: duckdb.DuckDBPyConnection) -> None:
    """Set aside what is said twice, and all of what contradicts itself.

    Which of two values is right cannot be told, so the area has none.
    """
    same = "(PARTITION BY kind, area, vintage, measure)"
    connection.execute(
        "CREATE TEMP TABLE repeated AS SELECT file_number, record, "
        "count(*) FILTER (place > 1 OR n_values > 1) > 0 AS is_one, "
        "max(n_values) > 1 AS differs FROM (SELECT file_number, record, "
        "row_number() OVER (PARTITION BY kind, area, vintage, measure "
        "ORDER BY file_number, record) AS place, "
        f"count(DISTINCT coalesce(value, {_MISSING})) OVER {same} AS n_values "
        "FROM rows_area WHERE reason IS NULL) GROUP BY file_number, record"
    )
    connection.execute(
        "UPDATE rows_area SET reason = CASE WHEN differs "
        "THEN 'area with two values' ELSE 'repeated area' END FROM repeated "
        "WHERE is_one AND repeated.file_number = rows_area.file_number "
        "AND repeated.record = rows_area.record AND reason IS NULL"
    )


def _account(connection: duckdb.DuckDBPyConnection) -> None:
    """Count each line once: set aside with its first reason, or kept with remarks."""
    connection.execute(
        "INSERT INTO problem SELECT file_number, record, 'area', min(reason), true "
        "FROM rows_area WHERE reason IS NOT NULL GROUP BY file_number, record"
    )
    connection.execute(
        "DELETE FROM rows_area USING problem WHERE set_aside "
        "AND problem.file_number = rows_area.file_number "
        "AND problem.record = rows_area.record"
    )
    connection.execute(
        "INSERT INTO mapped SELECT 'area', count(*) FROM "
        "(SELECT DISTINCT file_number, record FROM rows_area)"
    )
    for test, remark in (
        ("padded", "leading zeros put back"),
        ("value IS NULL", "area without a value"),
    ):
        connection.execute(
            f"INSERT INTO problem SELECT DISTINCT file_number, record, 'area', "
            f"{text(remark)}, false FROM rows_area WHERE {test}"
        )


def _insist_on_areas(connection: duckdb.DuckDBPyConnection, n_read: int) -> None:
    if connection.execute("SELECT 1 FROM rows_area LIMIT 1").fetchall():
        return
    found = connection.execute(
        "SELECT DISTINCT reason FROM problem WHERE set_aside ORDER BY ALL LIMIT 5"
    ).fetchall()
    said = "; ".join(reason for (reason,) in found) or "there is no line"
    raise DataError(
        f"No area could be loaded: {n_read} lines read, all set aside ({said}).",
        code="no-areas",
        why="A table without areas would leave everybody's neighbourhood unknown.",
        remedies=(
            "Load CDC's table of census tracts or ZIP Code areas, not of counties.",
            "Check which column has the areas, and which the values.",
        ),
    )


def write_areas(connection: duckdb.DuckDBPyConnection) -> None:
    """Write `rounds_area`, and `rounds_area_measure` with the concepts of each measure.

    An area without a value stays, without one: it is known, and so is that.
    """
    system = f"CASE WHEN {_SVI} THEN {text(SVI_SYSTEM)} ELSE {text(AREA_SYSTEM)} END"
    nothing = ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in BESIDE)
    connection.execute(
        "CREATE TEMP TABLE event AS SELECT 0 AS file_number, 0::BIGINT AS record, "
        f"'area' AS resource, {system} AS code_system, measure AS code, "
        f"measure AS display, 'Observation' AS domain, {nothing} "
        "FROM (SELECT DISTINCT measure FROM rows_area)"
    )
    resolve_codes(connection)
    connection.execute(
        "CREATE TABLE rounds_area AS SELECT kind, area, vintage, measure, value, "
        "file_number, record FROM rows_area ORDER BY kind, area, vintage, measure"
    )
    connection.execute(
        "CREATE TABLE rounds_area_measure AS SELECT DISTINCT a.kind, a.measure, "
        "a.vintage, n.vocabulary_id, n.spelled AS code, c.concept_id, "
        f"c.source_concept_id, {_SVI} AS is_rank FROM rows_area AS a "
        "JOIN named_code AS n ON n.code = a.measure JOIN code_concept AS c "
        "ON c.system = n.system AND c.code = n.code AND c.target = 0 ORDER BY ALL"
    )
