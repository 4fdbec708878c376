"""A list of opportunities made by hand: three measures, sites, one line hidden."""

import numpy as np

from rounds.nouns import Estimate, Opportunity, OpportunityList, Ref, Untold
from stories.told_problem import PERIOD

NAMES = ("blood-pressure-control", "statin-therapy", "breast-cancer-screening")


def measure(name):
    return Ref(name=f"measure/{name}", version="1", hash="c" * 64)


def amount(middle, spread, scale):
    return Estimate(
        value=middle, lower=middle / spread, upper=middle * spread, scale=scale,
        unit="QALY" if scale == "net_health_benefit" else "{patients}", n=900,
    )  # fmt: skip


def line(name, rank, unit=None, size=900, patients=120.0):
    return Opportunity(
        measure=measure(name), unit=unit, denominator=size, numerator=size * 2 // 3,
        patients=amount(patients, 1.4, "count"),
        benefit=amount(patients / 90, 2.2, "net_health_benefit"),
        rank=rank, rank_lower=max(rank - 1, 1), rank_upper=rank + 2,
    )  # fmt: skip


def opportunities():
    """Give the list: three whole lines, thirty of sites, one of them hidden."""
    rng = np.random.default_rng(1)
    gains = np.sort(rng.gamma(2, 6, 29))[::-1]
    sites = [
        line(NAMES[i % 3], i + 1, f"Clinic {i + 1:02d}", 60, float(gain))
        for i, gain in enumerate(gains)
    ]
    hidden = Opportunity(measure=measure(NAMES[0]), unit="Clinic 30", suppressed=True)
    return OpportunityList(
        name="opportunities",
        period=PERIOD,
        ranked_by="net_health_benefit",
        perspective="the health system",
        worth=50_000,
        currency="EUR",
        lines=(
            *(
                line(name, i + 1, patients=300 / (i + 1))
                for i, name in enumerate(NAMES)
            ),
            *sites,
            hidden,
        ),
        untold=(
            Untold(
                measure=measure("hba1c-poor-control"),
                reason="the datamart holds no Haemoglobin A1c (measurement) at all, so "
                "it cannot be said how many meet it.",
            ),
        ),
        limitations=("Sites are compared as they are.",),
    )
