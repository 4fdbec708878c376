"""What is asked of bounds: read as a person writes it, and held together."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rounds.nouns.errors import DefinitionError

__all__ = [
    "SHAPES",
    "BoundsAsked",
    "FutilityName",
    "SpendingName",
    "bad_power",
    "bad_spending",
    "check_asked",
    "read_looks",
    "read_numbers",
]

FutilityName = Literal["lan-demets-of", "lan-demets-pocock", "hsd", "kim-demets"]
SpendingName = Literal[
    "obrien-fleming",
    "pocock",
    "lan-demets-of",
    "lan-demets-pocock",
    "hsd",
    "kim-demets",
]
SHAPES = {"obrien-fleming": 0.0, "pocock": 0.5}
_MOST_LOOKS = 200
_LEAST_ALPHA = 1e-9
"""Below it the integrals have no digits to tell."""


@dataclass(frozen=True, kw_only=True)
class BoundsAsked:
    """What is wanted of bounds."""

    looks: tuple[float, ...]
    """Information at each look, as a share of the planned maximum, increasing."""
    spending: SpendingName = "lan-demets-of"
    gamma: float | None = None
    """Of hsd and kim-demets."""
    alpha: float = 0.025
    """Type I error of all looks and sides together."""
    sides: Literal[1, 2] = 1
    planned: tuple[float, ...] | None = None
    """Looks for which obrien-fleming or pocock were planned, if others happen."""
    last: bool = False
    """Whether the last look ends the trial though it comes before fraction 1."""
    power: float | None = None
    futility: FutilityName | None = None
    futility_gamma: float | None = None
    binding: bool = False
    times: tuple[float, ...] | None = None
    """Shares of the error's clock at each look, where it is not the information."""
    df: tuple[float, ...] | None = None
    """Of the standard error at each look, or one for all, where they are few."""

    @property
    def df_at_looks(self) -> tuple[float, ...] | None:
        """Degrees of freedom of each look."""
        if self.df is None or len(self.df) != 1:
            return self.df
        return self.df * len(self.looks)


def read_looks(text: str, option: str = "--looks") -> tuple[float, ...]:
    """Read looks as a person writes them: fractions, or how many equal steps.

    Parameters
    ----------
    text : str
        "0.5,0.75,1", or "5" for five.
    option : str
        Where it was written.

    Returns
    -------
    tuple of float
        As written; whether they increase is for `find_bounds` to say.

    Raises
    ------
    DefinitionError
        If they are no numbers, or none, or too many.

    Examples
    --------
    >>> read_looks("4")
    (0.25, 0.5, 0.75, 1.0)
    >>> read_looks("0.5, 1")
    (0.5, 1.0)
    """
    words = text.strip()
    if words.isdecimal() and len(words) < 9:
        count = int(words)
        if 1 <= count <= _MOST_LOOKS:
            return tuple((np.arange(1, count + 1) / count).tolist())
        raise _not_looks(f"{option} {text!r} is not 1 to {_MOST_LOOKS} looks.")
    return read_numbers(text, option)


def read_numbers(text: str, option: str) -> tuple[float, ...]:
    """Read a number for each look, with commas between them.

    Parameters
    ----------
    text : str
        "0.5,0.75,1".
    option : str
        Where it was written.

    Returns
    -------
    tuple of float

    Raises
    ------
    DefinitionError
        If they are no numbers, or too many.

    Examples
    --------
    >>> read_numbers("6, 10", "--df")
    (6.0, 10.0)
    """
    try:
        found = tuple(float(part) for part in text.strip().split(","))
    except ValueError:
        raise _not_looks(f"{option} {text!r} is not a list of numbers.") from None
    if len(found) > _MOST_LOOKS:
        raise _not_looks(f"{option} names {len(found)} looks; {_MOST_LOOKS} are most.")
    return found


def check_asked(asked: BoundsAsked) -> None:
    """Check that what is asked can be used, and together.

    Raises
    ------
    DefinitionError
        If looks, error, degrees of freedom or power cannot.
    """
    _check_looks(asked)
    _check_clock(asked)
    if not _LEAST_ALPHA <= asked.alpha <= 0.5:
        raise DefinitionError(
            f"alpha is {asked.alpha:g}; it lies between {_LEAST_ALPHA:g} and 0.5.",
            code="bounds-alpha",
            why="It is the chance that any look shows an effect where there is none.",
            remedies=(
                "Take 0.025 with one side, which is usual, or 0.05 with two.",
                "Write a share, not a percentage: 0.025 for 2.5%.",
            ),
        )
    _check_power(asked)


