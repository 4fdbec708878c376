"""What a folder remembers of its fetches cannot be read."""

(folder / "f" / ".fetch").mkdir(parents=True)
(folder / "f" / ".fetch" / "state.json").write_text("{")
server = "https://ehr.example.org/fhir"
command(f"rounds data fetch --server {server} --out {folder / 'f'}")
