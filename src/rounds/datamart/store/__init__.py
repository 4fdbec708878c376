"""Snapshots of the datamart: immutable parts under a manifest, switched atomically."""

from rounds.datamart.store.attach import PartGoneError, attach
from rounds.datamart.store.folder import Store
from rounds.datamart.store.manifest import FileInForce, Part, Snapshot, SourceInForce
from rounds.datamart.store.visible import visible_rows, visible_stage
from rounds.datamart.store.writing import KEPT_SNAPSHOTS, Writer

__all__ = [
    "KEPT_SNAPSHOTS",
    "FileInForce",
    "Part",
    "PartGoneError",
    "Snapshot",
    "SourceInForce",
    "Store",
    "Writer",
    "attach",
    "visible_rows",
    "visible_stage",
]
