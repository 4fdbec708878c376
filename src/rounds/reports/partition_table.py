"""A variance partition as tables of plain text."""

import csv
import io
from collections.abc import Iterable, Sequence

from rounds.nouns import Estimate, NotEstimable, UnitResult, VariancePartition
from rounds.nouns.spreadsheet_cells import as_cells

__all__ = ["levels_csv", "sites_csv"]

_ENDS = ("", "_lower", "_upper")


def levels_csv(found: VariancePartition) -> str:
    """Give each level of each model as CSV; why there is no number stands last.

    Parameters
    ----------
    found : VariancePartition
        As it may be told.

    Returns
    -------
    str
        With a header; shares in [0, 1].
    """
    names = ("share", "median_odds_ratio", "explained")
    header = ["model", "level", "n_units"]
    header += [f"{name}{end}" for name in names for end in _ENDS]
    rows = []
    for one in found.levels:
        numbers = [number for name in names for number in _numbers(getattr(one, name))]
        why = one.share.reason if isinstance(one.share, NotEstimable) else ""
        rows.append([one.model, one.level, one.n_units, *numbers, why])
    return _written([*header, "why_not"], rows)


def sites_csv(found: VariancePartition) -> str:
    """Give each site as CSV; a suppressed one has its name alone.

    Parameters
    ----------
    found : VariancePartition
        As it may be told.

    Returns
    -------
    str
        With a header; shrunken proportions in [0, 1].
    """
    plain = ("denominator", "numerator", "value", "lower", "upper", "suppressed")
    ranks = ("rank", "rank_lower", "rank_upper", "differs")
    header = ["site", *plain, *ranks, *(f"balancing_{name}" for name in plain)]
    rows = []
    for one in found.sites:
        beside = one.balancing
        row: list[object] = [one.site.unit, *_unit(one.site, plain)]
        row += [getattr(one, name) for name in ranks]
        row += [None] * len(plain) if beside is None else _unit(beside, plain)
        rows.append(row)
    return _written(header, rows)


def _unit(unit: UnitResult, names: Iterable[str]) -> list[object]:
    return [getattr(unit, name) for name in names]


def _numbers(told: Estimate | NotEstimable | None) -> tuple[float | None, ...]:
    return told.numbers if isinstance(told, Estimate) else (None, None, None)


def _written(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(as_cells(header))
    writer.writerows(as_cells(row) for row in rows)
    return stream.getvalue()
