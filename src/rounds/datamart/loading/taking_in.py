"""What a load does with the lock: decide what to read, build it, put it in force."""

import re
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from rounds.datamart.deidentify import DeidentifyPlan, insist_alike, shown_name
from rounds.datamart.deidentify.file_places import FilePlaces
from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.given.source_files import (
    SourceFile,
    insist_unchanged,
    snapshot_of,
)
from rounds.datamart.given.source_given import found_again
from rounds.datamart.loading.build import Build, Given, Progress
from rounds.datamart.loading.report import LoadReport
from rounds.datamart.mapping import mapping_version
from rounds.datamart.sources import Source, source_of_shape
from rounds.datamart.store import FileInForce, Snapshot, SourceInForce, attach
from rounds.datamart.store.areas import count_area_rows, has_areas
from rounds.datamart.store.compaction import compacted
from rounds.datamart.store.engine import Settings, engine_settings, memory_limit
from rounds.datamart.store.writing import Clock, Writer
from rounds.nouns.errors import DefinitionError, SourceError

__all__ = ["Loading"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True)
class Loading:
    """One load, or one change of vocabulary.

    Parameters
    ----------
    writer : Writer
        Holds the lock.
    """

    writer: Writer
    threads: int | None
    progress: Progress | None
    now: Clock | None
    started: float
    deidentify: DeidentifyPlan | None = None
    views: Flattening | None = None
    """By which FHIR is flattened; None for the built-in views."""

    def load(
        self, place: str, files: Sequence[SourceFile], plugin: Source, name: str
    ) -> LoadReport:
        """Load the files of one source."""
        _insist_on_name(name)
        current, stale = self._current()
        former = current.source(name)
        if former is not None and former.shape != plugin.shape:
            raise _another_shape(former, plugin)
        held = former.files if former and plugin.adds else ()
        new = _new_files(files, held, current.next_file, plugin)
        if self.deidentify:
            new = _renamed(new)
        others = [each for each in current.sources if each.name != name]
        contents = [
            *map(_contents, others),
            _content(name, plugin.shape, (*held, *new), adds=plugin.adds),
        ]
        if former is not None and self._id(contents, current) == current.id:
            return _report(former, current, unchanged=True)
        given = Given(name=name, loaded_from=place, files=new, plugin=plugin)
        made: Sequence[SourceInForce] = ()
        vocabulary = current.vocabulary
        if not stale:
            one, vocabulary = self._build(
                given, former if plugin.adds else None, vocabulary
            )
            made = (one,)
        if not made or vocabulary != current.vocabulary:
            # By other rules, in another year or with other concepts than now: all is
            # read again.
            again = self._reopened([*others, *([former] if former and held else [])])
            mine = again.pop(name, None)
            read = (*mine.files, *new) if mine else new
            made, vocabulary = self._all(
                [replace(given, files=read), *again.values()], vocabulary
            )
        self._drop_copies()
        under = replace(current, vocabulary=vocabulary)
        snapshot = self._put_in_force(
            under, made, f"load {name}", self._id(contents, under)
        )
        loaded = snapshot.source(name)
        assert loaded is not None
        return _report(loaded, snapshot)

    def change_vocabulary(self, make: Callable[[Path], str]) -> Snapshot:
        """Make a vocabulary, and read every file in force again with it."""
        current, _ = self._current()
        made = self.writer.building / "vocabulary.duckdb"
        vocabulary = make(made)
        if vocabulary == current.vocabulary:
            return current
        made.replace(self.writer.new_vocabulary(vocabulary))
        given = self._reopened(current.sources)
        sources, vocabulary = self._all([*given.values()], vocabulary)
        self._drop_copies()
        under = replace(current, vocabulary=vocabulary)
        contents = [*map(_contents, current.sources)]
        return self._put_in_force(
            under, sources, "vocabulary", self._id(contents, under)
        )

    def _current(self) -> tuple[Snapshot, bool]:
        """Give the snapshot in force, and whether it was made by other rules than now.

        Where there is none, give an empty one, number 0.
        """
        current = self.writer.store.current()
        stamp = self.deidentify.stamp() if self.deidentify else ""
        if current is not None:
            is_old = insist_alike(self.deidentify, current.deidentification)
            other = current.mapping_version != self._mapping_version
            return replace(current, deidentification=stamp), is_old or other
        empty = Snapshot(
            number=0,
            id="",
            parent=None,
            made_at=None,
            made_by="",
            mapping_version=self._mapping_version,
            deidentification=stamp,
        )
        return empty, False

    @property
    def _mapping_version(self) -> str:
        own = self.views.version if self.views else ""
        return f"{mapping_version()}-{own}" if own else mapping_version()

    @property
    def given(self) -> Path:
        """Give the folder in which archives and databases are laid out as files."""
        return self.writer.building / "given"

    def tell(self, what: str, n: int) -> None:
        """Say what is being done, and how many rows have been read."""
        if self.progress is not None:
            self.progress(what, n, n / max(time.monotonic() - self.started, 1e-9))

    @property
    def _spill(self) -> Path:
        return self.writer.building / "spill"

    def _drop_copies(self) -> None:
        """Remove what was laid out or mended of the source: all of it has been read.

        These are copies as they were given. A load that is killed before leaves them,
        for its owner alone, until the next one that writes begins.
        """
        for folder in (self.given, self._spill):
            if folder.exists():
                shutil.rmtree(folder)

    @property
    def _settings(self) -> Settings:
        spill = self._spill
        return engine_settings(spill, threads=self.threads, memory=memory_limit())

    def _build(
        self, given: Given, held: SourceInForce | None, vocabulary: str
    ) -> tuple[SourceInForce, str]:
        """Build one part; give its source, and the vocabulary if it brings more."""
        build = Build(
            writer=self.writer,
            given=given,
            held=held,
            vocabulary=vocabulary,
            settings=self._settings,
            progress=self.progress,
            started=self.started,
            deidentify=self.deidentify,
            views=self.views,
        )
        made, vocabulary = build.run()
        insist_unchanged(given.files)
        return compacted(self.writer, made, self._settings), vocabulary

    def _all(
        self, givens: Sequence[Given], vocabulary: str
    ) -> tuple[tuple[SourceInForce, ...], str]:
        """Build sources whole, under one vocabulary, to which each may bring more."""
        while True:
            made = []
            after = vocabulary
            for given in givens:
                one, after = self._build(given, None, after)
                made.append(one)
            if after == vocabulary:
                return tuple(made), vocabulary
            vocabulary = after  # The next time, nothing that they bring is new.

    def _reopened(self, sources: Sequence[SourceInForce]) -> dict[str, Given]:
        """Look at the files of sources again; refuse if any is not as it was."""
        found: dict[str, Given] = {}
        gone: list[str] = []
        places = FilePlaces(self.deidentify).find() if self.deidentify else {}
        for source in sources:
            files = []
            for each in source.files:
                file = _again(each, places.get(each.sha256), self.given)
                if file is None:
                    gone.append(f"{source.name}: {each.name}")
                else:
                    files.append(file)
            found[source.name] = Given(
                name=source.name,
                loaded_from=source.loaded_from,
                files=tuple(files),
                plugin=source_of_shape(source.shape),
            )
        if gone:
            raise _files_gone(gone)
        return found

    def _put_in_force(
        self,
        under: Snapshot,
        made: Sequence[SourceInForce],
        made_by: str,
        snapshot_id: str,
    ) -> Snapshot:
        anew = {each.name: each for each in made}
        sources = {each.name: each for each in under.sources} | anew
        numbers = [file.number for each in sources.values() for file in each.files]
        snapshot = Snapshot(
            number=self.writer.number,
            id=snapshot_id,
            parent=under.number or None,
            made_at=self.now().isoformat() if self.now else None,
            made_by=made_by,
            mapping_version=self._mapping_version,
            vocabulary=under.vocabulary,
            deidentification=under.deidentification,
            next_file=max([under.next_file, *(number + 1 for number in numbers)]),
            sources=tuple(sources[name] for name in sorted(sources)),
        )
        return self.writer.commit(self._looked_at(snapshot))

    def _id(
        self, contents: Iterable[list[tuple[str, str, str]]], under: Snapshot
    ) -> str:
        return snapshot_of(
            (each for given in contents for each in given),
            vocabulary=under.vocabulary,
            deidentification=under.deidentification,
            views=self.views.version if self.views else "",
        )

    def _looked_at(self, snapshot: Snapshot) -> Snapshot:
        """Open it as a reader would before it is in force; count what is in no part."""
        with duckdb.connect(config=self._settings) as connection:
            attach(connection, self.writer, snapshot)
            counted = connection.execute("SELECT count(*) FROM concept").fetchall()
            joined = count_area_rows(connection) if has_areas(snapshot) else 0
        return replace(snapshot, concepts=counted[0][0], area_rows=joined)


