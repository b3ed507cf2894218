"""The two doors: one request for each address that writes, as API Gateway hands it over.

A request is sent again as the browser or program would send it: the same body under the same key.
Its answer must be the same, too.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlencode

import pytest

from billing.adapters.identity import KeySet
from billing.config import ROOT, load
from billing.core import subscription as core
from billing.core.catalog import price_version_from, price_version_to_dict
from billing.core.period import instant_from
from billing.store import accounts, catalog, suspense
from billing.store.access import EVERY_ACCOUNT
from billing.store.logins import Login, save_login
from billing.store.timeline import Event
from functions.ingest_usage import live
from functions.portal_api import customer, settings, staff
from functions.portal_api.usecases.imports import COLUMNS
from tests.cloud import Cloud
from tests.core.usage.facts import pack
from tests.functions.bill_cycle import world as cycle
from tests.functions.ingest_usage.doors import Context as IngestContext
from tests.functions.ingest_usage.doors import kinesis
from tests.functions.portal_api import world
from tests.functions.portal_api.world import ADDRESS, PLANS, POOLS, Context, answered, event, token
from tests.sweep import ingest, payments
from tests.sweep.account import NOW
from tests.sweep.cycle import billed
from tests.sweep.scenario import Place, Redeliver, Scenario, Visible

Kind = Literal["staff", "customer"]
HANDLERS: Mapping[Kind, Any] = {"staff": staff.lambda_handler, "customer": customer.lambda_handler}
FORM = {"content-type": "application/x-www-form-urlencoded"}
JOHN = "5f0f8f3a-john"
LATER = "2026-11-16T00:00:00Z"
ADA = "/v1/accounts/acc_ada"
PAGE = "/console/customers/acc_ada"


@dataclass(frozen=True)
class Request:
    """What is sent to an address. `given` makes what it needs first, and may fill in the rest."""

    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    visible: Mapping[str, Visible] = field(default_factory=dict)
    unheard: str = ""


Given = Callable[[], Request]


@contextmanager
def furnished(aws: Cloud) -> Iterator[Place]:
    """Ada and Ben, connected in October; Mira of billing; John, who sees Ada's account."""
    with pytest.MonkeyPatch.context() as patch, payments.furnished(aws) as place:
        patch.setenv("CUSTOMERS_POOL_ID", POOLS["customer"][0])
        patch.setenv("PUBLIC_URL", "http://127.0.0.1:8080")
        patch.setenv("COGNITO_JWKS_URL", "https://idp.example/jwks.json")
        # The keys of the pool, without asking for them over the network.
        patch.setattr(settings, "key_set", lambda url: KeySet(world.our_keys))
        aws.cognito.employ(POOLS["staff"][0], "mira", "billing", password="open sesame")
        cycle.new_customer("Ada", "fibre-100")
        cycle.new_customer("Ben")
        known = Event("login.given", "staff:mira", JOHN, "given", NOW)
        save_login(Login(JOHN, ("acc_ada",), "john@example.net"), "acc_ada", known)
        yield place


def scenario(kind: Kind, rule: str, given: Given) -> Callable[[Place], Scenario]:
    """The scenario of an address, asked by Mira, or by whoever holds the link."""

    def of(place: Place) -> Scenario:
        wanted = given()
        method = rule.split()[0]
        headers = {"idempotency-key": "key-of-the-request", **wanted.headers}
        if kind == "staff" and "cookie" not in headers:
            headers["authorization"] = f"Bearer {token('staff', 'mira', 'billing')}"
        sent = event(method, wanted.path, body=wanted.body, headers=headers)

        def delivered() -> Any:
            with _as_door(kind):
                answer = answered(HANDLERS[kind](sent, Context()))
            if answer.status >= 500:
                raise Redeliver(answer.status)
            if method == "PATCH" and answer.status in (200, 412):
                return None  # under If-Match it happens once; sent again, it is refused
            assert answer.status < 400, answer.text
            is_json = "json" in answer.headers.get("Content-Type", "")
            said = answer.json if is_json else answer.text
            return answer.status, answer.headers.get("Location", ""), said

        return Scenario(
            f"functions.portal_api.{kind}.lambda_handler",
            rule,
            delivered,
            visible=wanted.visible,
            unheard=wanted.unheard,
        )

    return of


