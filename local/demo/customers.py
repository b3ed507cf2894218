"""Staff open an account by hand; its customer signs in; the plan changes within a month."""

from datetime import UTC, datetime, timedelta
from typing import Any

from billing.core.period import local_midnight, rfc3339
from local import logins
from local.demo.api import Api
from local.demo.world import CYCLE_ANCHOR, EMAIL, USER_NAME, World

NAME = "Saoirse Demarc"
FIRST_DAY = 12  # of the closed month, counted from 0: what is billed is a share of it


def open_account(world: World) -> None:
    """A party, an account, a service with a line and a plan, as the console sends them."""
    journal, staff = world.journal, world.staff
    journal.step("Staff make a customer by hand")
    wanted = {"kind": "person", "name": NAME, "email": EMAIL, "externalId": "DEMO-1"}
    party = staff.post("/v1/parties", wanted, idempotency_key="demo-party")
    again = staff.post("/v1/parties", wanted, idempotency_key="demo-party")
    world.party_id = party["id"]
    journal.must(again == party, f"the same request sent twice makes one party, {party['id']}")

    site = {
        "street": "Quay Walk",
        "number": "7",
        "postcode": "T56 X1B2",
        "town": "Dunmeadow",
        "country": "IE",
    }
    day = world.month.start + timedelta(days=FIRST_DAY)
    since = rfc3339(local_midnight(day, world.isp.isp.zone))
    account = staff.post(
        "/v1/accounts",
        {
            "partyId": world.party_id,
            "billingAddress": site,
            "taxPlace": {"country": "IE"},
            "cycleAnchor": CYCLE_ANCHOR,
            "openedOn": day.isoformat(),
        },
    )
    world.account_id = account["id"]
    at = f"/v1/accounts/{world.account_id}"
    service = staff.post(
        f"{at}/services",
        {"name": "Internet", "site": site, "identities": [f"user:{USER_NAME}"], "since": since},
    )
    world.service_id = service["id"]
    offering = _plan(world, "Fibre 100")
    unknown = {"serviceId": service["id"], "offeringId": "ofr_nobody_sells_this"}
    refused = staff.expect(404, "POST", f"{at}/subscriptions", unknown).json
    journal.must(refused["title"], f"an unknown plan is refused: {refused['detail']}")
    held = staff.post(
        f"{at}/subscriptions",
        {"serviceId": service["id"], "offeringId": offering["id"], "since": since},
    )
    world.subscription_id = held["id"]
    journal.fact(f"{NAME}, {world.account_id}: {offering['name']} on {USER_NAME} from {day}")


def look_in(world: World) -> None:
    """The customer sees what is his, and nothing else."""
    journal = world.journal
    journal.step("The customer looks at the portal")
    _invited(world)
    portal = Api.signed_in(world.context.portal_url, EMAIL, logins.PASSWORD)
    (own,) = portal.get("/v1/accounts")["data"]
    journal.must(
        own["account"]["id"] == world.account_id,
        f"{EMAIL} was invited, signs in and sees one account",
    )
    invoices = portal.everything("/v1/invoices", accountId=world.account_id)
    journal.must(
        [one["id"] for one in invoices] == [world.invoice_id],
        f"one bill, {invoices[0]['number']}, {invoices[0]['state']}",
    )
    usage = portal.get("/v1/usage", accountId=world.account_id, since=world.since)
    seen = sum(one["octetsIn"] + one["octetsOut"] for one in usage["services"])
    journal.must(seen == world.figures["octets"], f"usage of {seen:,} octets, as staff see it")
    other = world.staff.get("/v1/accounts", limit="1")["data"][0]["accountId"]
    other_invoice = world.staff.everything("/v1/invoices", accountId=_billed(world))[0]["id"]
    for path in (
        f"/v1/accounts/{other}",
        f"/v1/usage?accountId={other}",
        f"/v1/invoices?accountId={other}",
        f"/v1/invoices/{other_invoice}",
        f"/v1/invoices/{other_invoice}/pdf",
    ):
        portal.expect(404, "GET", path)
    journal.fact("another customer's account, usage, bills, bill and document: not found (404)")
    answer = portal.ask("GET", "/v1/bill-runs")
    journal.must(answer.status in (401, 403, 404), f"bill runs: refused ({answer.status})")


def change_plan(world: World) -> None:
    """A faster plan from now on: what it will cost is said before."""
    journal, staff = world.journal, world.staff
    journal.step("The plan changes in the middle of the month")
    at = f"/v1/accounts/{world.account_id}/subscriptions/{world.subscription_id}"
    then = rfc3339(datetime.now(UTC).replace(microsecond=0))
    wanted = {"offeringId": _plan(world, "Fibre 500")["id"], "at": then}
    preview = staff.post(f"{at}/preview-change", wanted, status=200)
    kinds = {line["kind"] for line in preview["lines"]}  # on the first day the month is whole
    for line in preview["lines"]:
        journal.fact(f"{line['description']}, {line['since']} to {line['until']}: {_euro(line)}")
    journal.must(
        "credit" in kinds and kinds <= {"credit", "proration", "recurring"},
        f"the next bill gets {preview['total']['value']} {preview['total']['unit']} before tax",
    )
    before = staff.expect(200, "GET", at)
    changed = staff.post(f"{at}/change", wanted, status=200, if_match=before.etag)
    journal.must(
        [one["name"] for one in changed["segments"]] == ["Fibre 100", "Fibre 500"],
        f"two segments; usage counts by the new plan from {preview['usageFrom']}",
    )
    late = staff.ask("POST", f"{at}/change", wanted, if_match=before.etag)
    journal.must(late.status in (409, 412), f"the same form, sent late: refused ({late.status})")


def _euro(line: Any) -> str:
    return f"{line['amount']['value']} {line['amount']['unit']}"


def _plan(world: World, name: str) -> Any:
    offerings = world.staff.get("/v1/offerings")["data"]
    return next(one for one in offerings if one["name"] == name)


def _billed(world: World) -> str:
    """Another account that has bills."""
    return next(
        one["accountId"]
        for one in world.staff.get("/v1/accounts", search="C00001")["data"]
        if one["accountId"] != world.account_id
    )


def _invited(world: World) -> None:
    """Staff give the customer a login, who chooses a password."""
    at = f"/v1/accounts/{world.account_id}/logins"
    world.staff.post(at, {"email": EMAIL})
    world.context.client("cognito-idp").admin_set_user_password(
        UserPoolId=world.context.outputs["CustomersPool"],
        Username=EMAIL,
        Password=logins.PASSWORD,
        Permanent=True,
    )
