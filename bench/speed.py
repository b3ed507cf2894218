"""CPU, each thing against a floor that does its bare minimum, or against its naive twin.

What speaks to AWS is played from a tape of answers: our code and the SDK are timed, no emulator.
"""

import hashlib
import hmac
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from typing import Any

import boto3
import typst

from bench import by_hand, meter, naive, world
from bench.rounds import Case
from billing.adapters.issuing import refuse_unless_valid
from billing.adapters.sheet import invoice_pdf
from billing.config import load_isp
from billing.core import invoicing
from billing.core.catalog import Graduated, price_version_from, price_version_to_dict
from billing.core.charging import Charge, Measured, advance, charges_for, usage_windows
from billing.core.charging.charge import Counted
from billing.core.invoicing import Draft, canonical
from billing.core.period import Period, Span, following
from billing.core.rating import rate
from billing.core.subscription import Subscription, change_plan, start
from billing.core.tax import TaxItem, taxes
from billing.core.usage import mediate
from billing.store import folding, invoices, usage
from billing.store.outbox import Message
from billing.store.tables import UsageRow
from billing.store.timeline import Event
from functions.ingest_usage import live
from functions.payments_webhook import receive
from local.processor.webhooks import signature
from tests.core.usage.facts import KEY, opened, pack
from tests.functions.bill_cycle import world as bills
from tests.functions.ingest_usage.doors import Context
from tests.functions.payments_webhook import world as payments

DUBLIN = "Europe/Dublin"
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1), DUBLIN)
DATES = {"issued_on": date(2026, 12, 2), "due_on": date(2026, 12, 16)}
SELLER = {"id": "meridian", "name": "Meridian Fibre Ltd", "vat_id": "IE0000000XX", "iban": "IE29"}
PLACE = {"street": "Quay Street", "number": "7", "postcode": "T12", "town": "Cork", "region": ""}


def cases() -> Iterator[Case]:
    """Every case in turn; a case is made when it is asked for, and its world ends with it."""
    yield from (of_records(), of_rating(rendered=True), of_rating(rendered=False))
    yield from (of_five_lines(), of_charges(), of_drafts(), of_documents())
    for made in (of_live, of_fold, of_issue, of_webhooks):
        with ExitStack() as stack:
            yield made(stack)


def of_records() -> Case:
    """1,000 records in two packs, from bytes to segments."""
    data = pack(world.interims(200, 5))
    settings = usage.settings_of(load_isp())

    def floor() -> None:
        hmac.new(KEY, data, hashlib.sha256).hexdigest()
        json.loads(data)

    return Case(
        "decode and mediate",
        "record",
        1000,
        lambda: mediate(opened(data), settings),
        "HMAC and json.loads",
        floor,
    )


def of_rating(*, rendered: bool) -> Case:
    """Graduated data of three tiers: what 1,437 GB cost, with and without the words."""
    (price,) = (one for one in bills.PLANS["fibre-100"].versions[0].usage)
    assert isinstance(price.model, Graduated)
    tiers = price.model.tiers
    used = Fraction(1_437_512_345_678, 10**9)
    plain = [
        (int(tier.above * 10**9), tier.up_to and int(tier.up_to * 10**9), int(tier.per_unit))
        for tier in tiers
    ]

    def arithmetic(octets: int) -> int:
        due = 0
        for above, up_to, cents in plain:
            top = octets if up_to is None else min(octets, up_to)
            due += max(0, top - above) * cents
        return (due + 5 * 10**8) // 10**9

    whole = rate(price, used).amount
    assert whole.minor == arithmetic(1_437_512_345_678)
    run: Callable[[], Any] = lambda: rate(price, used)  # noqa: E731
    if rendered:
        run = lambda: rate(price, used).steps  # noqa: E731
    return Case(
        "3 tiers, explained" if rendered else "a 3-tier charge",
        "line",
        200,
        repeated(run, 200),
        "plain integers",
        repeated(lambda: arithmetic(1_437_512_345_678), 200),
    )


