"""An equity analysis of made groups, as it may be told."""

from rounds.nouns import (
    Equity,
    Estimate,
    GroupGap,
    Inequality,
    Meeting,
    NotEstimable,
    Period,
    Ref,
    UnitResult,
)

UNORDERED = NotEstimable(reason="The groups by sex have no order.")


def estimate(value, lower, upper, scale="proportion"):
    return Estimate(value=value, lower=lower, upper=upper, scale=scale, n=1_000)


def group(name, n, k):
    p = k / n
    return UnitResult(
        unit=name, denominator=n, numerator=k, value=p, lower=p - 0.05, upper=p + 0.05
    )


def hidden(name):
    return UnitResult(unit=name, suppressed=True)


def gap(name, value, lower, upper):
    told = estimate(value, lower, upper, "risk_difference")
    return GroupGap(group=name, gap=told)


def by_sex(**changed):
    given = {
        "characteristic": "sex",
        "order": "unordered",
        "groups": (group("F", 500, 350), group("M", 480, 340), hidden("X")),
        "not_recorded": estimate(0.0, 0.0, 0.004),
        "slope": UNORDERED,
        "relative": UNORDERED,
        "concentration": UNORDERED,
        "spread": estimate(0.0, 0.0, 0.001, "index"),
        "gaps": (gap("F", 0.008, 0.0, 0.07), gap("M", 0.0, 0.0, 0.05)),
        "attributable": estimate(4, 0, 60, "count"),
    }
    return Inequality(**given | changed)


def by_age(**changed):
    given = {
        "characteristic": "age",
        "order": "ordered",
        "contrast": "oldest end minus youngest",
        "groups": (group("18–44", 300, 180), group("65–74", 400, 312)),
        "not_recorded": estimate(0.12, 0.1, 0.14),
        "slope": estimate(0.19, 0.08, 0.3, "risk_difference"),
        "relative": estimate(1.31, 1.12, 1.54, "risk_ratio"),
        "concentration": estimate(0.12, 0.05, 0.18, "index"),
        "spread": estimate(0.003, 0.0, 0.006, "index"),
        "gaps": (gap("18–44", 0.18, 0.06, 0.26), gap("65–74", 0.0, 0.0, 0.04)),
        "attributable": estimate(54, 18, 78, "count"),
    }
    return Inequality(**given | changed)


def cell(name, value):
    return UnitResult(unit=name, value=value, lower=value - 0.1, upper=value + 0.1)


MEETING = Meeting(
    characteristics=("sex", "age"),
    cells=(cell("F · 18–44", 0.64), cell("M · 18–44", 0.55), hidden("F · 65–74")),
    vpc=estimate(0.033, 0.006, 0.082),
    pcv=0.84,
)


def equity(*inequalities, meeting=MEETING):
    """Two characteristics, if no others are given, and where they meet."""
    return Equity(
        name="blood-pressure-control",
        title="Blood pressure control",
        measure=Ref(name="measure/x", version="1", hash="0" * 64),
        period=Period(start="2024-01-01", end="2024-12-31"),
        overall=estimate(0.72, 0.68, 0.75),
        inequalities=inequalities or (by_sex(), by_age()),
        meeting=meeting,
        limitations=("The datamart records nothing of: race.",),
    )