def _new_files(
    files: Sequence[SourceFile],
    held: Sequence[FileInForce],
    first: int,
    plugin: Source,
) -> tuple[SourceFile, ...]:
    """Number the files that are to be read; what a source has given is skipped."""
    known = {(each.sha256, each.read_as) for each in held}
    found: list[SourceFile] = []
    for file in files:
        read_as = plugin.reads_as(file)
        if plugin.adds and read_as is not None:
            if (file.sha256, read_as) in known:
                continue
            known.add((file.sha256, read_as))
        found.append(replace(file, number=first + len(found), read_as=read_as))
    return tuple(found)


def _again(
    file: FileInForce, places: Sequence[tuple[str, str]] | None, folder: Path
) -> SourceFile | None:
    """Look at a file again; where its place is kept in private, at each it had."""
    if places is None:
        found = found_again(file.number, file.name, file.path, file.sha256, folder)
        return found and replace(found, read_as=file.read_as)
    for name, place in places:
        found = found_again(file.number, name, place, file.sha256, folder)
        if found is not None:
            return replace(found, shown_as=file.name, read_as=file.read_as)
    return None


def _contents(source: SourceInForce) -> list[tuple[str, str, str]]:
    return _content(source.name, source.shape, source.files, adds=source.adds)


def _content(
    name: str, shape: str, files: Iterable[FileInForce | SourceFile], *, adds: bool
) -> list[tuple[str, str, str]]:
    # Of OMOP and CSV a file's name says which table it is.
    return [
        (name, shape, f"{each.sha256} {each.read_as if adds else _label(each)}")
        for each in files
        if each.read_as is not None
    ]


