"""Many loops, each in its own world, shared among processes."""

import gc
import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from rounds.conduct.demo import Beginning, DemoDesign, DemoOptions, begin, carry
from rounds.school.grade import Grade, grade
from rounds.school.loop_result import Better, LoopResult

__all__ = ["LoopResult", "run_loops"]

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_loops(
    scenarios: Mapping[str, Mapping[str, float]],
    *,
    loops: int,
    people: int,
    clinics: int,
    weeks: int,
    seed: int,
    processes: int,
    design: DemoDesign = "parallel",
    campaign: float = 0.0,
    keep: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[LoopResult]:
    """Run loops of each scenario.

    Parameters
    ----------
    scenarios : mapping
        Name to the planted `effect` and `harm`.
    campaign : float
        What else rises at go-live, at every clinic, on the logit scale.
    keep : Path, optional
        JSON lines, one a loop, written as they end; loops found there are not run
        again.
    """
    done = _kept(keep, design, campaign)
    tasks, results = [], []
    for at in range(seed, seed + loops):
        left = {k: v for k, v in scenarios.items() if (k, at) not in done}
        results += [done[k, at] for k in scenarios if (k, at) in done]
        if left:
            options = DemoOptions(
                people=people,
                n_clinics=clinics,
                weeks=weeks,
                design=design,
                campaign=campaign,
                seed=at,
                watch=False,
                publish_files=False,
                threads=1,
            )
            tasks.append((options, left))
    n_left = sum(len(left) for _, left in tasks)
    progress(f"{n_left} loops to run, {len(results)} kept from before")
    every = max(1, len(tasks) // 50)
    context = multiprocessing.get_context("spawn")
    with _one_thread_each(), context.Pool(processes, initializer=_prepare) as pool:
        for i, found in enumerate(pool.imap_unordered(_loops, tasks), start=1):
            results += found
            if keep is not None:
                with keep.open("a") as file:
                    file.writelines(json.dumps(asdict(one)) + "\n" for one in found)
            if i % every == 0:
                progress(f"{i} of {len(tasks)} worlds")
    return results


def _kept(
    keep: Path | None, design: str, campaign: float = 0.0
) -> dict[tuple[str, int], LoopResult]:
    if keep is None or not keep.exists():
        return {}
    lines: Iterable[str] = keep.read_text().splitlines()
    results = [LoopResult(**json.loads(line)) for line in lines if line.endswith("}")]
    return {
        (result.scenario, result.seed): result
        for result in results
        if (result.design, result.campaign) == (design, campaign)
    }


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Have the processes that start within do their linear algebra in one thread.

    The libraries look once, when they are loaded: before a process can do anything.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _prepare() -> None:
    """Make a process ready: it looks little for cyclic garbage.

    A loop makes hundreds of thousands of small objects and hardly a cycle, so at the
    usual threshold the modules would be walked again and again for nothing.
    """
    gc.set_threshold(50_000)


def _loops(
    task: tuple[DemoOptions, Mapping[str, Mapping[str, float]]],
) -> list[LoopResult]:
    """Give one past as many futures as there are scenarios."""
    options, scenarios = task
    # In memory where the system offers it: a loop that is thrown away need not wait
    # for a disk to confirm each exposure.
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    where = memory if memory.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="rounds-loop-", dir=where))
    try:
        past = begin(folder / "past", options, lambda _: None)

        @cache
        def unsealed() -> Beginning:
            return begin(folder / "unsealed", options.unsealed(), lambda _: None)

        return [
            _loop(past, unsealed, name, folder / f"future-{i}", planted)
            for i, (name, planted) in enumerate(scenarios.items())
        ]
    finally:
        shutil.rmtree(folder)


def _loop(
    past: Beginning,
    unsealed: Callable[[], Beginning],
    scenario: str,
    root: Path,
    planted: Mapping[str, float],
) -> LoopResult:
    effect, harm = planted["effect"], planted["harm"]
    options = replace(past.options, effect=effect, harm=harm)
    decision, sealed, graded, others = _turn(past.again(root, options))
    shutil.rmtree(root)
    if sealed is not None:
        # The interval under the seal, so that coverage over all loops can be told; the
        # past without required checks is lived once, for every future that asks.
        _, _, graded, _ = _turn(unsealed().again(root, options.unsealed()))
        shutil.rmtree(root)
    found, harmed, second = graded.effect, graded.harm, graded.second
    assert found.truth is not None
    return LoopResult(
        scenario=scenario,
        seed=options.seed,
        decision=decision,
        sealed=sealed,
        truth=found.truth,
        value=found.estimate,
        lower=found.lower,
        upper=found.upper,
        harm_truth=harmed.truth,
        harm_value=harmed.estimate,
        harm_lower=harmed.lower,
        harm_upper=harmed.upper,
        design=options.design,
        campaign=options.campaign,
        second_truth=second.truth if second else None,
        second_value=second.estimate if second else None,
        second_lower=second.lower if second else None,
        second_upper=second.upper if second else None,
        better=_better(planted, others.pop("margin")),
        **others,
    )


def _better(planted: Mapping[str, float], margin: float) -> Better:
    if planted["harm"] > margin:
        return "usual care"
    return "card" if planted["effect"] > 0 else "neither"


def _turn(past: Beginning) -> tuple[str, str | None, Grade, dict[str, Any]]:
    """Carry one turn; give its decision, its seal, its marks, and other ways."""
    done = carry(past, door=None, progress=lambda _: None)
    sealed = getattr(done.evaluation.estimate, "sealed", None)
    graded = grade(done)
    enrolled = {arm.arm: arm.n or 0 for arm in done.evaluation.flow.arms}
    everyone = sum(enrolled.values())
    naive = graded.before_after if everyone else None
    others = {
        "weeks": done.weeks,
        "share_active": enrolled["active"] / everyone if everyone else None,
        "margin": done.evaluation.balancing[0].margin,
        "before_after": naive.decided if naive else None,
        "before_after_value": naive.value if naive else None,
        "before_after_weeks": naive.weeks if naive else None,
    }
    return done.decision.decided, sealed, graded, others