def of_five_lines() -> Case:
    """A month of two fixed prices, data, a discount and the tax: priced, drafted and totalled; the
    words of no line are asked for."""
    version = price_version_from(
        {
            "offering_id": "five",
            "version": 1,
            "name": "Five",
            "valid_from": "2026-01-01",
            "currency": "EUR",
            "prices": [
                {"model": "flat", "code": "access", "name": "access", "amount": "45.00"},
                {"model": "flat", "code": "tv", "name": "tv", "amount": "12.00"},
                {
                    "model": "flat",
                    "code": "router",
                    "name": "router",
                    "amount": "4.50",
                    "in_advance": False,
                },
                {
                    "model": "graduated",
                    "code": "data",
                    "name": "data",
                    "unit": "GB",
                    "tiers": [
                        {"up_to": "100"},
                        {"up_to": "200", "per_unit": "0.50"},
                        {"per_unit": "0.20"},
                    ],
                },
            ],
            "discounts": [
                {
                    "code": "loyal",
                    "name": "Loyalty",
                    "kind": "percent",
                    "value": "10",
                    "on": ["access"],
                }
            ],
        }
    )
    held = start("sub_1", "acc_1", "svc_1", version, NOVEMBER.span.start, zone=DUBLIN)
    after, isp = following(NOVEMBER, 1), load_isp()
    billed = advance(held, NOVEMBER, [])
    [window] = usage_windows(held, NOVEMBER)
    assert window.span.end is not None
    octets = 237_500_000_000
    counted = Counted("svc_1", window.span.start, window.span.end, 0, octets)
    measured = Measured({"svc_1": {window.span: counted}})

    def run() -> Draft:
        lines = charges_for(held, NOVEMBER, after, measured, billed)
        return drafted(lines, taxes(lines, "IE", date(2026, 12, 1), isp.tax_rates), (counted,))

    made, plain = run(), by_hand.five_lines(octets)
    ours = [(line.description, line.key, line.amount.minor, *line.span) for line in made.lines]
    assert (ours, made.total.minor) == ([line[:5] for line in plain[1]], plain[4]), (ours, plain)
    return Case(
        "a 5-line draft",
        "draft",
        50,
        repeated(run, 50),
        "by hand: integers, texts",
        repeated(lambda: by_hand.five_lines(octets), 50),
    )


def of_charges() -> Case:
    """A plan changed on the eleventh: credit, two prorations, usage, two lines in advance."""
    charges, _ = six_lines()

    def arithmetic() -> int:
        cents = -3200 * 20 // 30 + 8900 * 20 // 30 + 1200 * 20 // 30 + 8900 + 1200
        return cents + max(0, 410 * 10**9 - 500 * 10**9) * 5 // 10**9

    return Case(
        "charges_for",
        "6-line bill",
        50,
        repeated(charges, 50),
        "plain integers",
        repeated(arithmetic, 50),
    )


def of_drafts() -> Case:
    """From charges to the validated draft and the bytes that everything hashes."""
    charges, draft_of = six_lines()
    lines = charges()

    def run() -> bytes:
        made = draft_of(lines)
        refuse_unless_valid(made)
        return canonical(made)

    data = invoicing.to_dict(draft_of(lines))
    return Case(
        "draft and canonical",
        "6-line bill",
        50,
        repeated(run, 50),
        "json.dumps",
        repeated(lambda: json.dumps(data, sort_keys=True), 50),
    )


def of_documents() -> Case:
    """The PDF/A of a bill, against an empty page by the same engine."""
    charges, draft_of = six_lines()
    draft = draft_of(charges())
    isp, numbers = load_isp(), count()

    def other() -> Any:  # what was compiled before is remembered: each page says something new
        page = f"#set page(width: 10cm)\nInvoice {next(numbers)}".encode()
        return typst.compile(page, format="pdf", ignore_system_fonts=True)

    def run() -> bytes:
        number = f"MF-2026-{next(numbers):06d}"
        return invoice_pdf(invoicing.number(draft, number, **DATES), isp, "http://127.0.0.1")

    return Case(
        "PDF/A-3 of a bill", "document", 3, repeated(run, 3), "an empty page", repeated(other, 3)
    )


def of_live(stack: ExitStack) -> Case:
    """The live function with 1,000 records of 200 sessions, against a row for each record."""
    event = world.kinesis_event(world.interims(200, 5))
    stack.enter_context(world.aws())
    stack.enter_context(meter.agreed())
    return Case(
        "live function",
        "record",
        1000,
        lambda: live.lambda_handler(event, Context()),
        "naive: a row, a counter",
        lambda: naive.ingest(event),
    )


def of_fold(stack: ExitStack) -> Case:
    """An hour of 40 sessions, in twelve batches, joined into items that hold half a day already."""
    stack.enter_context(world.aws())
    world.half_a_day(40)
    world.an_hour(40, 12)
    state = bills.everything()
    settings = usage.settings_of(load_isp())
    buckets = range(settings.buckets)

    def run() -> None:
        for bucket in buckets:
            folding.fold(bucket, settings)

    tape = meter.recorded(run)
    bills.put_back(state)
    items = [bytes(row.data) for row in UsageRow.scan() if row.pk.startswith("USE#")]
    assert len(items) == 40
    texts = [json.loads(zlib.decompress(data)) for data in items]
    dynamodb = boto3.client("dynamodb")

    def played() -> None:
        with meter.played(tape):
            run()

    def floor() -> None:
        """Each item unpacked, packed and put, by hand."""
        with meter.agreed():
            for data, text in zip(items, texts, strict=True):
                json.loads(zlib.decompress(data))
                dynamodb.put_item(
                    TableName=os.environ["USAGE_TABLE"],
                    Item={
                        "pk": {"S": "USE#"},
                        "sk": {"S": "day"},
                        "data": {"B": zlib.compress(json.dumps(text).encode())},
                    },
                )

    return Case("fold", "item", 40, played, "the same by hand", floor)


