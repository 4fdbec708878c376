"""A table from a spreadsheet: CSV or parquet in, typed columns out.

It needs no datamart and no DuckDB. It stands in this room because what comes from
outside is read here, and refused here: by the lines that are wrong, and never by what
stands in them, which may be a person's.
"""

from rounds.datamart.spreadsheet.reading import Kind, Spreadsheet, read_spreadsheet

__all__ = ["Kind", "Spreadsheet", "read_spreadsheet"]
