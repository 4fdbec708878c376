"""ViewDefinitions of HL7's SQL on FHIR v2, compiled to typed DuckDB SQL."""

from rounds.datamart.sql_on_fhir.resource_files import find_files
from rounds.datamart.sql_on_fhir.running import ViewReport, run_view
from rounds.datamart.sql_on_fhir.view import (
    CompiledView,
    ViewDefinition,
    compile_view,
)

__all__ = [
    "CompiledView",
    "ViewDefinition",
    "ViewReport",
    "compile_view",
    "find_files",
    "run_view",
]
