"""`rounds simulate`: many loops, graded against the truth."""

from pathlib import Path
from typing import Literal

from rounds.cli.output import Progress, show

__all__ = ["simulate"]

Design = Literal[
    "parallel",
    "stepped-wedge",
    "cluster-crossover",
    "factorial",
    "encounter",
    "adaptive",
]


def simulate(
    *,
    loops: int = 1000,
    people: int = 7_000,
    clinics: int = 80,
    weeks: int | None = None,
    design: Design = "parallel",
    effect: float = 0.06,
    harm: float = 0.04,
    campaign: float = 0.0,
    seed: int = 1,
    processes: int = 2,
    out: Path | None = None,
    json: bool = False,
) -> int:
    """Run loops with no effect, with the effect, and with effect and harm.

    Prints coverage, sealed rates and adopting rates with their Monte Carlo errors; the
    exit code is 14 where a rate misses its bound.

    Parameters
    ----------
    loops
        Of each of the three kinds.
    people
        Registered adults in each world.
    clinics
        In each world; in parallel, half of them have the card.
    weeks
        Of enrolment. If not given: 26, or 79 for a stepped wedge, 39 for a cross-over
        and 52 for adaptive.
    design
        How arms run: in parallel, in steps, crossed over, two cards at once (factorial;
        the second card's effect is 0.04, or none in the worlds without effect), each
        visit is randomised on its own (encounter), or chances change (adaptive).
    effect
        Planted in the second and third kind.
    harm
        Planted in the third kind.
    campaign
        What else happens at go-live, at every clinic, with or without a card: usual
        care rises by so much on the logit scale (0.26 is about 3 points). The loop is
        shown beside a comparison of before and after, which takes it for the card's.
    seed
        Of the first world; each next world has the next seed.
    processes
        That share the work.
    out
        A file to keep every loop's line in (JSON lines); a run that was broken off
        goes on from it.
    json
        Print one JSON object.
    """
    from rounds.conduct.demo import USUAL_WEEKS
    from rounds.school import run_loops, summarise

    _check_options(loops, processes)
    weeks = USUAL_WEEKS[design] if weeks is None else weeks
    results = run_loops(
        _kinds(effect, harm),
        loops=loops,
        people=people,
        clinics=clinics,
        weeks=weeks,
        design=design,
        campaign=campaign,
        seed=seed,
        processes=processes,
        keep=out,
        progress=Progress(),
    )
    table = summarise(results)
    settings = {
        "people": people,
        "clinics": clinics,
        "weeks": weeks,
        "design": design,
        "effect": effect,
        "harm": harm,
        "campaign": campaign,
        "seeds": [seed, seed + loops - 1],
    }
    said = (
        f"{people:,} people and {clinics} clinics a world, {weeks} weeks of enrolment"
        + ("" if design == "parallel" else f", {design}")
    )
    planted = (
        f"planted: effect {effect}, harm {harm}"
        + (f", a campaign of {campaign} everywhere" if campaign else "")
        + f"; seeds {seed} to {seed + loops - 1}"
    )
    show(
        table.as_dict() | {"settings": settings},
        [said, planted, "", *table.lines()],
        as_json=json,
    )
    return 0 if table.within_bounds else 14


def _kinds(effect: float, harm: float) -> dict[str, dict[str, float]]:
    return {
        "no effect": {"effect": 0.0, "harm": 0.0},
        "effect": {"effect": effect, "harm": 0.0},
        "effect and harm": {"effect": effect, "harm": harm},
    }


def _check_options(loops: int, processes: int) -> None:
    from rounds.nouns import DefinitionError

    if loops < 1 or processes < 1:
        raise DefinitionError(
            f"--loops {loops} and --processes {processes} are at least 1.",
            code="simulate-options",
            remedies=("rounds simulate --loops 100 --processes 2",),
        )
