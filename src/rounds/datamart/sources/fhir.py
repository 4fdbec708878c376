"""FHIR R4: a folder of bulk NDJSON, plain or gzip, or of Bundles."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.concepts import code_systems, resolve_codes
from rounds.datamart.fhir_events import load_events
from rounds.datamart.fhir_keys import keep_crosswalk
from rounds.datamart.fhir_people import load_people, load_visits
from rounds.datamart.fhir_places import load_places
from rounds.datamart.fhir_reading import FhirReader, is_fhir_file
from rounds.datamart.fhir_writing import write_events
from rounds.datamart.periods import derive_observation_periods
from rounds.datamart.source_files import SourceFile
from rounds.datamart.sources.base import Held, Loaded, Tell

__all__ = ["FhirSource"]


class FhirSource:
    """Reads resources by their resourceType, whatever their files are called."""

    shape = "fhir"
    adds = False

    def recognises(self, files: Sequence[SourceFile]) -> bool:
        """Tell whether there is a JSON or NDJSON file among them."""
        return any(is_fhir_file(file) for file in files)

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[SourceFile],
        tell: Tell,
        held: Held = Held(),  # noqa: ARG002, B008 - it gives the whole each time
    ) -> Loaded:
        """Fill the CDM tables from every JSON file."""
        systems = tuple(uri for uri, _ in code_systems())
        reader = FhirReader(connection, systems)
        for file in files:
            if is_fhir_file(file):
                reader.read(file)
                tell(f"reading {file.name}", reader.n_read)
        reader.finish()
        tell("people, places and visits", reader.n_read)
        load_places(connection)
        load_people(connection)
        load_visits(connection)
        keep_crosswalk(connection)
        tell("events", reader.n_read)
        load_events(connection, systems)
        resolve_codes(connection)
        tell("writing", reader.n_read)
        written = write_events(connection)
        derive_observation_periods(connection)
        rows = dict(
            connection.execute(
                "SELECT CASE resource_type WHEN 'Patient' THEN 'person' "
                "WHEN 'Encounter' THEN 'visit_occurrence' "
                "WHEN 'Organization' THEN 'care_site' "
                "WHEN 'Practitioner' THEN 'provider' END AS name, sum(n)::BIGINT "
                "FROM mapped GROUP BY 1 HAVING name IS NOT NULL"
            ).fetchall()
        )
        return Loaded(entries=frozenset(reader.bundles), rows=rows | written)
