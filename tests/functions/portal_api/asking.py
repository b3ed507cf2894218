"""One request for each address that succeeds for whoever may ask it, about things that exist."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from billing.store import accounts, invoices, runs, suspense
from billing.store.access import EVERY_ACCOUNT
from tests.functions.portal_api import house as houses
from tests.functions.portal_api.browsing import FORM_TYPE
from tests.functions.portal_api.conftest import enter_staff
from tests.functions.portal_api.house import House
from tests.functions.portal_api.test_imports import file, row
from tests.functions.portal_api.world import ADDRESS, PLANS, give_login

CSV_TYPE = {"content-type": "text/csv; charset=utf-8"}
ORIGINS = {"staff": "http://127.0.0.1:8081", "customer": "http://127.0.0.1:8080"}
PAYER = {"name": "Ada B", "street": "Quay Street", "town": "Cork", "country": "IE",
         "tax_country": "IE"}  # fmt: skip


@dataclass(frozen=True)
class Things:
    """Ids of the house, of what else Ada has there, and of what others have."""

    house: House
    service: str  # Ada's, without a plan, with one identity
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
    imported = mira.post("/v1/imports", _file("C-1", "first"), headers=CSV_TYPE).json["id"]
    ada = accounts.load_account(house.ada, EVERY_ACCOUNT)
    return Things(
        house=house,
        service=service,
        import_id=imported,
        record=suspense.list_suspense("open", 1)[0].id,
        digest=runs.load_run(house.review).digest,
        token=invoices.load_invoice(house.ada_bill, EVERY_ACCOUNT).pay_token,
        versions={
            "party": mira.get(f"/v1/parties/{ada.party_id}").json["version"],
            "account": ada.version,
            "service": 1,
            "subscription": mira.get(
                f"/v1/accounts/{house.ada}/subscriptions/sub_ada"
            ).json["version"],
        },
    )  # fmt: skip


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
        "subscription_id": "sub_ada",
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
    ("POST", f"{SUBSCRIPTION}/preview-change"): lambda _: CHANGE,
    ("POST", f"{SUBSCRIPTION}/preview-end"): lambda _: END,
    ("POST", f"{SUBSCRIPTION}/change"): lambda _: CHANGE,
    ("POST", f"{SUBSCRIPTION}/end"): lambda _: END,
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
    ("POST", f"{PAGE}/invoices/new"): lambda _: {
        "text": "Visit", "amount": "60.00", "tax_category": "standard"},
    ("POST", "/console/what-if"): lambda _: {
        "offering": PLANS["fibre-500"], "last": "2026-10", "months": "1"},
    ("POST", "/console/bill-runs"): lambda _: {"period": "1:2026-09-01"},
    ("POST", "/console/bill-runs/<run_id>/approve"): lambda things: {
        "revision": "1", "digest": things.digest},
    ("POST", "/console/suspense/<record_id>/recycle"): lambda things: {"record": _record(things)},
}  # fmt: skip

IF_MATCH = {
    ("PATCH", "/v1/parties/<party_id>"): "party",
    ("PATCH", "/v1/accounts/<account_id>"): "account",
    ("PATCH", SERVICE): "service",
    ("POST", f"{SUBSCRIPTION}/change"): "subscription",
    ("POST", f"{SUBSCRIPTION}/end"): "subscription",
}
