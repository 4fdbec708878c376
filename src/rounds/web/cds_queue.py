"""Calls that arrive while one is being written are written together (group commit).

A durable write waits for the disk. Waiting once for all that came meanwhile keeps the
answer prompt when many call at a time; each is answered only after its own exposure
is durable.
"""

import asyncio
import datetime as dt
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from rounds.loop.change import Advice, Calls, Service
from rounds.loop.change.cds_hooks import PatientView
from rounds.practice.recording import seconds_of

__all__ = ["Queue"]

_LARGEST = 200
_Waiting = tuple[str, PatientView, str, asyncio.Future[Advice]]


@dataclass
class Queue:
    """The calls of one service that wait to be written.

    Parameters
    ----------
    now : callable
        The receipt clock.
    """

    service: Service
    now: Callable[[], dt.datetime]
    _waiting: list[_Waiting] = field(default_factory=list, repr=False)
    _task: asyncio.Task[None] | None = field(default=None, repr=False)
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "practice"), repr=False
    )

    async def answer(
        self, hook_instance: str, view: PatientView, knowledge: str
    ) -> Advice:
        """Give the advice on one call, once it is durable.

        Parameters
        ----------
        knowledge : str
            The Ref of the knowledge for which the view was read.

        Raises
        ------
        KnowledgeChanged
            If other knowledge is in force by now; nothing was written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Advice] = loop.create_future()
        self._waiting.append((hook_instance, view, knowledge, future))
        if self._task is None or self._task.done() or self._task.get_loop() != loop:
            self._task = loop.create_task(self._write())
        return await future

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._next()
            calls = calls_of([(hook, view) for hook, view, _, _ in batch], batch[0][2])
            try:
                answers = await loop.run_in_executor(
                    self._thread, self.service.answer, calls, self.now()
                )
            except Exception as error:  # noqa: BLE001  (given to each who waits)
                for _, _, _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, _, _, future), advice in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(advice)

    def _next(self) -> list[_Waiting]:
        """Take those at the head that were read for the same knowledge."""
        knowledge = self._waiting[0][2]
        same = itertools.takewhile(lambda one: one[2] == knowledge, self._waiting)
        batch = list(itertools.islice(same, _LARGEST))
        self._waiting = self._waiting[len(batch) :]
        return batch


def calls_of(batch: list[tuple[str, PatientView]], knowledge: str = "") -> Calls:
    """Give calls as columns; a fact that is not known is None."""
    views = [view for _, view in batch]
    return Calls(
        hook_instance=[hook for hook, _ in batch],
        patient=[view.patient for view in views],
        encounter=[view.encounter for view in views],
        clinic=[view.clinic for view in views],
        occurred=[seconds_of(view.occurred) for view in views],
        facts=_columns(views),
        sex=[view.sex for view in views],
        clinician=[view.clinician for view in views],
        knowledge=knowledge,
    )


def _columns(views: list[PatientView]) -> dict[str, np.ndarray]:
    names = {name for view in views for name in view.facts}
    # Objects, so that what one caller left out is missing for that call alone.
    return {
        name: np.array([view.facts.get(name) for view in views], dtype=object)
        for name in names
    }
