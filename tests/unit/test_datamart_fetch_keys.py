"""The key that a fetch signs with: read from one file, and refused where it is no good."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from rounds.datamart.fetch import read_signing_key
from rounds.nouns import RoundsError
from stories.fetching import write_key


def test_the_id_of_a_bare_key_is_its_thumbprint(tmp_path):
    """The example of RFC 7638, section 3.1, whose modulus is of 2048 bits."""
    from rounds.datamart.fetch.keys import _thumbprint

    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhD"
        "R1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6C"
        "f0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1"
        "n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1"
        "jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = {"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert _thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o700])
def test_a_key_that_others_may_read_is_refused(mode, tmp_path):
    path = write_key(tmp_path / "key.pem")
    path.chmod(mode)
    with pytest.raises(RoundsError) as caught:
        read_signing_key(path)
    assert caught.value.code == "fetch-key-readable"
    path.chmod(0o400)
    read_signing_key(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"keys": []}',
        b'{"keys": [{"kty": "EC", "d": "AAAA"}]}',
        b'{"keys": 3}',
        b'{"kty": "oct", "k": "c2VjcmV0", "d": "x"}',
        b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
    ],
)
def test_a_file_without_a_key_is_refused_and_not_repeated(content, tmp_path):
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(RoundsError) as caught:
        read_signing_key(path)
    assert caught.value.code == "fetch-key-unusable"
    assert "c2VjcmV0" not in str(caught.value)


def test_a_key_too_weak_or_of_another_curve_is_refused(tmp_path):
    path = write_key(tmp_path / "key", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(RoundsError) as caught:
        read_signing_key(path)
    assert caught.value.code == "fetch-key-unusable"
