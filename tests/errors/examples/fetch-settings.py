"""A fetch asks for what no server can be asked."""

command(
    "rounds data fetch --server https://ehr.example.org/fhir --type patients --out f"
)
