"""ViewDefinitions of HL7's SQL on FHIR v2, compiled to typed DuckDB SQL."""

from rounds.datamart.sql_on_fhir.view import (
    CompiledView,
    ViewDefinition,
    compile_view,
)

__all__ = ["CompiledView", "ViewDefinition", "compile_view"]
