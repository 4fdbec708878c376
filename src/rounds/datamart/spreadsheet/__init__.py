"""A table from a spreadsheet: CSV or parquet in, typed columns out, no datamart."""

from rounds.datamart.spreadsheet.reading import Kind, Spreadsheet, read_spreadsheet

__all__ = ["Kind", "Spreadsheet", "read_spreadsheet"]
