"""Signing in with Cognito: password, first password, second factor, renewal, and the end of it.

Nothing here keeps state: a `Challenge` travels with the page that answers it, and dies with
Cognito's session after a few minutes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from billing.adapters import aws
from billing.adapters.identity import Pool
from billing.core.errors import BillingError

CHALLENGES = frozenset({"NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"})


class SignInRefused(BillingError):
    """User name or password is wrong; which of the two is not said, so names cannot be tried."""

    def __init__(self) -> None:
        super().__init__("the user name or the password is wrong")


class WrongCode(BillingError):
    """The second factor's code does not match, or the conversation took too long."""

    def __init__(self) -> None:
        super().__init__("the code is wrong or too old: enter the one your authenticator shows now")


class PasswordTooWeak(BillingError):
    """The new password does not meet the pool's policy."""

    def __init__(self, policy: str) -> None:
        super().__init__(f"the new password is not accepted: {policy}")


class TooManyAttempts(BillingError):
    """Cognito slows down whoever guesses."""

    def __init__(self) -> None:
        super().__init__("too many attempts: wait a few minutes, then sign in again")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A finished sign-in. `refresh` is None where an access token was merely renewed."""

    access: str
    refresh: str | None
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """What Cognito wants before it hands out tokens.

    name     NEW_PASSWORD_REQUIRED, SOFTWARE_TOKEN_MFA or MFA_SETUP
    session  opaque, to be sent back with the answer; it dies after a few minutes
    """

    name: str
    session: str
    user: str


class ChallengeNotSupported(BillingError):
    """The pool asks for a factor that the sign-in page has no form for."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the user pool asks for {name}, which is not offered here:"
            " allow only authenticator codes as second factor in the pool"
        )


def sign_in(pool: Pool, user: str, password: str) -> Tokens | Challenge:
    """Begin: tokens at once, or the first challenge. Raises SignInRefused, TooManyAttempts."""
    return _outcome(
        user,
        lambda: aws.client("cognito-idp").initiate_auth(
            ClientId=pool.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user, "PASSWORD": password},
        ),
    )


def set_first_password(pool: Pool, challenge: Challenge, password: str) -> Tokens | Challenge:
    """Answer NEW_PASSWORD_REQUIRED. Raises PasswordTooWeak."""
    return _answer(pool, challenge, {"NEW_PASSWORD": password})


def enter_code(pool: Pool, challenge: Challenge, code: str) -> Tokens | Challenge:
    """Answer SOFTWARE_TOKEN_MFA with the authenticator's six digits. Raises WrongCode."""
    return _answer(pool, challenge, {"SOFTWARE_TOKEN_MFA_CODE": code})


def begin_authenticator(challenge: Challenge) -> tuple[str, Challenge]:
    """Answer MFA_SETUP, first half: the secret to show, and the session to go on with."""
    try:
        reply = aws.client("cognito-idp").associate_software_token(Session=challenge.session)
    except ClientError as error:
        raise _refusal(error) from error
    return reply["SecretCode"], Challenge(challenge.name, reply["Session"], challenge.user)


def confirm_authenticator(pool: Pool, challenge: Challenge, code: str) -> Tokens | Challenge:
    """Answer MFA_SETUP, second half: the first code of the new authenticator. Raises WrongCode."""
    try:
        reply = aws.client("cognito-idp").verify_software_token(
            Session=challenge.session, UserCode=code
        )
    except ClientError as error:
        raise _refusal(error) from error
    return _answer(pool, Challenge("MFA_SETUP", reply["Session"], challenge.user), {})


def refreshed(pool: Pool, refresh_token: str) -> Tokens:
    """A new access token for a refresh token that was not revoked. Raises SignInRefused."""
    outcome = _outcome(
        "",
        lambda: aws.client("cognito-idp").initiate_auth(
            ClientId=pool.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": refresh_token},
        ),
    )
    if isinstance(outcome, Challenge):
        raise SignInRefused
    return outcome


def sign_out(pool: Pool, refresh_token: str) -> None:
    """Revoke the refresh token and what it renewed. Signing out twice is not an error."""
    try:
        aws.client("cognito-idp").revoke_token(Token=refresh_token, ClientId=pool.client_id)
    except ClientError as error:
        if aws.code_of(error) not in {
            "InvalidParameterException",
            "NotAuthorizedException",
        }:
            raise


def _answer(pool: Pool, challenge: Challenge, answers: Mapping[str, str]) -> Tokens | Challenge:
    return _outcome(
        challenge.user,
        lambda: aws.client("cognito-idp").respond_to_auth_challenge(
            ClientId=pool.client_id,
            ChallengeName=challenge.name,
            Session=challenge.session,
            ChallengeResponses={"USERNAME": challenge.user, **answers},
        ),
    )


def _outcome(user: str, call: Callable[[], Mapping[str, Any]]) -> Tokens | Challenge:
    try:
        reply = call()
    except ClientError as error:
        raise _refusal(error) from error
    if result := reply.get("AuthenticationResult"):
        return Tokens(
            access=result["AccessToken"],
            refresh=result.get("RefreshToken"),
            expires_in_seconds=result.get("ExpiresIn", 900),
        )
    name = str(reply.get("ChallengeName"))
    if name not in CHALLENGES:
        raise ChallengeNotSupported(name)
    # Cognito may ask for its own spelling of the user name in the answers that follow.
    known_as = reply.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", user)
    return Challenge(name, str(reply.get("Session", "")), known_as)


def _refusal(error: ClientError) -> Exception:
    match aws.code_of(error):
        case "CodeMismatchException" | "ExpiredCodeException" | "EnableSoftwareTokenMFAException":
            return WrongCode()
        case "InvalidPasswordException":
            return PasswordTooWeak(aws.message_of(error))
        case (
            "TooManyRequestsException" | "TooManyFailedAttemptsException" | "LimitExceededException"
        ):
            return TooManyAttempts()
        case (
            "NotAuthorizedException"
            | "UserNotFoundException"
            | "UserNotConfirmedException"
            | "PasswordResetRequiredException"
        ):
            return SignInRefused()
        case _:
            return error  # an infrastructure fault rises as it is
