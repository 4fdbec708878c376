"""What is to be done to identifiers on the way in: the mode, its secrets, its settings.

`safe_harbor` follows 45 CFR 164.514(b)(2): the 18 identifiers are removed, dates are
known to the year, codes are random. `shifted` moves all dates of a person by one secret
number of days and puts keyed pseudonyms in place of identifiers: intervals stay exact
and days of the calendar are lost, but it removes less than Safe Harbor asks for, so it
is never called that.
"""

import datetime as dt
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from rounds.datamart.mapping import Row
from rounds.nouns.errors import AccessError, DataError, DefinitionError

__all__ = [
    "MODES",
    "Calendar",
    "DeidentifyPlan",
    "Mode",
    "calendar_of_stamp",
    "existing_key",
    "insist_alike",
    "plan_from",
    "read_key",
]

Mode: TypeAlias = Literal["safe_harbor", "shifted"]
Calendar: TypeAlias = Literal["day", "year", "shifted"]
"""What a datamart knows of the calendar: days; years; days of nobody's calendar."""

MODES: Final[tuple[Mode, ...]] = ("safe_harbor", "shifted")
_CALENDARS: Final[Mapping[Mode, Calendar]] = {
    "safe_harbor": "year",
    "shifted": "shifted",
}
_KEY_BYTES: Final = 32
_VERSION: Final = "1"  # raised when the same settings give other values


@dataclass(frozen=True, kw_only=True)
class DeidentifyPlan:
    """How a load takes identifiers away. Its secrets are in no `repr` and no error."""

    mode: Mode
    key: bytes = field(repr=False)
    """32 secret bytes, of this project alone."""
    reference_year: int
    """The present year. Who would be over 89 in it counts as 90."""
    codes: Path
    """The private folder in which `safe_harbor` keeps its random codes."""
    random_bytes: Callable[[int], bytes] = field(repr=False)
    """A cryptographic source, e.g. `secrets.token_bytes`."""
    keep_names: bool = False
    """Whether the names of organisations and clinicians are kept."""
    keep_codes: bool = False
    """Whether OMOP source values that look like codes are codes, and may be kept."""
    keep_systems: tuple[str, ...] = ()
    """Local code systems (URIs) whose codes may be kept."""
    more_classes: tuple[Row, ...] = field(default=(), repr=False)
    """Classes of columns that a site has added to the mapping."""

    @property
    def calendar(self) -> Calendar:
        """What can be known of the calendar after this."""
        return _CALENDARS[self.mode]

    def stamp(self) -> str:
        """Give what a snapshot keeps: mode, year and fingerprint; no secret is in it.

        The fingerprint is the start of an HMAC-SHA-256 of the settings under the key:
        another key gives another one, and the key cannot be found from it.
        """
        same = "\n".join((_VERSION, self.mode, *map(str, self._settings())))
        made = hmac.new(self.key, f"settings\n{same}".encode(), hashlib.sha256)
        return f"{self.mode}:{self.reference_year}:{made.hexdigest()[:16]}"

    def _settings(self) -> tuple[object, ...]:
        classes = sorted(str(sorted(row.items())) for row in self.more_classes)
        systems = sorted(self.keep_systems)
        return (self.keep_names, self.keep_codes, *systems, *classes)


def calendar_of_stamp(stamp: str) -> Calendar:
    """Give what is known of the calendar in a snapshot with this stamp."""
    mode = stamp.partition(":")[0]
    return _CALENDARS[mode] if mode in MODES else "day"


def insist_alike(plan: DeidentifyPlan | None, stamp: str) -> bool:
    """Refuse to mix a datamart with data de-identified in another way.

    Parameters
    ----------
    plan : DeidentifyPlan, optional
        What the load is to do; None for nothing.
    stamp : str
        The stamp of the snapshot in force; empty for nothing. Call this only where
        there is a snapshot in force.

    Returns
    -------
    bool
        Whether what is there is stale: a new year has begun, so that more people are
        over 89, and every file has to be read again.

    Raises
    ------
    DataError
        If the mode, the key or the settings are others.
    """
    wanted = plan.stamp() if plan else ""
    was, now = stamp.split(":"), wanted.split(":")
    if was == now:
        return False
    if was[0] == now[0] and was[2] == now[2] and int(was[1]) < int(now[1]):
        return True
    before, after = was[0] or "none", now[0] or "none"
    what = (
        f"The datamart was loaded with de-identification {before!r}; "
        f"now it is {after!r}."
        if before != after
        else f"The key or the settings of de-identification ({before!r}) have changed."
    )
    raise DataError(
        what,
        code="deidentify-changed",
        why="Rows treated in two ways do not fit together, and could reveal people.",
        remedies=(
            "Load the files again into a new datamart: rounds init NEW --from FOLDER.",
            f"Or go back to how it was loaded: deidentify = {before!r} in rounds.toml.",
        ),
    )


