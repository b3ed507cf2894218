"""The security headers every response carries, whatever made it."""

from collections.abc import Mapping, Sequence
from typing import Any

# No inline script, no inline style, nothing from elsewhere: what a page needs is under /static.
# form-action also names the payment page, for browsers that apply it to the redirect after a POST.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none';"
    " form-action {form_action}; img-src 'self' data:"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
HSTS_SECONDS = 2 * 365 * 24 * 3600

ALWAYS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    # same-origin and not no-referrer: under the latter browsers send `Origin: null` with a form,
    # and the check against forged requests could not tell our own pages from another's.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def secured(
    response: dict[str, Any], *, https: bool, form_targets: Sequence[str] = ()
) -> dict[str, Any]:
    """The response with the headers of its class: page, API answer or static file.

    A header the handler set itself stays, except for those in ALWAYS. What is private is never
    stored by a cache; static files say themselves for how long they may be.
    """
    headers: dict[str, str] = dict(response.get("headers") or {})
    present = {name.lower() for name in headers}
    content_type = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    if "content-security-policy" not in present:
        headers["Content-Security-Policy"] = (
            CONTENT_SECURITY_POLICY.format(form_action=" ".join(["'self'", *form_targets]))
            if content_type.startswith("text/html")
            else API_POLICY
        )
    if "cache-control" not in present:
        headers["Cache-Control"] = "no-store"
    if https:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}; includeSubDomains"
    return {**response, "headers": {**headers, **ALWAYS}}
