"""Text that a spreadsheet must not take for a formula."""

from collections.abc import Iterable

__all__ = ["as_cell", "as_cells"]

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def as_cell(value: object) -> object:
    """Give what is written into a cell of CSV.

    Text that begins as a formula does, with `=`, `+`, `-`, `@`, a tab, the end of
    a line or a null, gets an apostrophe before it, so that a spreadsheet shows it and
    does not reckon it. A name of a clinic may come from anywhere.

    Parameters
    ----------
    value : object
        Numbers, truth values and None stay as they are.

    Returns
    -------
    object

    References
    ----------
    OWASP Application Security Verification Standard 5.0, requirement 1.2.10.

    Examples
    --------
    >>> as_cell("=1+1"), as_cell("Clinic 1"), as_cell(-0.5)
    ("'=1+1", 'Clinic 1', -0.5)
    """
    if isinstance(value, str) and value.startswith(_BEGINS_A_FORMULA):
        return f"'{value}"
    return value


def as_cells(row: Iterable[object]) -> list[object]:
    """Give a row of what is written into cells."""
    return [as_cell(value) for value in row]
