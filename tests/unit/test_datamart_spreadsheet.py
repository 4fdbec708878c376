"""Spreadsheets: what is read, and what is refused without telling a cell."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rounds.datamart.spreadsheet import read_spreadsheet
from rounds.nouns import DataError, DefinitionError

SECRET = "Rosalind-19540712"


def sheet(tmp_path, text, name="sheet.csv", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="", **options)
    return path


def test_columns_come_as_asked_in_the_order_of_rows(tmp_path):
    path = sheet(
        tmp_path,
        "\ufeffclinic;month;n;rate;day\r\n"
        '"North; upper";2026-02;12;0.25;2026-02-03\r\n'
        "South;2026-01;7.0;-1e-3;2026-01-31\r\n"
        ";;;;\r\n",
    )
    found = read_spreadsheet(
        path,
        {"clinic": "text", "n": "count", "rate": "number", "day": "date",
         "month": "period"},
    )  # fmt: skip
    assert found.n_rows == 2
    assert list(found.lines) == [2, 3]
    assert list(found.columns["clinic"]) == ["North; upper", "South"]
    assert found.columns["n"].dtype == np.int64
    assert list(found.columns["n"]) == [12, 7]
    assert list(found.columns["rate"]) == [0.25, -0.001]
    assert list(found.columns["day"]) == [dt.date(2026, 2, 3), dt.date(2026, 1, 31)]
    assert list(found.columns["month"]) == [dt.date(2026, 2, 1), dt.date(2026, 1, 1)]
    assert list(found.labels["month"]) == ["2026-02", "2026-01"]


@pytest.mark.parametrize(
    ("written", "first_day"),
    [
        ("2026-02-03", dt.date(2026, 2, 3)),
        ("2026-02", dt.date(2026, 2, 1)),
        ("2026-Q3", dt.date(2026, 7, 1)),
        ("2026-W01", dt.date(2025, 12, 29)),  # ISO 8601's first week of 2026
        ("2026", dt.date(2026, 1, 1)),
    ],
)
def test_a_period_is_its_first_day(tmp_path, written, first_day):
    path = sheet(tmp_path, f"by\n{written}\n")
    assert list(read_spreadsheet(path, {"by": "period"}).columns["by"]) == [first_day]


def test_numbered_periods_stay_numbers(tmp_path):
    path = sheet(tmp_path, "by\n1\n2\n10\n")
    assert list(read_spreadsheet(path, {"by": "period"}).columns["by"]) == [1, 2, 10]


def test_a_file_of_r_with_row_names_is_read(tmp_path):
    path = sheet(tmp_path, '"","n"\n"1",3\n"2",NA\n')
    found = read_spreadsheet(path, {"n": "count"}, optional={"n"}).columns["n"]
    assert found[0] == 3
    assert np.isnan(found[1])


def test_parquet_says_the_same_as_csv(tmp_path):
    table = pa.table(
        {
            "clinic": ["North", "South"],
            "n": pa.array([3, None], pa.int32()),
            "rate": [0.1, float("nan")],
            "day": [dt.date(2026, 1, 2), dt.date(2026, 1, 3)],
            "at": np.array(["2026-01-02", "2026-01-03"], dtype="datetime64[us]"),
        }
    )
    pq.write_table(table, tmp_path / "sheet.parquet")
    text = "clinic,n,rate,day,at\nNorth,3,0.1,2026-01-02,2026-01-02\n"
    text += "South,,NaN,2026-01-03,2026-01-03\n"
    kinds = {
        "clinic": "text",
        "n": "count",
        "rate": "number",
        "day": "date",
        "at": "date",
    }
    given = {"optional": {"n", "rate"}}
    left = read_spreadsheet(tmp_path / "sheet.parquet", kinds, **given)
    right = read_spreadsheet(sheet(tmp_path, text), kinds, **given)
    for name in kinds:
        np.testing.assert_array_equal(left.columns[name], right.columns[name])


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("number", SECRET),
        ("number", "inf"),
        ("number", "1e999"),
        ("number", "1,5"),
        ("number", "12%"),
        ("number", "0x1F"),
        ("number", "1_000"),
        ("count", "1.5"),
        ("count", "-1"),
        ("count", "9007199254740993"),
        ("date", "03/02/2026"),
        ("date", "2026-02-30"),
        ("date", "2026-02-03T10:00"),
        ("period", "2026-13"),
        ("period", "2026-W60"),
        ("text", ""),
        ("number", ""),
        ("number", "NaN"),
    ],
)
def test_a_cell_that_is_not_what_was_asked_is_refused_by_line_alone(
    tmp_path, kind, cell
):
    good = {"number": "1", "count": "1", "text": "a"}.get(kind, "2026-01-01")
    path = sheet(tmp_path, f'other,mine\nx,{good}\ny,"{cell}"\nz,{good}\n')
    with pytest.raises(DataError) as caught:
        read_spreadsheet(path, {"mine": kind})
    assert caught.value.code == "spreadsheet-cell"
    assert "line 3" in caught.value.what
    assert not cell or cell not in str(caught.value)
    assert caught.value.__cause__ is None


def test_all_faults_are_said_at_once_and_long_lists_are_cut(tmp_path):
    rows = "".join(f"x{i},-1\n" for i in range(9))
    with pytest.raises(DataError) as caught:
        read_spreadsheet(sheet(tmp_path, "a,b\n" + rows), {"a": "number", "b": "count"})
    assert '"a"' in caught.value.what
    assert '"b" is below zero on lines 2, 3, 4, 5, 6 and 4 more' in caught.value.what


def test_the_nearest_column_is_said(tmp_path):
    with pytest.raises(DefinitionError) as caught:
        read_spreadsheet(sheet(tmp_path, "month,seen\n2026-01,3\n"), {"sen": "count"})
    assert 'Did you mean "seen"?' in caught.value.remedies
    assert "Its columns are: month, seen." in caught.value.remedies


def test_a_first_line_that_may_be_a_person_is_not_repeated(tmp_path):
    with pytest.raises(DefinitionError) as caught:
        read_spreadsheet(
            sheet(tmp_path, f"{SECRET},1954-07-12,3\n{SECRET},1954-07-12,3\n"),
            {"n": "count"},
        )
    assert SECRET not in str(caught.value)


def test_two_columns_of_one_name_are_refused_only_if_asked_for(tmp_path):
    path = sheet(tmp_path, "n,n,m\n1,2,3\n")
    with pytest.raises(DefinitionError, match='two columns are called "n"'):
        read_spreadsheet(path, {"n": "count"})
    assert list(read_spreadsheet(path, {"m": "count"}).columns["m"]) == [3]


def test_the_line_of_a_row_after_a_cell_of_two_lines_is_right(tmp_path):
    path = sheet(tmp_path, 'a,b\n"one\ntwo",1\n\nx,y\n')
    with pytest.raises(DataError, match="on line 5"):
        read_spreadsheet(path, {"b": "count"})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "spreadsheet-empty"),
        (b"a,b\n", "spreadsheet-empty"),
        (b"a,b\n1\n", "spreadsheet-broken"),
        (b'a,b\n"1,2\n', "spreadsheet-broken"),
        (b"a,b\n\xff\xfe,1\n", "spreadsheet-encoding"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused(tmp_path, content, code):
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_spreadsheet(path, {"a": "text"})
    assert caught.value.code == code


def test_parquet_that_is_none_is_refused(tmp_path):
    path = tmp_path / "sheet.parquet"
    path.write_bytes(b"PAR1 not")
    with pytest.raises(DataError) as caught:
        read_spreadsheet(path, {"a": "text"})
    assert caught.value.code == "spreadsheet-broken"
