"""How a command speaks: one object with --json, lines for people, progress aside."""

import datetime as dt
import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rounds.methods.estimands.scales import is_ratio
from rounds.nouns import Estimate, NotEstimable, Noun, Period
from rounds.nouns.errors import DefinitionError, SourceError

if TYPE_CHECKING:
    from rounds.nouns import BalancingResult, HypothesisResult

__all__ = [
    "Progress",
    "day",
    "effect",
    "insist_on_folder",
    "margin",
    "number",
    "period_of",
    "plain",
    "show",
    "table",
    "utc_now",
    "working",
    "write_file",
    "year_of",
]


def utc_now() -> dt.datetime:
    """Give the time: the one place where a clock is read for the commands."""
    return dt.datetime.now(dt.UTC)


def show(found: Any, lines: Iterable[str], *, as_json: bool) -> None:
    """Print one JSON object, or lines for people."""
    if as_json:
        print(json.dumps(plain(found), ensure_ascii=False, allow_nan=False))
        return
    for line in lines:
        print(line)


def plain(found: Any) -> Any:
    """Make what JSON can hold."""
    if isinstance(found, Noun):
        return found.model_dump(mode="json")
    if isinstance(found, dict):
        return {str(key): plain(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [plain(value) for value in found]
    if isinstance(found, dt.date | dt.datetime):
        return found.isoformat()
    if isinstance(found, Path):
        return str(found)
    return found


def number(
    found: Estimate | NotEstimable, *, digits: int = 1, percent: bool = True
) -> str:
    """Say an estimate with its interval, or why there is none."""
    if isinstance(found, NotEstimable):
        return f"not estimable: {found.reason}"
    if found.sealed is not None:
        return f"sealed: {found.sealed}"
    assert found.value is not None
    assert found.lower is not None
    assert found.upper is not None
    digits = max(digits, 2) if is_ratio(found.scale) else digits
    factor, unit = 1.0, f" {found.unit.strip('{}')}" if found.unit != "1" else ""
    if percent and found.scale in {"proportion", "risk_difference"}:
        factor = 100.0
        unit = "%" if found.scale == "proportion" else " points"
    values = [
        f"{factor * x:+.{digits}f}"
        if found.scale.endswith("difference")
        else f"{factor * x:.{digits}f}"
        for x in (found.value, found.lower, found.upper)
    ]
    return f"{values[0]}{unit} ({found.level:.0%} interval {values[1]} to {values[2]})"


def effect(found: Estimate | NotEstimable) -> str:
    """Say a trial's effect; a ratio by its name, so that no one takes it for points."""
    said = number(found)
    if isinstance(found, NotEstimable) or found.sealed is not None:
        return said
    return f"{found.scale.replace('_', ' ')} {said}" if is_ratio(found.scale) else said


def margin(part: "BalancingResult | HypothesisResult", scale: str) -> str:
    """Write a margin on the scale of its estimate: never a ratio as a share."""
    if is_ratio(scale) or scale in {"mean_difference", "rmst_difference"}:
        return f"{part.margin:g}"
    return f"{part.margin:.1%}"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Lay out a table in columns; all but the first are flush right."""
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def insist_on_folder(path: Path) -> None:
    """Refuse a file that could not be written for want of its folder.

    Raises
    ------
    SourceError
        If there is no such folder.
    """
    if not path.absolute().parent.is_dir():
        raise _not_written(path, "No such file or directory")


def _not_written(path: Path, why: str | None) -> SourceError:
    return SourceError(
        f"{path} cannot be written: {why}.",
        code="file-not-written",
        remedies=("Name a file in a folder that is there and may be written to.",),
    )


def write_file(path: Path, text: str) -> None:
    """Write a picture or a table to the file that was asked for.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise _not_written(path, error.strerror) from None


def day(text: str, option: str) -> dt.date:
    """Read a day, YYYY-MM-DD.

    Raises
    ------
    DefinitionError
        If it is not a day of the calendar.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise DefinitionError(
            f"{option} {text!r} is not a day.",
            code="not-a-day",
            remedies=("Write it as YYYY-MM-DD, e.g. 2024-12-31.",),
        ) from None


def period_of(from_: str, to: str) -> Period:
    """Read a period as a command gives it.

    Raises
    ------
    DefinitionError
        If a day cannot be read, or the period ends before it begins.
    """
    start, end = day(from_, "--from"), day(to, "--to")
    if end < start:
        raise DefinitionError(
            f"The period ends ({end}) before it begins ({start}).",
            code="period-backwards",
            remedies=(f"Exchange the two: --from {end} --to {start}",),
        )
    return Period(start=start, end=end)


def year_of(from_: str | None, to: str | None) -> Period | None:
    """Read a period of which one end may be missing, which makes it a year.

    Returns
    -------
    Period or None
        None where neither is given.

    Raises
    ------
    DefinitionError
        As `period_of`.
    """
    year = dt.timedelta(days=364)
    if from_ and to:
        return period_of(from_, to)
    if to:
        end = day(to, "--to")
        return Period(start=end - year, end=end)
    if from_:
        start = day(from_, "--from")
        return Period(start=start, end=start + year)
    return None


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on standard error what is being done, once it has taken two seconds.

    It says so again every ten seconds, so that nobody takes work for a stop.
    """
    progress, over = Progress(), threading.Event()

    def say() -> None:
        wait = 2.0
        while not over.wait(wait):
            progress(what)
            wait = 10.0

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Progress:
    """Say each stage of long work on standard error, with the seconds since."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, stage: str) -> None:
        """Say that a stage begins."""
        seconds = time.monotonic() - self._began
        print(f"[{seconds:6.1f} s] {stage}", file=sys.stderr, flush=True)
