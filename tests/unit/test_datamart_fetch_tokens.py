"""SMART Backend Services: who we are is proved, kept secret, and told to nobody else."""

import datetime as dt
import ipaddress
import itertools
import json
import logging
from dataclasses import replace

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.responses import JSONResponse, Response

from rounds.datamart.fetch import Credentials, read_signing_key
from rounds.nouns import RoundsError
from stories.bulk_server import NOW, BulkServer, Clock, ndjson, serving
from stories.fetching import (
    PATIENT,
    Trial,
    claims_of,
    credentials_for,
    seen_by_a_load,
    write_key,
)


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(clock):
    return BulkServer(output=list(PATIENT), now=clock.now)


@pytest.fixture
def us(server, tmp_path):
    return credentials_for(server, write_key(tmp_path / "key.pem"))


@pytest.fixture
def go(server, us, clock, tmp_path):
    """Fetch from the server, as ourselves if nobody else is named."""

    def fetched(who=us, **asked):
        with serving(server) as base:
            trial = Trial(base, clock=clock)
            return trial.fetch(tmp_path / "f", credentials=who, **asked)

    return fetched


def tokens_sent(server, step):
    return [headers.get("authorization") for _, _, headers in server.asked(step)]


def listening_to_forms(server, heard):
    """Keep what is posted to the token endpoint."""
    verify = server._problem

    def problem(form):
        heard.append(dict(form))
        return verify(form)

    server._problem = problem


def test_an_assertion_says_who_we_are_for_minutes_and_once(server, us, go):
    heard = []
    listening_to_forms(server, heard)
    go()
    [form] = heard
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == "system/*.rs"
    claims = claims_of(form["client_assertion"])
    assert claims["iss"] == claims["sub"] == "rounds-at-work"
    assert claims["aud"] == f"{server.base}/auth/token"
    assert 0 < claims["exp"] - NOW.timestamp() <= 300
    assert claims["jti"].startswith("id-")
    header = jwt.get_unverified_header(form["client_assertion"])
    assert header == {"alg": "ES384", "kid": us.key.kid, "typ": "JWT"}


def test_one_token_serves_until_it_runs_out_and_then_another(server, go):
    server.polls, server.retry_after = 4, "100"
    go()
    assert tokens_sent(server, "kick-off") == ["Bearer token-1"]
    assert tokens_sent(server, "status") == [
        f"Bearer token-{n}" for n in (1, 1, 1, 2, 2)
    ]
    assert tokens_sent(server, "file") == ["Bearer token-2"]
    assert tokens_sent(server, "delete") == ["Bearer token-2"]
    assert tokens_sent(server, "discovery") == [None]
    assert len(server.spent) == 2


@pytest.mark.parametrize("step", ["status", "file", "delete"])
def test_a_token_that_is_not_taken_any_more_is_renewed(server, step, tmp_path, go):
    def revoked(_):
        server.tokens.clear()

    server.polls, server.script[step] = 0, [revoked]
    report = go()
    assert report.let_go
    assert len(server.spent) == 2
    assert len(seen_by_a_load(tmp_path / "f")) == 1


def test_a_token_is_renewed_in_mid_download(server, tmp_path, go):
    content = ndjson("Observation", 2000)
    server.output = [("Observation", content)]
    server.cuts[1] = [40_000]

    def revoked(_):
        server.tokens.clear()

    server.script["file"] = [None, revoked]
    go()
    assert seen_by_a_load(tmp_path / "f")["0001/Observation.0001.ndjson"] == content
    assert len(server.spent) == 2


def test_a_capability_url_is_asked_for_without_a_token(server, go):
    server.files_need_token = False
    go()
    assert tokens_sent(server, "file") == [None]


def test_a_redirect_to_another_host_does_not_carry_the_token(server, go):
    other = BulkServer(output=list(PATIENT), files_need_token=False, jobs={"job-1"})
    with serving(other) as elsewhere:
        place = f"{elsewhere}/files/job-1/1"
        away = Response(status_code=307, headers={"Location": place})
        server.script["file"] = [away]
        go()
    assert tokens_sent(server, "file") == ["Bearer token-1"]
    assert tokens_sent(other, "file") == [None]


