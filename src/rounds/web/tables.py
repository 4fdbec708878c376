"""The tables of a noun as CSV, at the noun's own address."""

from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from rounds.conduct import publishable
from rounds.nouns import (
    Alert,
    ControlChart,
    Equity,
    Maintenance,
    Problem,
    Published,
    VariancePartition,
)
from rounds.reports.alert_page import path_csv
from rounds.reports.chart_table import chart_csv
from rounds.reports.equity_table import groups_csv, indices_csv
from rounds.reports.maintenance_page import maintenance_csv
from rounds.reports.partition_table import levels_csv, sites_csv
from rounds.web.answers import HEADERS

__all__ = ["as_csv", "table_names"]

_Write = Callable[[Any], str]


def table_names(noun: Published) -> tuple[str, ...]:
    """Give the names of a noun's tables, the usual one first; none where it has none.

    Parameters
    ----------
    noun : Published
        As it may be told, without sites where they are masked.
    """
    return tuple(_tables(noun))


def as_csv(request: Request, noun: Published, name: str) -> Response:
    """Answer with one table of a noun.

    Parameters
    ----------
    request : Request
        With `?table=` one of `table_names`; the first one, if not given.
    noun : Published
        As it may be told, without sites where they are masked.
    name : str
        What the file is to be called, without its ending.

    Raises
    ------
    HTTPException
        404 if the noun has no such table.
    """
    tables = _tables(noun)
    asked = request.query_params.get("table") or next(iter(tables), "")
    if asked not in tables:
        raise HTTPException(404)
    headers = {
        **HEADERS,
        "Content-Disposition": f'attachment; filename="{name}-{asked}.csv"',
    }
    return Response(tables[asked](publishable(noun)), 200, headers, "text/csv")


def _tables(noun: Published) -> dict[str, _Write]:
    """Give a noun's tables by name."""
    if isinstance(noun, Equity):
        return {"groups": groups_csv, "indices": indices_csv}
    if isinstance(noun, VariancePartition):
        return {"levels": levels_csv, **({"sites": sites_csv} if noun.sites else {})}
    if isinstance(noun, Maintenance):
        return {"maintenance": maintenance_csv}
    if isinstance(noun, Alert):
        return {"path": path_csv} if noun.path else {}
    if isinstance(noun, Problem) and isinstance(noun.chart, ControlChart):
        return {"months": lambda problem: chart_csv(problem.chart)}
    return {}
