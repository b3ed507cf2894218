"""One request for each address that succeeds for whoever may ask it, about things that exist."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from billing.core.catalog import price_version_from
from billing.store import accounts, catalog, invoices, runs, suspense
from billing.store.access import EVERY_ACCOUNT
from billing.store.timeline import Event
from tests.functions.portal_api import house as houses
from tests.functions.portal_api.browsing import FORM_TYPE
from tests.functions.portal_api.conftest import enter_staff
from tests.functions.portal_api.house import House
from tests.functions.portal_api.test_imports import file, row
from tests.functions.portal_api.world import ADDRESS, NOW, PLANS, Door, give_login

OF_POCKET = ("/resume", "/preview-resume", "/withdraw", "/preview-withdraw", "/purchases",
             "/preview-purchase")  # fmt: skip
CSV_TYPE = {"content-type": "text/csv; charset=utf-8"}
ORIGINS = {"staff": "http://127.0.0.1:8081", "customer": "http://127.0.0.1:8080"}
POCKET = {
    "offering_id": "off_pocket", "version": 1, "name": "Pocket", "valid_from": "2026-01-01",
    "currency": "EUR",
    "prices": [
        {"model": "flat", "code": "access", "name": "Monthly charge", "amount": "5.00"},
        {"model": "pass", "code": "day", "name": "Day pass", "amount": "2.00",
         "validity": "24 hours"},
    ],
}  # fmt: skip
PAYER = {"name": "Ada B", "street": "Quay Street", "town": "Cork", "country": "IE",
         "tax_country": "IE"}  # fmt: skip


@dataclass(frozen=True)
class Things:
    """Ids of the house, of what else Ada has there, and of what others have."""

    house: House
    service: str  # Ada's, without a plan, with one identity
    pocket: str  # a subscription of hers that sells a pass; a pause of it is scheduled
    import_id: str
    record: str
    digest: str
    token: str
    versions: Mapping[str, int]

    @property
    def account(self) -> str:
        return self.house.ada


@dataclass(frozen=True)
class Request:
    """What is sent to one address."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def furnish(patch: pytest.MonkeyPatch) -> Things:
    """The house, with everything in it that an address can name."""
    house = houses.build(patch)
    pool = boto3.client("cognito-idp").create_user_pool(
        PoolName="customers", UsernameAttributes=["email"]
    )["UserPool"]["Id"]
    patch.setenv("CUSTOMERS_POOL_ID", pool)
    give_login("cleo", house.cleo)
    mira = enter_staff(patch, "billing")
    spare = {"name": "Garden", "site": ADDRESS, "identities": ["user:spare"],
             "since": "2026-10-01T00:00:00Z"}  # fmt: skip
    service = mira.post(f"/v1/accounts/{house.ada}/services", spare).json["id"]
    pocket = _begin_pocket(mira, house.ada)
    imported = mira.post("/v1/imports", _file("C-1", "first"), headers=CSV_TYPE).json["id"]
    ada = accounts.load_account(house.ada, EVERY_ACCOUNT)
    return Things(
        house=house,
        service=service,
        pocket=pocket,
        import_id=imported,
        record=suspense.list_suspense("open", 1)[0].id,
        digest=runs.load_run(house.review).digest,
        token=invoices.load_invoice(house.ada_bill, EVERY_ACCOUNT).pay_token,
        versions={
            "party": mira.get(f"/v1/parties/{ada.party_id}").json["version"],
            "account": ada.version,
            "service": 1,
            "pocket": 2,
            "subscription": mira.get(
                f"/v1/accounts/{house.ada}/subscriptions/sub_ada"
            ).json["version"],
        },
    )  # fmt: skip


def _begin_pocket(mira: Door, account_id: str) -> str:
    """One more service of the account, on a plan that sells a pass, to be paused in a week."""
    version = price_version_from(POCKET)
    catalog.put_price_version(version, Event("offering.added", "staff:mira", "off_pocket", "", NOW))
    place = f"/v1/accounts/{account_id}"
    shed = mira.post(f"{place}/services", {"name": "Shed", "site": ADDRESS}).json["id"]
    wanted = {"serviceId": shed, "offeringId": "off_pocket", "since": "2026-11-01T00:00:00Z"}
    begun = mira.post(f"{place}/subscriptions", wanted).json["id"]
    pause = {"at": "2026-11-10T00:00:00Z"}
    mira.post(f"{place}/subscriptions/{begun}/pause", pause, headers={"if-match": '"1"'})
    return begun


def request_for(method: str, rule: str, things: Things, number: int) -> Request:
    """The request; `number` tells those apart that write."""
    path = re.sub(r"<(\w+)>", lambda found: _id_of(found.group(1), rule, things), rule)
    body = BODIES.get((method, rule), lambda _: None)(things)
    headers = {"idempotency-key": f"right-{number}"} if method == "POST" else {}
    if rule == "/v1/imports":
        return Request(method, path, body, headers=headers | CSV_TYPE)
    if method == "POST" and not rule.startswith("/v1/"):
        fields = (body or {}) | {"idempotency_key": f"right-{number}"}
        return Request(method, path, urlencode(fields), headers=FORM_TYPE)
    if kind := IF_MATCH.get((method, rule)):
        headers["if-match"] = f'"{things.versions[kind]}"'
    if method == "POST" and body is None:
        body = {}
    return Request(method, path, body, _query(rule, things), headers)


