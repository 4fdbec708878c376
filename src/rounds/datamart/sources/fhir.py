"""FHIR R4: a folder of bulk NDJSON, plain or gzip, or of Bundles.

A load adds to what the source gave before: new versions of resources win or lose
against those that are held, and only the persons whom that touches are mapped anew.
"""

from collections.abc import Sequence

import duckdb

from rounds.datamart.fhir.consents import load_consents
from rounds.datamart.fhir.events import load_events
from rounds.datamart.fhir.people import load_people, load_visits, write_visits
from rounds.datamart.fhir.places import load_places
from rounds.datamart.fhir.reading import FhirReader, is_fhir_file, promised_by_name
from rounds.datamart.fhir.referred import judge_referred
from rounds.datamart.fhir.scope import choose_slices
from rounds.datamart.fhir.staging import Staging
from rounds.datamart.fhir.versions import settle_versions
from rounds.datamart.fhir.views import flattening
from rounds.datamart.fhir.writing import keep_crosswalk, write_events
from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.periods import derive_observation_periods
from rounds.datamart.sources.base import Held, Loaded, Tell, remark_file
from rounds.datamart.vocabulary.concepts import code_systems, resolve_codes

__all__ = ["FhirSource"]


class FhirSource:
    """Reads resources by their resourceType, whatever their files are called."""

    shape = "fhir"
    adds = True

    def recognises(self, files: Sequence[SourceFile]) -> bool:
        """Tell whether there is a JSON or NDJSON file among them."""
        return any(is_fhir_file(file) for file in files)

    def reads_as(self, file: SourceFile) -> str | None:
        """Tell which type a file's name promises, and whether in lines or documents."""
        return promised_by_name(file) if is_fhir_file(file) else None

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[SourceFile],
        tell: Tell,
        held: Held = Held(),  # noqa: B008 - it is frozen
    ) -> Loaded:
        """Fill the stage from every JSON file, and the CDM tables from the stage."""
        systems = tuple(uri for uri, _ in code_systems())
        views = held.views or flattening()
        away = held.deidentifier
        shield = away.shield if away else None
        staging = Staging(views, systems, held.namespace, shield)
        reader = FhirReader(connection, staging)
        for file in files:
            if not is_fhir_file(file):
                remark_file(connection, file)
        reader.read([file for file in files if is_fhir_file(file)], tell)
        tell("versions", reader.n_read)
        settle_versions(connection, held.aliases)
        tell("people, places and visits", reader.n_read)
        places = load_places(connection, views, held.aliases, held.namespace)
        choose_slices(connection, held.aliases)
        rows = {"person": load_people(connection, views, held.namespace)}
        load_visits(connection, views)
        keep_crosswalk(connection, places=places)
        tell("events", reader.n_read)
        judge_referred(connection, views)
        events = load_events(connection, views, systems)
        load_consents(connection, views)
        resolve_codes(connection, beside="discharge_code", used="event_code")
        if held.aliases:
            _forget_former_remarks(connection)
        tell("writing", reader.n_read)
        rows["visit_occurrence"] = write_visits(connection)
        rows |= write_events(connection, events)
        derive_observation_periods(connection)
        return Loaded(entries=frozenset(reader.bundles), rows=rows, places=places)


def _forget_former_remarks(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave remarks about held resources, made again here, to the loads they are of."""
    connection.execute(
        "DELETE FROM problem WHERE file_number NOT IN (SELECT file_number FROM reading)"
    )
