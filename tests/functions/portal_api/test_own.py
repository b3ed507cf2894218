"""What a customer reaches: everything of his own, nothing of anybody else's; and the pay link."""

from datetime import date

import pytest

from billing.adapters import documents, processor
from billing.core import invoicing
from billing.core.charging import Charge
from billing.core.money import Money
from billing.core.period import Period
from billing.store import invoices
from billing.store.access import EVERY_ACCOUNT
from billing.store.tables import AccountRow, LedgerRow
from billing.store.timeline import Event
from local.processor import Standin
from tests.examples import entered
from tests.functions.portal_api.world import NOW, give_login, open_customer

OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), "Europe/Dublin")


def issue(account_id: str, number: str, total: str = "32.00") -> invoicing.Invoice:
    line = Charge(
        subscription_id="sub_1",
        service_id="svc_1",
        code="access",
        kind="recurring",
        description="Fibre 100",
        price_ref=("ofr_1", 1),
        span=(OCTOBER.end, date(2026, 12, 1)),
        quantity="1",
        unit="month",
        amount=Money.parse(total, "EUR"),
        tax_category="zero",
        key=number,
        facts=entered(Money.parse(total, "EUR"), by="Ada"),
    )
    made = invoicing.draft(
        account_id=account_id,
        run_id="run_1",
        revision=1,
        period=OCTOBER,
        currency="EUR",
        language="en",
        seller={"id": "meridian", "name": "Meridian Fibre Ltd"},
        buyer={"name": "Ada"},
        charges=[line],
        taxes=(),
        counted=(),
        pay_token=f"token-{number}",
    )
    issued = invoicing.number(made, number, date(2026, 11, 1), date(2026, 11, 15))
    invoices.issue(issued, Event("invoice.issued", "system:t", issued.id, "issued", NOW))
    return issued


@pytest.fixture
def both(billing, as_customer):
    """Ada and Bea, an account and an invoice each; Ada's portal."""
    mine, theirs = open_customer(billing, "Ada"), open_customer(billing, "Bea")
    give_login("ada", mine)
    return as_customer("ada"), mine, theirs, issue(mine, "MF-1"), issue(theirs, "MF-2")


def test_a_customer_sees_the_own_account_with_its_bills(both):
    ada, mine, _, bill, _ = both

    assert [one["account"]["id"] for one in ada.get("/v1/accounts").json["data"]] == [mine]
    listed = ada.get("/v1/invoices", query={"accountId": mine}).json["data"]
    assert [(one["number"], one["state"]) for one in listed] == [("MF-1", "open")]
    shown = ada.get(f"/v1/invoices/{bill.id}").json
    assert shown["total"] == {"value": "32.00", "unit": "EUR"}
    assert shown["open"] == shown["total"]
    assert shown["payPath"] == "/pay/token-MF-1"


def test_an_invoice_explains_every_line(both):
    ada, _, _, bill, _ = both
    explained = ada.get(f"/v1/invoices/{bill.id}/explanation").json

    [line] = explained["lines"]
    assert line["explanation"] == ["entered by Ada"]
    assert (line["rule"], line["price"], line["gross"]) == ("entered", None, None)
    assert line["inputs"]["by"] == "Ada"
    assert explained["difference"] is None


def test_the_document_comes_as_the_pdf_that_was_stored(both):
    ada, _, _, bill, _ = both
    assert ada.get(f"/v1/invoices/{bill.id}/pdf").status == 404  # not drawn yet

    import os

    key = documents.document_key(bill)
    documents.put_once(os.environ["DOCUMENTS_BUCKET"], key, b"%PDF-1.7 \xff\x00", "application/pdf")
    answer = ada.get(f"/v1/invoices/{bill.id}/pdf")
    assert (answer.status, answer.octets) == (200, b"%PDF-1.7 \xff\x00")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"


def test_another_customers_id_in_the_path_is_not_found_and_changes_nothing(both):
    ada, _, theirs, _, foreign = both
    before = AccountRow.count(), LedgerRow.count()
    for path in (
        "/v1/accounts/{account}",
        "/v1/invoices/{invoice}",
        "/v1/invoices/{invoice}/explanation",
        "/v1/invoices/{invoice}/pdf",
        "/v1/invoices?accountId={account}",
        "/v1/payments?accountId={account}",
        "/v1/usage?accountId={account}",
        "/bills/{invoice}",
        "/bills/{invoice}/pdf",
    ):
        refused = asked(ada, path.format(account=theirs, invoice=foreign.id))
        nobody = asked(ada, path.format(account="acc_x", invoice="inv_x"))
        assert (refused.status, nobody.status) == (404, 404), path
        if path.startswith("/v1/"):  # the answer does not tell which of the two it is
            assert nobody.json["type"] == refused.json["type"]
    assert (AccountRow.count(), LedgerRow.count()) == before


def asked(door, address: str):
    path, _, query = address.partition("?")
    return door.get(path, query=dict([query.split("=")]) if query else None)


def test_somebody_whom_the_pool_knows_and_we_do_not_sees_nothing(both, as_customer):
    assert as_customer("stranger").get("/v1/accounts").status == 401


def test_opening_a_pay_link_shows_the_bill_and_changes_nothing(both, as_customer):
    before = AccountRow.count(), LedgerRow.count()
    nobody = as_customer(None)
    page = nobody.get("/pay/token-MF-1", headers={"accept": "text/html"})
    data = nobody.get("/pay/token-MF-1", headers={"accept": "application/json"})

    assert page.status == 200
    assert "MF-1" in page.text
    assert data.json["number"] == "MF-1"
    assert (AccountRow.count(), LedgerRow.count()) == before
    assert nobody.get("/pay/guess", headers={"accept": "application/json"}).status == 404