def _id_of(name: str, rule: str, things: Things) -> str:
    house = things.house
    if name == "run_id":
        return {"issue": house.approved, "supplementary": house.closed}.get(
            rule.rpartition("/")[2], house.review
        )
    if "/drafts/" in rule and name == "account_id":
        return house.cleo
    return {
        "account_id": house.ada,
        "party_id": "pty_ada",
        "service_id": things.service,
        "subscription_id": things.pocket if rule.endswith(OF_POCKET) else "sub_ada",
        "subject": "ada",
        "offering_id": PLANS["fibre-500"],
        "invoice_id": house.ada_bill,
        "import_id": things.import_id,
        "record_id": things.record,
        "token": things.token,
        "name": "htmx.min.js" if "vendor" in rule else "app.css",
    }[name]


def _query(rule: str, things: Things) -> Mapping[str, str] | None:
    if rule in ("/v1/invoices", "/v1/payments", "/v1/usage"):
        return {"accountId": things.account}
    if rule.startswith("/console") and rule.endswith("<subscription_id>"):
        return {"offering": PLANS["fibre-500"], "day": "2026-11-16"}
    if rule.endswith("/price"):
        return PRICE | {"day": "2026-11-16"}
    return None


def _file(external_id: str, user: str) -> str:
    return file(row(external_id=external_id, name="Zoe", identity=f"user:{user}", email=""))


def _record(things: Things) -> str:
    return json.dumps({**json.loads(suspense.load(things.record).recyclable), "octets_out": 5})


SUBSCRIPTION = "/v1/accounts/<account_id>/subscriptions/<subscription_id>"
SERVICE = "/v1/accounts/<account_id>/services/<service_id>"
PAGE = "/console/customers/<account_id>"
IDENTITY = {"identity": "user:new", "since": "2026-11-03T00:00:00Z"}
CHANGE = {"offeringId": PLANS["fibre-500"], "at": "2026-11-16T00:00:00Z"}
END = {"at": "2026-11-16T00:00:00Z"}
QUANTITY = END | {"quantity": 2}
OVERRIDE = END | {"code": "access", "amount": {"value": "30.00", "unit": "EUR"},
                  "reason": "match"}  # fmt: skip
