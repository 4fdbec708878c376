"""Something in a ViewDefinition is not as SQL on FHIR v2 wants it."""

from rounds.datamart.sql_on_fhir import ViewDefinition

ViewDefinition.parse(
    {
        "resource": "Patient",
        "select": [
            {
                "forEach": "name",
                "column": [
                    {"name": "family", "path": "familyy"},
                    {"name": "first name", "path": "given.first()"},
                ],
            }
        ],
    }
)

# Instead:
from rounds.datamart.sql_on_fhir import ViewDefinition

ViewDefinition.parse(
    {
        "resource": "Patient",
        "select": [
            {
                "forEach": "name",
                "column": [
                    {"name": "family", "path": "family"},
                    {"name": "first_name", "path": "given.first()"},
                ],
            }
        ],
    }
)
