"""Tokens that prove nothing, each with one thing wrong, and made with all the skill of a forger."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.functions.portal_api.world import ISSUER, KEY, NOW, POOLS, our_keys, token

ANOTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
ALL_ROLES = ("billing", "support", "auditor")
OTHER = {"staff": "customer", "customer": "staff"}


def claims(kind: str, subject: str) -> dict[str, Any]:
    """What a good token of this door says."""
    return jwt.decode(token(kind, subject, *ALL_ROLES), options={"verify_signature": False})


def unproven(kind: str, subject: str) -> dict[str, str | None]:
    """By what is wrong with it, a bearer of this subject that must open nothing; None: no token."""
    good = token(kind, subject, *ALL_ROLES)
    head, body, signature = good.split(".")

    def but(**changes: Any) -> str:
        return token(kind, subject, *ALL_ROLES, **changes)

    def without(*names: str) -> str:
        left = {k: v for k, v in claims(kind, subject).items() if k not in names}
        return jwt.encode(left, KEY, algorithm="RS256", headers={"kid": "ours"})

    def headed(key: Any = ANOTHER_KEY, **header: Any) -> str:
        return jwt.encode(claims(kind, subject), key, algorithm="RS256", headers=header)

    seconds = int(NOW.timestamp())
    forged_body = _part({**claims(kind, subject), "sub": "somebody-else"})
    another_pem = ANOTHER_KEY.public_key()
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(another_pem))
    return {
        "no token": None,
        "an empty token": "",
        "no token at all": "nonsense",
        "expired": but(exp=seconds),
        "expired long ago": but(exp=seconds - 86_400),
        "without an expiry": without("exp"),
        "an expiry that is text": but(exp=str(seconds + 900)),
        "not before tomorrow": but(nbf=seconds + 86_400),
        "issued tomorrow": but(iat=seconds + 86_400),
        "of another client": but(client_id="somebody-elses-client"),
        "without a client": without("client_id"),
        "of another issuer": but(iss="https://idp.example/pool-elsewhere"),
        "of a longer issuer": but(iss=f"{ISSUER}/{POOLS[kind][0]}.evil.example"),
        "without an issuer": without("iss"),
        "of the other pool": token(OTHER[kind], subject, *ALL_ROLES),
        "an ID token": but(token_use="id", aud=POOLS[kind][1]),
        "of no use": without("token_use"),
        "without a subject": without("sub"),
        "an empty subject": but(sub=""),
        "another body": f"{head}.{forged_body}.{signature}",
        "a bent signature": f"{head}.{body}.{signature[:-8]}AAAAAAA=".rstrip("="),
        "no signature": f"{head}.{body}.",
        "alg none": f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': 'ours'})}.{body}.",
        "alg None with a signature": f"{_part({'alg': 'None', 'kid': 'ours'})}.{body}.{signature}",
        "HS256 with the public key as its secret": _hs256(body, PUBLIC_PEM),
        "HS256 with the key set as its secret": _hs256(body, json.dumps(our_keys()).encode()),
        "RS512": jwt.encode(claims(kind, subject), KEY, algorithm="RS512", headers={"kid": "ours"}),
        "an unknown key": headed(kid="theirs"),
        "another key under our key's id": headed(kid="ours"),
        "without a key id": headed(),
        "a key id that is a path": headed(kid="../../../../dev/null"),
        "a key id that is an address": headed(kid="https://evil.example/jwks.json"),
        "a key id that goes on": headed(kid="ours\x00"),
        "a key id that is a query": headed(kid="' OR '1'='1"),
        "brings its own key": headed(kid="ours", jwk=jwk),
        "says where its keys are": headed(kid="theirs", jku="https://evil.example/jwks.json"),
    }  # fmt: skip


def _hs256(body: str, secret: bytes) -> str:
    head = _part({"alg": "HS256", "typ": "JWT", "kid": "ours"})
    mac = hmac.digest(secret, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