def test_the_button_of_a_pay_link_opens_one_hosted_page(both, as_customer, monkeypatch):
    import boto3

    secret = '{"api_key": "sk_test_local", "webhook_secrets": ["whsec_1"]}'
    boto3.client("secretsmanager").create_secret(Name="processor", SecretString=secret)
    with Standin(delay_seconds=3600) as standin:
        monkeypatch.setenv("PROCESSOR_SECRET", "processor")
        monkeypatch.setenv("PROCESSOR_API_BASE", standin.url)
        processor.connected.cache_clear()
        nobody = as_customer(None)
        first = nobody.post("/pay/token-MF-1", headers={"accept": "text/html"})
        again = nobody.post("/pay/token-MF-1", headers={"accept": "text/html"})
        processor.connected.cache_clear()

    assert first.status == 303
    assert first.headers["Location"].startswith(standin.url)
    assert again.headers["Location"] == first.headers["Location"]


@pytest.fixture
def no_processor(monkeypatch):
    """Whoever asks the processor for a page here fails."""
    monkeypatch.setenv("PROCESSOR_SECRET", "not-there")
    processor.connected.cache_clear()
    yield
    processor.connected.cache_clear()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_whatever_follows_a_pay_link_opens_no_payment_page(both, as_customer, no_processor, method):
    before = AccountRow.count(), LedgerRow.count()
    for agent in ("", "Mozilla/5.0 (compatible; LinkScanner/1.0)", "facebookexternalhit/1.1"):
        answer = as_customer(None)(method, "/pay/token-MF-1", headers={"user-agent": agent})
        assert answer.status == (200 if method == "GET" else 405)

    assert (AccountRow.count(), LedgerRow.count()) == before


def test_a_settled_bill_is_told_to_be_paid_and_opens_no_payment_page(
    billing, as_customer, no_processor
):
    settled = issue(open_customer(billing, "Nil"), "MF-3", "0.00")
    nobody = as_customer(None)
    page = nobody.post(f"/pay/{settled.pay_token}", headers={"accept": "text/html"})
    data = nobody.post(f"/pay/{settled.pay_token}", headers={"accept": "application/json"})

    assert page.status == data.status == 409
    assert "Nothing is open on this bill" in page.text
    assert "<form" not in page.text
    assert data.json["title"] == "Nothing to pay"


def test_what_the_processor_does_not_collect_is_told_with_another_way_to_pay(
    billing, as_customer, no_processor
):
    small = issue(open_customer(billing, "Few"), "MF-4", "0.49")
    page = as_customer(None).post(f"/pay/{small.pay_token}", headers={"accept": "text/html"})

    assert page.status == 409
    assert "payments begin at" in page.text
    assert "transfer it with the number MF-4" in page.text


def test_an_unknown_pay_link_is_a_page_that_tells_nothing(both, as_customer, no_processor):
    nobody = as_customer(None)
    pages = [
        nobody(method, f"/pay/{token}", headers={"accept": "text/html"})
        for method in ("GET", "POST")
        for token in ("guess", "token-MF-1x", "0")
    ]

    assert {page.status for page in pages} == {404}
    assert {page.text for page in pages} == {pages[0].text}
    assert "Unknown pay link" in pages[0].text
    for method in ("GET", "POST"):
        data = nobody(method, "/pay/guess", headers={"accept": "application/json"})
        assert (data.status, data.json["title"]) == (404, "Unknown pay link")


def test_staff_issues_an_invoice_outside_the_cycle_once(billing):
    account_id = open_customer(billing, "Cleo")
    wanted = {
        "accountId": account_id,
        "lines": [
            {
                "text": "Engineer's visit",
                "amount": {"value": "60.00", "unit": "EUR"},
                "taxCategory": "standard",
            }
        ],
    }
    named = {"idempotency-key": "visit-1"}
    made = billing.post("/v1/invoices", wanted, headers=named)
    again = billing.post("/v1/invoices", wanted, headers=named)

    assert made.status == 201, made.text
    assert made.json["total"] == {"value": "73.80", "unit": "EUR"}
    assert made.json["number"] == again.json["number"] == "MF-2026-000001"
    assert billing.get(f"/v1/invoices/{made.json['id']}/pdf").octets.startswith(b"%PDF")
    assert len(invoices.list_invoices(account_id, EVERY_ACCOUNT).items) == 1


def test_an_invoice_for_an_account_without_a_tax_country_is_refused_with_the_fix(billing):
    account_id = open_customer(billing, "Dora", taxPlace={"country": ""})
    lines = [{"text": "Visit", "amount": {"value": "60.00", "unit": "EUR"}}]
    refused = billing.post("/v1/invoices", {"accountId": account_id, "lines": lines})

    assert refused.status == 422
    assert "tax country" in refused.json["detail"]
    assert invoices.list_invoices(account_id, EVERY_ACCOUNT).items == ()


def test_what_is_overdue_is_listed_oldest_first(billing):
    import time_machine

    account_id = open_customer(billing, "Eve")
    issue(account_id, "MF-9")
    with time_machine.travel("2026-11-20T09:00:00Z", tick=False):
        from tests.functions.portal_api import world

        billing.bearer = world.token("staff", "mira", "billing", exp=1_800_000_000)
        late = billing.get("/v1/invoices/overdue").json["data"]

    assert [(one["number"], one["dueOn"]) for one in late] == [("MF-9", "2026-11-15")]
