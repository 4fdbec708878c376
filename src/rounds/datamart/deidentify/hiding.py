"""Errors of a load that takes identifiers away: no file is called by its own name.

A file, its folder or an archive may be named after a person, and whoever says why a
load failed says which file it was. Where identifiers are taken away, that is its shown
name; the rest of a path is `the source`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Final

from rounds.datamart.deidentify.file_names import shown_name
from rounds.datamart.given.source_files import SourceFile
from rounds.nouns.errors import RoundsError

__all__ = ["FileNames"]

_THE_SOURCE: Final = "the source"
_WITHIN: Final = "!/"
"""Between an archive and its member."""


class FileNames:
    """The names of a source's files, as they are and as they may be shown.

    Parameters
    ----------
    place : str
        The source: a path, or an address.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._shown: dict[str, str] = {}

    def add(self, files: Sequence[SourceFile]) -> None:
        """Learn the names of files; a name that may be shown stays."""
        for number, file in enumerate(files):
            shown = file.shown_as or shown_name(number, file.name)
            base = PurePath(file.name).name
            for name, instead in (
                (str(file.path), shown),
                (file.name, shown),
                (base, PurePath(shown).name),
            ):
                if name and name != instead:
                    self._shown[name] = instead

    def add_places(self, found: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Learn the names of files that were loaded before, as `FilePlaces` gives them.

        Of a file in an archive that is the archive's as well.
        """
        for places in found.values():
            for name, origin in places:
                archive = origin.rpartition(_WITHIN)[0]
                for number, path in enumerate((name, origin, archive)):
                    base = PurePath(path).name
                    shown = shown_name(number, base)
                    for each in (path, base):
                        if each and each != shown:
                            self._shown.setdefault(each, shown)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Raise an error of the project again with the names that may be shown."""
        try:
            yield
        except RoundsError as error:
            raise type(error)(
                self._said(error.what),
                code=error.code,
                why=self._said(error.why),
                remedies=tuple(map(self._said, error.remedies)),
            ) from None

    def _said(self, words: str) -> str:
        known = self._shown | {self._place: _THE_SOURCE}
        longest = sorted(filter(None, known), key=len, reverse=True)
        # What is part of a longer word is not that name: `person` in `no person table`.
        pattern = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest)
        return re.sub(pattern, lambda found: known[found[0]], words)
