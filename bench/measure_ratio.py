"""What does a compiled measure cost beside SQL written by hand, and beside 24 queries?

Prints ratios, made in one run on the same datamart. Of visits: treatment intensified
after uncontrolled visits, by care site and month over 24 months, in the time of
hand-written SQL that gives equal counts, and in the time of 24 runs of a month each. Of
persons: blood pressure control by care site in each of 24 months, and in 24 years that
roll by a month, in the time of 24 runs. `python bench/measure_ratio.py 1000000` asks for
another number of persons; `--mart FOLDER` for those of a datamart that is loaded, and
`--turns` for how often each way is timed: the fastest counts.
"""

import argparse
import collections
import datetime as dt
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from rounds.datamart import Datamart, load
from rounds.datamart.measures.counts import SEPARATOR, UNKNOWN
from rounds.datamart.measures.grouped_counts import counts_each, counts_of
from rounds.datamart.rows import Asked, prepare
from rounds.definitions import builtin_measures, visit_concepts
from rounds.nouns import Period
from rounds.world import World, WorldConfig

MOST_OF_HAND, MOST_OF_MANY = 2.0, 0.5
TURNS = 3
MEASURE = builtin_measures()["treatment-intensified"]
OF_PERSONS = builtin_measures()["blood-pressure-control"]
_FIRST = 2023 * 12 + 6
"""July 2023: the world's data begin 78 weeks before January 2025."""
MONTHS = [
    tuple(dt.date(n // 12, n % 12 + 1, 1) for n in (month, month + 1))
    for month in range(_FIRST, _FIRST + 24)
]
PERIOD = Period(start=MONTHS[0][0], end=MONTHS[-1][1] - dt.timedelta(days=1))

BY_HAND = """
WITH ill AS (
  SELECT person_id, condition_start_date AS first, condition_end_date AS last
  FROM condition_occurrence WHERE condition_concept_id IN ({hypertension})
  OR condition_source_concept_id IN ({hypertension})),
high AS (
  SELECT person_id, day FROM (
    SELECT m.person_id, m.measurement_date AS day,
      min(value_as_number) FILTER (m.measurement_concept_id IN ({systolic})
        OR m.measurement_source_concept_id IN ({systolic})) AS systolic,
      min(value_as_number) FILTER (m.measurement_concept_id IN ({diastolic})
        OR m.measurement_source_concept_id IN ({diastolic})) AS diastolic
    FROM measurement m LEFT JOIN visit_occurrence v USING (visit_occurrence_id)
    WHERE (m.measurement_concept_id IN ({pressure})
      OR m.measurement_source_concept_id IN ({pressure}))
    AND m.unit_source_value IN ('mm[Hg]', 'mmHg')
    AND coalesce(v.visit_concept_id, 0) NOT IN ({barred})
    GROUP BY ALL) WHERE systolic >= 140 OR diastolic >= 90),
visits AS (
  SELECT v.person_id, v.visit_start_date AS day, c.care_site_source_value AS site
  FROM visit_occurrence v JOIN person p USING (person_id)
  LEFT JOIN care_site c ON c.care_site_id = v.care_site_id
  LEFT JOIN provider r ON r.provider_id = v.provider_id
  JOIN high h ON h.person_id = v.person_id AND h.day = v.visit_start_date
  WHERE v.visit_start_date BETWEEN DATE '{start}' AND DATE '{end}'
  AND v.visit_concept_id IN ({outpatient})
  AND (year(v.visit_start_date) * 10000 + month(v.visit_start_date) * 100
    + day(v.visit_start_date) - (p.year_of_birth * 10000
    + coalesce(p.month_of_birth, month(p.birth_datetime), 7) * 100
    + coalesce(p.day_of_birth, day(p.birth_datetime), 1))) // 10000 BETWEEN 18 AND 85
  AND EXISTS (FROM ill i WHERE i.person_id = v.person_id
    AND i.first <= v.visit_start_date
    AND (i.last IS NULL OR i.last >= v.visit_start_date))
  QUALIFY row_number() OVER (PARTITION BY v.person_id, v.visit_start_date
    ORDER BY v.visit_start_datetime, site, r.provider_source_value,
    v.visit_occurrence_id) = 1),
given AS (
  SELECT person_id,
    coalesce(nullif(drug_source_concept_id, 0), drug_concept_id) AS code,
    min(drug_exposure_start_date) AS first
  FROM drug_exposure WHERE drug_concept_id IN ({drugs})
  OR drug_source_concept_id IN ({drugs}) GROUP BY ALL),
barred AS (
  SELECT person_id, condition_start_date AS first, NULL AS last FROM condition_occurrence
  WHERE condition_concept_id IN ({ever}) OR condition_source_concept_id IN ({ever})
  UNION ALL SELECT person_id, condition_start_date, coalesce(condition_end_date,
    DATE '9999-12-31') FROM condition_occurrence
  WHERE condition_concept_id IN ({pregnancy})
  OR condition_source_concept_id IN ({pregnancy})
  UNION ALL SELECT person_id, observation_date, NULL FROM observation
  WHERE observation_concept_id IN ({kidney}) OR observation_source_concept_id IN ({kidney})
  UNION ALL SELECT person_id, procedure_date, NULL FROM procedure_occurrence
  WHERE procedure_concept_id IN ({done}) OR procedure_source_concept_id IN ({done}))
SELECT coalesce(v.site, '') AS site, strftime(v.day, '%Y-%m') AS month, count(*) AS n,
  count(*) FILTER (EXISTS (FROM given g WHERE g.person_id = v.person_id
    AND g.first BETWEEN v.day AND v.day + 14)) AS met
FROM visits v WHERE NOT EXISTS (FROM barred b WHERE b.person_id = v.person_id
  AND b.first <= v.day AND (b.last IS NULL OR b.last >= v.day))
GROUP BY ALL
"""


def made(persons: int, place: Path) -> Path:
    """Load a world of so many persons."""
    folder = place / "omop"
    world = World(WorldConfig(people=persons, weeks=26))
    world.live(world.go_live + dt.timedelta(weeks=26), None)
    world.write_omop(folder)
    load(folder, place / "mart")
    return place / "mart"


def by_hand(mart: Path) -> tuple[float, dict]:
    """Count with hand-written SQL; the concepts are found beforehand."""
    with Datamart.open(mart) as opened:
        sets = prepare(opened, MEASURE).sets

        def ids(*names: str) -> str:
            return ", ".join(str(i) for name in names for i in sets[name]) or "NULL"

        def visits(*classes: str) -> str:
            return ", ".join(str(i) for i in sorted(visit_concepts(classes)))

        hospice = "hospice-or-palliative"
        query = BY_HAND.format(
            start=PERIOD.start,
            end=PERIOD.end,
            hypertension=ids("essential-hypertension"),
            systolic=ids("systolic"),
            diastolic=ids("diastolic"),
            pressure=ids("systolic", "diastolic"),
            drugs=ids("antihypertensives"),
            pregnancy=ids("pregnancy"),
            ever=ids("renal-disease", hospice),
            kidney=ids("renal-disease"),
            done=ids("dialysis-or-transplant", hospice),
            barred=visits("emergency", "inpatient"),
            outpatient=visits("outpatient"),
        )
        started = time.perf_counter()
        rows = opened._connection.execute(query).fetchall()  # noqa: SLF001 -- by hand
        seconds = time.perf_counter() - started
    return seconds, {(site, month): (n, met) for site, month, n, met in rows}


def counted(opened: Datamart, period: Period) -> dict:
    """Count with the compiled measure, by care site and month at once."""
    concepts = prepare(opened, MEASURE)
    found = counts_of(opened, Asked(MEASURE, period, concepts, by="care_site,month"))
    pairs = ((label.split(SEPARATOR), n) for label, n in found.by.items())
    unknown = UNKNOWN["care_site"]
    return {("" if site == unknown else site, month): n for (site, month), n in pairs}


def in_one(mart: Path) -> tuple[float, dict]:
    """Count 24 months in one query, nothing being derived beforehand."""
    with Datamart.open(mart) as opened:
        prepare(opened, MEASURE)
        started = time.perf_counter()
        found = counted(opened, PERIOD)
        return time.perf_counter() - started, found


def in_many(mart: Path) -> tuple[float, dict]:
    """Count 24 months, one after another."""
    with Datamart.open(mart) as opened:
        prepare(opened, MEASURE)
        found: dict = collections.OrderedDict()
        started = time.perf_counter()
        for first, following in MONTHS:
            last = following - dt.timedelta(days=1)
            found |= counted(opened, Period(start=first, end=last))
        return time.perf_counter() - started, found


def of_persons(mart: Path, periods: list[Period]) -> tuple[float, float, bool]:
    """Count persons over periods at once, and one period after another."""
    seconds, found = [], []
    for at_once in (True, False):
        with Datamart.open(mart) as opened:
            concepts = prepare(opened, OF_PERSONS)
            asked = Asked(OF_PERSONS, periods[0], concepts, by="care_site")
            started = time.perf_counter()
            if at_once:
                found.append(
                    counts_each(opened, replace(asked, periods=tuple(periods)))
                )
            else:
                each = (replace(asked, period=one) for one in periods)
                found.append([counts_of(opened, one) for one in each])
            seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1], found[0] == found[1]


def main() -> int:
    """Print the ratios; fail when one is over what is allowed, or a count differs."""
    asked = argparse.ArgumentParser()
    asked.add_argument("persons", type=int, nargs="?", default=20_000)
    asked.add_argument("--mart", type=Path, help="one that `made` has loaded")
    asked.add_argument("--turns", type=int, default=TURNS)
    given = asked.parse_args()
    persons, n_turns = given.persons, given.turns
    day = dt.timedelta(days=1)
    months = [Period(start=first, end=after - day) for first, after in MONTHS]
    years = [
        Period(start=one.start.replace(year=one.start.year - 1), end=one.start - day)
        for one in months
    ]
    with tempfile.TemporaryDirectory() as name:
        mart = given.mart or made(persons, Path(name))
        turns = [(by_hand(mart), in_one(mart), in_many(mart)) for _ in range(n_turns)]
        people = {
            title: [of_persons(mart, periods) for _ in range(n_turns)]
            for title, periods in (("months", months), ("rolling years", years))
        }
    hand, one, many = (
        min(seconds for seconds, _ in column) for column in zip(*turns, strict=True)
    )
    answers = [found for turn in turns for _, found in turn]
    same = all(dict(found) == dict(answers[0]) for found in answers)
    cells = len(answers[0])
    print(
        f"{persons:,} persons, {cells:,} sites and months, equal counts: {same}\n"
        f"by care site and month: {one / hand:.2f} times SQL written by hand (at most "
        f"{MOST_OF_HAND:.0f}), {one:.3f} s; {one / many:.2f} times 24 queries (at most "
        f"{MOST_OF_MANY})"
    )
    over = one > MOST_OF_HAND * hand or one > MOST_OF_MANY * many
    for title, found in people.items():
        at_once, each = (min(column) for column in list(zip(*found, strict=True))[:2])
        same = same and all(equal for *_, equal in found)
        over = over or at_once > MOST_OF_MANY * each
        print(
            f"persons over 24 {title}: {at_once / each:.2f} times 24 queries (at most "
            f"{MOST_OF_MANY}), {at_once:.3f} s of {each:.3f}, equal counts: {same}"
        )
    return 1 if over or not same or not cells else 0


if __name__ == "__main__":
    sys.exit(main())
