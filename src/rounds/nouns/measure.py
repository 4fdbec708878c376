"""How well (FHIR Measure)."""
