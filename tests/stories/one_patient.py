"""One controlled patient with hypertension, and a second one, as tables."""

PEOPLE = """
    person | born       | sex
    -------+------------+----
         1 | 1965-06-15 | F
"""
HYPERTENSION = """
    person | code    | from
    -------+---------+-----------
         1 | icd I10 | 2020-01-01
"""
VISIT = """
    visit | person | day        | class
    ------+--------+------------+-----------
        1 |      1 | 2025-03-01 | outpatient
"""
CONTROLLED = """
    person | day        | systolic | diastolic | visit
    -------+------------+----------+-----------+------
         1 | 2025-03-01 |      130 |        80 |     1
"""


def tables(**changed):
    return {
        "people": PEOPLE,
        "diagnoses": HYPERTENSION,
        "visits": VISIT,
        "readings": CONTROLLED,
        **changed,
    }


def counts(denominator, numerator, exclusion=0):
    return {
        "denominator": denominator,
        "denominator_exclusion": exclusion,
        "numerator": numerator,
    }


SECOND = {
    "people": PEOPLE + "         2 | 1950-01-01 | F\n",
    "diagnoses": HYPERTENSION + "         2 | icd I10 | 2020-01-01\n",
    "visits": VISIT + "        2 |      2 | 2025-03-01 | outpatient\n",
    "readings": CONTROLLED + "         2 | 2025-03-01 | 120 | 70 | 2\n",
}
