"""A column of the mapping has no class that says what to do with it."""

from rounds.datamart.deidentify.classes import class_of

class_of("fhir", "Patient", "nickname")

# Instead:
from rounds.datamart.deidentify.classes import class_of

row = {"shape": "fhir", "table": "Patient", "column": "nickname", "of": ""}
class_of("fhir", "Patient", "nickname", ({**row, "class": "dropped"},))