@contextmanager
def _as_door(kind: Kind) -> Iterator[None]:
    pool, client = POOLS[kind]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COGNITO_POOL_ID", pool)
        patch.setenv("COGNITO_CLIENT_ID", client)
        patch.setenv("COGNITO_ISSUER", f"{world.ISSUER}/{pool}")
        yield


def form(path: str, **fields: Any) -> Request:
    """What a browser sends of a form, with the key that the page gave it."""
    return Request(path, urlencode({"idempotency_key": "key-of-the-form", **fields}), FORM)


# What has to be there first


def in_review() -> Mapping[str, Any]:
    return cycle.prepare()


def approved() -> Mapping[str, Any]:
    review = in_review()
    cycle.approve(review)
    return review


def closed_with_one_parked() -> Mapping[str, Any]:
    cycle.new_customer("Cleo", country="")
    review = approved()
    cycle.issue(review)
    return review


def suspended() -> str:
    live.lambda_handler(kinesis(pack([ingest.BAD])), IngestContext())
    return suspense.list_suspense()[0].id


def one_more_for_sale() -> None:
    """plans.toml as it is deployed the next time, with one plan more."""
    text = (ROOT / "plans.toml").read_text()
    (load.ROOT / "plans.toml").write_text(f"""{text}
[[offerings]]
code = "fibre-2000"
name = "Fibre 2000"
[[offerings.versions]]
valid_from = 2026-11-01
currency = "EUR"
prices = [{{ model = "flat", code = "access", name = "Monthly charge", amount = "80.00" }}]
""")


def next_version() -> dict[str, Any]:
    offering = catalog.list_offerings()[0]
    last = price_version_to_dict(offering.versions[-1])
    wanted = {name: last[name] for name in ("name", "currency", "prices")}
    return wanted | {"version": last["version"] + 1, "valid_from": "2027-01-01"}


def customers_file(rows: int = 2) -> str:
    row = {
        "kind": "person", "street": "Quay", "number": "1", "postcode": "T12", "town": "Cork",
        "country": "IE", "tax_country": "IE", "anchor": "1", "plan": PLANS["fibre-100"],
        "start": "2026-11-01",
    }  # fmt: skip
    people = [
        row | {"external_id": "C-1", "name": "Nora", "identity": "user:nora"},
        row | {"external_id": "C-2", "name": "Olaf", "identity": "user:olaf"},
    ]
    lines = [",".join(one.get(name, "") for name in COLUMNS) for one in people[:rows]]
    return "\n".join([",".join(COLUMNS), *lines, ""])


OPENED_BEFORE = "a run is in review minutes after it was opened; an index lags for a second"
FIRST = {"if-match": '"1"'}
LINE = {"text": "A visit", "amount": {"value": "60.00", "unit": "EUR"}}
RECORD = json.dumps(ingest.GOOD)


