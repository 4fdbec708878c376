"""Eras, as the CDM derives them, where a source gave none.

A condition era joins a person's occurrences of one concept that are at most 30 days
apart; a drug era exposures to one ingredient; a dose era exposures to one ingredient at
one daily dose, of drugs whose strength is an amount. The gap days of a drug era are
those that no exposure covers, however many cover the others.

References
----------
OHDSI. OMOP Common Data Model v5.4, tables CONDITION_ERA, DRUG_ERA and DOSE_ERA, ETL
conventions. https://ohdsi.github.io/CommonDataModel/cdm54.html
OHDSI. Drug eras, a script of the Common Data Model: exposures that overlap are joined
before days are counted. https://ohdsi.github.io/CommonDataModel/sqlScripts.html
"""

from typing import Final

__all__ = ["ERAS", "era_sql"]

GAP_DAYS: Final = 30
"""Persistence window: so many days without the next still belong to the era."""
ERAS: Final = ("condition_era", "drug_era", "dose_era")

_CONDITIONS: Final = """
SELECT person_id, condition_concept_id AS concept_id, 0::DOUBLE AS dose,
    0::BIGINT AS unit, condition_start_date AS first_day,
    coalesce(condition_end_date, condition_start_date + 1) AS last_day
FROM {cdm}.condition_occurrence WHERE condition_concept_id <> 0
"""
_DRUG_END: Final = (
    "coalesce(drug_exposure_end_date, drug_exposure_start_date + days_supply, "
    "drug_exposure_start_date + 1)"
)
_DRUGS: Final = """
SELECT person_id, i.ancestor_concept_id AS concept_id, 0::DOUBLE AS dose,
    0::BIGINT AS unit, drug_exposure_start_date AS first_day, {end} AS last_day
FROM {cdm}.drug_exposure AS d JOIN ({ingredients}) AS i
    ON i.descendant_concept_id = d.drug_concept_id
WHERE drug_concept_id <> 0
"""
_DOSES: Final = """
SELECT person_id, ingredient_concept_id AS concept_id,
    amount_value * quantity / days_supply AS dose, amount_unit_concept_id AS unit,
    drug_exposure_start_date AS first_day, {end} AS last_day
FROM {cdm}.drug_exposure AS d
JOIN {cdm}.drug_strength AS s ON s.drug_concept_id = d.drug_concept_id
WHERE amount_value IS NOT NULL AND amount_unit_concept_id IS NOT NULL
    AND quantity > 0 AND days_supply > 0 AND s.invalid_reason IS NULL
"""
_INGREDIENTS: Final = """
SELECT ancestor_concept_id, descendant_concept_id FROM {cdm}.concept_ancestor
JOIN {cdm}.concept ON concept_id = ancestor_concept_id
WHERE concept_class_id = 'Ingredient' AND invalid_reason IS NULL
"""
_THEMSELVES: Final = """
SELECT DISTINCT drug_concept_id AS ancestor_concept_id,
    drug_concept_id AS descendant_concept_id FROM {cdm}.drug_exposure
"""
_JOINED: Final = """
WITH given AS ({given}), followed AS (
    SELECT *, max(last_day) OVER (
            PARTITION BY person_id, concept_id, dose, unit
            ORDER BY first_day, last_day
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS covered_to
    FROM given
), numbered AS (
    SELECT *, coalesce(covered_to + {gap} < first_day, TRUE)::INTEGER AS begins,
        greatest(last_day - greatest(first_day, covered_to), 0) AS new_days
    FROM followed
), grouped AS (
    SELECT *, sum(begins) OVER (
            PARTITION BY person_id, concept_id, dose, unit
            ORDER BY first_day, last_day ROWS UNBOUNDED PRECEDING
        ) AS era
    FROM numbered
), joined AS (
    SELECT person_id, concept_id, dose, unit, min(first_day) AS first_day,
        max(last_day) AS last_day, count(*) AS n,
        sum(new_days) AS exposed_days
    FROM grouped GROUP BY person_id, concept_id, dose, unit, era
)
SELECT row_number() OVER (ORDER BY person_id, concept_id, dose, unit, first_day)
    AS {table}_id, person_id, {columns}
FROM joined
"""
_COLUMNS: Final = {
    "condition_era": (
        "concept_id AS condition_concept_id, first_day AS condition_era_start_date, "
        "last_day AS condition_era_end_date, n AS condition_occurrence_count"
    ),
    "drug_era": (
        "concept_id AS drug_concept_id, first_day AS drug_era_start_date, "
        "last_day AS drug_era_end_date, n AS drug_exposure_count, "
        "last_day - first_day - exposed_days AS gap_days"
    ),
    "dose_era": (
        "concept_id AS drug_concept_id, unit AS unit_concept_id, dose AS dose_value, "
        "first_day AS dose_era_start_date, last_day AS dose_era_end_date"
    ),
}


def era_sql(table: str, cdm: str, *, ingredients: bool) -> str:
    """Write the query whose rows are an era table's.

    Parameters
    ----------
    table : {"condition_era", "drug_era", "dose_era"}
        Which.
    cdm : str
        The schema that holds the CDM and its vocabulary.
    ingredients : bool
        Whether the vocabulary knows which ingredients a drug has; if not, each drug
        concept stands for itself.
    """
    source = _INGREDIENTS if ingredients else _THEMSELVES
    given = {"condition_era": _CONDITIONS, "drug_era": _DRUGS, "dose_era": _DOSES}[
        table
    ]
    given = given.format(cdm=cdm, end=_DRUG_END, ingredients=source.format(cdm=cdm))
    return _JOINED.format(
        given=given, gap=GAP_DAYS, table=table, columns=_COLUMNS[table]
    )