@pytest.fixture
def elsewhere(server):
    """Let another host give the files, as the manifest says, and ask for the token."""
    other = BulkServer(output=list(PATIENT), jobs={"job-1"})
    with serving(other) as base:

        def moved(manifest):
            for each in manifest["output"]:
                each["url"] = each["url"].replace(server.base, base)
            return manifest

        server.edit_manifest = moved
        yield other


def test_a_host_that_the_manifest_names_does_not_get_the_token(server, elsewhere, go):
    with pytest.raises(RoundsError) as caught:
        go()
    assert caught.value.code == "fetch-token-elsewhere"
    assert f"--token-origin {elsewhere.base}" in str(caught.value)
    assert elsewhere.requests == []


def test_a_host_that_we_name_gets_the_token(server, elsewhere, us, clock, tmp_path):
    named = replace(us, token_origins=(elsewhere.base,))
    with serving(server) as base:
        trial = Trial(base, clock=clock)
        with pytest.raises(RoundsError):
            trial.fetch(tmp_path / "f", credentials=us)
        trial.fetch(tmp_path / "f", credentials=named)
    assert tokens_sent(elsewhere, "file") == ["Bearer token-2"]
    assert len(server.asked("kick-off")) == 1, "the job begun before is gone on with"
    assert len(seen_by_a_load(tmp_path / "f")) == 1


def test_a_place_to_ask_at_that_is_elsewhere_does_not_get_the_token(server, go):
    place = {"Content-Location": "https://jobs.example.org/1?secret=abc"}
    server.script["kick-off"] = [Response(status_code=202, headers=place)]
    with pytest.raises(RoundsError) as caught:
        go()
    assert caught.value.code == "fetch-token-elsewhere"
    assert "https://jobs.example.org" in str(caught.value)
    assert "abc" not in str(caught.value)


def test_files_elsewhere_that_need_no_token_are_fetched(server, elsewhere, go):
    server.files_need_token = elsewhere.files_need_token = False
    go()
    assert tokens_sent(elsewhere, "file") == [None]


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ("files.example.org", "fetch-settings"),
        ("https://files.example.org/folder", "fetch-settings"),
        ("https://me:secret@files.example.org", "fetch-settings"),
        ("http://files.example.org", "fetch-not-https"),
    ],
)
def test_an_origin_is_scheme_host_and_port(us, origin, code):
    with pytest.raises(RoundsError) as caught:
        replace(us, token_origins=(origin,))
    assert caught.value.code == code


def test_a_redirect_of_what_is_posted_is_not_followed(server, go):
    away = Response(status_code=307, headers={"Location": "http://127.0.0.1:9/token"})
    server.script["token"] = [away]
    with pytest.raises(RoundsError) as caught:
        go()
    assert caught.value.code == "fetch-token-refused"


@pytest.mark.parametrize(
    "kind", list(itertools.product(["RS384", "ES384"], ["pem", "jwk", "jwks"]))
)
def test_a_key_may_be_rsa_or_ec_as_pem_or_as_a_key_set(
    server, kind, rsa_key, tmp_path, go
):
    algorithm, form = kind
    key = rsa_key if algorithm == "RS384" else ec.generate_private_key(ec.SECP384R1())
    path = write_key(tmp_path / "key", key)
    if form != "pem":
        to_jwk = {"RS384": RSAAlgorithm, "ES384": ECAlgorithm}[algorithm].to_jwk
        one = to_jwk(key, as_dict=True) | {"kid": "ours", "use": "sig"}
        public = to_jwk(key.public_key(), as_dict=True) | {"kid": "ours"}
        content = one if form == "jwk" else {"keys": [public, one]}
        path.write_text(json.dumps(content))
    us = credentials_for(server, path)
    assert us.key.algorithm == algorithm
    assert (us.key.kid == "ours") == (form != "pem")
    go(us)
    assert len(seen_by_a_load(tmp_path / "f")) == 1


