"""What explains the variation, in a project: run without what is hidden, publish."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping

from rounds.conduct.answering import Answering
from rounds.conduct.desk import Desk
from rounds.conduct.differencing_guard import Line
from rounds.conduct.disclosure_settings import DisclosureSettings
from rounds.conduct.periods import last_twelve_months
from rounds.conduct.project import Project
from rounds.conduct.reconcile import reconcile
from rounds.datamart import members_of_each
from rounds.ledger import safe
from rounds.loop.problem.explaining import counted, partition_of, read_asked
from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import (
    DisclosureError,
    Estimate,
    Measure,
    NotEstimable,
    Period,
    UnitResult,
    VariancePartition,
)

__all__ = ["run_explain", "withheld_sites"]

Members = Mapping[str, tuple[PersonSum, ...]]


def run_explain(
    desk: Desk,
    name: str,
    period: Period | None = None,
    *,
    balancing: str | None = None,
    target: float | None = None,
) -> VariancePartition:
    """Find at which level a measure varies, and publish it.

    Sites whose counts may not be told take no part, and while a trial randomises sites
    none is named.

    Parameters
    ----------
    name : str
        The measure's.
    period : Period, optional
        The twelve months that end with the last day of the data, if not given.
    balancing : str, optional
        The name of a measure to set beside it.
    target : float, optional
        What is aimed at, of the measure, in [0, 1].

    Returns
    -------
    VariancePartition
        As the ledger holds it.

    Raises
    ------
    DefinitionError
        If there is no such measure, one is not a proportion, or it balances itself.
    DataError
        If the data cannot answer a measure.
    DisclosureError
        If it is too close to what was told or published before.
    """
    reconcile(desk)
    measure = desk.measure(name)
    beside = None if balancing is None else desk.measure(balancing)
    without = desk.practice.opt_outs()
    with desk.datamart() as mart:
        asked = read_asked(
            measure,
            mart,
            period=period or last_twelve_months(mart),
            balancing=beside,
            target=target,
            without=without,
        )
        both = [measure] if beside is None else [measure, beside]
        members = [
            members_of_each(mart, one, asked.period, ("care_site",), without=without)
            for one in both
        ]
    exact = counted(asked)
    hidden = [
        withheld_sites(exact, one, of, desk.project, now=desk.now, beside=k > 0)
        for k, (one, of) in enumerate(zip(both, members, strict=True))
    ]
    found = partition_of(
        asked,
        hidden=hidden[0],
        hidden_balancing=hidden[1] if beside is not None else (),
        by_site=not desk.practice.is_masked(desk.now()),
    )
    # Where every site had to be hidden the total is too, and it stays so.
    shown = safe(exact)
    found = found.model_copy(
        update={
            "overall": shown.overall,
            "balancing_overall": shown.balancing_overall,
        }
    )
    for one in both:
        desk.publish(one)
    return desk.publish(found)


def withheld_sites(
    exact: VariancePartition,
    measure: Measure,
    members: Members,
    project: Project,
    *,
    now: Callable[[], dt.datetime],
    beside: bool,
) -> frozenset[str]:
    """Give the sites whose counts may not be told, and write down that others are.

    Parameters
    ----------
    exact : VariancePartition
        As `rounds.loop.problem.explaining.counted` gives it.
    measure : Measure
        The one that balances, if `beside`.
    members : mapping of str to tuple of PersonSum
        `overall`, `care_site LABEL`; a site whose people are not named, or are others
        than were counted, is withheld.
    now : callable
        Gives the moment.

    Raises
    ------
    DisclosureError
        If the whole may not be told.
    DataError
        If what was told before cannot be read.
    """
    settings = DisclosureSettings.of(project.settings)
    counts = _counts(exact, beside=beside)
    told = _counts(safe(exact), beside=beside)
    known = {n for n, c in counts.items() if n in members and _are(members[n], c)}
    lines = [Line(n, members[n], told.get(n) is None) for n in sorted(known)]
    question = f"partition\n{measure.ref()}\n{exact.period}"
    answering = Answering.open(project.asked, settings.profile.threshold)
    try:
        withheld = (set(counts) - known) | answering.published(
            hashlib.sha256(question.encode()).hexdigest(),
            lines,
            now,
            together=settings.together,
        )
    finally:
        answering.close()
    if "overall" in withheld:
        raise DisclosureError(
            "What is asked is too close to what was told or published before.",
            code="too-close-to-publish",
            why="Whoever read both could subtract one from the other, which would "
            "leave very few people.",
            remedies=(
                "Use what was published: rounds loop",
                "Choose a period or a measure that differs by more people.",
            ),
        )
    gone = withheld | {n for n, c in told.items() if c is None}
    return frozenset(n.removeprefix("care_site ") for n in gone if n != "overall")


def _counts(
    found: VariancePartition, *, beside: bool
) -> dict[str, tuple[int | None, int | None] | None]:
    """Give every count that is compared by the name of its line; None where hidden."""
    overall: Estimate | NotEstimable | None
    units: list[UnitResult | None]
    overall = found.balancing_overall if beside else found.overall
    units = [one.balancing if beside else one.site for one in found.sites]
    counts: dict[str, tuple[int | None, int | None] | None] = {"overall": None}
    if isinstance(overall, Estimate) and overall.n and overall.value is not None:
        counts["overall"] = (overall.n, round(overall.value * overall.n))
    for unit in units:
        if unit is not None and (unit.suppressed or unit.denominator):
            counts[f"care_site {unit.unit}"] = (
                None if unit.suppressed else (unit.denominator, unit.numerator)
            )
    return counts


def _are(
    sums: tuple[PersonSum, ...], counts: tuple[int | None, int | None] | None
) -> bool:
    """Say whether these are the persons who were counted."""
    return counts is not None and tuple(one.total for one in sums) == counts
