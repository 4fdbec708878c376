"""A server does not answer, or stopped answering."""

command(f"rounds data fetch --server http://127.0.0.1:9/fhir --out {folder / 'f'}")
