"""Practice to Data: FHIR and OMOP in, the engine inside, counts out."""

from rounds.datamart.build import Progress
from rounds.datamart.datamart import Datamart, SourceStatus, Status
from rounds.datamart.export import Exported, export_omop
from rounds.datamart.load import change_vocabulary, load
from rounds.datamart.load_report import LoadReport, Reason, TypeCount
from rounds.datamart.measures import run_measure
from rounds.datamart.store import Snapshot, Store
from rounds.datamart.vocabulary.loading import load_vocabulary

__all__ = [
    "Datamart",
    "Exported",
    "LoadReport",
    "Progress",
    "Reason",
    "Snapshot",
    "SourceStatus",
    "Status",
    "Store",
    "TypeCount",
    "change_vocabulary",
    "export_omop",
    "load",
    "load_vocabulary",
    "run_measure",
]
