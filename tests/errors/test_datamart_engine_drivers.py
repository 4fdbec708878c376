"""What an engine says whose driver, an optional extra, is not installed."""

import sys

import pytest

from rounds.datamart import open_cdm
from rounds.nouns import SourceError

EXTRAS = {
    "postgres": (
        {"engine": "postgresql", "cdm": "postgresql://ana@localhost/omop"},
        ("adbc_driver_manager", "adbc_driver_postgresql"),
    ),
    "spark": (
        {"engine": "spark", "cdm": "local[1]", "schema": "cdm"},
        ("py4j.protocol", "pyspark", "pyspark.errors", "pyspark.sql"),
    ),
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_driver_that_is_missing_is_said_with_the_extra_to_install(
    extra, tmp_path, monkeypatch
):
    section, modules = EXTRAS[extra]
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SourceError) as caught:
        open_cdm(section, tmp_path)
    assert caught.value.code == "engine-driver"
    assert f"rounds[{extra}]" in caught.value.remedies[0]
