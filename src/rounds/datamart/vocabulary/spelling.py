"""How OMOP's vocabularies spell a code: dots, letter case, and the length of an NDC.

Sources write E119, e11.9 and E11.9 for one code. Every code is brought to the spelling
of its vocabulary, whether a vocabulary is loaded or not, so that it always means the
same; `*_source_value` keeps what was written.
"""

__all__ = ["spelled"]

_ICD10 = ("ICD10", "ICD10CM", "ICD10GM", "ICD10CN", "KCD7", "CIM10")
_UPPER = ("ATC", "CPT4", "CVX", "HCPCS", "LOINC", "RxNorm", "SNOMED")


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def spelled(vocabulary_sql: str, code_sql: str) -> str:
    """Write a code as its vocabulary spells it.

    ICD-10 and its modifications have a dot after the third character; ICD-9-CM too, or
    after the fourth where it begins with E; ICD-9 procedures after the second; ICD-10-
    PCS has none. An NDC with hyphens becomes its eleven digits. A code of no such form,
    or of another vocabulary, stays as it is.

    Parameters
    ----------
    vocabulary_sql, code_sql : str
        SQL expressions of type VARCHAR: the `vocabulary_id` and the code.

    Returns
    -------
    str
        An SQL expression of type VARCHAR.

    References
    ----------
    National Drug Code: formats 4-4-2, 5-3-2 and 5-4-1, and HIPAA's 5-4-2.
    https://number.rest/pattern/ndc

    Examples
    --------
    >>> import duckdb
    >>> made = spelled("'ICD10CM'", "'e119'")
    >>> duckdb.sql(f"SELECT {made}").fetchall()
    [('E11.9',)]
    """
    code = f"upper(trim({code_sql}))"

    def dotted(place: int) -> str:
        return f"left({code}, {place}) || '.' || substr({code}, {place + 1})"

    def like(pattern: str) -> str:
        return f"regexp_full_match({code}, '{pattern}')"

    parts = f"string_split({code}, '-')"
    eleven = (
        f"lpad({parts}[1], 5, '0') || lpad({parts}[2], 4, '0') "
        f"|| lpad({parts}[3], 2, '0')"
    )
    ndc = "[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}"
    cases = [
        (
            f"IN ({_named(_ICD10)})",
            (
                f"CASE WHEN {like('[A-Z][0-9][0-9A-Z][0-9A-Z]{1,4}')} "
                f"THEN {dotted(3)} ELSE {code} END"
            ),
        ),
        (
            "= 'ICD9CM'",
            (
                f"CASE WHEN {like('E[0-9]{4}')} THEN {dotted(4)} "
                f"WHEN {like('[0-9V][0-9]{3,4}')} THEN {dotted(3)} ELSE {code} END"
            ),
        ),
        (
            "= 'ICD9Proc'",
            f"CASE WHEN {like('[0-9]{3,4}')} THEN {dotted(2)} ELSE {code} END",
        ),
        ("= 'ICD10PCS'", f"replace({code}, '.', '')"),
        ("= 'NDC'", f"CASE WHEN {like(ndc)} THEN {eleven} ELSE {code} END"),
        (f"IN ({_named(_UPPER)})", code),
    ]
    written = " ".join(
        f"WHEN {vocabulary_sql} {test} THEN {out}" for test, out in cases
    )
    return f"CASE {written} ELSE {code_sql} END"
