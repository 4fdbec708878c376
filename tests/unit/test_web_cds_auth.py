"""Client tokens: which are accepted, and which are not."""

import datetime as dt
import json
import uuid

import anyio
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette

from rounds.nouns import DefinitionError
from rounds.practice.exposures import exposure_of
from rounds.web.cds_auth import Gate
from rounds.web.cds_hooks import cds_routes
from stories import practice as story

BASE = "https://cds.example.org"
PATH = f"/cds-services/{story.SERVICE}"
ISSUER = "https://ehr.example.org/"
SECONDS = int(story.NOW.timestamp())
EC = ec.generate_private_key(ec.SECP384R1())
OTHER_EC = ec.generate_private_key(ec.SECP384R1())
P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(key, kid):
    kind = (
        jwt.algorithms.ECAlgorithm
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else jwt.algorithms.RSAAlgorithm
    )
    return kind.to_jwk(key.public_key(), as_dict=True) | {"kid": kid}


@pytest.fixture
def folder(tmp_path):
    keys = {"keys": [public(EC, "ec"), public(RSA, "rsa"), public(P256, "p256")]}
    (tmp_path / "clinic.json").write_text(json.dumps(keys))
    (tmp_path / "other.json").write_text(json.dumps({"keys": [public(OTHER_EC, "o")]}))
    return tmp_path


def settings(**more):
    clients = [
        {"iss": ISSUER, "jwks": "clinic.json", "organisation": "clinic-0"},
        {"iss": "https://other.example/", "jwks": "other.json"},
    ]
    return {"base_url": BASE, "clients": clients} | more


@pytest.fixture
def practice(folder):
    with story.open_practice(folder) as opened:
        story.start(opened)
        yield opened


@pytest.fixture
def post(practice, folder):
    gate = Gate.from_settings(settings(), folder)
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW, gate=gate))

    def post(*tokens, request=None, path=PATH):
        async def run():
            async with story.client(app) as client:
                answers = []
                for token in tokens:
                    headers = {} if token is None else {"authorization": token}
                    body = request or story.due_request()
                    answers.append(await client.post(path, json=body, headers=headers))
                return answers

        return anyio.run(run)

    return post


def token(key=EC, algorithm="ES384", *, kid="ec", typ="JWT", drop=(), **claims):
    said = {
        "iss": ISSUER,
        "aud": BASE + PATH,
        "iat": SECONDS - 5,
        "exp": SECONDS + 300,
        "jti": str(uuid.uuid4()),
    } | claims
    for name in drop:
        del said[name]
    headers = {"kid": kid, "typ": typ}
    return "Bearer " + jwt.encode(said, key, algorithm=algorithm, headers=headers)


@pytest.mark.parametrize(
    "made",
    [
        {},
        {"key": RSA, "algorithm": "RS384", "kid": "rsa"},
        {"aud": [BASE + PATH]},
        {"exp": SECONDS - 30, "iat": SECONDS - 300},
        {"tenant": "x"},
    ],
)
def test_a_sound_token_is_accepted(post, made):
    """ES384 or RS384; aud as a text or a list; a minute of leeway."""
    (answer,) = post(token(**made))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "made",
    [
        {"key": OTHER_EC},
        {"key": RSA, "algorithm": "RS256", "kid": "rsa"},
        {"key": RSA, "algorithm": "RS512", "kid": "rsa"},
        {"key": RSA, "algorithm": "PS384", "kid": "rsa"},
        {"key": RSA, "algorithm": "RS384", "kid": "ec"},
        {"key": P256, "algorithm": "ES256", "kid": "p256"},
        {"key": "secret" * 20, "algorithm": "HS384"},
        {"key": None, "algorithm": "none"},
        {"kid": "unknown"},
        {"kid": "o", "key": OTHER_EC},
        {"typ": "at+jwt"},
        {"iss": "https://stranger.example/"},
        {"iss": "https://other.example/"},
        {"aud": BASE},
        {"aud": BASE + "/cds-services"},
        {"aud": "https://evil.example" + PATH},
        {"exp": SECONDS - 61, "iat": SECONDS - 300},
        {"iat": SECONDS + 120},
        {"exp": SECONDS + 7200},
        {"exp": "soon"},
        {"exp": 1e300},
        {"iat": None},
        {"jti": ""},
        {"jti": "x" * 256},
        {"jti": 5},
        {"drop": ("jti",)},
        {"drop": ("exp",)},
        {"drop": ("iat",)},
        {"drop": ("aud",)},
        {"drop": ("iss",)},
    ],
)
def test_an_unsound_token_is_refused(post, practice, made):
    """401, and nothing is written."""
    request = story.due_request()
    (answer,) = post(token(**made), request=request)
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "token-refused"
    assert exposure_of(practice, story.SERVICE, request["hookInstance"]) is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Basic dTpw",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer é",
    ],
)
def test_no_token_is_refused(post, header):
    """Also from this machine, once clients are registered."""
    header = header if header is None else header.encode()
    (answer,) = post(header)
    assert answer.status_code == 401


