"""Rules of disclosure that networks publish: what is small, and how counts are rounded.

They are data: a rule is a line here, with the page that states it.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Final, Literal

from rounds.methods.disclosure.suppression import is_small

__all__ = ["DEFAULT", "PROFILES", "Profile"]


@dataclass(frozen=True)
class Profile:
    """One network's rule.

    Attributes
    ----------
    name : str
        As it is written in `rounds.toml`.
    threshold : int
        The greatest small count of persons; 0 is not small.
    rounding : {'none', 'nearest', 'midpoint'}
        `nearest`: to the nearest multiple of `base`. `midpoint`: up to a multiple of
        `base`, less half of it, so that each shown count stands for `base` counts.
    base : int
        The multiple; 1 where nothing is rounded.
    redacts : bool
        Whether small counts are left out; where not, rounding makes them one label.
    source : str
        The page that states the rule.
    """

    name: str
    _: KW_ONLY
    threshold: int
    rounding: Literal["none", "nearest", "midpoint"] = "none"
    base: int = 1
    redacts: bool = True
    source: str

    def is_small(self, count: int) -> bool:
        """Say whether a count of persons is small: 1 to `threshold`."""
        return is_small(count, self.threshold)

    def rounded(self, count: int) -> int:
        """Give a count as it is shown.

        Raises
        ------
        ValueError
            If the count is negative.

        Examples
        --------
        >>> [PROFILES["opensafely"].rounded(count) for count in (0, 8, 12, 13)]
        [0, 10, 10, 15]
        >>> midpoint = PROFILES["opensafely-midpoint-6"]
        >>> [midpoint.rounded(count) for count in (0, 1, 6, 7, 12, 13)]
        [0, 3, 3, 9, 9, 15]
        """
        if count < 0:
            raise ValueError(f"count is {count}; expected at least 0")
        if self.rounding == "nearest":
            return self.base * ((2 * count + self.base) // (2 * self.base))
        if self.rounding == "midpoint" and count > 0:
            return self.base * -(-count // self.base) - self.base // 2
        return count

    def within(self, shown: int) -> tuple[int, int]:
        """Give the least and the greatest count that a shown one stands for.

        Examples
        --------
        >>> PROFILES["opensafely"].within(10)
        (8, 12)
        >>> PROFILES["opensafely-midpoint-6"].within(3)
        (1, 6)
        """
        near = range(max(0, shown - self.base), shown + self.base + 1)
        fit = [count for count in near if self.rounded(count) == shown]
        return fit[0], fit[-1]

    @property
    def suppressed(self) -> str:
        """Say in the place of a number that it is left out."""
        return f"suppressed (1–{self.threshold})"

    @property
    def says(self) -> str:
        """Say the rule in a sentence."""
        small = f"counts of 1 to {self.threshold}"
        if not self.redacts:
            return f"counts are rounded to midpoint {self.base}, {small} to one label"
        kept = f"{small}, and what would give them back, are left out"
        if self.rounding == "nearest":
            return f"{kept}; others are rounded to the nearest {self.base}"
        return kept


_OPENSAFELY: Final = "https://docs.opensafely.org/outputs/sdc/"
_COUNTMASKR: Final = "https://query-fulfillment.github.io/countmaskr/"

PROFILES: Final = {
    one.name: one
    for one in (
        # No cell of 1 to 10, nor one from which it can be derived.
        Profile("cms", threshold=10, source="https://resdac.org/node/1506"),
        # Counts of 7 or fewer are redacted, then all are rounded to the nearest 5.
        Profile(
            "opensafely", threshold=7, rounding="nearest", base=5, source=_OPENSAFELY
        ),
        # The same page, "Midpoint 6 rounding": 1–6 become 3, 7–12 become 9.
        Profile(
            "opensafely-midpoint-6",
            threshold=6,
            rounding="midpoint",
            base=6,
            redacts=False,
            source=_OPENSAFELY,
        ),
        # A minimum cell size of 11.
        Profile("pcornet", threshold=10, source=_COUNTMASKR),
        # A minimum cell size of 5.
        Profile("pedsnet", threshold=4, source=_COUNTMASKR),
        # DEFAULT_MIN_SUBJECT = 10 in cumulus_library/builders/counts.py.
        Profile(
            "cumulus",
            threshold=9,
            source="https://github.com/smart-on-fhir/cumulus-library",
        ),
        # nfilter.tab: the least count of a cell that is not zero, 3 by default.
        Profile(
            "datashield",
            threshold=2,
            source="https://data2knowledge.atlassian.net/wiki/spaces/DSDEV/pages/714768398",
        ),
    )
}
"""Profiles by name."""

DEFAULT: Final = PROFILES["cms"]
"""The rule where none is chosen."""
