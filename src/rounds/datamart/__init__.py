"""Practice to Data: FHIR and OMOP in, the engine inside, counts out."""

from rounds.datamart.bedside_publishing import BedsidePublished, publish_bedside
from rounds.datamart.build import Progress
from rounds.datamart.datamart import Datamart, Status
from rounds.datamart.load import load
from rounds.datamart.load_report import LoadReport, Reason, TypeCount
from rounds.datamart.measures import run_measure

__all__ = [
    "BedsidePublished",
    "Datamart",
    "LoadReport",
    "Progress",
    "Reason",
    "Status",
    "TypeCount",
    "load",
    "publish_bedside",
    "run_measure",
]
