"""Made-up patients for every branch of a measure, so that it can be tried with no data.

For each branch rows are placed where its clauses look (`made_solving`), and the
reference engine says whether the patient shows what it was made for: none is taken on
trust. One that does not is thrown away, and another is drawn.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rounds.definitions.code_systems import vocabulary_of
from rounds.definitions.explanation_criteria import say
from rounds.definitions.graph import concept_set_of
from rounds.definitions.made_goals import Goal, Way, ways
from rounds.definitions.made_rows import NotMade, Patient
from rounds.definitions.made_solving import finish, index_of, solve
from rounds.definitions.reference import Judge
from rounds.definitions.reference_criteria import Subject
from rounds.nouns import Code, Compare, Criterion, Measure, Period, Ref

__all__ = ["Branch", "Made", "made_patients"]

_TRIES: Final = 30
"""How often each patient of a branch is drawn anew before it is given up."""
_FIRST_CONCEPT: Final = 2_000_000_001
_CLAUSES: Final = (
    "denominator",
    "denominator_exclusion",
    "denominator_exception",
    "numerator",
    "numerator_exclusion",
    "observed_when",
)
Row = Mapping[str, Any]
Wanted = Mapping[str, bool]


@dataclass(frozen=True)
class Branch:
    """One way through a measure."""

    clause: str
    says: str
    """What is so of a patient of this branch, in words."""
    goals: tuple[Goal, ...]
    wanted: Wanted
    """Clause → whether it holds as a whole."""
    alone: tuple[Goal, ...]
    """What decides it, and who may be counted at all; where the rest of the measure
    cannot be as plain at the same time, this is enough."""
    deciding: int
    """How many goals decide it: the first of them."""

    def relaxed(self) -> "Branch":
        """Give the branch with nothing asked but what decides it."""
        clause = self.clause.split()[0]
        wanted = {
            name: holds
            for name, holds in self.wanted.items()
            if name in {clause, "initial_population"}
        }
        return replace(self, goals=self.alone, wanted=wanted)

    @property
    def name(self) -> str:
        """The clause and what is so."""
        return f"{self.clause}: {self.says}"


@dataclass(frozen=True, repr=False)
class Made:
    """Rows of made-up patients, and how many show each branch."""

    tables: Mapping[str, Sequence[Row]]
    """OMOP tables, the concepts of the measure's codes among them."""
    cohorts: Mapping[Ref, Sequence[Row]]
    persons: Mapping[str, tuple[int, ...]]
    """Branch → the `person_id` of the patients made for it."""
    not_made: tuple[str, ...]
    """Branches of which no patient could be made: a clause may contradict another."""


