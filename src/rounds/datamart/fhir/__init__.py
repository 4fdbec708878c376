"""FHIR R4 in: read, flattened by views, judged, keyed, written as OMOP rows."""
