"""What the columns of an area table mean: told by its header, or by a small file.

Three layouts are known by their header:

```
 CDC/ATSDR SVI   FIPS, RPL_THEMES (and RPL_THEME1–4); the year is in the file's name
 one a line      zcta (or tract), vintage, measure, value, and rank if there is one
 anything else   named by a rounds-areas.yaml beside the files
```

files:
  deprivation.csv:
    area: ZIP
    kind: zcta              # or tract
    vintage: 2021           # a year, or the column that has it
    measures: {RPL_THEMES: svi_rank, median_income: income}

References
----------
CDC/ATSDR. Social Vulnerability Index 2022: data documentation.
https://www.atsdr.cdc.gov/place-health/php/svi
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

from rounds.datamart.csv_files.reading import header
from rounds.datamart.given.source_files import BROKEN_GZIP, SourceFile, open_text
from rounds.datamart.store.areas import KINDS
from rounds.nouns.errors import DefinitionError

__all__ = ["AREA_FILES", "AreaLayout", "Reading", "find_layouts", "is_area_table"]

AREA_FILES: Final = ("rounds-areas.yaml", "rounds-areas.yml")
"""What the file is called that says what columns of area tables mean."""
_SVI_MEASURE: Final = re.compile(r"RPL_THEME(S|[1-4])")
"""Measures of the SVI: percentile ranks, of all themes and of each."""

_TEXT: Final = frozenset({".csv", ".tsv", ".txt"})
_NAMES: Final = {
    "zcta": ("zcta", "zcta5", "zip", "zip5", "zip_code", "zipcode"),
    "tract": ("tract", "geoid", "census_tract", "tract_fips"),
}
"""What columns of areas are called, in lower case."""
_KEYS: Final = frozenset(
    {"area", "kind", "vintage", "measures", "measure", "value", "rank", "encoding"}
)
_YEAR: Final = re.compile(r"(?<![0-9])(20[0-9]{2})(?![0-9])")
_SVI_RANK: Final = "RPL_THEMES"


@dataclass(frozen=True)
class Reading:
    """A measure, and the column that has its values."""

    column: str
    measure: str = ""
    """Its name; empty where `named` is the column that has it."""
    named: str = ""
    is_rank: bool = False
    """Whether the values are the ranks of what is named."""


@dataclass(frozen=True)
class AreaLayout:
    """Which columns of one file say what."""

    file: SourceFile
    columns: tuple[str, ...]
    """As the header names them."""
    delimiter: str
    area: str
    """The column of areas."""
    kind: str
    """`tract` or `zcta`; empty where the codes' own length tells."""
    vintage: str
    """The column of years; empty where `year` holds for all lines."""
    year: int | None
    readings: tuple[Reading, ...]
    encoding: str = "utf-8"

    def place(self, column: str) -> str:
        """Give what a column is called in the relation that is read."""
        return f"c{self.columns.index(column)}"


def is_area_table(file: SourceFile) -> bool:
    """Tell whether a file's header is that of an area table."""
    if file.extension not in _TEXT or not file.size:
        return False
    try:
        names = {name.strip().lower() for name in header(file)[1]}
    except (*BROKEN_GZIP, csv.Error):
        return False  # whichever source takes it says that it is broken
    return _is_svi(names) or _is_plain(names)


def find_layouts(files: Sequence[SourceFile]) -> list[AreaLayout]:
    """Find the layout of each area table among the files.

    Parameters
    ----------
    files : sequence of SourceFile
        Of a source of areas; a file that no layout fits is left out.

    Raises
    ------
    DefinitionError
        If the small file has a fault, or a table's year or its columns are not known;
        every fault is listed.
    """
    faults: list[str] = []
    said = _said(files, faults)
    found = []
    for file in files:
        if file.extension not in _TEXT:
            continue
        if file.name in said:
            found.append(_described(file, said[file.name], faults))
        elif is_area_table(file):
            found.append(_told_by_header(file))
    there = {file.name for file in files}
    faults += [
        f"{n}: there is no such file in the folder" for n in sorted(said.keys() - there)
    ]
    layouts = [each for each in found if each is not None]
    faults += [fault for each in layouts for fault in _faults(each)]
    if faults:
        raise DefinitionError(
            f"The area tables have {len(faults)} fault(s):\n"
            + "\n".join(f" - {fault}" for fault in faults),
            code="area-layout",
            why="A column or a year that is taken for another would put people into "
            "the wrong neighbourhoods.",
            remedies=(
                "Keep CDC's name of the file (SVI_2022_US.csv): it has the year.",
                f"Or say what the columns mean in {AREA_FILES[0]} beside the file.",
            ),
        )
    return layouts


def _is_svi(names: set[str]) -> bool:
    return {"fips", _SVI_RANK.lower()} <= names


def _is_plain(names: set[str]) -> bool:
    of_area = {name for each in _NAMES.values() for name in each}
    return {"vintage", "measure", "value"} <= names and bool(names & of_area)


