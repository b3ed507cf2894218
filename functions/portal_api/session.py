"""The session cookie: the access token itself, out of reach of scripts.

Against forged requests: cookies are SameSite=Lax, and a request that writes and is carried by a
cookie must come from our own pages, which its Origin header proves. A browser sends Origin with
every POST and no page can change it, so no token has to travel with each form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from aws_lambda_powertools.shared.cookies import Cookie, SameSite

from billing.adapters.sign_in import Tokens
from billing.core.errors import BillingError

REFRESH_SECONDS = 12 * 3600  # a working day; Cognito may end it earlier
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class WrongOrigin(BillingError):
    """A form or script of another site tries to write with the visitor's cookie."""

    def __init__(self) -> None:
        super().__init__("this request did not come from our own pages: reload the page, try again")


@dataclass(frozen=True, slots=True)
class Site:
    """One of the two front doors and its public address, e.g. ("staff", "https://console.isp.net").

    The kind is part of the cookies' names: browsers keep cookies by host and not by port, and on
    one machine the console and the portal are two ports of one host.
    """

    kind: Literal["staff", "customer"]
    public_url: str

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def cookie_name(self, use: str) -> str:
        """`__Host-` binds it to this host and to https; over plain http browsers refuse it."""
        return f"{'__Host-' if self.https else ''}demarc-{self.kind}-{use}"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a request carries to say who it is. `by_cookie`: the browser added it unasked."""

    access: str | None
    refresh: str | None
    by_cookie: bool


def carried(event: Mapping[str, Any], site: Site) -> Carried:
    """A bearer header wins over cookies; a header that is not a bearer is nobody's token."""
    if authorization := header(event, "authorization"):
        scheme, _, token = authorization.partition(" ")
        return Carried(token.strip() if scheme.lower() == "bearer" else "", None, False)
    cookies = _cookies(event)
    access = cookies.get(site.cookie_name("access"))
    refresh = cookies.get(site.cookie_name("refresh"))
    return Carried(access, refresh, by_cookie=bool(access or refresh))


def refuse_forged(event: Mapping[str, Any], site: Site, *, by_cookie: bool) -> None:
    """Raise WrongOrigin for a write that another site's page has sent.

    A foreign Origin is refused always; a missing one only where a cookie carries the request, so
    that programs with a bearer token need not send any.
    """
    if event["requestContext"]["http"]["method"].upper() in SAFE_METHODS:
        return
    origin = header(event, "origin")
    if origin is not None and origin != site.origin:
        raise WrongOrigin
    if origin is None and by_cookie and header(event, "sec-fetch-site") != "same-origin":
        raise WrongOrigin


def started(tokens: Tokens, site: Site) -> list[Cookie]:
    """The cookies of a finished sign-in, or of a renewal, which brings no new refresh token."""
    cookies = [_cookie("access", tokens.access, site, tokens.expires_in_seconds)]
    if tokens.refresh:
        cookies.append(_cookie("refresh", tokens.refresh, site, REFRESH_SECONDS))
    return cookies


def ended(site: Site) -> list[Cookie]:
    """The cookies that end the session in the browser."""
    return [_cookie("access", "", site, 0), _cookie("refresh", "", site, 0)]


def place_after_sign_in(wanted: str | None) -> str:
    """Where to send the browser after signing in: a path of ours, whatever the query asked for."""
    path = (wanted or "/").replace("\\", "/")
    # Browsers drop tabs and line ends from an address: "/<tab>/evil.example" is "//evil.example".
    ours = path.isprintable() and path.startswith("/") and not path.startswith("//")
    return path if ours else "/"


def header(event: Mapping[str, Any], name: str) -> str | None:
    """A request header by its lower-case name; API Gateway v2 sends names in lower case."""
    return next((v for k, v in (event.get("headers") or {}).items() if k.lower() == name), None)


def _cookies(event: Mapping[str, Any]) -> dict[str, str]:
    lines: Sequence[str] = event.get("cookies") or (header(event, "cookie") or "").split(";")
    pairs = (line.strip().partition("=") for line in lines)
    return {name: value for name, _, value in pairs if name}


def _cookie(use: str, value: str, site: Site, max_age: int) -> Cookie:
    return Cookie(
        name=site.cookie_name(use),
        value=value,
        path="/",
        secure=site.https,
        http_only=True,
        max_age=max_age,
        same_site=SameSite.LAX_MODE,
    )
