"""A database's address is not one, or it holds a password."""

from rounds.datamart.omop.postgres import place_of

place_of("postgresql://ana:" + "secret" + "@db.example.org/omop?schema=cdm")

# Instead:
from rounds.datamart.omop.postgres import place_of

place_of("postgresql://ana@db.example.org/omop?schema=cdm")
