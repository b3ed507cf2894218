"""The one verifier of access tokens, against keys made here and tokens bent in every way."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from billing.adapters.identity import (
    JWKS_REREAD_AFTER,
    KeySet,
    Pool,
    TokenExpired,
    TokenRefused,
    jwks_at,
    verified,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
POOL = Pool("pool-1", "client-1", "https://idp.example/pool-1", "https://idp.example/jwks.json")
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THEIRS = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks(**keys):
    return {
        "keys": [
            {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}
            for kid, key in keys.items()
        ]
    }


def keys():
    return KeySet(lambda: jwks(ours=OURS))


def claims(**changes):
    good = {
        "sub": "8f14e45f",
        "iss": POOL.issuer,
        "client_id": POOL.client_id,
        "token_use": "access",
        "username": "ada",
        "cognito:groups": ["billing"],
        "iat": int(NOW.timestamp()) - 60,
        "exp": int(NOW.timestamp()) + 840,
    }
    return {k: v for k, v in {**good, **changes}.items() if v is not None}


def token(key=OURS, kid="ours", algorithm="RS256", headers=None, **changes):
    return jwt.encode(
        claims(**changes), key, algorithm=algorithm, headers={"kid": kid, **(headers or {})}
    )


def b64(data) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_good_token_says_who_it_is_and_in_which_groups():
    found = verified(token(), POOL, keys(), NOW)

    assert (found.subject, found.user_name, found.groups) == (
        "8f14e45f",
        "ada",
        frozenset({"billing"}),
    )


def test_a_token_without_groups_is_in_none():
    assert verified(token(**{"cognito:groups": None}), POOL, keys(), NOW).groups == frozenset()


def test_an_expired_token_is_told_apart_because_it_may_be_renewed():
    with pytest.raises(TokenExpired):
        verified(token(exp=int(NOW.timestamp())), POOL, keys(), NOW)


def tampered():
    head, body, signature = token().split(".")
    richer = json.loads(base64.urlsafe_b64decode(body + "=="))
    richer["cognito:groups"] = ["billing", "owner"]
    return f"{head}.{b64(richer)}.{signature}"


def unsigned():
    return f"{b64({'alg': 'none', 'typ': 'JWT', 'kid': 'ours'})}.{b64(claims())}."


def signed_with_the_public_key_as_a_password():
    """The classic confusion of RS256 with HS256: the public key is no secret."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{b64({'alg': 'HS256', 'typ': 'JWT', 'kid': 'ours'})}.{b64(claims())}"
    return f"{signed}.{b64(hmac.digest(public, signed.encode(), hashlib.sha256))}"


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(tampered(), id="a group added after signing"),
        pytest.param(unsigned(), id="alg none"),
        pytest.param(unsigned().replace("none", "None"), id="alg none, broken base64"),
        pytest.param(signed_with_the_public_key_as_a_password(), id="HS256 with the public key"),
        pytest.param(token(THEIRS), id="signed with another key under our key id"),
        pytest.param(token(THEIRS, kid="theirs"), id="a key id that the pool does not publish"),
        pytest.param(token(kid="../../etc/passwd"), id="a key id that is a path"),
        pytest.param(
            token(
                THEIRS,
                kid="theirs",
                headers={"jwk": json.loads(RSAAlgorithm.to_jwk(THEIRS.public_key()))},
            ),
            id="the token brings its own key",
        ),
        pytest.param(
            token(THEIRS, kid="theirs", headers={"jku": "https://evil.example/jwks"}),
            id="the token names where to fetch its key",
        ),
        pytest.param(token(algorithm="RS512"), id="another algorithm of the same key"),
        pytest.param(token(iss="https://idp.example/pool-2"), id="another pool"),
        pytest.param(token(iss=None), id="no issuer"),
        pytest.param(token(client_id="client-2"), id="another client"),
        pytest.param(token(client_id=None), id="no client"),
        pytest.param(
            token(token_use="id", aud="client-1", client_id=None), id="an ID token as access token"
        ),
        pytest.param(token(token_use="refresh"), id="a refresh token"),
        pytest.param(token(token_use=None), id="a token of no use"),
        pytest.param(token(exp=None), id="no expiry"),
        pytest.param(token(exp=10**30), id="an expiry out of range"),
        pytest.param(token(iat=int(NOW.timestamp()) + 600), id="issued in the future"),
        pytest.param(token(nbf=int(NOW.timestamp()) + 600), id="not valid yet"),
        pytest.param(token(sub=None), id="names nobody"),
        pytest.param(token(sub=""), id="names the empty subject"),
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="three letters"),
        pytest.param(token() + ".x", id="four parts"),
        pytest.param(token()[:-8], id="a signature cut short"),
        pytest.param("\x00" * 40, id="zeros"),
    ],
)
def test_a_token_that_proves_nothing_is_refused(forged):
    with pytest.raises(TokenRefused):
        verified(forged, POOL, keys(), NOW)


def test_keys_rotate_without_a_restart():
    published = [jwks(ours=OURS), jwks(next=THEIRS)]
    rotating = KeySet(lambda: published.pop(0))
    verified(token(), POOL, rotating, NOW)

    later = NOW + JWKS_REREAD_AFTER
    assert verified(token(THEIRS, kid="next"), POOL, rotating, later).user_name == "ada"


def test_made_up_key_ids_do_not_become_requests():
    asked = []

    def fetch():
        asked.append(1)
        return jwks(ours=OURS)

    one_set = KeySet(fetch)
    for n in range(20):
        with pytest.raises(TokenRefused):
            verified(token(THEIRS, kid=f"made-up-{n}"), POOL, one_set, NOW + timedelta(seconds=n))

    assert len(asked) == 1


def test_keys_of_other_kinds_are_left_out():
    odd = {"keys": [{"kty": "oct", "kid": "ours", "k": "c2VjcmV0"}]}

    with pytest.raises(TokenRefused):
        verified(token(), POOL, KeySet(lambda: odd), NOW)


def test_keys_are_not_read_over_plain_http_from_another_machine():
    with pytest.raises(TokenRefused):
        jwks_at("http://idp.example/jwks.json")
