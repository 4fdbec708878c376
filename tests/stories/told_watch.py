"""Alerts with their paths, and what is left of a change, made by hand."""

import datetime as dt

import numpy as np

from rounds.definitions import builtin_measures
from rounds.loop.problem.watching import Promise, watch_series
from rounds.nouns import (
    Estimate,
    Maintained,
    Maintenance,
    NotEstimable,
    Period,
    Provenance,
    UnitResult,
)
from stories.told_problem import ref

MEASURE = builtin_measures()["blood-pressure-control"]
SINCE = dt.date(2025, 1, 1)


def months(sizes, hits):
    """Give months from January 2024 on."""
    return [
        UnitResult(
            unit=f"{2024 + i // 12}-{i % 12 + 1:02d}", denominator=n, numerator=x
        )
        for i, (n, x) in enumerate(zip(sizes, hits, strict=True))
    ]


def signals(sizes, hits, unit="Clinic 07"):
    """Watch one unit from January 2025 on; give its alerts, with exact counts."""
    return watch_series(
        MEASURE,
        {unit: months(sizes, hits)},
        since=SINCE,
        owner="Bo Lind",
        promise=Promise(),
        provenance=Provenance(made_from=(MEASURE.ref(),)),
        rng=np.random.default_rng(1),
    ).alerts


def falling(size, unit="Clinic 07", seed=1):
    """Give the alert of a unit that falls from 60% to 40% in April 2025."""
    rng = np.random.default_rng(seed)
    sizes = [size] * 24
    hits = rng.binomial(size, [0.6] * 15 + [0.4] * 9)
    return signals(sizes, [int(x) for x in hits], unit)[0]


def share(value, lower, upper, scale="proportion"):
    """Give an estimate."""
    return Estimate(value=value, lower=lower, upper=upper, scale=scale)


def maintenance(decision=None, *, kept=(0.9, 0.6, 1.2), early=True):
    """Give what is left after half a year, and after a year if it is not too early."""
    at = [_maintained(6, "2025-04-01", "2025-06-30", kept)]
    if early:
        none = NotEstimable(reason="too early: the data end on 2025-09-01")
        names = ("rate", "change", "kept", "delivered", "accepted", "settings")
        period = Period(start="2025-10-01", end="2025-12-31")
        at.append(Maintained(months=12, period=period, **dict.fromkeys(names, none)))
    else:
        at.append(_maintained(12, "2025-10-01", "2025-12-31", kept))
    return Maintenance(
        name="intensify",
        title="What is left of the card",
        decision=decision or ref("decision/intensify"),
        measure=ref("measure/control"),
        adopted=dt.date(2025, 1, 1),
        data_until=dt.date(2025, 9, 1),
        at=tuple(at),
        limitations=("Nothing is randomised after adoption.",),
    )


def _maintained(number, start, end, kept):
    return Maintained(
        months=number,
        period=Period(start=start, end=end),
        rate=share(0.64, 0.6, 0.68),
        change=share(-0.006, -0.03, 0.02, "risk_difference"),
        kept=share(*kept, "index") if kept else NotEstimable(reason="no gain is known"),
        delivered=share(0.97, 0.95, 0.98),
        accepted=share(0.41, 0.36, 0.46),
        settings=share(0.9, 0.77, 0.97),
    )
