"""The console's door: staff, each with the roles of their groups."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.identity import Identity
from functions.portal_api import access, door, settings
from functions.portal_api.access import Access
from functions.portal_api.door import Door
from functions.portal_api.pages import console, doors
from functions.portal_api.principal import STAFF_ROLES, Principal
from functions.portal_api.resolver import new_app
from functions.portal_api.routes import (
    bill_runs,
    catalog,
    customers,
    invoices,
    services,
    subscriptions,
    usage,
    whatif,
)
from functions.portal_api.session import Site
from functions.runtime import clock, logger

TABLE = {**access.STAFF, **doors.STAFF_PAGES}

app = new_app()
for part in (customers, services, subscriptions, catalog, invoices, usage, bill_runs, whatif):
    app.include_router(part.router)
console.register(app)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    pool = settings.pool()
    staff = Door(
        app=app,
        site=Site("staff", settings.public_url()),
        pool=pool,
        keys=settings.key_set(pool.jwks_url),
        table=TABLE,
        principal_of=principal_of,
        origin_secret=settings.origin_secret(),
        error_page=settings.error_page,
    )
    return door.answer(staff, event, context, clock())


def principal_of(identity: Identity, entry: Access, now: datetime) -> Principal:
    """A member of staff, with the roles that the token names and the pool still knows of.

    Groups of the pool that are no roles of ours count for nothing.
    """
    standing = settings.standing(settings.pool().id)
    groups = identity.groups & standing.groups(identity.user_name, now, afresh=entry.writes)
    return Principal("staff", identity.subject, identity.user_name, roles=groups & STAFF_ROLES)
