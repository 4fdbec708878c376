"""The world itself: it lives week by week, and remembers."""

import copy
import hashlib
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from rounds.nouns.errors import DefinitionError
from rounds.world.before_after import as_switched_on, before_and_after, past_window
from rounds.world.calls import Calls, Everywhere
from rounds.world.config import (
    WEEKS_BEFORE,
    WEEKS_FOLLOW_UP,
    WEEKS_WATCH,
    WorldConfig,
)
from rounds.world.events import event_log
from rounds.world.facts import Facts
from rounds.world.fhir import write_fhir
from rounds.world.ids import clinic_names, patient_names, practitioner_names
from rounds.world.luck import Luck
from rounds.world.omop import write_omop
from rounds.world.opportunities import opportunities
from rounds.world.point_of_care import PointOfCare
from rounds.world.records import Records
from rounds.world.scene import make_scene
from rounds.world.solve import solve_acceptance
from rounds.world.state import Acceptance, Channel, Now, State
from rounds.world.trial_population import Outcomes, outcomes
from rounds.world.truth import (
    Told,
    lived,
    make_truth,
    outcomes_everywhere,
    outcomes_nowhere,
    told_of_visits,
    write_sealed,
)
from rounds.world.week import live_week

__all__ = ["World"]


class World:
    """A simulated health system whose true answers are known.

    Parameters
    ----------
    config : WorldConfig
        Size, length, seed, and what is planted.

    Examples
    --------
    >>> from rounds.world import World, WorldConfig
    >>> world = World(WorldConfig(people=400, weeks=4, n_clinics=4, n_outliers=0))
    >>> world.live(world.go_live, None)
    >>> world.now == world.go_live
    True
    """

    def __init__(self, config: WorldConfig) -> None:
        self.config = config
        self._scene = make_scene(config, Luck(config.seed))
        clinics = self._scene.clinics
        self._names = (
            patient_names(config.people),
            clinic_names(config.n_clinics),
            practitioner_names(clinics.clinician_clinic, clinics.clinician_number),
        )
        self._state = State.start(self._scene)
        self._records = Records()
        self._week = 0
        self._acceptance = Acceptance()
        self._at_go_live: tuple[State, Records] | None = None
        # Shared with every other future of this past: no card, so nothing planted.
        self._nowhere = cache(self._live_nowhere)
        self._year_before = cache(self._count_year_before)
        self._opportunities = cache(self._find_opportunities)

    def __repr__(self) -> str:
        """Say how large it is and how far it has lived."""
        return f"<world: {self.config.people:,} people, until {self.now}>"

    @property
    def begin(self) -> date:
        """The first day of data."""
        return self.config.begin

    @property
    def now(self) -> date:
        """The first day that has not been lived yet."""
        return self.begin + timedelta(weeks=self._week)

    @property
    def go_live(self) -> date:
        """The Monday from which the EHR calls the service."""
        return self.config.go_live

    @property
    def enrolment_end(self) -> date:
        """The last day on which a first uncontrolled visit counts, a Sunday."""
        return self.go_live + timedelta(weeks=self.config.weeks, days=-1)

    @property
    def trial_end(self) -> date:
        """The Monday after the last follow-up of 90 days is complete."""
        return self.go_live + timedelta(weeks=self.config.weeks + WEEKS_FOLLOW_UP)

    @property
    def watch_end(self) -> date:
        """The Monday after 26 weeks of watching what was decided."""
        return self.trial_end + timedelta(weeks=WEEKS_WATCH)

    def live(
        self,
        until: date,
        point_of_care: PointOfCare | None,
        second: PointOfCare | None = None,
    ) -> None:
        """Live every whole week, Monday to Sunday, that is over by `until`.

        Parameters
        ----------
        until : date
            A Sunday and the Monday after it mean the same. Earlier than `now`,
            nothing happens: time does not run backwards.
        point_of_care : PointOfCare or None
            What answers the EHR from go-live on; None for no cards.
        second : PointOfCare, optional
            What answers for a second card, in a world that has one.
        """
        last = ((until - self.begin).days + 1) // 7
        channels = [self._channel(one) for one in (point_of_care, second)]
        while self._week < last:
            if self._week == WEEKS_BEFORE:
                self._go_live()
            now = self._now(self._week, self._state, self._records)
            live_week(now, *channels)
            self._week += 1

    def _channel(self, point_of_care: PointOfCare | None) -> Channel | None:
        if point_of_care is None:
            return None
        seed, names = self.config.seed, self._names
        return Calls(self._scene, self._records, point_of_care, seed, names)

    def planted(self, *, effect: float, harm: float) -> "World":
        """Give the same past another future: what is planted from go-live on.

        Raises
        ------
        DefinitionError
            If go-live has passed, or a value is out of its range.
        """
        config = replace(self.config, effect=effect, harm=harm)
        if self._week > WEEKS_BEFORE:
            raise DefinitionError(
                "This world has lived past its go-live.",
                code="past-go-live",
                why="What is planted acts from go-live on.",
                remedies=("Ask it before `live` passes `go_live`.",),
            )
        twin = copy.copy(self)
        twin.config = config
        twin._state, twin._records = self._state.copy(), self._records.copy()  # noqa: SLF001
        return twin

    def _now(self, week: int, state: State, records: Records) -> Now:
        return Now(self._scene, week, state, records, self._acceptance)

    def _go_live(self) -> None:
        """Keep the state for the potential outcomes, and solve for what is planted."""
        self._at_go_live = (self._state.copy(), self._records.copy())
        self._acceptance = solve_acceptance(self.config, self._scene, self._records)

    def seal(self, path: Path) -> None:
        """Write the truth to a sealed file, readable by its owner alone.

        It is the same whenever it is sealed: before go-live, the weeks until then are
        lived on a copy. That of visits is told once the trial is over.

        Parameters
        ----------
        path : Path
            A JSON file; written whole or not at all, mode 0600.

        Raises
        ------
        OSError
            If the file cannot be written.
        DefinitionError
            If each visit was randomised, and the trial is not over.
        """
        write_sealed(Path(path), self._truth())

    def _truth(self) -> dict[str, object]:
        """Count the truth from the potential outcomes."""
        fork = self._at_go_live or self._ahead()
        config, scene = self.config, self._scene
        acceptance = solve_acceptance(config, scene, fork[1])
        told = self._told(fork, acceptance)
        truth = make_truth(
            config,
            scene,
            fork,
            acceptance,
            self._names[1],
            potential=told,
            opportunities=self._opportunities(),
        )
        switched = as_switched_on(config)
        if switched == config and not config.by_visit:
            after = told.persons[0]
        else:
            after = outcomes_everywhere(switched, scene, fork, acceptance)
        before = self._year_before()
        naive = before_and_after(
            config, scene, self._names[1], before=before, after=after
        )
        return truth | {"before_and_after": naive}

    def _with_second(
        self, fork: tuple[State, Records], acceptance: Acceptance
    ) -> tuple[Outcomes, Outcomes] | None:
        """Live the trial with the second card alone everywhere, and with both."""
        config, scene = self.config, self._scene
        if config.second_effect is None:
            return None
        card = Everywhere(scene)
        return (
            lived(config, scene, fork, acceptance, None, second=card),
            lived(config, scene, fork, acceptance, card, second=card),
        )

    def _told(self, fork: tuple[State, Records], acceptance: Acceptance) -> Told:
        """Give the potential outcomes of persons, or of visits."""
        config, scene = self.config, self._scene
        if not config.by_visit:
            on = outcomes_everywhere(config, scene, fork, acceptance)
            second = self._with_second(fork, acceptance)
            return Told((on, self._nowhere()), second=second)
        if self.now < self.trial_end:
            raise DefinitionError(
                "The truth of visits cannot be told before the trial is over.",
                code="trial-not-lived",
                why="What each visit's card did is asked given the history as it was.",
                remedies=("Let the world live until its trial_end.",),
            )
        return told_of_visits(config, scene, fork, acceptance, self._records)

    def _live_nowhere(self) -> Outcomes:
        fork = self._at_go_live or self._ahead()
        return outcomes_nowhere(self.config, self._scene, fork)

    def _count_year_before(self) -> Outcomes:
        _, records = self._at_go_live or self._ahead()
        return outcomes(self._scene, records, *past_window(self.config, self._scene))

    def _find_opportunities(self) -> dict[str, object] | None:
        """Count what care falls short by, where there is more than one problem."""
        if not self._scene.beside:
            return None
        _, records = self._at_go_live or self._ahead()
        return opportunities(self.config, self._scene, records, self._names[1])

    def _ahead(self) -> tuple[State, Records]:
        """Live a copy until go-live."""
        state, records = self._state.copy(), self._records.copy()
        for week in range(self._week, WEEKS_BEFORE):
            live_week(self._now(week, state, records), None)
        return state, records

    def write_omop(self, directory: Path) -> None:
        """Write everything so far as OMOP CDM 5.4 parquet.

        Parameters
        ----------
        directory : Path
            Made when it is not there.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        write_omop(Path(directory), self._facts())

    def write_fhir(self, directory: Path) -> None:
        """Write everything so far as FHIR R4 bulk NDJSON, one file for each type.

        Parameters
        ----------
        directory : Path
            Made when it is not there.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        write_fhir(Path(directory), self._facts())

    def _facts(self) -> Facts:
        return Facts(self._scene, self._records, self._names, 7 * self._week)

    def event_log(self) -> bytes:
        """Give everything that has happened, in order, as canonical CSV bytes."""
        return event_log(self._scene, self._records, self._names)

    def event_log_hash(self) -> str:
        """Give the SHA-256 of the event log, in hexadecimal."""
        return hashlib.sha256(self.event_log()).hexdigest()
