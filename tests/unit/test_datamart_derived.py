"""What was read once is given again, and only where it must be the same."""

import duckdb
import pytest

from rounds.datamart import derived
from rounds.datamart.derived import Derived

NAME = "some_" + "a" * 24


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        opened.execute("CREATE TABLE told AS SELECT range AS x FROM range(10)")
        yield opened


def read(asked, *, tables=None, lists=None):
    query = f"SELECT * FROM {next(iter(tables or lists))}"
    (column,) = asked.read(tables or {}, query, lists or {}).values()
    return column.tolist()


def test_the_same_question_is_asked_once(connection):
    asked = Derived(connection, keep=True)
    tables = {NAME: "SELECT count(*) AS n FROM told"}
    assert read(asked, tables=tables) == [10]
    connection.execute("INSERT INTO told VALUES (10)")
    assert read(asked, tables=tables) == [10]
    asked.close()
    assert read(asked, tables=tables) == [11]


def test_rows_that_may_change_are_asked_of_again(connection):
    asked = Derived(connection, keep=False)
    tables = {NAME: "SELECT count(*) AS n FROM told"}
    assert read(asked, tables=tables) == [10]
    connection.execute("INSERT INTO told VALUES (10)")
    assert read(asked, tables=tables) == [11]


def test_a_list_whose_name_does_not_say_what_is_in_it_is_not_remembered(connection):
    asked = Derived(connection, keep=True)
    assert read(asked, lists={"listed": ("person_id", [1])}) == [1]
    assert not asked._read
    assert read(asked, lists={NAME: ("person_id", [1])}) == [1]
    assert len(asked._read) == 1


def test_no_more_is_remembered_than_there_is_room_for(connection, monkeypatch):
    monkeypatch.setattr(derived, "_MOST_KEPT", 15)
    asked = Derived(connection, keep=True)
    names = ["some_" + letter * 24 for letter in "abc"]
    for name in names:
        read(asked, tables={name: "SELECT x FROM told"})
    assert [query.split()[-1] for query in asked._read] == names[-1:]
