"""Engines: each runs measures on an OMOP CDM, in the SQL of one kind of database."""

from rounds.datamart.engines.support import SUPPORT, Support, support_of

__all__ = ["SUPPORT", "Support", "support_of"]
