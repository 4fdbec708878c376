"""Many loops, each in its own world, shared among processes."""

import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rounds.conduct.demo import DemoOptions, run_demo
from rounds.school.grade import Grade, grade

__all__ = ["LoopResult", "run_loops"]


@dataclass(frozen=True, kw_only=True)
class LoopResult:
    """One loop's line."""

    scenario: str
    seed: int
    decision: str
    sealed: str | None
    """The reason, where the estimate was sealed."""
    truth: float
    value: float
    lower: float
    upper: float
    """Of the estimate; under a seal, of the same loop run without required checks."""
    harm_truth: float
    harm_value: float
    harm_lower: float
    harm_upper: float


def run_loops(
    scenarios: Mapping[str, Mapping[str, float]],
    *,
    loops: int,
    people: int,
    weeks: int,
    seed: int,
    processes: int,
    keep: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[LoopResult]:
    """Run loops of each scenario.

    Parameters
    ----------
    scenarios : mapping
        Name to the planted `effect` and `harm`.
    keep : Path, optional
        JSON lines, one a loop, written as they end; loops found there are not run
        again.
    """
    done = _kept(keep)
    wanted = [
        (
            name,
            seed + i,
            DemoOptions(
                people=people,
                weeks=weeks,
                seed=seed + i,
                effect=planted["effect"],
                harm=planted["harm"],
                watch=False,
                publish_files=False,
                threads=1,
            ),
        )
        for i in range(loops)
        for name, planted in scenarios.items()
    ]
    left = [one for one in wanted if (one[0], one[1]) not in done]
    results = [done[(name, at)] for name, at, _ in wanted if (name, at) in done]
    progress(f"{len(left)} loops to run, {len(results)} kept from before")
    every = max(1, len(left) // 50)
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_one_thread) as pool:
        for i, result in enumerate(pool.imap_unordered(_loop, left), start=1):
            results.append(result)
            if keep is not None:
                with keep.open("a") as file:
                    file.write(json.dumps(asdict(result)) + "\n")
            if i % every == 0:
                progress(f"{i} of {len(left)} loops")
    return results


def _kept(keep: Path | None) -> dict[tuple[str, int], LoopResult]:
    if keep is None or not keep.exists():
        return {}
    lines: Iterable[str] = keep.read_text().splitlines()
    results = [LoopResult(**json.loads(line)) for line in lines if line.endswith("}")]
    return {(result.scenario, result.seed): result for result in results}


def _one_thread() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"


def _loop(task: tuple[str, int, DemoOptions]) -> LoopResult:
    scenario, seed, options = task
    decision, sealed, graded = _turn(options)
    if sealed is not None:
        # The interval under the seal, so that coverage over all loops can be told.
        _, _, graded = _turn(options.unsealed())
    effect, harm = graded.effect, graded.harm
    assert effect.truth is not None
    assert harm.truth is not None
    if effect.estimate is None or harm.estimate is None:
        raise RuntimeError(f"loop {scenario} {seed}: {effect.without}{harm.without}")
    return LoopResult(
        scenario=scenario,
        seed=seed,
        decision=decision,
        sealed=sealed,
        truth=effect.truth,
        value=effect.estimate,
        lower=effect.lower or 0.0,
        upper=effect.upper or 0.0,
        harm_truth=harm.truth,
        harm_value=harm.estimate,
        harm_lower=harm.lower or 0.0,
        harm_upper=harm.upper or 0.0,
    )


def _turn(options: DemoOptions) -> tuple[str, str | None, Grade]:
    # In memory where the system offers it: a loop that is thrown away need not wait
    # for a disk to confirm each exposure.
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    where = memory if memory.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="rounds-loop-", dir=where))
    try:
        done = run_demo(folder / "loop", options)
        sealed = getattr(done.evaluation.estimate, "sealed", None)
        return done.decision.decided, sealed, grade(done)
    finally:
        shutil.rmtree(folder)
