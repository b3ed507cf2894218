"""The portal's door: customers, who reach their own accounts only, and whoever holds a pay link."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.identity import Identity
from billing.store.logins import load_login
from functions.portal_api import access, door, settings
from functions.portal_api.access import Access
from functions.portal_api.door import Door
from functions.portal_api.pages import doors, portal
from functions.portal_api.principal import Principal, SignInNeeded
from functions.portal_api.resolver import new_app
from functions.portal_api.routes import own, pay
from functions.portal_api.session import Site
from functions.runtime import clock, logger

TABLE = {**access.CUSTOMER, **doors.CUSTOMER_PAGES}

app = new_app()
app.include_router(own.router)
pay.register(app)
portal.register(app)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    pool = settings.pool()
    customers = Door(
        app=app,
        site=Site("customer", settings.public_url()),
        pool=pool,
        keys=settings.key_set(pool.jwks_url),
        table=TABLE,
        principal_of=principal_of,
        origin_secret=settings.origin_secret(),
        form_targets=(settings.checkout_origin(),),
        error_page=settings.error_page,
    )
    return door.answer(customers, event, context, clock())


def principal_of(identity: Identity, entry: Access, now: datetime) -> Principal:
    """The customer a login stands for: its accounts come from the table, never from a request."""
    login = load_login(identity.subject)
    if login is None or not login.account_ids:
        raise SignInNeeded
    return Principal("customer", identity.subject, identity.user_name, accounts=login.account_ids)