PURCHASE = {"code": "day"}
RISE = {"version": 2, "validFrom": "2027-01-01", "fromVersions": [1], "byPercent": "3.9"}
PRICE = {"code": "access", "amount": "30.00", "reason": "match"}
VERSION = {
    "version": 2, "name": "Fibre 500", "validFrom": "2026-12-01", "currency": "EUR",
    "prices": [{"model": "flat", "code": "access", "name": "Monthly charge", "amount": "47.00"}],
}  # fmt: skip
LINE = {"text": "Visit", "amount": {"value": "60.00", "unit": "EUR"}, "taxCategory": "standard"}

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/parties"): lambda _: {"kind": "person", "name": "Zoe"},
    ("PATCH", "/v1/parties/<party_id>"): lambda _: {"name": "Ada B"},
    ("POST", "/v1/accounts"): lambda _: {
        "partyId": "pty_ada", "billingAddress": ADDRESS, "taxPlace": {"country": "IE"}},
    ("PATCH", "/v1/accounts/<account_id>"): lambda _: {"language": "de"},
    ("POST", "/v1/accounts/<account_id>/notes"): lambda _: {"text": "called"},
    ("POST", "/v1/accounts/<account_id>/logins"): lambda _: {"email": "zoe@isp.example"},
    ("POST", "/v1/accounts/<account_id>/services"): lambda _: {"name": "Shed", "site": ADDRESS},
    ("PATCH", SERVICE): lambda _: {"name": "Attic"},
    ("POST", f"{SERVICE}/identities"): lambda _: IDENTITY,
    ("POST", f"{SERVICE}/identities/end"): lambda _: {"identity": "user:spare", **END},
    ("POST", "/v1/accounts/<account_id>/subscriptions"): lambda things: {
        "serviceId": things.service, "offeringId": PLANS["fibre-100"],
        "since": "2026-11-02T09:00:00Z"},
    ("POST", "/v1/accounts/<account_id>/subscriptions/preview"): lambda things: {
        "serviceId": things.service, "offeringId": PLANS["fibre-100"],
        "since": "2026-11-02T09:00:00Z"},
    ("POST", f"{SUBSCRIPTION}/preview-change"): lambda _: CHANGE,
    ("POST", f"{SUBSCRIPTION}/preview-quantity"): lambda _: QUANTITY,
    ("POST", f"{SUBSCRIPTION}/preview-override"): lambda _: OVERRIDE,
    ("POST", f"{SUBSCRIPTION}/preview-pause"): lambda _: END,
    ("POST", f"{SUBSCRIPTION}/preview-resume"): lambda _: END,
    ("POST", f"{SUBSCRIPTION}/preview-end"): lambda _: END,
    ("POST", f"{SUBSCRIPTION}/preview-purchase"): lambda _: PURCHASE,
    ("POST", f"{SUBSCRIPTION}/change"): lambda _: CHANGE,
    ("POST", f"{SUBSCRIPTION}/quantity"): lambda _: QUANTITY,
    ("POST", f"{SUBSCRIPTION}/override"): lambda _: OVERRIDE,
    ("POST", f"{SUBSCRIPTION}/pause"): lambda _: END,
    ("POST", f"{SUBSCRIPTION}/resume"): lambda _: END,
    ("POST", f"{SUBSCRIPTION}/withdraw"): lambda _: {},
    ("POST", f"{SUBSCRIPTION}/end"): lambda _: END,
    ("POST", f"{SUBSCRIPTION}/purchases"): lambda _: PURCHASE,
    ("POST", "/v1/offerings/<offering_id>/preview-rise"): lambda _: RISE,
    ("POST", "/v1/offerings/<offering_id>/rise"): lambda _: RISE,
    ("POST", "/v1/imports"): lambda _: _file("C-2", "second"),
    ("POST", "/v1/offerings/<offering_id>/versions"): lambda _: VERSION,
    ("POST", "/v1/what-if"): lambda _: {
        "offeringId": PLANS["fibre-500"], "months": ["2026-10"]},
    ("POST", "/v1/invoices"): lambda things: {"accountId": things.account, "lines": [LINE]},
    ("POST", "/v1/suspense/<record_id>/recycle"): lambda things: {
        "record": json.loads(_record(things)), "reason": "sign slipped"},
    ("POST", "/v1/bill-runs"): lambda _: {"anchor": 1, "period": "2026-09-01"},
    ("POST", "/v1/bill-runs/<run_id>/prepare"): lambda _: {"reason": "mended"},
    ("POST", "/v1/bill-runs/<run_id>/approve"): lambda things: {
        "revision": 1, "digest": things.digest},
    ("POST", "/console/customers/new"): lambda _: PAYER | {
        "name": "Zoe", "start": "2026-11-02", "anchor": "1", "offering": PLANS["fibre-100"]},
    ("POST", "/console/customers/import"): lambda _: {"csv": _file("C-3", "third")},
    ("POST", f"{PAGE}/edit"): lambda things: PAYER | {
        "version": f"{things.versions['party']}.{things.versions['account']}"},
    ("POST", f"{PAGE}/notes"): lambda _: {"text": "called"},
    ("POST", f"{PAGE}/services/new"): lambda _: PAYER | {
        "name": "Shed", "user_name": "shed", "since": "2026-11-02"},
    ("POST", f"{PAGE}/services/<service_id>/identities"): lambda _: {
        "kind": "user", "identity": "new", "since": "2026-11-03"},
    ("POST", f"{PAGE}/services/<service_id>/identities/end"): lambda _: {
        "identity": "user:spare", "day": "2026-11-16"},
    ("POST", f"{PAGE}/services/<service_id>/plan"): lambda _: {
        "offering": PLANS["fibre-100"], "since": "2026-11-02"},
    ("POST", f"{PAGE}/logins"): lambda _: {"email": "zoe@isp.example"},
    ("POST", f"{PAGE}/plans/<subscription_id>"): lambda things: {
        "offering": PLANS["fibre-500"], "at": "2026-11-16T00:00:00Z",
        "version": str(things.versions["subscription"])},
    ("POST", f"{PAGE}/plans/<subscription_id>/price"): lambda things: PRICE | {
        "at": "2026-11-16T00:00:00Z", "version": str(things.versions["subscription"])},
    ("POST", f"{PAGE}/invoices/new"): lambda _: {
        "text": "Visit", "amount": "60.00", "tax_category": "standard"},
    ("POST", "/console/what-if"): lambda _: {
        "offering": PLANS["fibre-500"], "last": "2026-10", "months": "1"},
    ("POST", "/console/plans/<offering_id>/rise"): lambda _: {
        "by": "3.9", "kind": "percent", "valid_from": "2027-01-01", "from_version": "1",
        "version": "2"},
    ("POST", "/console/bill-runs"): lambda _: {"period": "1:2026-09-01"},
    ("POST", "/console/bill-runs/<run_id>/approve"): lambda things: {
        "revision": "1", "digest": things.digest},
    ("POST", "/console/suspense/<record_id>/recycle"): lambda things: {"record": _record(things)},
}  # fmt: skip

IF_MATCH = {
    ("PATCH", "/v1/parties/<party_id>"): "party",
    ("PATCH", "/v1/accounts/<account_id>"): "account",
    ("PATCH", SERVICE): "service",
    **{
        ("POST", f"{SUBSCRIPTION}/{verb}"): "subscription"
        for verb in ("change", "quantity", "override", "pause", "end")
    },
    **{
        ("POST", f"{SUBSCRIPTION}/{verb}"): "pocket" for verb in ("resume", "withdraw", "purchases")
    },
}
