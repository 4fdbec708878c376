"""A made health system for questions in counts, and what each answer is made of.

Everything is drawn from one seed. `AskedWorld.ask` puts a question through a gate as a
command does: exact counts and who is in them go in, what may be told comes out.
"""

import csv
import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rounds.methods.disclosure.differencing import PersonSum
from rounds.methods.proportion import wilson
from rounds.nouns import MeasureResult, Period, Ref, UnitResult

QUESTIONS = Path(__file__).with_name("ordinary_questions.csv")


@dataclass(frozen=True)
class Question:
    """One question: a measure in a period, by something, perhaps in one group."""

    measure: str
    period: str
    by: str = ""
    where: str = ""

    def __str__(self):
        return f"{self.measure} {self.period} by {self.by or 'nothing'} {self.where}"


def ordinary_questions():
    """The list that was written beforehand."""
    with QUESTIONS.open(newline="") as file:
        return [Question(**row) for row in csv.DictReader(file)]


class AskedWorld:
    """People with a site, a sex, an age and a quartile, and what was done for them."""

    MEASURES = ("control", "statin", "hba1c", "breast", "colorectal", "smoking")

    def __init__(self, people, seed):
        luck = np.random.default_rng(seed)
        self.keys = luck.permutation(10 * people)[:people].astype(np.uint64)
        self.split = {
            "site": luck.choice(12, people, p=luck.dirichlet(np.full(12, 6.0))),
            "sex": luck.integers(0, 2, people),
            "age": luck.choice(5, people, p=(0.1, 0.3, 0.3, 0.2, 0.1)),
            "svi": luck.integers(0, 4, people),
        }
        self.month = {year: luck.random((people, 12)) < 0.25 for year in (2023, 2024)}
        self._draw_measures(luck, people)

    def _draw_measures(self, luck, people):
        self.counted, self.met = {}, {}
        for name in self.MEASURES:
            has = luck.random(people) < 0.2 + 0.04 * self.split["age"]
            likely = np.clip(0.6 + 0.1 * luck.standard_normal(12), 0.3, 0.85)
            usually = luck.random(people) < likely[self.split["site"]]
            for year in (2023, 2024):
                changed = luck.random(people) < 0.15
                self.counted[name, year] = has & (luck.random(people) < 0.92)
                self.met[name, year] = usually ^ changed
            # The same year a month later: few have come or gone.
            gone, come = luck.random(people) < 0.02, luck.random(people) < 0.005
            later = (self.counted[name, 2024] & ~gone) | come
            self.counted[name, "rolling"] = later
            self.met[name, "rolling"] = self.met[name, 2024]

    def _sets(self, question):
        """Who is counted and who meets it, for the whole of a question."""
        year, _, quarter = question.period.partition("Q")
        when = int(year) if year.isdigit() else year
        counted = self.counted[question.measure, when].copy()
        if quarter:
            first = 3 * (int(quarter) - 1)
            counted &= self.month[when][:, first : first + 3].any(axis=1)
        if question.where:
            name, _, value = question.where.partition("=")
            counted &= self.split[name] == int(value)
        return counted, counted & self.met[question.measure, when]

    def _groups(self, question):
        if question.by == "month":
            months = self.month[int(question.period[:4])]
            return {f"{m + 1:02}": months[:, m] for m in range(12)}
        if not question.by:
            return {}
        values = self.split[question.by]
        return {str(v): values == v for v in range(int(values.max()) + 1)}

    def ask(self, gate, question):
        """Give what the gate tells, or raise as it does."""
        return gate.release(*self.exact(question))

    def exact(self, question):
        """Give the exact result, and who is in each of its lines."""
        counted, met = self._sets(question)
        lines = {"overall": (counted, met)} | {
            f"unit {name}": (counted & group, met & group)
            for name, group in self._groups(question).items()
            if (counted & group).any()
        }
        return result_of(question, lines), {
            name: tuple(PersonSum.of(self.keys[one]) for one in pair)
            for name, pair in lines.items()
        }


def result_of(question, lines):
    """Make a measure's result of sets of persons."""
    units = {
        name: unit(name.removeprefix("unit "), int(d.sum()), int(k.sum()))
        for name, (d, k) in lines.items()
    }
    digest = hashlib.sha256(f"{question.measure} {question.where}".encode()).hexdigest()
    return MeasureResult(
        measure=Ref(name=f"measure/{question.measure}", version="1", hash=digest),
        title=question.measure,
        period=period_of(question.period),
        snapshot="made",
        overall=units.pop("overall"),
        by_characteristic=question.by or None,
        by=tuple(units.values()),
    )


def unit(name, n, k):
    value, lower, upper = (float(one[0]) for one in wilson([k], [n]))
    return UnitResult(
        unit=name, denominator=n, numerator=k, value=value, lower=lower, upper=upper
    )


def period_of(text):
    if text == "rolling":
        return Period(start=dt.date(2024, 2, 1), end=dt.date(2025, 1, 31))
    year, _, quarter = text.partition("Q")
    first = 3 * int(quarter) - 2 if quarter else 1
    last = dt.date(int(year), first + 2, 28) if quarter else dt.date(int(year), 12, 31)
    return Period(start=dt.date(int(year), first, 1), end=last)
