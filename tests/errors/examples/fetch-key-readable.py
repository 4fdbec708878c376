"""The private key of a fetch can be read by others than its owner."""

key = folder / "client.pem"
key.write_text("-----BEGIN PRIVATE KEY-----")
key.chmod(0o644)
server = "https://ehr.example.org/fhir"
command(f"rounds data fetch --server {server} --client-id us --key {key} --out f")
