"""There is no earlier fetch of the same scope to go on from."""

server = "https://ehr.example.org/fhir"
command(f"rounds data fetch --server {server} --since last --out {folder / 'f'}")
