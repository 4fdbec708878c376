"""Carry one whole turn through a simulated health system."""

from collections.abc import Callable
from pathlib import Path

from rounds.conduct.demo.beginning import begin
from rounds.conduct.demo.options import DemoOptions, DemoTurn
from rounds.conduct.demo.trial import Door, carry

__all__ = ["run_demo"]


def run_demo(
    root: Path,
    options: DemoOptions,
    *,
    door: Door | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> DemoTurn:
    """Turn the loop once.

    Parameters
    ----------
    root : Path
        The project's folder, made anew.
    door : callable, optional
        Opens the point of care, e.g. a server's; in this process if not given.
    progress : callable
        Is told each stage in words.
    """
    return carry(begin(root, options, progress), door=door, progress=progress)
