"""Signing in and out, and the files pages are made with: the same at both doors."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.adapters import sign_in
from billing.adapters.sign_in import Challenge, Tokens
from functions.portal_api import session, settings
from functions.portal_api.pages.answers import form, html, see_other, sentence
from functions.portal_api.problem import AddressUnknown, status_of

STATIC = Path(__file__).parent.parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
STATIC_SECONDS = 3600
SESSION_SIGNS = range(20, 2049)  # of Cognito's session, which travels with the form
_CODE = re.compile(r"[0-9]{6}")
CONVERSATION = ("challenge", "session", "username")
TOO_SLOW = "That took too long. Please sign in again."


def register(app: APIGatewayHttpResolver, heading: str, *, by_email: bool) -> None:
    """The pages of entry; `heading` says whose door it is, `by_email` what people are known by."""

    @app.get("/signin", include_in_schema=False)
    def show() -> Response:
        wanted = app.current_event.query_string_parameters.get("next", "")
        return html("signin.html", app, **_form(heading, wanted, by_email))

    @app.post("/signin", include_in_schema=False)
    def enter() -> Response:
        fields = form(app)
        try:
            outcome = _advance(fields)
        except (
            sign_in.SignInRefused,
            sign_in.WrongCode,
            sign_in.PasswordTooWeak,
            sign_in.TooManyAttempts,
        ) as refusal:
            kept = ("username",) if isinstance(refusal, sign_in.SignInRefused) else CONVERSATION
            again = {name: fields.get(name, "") for name in kept}
            shown = _form(heading, fields.get("next", ""), by_email) | again
            words = TOO_SLOW if fields.get("challenge") and len(kept) == 1 else sentence(refusal)
            return html("signin.html", app, status_of(refusal), words, **shown)
        if isinstance(outcome, Tokens):
            answer = see_other(session.place_after_sign_in(fields.get("next")))
            answer.cookies = session.started(outcome, app.context["site"])
            return answer
        return html(
            "signin.html", app, **_form(heading, fields.get("next", ""), by_email) | _ask(outcome)
        )

    @app.post("/signout", include_in_schema=False)
    def leave() -> Response:
        held = session.carried(app.current_event.raw_event, app.context["site"])
        if held.refresh:
            sign_in.sign_out(settings.pool(), held.refresh)
        answer = see_other("/signin")
        answer.cookies = session.ended(app.context["site"])
        return answer

    @app.get("/static/<name>", include_in_schema=False)
    def ours(name: str) -> Response:
        return _file(STATIC / Path(name).name)

    @app.get("/static/vendor/<name>", include_in_schema=False)
    def vendored(name: str) -> Response:
        return _file(STATIC / "vendor" / Path(name).name)


def _form(heading: str, wanted: str, by_email: bool) -> dict[str, Any]:
    return {
        "heading": heading,
        "by_email": by_email,
        "next": wanted,
        "challenge": "",
        "session": "",
        "username": "",
        "secret": "",
    }


def _advance(fields: dict[str, str]) -> Tokens | Challenge:
    """The next step of the conversation with the pool; what no form of ours sends is refused."""
    pool = settings.pool()
    name, user = fields.get("challenge", ""), fields.get("username", "")
    if not name:
        password = fields.get("password", "")
        if not (user and password):
            raise sign_in.SignInRefused
        return sign_in.sign_in(pool, user, password)
    challenge = Challenge(name, fields.get("session", ""), user)
    if name not in sign_in.CHALLENGES or len(challenge.session) not in SESSION_SIGNS:
        raise sign_in.SignInRefused
    if name == "NEW_PASSWORD_REQUIRED":
        return sign_in.set_first_password(pool, challenge, fields.get("new_password", ""))
    code = fields.get("code", "")
    if not _CODE.fullmatch(code):
        raise sign_in.WrongCode
    if name == "MFA_SETUP":
        return sign_in.confirm_authenticator(pool, challenge, code)
    return sign_in.enter_code(pool, challenge, code)


def _ask(challenge: Challenge) -> dict[str, Any]:
    """What the form must ask next; a new authenticator is shown its secret once."""
    secret = ""
    if challenge.name == "MFA_SETUP":
        secret, challenge = sign_in.begin_authenticator(challenge)
    return {
        "challenge": challenge.name,
        "session": challenge.session,
        "username": challenge.user,
        "secret": secret,
    }


def _file(path: Path) -> Response:
    found = _content(path)
    if found is None:
        raise AddressUnknown(f"/static/{path.name}")
    content, tag = found
    return Response(
        200,
        content_type=MEDIA_TYPES[path.suffix],
        headers={"Cache-Control": f"public, max-age={STATIC_SECONDS}", "ETag": tag},
        body=content,
    )


@cache
def _content(path: Path) -> tuple[str, str] | None:
    if path.suffix not in MEDIA_TYPES or not path.is_file():
        return None
    content = path.read_text("utf-8")
    return content, f'"{hashlib.sha256(content.encode()).hexdigest()[:16]}"'
