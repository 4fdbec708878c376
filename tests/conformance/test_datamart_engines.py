"""Our own engines pass what others' must."""

import pytest

from rounds.conformance.engines import BaseEngine
from stories.engines import opened


class _Ours(BaseEngine):
    name: str

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def engine(cls):
        with opened(cls.name) as engine:
            cls.reached = engine
            yield

    def opened(self, rows):
        return self.reached.datamart(rows, only=rows)


class TestDuckDb(_Ours):
    name = "duckdb"


class TestPostgres(_Ours):
    name = "postgresql"


class TestSpark(_Ours):
    name = "spark"