STAFF: Mapping[str, Given] = {
    "POST /v1/parties": lambda: Request("/v1/parties", {"kind": "person", "name": "Nora"}),
    "PATCH /v1/parties/<party_id>": lambda: Request(
        "/v1/parties/pty_ada", {"phone": "+353 1 444"}, FIRST
    ),
    "POST /v1/accounts": lambda: Request(
        "/v1/accounts",
        {"partyId": "pty_ada", "billingAddress": ADDRESS, "taxPlace": {"country": "IE"},
         "externalId": "old-7"},
    ),
    "PATCH /v1/accounts/<account_id>": lambda: Request(
        ADA, {"language": "de"}, FIRST
    ),
    "POST /v1/accounts/<account_id>/notes": lambda: Request(f"{ADA}/notes", {"text": "Called."}),
    "POST /v1/accounts/<account_id>/logins": lambda: Request(
        f"{ADA}/logins", {"email": "sue@example.net"}
    ),
    "POST /v1/accounts/<account_id>/logins/<subject>/end": lambda: Request(
        f"{ADA}/logins/{JOHN}/end"
    ),
    "POST /v1/accounts/<account_id>/services": lambda: Request(
        f"{ADA}/services", {"name": "Office", "site": ADDRESS, "identities": ["user:office"]}
    ),
    "PATCH /v1/accounts/<account_id>/services/<service_id>": lambda: Request(
        f"{ADA}/services/svc_ada", {"name": "At home"}, FIRST
    ),
    "POST /v1/accounts/<account_id>/services/<service_id>/identities": lambda: Request(
        f"{ADA}/services/svc_ada/identities",
        {"identity": "user:ben", "since": LATER, "takeOver": True},
    ),
    "POST /v1/accounts/<account_id>/services/<service_id>/identities/end": lambda: Request(
        f"{ADA}/services/svc_ada/identities/end", {"identity": "user:ada", "at": LATER}
    ),
    "POST /v1/accounts/<account_id>/subscriptions": lambda: _with(
        lambda: (in_review(), _free_service()),
        lambda _: Request(
            f"{ADA}/subscriptions",
            {"serviceId": "svc_free", "offeringId": PLANS["fibre-500"],
             "since": "2026-10-20T00:00:00Z"},
            unheard=OPENED_BEFORE,
        ),
    ),
    "POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/change": lambda: _with(
        in_review,
        lambda _: Request(
            f"{ADA}/subscriptions/sub_ada/change",
            {"offeringId": PLANS["fibre-500"], "at": "2026-10-20T00:00:00Z"}, FIRST,
            unheard=OPENED_BEFORE,
        ),
    ),
    "POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/end": lambda: _with(
        a_bundle,
        lambda _: Request(f"{ADA}/subscriptions/sub_trio/end", {"at": LATER}, FIRST),
    ),
    "POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/quantity": lambda: Request(
        f"{ADA}/subscriptions/sub_ada/quantity", {"quantity": 2, "at": LATER}, FIRST
    ),
    "POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/override": lambda: Request(
        f"{ADA}/subscriptions/sub_ada/override",
        {"code": "access", "amount": LINE["amount"], "at": LATER, "reason": "as agreed"}, FIRST,
    ),
    "POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/pause": lambda: _with(
        lambda: (in_review(), a_bundle()),
        lambda _: Request(
            f"{ADA}/subscriptions/sub_trio/pause", {"at": "2026-10-20T00:00:00Z"}, FIRST,
            unheard=OPENED_BEFORE,
        ),
    ),
    "POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/resume": lambda: _with(
        lambda: a_bundle(paused=True),
        lambda _: Request(f"{ADA}/subscriptions/sub_trio/resume", {"at": LATER}, FIRST),
    ),
    "POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/withdraw": lambda: _with(
        lambda: a_bundle(until=LATER),
        lambda _: Request(f"{ADA}/subscriptions/sub_trio/withdraw", {}, FIRST),
    ),
    "POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/purchases": lambda: _with(
        a_bundle,
        lambda _: Request(
            f"{ADA}/subscriptions/sub_trio/purchases", {"code": "day", "at": "now"}, FIRST
        ),
    ),
    "POST /v1/imports": lambda: Request(
        "/v1/imports", customers_file(), {"content-type": "text/csv"}
    ),
    "POST /v1/offerings/take-over": lambda: _with(
        one_more_for_sale, lambda _: Request("/v1/offerings/take-over")
    ),
    "POST /v1/offerings/<offering_id>/versions": lambda: Request(
        f"/v1/offerings/{catalog.list_offerings()[0].id}/versions", _wire(next_version())
    ),
    "POST /v1/offerings/<offering_id>/rise": lambda: Request(
        f"/v1/offerings/{PLANS['fibre-100']}/rise",
        {"version": len(catalog.load_offering(PLANS["fibre-100"]).versions) + 1,
         "validFrom": "2027-01-01", "fromVersions": [1], "byPercent": "3.9"},
    ),
    "POST /v1/invoices": lambda: Request(
        "/v1/invoices", {"accountId": "acc_ada", "lines": [LINE]}
    ),
    "POST /v1/suspense/<record_id>/recycle": lambda: _with(
        suspended,
        lambda id: Request(
            f"/v1/suspense/{id}/recycle", {"record": ingest.GOOD, "reason": "mended"},
            visible={SENT_TWICE: payments.queued_twice},
        ),
    ),
    "POST /v1/bill-runs": lambda: Request(
        "/v1/bill-runs", {"anchor": 1, "period": "2026-10-01"}
    ),
    "POST /v1/bill-runs/<run_id>/prepare": lambda: _with(
        in_review,
        lambda run: Request(f"/v1/bill-runs/{run['run']}/prepare", {"reason": "mended"}),
    ),
    "POST /v1/bill-runs/<run_id>/approve": lambda: _with(
        in_review,
        lambda run: Request(
            f"/v1/bill-runs/{run['run']}/approve",
            {"revision": run["revision"], "digest": run["digest"]},
        ),
    ),
    "POST /v1/bill-runs/<run_id>/issue": lambda: _with(
        approved, lambda run: Request(f"/v1/bill-runs/{run['run']}/issue")
    ),
    "POST /v1/bill-runs/<run_id>/supplementary": lambda: _with(
        closed_with_one_parked,
        lambda run: Request(f"/v1/bill-runs/{run['run']}/supplementary"),
    ),
}  # fmt: skip

