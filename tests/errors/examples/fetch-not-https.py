"""Records or tokens would travel unencrypted to another machine."""

command("rounds data fetch --server http://ehr.example.org/fhir --out f")
