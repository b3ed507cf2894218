"""Inviting people into the customers' pool: Cognito mails them a first password for three days.

What they may see there is said by our own table (billing.store.logins), never by the pool.
"""

from botocore.exceptions import ClientError

from billing.adapters import aws
from billing.core.errors import BillingError


class InvitationRefused(BillingError):
    """The pool takes no such address, or cannot send there."""

    def __init__(self, email: str, problem: str) -> None:
        super().__init__(f"email: {email} cannot be invited: {problem}; check the address")
        self.email = email


def invite(pool_id: str, email: str) -> str:
    """The subject of a person in a pool that signs in by e-mail; invited if not there yet.

    Asking again gives the same subject and sends nothing.
    """
    try:
        user = aws.client("cognito-idp").admin_create_user(
            UserPoolId=pool_id,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
            DesiredDeliveryMediums=["EMAIL"],
        )["User"]
        attributes = user["Attributes"]
    except ClientError as error:
        if aws.code_of(error) in ("InvalidParameterException", "CodeDeliveryFailureException"):
            raise InvitationRefused(email, aws.message_of(error)) from error
        if aws.code_of(error) != "UsernameExistsException":
            raise
        known = aws.client("cognito-idp").admin_get_user(UserPoolId=pool_id, Username=email)
        attributes = known["UserAttributes"]
    return next(str(one["Value"]) for one in attributes if one["Name"] == "sub")
