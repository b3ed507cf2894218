"""Documents never change, and the page of an invoice is the same bytes on any day."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from billing.adapters import documents, words
from billing.adapters.sheet import invoice_pdf, pay_url, sheet_of
from tests import faults
from tests.adapters.invoices import BUYER, ISP, an_invoice, charge, eur

BUCKET = os.environ["DOCUMENTS_BUCKET"]
PORTAL = "https://portal.harbourwave.example"


def test_a_document_stored_twice_is_stored_once(tables):
    assert documents.put_once(BUCKET, "a.pdf", b"one", "application/pdf") is True
    assert documents.put_once(BUCKET, "a.pdf", b"one", "application/pdf") is False
    assert documents.get(BUCKET, "a.pdf") == b"one"


def test_a_stored_document_is_never_replaced(tables):
    documents.put_once(BUCKET, "a.pdf", b"one", "application/pdf")

    with pytest.raises(documents.DocumentConflict, match=r"a\.pdf is stored with other content"):
        documents.put_once(BUCKET, "a.pdf", b"two", "application/pdf")
    assert documents.get(BUCKET, "a.pdf") == b"one"


def test_a_document_that_is_not_there_says_so(tables):
    with pytest.raises(documents.DocumentNotFound, match=r"invoices/x\.pdf is not stored"):
        documents.get(BUCKET, "invoices/x.pdf")


def test_a_kill_at_any_call_of_storing_leaves_a_document_that_can_be_stored_again(tables):
    def store() -> object:
        return documents.put_once(BUCKET, "a.pdf", b"one", "application/pdf")

    for when in ("before", "after"):
        faults.killed(store, 1, when)
        store()
        assert documents.get(BUCKET, "a.pdf") == b"one"


def test_a_list_is_found_under_what_it_holds(tables):
    one = documents.put_list(BUCKET, "runs/run_1/list", [{"accounts": ["acc_1"]}])
    same = documents.put_list(BUCKET, "runs/run_1/list", [{"accounts": ["acc_1"]}])
    other = documents.put_list(BUCKET, "runs/run_1/list", [{"accounts": ["acc_2"]}])

    assert one == same != other
    assert documents.get_list(one) == [{"accounts": ["acc_1"]}]


def test_the_same_invoice_is_the_same_pdf_in_another_process():
    program = (
        "import hashlib, tests.adapters.test_documents as t;"
        "print(hashlib.sha256(t.invoice_pdf(t.an_invoice(), t.ISP, t.PORTAL)).hexdigest())"
    )
    here = hashlib.sha256(invoice_pdf(an_invoice(), ISP, PORTAL)).hexdigest()

    there = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert there.stdout.decode().strip() == here


def test_invoices_drawn_side_by_side_are_the_same_as_one_after_the_other():
    bills = [an_invoice(language=language) for language in ("en", "de", "fr", "en")]

    with ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(lambda one: invoice_pdf(one, ISP, PORTAL), bills))

    assert drawn == [invoice_pdf(one, ISP, PORTAL) for one in bills]


def test_the_pdf_is_for_archives_and_for_screen_readers():
    pdf = invoice_pdf(an_invoice(), ISP, PORTAL)

    assert pdf.startswith(b"%PDF-")
    assert b"pdfaid:part>3<" in pdf
    assert b"/StructTreeRoot" in pdf


@pytest.mark.parametrize("name", ["株式会社 光", "شبكة", "Fibre 🚀 Ltd"])
def test_a_name_that_no_font_can_draw_still_gets_its_invoice(name):
    pdf = invoice_pdf(an_invoice(buyer={**BUYER, "name": name}), ISP, PORTAL)

    assert pdf.startswith(b"%PDF-")


def test_a_line_that_explains_nothing_is_drawn_too():
    pdf = invoice_pdf(an_invoice([charge("Visit", "80.00")]), ISP, PORTAL)

    assert pdf.startswith(b"%PDF-")


def test_the_page_says_what_is_due_until_when_and_where_to_pay():
    invoice = an_invoice()

    sheet = sheet_of(invoice, ISP, PORTAL)

    assert sheet["total"] == "€19.96"
    assert sheet["due_sentence"] == "Please pay by 16 November 2026."
    assert sheet["pay_url"] == f"{PORTAL}/pay/{invoice.pay_token}"
    assert sheet["lines"][2]["quantity"] == "412.346 GB"
    assert sheet["taxes"] == [{"label": "VAT 23 %", "base": "€16.23", "amount": "€3.73"}]


def test_a_line_whose_price_includes_the_tax_shows_what_was_priced():
    priced = charge("Fibre 100: access", "24.31", gross=eur("29.90"))
    invoice = an_invoice([priced, charge("Visit", "80.00")])
    included, net = sheet_of(invoice, ISP, PORTAL)["lines"]

    assert (included["amount"], included["note"]) == ("€29.90", "incl. VAT")
    assert (net["amount"], net["note"]) == ("€80.00", "")
    assert invoice.total == eur("128.30")  # 29.90, and 80.00 with 18.40 on it
    assert invoice_pdf(invoice, ISP, PORTAL).startswith(b"%PDF-")


def test_the_page_is_written_in_the_language_of_the_customer():
    sheet = sheet_of(an_invoice(language="de"), ISP, PORTAL)

    assert sheet["words"]["invoice"] == "Rechnung"
    assert sheet["total"] == "19,96\xa0€"
    assert sheet["lines"][1]["quantity"] == "20 Tage"


def test_a_language_nobody_translated_is_written_in_english():
    assert sheet_of(an_invoice(language="tlh"), ISP, PORTAL)["words"]["invoice"] == "Invoice"


def test_an_invoice_of_credits_asks_for_nothing():
    sheet = sheet_of(
        an_invoice([charge("Fibre 100: unused", "-10.00", kind="credit")]), ISP, PORTAL
    )

    assert sheet["headline"] == "Nothing to pay"
    assert sheet["due_sentence"] == "This amount is credited to your account."
    assert sheet["pay_url"] is None
    assert sheet["qr"] is None


def test_the_key_of_a_document_follows_from_what_it_says():
    assert documents.document_key(an_invoice()) == documents.document_key(an_invoice())
    assert documents.document_key(an_invoice()) != documents.document_key(an_invoice(language="de"))
    assert pay_url("http://127.0.0.1:8080/", "abc") == "http://127.0.0.1:8080/pay/abc"


def test_a_third_of_a_minute_is_drawn_too():
    assert words.quantity("61/60", "minute", "en") == "1.017 minutes"
    assert words.quantity("1", "piece", "en") == "1"
    lines = [charge("Calls", "0.61", quantity="61/60", unit="minute")]
    assert invoice_pdf(an_invoice(lines), ISP, PORTAL).startswith(b"%PDF-")