CONSOLE: Mapping[str, Given] = {
    "POST /console/customers/new": lambda: form(
        "/console/customers/new", name="Nora", kind="person", **ADDRESS, tax_country="IE",
        offering=PLANS["fibre-100"], start="2026-11-01", anchor="1", user_name="nora",
    ),
    "POST /console/customers/import": lambda: form(
        "/console/customers/import", csv=customers_file(1)
    ),
    "POST /console/customers/<account_id>/edit": lambda: form(
        f"{PAGE}/edit", name="Ada Roe", email="ada@example.net", **ADDRESS, tax_country="",
        owner_name="Ada", owner_email="ada@example.net", version="1.1",
    ),
    "POST /console/customers/<account_id>/notes": lambda: form(f"{PAGE}/notes", text="Called."),
    "POST /console/customers/<account_id>/services/new": lambda: form(
        f"{PAGE}/services/new", name="Office", user_name="office", since="2026-11-02", **ADDRESS
    ),
    "POST /console/customers/<account_id>/services/<service_id>/identities": lambda: form(
        f"{PAGE}/services/svc_ada/identities", kind="user", identity="ben", since="2026-11-16",
        take_over="yes",
    ),
    "POST /console/customers/<account_id>/services/<service_id>/identities/end": lambda: form(
        f"{PAGE}/services/svc_ada/identities/end", identity="user:ada", day="2026-11-16"
    ),
    "POST /console/customers/<account_id>/services/<service_id>/plan": lambda: _with(
        lambda: _free_service(),
        lambda service: form(
            f"{PAGE}/services/{service}/plan", offering=PLANS["fibre-500"], since="2026-11-16"
        ),
    ),
    "POST /console/customers/<account_id>/logins": lambda: form(
        f"{PAGE}/logins", email="sue@example.net"
    ),
    "POST /console/customers/<account_id>/logins/<subject>/end": lambda: form(
        f"{PAGE}/logins/{JOHN}/end"
    ),
    "POST /console/customers/<account_id>/plans/<subscription_id>": lambda: form(
        f"{PAGE}/plans/sub_ada", offering=PLANS["fibre-500"], at=LATER, version="1"
    ),
    "POST /console/customers/<account_id>/plans/<subscription_id>/price": lambda: form(
        f"{PAGE}/plans/sub_ada/price", code="access", amount="30.00", reason="as agreed", at=LATER,
        version="1",
    ),
    "POST /console/customers/<account_id>/invoices/new": lambda: form(
        f"{PAGE}/invoices/new", text="A visit", amount="60.00", tax_category="standard"
    ),
    "POST /console/plans": lambda: _with(
        one_more_for_sale, lambda _: form("/console/plans")
    ),
    "POST /console/plans/<offering_id>/rise": lambda: form(
        f"/console/plans/{PLANS['fibre-100']}/rise", by="3.9", kind="percent",
        valid_from="2027-01-01", from_version="1",
        version=len(catalog.load_offering(PLANS["fibre-100"]).versions) + 1,
    ),
    "POST /console/bill-runs": lambda: form("/console/bill-runs", period="1:2026-10-01"),
    "POST /console/bill-runs/<run_id>/prepare": lambda: _with(
        in_review, lambda run: form(f"/console/bill-runs/{run['run']}/prepare")
    ),
    "POST /console/bill-runs/<run_id>/approve": lambda: _with(
        in_review,
        lambda run: form(
            f"/console/bill-runs/{run['run']}/approve",
            revision=run["revision"], digest=run["digest"],
        ),
    ),
    "POST /console/bill-runs/<run_id>/issue": lambda: _with(
        approved, lambda run: form(f"/console/bill-runs/{run['run']}/issue")
    ),
    "POST /console/bill-runs/<run_id>/supplementary": lambda: _with(
        closed_with_one_parked,
        lambda run: form(f"/console/bill-runs/{run['run']}/supplementary"),
    ),
    "POST /console/suspense/<record_id>/recycle": lambda: _with(
        suspended,
        lambda id: _queued_twice(form(f"/console/suspense/{id}/recycle", record=RECORD)),
    ),
    "POST /signin": lambda: form("/signin", username="mira", password="open sesame"),
    "POST /signout": lambda: _signed_in(form("/signout"), "staff"),
}  # fmt: skip