def self_signed(folder):
    """Make a certificate for this machine; give the paths of key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2050, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate = folder / "certificate.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    return write_key(folder / "server.pem", key), certificate


def test_over_https_a_certificate_must_be_trusted(server, tmp_path, monkeypatch):
    key, certificate = self_signed(tmp_path)
    with serving(server, ssl_keyfile=key, ssl_certfile=certificate) as base:
        assert base.startswith("https://")
        with pytest.raises(RoundsError) as caught:
            Trial(base).fetch(tmp_path / "f")
        assert caught.value.code == "fetch-server-silent"
        assert "certificate is not trusted" in str(caught.value)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        Trial(base).fetch(tmp_path / "f")
    assert len(seen_by_a_load(tmp_path / "f")) == 1


def test_neither_key_nor_token_is_shown_or_logged(server, us, clock, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    heard = []
    listening_to_forms(server, heard)
    with serving(server) as base:
        trial = Trial(base, clock=clock)
        report = trial.fetch(tmp_path / "f", credentials=us)
        server.client_id = "somebody-else"
        with pytest.raises(RoundsError) as caught:
            trial.fetch(tmp_path / "g", credentials=us)
    lines = (tmp_path / "key.pem").read_text().splitlines()
    secrets = ["token-1", lines[1], heard[0]["client_assertion"]]
    kept = [p.read_text() for p in (tmp_path / "f").rglob("*") if p.is_file()]
    shown = [repr(us), repr(report), str(caught.value), *trial.said, *kept]
    shown += [str(record.getMessage()) for record in caplog.records]
    for secret in secrets:
        assert not any(secret in each for each in shown)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (
            {"error": "invalid_client", "error_description": "Jane Roe"},
            400,
            "invalid_client",
        ),
        ({"error": "Jane Roe"}, 401, "401"),
        (["Jane Roe"], 403, "403"),
    ],
)
def test_a_token_endpoint_that_refuses_ends_the_fetch(server, body, code, said, go):
    server.script["token"] = [JSONResponse(body, code)]
    with pytest.raises(RoundsError) as caught:
        go()
    assert caught.value.code == "fetch-token-refused"
    assert said in str(caught.value)
    assert "Roe" not in str(caught.value)


def test_an_unknown_client_and_a_foreign_key_are_refused(us, tmp_path, go):
    foreign = read_signing_key(write_key(tmp_path / "other.pem"))
    for who in (Credentials("nobody", us.key), Credentials("rounds-at-work", foreign)):
        with pytest.raises(RoundsError) as caught:
            go(who)
        assert caught.value.code == "fetch-token-refused"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"access_token": "", "token_type": "bearer", "expires_in": 300}, "bearer"),
        ({"access_token": "a\nb", "token_type": "bearer", "expires_in": 300}, "bearer"),
        ({"access_token": "abc", "token_type": "mac", "expires_in": 300}, "bearer"),
        (
            {"access_token": "abc", "token_type": "bearer", "expires_in": "soon"},
            "expires_in",
        ),
        (
            {"access_token": "abc", "token_type": "bearer", "expires_in": -1},
            "expires_in",
        ),
    ],
)
def test_a_token_that_is_none_is_refused(server, body, said, go):
    server.script["token"] = [JSONResponse(body)]
    with pytest.raises(RoundsError) as caught:
        go()
    assert caught.value.code == "fetch-answer-unusable"
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "token_endpoint"),
        ({"token_endpoint": "http://auth.example.org/token"}, "not https"),
        (
            {
                "token_endpoint": "https://auth.example.org/token",
                "token_endpoint_auth_signing_alg_values_supported": ["RS384"],
            },
            "ES384",
        ),
    ],
)
def test_a_server_without_backend_services_is_refused(server, found, said, go):
    server.script["discovery"] = [JSONResponse(found)]
    with pytest.raises(RoundsError) as caught:
        go()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("scopes", "types", "asked"),
    [
        (["system/*.read"], (), "system/*.read"),
        (
            ["system/*.rs"],
            ("Patient", "Condition"),
            "system/Condition.rs system/Patient.rs",
        ),
    ],
)
def test_a_scope_is_for_reading_what_is_fetched(server, scopes, types, asked, go):
    server.scopes, heard = scopes, []
    listening_to_forms(server, heard)
    go(types=types)
    assert heard[0]["scope"] == asked


def test_a_busy_token_endpoint_gets_a_new_assertion_each_time(server, go):
    async def spent_and_busy(request):
        await server.token(request)
        return Response(status_code=503)

    server.script["token"] = [spent_and_busy]
    go()
    assert len(server.spent) == 2
