"""From a folder of FHIR or OMOP files to a new snapshot: all of it, or none."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rounds.datamart.deidentify import DeidentifyPlan
from rounds.datamart.deidentify.file_places import FilePlaces
from rounds.datamart.deidentify.hiding import FileNames
from rounds.datamart.fhir.views import flattening
from rounds.datamart.given.source_files import list_files
from rounds.datamart.given.source_given import laid_out, needs_laying_out, place_given
from rounds.datamart.loading.build import MAIN, Progress
from rounds.datamart.loading.report import LoadReport
from rounds.datamart.loading.taking_in import Loading
from rounds.datamart.omop.postgres import is_postgres
from rounds.datamart.sources import Source, source_for
from rounds.datamart.store import Snapshot, Store
from rounds.datamart.store.areas import AREAS
from rounds.datamart.store.writing import Clock

__all__ = ["Progress", "change_vocabulary", "load"]


def load(
    source: str | Path,
    into: Path,
    *,
    name: str | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    now: Clock | None = None,
    wait: float = 0.0,
    deidentify: DeidentifyPlan | None = None,
    views: Path | None = None,
) -> LoadReport:
    """Make a new snapshot of the datamart at `into`, with the files at `source`.

    FHIR adds to what its source gave before, and what is known already is skipped;
    OMOP, CSV and area tables replace it. A load that fails, or is killed, leaves the
    last snapshot whole, and the same load again completes it. Readers see one snapshot
    or the other.

    Parameters
    ----------
    source : str or Path
        A folder of FHIR R4 NDJSON (plain or gzip) or Bundles; of OMOP CDM 5.3 or 5.4
        CSV or parquet files, or a DuckDB file with OMOP tables; of any CSV files with a
        `rounds-mapping.yaml`; of area tables (CDC's SVI, or any with a
        `rounds-areas.yaml`), which are joined to addresses. Any of these may be a zip
        archive. Or the address of an OMOP schema:
        `postgresql://user@host/database?schema=cdm`.
    into : Path
        The folder of the datamart, which need not be there yet.
    name : str, optional
        Which source it is, where several give to one datamart: what another one gave
        is kept beside it. `main` if not given, and `areas` of area tables.
    progress : callable, optional
        Told after each file and step: what, resources so far, resources a second.
    threads : int, optional
        Threads for the engine; by default as many as there are cores.
    now : callable, optional
        Gives the time to write beside the snapshot; handed in by the door.
    wait : float
        For how many seconds to wait for another load to end.
    deidentify : DeidentifyPlan, optional
        How to take identifiers away before anything is written; not at all without it.
        A datamart stays as it began: another plan than before is refused.
    views : Path, optional
        A folder of the site's own ViewDefinitions, named after resource types, whose
        columns take the place of the built-in ones; it need not be there. After a
        change of them every file in force is read again.

    Returns
    -------
    LoadReport
        Each resource or row that was read once: read = mapped + set aside.

    Raises
    ------
    SourceError
        If the source is missing, cannot be read or changes meanwhile, the disk is full,
        or another load is running.
    DataError
        If the source is empty, nothing in it is recognised, it has no persons, or what
        stands at `into` is no datamart or is damaged.
    DefinitionError
        If the source's name is not fit, or it gave another kind of files before; or if
        a view of the site is not valid, or does not fit the mapping.
    """
    started = time.monotonic()
    flat = flattening(views)
    place = place_given(source)
    names = FileNames(place)
    with _without_names(deidentify, names):
        files = () if is_postgres(source) else list_files(Path(source), names.add)
        packed = needs_laying_out(source, files)
        plugin = None if packed else source_for(place, files)
        with Store(Path(into)).writing(wait) as writer:
            loading = Loading(
                writer,
                threads=threads,
                progress=progress,
                now=now,
                started=started,
                deidentify=deidentify,
                views=flat,
            )
            if plugin is None:
                files = laid_out(source, files, loading.given, loading.tell)
                names.add(files)
                plugin = source_for(place, files)
            named = _usual_name(plugin) if name is None else name
            return loading.load(place, files, plugin, named)


def change_vocabulary(
    into: Path,
    make: Callable[[Path], str],
    *,
    progress: Progress | None = None,
    threads: int | None = None,
    now: Clock | None = None,
    wait: float = 0.0,
    deidentify: DeidentifyPlan | None = None,
    views: Path | None = None,
) -> Snapshot:
    """Put another vocabulary in force, and map again whatever was loaded before.

    Parameters
    ----------
    into : Path
        The folder of the datamart, which need not be there yet.
    make : callable
        Writes the vocabulary as a DuckDB file at the path it is given, and returns its
        id: 16 hexadecimal digits that follow from its content.
    views : Path, optional
        As for `load`.

    Returns
    -------
    Snapshot
        The one in force; the former one, if it has this vocabulary already.

    Raises
    ------
    SourceError
        If a file that was loaded before is gone: it could not be mapped again.
    """
    flat = flattening(views)
    names = FileNames("")
    with _without_names(deidentify, names), Store(into).writing(wait) as writer:
        loading = Loading(
            writer,
            threads=threads,
            progress=progress,
            now=now,
            started=time.monotonic(),
            deidentify=deidentify,
            views=flat,
        )
        return loading.change_vocabulary(make)


def _usual_name(plugin: Source) -> str:
    """Name a source that was given no name: areas stand beside persons."""
    return plugin.shape if plugin.shape == AREAS else MAIN


def _without_names(
    plan: DeidentifyPlan | None, names: FileNames
) -> AbstractContextManager[None]:
    """Hide the names of files, those that were loaded before among them, if need be."""
    if plan is None:
        return nullcontext()
    names.add_places(FilePlaces(plan).find())
    return names.hidden()