def made_patients(measure: Measure, period: Period, n: int, seed: int = 0) -> Made:
    """Make up patients for each branch of a measure.

    Parameters
    ----------
    measure : Measure
        A measure that `check` finds nothing wrong with.
    period : Period
        Over which it is to be run.
    n : int
        How many of each branch.
    seed : int
        The same seed makes the same patients.

    Returns
    -------
    Made
        At least `n` of each branch, but those that it names: each was judged by the
        reference engine to be what it was made for.

    Raises
    ------
    ValueError
        If `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"{n} patients of each branch are asked for")
    concepts, ids = _concepts(measure)
    chance = random.Random(seed)
    kept: list[Patient] = []
    persons: dict[str, tuple[int, ...]] = {}
    not_made = []
    for branch in branches(measure):
        found: list[Patient] = []
        for exact in (branch, branch.relaxed()):
            for _ in range(_TRIES if len(found) < n else 0):
                blank = [
                    Patient(key, period, ids, random.Random(chance.random()))
                    for key in range(1, n - len(found) + 1)
                ]
                drawn = _drawn(measure, exact, blank)
                found += _proven(measure, period, exact, drawn, concepts)
                if len(found) >= n:
                    break
        if len(found) < n:
            not_made.append(branch.name)
            continue
        for place, one in enumerate(found[:n], start=len(kept) + 1):
            _renumber(one, place)
        kept += found[:n]
        persons[branch.name] = tuple(one.key for one in found[:n])
    tables, cohorts = _together(kept, concepts)
    return Made(tables, cohorts, persons, tuple(not_made))


def branches(measure: Measure) -> Iterator[Branch]:
    """Give every way through a measure: in and out of each clause, by each part."""
    plain: dict[str, tuple[Goal, ...]] = {
        "initial_population": ways(measure.initial_population, holds=True)[0].goals
    }
    wanted = {"initial_population": True}
    for clause in _CLAUSES:
        node = getattr(measure, clause)
        if node is not None and clause != "numerator_exclusion":
            wanted[clause] = clause in {"denominator", "numerator", "observed_when"}
            plain[clause] = ways(node, holds=wanted[clause])[0].goals
    yield from _of_clause(
        measure, "initial_population", measure.initial_population, plain, wanted
    )
    for clause in _CLAUSES:
        node = getattr(measure, clause)
        if node is not None:
            changed, base = dict(wanted), dict(plain)
            if clause == "denominator_exception" and measure.numerator:
                changed["numerator"] = False
                base["numerator"] = ways(measure.numerator, holds=False)[0].goals
            yield from _of_clause(measure, clause, node, base, changed)
    for one in measure.stratifiers:
        for stratum in one.strata:
            name = f"stratum {one.name}, {stratum.label}"
            for way in ways(stratum.when, holds=True):
                yield _branch(measure, name, way, plain, wanted)


def _of_clause(
    measure: Measure,
    clause: str,
    node: Criterion,
    plain: Mapping[str, tuple[Goal, ...]],
    wanted: Wanted,
) -> Iterator[Branch]:
    for holds in (True, False):
        for way in ways(node, holds=holds):
            others = {name: some for name, some in plain.items() if name != clause}
            asked = {**wanted, clause: holds}
            if clause == "initial_population" and not holds:
                others, asked = {}, {clause: False}
            word = "holds" if holds else "does not hold"
            yield _branch(measure, f"{clause} {word}", way, others, asked)


def _branch(
    measure: Measure,
    clause: str,
    way: Way,
    others: Mapping[str, tuple[Goal, ...]],
    wanted: Wanted,
) -> Branch:
    """Put the goals that decide first: what is placed for them stays."""
    population = others.get("initial_population", ())
    return Branch(
        clause,
        _said(measure, way.deciding),
        _with(way.goals, [goal for some in others.values() for goal in some]),
        wanted,
        _with(way.deciding, population),
        len(way.deciding),
    )


def _with(goals: tuple[Goal, ...], rest: Iterable[Goal]) -> tuple[Goal, ...]:
    decided = {goal.node for goal in goals}
    return (*goals, *(goal for goal in rest if goal.node not in decided))


def _said(measure: Measure, goals: tuple[Goal, ...]) -> str:
    words = {"holds": "", "fails": "not ", "missing": "no number for "}
    said = []
    for goal in goals:
        first = next(iter(say(measure, goal.node)))
        said.append(f"{words[goal.how]}{first}")
    return "; ".join(dict.fromkeys(said))


def _drawn(measure: Measure, branch: Branch, blank: Sequence[Patient]) -> list[Patient]:
    """Draw patients for a branch; those that lead nowhere are not among them."""
    found = []
    for patient in blank:
        try:
            index_of(patient, measure, branch.goals)
            for goal in branch.goals:
                solve(patient, goal)
            patient.rows["person"] = [finish(patient)]
        except NotMade:
            continue
        found.append(patient)
    return found


def _renumber(patient: Patient, key: int) -> None:
    """Give a patient another number, in every id of every row."""
    old = patient.key
    for rows in patient.rows.values():
        for row in rows:
            for name in ("person_id", "subject_id"):
                if name in row:
                    row[name] = key
            for name, value in row.items():
                if _is_key(name) and value is not None and value // 1000 == old:
                    row[name] = key * 1000 + value % 1000
            if "person_source_value" in row:
                row["person_source_value"] = f"made-up-{key}"
    patient.key = key


def _is_key(name: str) -> bool:
    return (
        name.endswith("_id")
        and not name.endswith("concept_id")
        and name not in {"person_id", "subject_id"}
    )


def _proven(
    measure: Measure,
    period: Period,
    branch: Branch,
    drawn: list[Patient],
    concepts: Sequence[Row],
) -> list[Patient]:
    """Keep the patients of whom the reference engine finds what they were made for."""
    tables, cohorts = _together(drawn, concepts)
    judge = Judge(measure, tables, period, cohorts)
    return [
        patient
        for patient in drawn
        if any(
            _shows(judge, measure, branch, one)
            for one in judge.candidates(patient.rows["person"][0])
        )
    ]


def _shows(judge: Judge, measure: Measure, branch: Branch, subject: Subject) -> bool:
    true = judge.criteria.true
    return all(
        true(getattr(measure, clause), subject) == holds
        for clause, holds in branch.wanted.items()
    ) and all(
        true(goal.node, subject) == goal.is_true and _is_missing(judge, goal, subject)
        for goal in branch.goals[: branch.deciding]
    )


def _is_missing(judge: Judge, goal: Goal, subject: Subject) -> bool:
    """Tell whether there is no number, where there must be none."""
    if not isinstance(goal.node, Compare):
        return True
    value = judge.criteria.number(goal.node.reading, subject)
    return (value is None) == (goal.how == "missing")


def _together(
    patients: list[Patient], concepts: Sequence[Row]
) -> tuple[dict[str, list[Row]], dict[Ref, list[Row]]]:
    tables: dict[str, list[Row]] = {"person": [], "concept": list(concepts)}
    cohorts: dict[Ref, list[Row]] = {}
    for patient in patients:
        for name, rows in patient.rows.items():
            if name.startswith("cohort/"):
                cohorts.setdefault(Ref.parse(name), []).extend(rows)
            else:
                tables.setdefault(name, []).extend(rows)
    return tables, cohorts


def _concepts(
    measure: Measure,
) -> tuple[list[Row], dict[str, tuple[int, ...]]]:
    """Give each code of the measure a concept, and each concept set its own."""
    ids: dict[tuple[str, str], int] = {}
    left_out: dict[str, set[tuple[str, str]]] = {}
    sets: dict[str, list[tuple[str, str]]] = {}
    for each in measure.concept_sets:
        one = concept_set_of(measure, each.name)
        keys = [
            (vocabulary_of(c.system), c.code if isinstance(c, Code) else c.code_prefix)
            for c in (*one.include, *one.exclude)
        ]
        left_out[one.name] = set(keys[len(one.include) :])
        sets[one.name] = keys[: len(one.include)]
        for key in keys:
            ids.setdefault(key, _FIRST_CONCEPT + len(ids))
    rows: list[Mapping[str, Any]] = [
        {"concept_id": concept, "vocabulary_id": system, "concept_code": code}
        for (system, code), concept in ids.items()
    ]
    return rows, {
        name: tuple(
            ids[key] for key in dict.fromkeys(keys) if key not in left_out[name]
        )
        for name, keys in sets.items()
    }
