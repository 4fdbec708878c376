"""Dates as SQL: to the year, or moved by a person's secret number of days.

FHIR's dates are text as it was written; OMOP's are dates. What is wrong with a date
stays wrong in the same way, so that a resource is set aside for the same reason with
de-identification as without: a month stays too coarse, an impossible day impossible,
an end before its beginning before it.
"""

from dataclasses import dataclass, replace
from typing import Final

from rounds.datamart.deidentify.plan import DeidentifyPlan

__all__ = ["OLDEST", "TOO_EARLY", "Dates"]

TOO_EARLY: Final = "0001-01-01"
"""What stands for an end before its beginning: nobody's date."""
_IMPOSSIBLE: Final = "'impossible'"
_IMPOSSIBLE_MONTH: Final = "'0001-99'"
_PARTIAL: Final = "[0-9]{4}(-[0-9]{2})?"
_TIME: Final = (
    "T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
OLDEST: Final = 89
"""The highest age in completed years that may be told apart."""


def _day(text: str) -> str:
    """Write a text's day as a DATE, NULL where it is none."""
    return (
        f"(CASE WHEN length({text}) >= 10 THEN TRY_CAST(left({text}, 10) AS DATE) END)"
    )


def _first_day(text: str) -> str:
    """Write the first day of a year or a month, or the day itself."""
    return f"TRY_CAST(left({text} || '-01-01', 10) AS DATE)"


@dataclass(frozen=True)
class Dates:
    """Writes the dates of one person's rows.

    Parameters
    ----------
    plan : DeidentifyPlan
    offset : str
        An SQL expression: by how many days the person's dates are moved; NULL where
        there is no person. Only `shifted` uses it.
    """

    plan: DeidentifyPlan
    offset: str = "NULL::INTEGER"
    grouped: bool = True
    """Whether days on which nobody under 90 can have lived are one group."""

    @property
    def _shifts(self) -> bool:
        return self.plan.mode == "shifted"

    @property
    def _first(self) -> int:
        """The first year of which a date may tell: whoever lived in it may be 90.

        An earlier one would say of the person that they are older, whatever the year
        of birth that is shown, and whether or not that is known where the date stands.
        """
        return self.plan.reference_year - OLDEST - 1

    def _year(self, given: str, *, grouped: bool) -> str:
        """Write the year of a date; of one that is to come, the present year.

        Parameters
        ----------
        given : str
            A DATE.
        grouped : bool
            Whether the years before the first that may be told are that one.
        """
        year, present = f"year({given})", self.plan.reference_year
        early = f"WHEN {year} < {self._first} THEN {self._first} " if grouped else ""
        return f"(CASE WHEN {year} > {present} THEN {present} {early}ELSE {year} END)"

    def _moved(self, given: str) -> str:
        """Write a DATE that is moved, not before the first day that may be told."""
        moved = f"{given} + {self.offset}"
        if not self.grouped:
            return f"({moved})"
        first = f"make_date({self._first}, 1, 1)"
        # A greatest() would make a date of what is none.
        return f"(CASE WHEN {moved} < {first} THEN {first} ELSE {moved} END)"

    def date(self, given: str) -> str:
        """Write a DATE column of OMOP."""
        if self._shifts:
            return f"CAST({self._moved(given)} AS DATE)"
        return f"make_date({self._year(given, grouped=self.grouped)}, 1, 1)"

    def datetime(self, given: str) -> str:
        """Write a TIMESTAMP column of OMOP; a year has no time of day."""
        if not self._shifts:
            return "CAST(NULL AS TIMESTAMP)"
        moved = f"{given} + to_days({self.offset})"
        if self.grouped:
            first = f"make_timestamp({self._first}, 1, 1, 0, 0, 0)"
            moved = f"CASE WHEN {moved} < {first} THEN {first} ELSE {moved} END"
        return f"CAST({moved} AS TIMESTAMP)"

    def source_date(self, given: str) -> str:
        """Write a date of the data source itself, which is nobody's: its year."""
        return f"make_date({self._year(given, grouped=False)}, 1, 1)"

    def text(self, given: str, *, after: str | None = None) -> str:
        """Write a FHIR date that is text.

        Parameters
        ----------
        given : str
            The expression.
        after : str, optional
            What it must not be before, as FHIR text: if it is, it stays so.
        """
        early = ""
        if after is not None:
            early = f"WHEN {_day(given)} < {_day(after)} THEN '{TOO_EARLY}' "
        part = self._partial(given)
        return (
            f"CASE WHEN {given} IS NULL THEN NULL {early}"
            f"WHEN regexp_full_match({given}, '{_PARTIAL}') "
            f"THEN coalesce({part}, {_IMPOSSIBLE_MONTH}) "
            f"WHEN isfinite({_day(given)}) THEN {self._whole(given)} "
            f"ELSE {_IMPOSSIBLE} END"
        )

    def _whole(self, given: str) -> str:
        day = _day(given)
        if not self._shifts:
            return f"printf('%04d-01-01', {self._year(day, grouped=self.grouped)})"
        time = f"substr({given}, 11)"
        kept = f"CASE WHEN regexp_full_match({time}, '{_TIME}') THEN {time} ELSE '' END"
        return (
            f"CASE WHEN {day} < DATE '0003-01-01' OR {self.offset} IS NULL "
            f"THEN {_IMPOSSIBLE} ELSE strftime({self._moved(day)}, '%Y-%m-%d') || "
            f"{kept} END"
        )

    def _partial(self, given: str) -> str:
        """Write a year or a month; NULL where it is none."""
        if not self._shifts:
            first = _first_day(given)
            year = f"printf('%04d', {self._year(first, grouped=self.grouped)})"
            return f"CASE WHEN {_first_day(given)} IS NOT NULL THEN {year} END"
        middle = (
            f"TRY_CAST({given} || CASE length({given}) WHEN 4 THEN '-07-01' "
            "ELSE '-15' END AS DATE)"
        )
        moved = f"strftime({self._moved(middle)}, '%Y-%m')"
        return (
            f"CASE WHEN {middle} > DATE '0003-01-01' "
            f"THEN left({moved}, length({given})) END"
        )

    def birth_text(self, given: str, died: str) -> str:
        """Write a FHIR birth date; who is over 89 gets the year of who is 90.

        Parameters
        ----------
        given : str
            A year, a month or a day, as FHIR text.
        died : str
            When the person died, as FHIR text, or NULL.

        References
        ----------
        45 CFR 164.514(b)(2)(i)(C). The guidance of HHS has the example: born in 1910,
        treated in 2010, the year of birth is given as "on or before 1920".
        """
        born = f"left({given}, 10)"
        known = (
            f"regexp_full_match({born}, '{_PARTIAL}(-[0-9]{{2}})?') "
            f"AND isfinite({_first_day(born)})"
        )
        year, died_year = (
            f"TRY_CAST(left({each}, 4) AS INTEGER)" for each in (given, died)
        )
        last = f"least({self.plan.reference_year}, {died_year})"
        shown, young = last, f"left({given}, 4)"
        if self._shifts:
            exact = replace(self, grouped=False)
            moved = f"TRY_CAST(left({exact.text(died)}, 4) AS INTEGER)"
            shown = f"coalesce(nullif({moved}, 1), {self.plan.reference_year})"
            young = exact.text(born)
        return (
            f"CASE WHEN {given} IS NULL THEN NULL WHEN NOT coalesce({known}, false) "
            f"THEN {_IMPOSSIBLE} WHEN {last} - {year} > {OLDEST} "
            f"THEN printf('%04d', {shown} - {OLDEST + 1}) ELSE {young} END"
        )

    def birth_columns(self, died: str) -> dict[str, str]:
        """Write OMOP's columns of birth, from the row's own and a death date.

        Parameters
        ----------
        died : str
            The person's death date, or NULL.
        """
        last = f"least({self.plan.reference_year}, year({died}))"
        old = f"({last} - year_of_birth > {OLDEST})"
        if not self._shifts:
            floor = f"{last} - {OLDEST + 1}"
            return {
                "year_of_birth": f"CAST(CASE WHEN {old} THEN {floor} "
                "ELSE year_of_birth END AS INTEGER)",
                "month_of_birth": "CAST(NULL AS INTEGER)",
                "day_of_birth": "CAST(NULL AS INTEGER)",
                "birth_datetime": "CAST(NULL AS TIMESTAMP)",
            }
        born = (
            "(TRY_CAST(printf('%04d-%02d-%02d', year_of_birth, "
            "coalesce(month_of_birth, 7), coalesce(day_of_birth, 1)) AS DATE) "
            f"+ {self.offset})"
        )
        shown = f"coalesce(year({died} + {self.offset}), {self.plan.reference_year})"
        return {
            "year_of_birth": f"CAST(CASE WHEN {old} THEN {shown} - {OLDEST + 1} "
            f"ELSE year({born}) END AS INTEGER)",
            "month_of_birth": f"CAST(CASE WHEN NOT {old} AND month_of_birth "
            f"IS NOT NULL THEN month({born}) END AS INTEGER)",
            "day_of_birth": f"CAST(CASE WHEN NOT {old} AND month_of_birth IS NOT NULL "
            f"AND day_of_birth IS NOT NULL THEN day({born}) END AS INTEGER)",
            "birth_datetime": f"CASE WHEN NOT {old} "
            f"THEN {replace(self, grouped=False).datetime('birth_datetime')} END",
        }
