"""Area tables: what is known of ZIP Code areas and census tracts, and of no person."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.areas.layout import AREA_FILES, find_layouts, is_area_table
from rounds.datamart.areas.reading import read_areas, write_areas
from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.sources.base import Held, Loaded, Tell, remark_file
from rounds.datamart.store.areas import AREAS
from rounds.nouns.errors import DefinitionError

__all__ = ["AreasSource"]


class AreasSource:
    """Reads the SVI of CDC/ATSDR, plain area tables, and any CSV that is described."""

    shape = AREAS
    adds = False

    def recognises(self, files: Sequence[SourceFile]) -> bool:
        """Tell whether the tables are of areas, or a small file says what they are.

        It is asked last: what holds persons as well is a source of persons.
        """
        if any(file.name in AREA_FILES for file in files):
            return True
        tables = [file for file in files if file.extension in {".csv", ".tsv"}]
        return bool(tables) and all(map(is_area_table, tables))

    def reads_as(self, file: SourceFile) -> str | None:  # noqa: ARG002 - of any name
        """Every file is read in one way; of which year it is, its name may say."""
        return ""

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[SourceFile],
        tell: Tell,
        held: Held,
    ) -> Loaded:
        """Fill `rounds_area`; the CDM tables stay empty.

        Raises
        ------
        DefinitionError
            If a layout has a fault, or the datamart is de-identified.
        """
        if held.deidentifier:
            raise DefinitionError(
                "A de-identified datamart has no addresses to join area tables to.",
                code="areas-need-addresses",
                why="Of a ZIP Code three digits are left, and no census tract.",
                remedies=(
                    "Give each person an Observation of the index (RPL_THEMES) before.",
                    "Keep a project without de-identification, where addresses may be.",
                ),
            )
        layouts = find_layouts(files)
        n_read = read_areas(connection, layouts)
        read = {layout.file.number for layout in layouts}
        for file in files:
            if file.number not in read and file.name not in AREA_FILES:
                remark_file(connection, file)
        tell("reading areas", n_read)
        write_areas(connection)
        return Loaded(
            entries=frozenset(file.number for file in files) - read,
            header_lines=frozenset(read),
            entry_name="row",
            about_persons=False,
        )
