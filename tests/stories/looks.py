"""Made trials that are looked at while they run."""

import datetime as dt
import json
from dataclasses import fields, replace

import numpy as np

from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.looks import after_looks, enrolled_until, judge
from rounds.loop.evaluation.participants import clinic_rates, join
from rounds.methods.sequential import Path
from rounds.nouns import Guardrail, LookPlan
from rounds.practice.looks import PracticeLook
from stories import trial

NOON = dt.time(12)
FOLLOW_UP = 90


def plan(**changes):
    given = {
        "looks": "group_sequential",
        "planned_se": 0.018,
        "fractions": (0.5, 0.75, 1.0),
    }
    return LookPlan(**(given | changes))


def always(**changes):
    return LookPlan(**({"looks": "always_valid", "planned_se": 0.018} | changes))


def guardrail(**changes):
    given = {"endpoint": "low-pressure", "margin": 0.01, "planned_se": 0.007}
    return Guardrail(**(given | changes))


def protocol(looks=None, **changes):
    """The made trials' protocol, with looks; nothing is required for speed."""
    given = {"looks": looks or plan(), "covariates": ("stratum",)}
    return trial.protocol(**(given | changes))


def up_to(rows, day):
    """Give the rows of those whose index visit was on a day or before."""
    seen = np.datetime64(day)

    def cut(one):
        kept = one.index_date <= seen
        columns = {f.name: getattr(one, f.name) for f in fields(one)}
        cut = {k: v[kept] for k, v in columns.items() if isinstance(v, np.ndarray)}
        return replace(one, **cut)

    endpoints = {name: cut(one) for name, one in rows.endpoints.items()}
    return replace(rows, endpoints=endpoints)


def look(rows, written, earlier, day, letter="A"):
    """Look at a made trial on a day: its enrolled up to 90 days before."""
    started = trial.rollout(written, trial.evidence())
    return judged_by(rows, started, written, earlier, day, letter=letter)


def judged_by(rows, started, written, earlier, day, *, letter="A"):
    """Look at a made trial of any rollout: its enrolled up to 90 days before."""
    return judge(
        up_to(rows, day - dt.timedelta(days=FOLLOW_UP)),
        started,
        written,
        earlier,
        data_until=day,
        snapshot=f"snapshot {day}",
        made=dt.datetime.combine(day, NOON),
        letter_of_active=letter,
    )


def days(shares, enrolment=182):
    """Give the days on which as large shares of the enrolled are followed up."""
    start = trial.GO_LIVE + dt.timedelta(days=FOLLOW_UP)
    return [start + dt.timedelta(days=round(share * enrolment)) for share in shares]


def looked_at(rows, written, when, *, ends=("stop_benefit", "stop_futility")):
    """Look on each day until a verdict ends it; give the looks that were made."""
    made = ()
    for day in when:
        made = (*made, look(rows, written, made, day))
        if made[-1].verdict in ends:
            break
    return made


def statistics(rows, written, endpoint, when):
    """Give the statistic that one look would have had on each day, and at the end.

    Of no effect, better above 0, on the normal scale; minus infinity where there is
    nothing to read. None of the bounds is in it.
    """
    people = joined(rows, written, endpoint)
    sign = 1.0 if endpoint.better == "higher" else -1.0
    found = []
    for day in (*when, None):
        seen = people
        if day is not None:
            last = np.datetime64(enrolled_until(written, day))
            seen = people.where(people.index_date <= last)
        fit = effect(seen, written, endpoint).fit
        if fit is None:
            found.append(-np.inf)
            continue
        columns = np.array([[sign * fit.estimate], [fit.se], [fit.df]])
        path = Path(**dict(zip(("estimate", "se", "df"), columns, strict=True)))
        found.append(float(path.normal_statistic[0]))
    return np.array(found)


def final(rows, written, earlier, *, of=None):
    """Give the primary estimate that allows for looks, at the end or at a look."""
    if of is not None:
        rows = up_to(rows, dt.date.fromisoformat(of.enrolled_until))
    endpoint = written.primary
    found = effect(joined(rows, written, endpoint), written, endpoint)
    return after_looks(found.estimate, found.fit, written, earlier, of=of)[0]


def joined(rows, written, endpoint):
    """Join an endpoint's rows to the arms."""
    of = rows.endpoints[str(endpoint.measure)]
    rates = clinic_rates(rows.before)
    return join(of, rows.allocation, written, endpoint, rates, calls=rows.calls)


def written(number, *, snapshot=None):
    """Give a look as practice keeps it; what was seen is made up."""
    return PracticeLook(
        number=number,
        snapshot=snapshot or f"snapshot {number}",
        data_until=trial.GO_LIVE + dt.timedelta(days=100 + number),
        made=dt.datetime(2025, 5, number, 12, tzinfo=dt.UTC),
        verdict="continue",
        record=json.dumps({"seen": number}),
        salt="5a" * 32,
    )