def of_issue(stack: ExitStack) -> Case:
    """Eight drafts issued: document, postings, open item, timeline, mail, pay link; without PDF."""
    stack.enter_context(world.billed_once(8))
    review = bills.prepare(world.NOVEMBER)
    drafts = list(invoices.list_drafts(review["run"], review["revision"]))

    def run() -> None:
        for rank, draft in enumerate(drafts):
            invoice = invoicing.number(draft, f"MF-2026-{500 + rank:06d}", **DATES)
            event = Event("invoice.issued", "staff:mira", invoice.id, "issued", world.NOON)
            mail = Message(f"mail:{invoice.id}", "invoice.issued", invoice.account_id, world.NOON)
            invoices.issue(invoice, event, messages=[mail])

    def other() -> None:
        naive.issue_all(drafts, **DATES)

    before = bills.everything()
    ours = meter.recorded(run)
    bills.put_back(before)
    theirs = meter.recorded(other)

    def played(tape: list[meter.Answer], action: Callable[[], None]) -> Callable[[], None]:
        def play() -> None:
            with meter.played(tape):
                action()

        return play

    return Case(
        "issue, no PDF",
        "invoice",
        len(drafts),
        played(ours, run),
        "naive: 4-item transaction",
        played(theirs, other),
    )


def of_webhooks(stack: ExitStack) -> Case:
    """A signed event received, kept and queued, against the same by hand."""
    stack.enter_context(world.aws())
    os.environ["PROCESSOR_SECRET"] = payments.SECRET_NAME
    os.environ["PAYMENTS_QUEUE_URL"] = payments.make_queue()
    payments.put_secret()
    body = json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "created": int(world.NOON.timestamp()),
            "livemode": False,
            "type": "payment_intent.succeeded",
            "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
        }
    ).encode()
    event = payments.api_event(body, signature(body, payments.WEBHOOK_SECRET))
    receive.lambda_handler(event, Context())  # reads the secret
    tape = meter.recorded(lambda: receive.lambda_handler(event, Context()))

    def run() -> None:
        with meter.played(tape * 20):
            for _ in range(20):
                assert receive.lambda_handler(event, Context())["statusCode"] == 200

    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    row = {"pk": {"S": "HOOK#evt_1"}, "sk": {"S": "EVENT"}, "body": {"S": body.decode()}}

    def floor() -> None:
        with meter.agreed():
            for _ in range(20):
                hmac.new(b"whsec_test", body, hashlib.sha256).hexdigest()
                json.loads(body)
                dynamodb.put_item(TableName=os.environ["ACCOUNTS_TABLE"], Item=row)
                sqs.send_message(
                    QueueUrl=os.environ["PAYMENTS_QUEUE_URL"], MessageBody=body.decode()
                )

    return Case("webhook received", "event", 20, run, "the same by hand", floor)


def six_lines() -> tuple[Callable[[], list[Charge]], Callable[[list[Charge]], Draft]]:
    """The charges of a bill, and the draft that they make."""
    old, new = (
        bills.PLANS[code].version_on(date(2026, 10, 1)) for code in ("fibre-100", "business-1000")
    )
    begun = NOVEMBER.span.start - timedelta(days=31)
    held = start("sub_1", "acc_1", "svc_1", old, begun)
    october = Period(date(2026, 10, 1), date(2026, 11, 1), DUBLIN)

    def counted(subscription: Subscription, period: Period) -> dict[Span, Counted]:
        spans = [window.span for window in usage_windows(subscription, period)]
        return {
            span: Counted("svc_1", span.start, span.end, 12 * 10**9, 398 * 10**9)
            for span in spans
            if span.end is not None
        }

    before = Measured({"svc_1": counted(held, october)})
    billed = charges_for(held, october, NOVEMBER, before, [])
    changed = change_plan(held, new, NOVEMBER.span.start + timedelta(days=10, hours=9))
    used, after = counted(changed, NOVEMBER), following(NOVEMBER, 1)
    isp = load_isp()
    sold = [price_version_to_dict(version) for version in (old, new)]

    def charges() -> list[Charge]:
        return charges_for(changed, NOVEMBER, after, Measured({"svc_1": used}), billed)

    def draft_of(lines: list[Charge]) -> Draft:
        tax = taxes(lines, "IE", date(2026, 12, 1), isp.tax_rates)
        return drafted(lines, tax, tuple(used.values()), sold)

    assert len(charges()) == 6, charges()
    return charges, draft_of


def drafted(
    lines: list[Charge],
    tax: tuple[TaxItem, ...],
    counted: tuple[Counted, ...],
    price_versions: Sequence[Mapping[str, Any]] = (),
) -> Draft:
    """The draft of November."""
    return invoicing.draft(
        account_id="acc_1",
        run_id="run_1",
        revision=1,
        period=NOVEMBER,
        currency="EUR",
        language="en",
        seller={**SELLER, "address": {**PLACE, "country": "IE"}, "registration": ""},
        buyer={"name": "Ada", "vat_id": "", "address": {**PLACE, "country": "IE"}},
        charges=lines,
        taxes=tax,
        counted=counted,
        price_versions=price_versions,
        pay_token="t" * 43,
    )


def repeated(action: Callable[[], Any], times: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(times):
            action()

    return run
