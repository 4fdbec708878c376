"""The folder to fetch into is none, or cannot be written to."""

(folder / "f").write_text("a file")
server = "https://ehr.example.org/fhir"
command(f"rounds data fetch --server {server} --out {folder / 'f'}")
