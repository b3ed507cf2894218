"""The outbox: every message is sent at least once and then marked; what fails waits and says why.

A message is claimed before it is sent, so that two deliveries at once seldom send the same one.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters import documents, mail
from billing.adapters.issuing import Office
from billing.adapters.letters import invoice_letter, receipt_letter
from billing.adapters.mail import Letter, MailBusy
from billing.config import Isp, load_isp
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.party import Account, Subject
from billing.store import accounts, invoices, outbox
from billing.store.access import EVERY_ACCOUNT
from billing.store.outbox import Message
from billing.store.transactions import EditConflict
from functions.bill_cycle.shared import office
from functions.runtime import clock, logger, metrics

ATTEMPTS_MAX = 8  # then a person has to look; a service that is busy for all has no such end
RESERVE_MS = 30_000  # of the function's time, left for what was begun
CLAIMED = "sending was begun and never confirmed"


class NoAddress(BillingError):
    """The customer has no address to write to."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"account {account_id} has no email address; add one to its contacts")
        self.account_id = account_id


class NoLetterFor(BillingError):
    """Nobody has said what to write for this kind of message."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"there is no letter for messages of kind {kind}; write one in letters.py")
        self.kind = kind


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, place = load_isp(), office()
    sent = failed = 0
    for message in waiting(context):
        if deliver(message, isp, place):
            sent += 1
        else:
            failed += 1
    metrics.add_metric("MailSent", MetricUnit.Count, sent)
    metrics.add_metric("MailFailed", MetricUnit.Count, failed)
    return {"sent": sent, "failed": failed}


def waiting(context: LambdaContext) -> Iterator[Message]:
    """Messages that are due, each once in this run, as long as there is time."""
    tried: set[str] = set()
    while True:
        fresh = [one for one in outbox.due(clock()) if one.id not in tried]
        if not fresh:
            return
        for message in fresh:
            if context.get_remaining_time_in_millis() < RESERVE_MS:
                return
            tried.add(message.id)
            yield message


def deliver(message: Message, isp: Isp, place: Office) -> bool:
    """Send one message. False: it failed or another delivery has it."""
    claimed = claim(message, clock())
    if claimed is None:
        return False
    try:
        mail.send(letter_of(message, isp, place), place.bucket)
    except BillingError as error:
        used_up = claimed.attempts + 1 >= ATTEMPTS_MAX and not isinstance(error, MailBusy)
        final = used_up or isinstance(error, NoAddress | NoLetterFor)
        logger.warning("mail not sent", message_id=message.id, reason=type(error).__name__)
        outbox.save_attempt(claimed, str(error), clock(), again=not final)
        return False
    outbox.save_sent(claimed, clock())
    return True


def claim(message: Message, now: datetime) -> Message | None:
    """Take a message to send: its next version. None: another delivery took it.

    The attempt is counted when it ends; one that was cut off counts by its claim.
    """
    try:
        if not outbox.save_attempt(message, CLAIMED, now):
            return None  # the same claim stands there already: it is somebody else's
    except EditConflict:
        return None
    return replace(message, version=message.version + 1)


def letter_of(message: Message, isp: Isp, place: Office) -> Letter:
    """What is written for a message, addressed as the customer is reached today."""
    account = accounts.load_account(message.account_id, EVERY_ACCOUNT)
    subject = accounts.load_subject(account.party_id)
    to = address_of(account, subject)
    if message.kind == "invoice.issued":
        invoice = invoices.load_invoice(message.data["invoice_id"], EVERY_ACCOUNT)
        return invoice_letter(
            id=message.id,
            at=message.at,
            to=to,
            invoice=invoice,
            pdf=documents.get(place.bucket, documents.document_key(invoice)),
            isp=isp,
            portal_url=place.portal_url,
        )
    if message.kind == "payment.received":
        return receipt_letter(
            id=message.id,
            at=message.at,
            to=to,
            name=subject.name,
            amount=Money.from_wire(message.data["amount"]),
            language=account.language,
            isp=isp,
        )
    raise NoLetterFor(message.kind)


def address_of(account: Account, subject: Subject) -> str:
    """Where bills go: the contact for billing, else the customer's own address."""
    billing = (one.email for one in subject.contacts if one.role == "billing" and one.email)
    address = next(billing, subject.email)
    if not address:
        raise NoAddress(account.id)
    return address
