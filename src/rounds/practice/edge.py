"""The edge of the room: transactions, and what the store says when they fail."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from rounds.nouns import SourceError

__all__ = ["reading", "writing"]


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a writing transaction; durable when the block has ended without an error.

    Raises
    ------
    SourceError
        If the store cannot be written. Its own message could hold a person's row.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise SourceError(
            f"Practice could not be written ({type(error).__name__}).",
            code="practice-unwritable",
            why="Nothing is answered that was not written before.",
            remedies=("Check that the disk has room and the file can be written to.",),
        ) from None


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a connection to read, which waits for no writer.

    Raises
    ------
    SourceError
        If the store cannot be read.
    """
    try:
        with engine.connect() as connection:
            yield connection.execution_options(begin="DEFERRED")
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise SourceError(
            f"Practice could not be read ({type(error).__name__}).",
            code="practice-unreadable",
            remedies=("Check the file, or restore it from a backup.",),
        ) from None
