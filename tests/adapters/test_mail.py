"""Mail: the same cause is the same message, with a copy kept whatever the mail service says."""

import email
import email.policy
import os
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from billing.adapters import documents, mail
from billing.adapters.letters import invoice_letter, receipt_letter
from tests.adapters.invoices import BUYER, ISP, an_invoice, eur

BUCKET = os.environ["DOCUMENTS_BUCKET"]
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def a_letter(name: str = BUYER["name"]) -> mail.Letter:
    return invoice_letter(
        id="mail:inv_1",
        at=AT,
        to="zoe@example.org",
        invoice=an_invoice(buyer={**BUYER, "name": name}),
        pdf=b"%PDF-1.7 bill",
        isp=ISP,
        portal_url="https://portal.harbourwave.example",
    )


def the_copy() -> bytes:
    """The one copy there is."""
    (one,) = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="mail/")["Contents"]
    assert one["Key"].startswith("mail/2026-11-02/mail.inv_1-")
    return documents.get(BUCKET, one["Key"])


@pytest.fixture
def sender(tables):
    boto3.client("sesv2").create_email_identity(EmailIdentity=ISP.mail.sender)


def test_a_bill_is_sent_as_text_and_html_with_the_pdf(sender):
    mail.send(a_letter(), BUCKET)

    raw = the_copy()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    (pdf,) = message.iter_attachments()
    assert message["Subject"] == "Your invoice HW-2026-000123 from Harbour Wave: €19.96"
    assert message["Message-ID"] == "<mail.inv_1@harbourwave.example>"
    assert "Your invoice HW-2026-000123 for 1\u201331 Oct 2026 is ready" in text
    assert f"https://portal.harbourwave.example/pay/{'b' * 43}" in text
    assert "See and pay the bill" in html
    assert (pdf.get_filename(), pdf.get_content()) == ("HW-2026-000123.pdf", b"%PDF-1.7 bill")


def test_the_mail_service_receives_the_bytes_of_the_copy(sender):
    mail.send(a_letter(), BUCKET)

    (sent,) = ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages
    raw = the_copy()
    assert set(sent.destinations) == {"zoe@example.org"}
    assert sent.raw_data.encode() == raw


def test_the_same_letter_is_the_same_message():
    assert mail.mime(a_letter()) == mail.mime(a_letter())


def test_a_letter_sent_twice_keeps_one_copy(sender):
    mail.send(a_letter(), BUCKET)
    mail.send(a_letter(), BUCKET)

    assert the_copy() == mail.mime(a_letter())


def test_a_letter_to_a_corrected_address_goes_out_beside_the_copy_of_the_first(sender):
    mail.send(a_letter(), BUCKET)
    mail.send(replace(a_letter(), to="zoe@example.net"), BUCKET)

    copies = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="mail/")
    assert copies["KeyCount"] == 2


def test_what_the_mail_service_refuses_is_told_with_its_reason(tables):
    with pytest.raises(mail.MailRefused, match=r"mail mail\.inv_1 was refused"):
        mail.send(a_letter(), BUCKET)


def test_a_name_is_never_markup():
    letter = a_letter("<script>alert(1)</script>")

    assert "<script>" not in letter.html
    assert "Hello <script>alert(1)</script>," in letter.text


def test_a_line_break_in_an_address_is_refused_instead_of_becoming_a_header(tables):
    letter = receipt_letter(
        id="mail:pmt_1",
        at=AT,
        to="zoe@example.org\r\nBcc: all@example.org",
        name="Zoë",
        amount=eur("19.96"),
        language="en",
        isp=ISP,
    )

    with pytest.raises(mail.MailRefused, match="not an address"):
        mail.send(letter, BUCKET)


def test_a_receipt_names_the_amount():
    letter = receipt_letter(
        id="mail:pmt_1",
        at=AT,
        to="zoe@example.org",
        name="Zoë",
        amount=eur("19.96"),
        language="de",
        isp=ISP,
    )

    assert letter.subject == "Ihre Zahlung über 19,96\xa0€ ist eingegangen"
