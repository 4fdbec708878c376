"""Engines: each runs measures on an OMOP CDM, in the SQL of one kind of database."""
