"""A site's folder: plain text under git, private stores beside it."""

import datetime as dt
import json
import os
import secrets
import shutil
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from rounds.conduct.audit import append, faults
from rounds.conduct.disclosure_settings import user_of_this_process
from rounds.nouns import AccessError, DataError, DefinitionError

__all__ = ["Project"]

_GITIGNORE = "# Persons' data, seeds and registries stay here.\nprivate/\n"


@dataclass(frozen=True)
class Project:
    """Where everything of one project lies.

    ```
    rounds.toml      where the data are, who may call
    turn.yaml        what people say before each step
    definitions/     this site's measures, and its views of FHIR, reviewed like code
    private/         datamart, registry, practice, seeds; never committed
    ledger/          safe to publish
    report.html      the last report
    ```
    """

    root: Path

    @property
    def settings_path(self) -> Path:
        """Give `rounds.toml`."""
        return self.root / "rounds.toml"

    @property
    def plan_path(self) -> Path:
        """Give `turn.yaml`."""
        return self.root / "turn.yaml"

    @property
    def stakes_path(self) -> Path:
        """What opportunities are weighed by; there need not be one."""
        return self.root / "stakes.yaml"

    @property
    def definitions(self) -> Path:
        """Give the folder of this site's measures."""
        return self.root / "definitions"

    @property
    def views(self) -> Path:
        """Give the folder of this site's ViewDefinitions; it need not be there."""
        return self.definitions / "views"

    @property
    def private(self) -> Path:
        """Give the folder that is never committed (mode 0700)."""
        return self.root / "private"

    @property
    def datamart(self) -> Path:
        """Give the datamart's folder."""
        return self.private / "datamart"

    @property
    def older_datamart(self) -> Path:
        """Give the file that the datamart was before it had snapshots."""
        return self.private / "datamart.duckdb"

    @property
    def registry(self) -> Path:
        """Give the ledger's file."""
        return self.private / "registry.sqlite"

    @property
    def practice(self) -> Path:
        """Give the file of what is live where care is given."""
        return self.private / "practice.sqlite"

    @property
    def bedside(self) -> Path:
        """Give the file of measures' states that the point of care reads."""
        return self.private / "bedside.sqlite"

    @property
    def asked(self) -> Path:
        """Give the file of who has been told what in counts."""
        return self.private / "asked.sqlite"

    @property
    def audit_path(self) -> Path:
        """Give the file of who looked at persons, chained by hashes."""
        return self.private / "audit.jsonl"

    @property
    def ledger(self) -> Path:
        """Give the folder that the ledger is exported to."""
        return self.root / "ledger"

    @property
    def report(self) -> Path:
        """Give the last report."""
        return self.root / "report.html"

    @property
    def settings(self) -> dict[str, Any]:
        """Read `rounds.toml`.

        Raises
        ------
        DefinitionError
            If it is not TOML, or a section is none.
        """
        try:
            settings = tomllib.loads(self.settings_path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DefinitionError(
                f"{self.settings_path} is not TOML: {error}",
                code="bad-settings",
                remedies=("Correct the line that is named.",),
            ) from None
        for name in ("data", "datamart", "cds", "disclosure"):
            if not isinstance(settings.get(name, {}), dict):
                raise DefinitionError(
                    f"{name!r} in {self.settings_path} is not a section.",
                    code="bad-settings",
                    remedies=(f"Write [{name}] on a line of its own.",),
                )
        return settings

    @classmethod
    def open(cls, root: Path) -> Self:
        """Open the project in a folder.

        Raises
        ------
        DefinitionError
            If the folder holds no `rounds.toml`.
        """
        project = cls(Path(root).resolve())
        if not project.settings_path.is_file():
            raise DefinitionError(
                f"{root} is not a Rounds project: it holds no rounds.toml.",
                code="no-project",
                remedies=(
                    "Make one: rounds init DIR --from PATH",
                    "Name another folder: --project DIR",
                ),
            )
        return project

    @classmethod
    def init(
        cls,
        root: Path,
        *,
        source: str | Path | None,
        demo: bool = False,
        deidentify: str = "none",
    ) -> Self:
        """Make a project's folder.

        Raises
        ------
        DataError
            If the folder holds something already, or cannot be made.
        """
        try:
            return cls._made(root, source=source, demo=demo, deidentify=deidentify)
        except OSError:
            raise DataError(
                f"{root} cannot be made a project's folder.",
                code="folder-not-made",
                remedies=(
                    "Check that its parent is a folder that you may write to.",
                    "Check that the disk has room.",
                ),
            ) from None

    @classmethod
    def _made(
        cls, root: Path, *, source: str | Path | None, demo: bool, deidentify: str
    ) -> Self:
        project = cls(Path(root).resolve())
        if project.root.exists() and (
            not project.root.is_dir() or any(project.root.iterdir())
        ):
            raise DataError(
                f"{root} is not an empty folder.",
                code="folder-not-empty",
                why="Making a project there could overwrite what it holds.",
                remedies=("Name a new folder: rounds init DIR --from PATH",),
            )
        for folder in (project.definitions, project.ledger):
            folder.mkdir(parents=True, exist_ok=True)
        project.private.mkdir(mode=0o700)
        template = files("rounds.conduct") / "templates"
        plan = (template / "turn.yaml").read_text()
        project.plan_path.write_text(plan)
        settings = (template / "rounds.toml").read_text()
        quoted = {
            "NAME": json.dumps(project.root.name),
            "SOURCE": json.dumps(_kept(source) if source else ""),
            "DEMO": "true" if demo else "false",
            "DEIDENTIFY": json.dumps(deidentify),
        }
        for key, value in quoted.items():
            settings = settings.replace(f"@{key}@", value)
        project.settings_path.write_text(settings)
        (project.root / ".gitignore").write_text(_GITIGNORE)
        return project

    def remove_demo(self) -> None:
        """Remove a former demo's folder, and nothing else.

        Raises
        ------
        DataError
            If the folder is not a demo that Rounds made.
        """
        if not self.root.exists():
            return
        if not (self.settings_path.is_file() and self.settings.get("demo") is True):
            raise DataError(
                f"{self.root} exists and is not a demo of Rounds.",
                code="not-a-demo",
                why="A demo makes its folder anew each time.",
                remedies=("Name another folder: rounds demo --out DIR",),
            )
        shutil.rmtree(self.root)

    def audit(
        self,
        at: dt.datetime,
        command: str,
        what: str,
        *,
        by: str | None = None,
        **more: Any,
    ) -> None:
        """Write down who of this machine looked at persons, when, and at what kind.

        Raises
        ------
        DataError
            If it cannot be written; then nothing may be shown.
        """
        line = {
            "at": at.isoformat(),
            "by": by or user_of_this_process(),
            "command": command,
            "what": what,
        }
        append(self.audit_path, line | more)

    def audit_faults(self) -> list[str]:
        """Say which lines of the audit file are not as they were written."""
        return faults(self.audit_path)

    def secret(self, name: str, *, derive: bytes | None = None) -> bytes:
        """Give 32 secret bytes kept in `private/NAME` (mode 0600), making them once.

        Parameters
        ----------
        derive : bytes, optional
            What to write if there is none yet; for simulations, which must replay.
            Otherwise the operating system's random source is asked.

        Raises
        ------
        AccessError
            If others than the owner may read the file.
        """
        path = self.private / name
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if path.stat().st_mode & 0o077:
                raise AccessError(
                    f"private/{name} can be read by others.",
                    code="seed-readable",
                    why="Who can read the seed can foretell the allocation.",
                    remedies=(f"chmod 600 {path}",),
                ) from None
            return path.read_bytes()
        with os.fdopen(handle, "wb") as file:
            file.write(derive if derive is not None else secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        return path.read_bytes()


def _kept(source: str | Path) -> str:
    """Write a source as the settings keep it: a path in full, an address as it is."""
    return str(source) if "://" in str(source) else str(Path(source).resolve())
