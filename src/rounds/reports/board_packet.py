"""The packet of the monitoring board as files: a page, tables, and everything as JSON.

It holds what nobody else may read: files are readable for their owner alone.
"""

import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rounds import __version__
from rounds.nouns import SourceError
from rounds.nouns.spreadsheet_cells import as_cell
from rounds.reports.charts import LookPoint, Looks, at_two_widths, looks
from rounds.reports.templating import drawn, style_sheet, templates

__all__ = ["write_board_packet"]

READINGS = (
    "look",
    "data_until",
    "role",
    "endpoint",
    "card",
    "estimate",
    "se",
    "df",
    "statistic",
    "fraction",
    "time",
    "upper",
    "lower",
    "limit",
    "posterior",
    "worthwhile",
    "margin",
    "crossed",
    "futile",
    "reason",
)
ARMS = (
    "look",
    "data_until",
    "role",
    "endpoint",
    "card",
    "letter",
    "units",
    "n",
    "value",
)


def write_board_packet(packet: Mapping[str, Any], folder: Path) -> tuple[Path, ...]:
    """Write `packet.html`, `readings.csv`, `arms.csv` and `packet.json`.

    Parameters
    ----------
    packet : mapping
        As `rounds.conduct.BoardPacket.as_dict` gives it; who may have it was asked
        there.
    folder : Path
        Made if it is not there, mode 0700; former files of the same names are replaced.

    Returns
    -------
    tuple of Path
        The files, mode 0600.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    content = {
        "packet.html": _page(packet),
        "readings.csv": _table(READINGS, _readings(packet)),
        "arms.csv": _table(ARMS, _arms(packet)),
        "packet.json": json.dumps(packet, indent=1, allow_nan=False) + "\n",
    }
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in content.items():
            draft = folder / f".{name}"
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            draft.replace(folder / name)
    except OSError as error:
        raise SourceError(
            f"The packet cannot be written to {folder}: {error.strerror}.",
            code="packet-not-written",
            remedies=("Choose a folder that you may write to, with space left.",),
        ) from None
    return tuple(folder / name for name in content)


def _each(packet: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Give each look with each of its readings."""
    return [
        (look, reading)
        for look in packet["looks"]
        for reading in (look["primary"], *look["guardrails"])
    ]


def _readings(packet: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {**reading, "look": look["number"], "data_until": look["data_until"]}
        for look, reading in _each(packet)
    ]


def _arms(packet: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **arm,
            "look": look["number"],
            "data_until": look["data_until"],
            "role": reading["role"],
            "endpoint": reading["endpoint"],
            "card": reading.get("card", ""),
        }
        for look, reading in _each(packet)
        for arm in reading["arms"]
    ]


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    sheet = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    sheet.writeheader()
    sheet.writerows({k: as_cell(value) for k, value in row.items()} for row in rows)
    return text.getvalue()


def _page(packet: Mapping[str, Any]) -> str:
    parts = list(dict.fromkeys(_part(one) for _, one in _each(packet)))
    figures = {part: _figure(packet, part, at) for at, part in enumerate(parts)}
    return (
        templates()
        .get_template("board_packet.html")
        .render(
            packet=packet,
            parts=parts,
            figures={name: svg and drawn(svg) for name, svg in figures.items()},
            readings=_readings(packet),
            arms=_arms(packet),
            css=drawn(style_sheet(embedded=True)),
            code_version=__version__,
        )
    )


_Part = tuple[str, str, str]


def _part(reading: Mapping[str, Any]) -> _Part:
    """Give what a reading is of: its role, its endpoint, and which of two cards."""
    return reading["role"], reading["endpoint"], reading.get("card", "")


def _figure(packet: Mapping[str, Any], part: _Part, at: int) -> str | None:
    """Draw an endpoint's statistics; of always-valid looks the bound is of its kind."""
    role, endpoint, card = part
    name = f"{endpoint}, {card} card" if card else endpoint
    points = tuple(
        LookPoint(
            fraction=one["fraction"],
            statistic=one["statistic"],
            upper=_bound(one),
            lower=one["lower"],
            crossed=one["crossed"],
        )
        for _, one in _each(packet)
        if _part(one) == part and one["statistic"] is not None
    )
    if not points:
        return None
    plot = Looks(name=f"looks-{at}", title=f"Looks at {name}, {role}", points=points)
    return at_two_widths(looks, plot)


def _bound(reading: Mapping[str, Any]) -> float | None:
    """Give the statistic that would have crossed; an always-valid half-width."""
    if reading["upper"] is not None:
        return float(reading["upper"])
    if reading["limit"] is None:
        return None
    return float((reading["estimate"] - reading["limit"]) / reading["se"])
