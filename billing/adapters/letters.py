"""What we write to a customer: one letter for each kind of message in the outbox."""

from datetime import datetime
from typing import Any

from billing.adapters import words
from billing.adapters.mail import Attachment, Letter, write
from billing.adapters.sheet import locale_of, pay_url
from billing.config import Isp
from billing.core.invoicing import Invoice
from billing.core.money import Money


def invoice_letter(
    *, id: str, at: datetime, to: str, invoice: Invoice, pdf: bytes, isp: Isp, portal_url: str
) -> Letter:
    """The bill with its PDF and the stable link to see and pay it."""
    said, language = words.words(invoice.language), locale_of(invoice)
    payable = invoice.total.minor > 0
    values = {
        "number": invoice.number,
        "isp": isp.isp.name,
        "total": words.money(invoice.total, language),
        "due": words.day(invoice.due_on, language),
        "period": words.days(invoice.period.start, invoice.period.end, language),
    }
    sentence = said["mail_invoice_pay" if payable else "mail_invoice_nothing"].format(**values)
    return _letter(
        id=id,
        at=at,
        to=to,
        isp=isp,
        language=invoice.language,
        subject=said["mail_invoice_subject"].format(**values),
        name=invoice.buyer["name"],
        sentences=(_capital(sentence), said["mail_attached"]),
        link=pay_url(portal_url, invoice.pay_token),
        button=said["mail_pay_button" if payable else "mail_see_button"],
        attachments=(Attachment(f"{invoice.number}.pdf", pdf),),
    )


def receipt_letter(
    *, id: str, at: datetime, to: str, name: str, amount: Money, language: str, isp: Isp
) -> Letter:
    """That money arrived, and how much."""
    said = words.words(language)
    locale = words.locale_of(language, isp.seller().address.country)
    values = {"amount": words.money(amount, locale)}
    return _letter(
        id=id,
        at=at,
        to=to,
        isp=isp,
        language=language,
        subject=said["mail_receipt_subject"].format(**values),
        name=name,
        sentences=(_capital(said["mail_receipt"].format(**values)),),
    )


def _letter(
    *,
    id: str,
    at: datetime,
    to: str,
    isp: Isp,
    language: str,
    subject: str,
    name: str,
    sentences: tuple[str, ...],
    link: str = "",
    button: str = "",
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    said = words.words(language)
    values: dict[str, Any] = {
        "language": language,
        "subject": subject,
        "greeting": said["mail_greeting"].format(name=name),
        "sentences": sentences,
        "link": link,
        "button": button,
        "closing": said["mail_closing"],
        "sender": isp.isp.name,
        "colour": isp.branding.colour,
        "footer": f"{isp.isp.name} · {isp.isp.support_email} · {isp.isp.support_phone}",
    }
    return Letter(
        id=id.replace(":", "."),  # the part before the @ of a Message-ID takes no colon
        at=at,
        sender=isp.mail.sender,
        sender_name=isp.isp.name,
        reply_to=isp.mail.reply_to,
        to=to,
        subject=subject,
        text=write("letter.txt", **values),
        html=write("letter.html", **values),
        attachments=attachments,
    )


def _capital(sentence: str) -> str:
    """Sentences begin with a capital here, also where the language continues after a comma."""
    return sentence[:1].upper() + sentence[1:]
