"""What the two handlers read from their environment, in one place."""

import hashlib
import hmac
import os
from functools import cache
from urllib.parse import urlsplit

from billing.adapters.identity import KeySet, Pool, jwks_at
from billing.adapters.secrets import load_secret
from billing.adapters.standing import Standing
from billing.config import Isp, load_isp

CHECKOUT_ORIGIN = "https://checkout.stripe.com"


@cache
def key_set(jwks_url: str) -> KeySet:
    """The keys of a pool, kept as long as this process lives."""
    return KeySet(jwks_at(jwks_url))


def pool() -> Pool:
    return Pool.of(os.environ)


@cache
def standing(pool_id: str) -> Standing:
    """What the staff's pool says of its people, kept for a moment by this process."""
    return Standing(pool_id)


def customers_pool_id() -> str:
    """The pool into which staff invite customers."""
    return os.environ["CUSTOMERS_POOL_ID"]


def public_url() -> str:
    """The address people type, e.g. https://portal.isp.net; an http one only on loopback."""
    return os.environ["PUBLIC_URL"].rstrip("/")


def portal_url() -> str:
    """Where pay links lead: the portal's address, also when the console makes them."""
    return os.environ.get("PORTAL_URL", os.environ["PUBLIC_URL"]).rstrip("/")


def origin_secret() -> str:
    """What CloudFront sends along; "" where there is none in front (on one machine)."""
    name = os.environ.get("ORIGIN_SECRET", "")
    return load_secret(name) if name else ""


def checkout_origin() -> str:
    """Where a form may lead when a bill is paid: the processor's page, or its stand-in's."""
    base = os.environ.get("PROCESSOR_API_BASE", "")
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else CHECKOUT_ORIGIN


def isp() -> Isp:
    return load_isp()


@cache
def cursor_key() -> bytes:
    """What signs the cursors of lists: derived, so that no further secret has to be kept."""
    secret = load_secret(os.environ["PAY_TOKEN_SECRET"])
    return hmac.digest(secret.encode(), b"demarc cursors", hashlib.sha256)


def error_page(status: int, title: str, detail: str) -> str:
    """A refusal as a page for people."""
    from functions.portal_api.pages.render import page

    return page("problem.html", title=title, detail=detail, home="/", status=status)
