"""Mail: one raw MIME message built by us, a copy kept, then handed to the mail service.

Owns      what the bytes of a message are, and where their copy lies
Repeats   the same outbox row builds the same bytes under the same Message-ID, so a mail that was
          sent twice by a crash between sending and marking is recognised as one by mail programs
Source    RFC 5322 (message), RFC 2046 §5.1 (boundaries); the service keeps neither attachments nor
          headers, which is why the copy is ours
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from billing.adapters import aws, documents
from billing.core.errors import BillingError
from billing.core.invoicing import digest

# The service is not ready for any letter; none of these is about the one that was sent.
_BUSY = ("TooManyRequestsException", "LimitExceededException", "SendingPausedException")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


class MailRefused(BillingError):
    """The mail service does not take this message; another attempt may be asked for later."""

    def __init__(self, message_id: str, reason: str) -> None:
        super().__init__(f"mail {message_id} was refused by the mail service: {reason}")
        self.message_id, self.reason = message_id, reason


class MailBusy(MailRefused):
    """The mail service takes nothing now: a rate or quota is used up, or sending is paused."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with a letter."""

    name: str
    content: bytes
    subtype: str = "pdf"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said to whom. `id` names the letter for ever; `at` is when it became due."""

    id: str
    at: datetime
    sender: str
    sender_name: str
    reply_to: str
    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


def send(letter: Letter, bucket: str) -> None:
    """Keep a copy and send it. A repeat sends again under the same Message-ID."""
    if not _ADDRESS.fullmatch(letter.to):
        raise MailRefused(letter.id, f"{letter.to!r} is not an address; correct the contact")
    raw = mime(letter)
    documents.put_once(bucket, copy_key(letter, raw), raw, "message/rfc822")
    try:
        aws.client("sesv2").send_email(
            FromEmailAddress=letter.sender,
            Destination={"ToAddresses": [letter.to]},
            Content={"Raw": {"Data": raw}},
        )
    except ClientError as error:
        refusal = MailBusy if aws.code_of(error) in _BUSY else MailRefused
        raise refusal(letter.id, aws.message_of(error)) from error


def copy_key(letter: Letter, raw: bytes) -> str:
    """Where the copy of a letter lies in the documents bucket.

    Its digest is part of the key: a letter sent again to a corrected address is another copy.
    """
    return f"mail/{letter.at:%Y-%m-%d}/{letter.id}-{digest(raw)[:16]}.eml"


def mime(letter: Letter) -> bytes:
    """The message as it goes over the wire; the same letter gives the same bytes."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(letter.sender_name, addr_spec=letter.sender)
    message["Reply-To"] = letter.reply_to
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}@{letter.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies, please
    # Quoted-printable: the mail service wants seven-bit lines.
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for file in letter.attachments:
        message.add_attachment(
            file.content, maintype="application", subtype=file.subtype, filename=file.name
        )
    _fix_boundaries(message, letter.id)
    return message.as_bytes()


def write(template: str, **values: Any) -> str:
    """Fill a mail template; what is named `.html` escapes, and a missing value is an error."""
    return _templates().get_template(template).render(**values)


def _fix_boundaries(message: EmailMessage, letter_id: str) -> None:
    """Boundaries made from the id: the library would draw them at random."""
    for rank, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{letter_id}_{rank}")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(documents.TEMPLATES / "mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
