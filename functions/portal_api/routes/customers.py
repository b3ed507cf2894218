"""Parties, accounts, notes and the timeline."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.portal_api import settings
from functions.portal_api.routes.asked import (
    LIMIT,
    Cursor,
    Limit,
    asked,
    create,
    edit,
    listed,
    tell,
)
from functions.portal_api.usecases import customers, logins
from functions.portal_api.wire import people
from functions.portal_api.wire.base import Page
from functions.portal_api.wire.requests import (
    AccountIn,
    AccountPatch,
    LoginIn,
    NoteIn,
    PartyIn,
    PartyPatch,
)

router = APIGatewayHttpRouter()


@router.post("/v1/parties", status_code=201, summary="Create a party", tags=["customers"])
def create_party(wanted: PartyIn) -> Response[people.PartyOut]:
    fields = wanted.model_dump()
    return create(asked(router), lambda op: customers.create_party(op, fields), people.party)


@router.get("/v1/parties/<party_id>", summary="One party", tags=["customers"])
def get_party(party_id: str) -> Response[people.PartyOut]:
    found = customers.party(party_id)
    return tell(people.party(found), found.version)


@router.patch("/v1/parties/<party_id>", summary="Edit a party", tags=["customers"])
def edit_party(party_id: str, wanted: PartyPatch) -> Response[people.PartyOut]:
    changes = wanted.changes()
    return edit(
        asked(router),
        lambda op, version: customers.edit_party(op, party_id, version, changes),
        people.party,
    )


@router.get("/v1/accounts", summary="Accounts by their customers' names", tags=["customers"])
def list_accounts(
    search: Annotated[str, Query(max_length=200, description="name, id, identity")] = "",
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> Response[Page[people.AccountRowOut]]:
    request = asked(router)
    return listed(
        request,
        cursor,
        lambda at: customers.list_customers(
            query=search, cursor=at, limit=limit, today=request.today
        ),
        people.account_row,
    )


@router.post("/v1/accounts", status_code=201, summary="Open an account", tags=["customers"])
def create_account(wanted: AccountIn) -> Response[people.AccountOut]:
    fields = wanted.model_dump()
    return create(
        asked(router),
        lambda op: customers.create_account(op, fields, settings.isp()),
        people.account,
    )


@router.get("/v1/accounts/<account_id>", summary="One account, whole", tags=["customers"])
def get_account(account_id: str) -> Response[people.CustomerOut]:
    found = customers.customer(account_id, asked(router).principal.sees)
    return tell(people.customer(found), found.account.version)


@router.patch("/v1/accounts/<account_id>", summary="Edit an account", tags=["customers"])
def edit_account(account_id: str, wanted: AccountPatch) -> Response[people.AccountOut]:
    changes = wanted.changes()
    return edit(
        asked(router),
        lambda op, version: customers.edit_account(op, account_id, version, changes),
        people.account,
    )


@router.get("/v1/accounts/<account_id>/timeline", summary="What happened", tags=["customers"])
def list_events(
    account_id: str, cursor: Cursor = None, limit: Limit = LIMIT
) -> Response[Page[people.EventOut]]:
    request = asked(router)
    return listed(
        request,
        cursor,
        lambda at: customers.timeline_of(
            account_id, request.principal.sees, cursor=at, limit=limit
        ),
        people.event,
    )


@router.post(
    "/v1/accounts/<account_id>/notes", status_code=201, summary="Add a note", tags=["customers"]
)
def add_note(account_id: str, wanted: NoteIn) -> Response[people.EventOut]:
    return create(
        asked(router), lambda op: customers.add_note(op, account_id, wanted.text), people.event
    )


@router.get(
    "/v1/accounts/<account_id>/logins", summary="Who sees it in the portal", tags=["customers"]
)
def list_logins(account_id: str) -> Response[people.LoginsOut]:
    found = logins.list_logins(account_id, asked(router).principal.sees)
    return tell(people.LoginsOut(data=[people.login(one) for one in found]))


@router.post(
    "/v1/accounts/<account_id>/logins",
    status_code=201,
    summary="Invite a person to the portal",
    tags=["customers"],
)
def invite(account_id: str, wanted: LoginIn) -> Response[people.LoginOut]:
    return create(
        asked(router),
        lambda op: logins.invite(op, account_id, wanted.email, settings.customers_pool_id()),
        people.login,
    )


@router.post(
    "/v1/accounts/<account_id>/logins/<subject>/end",
    summary="Take the account away from a login, at once",
    tags=["customers"],
)
def end_login(account_id: str, subject: str) -> Response[people.LoginOut]:
    return create(
        asked(router), lambda op: logins.end(op, account_id, subject), people.login, status=200
    )
