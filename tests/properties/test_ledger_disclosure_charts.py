"""What a control chart with hidden months may still tell."""

from rounds.ledger import safe
from rounds.nouns import ChartPhase, ChartPoint, ControlChart


def test_phases_and_icons_tell_nothing_of_hidden_months():
    """Levels that hidden months went into are rounded, as the chart's own is; what the
    latest month is is not said where it is hidden."""
    points = tuple(
        ChartPoint(
            label=f"2024-{i + 1:02d}",
            denominator=d,
            value=v,
            lower=0.1,
            upper=0.9,
            centre_line=0.3877551 if i < 3 else None,
        )
        for i, (d, v) in enumerate([(40, 0.5)] * 5 + [(8, 0.5)])
    )
    chart = ControlChart(
        title="x",
        chart="p",
        centre_line=0.4123456,
        points=points,
        phases=(
            ChartPhase(start="2024-01", centre_line=0.3877551, sigma_z=1.2345),
            ChartPhase(start="2024-04", reason="moved", centre_line=0.4123456),
        ),
        variation="concern",
        assurance="fail",
    )
    shown = safe(chart)
    assert shown.points[-1].suppressed
    assert [phase.centre_line for phase in shown.phases] == [0.388, 0.412]
    assert shown.phases[0].sigma_z == 1.23
    assert {p.centre_line for p in shown.points if not p.suppressed} <= {0.388, None}
    assert shown.variation is None
    assert shown.assurance is None
