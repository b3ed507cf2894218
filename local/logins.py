"""People who can sign in to a local system. Their password is printed and worth nothing."""

import json
from dataclasses import asdict, dataclass

from local.context import Context

PASSWORD = "Demarc-local-1"
STAFF = {"clara": "billing", "sam": "support", "ruth": "auditor"}


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who signs in; `group` is a staff role, empty for a customer."""

    name: str  # a user name of staff, the e-mail address of a customer
    password: str
    group: str
    subject: str


def add_staff(context: Context) -> None:
    """One person for each staff role."""
    for name, role in STAFF.items():
        _add(context, context.outputs["StaffPool"], name, f"{name}@meridianfibre.example", role)


def add_customer(context: Context, email: str) -> Login:
    """A login of the customers' pool. Which accounts are his is the product's to know."""
    return _add(context, context.outputs["CustomersPool"], email, email, "")


def logins(context: Context) -> list[Login]:
    """Everybody added so far, in order."""
    file = context.logins_file
    return [Login(**row) for row in json.loads(file.read_text())] if file.exists() else []


def _add(context: Context, pool: str, name: str, email: str, group: str) -> Login:
    cognito = context.client("cognito-idp")
    user = cognito.admin_create_user(
        UserPoolId=pool,
        Username=name,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
        ],
    )["User"]
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True
    )
    if group:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
    subject = next(a["Value"] for a in user["Attributes"] if a["Name"] == "sub")
    login = Login(name, PASSWORD, group, subject)
    known = [asdict(known) for known in logins(context)]
    context.logins_file.write_text(json.dumps([*known, asdict(login)], indent=2))
    return login