def _check_looks(asked: BoundsAsked) -> None:
    for option, looks in (("--looks", asked.looks), ("--planned", asked.planned)):
        if looks is None:
            continue
        t = np.asarray(looks, dtype=float)
        steps = np.diff(t, prepend=0.0)
        if not t.size or not np.isfinite(t).all() or not (steps > 0).all():
            raise _not_looks(f"{option}: fractions are numbers above 0 that increase.")
        beyond = asked.times is not None and option == "--looks"
        if t[-1] > 1 + 1e-9 and not beyond:
            raise _not_looks(
                f"{option} ends at {t[-1]:g}: a fraction of the planned information "
                "is at most 1."
            )
        if (steps < 1e-3 * t).any():
            raise _not_looks(
                f"{option} has two looks closer than a thousandth of the information."
            )
    whole = asked.planned or asked.looks
    ends = abs(whole[-1] - 1) <= 1e-9
    if asked.spending in SHAPES and not ends:
        raise _not_looks(
            f"Bounds of {asked.spending} are made for looks up to fraction 1; these "
            f"end at {whole[-1]:g}.",
            "Name the planned looks as well: --planned 0.5,1.",
        )
    if asked.power is not None and abs(asked.looks[-1] - 1) > 1e-9:
        raise _not_looks(
            f"A power is of a plan whose last look is at fraction 1, not at "
            f"{asked.looks[-1]:g}.",
            "Leave --power away while the trial is under way.",
        )


def _check_clock(asked: BoundsAsked) -> None:
    """Check what is said of each look beside its information."""
    n = len(asked.looks)
    if asked.times is not None:
        t = np.asarray(asked.times)
        if t.size != n:
            raise _not_looks(f"--times has {t.size} numbers for {n} looks.")
        if not ((t >= 0) & (t <= 1)).all() or (np.diff(t) < 0).any():
            raise _not_looks(
                "--times: shares of the planned time are numbers from 0 to 1 that do "
                "not fall."
            )
    if asked.df is None:
        return
    df = np.asarray(asked.df)
    if df.size not in {1, n} or not (np.isfinite(df) & (df > 0)).all():
        raise _bad_df(f"--df is a number above 0, or one for each of the {n} looks.")
    if asked.power is not None:
        raise _bad_df(
            "A power is by the normal law, which few degrees of freedom do not keep.",
            "Leave --power away, or plan with `rounds evaluation power`.",
        )


def _check_power(asked: BoundsAsked) -> None:
    side = asked.alpha / asked.sides
    if asked.power is not None and not side < asked.power < 1:
        raise bad_power(
            f"The power is {asked.power:g}; it lies between {side:g}, the error of "
            "one side, and 1.",
            "Take 0.8 or 0.9.",
        )
    if asked.futility is None:
        if asked.binding or asked.futility_gamma is not None:
            raise bad_power(
                "--binding and --futility-gamma are of futility, which is not asked "
                "for.",
                "Name how it is spent: --futility lan-demets-of.",
            )
        return
    if asked.power is None or asked.sides == 2:
        raise bad_power(
            "Futility is found for one side and a power that it must not take away.",
            "Write --sides 1 --power 0.8.",
        )


def _not_looks(what: str, *more: str) -> DefinitionError:
    return DefinitionError(
        what,
        code="bounds-looks",
        why="Bounds hold for the information that there is at each look.",
        remedies=(
            *more,
            "Write fractions of the planned information: --looks 0.5,0.75,1.",
            "Write how many equal steps there are: --looks 4.",
        ),
    )


def _bad_df(what: str, *remedies: str) -> DefinitionError:
    return DefinitionError(
        what,
        code="bounds-df",
        why="With few clusters the standard error is uncertain, and the more so early.",
        remedies=remedies
        or (
            "Write what the analysis of each look tells: --df 6,8,9.",
            "Write one number for all looks: --df 22.",
        ),
    )


def bad_spending(what: str, *remedies: str) -> DefinitionError:
    """Say that a way of spending cannot be used."""
    return DefinitionError(what, code="bounds-spending", remedies=remedies)


def bad_power(what: str, *remedies: str) -> DefinitionError:
    """Say that a power cannot be had."""
    return DefinitionError(what, code="bounds-power", remedies=remedies)
