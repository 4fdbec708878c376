"""OMOP CDM files and schemas in: read, cast, judged, and written."""
