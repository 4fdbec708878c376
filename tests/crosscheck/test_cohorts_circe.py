"""Our cohorts against OHDSI's own Circe, in Java: `make test-circe`.

python-circe carries circe-be 1.10.1; `CIRCE_CLASSES` names a folder of jars with another
version (one of circe-be, and what it needs). What a version does not know (what comes
back from it is not what went in) is left out of its comparison, and said. From 1.11 on
the SQL itself is compared, letter by letter.
"""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from duckcdm.circe import build_cohort_query

from rounds.datamart.cohorts.circe_sql import _ATTRITION, untied
from rounds.datamart.cohorts.dialects import statements
from rounds.nouns.circe import canonical, parts
from stories.cohort_engines import PLACES, alone, definitions, duckdb_with
from stories.cohort_random import drawn

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not os.environ.get("ROUNDS_HEAVY"), reason="make test-circe"),
]
OTHER_BUILD = os.environ.get("CIRCE_CLASSES")
PACKAGE = "org.ohdsi.circe.cohortdefinition"
N_DRAWN = int(os.environ.get("ROUNDS_COHORTS", "40"))


class Official:
    """OHDSI's own Circe."""

    def __init__(self, jpype):
        self.made = jpype.JClass(f"{PACKAGE}.CohortExpressionQueryBuilder")()
        self.options = jpype.JClass(
            f"{PACKAGE}.CohortExpressionQueryBuilder$BuildExpressionQueryOptions"
        )
        self.expression = jpype.JClass(f"{PACKAGE}.CohortExpression")
        mapper = jpype.JClass("com.fasterxml.jackson.databind.ObjectMapper")
        self.mapper = mapper()
        self.error = jpype.JClass("java.lang.Exception")
        self.integer = jpype.JInt

    def sql(self, expression, cohort_id):
        options = self.options()
        options.cohortId = self.integer(cohort_id)
        options.cdmSchema = options.vocabularySchema = "cdm"
        options.targetTable = "cohort"
        written = self.made.buildExpressionQuery(json.dumps(expression), options)
        return str(written).replace("\r\n", "\n")

    def understands(self, expression):
        """Tell whether everything that goes in comes out again."""
        try:
            read = self.expression.fromJson(json.dumps(expression))
        except self.error:
            return False
        back = json.loads(str(self.mapper.writeValueAsString(read)))
        # Each version writes the versions of the CDM in a way of its own.
        given = {k: v for k, v in expression.items() if k != "cdmVersionRange"}
        return is_within(canonical(given), canonical(back))


def mistaken(expression):
    """Tell whether Circe up to 1.12.1 writes something else than it is told.

    Its DrugEra reads EraLength where GapDays is meant, and fails if there is none. Of a
    person, RaceCS and EthnicityCS are looked up in the sex, and Race stands twice.
    """
    return any(
        (kind == "DrugEra" and "GapDays" in part)
        or (
            kind == "DemographicCriteria"
            and not {"Race", "RaceCS", "EthnicityCS"}.isdisjoint(part)
        )
        for kind, part in parts(expression)
    )


def ends_otherwise(expression):
    """Tell whether 1.10.1 ends it elsewhere: later versions join exposures that lie a
    gap and an offset from each other, 1.10.1 a gap, and adds the offset at the end."""
    return any(
        kind == "CustomEraStrategy" and part.get("Offset")
        for kind, part in parts(expression)
    )


def is_within(part, whole):
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and is_within(one, whole[name])
            for name, one in part.items()
            if one not in (False, [], {})
        )
    if isinstance(part, list):
        same = isinstance(whole, list) and len(part) == len(whole)
        return same and all(map(is_within, part, whole))
    return part == whole


@pytest.fixture(scope="module")
def official():
    jpype = pytest.importorskip("jpype")
    # Found without importing it, which would start Java with the jars it carries.
    found = find_spec("circe")
    if not OTHER_BUILD and found is None:
        pytest.skip("python-circe is not installed: pip install python-circe")
    folder = Path(OTHER_BUILD or Path(found.origin).parent / "java")
    jars = [str(one) for one in sorted(folder.glob("*.jar"))]
    assert jars, f"no jar in {folder}"
    jpype.startJVM(classpath=jars)
    return Official(jpype)


def comparable(official):
    """Give the expressions that this version knows and writes as it is told."""
    return [
        one for one in EXPRESSIONS if not mistaken(one) and official.understands(one)
    ]


EXPRESSIONS = [*definitions().values(), *(drawn(10_000 + n) for n in range(N_DRAWN))]


def test_the_rows_are_those_of_the_official_circe(official):
    known = comparable(official)
    if not OTHER_BUILD:
        known = [one for one in known if not ends_otherwise(one)]
    print(f"\nrows: {len(known)} of {len(EXPRESSIONS)} cohorts")
    assert len(known) > len(EXPRESSIONS) // 8

    def compiled(expression, dialect, cohort_id):
        sql = official.sql(expression, cohort_id)
        kept = _ATTRITION.format(table=PLACES["attrition"], cohort_id=cohort_id)
        before, mark, after = sql.partition("TRUNCATE TABLE #cohort_rows;")
        return statements(untied(before + kept + mark + after), dialect)

    with duckdb_with() as engine:
        theirs = alone(engine, known, compiled)
        assert theirs[0]
        assert alone(engine, known) == theirs


@pytest.mark.skipif(not OTHER_BUILD, reason="CIRCE_CLASSES names no build of circe-be")
def test_the_sql_is_that_of_the_official_circe(official):
    known = comparable(official)
    print(f"\nSQL: {len(known)} of {len(EXPRESSIONS)} cohorts")
    for expression in known:
        ours = build_cohort_query(
            json.dumps(expression),
            cohort_id=1,
            cdm_schema="cdm",
            vocabulary_schema="cdm",
            target_table="cohort",
        )
        assert ours.replace("\r\n", "\n") == official.sql(expression, 1)