def test_a_token_is_accepted_once(post):
    """A second use is a replay; another server process would know too."""
    made = token()
    first, second, third = post(made, made, token())
    assert [a.status_code for a in (first, second, third)] == [200, 401, 200]
    assert "before" in second.text


def test_the_clinic_is_the_encounters_or_else_the_clients(post, practice):
    """The registered organisation stands in where the encounter names none."""
    named, unnamed = story.due_request("clinic-3"), story.due_request()
    del unnamed["prefetch"]["encounter"]["serviceProvider"]
    post(token(), request=named)
    post(token(), request=unnamed)
    units = [
        exposure_of(practice, story.SERVICE, one["hookInstance"]).unit
        for one in (named, unnamed)
    ]
    assert units == ["clinic-3", "clinic-0"]


def test_feedback_and_discovery_ask_for_tokens_too(post, practice, folder):
    """Each with its own address as audience."""
    path = f"{PATH}/feedback"
    right = token(aud=BASE + path)
    answers = post(right, token(), request={"feedback": []}, path=path)
    assert [a.status_code for a in answers] == [200, 401]
    gate = Gate.from_settings(settings(), folder)
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW, gate=gate))

    async def discover(header):
        async with story.client(app) as client:
            headers = {"authorization": header} if header else {}
            return await client.get("/cds-services", headers=headers)

    assert anyio.run(discover, None).status_code == 401
    right = token(aud=BASE + "/cds-services")
    assert anyio.run(discover, right).status_code == 200


def test_spent_tokens_are_forgotten_only_after_they_expire(practice):
    """The memory of replays does not grow without end."""
    from rounds.practice.tokens import spend_token

    def spend(jti, now):
        return spend_token(practice, ISSUER, jti, expires=SECONDS + 300, now=now)

    assert spend("a", story.NOW)
    assert not spend("a", story.NOW + dt.timedelta(hours=1))
    assert spend("a", story.NOW + dt.timedelta(hours=3))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"base_url": ""}, "bad-cds-settings"),
        ({"origins": ["*"]}, "bad-cds-settings"),
        ({"origins": "https://x"}, "bad-cds-settings"),
        ({"clients": "https://x"}, "bad-cds-settings"),
        ({"cors": ["https://x"]}, "bad-cds-settings"),
        (
            {"clients": [{"iss": ISSUER, "jwks": "a", "public_key_file": "b"}]},
            "bad-client",
        ),
        (
            {"clients": [{"iss": ISSUER, "public_key_file": "private.json"}]},
            "bad-client-keys",
        ),
        ({"clients": [{"iss": ISSUER}]}, "bad-client"),
        ({"clients": [{"iss": ISSUER, "jwks": "clinic.json", "x": 1}]}, "bad-client"),
        ({"clients": [{"iss": ISSUER, "jwks": "absent.json"}]}, "bad-client-keys"),
        ({"clients": [{"iss": ISSUER, "jwks": "private.json"}]}, "bad-client-keys"),
        ({"clients": [{"iss": ISSUER, "jwks": "symmetric.json"}]}, "bad-client-keys"),
        ({"clients": [{"iss": ISSUER, "jwks": "list.json"}]}, "bad-client-keys"),
    ],
)
def test_settings_that_do_not_hold_are_refused(folder, wrong, code):
    """Private and symmetric keys among them; the file is named, not its content."""
    private = jwt.algorithms.ECAlgorithm.to_jwk(EC, as_dict=True) | {"kid": "ec"}
    (folder / "private.json").write_text(json.dumps({"keys": [private]}))
    symmetric = {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "s"}]}
    (folder / "symmetric.json").write_text(json.dumps(symmetric))
    (folder / "list.json").write_text("[1, 2]")
    with pytest.raises(DefinitionError) as caught:
        Gate.from_settings(settings(**wrong), folder)
    assert caught.value.code == code
    assert private["d"] not in str(caught.value)


def pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.mark.parametrize(
    ("key", "algorithm"), [(EC, "ES384"), (RSA, "RS384"), (P256, None)]
)
def test_a_key_may_be_a_pem_file_and_then_serves_any_kid(
    practice, folder, key, algorithm
):
    """P-384 or RSA; a P-256 key is refused when the settings are read."""
    (folder / "ehr.pem").write_bytes(pem(key))
    client = {"iss": ISSUER, "public_key_file": "ehr.pem"}
    if algorithm is None:
        with pytest.raises(DefinitionError):
            Gate.from_settings(settings(clients=[client]), folder)
        return
    gate = Gate.from_settings(settings(clients=[client]), folder)
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW, gate=gate))

    async def run(signer, by):
        async with story.client(app) as asked:
            headers = {"authorization": token(signer, by)}
            body = story.due_request()
            return await asked.post(PATH, json=body, headers=headers)

    assert anyio.run(run, key, algorithm).status_code == 200
    assert anyio.run(run, OTHER_EC, "ES384").status_code == 401