CUSTOMER: Mapping[str, Given] = {
    "POST /pay/<token>": lambda: _with(
        lambda: billed("acc_ada", "30.00"), lambda bill: Request(f"/pay/{bill.pay_token}", "", FORM)
    ),
    "POST /signin": lambda: form("/signin", username="mira", password="open sesame"),
    "POST /signout": lambda: _signed_in(form("/signout"), "customer"),
}

SCENARIOS: Mapping[str, Callable[[Place], Scenario]] = {
    f"{kind} {rule}": scenario(kind, rule, given)
    for kind, table in (("staff", STAFF), ("staff", CONSOLE), ("customer", CUSTOMER))
    for rule, given in table.items()
}

SENT_TWICE = "killed after the queue took it, a record is sent again; it is counted once"


def _with(first: Callable[[], Any], then: Callable[[Any], Request]) -> Request:
    return then(first())


def _queued_twice(request: Request) -> Request:
    return Request(request.path, request.body, request.headers, {SENT_TWICE: payments.queued_twice})


def _signed_in(request: Request, kind: Kind) -> Request:
    cookie = f"demarc-{kind}-refresh=refresh of mira"
    port = {"origin": "http://127.0.0.1:8080", "cookie": cookie}
    return Request(request.path, request.body, {**request.headers, **port})


def _free_service() -> str:
    """A service of Ada's on which no plan runs."""
    known = accounts.load_service("acc_ada", "svc_ada", EVERY_ACCOUNT)
    told = Event("service.created", "staff:mira", "svc_free", "new", NOW)
    accounts.save_new_service(replace(known, id="svc_free", name="Free", version=0), told)
    return "svc_free"


def a_bundle(paused: bool = False, until: str = "") -> None:
    """A bundle of Ada's with a part, since October; both paused, or to end then."""
    for offering_id, more in (
        ("ofr_tv", {}),
        ("ofr_trio", {"children": [{"offering_id": "ofr_tv"}]}),
    ):
        version = price_version_from(SOLD | more | {"offering_id": offering_id})
        catalog.put_price_version(version, Event("offered", "staff:mira", offering_id, "", NOW))
    _free_service()
    price_of, begins = catalog.price_versions(), instant_from("2026-10-01T00:00:00Z")
    prices = [price_of("ofr_trio", 1), price_of("ofr_tv", 1)]
    trio = core.start("sub_trio", "acc_ada", "svc_free", prices[0], begins)
    tv = core.start("sub_tv", "acc_ada", "svc_free", prices[1], begins, parent_id="sub_trio")
    both = [trio, tv]
    if paused:
        both = [core.pause(one, instant_from("2026-10-15T00:00:00Z")) for one in both]
    if until:
        both = [core.end(one, instant_from(until)) for one in both]
    accounts.save_subscriptions(both, Event("begun", "staff:mira", "sub_trio", "Trio", NOW))


SOLD = {
    "version": 1, "valid_from": "2026-01-01", "name": "Trio", "currency": "EUR",
    "prices": [
        {"model": "flat", "code": "access", "name": "Monthly charge", "amount": "20.00"},
        {"model": "pass", "code": "day", "name": "Day pass", "amount": "2.00",
         "validity": "24 hours"},
    ],
}  # fmt: skip


def _wire(version: Mapping[str, Any]) -> dict[str, Any]:
    return {"validFrom" if name == "valid_from" else name: one for name, one in version.items()}
