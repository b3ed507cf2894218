"""Who is calling: the one verifier of access tokens.

Bearer headers and session cookies carry the same thing, an access token of one user pool, and both
are judged by `verified` alone. An ID token says who somebody is to a page and is no permission, so
it is refused (RFC 9068 §2 keeps the two apart; Cognito marks them with `token_use`).
"""

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import jwt
from jwt.algorithms import RSAAlgorithm

from billing.core.errors import BillingError

ALGORITHM = "RS256"  # the only one Cognito signs with; a list would invite a weaker one
CLOCK_SKEW_MAX = timedelta(seconds=5)
JWKS_REREAD_AFTER = timedelta(minutes=1)  # an unknown key id must not become a request per request
JWKS_TIMEOUT_SECONDS = 3
JWKS_BYTES_MAX = 64 * 1024


class TokenRefused(BillingError):
    """The token proves nothing: forged, of another pool or client, or not an access token."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the access token is refused: {reason}; sign in again")
        self.reason = reason


class TokenExpired(TokenRefused):
    """The token was good and its time is over; a refresh token may renew it."""

    def __init__(self) -> None:
        super().__init__("it has expired")


@dataclass(frozen=True, slots=True)
class Pool:
    """One Cognito user pool and the one client of it that may sign in here.

    issuer    what `iss` must say, e.g. https://cognito-idp.eu-central-1.amazonaws.com/<pool id>
    jwks_url  where the pool publishes its public keys (RFC 7517)
    """

    id: str
    client_id: str
    issuer: str
    jwks_url: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Pool":
        return cls(
            id=environment["COGNITO_POOL_ID"],
            client_id=environment["COGNITO_CLIENT_ID"],
            issuer=environment["COGNITO_ISSUER"],
            jwks_url=environment["COGNITO_JWKS_URL"],
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """What a good token proves. `groups` are Cognito groups; `expires` is an instant in UTC."""

    subject: str
    user_name: str
    groups: frozenset[str]
    expires: datetime


@dataclass(slots=True)
class KeySet:
    """The public keys of one pool, read when a token names a key that is not known yet.

    `fetch` answers the JWKS document. It is asked again for an unknown key id, as keys rotate, but
    at most once a minute: a forger can name as many key ids as he likes.
    """

    fetch: Callable[[], Mapping[str, Any]]
    _keys: dict[str, Any] = field(default_factory=dict[str, Any])
    _read_at: datetime | None = None

    def key(self, key_id: str, now: datetime) -> Any:
        if key_id not in self._keys and self._may_read(now):
            self._keys, self._read_at = public_keys(self.fetch()), now
        if key_id not in self._keys:
            raise TokenRefused("it is signed with a key that the user pool does not publish")
        return self._keys[key_id]

    def _may_read(self, now: datetime) -> bool:
        return self._read_at is None or now - self._read_at >= JWKS_REREAD_AFTER


def public_keys(document: Mapping[str, Any]) -> dict[str, Any]:
    """The RSA signing keys of a JWKS document by key id; keys of any other kind are left out."""
    return {
        str(key["kid"]): RSAAlgorithm.from_jwk(dict(key))
        for key in document.get("keys", ())
        if key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and "kid" in key
    }


def jwks_at(url: str) -> Callable[[], Mapping[str, Any]]:
    """Reads the JWKS document at `url`: https, or plain http on the loopback of one machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise TokenRefused("the user pool's keys may only be read over https")

    def fetch() -> Mapping[str, Any]:
        with urllib.request.urlopen(url, timeout=JWKS_TIMEOUT_SECONDS) as response:  # noqa: S310
            return cast("Mapping[str, Any]", json.loads(response.read(JWKS_BYTES_MAX)))

    return fetch


def verified(token: str, pool: Pool, keys: KeySet, now: datetime) -> Identity:
    """The identity an access token proves at `now`, or why it proves none.

    Checked: RS256 and no other algorithm, a key that the pool publishes (never one that the token
    brings along), issuer, client, `token_use=access`, not before, expiry.
    """
    claims = _signed_claims(token, keys, now)
    if claims.get("iss") != pool.issuer:
        raise TokenRefused("another user pool issued it")
    if claims.get("token_use") != "access":
        raise TokenRefused("it is not an access token")
    if claims.get("client_id") != pool.client_id:
        raise TokenRefused("it was issued to another client")
    for claim in ("nbf", "iat"):
        if claim in claims and _instant(claims[claim]) - CLOCK_SKEW_MAX > now:
            raise TokenRefused("it is not valid yet")
    expires = _instant(claims.get("exp"))
    if expires <= now:
        raise TokenExpired
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise TokenRefused("it names nobody")
    return Identity(
        subject=subject,
        user_name=str(claims.get("username", subject)),
        groups=frozenset(str(group) for group in claims.get("cognito:groups", ())),
        expires=expires,
    )


def _signed_claims(token: str, keys: KeySet, now: datetime) -> Mapping[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != ALGORITHM:
            raise TokenRefused("it is not signed with RS256")
        key = keys.key(str(header.get("kid")), now)
        # Times are compared above with the caller's clock; the library would look at its own.
        return jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            options={
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
                "require": ["exp", "iss", "sub"],
            },
        )
    except jwt.InvalidTokenError as error:
        raise TokenRefused("its form or its signature is wrong") from error


def _instant(seconds: object) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TokenRefused("one of its times is not a number")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenRefused("one of its times is out of range") from None
