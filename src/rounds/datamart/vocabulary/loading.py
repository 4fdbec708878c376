"""A vocabulary put in force: made beside the former, and everything mapped by it."""

import time
from pathlib import Path

from rounds.datamart.deidentify import DeidentifyPlan
from rounds.datamart.loading.load import Progress, change_vocabulary
from rounds.datamart.store.folder import Store
from rounds.datamart.store.writing import Clock
from rounds.datamart.vocabulary.building import build_vocabulary
from rounds.datamart.vocabulary.report import VocabularyReport

__all__ = ["load_vocabulary"]


def load_vocabulary(
    folder: Path,
    mart_path: Path,
    *,
    progress: Progress | None = None,
    now: Clock | None = None,
    wait: float = 0.0,
    deidentify: DeidentifyPlan | None = None,
    views: Path | None = None,
) -> VocabularyReport:
    """Make a vocabulary from a folder, and map all that the datamart holds by it.

    Parameters
    ----------
    folder : Path
        An unpacked Athena export, FHIR ValueSet and ConceptMap resources, or both.
    mart_path : Path
        The datamart's folder, which need not be there yet: a vocabulary may come before
        the data.
    progress : callable, optional
        Told what is being done, rows so far, and rows a second.
    now : callable, optional
        Gives the time that the new snapshot is stamped with.
    wait : float
        Seconds to wait for another load to end.
    deidentify : DeidentifyPlan, optional
        How the datamart is de-identified, since all is read again.
    views : Path, optional
        The folder of the site's own ViewDefinitions, likewise.

    Returns
    -------
    VocabularyReport
        Of the vocabulary now in force.

    Raises
    ------
    DataError
        If the folder holds no vocabulary, or a file of it is broken; the one in force
        stays.
    SourceError
        If the disk is full, another load is running, or a file that was loaded is gone.
    """
    made: list[VocabularyReport] = []
    started = time.monotonic()

    def make(path: Path) -> str:
        store = Store(mart_path)
        current = store.current()
        existing = store.vocabulary_path(current.vocabulary) if current else None

        def tell(what: str, n: int) -> None:
            if progress is not None:
                progress(what, n, n / max(time.monotonic() - started, 1e-9))

        made.append(build_vocabulary(folder, path, existing=existing, tell=tell))
        return made[0].id

    change_vocabulary(
        mart_path,
        make,
        progress=progress,
        now=now,
        wait=wait,
        deidentify=deidentify,
        views=views,
    )
    return made[0]
