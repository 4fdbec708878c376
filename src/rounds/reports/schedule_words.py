"""A schedule in the report: how clinics were randomised, and who hears when."""

from dataclasses import dataclass

from rounds.nouns import Design, Rollout, Schedule
from rounds.reports.wording import day

__all__ = ["ScheduleTable", "plain_allocation", "randomised_by", "schedule_table"]


@dataclass(frozen=True)
class ScheduleTable:
    """Sequences as rows, periods as columns."""

    caption: str
    starts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def schedule_table(schedule: Schedule | None) -> ScheduleTable | None:
    """Give what each sequence has in each period; None where arms run in parallel."""
    if schedule is None:
        return None
    pause = ""
    if schedule.transition_days:
        pause = (
            f" In the last {schedule.transition_days} days before each step nobody is "
            "enrolled, so that follow-up is over before arms change."
        )
    said = {"0": "silent", "1": "card"}
    rows = tuple(
        (
            f"Sequence {i + 1}",
            tuple(
                said[cell] + ("" if schedule.enrols(i, t) else ", nobody enrolled")
                for t, cell in enumerate(row)
            ),
        )
        for i, row in enumerate(schedule.sequences)
    )
    return ScheduleTable(
        caption=f"The {schedule.title}: clinics were randomised to sequences.{pause}",
        starts=tuple(day(start) for start in schedule.period_starts),
        rows=rows,
    )


def randomised_by(rollout: Rollout) -> str:
    """Say of a rollout what was randomised, and how."""
    design = rollout.design
    units = "" if rollout.n_units is None else f", {rollout.n_units} units"
    strata = ", ".join(design.strata).replace("_", " ")
    within = f", stratified by {strata}" if strata else ""
    if design.factors is not None:
        how = "to the four cells of two factors, in blocks that hold each once"
    elif design.schedule is None:
        how = design.in_words
    else:
        n, title = len(design.schedule.sequences), design.schedule.title
        how = f"to the {n} sequences of a {title}, in blocks that hold each once"
    left = f"; {rollout.left_out} left out without a partner"
    return f"{design.unit}{units}{within}; {how}{left if rollout.left_out else ''}"


def plain_allocation(design: Design, who: str) -> str:
    """Say for patients how it was chosen where the note was turned on."""
    if design.adaptation is not None:
        return (
            f"For some {who} the note was turned on. For the others it was not. "
            "We drew lots to choose. As we learned more, we picked the side that did "
            "better more often."
        )
    return _plain_schedule(design.schedule, who)


def _plain_schedule(schedule: Schedule | None, who: str) -> str:
    if schedule is None:
        return (
            f"For some {who} the note was turned on. For the others it was not. "
            "We drew lots to choose."
        )
    if schedule.kind == "stepped_wedge":
        return (
            f"The note was turned on for a few {who} first, then for more, then for "
            "all. We drew lots to choose the order."
        )
    return (
        f"For some {who} the note was on first and then off. For the others it was "
        "off first and then on. We drew lots to choose."
    )
