"""What many loops say, with Monte Carlo errors."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from rounds.school.loop_result import LoopResult
from rounds.school.rate import Rate
from rounds.school.spread import SpreadRow, spread_of
from rounds.school.ways import HORIZON_WEEKS, WayRow, ways_of

__all__ = ["LoopTable", "ScenarioRow", "summarise"]

ADOPTION_BOUNDS = {
    "no effect": ("at most", 0.05),
    "effect": ("at least", 0.80),
    "effect and harm": ("at most", 0.05),
}


@dataclass(frozen=True, kw_only=True)
class ScenarioRow:
    """One kind of world."""

    scenario: str
    loops: int
    bias: float
    bias_error: float
    coverage_all: Rate
    coverage_unsealed: Rate | None
    sealed: Rate
    adopt: Rate
    bound: tuple[str, float] | None

    @property
    def within_bound(self) -> bool:
        """Say whether the rate of adopting keeps its bound."""
        if self.bound is None:
            return True
        word, limit = self.bound
        return (
            self.adopt.value <= limit
            if word == "at most"
            else self.adopt.value >= limit
        )


@dataclass(frozen=True, kw_only=True)
class LoopTable:
    """All kinds of world, and coverage over them."""

    rows: tuple[ScenarioRow, ...]
    coverage_all: Rate
    coverage_unsealed: Rate | None
    harm_coverage: Rate
    sealed: Rate
    second_coverage: Rate | None = None
    """Of the second card's effect, where there are two."""
    ways: tuple[WayRow, ...] = ()
    """The loop beside other ways to decide, in the same worlds."""
    spread: tuple[SpreadRow, ...] = ()
    """How far estimates lie from the truth, and their intervals reach."""

    @property
    def within_bounds(self) -> bool:
        """Say whether every rate of adopting keeps its bound."""
        return all(row.within_bound for row in self.rows)

    def lines(self) -> list[str]:
        """Lay out the table."""
        said = [
            (
                f"{'world':<17}{'loops':>6}  {'bias, points':>16}  "
                f"{'coverage':>13}  {'sealed':>13}  {'adopt':>13}  bound"
            )
        ]
        for row in self.rows:
            bias = f"{100 * row.bias:+.2f} ± {100 * row.bias_error:.2f}"
            bound = ""
            if row.bound is not None:
                word, limit = row.bound
                kept = "kept" if row.within_bound else "MISSED"
                bound = f"{word} {limit:.0%}: {kept}"
            said.append(
                f"{row.scenario:<17}{row.loops:>6}  {bias:>16}  "
                f"{row.coverage_all}  {row.sealed}  {row.adopt}  {bound}"
            )
        said += [
            "",
            f"interval coverage over all loops      {self.coverage_all}",
            f"interval coverage over the unsealed   {self.coverage_unsealed}",
            f"interval coverage of the harm         {self.harm_coverage}",
            *(
                [f"interval coverage of the second card  {self.second_coverage}"]
                if self.second_coverage
                else []
            ),
            f"sealed                                {self.sealed}",
            *self._spread_lines(),
            *self._ways_lines(),
            "(value ± Monte Carlo standard error)",
        ]
        return said

    def _spread_lines(self) -> list[str]:
        if not self.spread:
            return []
        return ["", SpreadRow.HEADING, *(row.line() for row in self.spread)]

    def _ways_lines(self) -> list[str]:
        if not self.ways:
            return []
        heading = (
            f"{'world':<17}{'decided':<18}{'wrongly':<28}{'weeks':>6}  "
            f"treated in the worse way, of {HORIZON_WEEKS} weeks' patients"
        )
        return ["", heading, *(row.line() for row in self.ways)]

    def as_dict(self) -> dict[str, Any]:
        """Give what JSON can hold."""

        def plain(rate: Rate | None) -> dict[str, float] | None:
            return None if rate is None else {"value": rate.value, "error": rate.error}

        return {
            "rows": [
                {
                    "scenario": row.scenario,
                    "loops": row.loops,
                    "bias": {"value": row.bias, "error": row.bias_error},
                    "coverage_all": plain(row.coverage_all),
                    "coverage_unsealed": plain(row.coverage_unsealed),
                    "sealed": plain(row.sealed),
                    "adopt": plain(row.adopt),
                    "within_bound": row.within_bound,
                }
                for row in self.rows
            ],
            "coverage_all": plain(self.coverage_all),
            "coverage_unsealed": plain(self.coverage_unsealed),
            "harm_coverage": plain(self.harm_coverage),
            "second_coverage": plain(self.second_coverage),
            "sealed": plain(self.sealed),
            "ways": [asdict(row) for row in self.ways],
            "spread": [asdict(row) for row in self.spread],
        }


def summarise(results: Sequence[LoopResult]) -> LoopTable:
    """Count what many loops say.

    Raises
    ------
    ValueError
        If there is no loop.
    """
    if not results:
        raise ValueError("there is no loop to summarise")
    names = list(dict.fromkeys(result.scenario for result in results))
    rows = tuple(
        _row(name, [r for r in results if r.scenario == name]) for name in names
    )
    everything = Rate.of([_covers(r) for r in results])
    harm = Rate.of([_within(r.harm_truth, r.harm_lower, r.harm_upper) for r in results])
    sealed = Rate.of([r.sealed is not None for r in results])
    assert everything is not None
    assert harm is not None
    assert sealed is not None
    return LoopTable(
        rows=rows,
        ways=ways_of(results),
        spread=spread_of(results),
        coverage_all=everything,
        coverage_unsealed=Rate.of([_covers(r) for r in results if r.sealed is None]),
        harm_coverage=harm,
        sealed=sealed,
        second_coverage=Rate.of(
            [
                _within(r.second_truth, r.second_lower, r.second_upper)
                for r in results
                if r.second_truth is not None
            ]
        ),
    )


def _covers(result: LoopResult) -> bool:
    return _within(result.truth, result.lower, result.upper)


def _within(truth: float | None, lower: float | None, upper: float | None) -> bool:
    """Say whether an interval holds the truth; where there is none, it does not."""
    if truth is None or lower is None or upper is None:
        return False
    return lower <= truth <= upper


def _row(name: str, results: Sequence[LoopResult]) -> ScenarioRow:
    errors = [r.value - r.truth for r in results if r.value is not None]
    n = max(len(errors), 1)
    bias = sum(errors) / n
    spread = sqrt(sum((e - bias) ** 2 for e in errors) / max(n - 1, 1))
    covered = Rate.of([_covers(r) for r in results])
    sealed = Rate.of([r.sealed is not None for r in results])
    adopt = Rate.of([r.decision == "adopt" for r in results])
    assert covered is not None
    assert sealed is not None
    assert adopt is not None
    return ScenarioRow(
        scenario=name,
        loops=len(results),
        bias=bias,
        bias_error=spread / sqrt(n),
        coverage_all=covered,
        coverage_unsealed=Rate.of([_covers(r) for r in results if r.sealed is None]),
        sealed=sealed,
        adopt=adopt,
        bound=ADOPTION_BOUNDS.get(name),
    )