def _label(file: FileInForce | SourceFile) -> str:
    return file.label if isinstance(file, SourceFile) else file.name


def _renamed(files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
    return tuple(
        replace(file, shown_as=shown_name(place, file.name))
        for place, file in enumerate(files)
    )


def _report(
    source: SourceInForce, snapshot: Snapshot, *, unchanged: bool = False
) -> LoadReport:
    kept = LoadReport.from_dict(source.report, unchanged=unchanged)
    rows = snapshot.rows
    return replace(kept, snapshot=snapshot.id, persons=rows["person"], rows=rows)


def _insist_on_name(name: str) -> None:
    if _NAME.fullmatch(name):
        return
    raise DefinitionError(
        f"A source cannot be named {name!r}.",
        code="source-name",
        why="Its name becomes part of every id of its persons.",
        remedies=(
            "Begin with a letter or digit, then letters, digits, . _ - (63 at most).",
        ),
    )


def _another_shape(former: SourceInForce, plugin: Source) -> DefinitionError:
    return DefinitionError(
        f"The source {former.name!r} gave {former.shape} before, and gives "
        f"{plugin.shape} now.",
        code="source-of-another-shape",
        why="One source replaces or completes what it gave before, in one shape.",
        remedies=(
            "Give it a name of its own: rounds data load PATH --source NAME.",
            "Or make another project for it: rounds init DIR --from PATH.",
        ),
    )


def _files_gone(gone: list[str]) -> SourceError:
    listed = "; ".join(gone[:5]) + (" …" if len(gone) > 5 else "")
    return SourceError(
        f"{len(gone)} files loaded before are gone or have changed: {listed}.",
        code="files-gone",
        why="The mapping or the vocabulary has changed since, so every file has to be "
        "read again; without these, rows would be lost.",
        remedies=(
            "Put them back where they were.",
            "Load what there is into a new datamart.",
        ),
    )
