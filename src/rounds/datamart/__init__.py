"""Practice to Data: FHIR and OMOP in, the engine inside, counts out."""

from rounds.datamart.build import Progress
from rounds.datamart.datamart import Datamart, Status
from rounds.datamart.export import Exported, export_omop
from rounds.datamart.load import load
from rounds.datamart.load_report import LoadReport, Reason, TypeCount
from rounds.datamart.measures import run_measure

__all__ = [
    "Datamart",
    "Exported",
    "LoadReport",
    "Progress",
    "Reason",
    "Status",
    "TypeCount",
    "export_omop",
    "load",
    "run_measure",
]
