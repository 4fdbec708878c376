"""The file named as a private key holds none for ES384 or RS384."""

key = folder / "client.pem"
key.touch(0o600)
key.write_text("-----BEGIN PRIVATE KEY-----")
server = "https://ehr.example.org/fhir"
command(f"rounds data fetch --server {server} --client-id us --key {key} --out f")