def plan_from(
    settings: Mapping[str, Any],
    private: Path,
    random_bytes: Callable[[int], bytes],
    *,
    today: dt.date,
    more_classes: tuple[Row, ...] = (),
) -> DeidentifyPlan | None:
    """Make the plan that `rounds.toml` asks for; the key is made the first time.

    Parameters
    ----------
    settings : mapping
        What `rounds.toml` holds. `[data]` has `deidentify`, and may have
        `deidentify_keep_names`, `deidentify_keep_codes` and `deidentify_keep_systems`.
    private : Path
        The project's private folder, for `deidentify.key` and `deidentify-codes/`.
    random_bytes : callable
        A cryptographic source of so many bytes.
    today : date
        Its year is the reference of ages over 89.
    more_classes : tuple of dict
        Rows like those of `mappings/deidentify.csv`, for columns a site has added.

    Returns
    -------
    DeidentifyPlan or None
        None where `deidentify` is absent or `"none"`.

    Raises
    ------
    DefinitionError
        If `deidentify` is another word.
    AccessError
        If others than its owner may read the key.
    DataError
        If the key is not a key.
    """
    data = settings.get("data", {})
    mode = data.get("deidentify", "none")
    if mode == "none":
        return None
    if mode not in MODES:
        raise DefinitionError(
            f"rounds.toml asks for de-identification {mode!r}.",
            code="deidentify-mode",
            why="Each mode removes something else, so none is guessed.",
            remedies=(
                'Write deidentify = "safe_harbor" or deidentify = "shifted".',
                "Leave the line out to load the data as they are.",
            ),
        )
    for name in ("deidentify_keep_names", "deidentify_keep_codes"):
        if not isinstance(data.get(name, False), bool):
            raise DefinitionError(
                f"{name} in rounds.toml is neither true nor false.",
                code="deidentify-setting",
                why="What is kept is decided by it, so no word is guessed.",
                remedies=(f"Write {name} = true or {name} = false, without quotes.",),
            )
    return DeidentifyPlan(
        mode=mode,
        key=read_key(private / "deidentify.key", random_bytes),
        reference_year=today.year,
        codes=private / "deidentify-codes",
        random_bytes=random_bytes,
        keep_names=data.get("deidentify_keep_names", False),
        keep_codes=data.get("deidentify_keep_codes", False),
        keep_systems=tuple(data.get("deidentify_keep_systems", ())),
        more_classes=more_classes,
    )


def read_key(path: Path, random_bytes: Callable[[int], bytes]) -> bytes:
    """Give the key at a path, making it once, for its owner alone (mode 0600).

    A key is written beside its place and linked there, so that a kill leaves a whole
    key or none, and of two makers one wins.

    Raises
    ------
    AccessError
        If others than its owner may read it.
    DataError
        If it is not 32 bytes long.
    """
    if not path.exists():
        _make_key(path, random_bytes)
    return existing_key(path)


def existing_key(path: Path) -> bytes:
    """Give the key that is at a path.

    Raises
    ------
    AccessError
        If others than its owner may read it.
    DataError
        If it is not 32 bytes long.
    FileNotFoundError
        If there is none.
    """
    if path.stat().st_mode & 0o077:
        raise AccessError(
            f"private/{path.name} can be read by others.",
            code="deidentify-key-readable",
            why="Who has the key can find out whom a pseudonym stands for.",
            remedies=(f"chmod 600 {path}", "Load again with a new key if it was read."),
        )
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise DataError(
            f"private/{path.name} holds {len(key)} bytes; a key has {_KEY_BYTES}.",
            code="deidentify-key-unusable",
            why="Another key would give everybody another pseudonym.",
            remedies=(
                "Bring the key back from a copy.",
                "Without one, remove the file and load into a new datamart.",
            ),
        )
    return key


def _make_key(path: Path, random_bytes: Callable[[int], bytes]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{random_bytes(8).hex()}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(random_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)
        except FileExistsError:
            return  # another maker was first, and its key counts
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        made.unlink(missing_ok=True)
