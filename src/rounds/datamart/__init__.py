"""Practice to Data: FHIR and OMOP in, the engine inside, counts out."""

from rounds.datamart.areas.coverage import coverage_sentences
from rounds.datamart.bedside_publishing import BedsidePublished, publish_bedside
from rounds.datamart.cohorts import (
    compile_cohort,
    run_cohorts,
    run_cohorts_with_members,
)
from rounds.datamart.datamart import Datamart, SourceStatus, Status
from rounds.datamart.engines.cdm import AnyDatamart, CdmDatabase
from rounds.datamart.engines.opening import open_cdm
from rounds.datamart.engines.text import measure_sql
from rounds.datamart.export import Exported, export_omop
from rounds.datamart.lineage.origins import Place, Subjects, origins, write_subjects
from rounds.datamart.loading.build import Progress
from rounds.datamart.loading.load import change_vocabulary, load
from rounds.datamart.loading.report import LoadReport, Reason, TypeCount
from rounds.datamart.measures.members import (
    members_of,
    members_of_each,
    members_of_months,
    members_over,
)
from rounds.datamart.measures.running import run_measure, run_measure_over
from rounds.datamart.store import Snapshot, Store
from rounds.datamart.vocabulary.loading import load_vocabulary

__all__ = [
    "AnyDatamart",
    "BedsidePublished",
    "CdmDatabase",
    "Datamart",
    "Exported",
    "LoadReport",
    "Place",
    "Progress",
    "Reason",
    "Snapshot",
    "SourceStatus",
    "Status",
    "Store",
    "Subjects",
    "TypeCount",
    "change_vocabulary",
    "compile_cohort",
    "coverage_sentences",
    "export_omop",
    "load",
    "load_vocabulary",
    "measure_sql",
    "members_of",
    "members_of_each",
    "members_of_months",
    "members_over",
    "open_cdm",
    "origins",
    "publish_bedside",
    "run_cohorts",
    "run_cohorts_with_members",
    "run_measure",
    "run_measure_over",
    "write_subjects",
]