def _told_by_header(file: SourceFile) -> AreaLayout:
    delimiter, given = header(file)
    columns = tuple(name.strip() for name in given)
    by_name = {name.lower(): name for name in reversed(columns)}
    if _is_svi(set(by_name)):
        ranks = [name for name in columns if _SVI_MEASURE.fullmatch(name.upper())]
        return AreaLayout(
            file,
            columns,
            delimiter,
            area=by_name["fips"],
            kind="",
            vintage="",
            year=_year_of(file),
            readings=tuple(Reading(name, name.upper()) for name in ranks),
        )
    area, kind = next(
        (by_name[name], kind)
        for kind, names in _NAMES.items()
        for name in names
        if name in by_name
    )
    return AreaLayout(
        file,
        columns,
        delimiter,
        area,
        kind,
        by_name["vintage"],
        None,
        _long(by_name["measure"], by_name["value"], by_name.get("rank")),
    )


def _long(measure: str, value: str, rank: str | None) -> tuple[Reading, ...]:
    """Read a measure a line: its value, and beside it its rank."""
    ranked = (Reading(rank, named=measure, is_rank=True),) if rank else ()
    return (Reading(value, named=measure), *ranked)


def _year_of(file: SourceFile) -> int | None:
    years = set(_YEAR.findall(file.path.name))
    return int(years.pop()) if len(years) == 1 else None


def _said(files: Sequence[SourceFile], faults: list[str]) -> dict[str, dict[str, Any]]:
    """Read what the small file says of each table, by the table's name."""
    chosen = next((file for file in files if file.name in AREA_FILES), None)
    if chosen is None:
        return {}
    try:
        with open_text(chosen) as stream:
            given = yaml.safe_load(stream)
    except yaml.YAMLError:
        # Its own words would quote the file.
        faults.append(f"{chosen.label}: is not YAML")
        return {}
    tables = given.get("files") if isinstance(given, dict) else None
    if not isinstance(tables, dict) or not tables:
        faults.append(f"{chosen.label}: files: must name at least one CSV file")
        return {}
    faults += [
        f"{name}: must say what its columns are"
        for name, each in tables.items()
        if not isinstance(each, dict)
    ]
    return {str(n): each for n, each in tables.items() if isinstance(each, dict)}


def _described(
    file: SourceFile, said: Mapping[str, Any], faults: list[str]
) -> AreaLayout | None:
    """Give the layout that the small file describes, over what the header tells."""
    unknown = [str(key) for key in said if key not in _KEYS]
    if unknown:
        known = ", ".join(sorted(_KEYS))
        faults.append(f"{file.name}: {', '.join(unknown)} is none of {known}")
        return None
    encoding = str(said.get("encoding", "utf-8")).lower()
    if encoding not in {"utf-8", "latin-1", "utf-16"}:
        faults.append(f"{file.name}: encoding must be utf-8, latin-1 or utf-16")
        return None
    try:
        delimiter, given = header(file, encoding)
    except (*BROKEN_GZIP, csv.Error):
        faults.append(f"{file.label}: is cut off or damaged")
        return None
    columns = tuple(name.strip() for name in given)
    base = (
        _told_by_header(file)
        if is_area_table(file)
        else AreaLayout(file, columns, delimiter, "", "", "", None, ())
    )
    measures = said.get("measures", {})
    if not isinstance(measures, dict):
        faults.append(f"{file.name}: measures must say of each measure its column")
        return None
    readings = tuple(Reading(str(c), str(name)) for name, c in measures.items())
    if "measure" in said or "value" in said:
        rank = said.get("rank")
        readings += _long(
            str(said.get("measure", "")),
            str(said.get("value", "")),
            None if rank is None else str(rank),
        )
    vintage = said.get("vintage")
    is_year = isinstance(vintage, int)
    return replace(
        base,
        columns=columns,
        delimiter=delimiter,
        area=str(said.get("area", base.area)),
        kind=str(said.get("kind", base.kind)),
        vintage=base.vintage if vintage is None else "" if is_year else str(vintage),
        year=base.year if vintage is None else vintage if is_year else None,
        readings=readings or base.readings,
        encoding=encoding,
    )


def _faults(layout: AreaLayout) -> list[str]:
    """Say all that is wrong with a layout; columns are named as they were asked for."""
    name = layout.file.label
    faults = []
    named = [one for each in layout.readings for one in (each.column, each.named)]
    asked = [one for one in (layout.area, layout.vintage, *named) if one]
    if any(layout.columns.count(column) > 1 for column in asked):
        faults.append(f"{name}: two columns have the same name")
    # CDC's file alone says by its codes and columns what its areas are: five digits
    # may be a county's.
    is_told = _is_svi({column.lower() for column in layout.columns})
    if layout.kind not in KINDS and (layout.kind or not is_told):
        faults.append(f"{name}: kind must be one of {', '.join(KINDS)}")
    if not layout.area:
        faults.append(f"{name}: which column has the areas is not said (area)")
    if not layout.readings:
        faults.append(f"{name}: which column has values is not said (measures)")
    if any(not each.column or each.measure == each.named for each in layout.readings):
        faults.append(f"{name}: measure and value go together, each a column")
    if not layout.vintage and layout.year is None:
        faults.append(
            f"{name}: of which year its values are is not said; give its name the "
            "year, or say vintage"
        )
    if layout.year is not None and not 1990 <= layout.year <= 2100:
        faults.append(f"{name}: vintage must be a year from 1990 to 2100")
    faults += [
        f'{name}: there is no column "{column}" among its {len(layout.columns)}'
        for column in dict.fromkeys(asked)
        if column not in layout.columns
    ]
    return faults
