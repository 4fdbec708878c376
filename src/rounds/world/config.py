"""What a world is made from: size, length, seed, and what is planted in it."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from rounds.nouns.errors import DefinitionError
from rounds.world.plantings import DiabetesPlanting, ScreeningPlanting

__all__ = ["FAULTS", "PROBLEMS", "TRIAL", "WorldConfig"]

FAULTS = {
    "missing_outcomes_active": (
        "After a card most rechecks are cancelled, so outcomes go missing in the "
        "active arm."
    ),
    "crossover": (
        "From go-live a visit in five is made at a neighbouring clinic, whatever its "
        "arm."
    ),
    "zero_ending": "37% of readings are rounded to a final zero.",
}
TRIAL = "hypertension"
PROBLEMS = (TRIAL, "diabetes", "screening")
WEEKS_BEFORE = 78
WEEKS_FOLLOW_UP = 13
WEEKS_WATCH = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldConfig:
    """The settings of a simulated health system.

    Parameters
    ----------
    people : int
        Registered adults, all of them, with and without hypertension.
    weeks : int
        Weeks of enrolment after go-live.
    seed : int
        The seed of everything that happens by chance.
    effect : float
        Planted risk difference (card everywhere minus nowhere) of treatment
        intensified within 14 days of the first uncontrolled visit, in [0, 0.5].
    second_effect : float, optional
        Where a second card is tried at once: the same difference planted by it alone.
        None: there is one card. What the two do together follows from how they act: who
        is intensified for one card cannot be for the other, and two cards tire sooner.
    harm : float
        Planted extra risk difference of a systolic pressure below 100 mmHg in days
        1 to 90 after that visit, in [0, 0.1].
    problems : tuple of str
        The simulated problems: hypertension, which the trial is about, and beside it
        diabetes, screening, or both. What hypertension does is the same with and
        without them.
    diabetes : DiabetesPlanting
        How diabetes is cared for, where it is among the problems.
    screening : ScreeningPlanting
        How many keep up with colorectal screening, where it is among the problems.
    n_clinics : int
        Clinics, at least 2.
    faults : tuple of str
        Names from `FAULTS`, each written into the truth.
    n_outliers : int
        Clinics planted outside the random-effect distribution of blood pressure.
    go_live : date
        A Monday; data begin 78 weeks before it.
    closed : tuple of (int, int)
        Stretches of days after go-live, each from its first day to the day after its
        last, on which nobody is enrolled: an index visit there is no index visit. The
        truth leaves these persons out; what is lived is the same.
    campaign : float
        What else changes at go-live, at every clinic and with or without a card: by
        how much usual care's chance of intensifying rises on the logit scale, in
        [-2, 2]; 0.26 is about 3 points. It is what a comparison of before and after
        takes for the card's.
    by_visit : bool
        Whether each visit is randomised on its own. The truth is then of visits, given
        their history as it was lived, and can be told once the trial is over; what is
        lived is the same.

    Raises
    ------
    DefinitionError
        If a setting is out of its range; all that is wrong is said at once.
    """

    people: int = 10_000
    weeks: int = 26
    seed: int = 1
    effect: float = 0.06
    harm: float = 0.0
    problems: tuple[str, ...] = (TRIAL,)
    diabetes: DiabetesPlanting = field(default_factory=DiabetesPlanting)
    screening: ScreeningPlanting = field(default_factory=ScreeningPlanting)
    n_clinics: int = 40
    faults: tuple[str, ...] = ()
    n_outliers: int = 1
    go_live: date = date(2025, 1, 6)
    closed: tuple[tuple[int, int], ...] = ()
    second_effect: float | None = None
    campaign: float = 0.0
    by_visit: bool = False

    def __post_init__(self) -> None:
        """Check every setting and say everything that is wrong together."""
        wrong = [sentence for ok, sentence in self._checks() if not ok]
        if wrong:
            raise DefinitionError(
                "This world cannot be made: " + " ".join(wrong),
                code="world-config",
                remedies=("Change the settings named above.",),
            )

    def _checks(self) -> list[tuple[bool, str]]:
        unknown = sorted(set(self.faults) - set(FAULTS))
        strange = sorted(self.problems) != sorted(set(self.problems) & set(PROBLEMS))
        return [
            (
                TRIAL in self.problems and not strange,
                (
                    f"WorldConfig.problems is {', '.join(self.problems) or 'empty'}; "
                    f"it names {TRIAL}, and of {', '.join(PROBLEMS[1:])} what lives "
                    "beside it, each once."
                ),
            ),
            *self.diabetes.checks(),
            *self.screening.checks(),
            (
                2 <= self.n_clinics <= 5_000,
                f"WorldConfig.n_clinics is {self.n_clinics}, not from 2 to 5000.",
            ),
            (
                self.people >= 10 * self.n_clinics,
                (
                    f"WorldConfig.people is {self.people}: fewer than ten for each "
                    f"of {self.n_clinics} clinics."
                ),
            ),
            (
                1 <= self.weeks <= 260,
                f"WorldConfig.weeks is {self.weeks}, not from 1 to 260.",
            ),
            *self._planted(),
            (
                not unknown,
                f"WorldConfig.faults names {unknown}; known are {sorted(FAULTS)}.",
            ),
            (
                0 <= self.n_outliers <= self.n_clinics // 2,
                (
                    f"WorldConfig.n_outliers is {self.n_outliers}, not from 0 to half "
                    "of the clinics."
                ),
            ),
            *self._days_checks(),
        ]

    def _days_checks(self) -> list[tuple[bool, str]]:
        return [
            (
                all(0 <= a < b <= 7 * self.weeks for a, b in self.closed),
                (
                    f"WorldConfig.closed is {self.closed}, not stretches of days "
                    "within enrolment."
                ),
            ),
            (
                not (self.by_visit and self.closed),
                "WorldConfig.closed is of persons, and by_visit of visits: choose one.",
            ),
            (
                self.go_live.weekday() == 0,
                f"WorldConfig.go_live is {self.go_live}, which is not a Monday.",
            ),
        ]

    def _planted(self) -> list[tuple[bool, str]]:
        second = self.second_effect
        return [
            (
                0 <= self.effect <= 0.5,
                f"WorldConfig.effect is {self.effect}, not from 0 to 0.5.",
            ),
            (
                second is None or 0 <= second <= 0.5,
                f"WorldConfig.second_effect is {second}, not from 0 to 0.5.",
            ),
            (
                0 <= self.harm <= 0.1,
                f"WorldConfig.harm is {self.harm}, not from 0 to 0.1.",
            ),
            (
                -2 <= self.campaign <= 2,
                f"WorldConfig.campaign is {self.campaign}, not from -2 to 2.",
            ),
        ]

    @property
    def begin(self) -> date:
        """The first day of data, 78 weeks before go-live."""
        return self.go_live - timedelta(weeks=WEEKS_BEFORE)
