"""A variance partition as tables of plain text."""

from rounds.nouns import NotEstimable, VariancePartition
from rounds.reports.table_text import (
    ENDS,
    UNIT,
    csv_text,
    estimate_numbers,
    unit_numbers,
)

__all__ = ["levels_csv", "sites_csv"]


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
    header += [f"{name}{end}" for name in names for end in ENDS]
    rows = []
    for one in found.levels:
        numbers = [
            number for name in names for number in estimate_numbers(getattr(one, name))
        ]
        why = one.share.reason if isinstance(one.share, NotEstimable) else ""
        rows.append([one.model, one.level, one.n_units, *numbers, why])
    return csv_text([*header, "why_not"], rows)


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
    ranks = ("rank", "rank_lower", "rank_upper", "differs")
    header = ["site", *UNIT, *ranks, *(f"balancing_{name}" for name in UNIT)]
    rows = []
    for one in found.sites:
        beside = one.balancing
        row: list[object] = [one.site.unit, *unit_numbers(one.site)]
        row += [getattr(one, name) for name in ranks]
        row += [None] * len(UNIT) if beside is None else unit_numbers(beside)
        rows.append(row)
    return csv_text(header, rows)
