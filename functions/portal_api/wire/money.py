"""Invoices and payments, as JSON."""

from typing import Any

from billing.core.charging import Charge, PriceOf
from billing.core.explaining import explain
from billing.core.invoicing import Difference
from billing.core.payment import Payment
from billing.core.tax import TaxItem, percent_text
from functions.portal_api.usecases.bills import Bill
from functions.portal_api.wire.base import Day, Instant, MoneyOut, Wire, amount


class PeriodOut(Wire):
    """Local days, from `start` to before `end`."""

    start: Day
    end: Day
    zone: str


class LineOut(Wire):
    """One line; its days are local, from `since` to before `until`."""

    code: str
    kind: str
    description: str
    service_id: str
    subscription_id: str
    since: Day
    until: Day
    quantity: str
    unit: str
    amount: MoneyOut
    tax_category: str


class ExplainedLineOut(LineOut):
    """A line with the arithmetic that made it, step by step, and what that rests on.

    With a price that includes tax, `gross` is what was priced, and `amount` its net share. `price`
    is null for what was entered by hand.
    """

    explanation: list[str]
    rule: str
    offering_id: str
    price_version: int
    price: dict[str, Any] | None
    inputs: dict[str, Any]
    evidence: list[str]
    gross: MoneyOut | None


class TaxOut(Wire):
    country: str
    percent: str
    base: MoneyOut
    amount: MoneyOut


class OpenItemOut(Wire):
    invoice_id: str
    account_id: str
    number: str
    due_on: Day
    total: MoneyOut
    open: MoneyOut


class InvoiceRowOut(Wire):
    """One line of a list of invoices."""

    id: str
    account_id: str
    number: str
    period: PeriodOut
    issued_on: Day
    due_on: Day
    total: MoneyOut
    open: MoneyOut
    state: str


class InvoiceOut(InvoiceRowOut):
    """An issued document as it stands for ever, with what is still open of it."""

    currency: str
    net: MoneyOut
    tax: MoneyOut
    lines: list[LineOut]
    taxes: list[TaxOut]
    seller: dict[str, Any]
    buyer: dict[str, Any]
    pay_path: str


class CountedOut(Wire):
    """Usage as the bill counted it. In is from the subscriber (up), out to it (down)."""

    service_id: str
    start: Instant
    end: Instant
    octets_in: int
    octets_out: int
    flags: list[str]


class CauseOut(Wire):
    name: str
    delta: MoneyOut


class DifferenceOut(Wire):
    account_id: str
    name: str
    kind: str
    before: MoneyOut | None
    after: MoneyOut | None
    causes: list[CauseOut]


class ExplanationOut(Wire):
    """Why an invoice is what it is: every line's steps, what was counted, what changed since."""

    invoice_id: str
    lines: list[ExplainedLineOut]
    counted: list[CountedOut]
    difference: DifferenceOut | None


class PaymentOut(Wire):
    id: str
    account_id: str
    invoice_id: str
    amount: MoneyOut
    state: str
    created_at: Instant
    at: Instant
    reason: str


def line(charge: Charge) -> LineOut:
    return LineOut(**_line_fields(charge))


def explained_line(charge: Charge, price_of: PriceOf) -> ExplainedLineOut:
    found = explain(charge, price_of)
    return ExplainedLineOut(
        **_line_fields(charge),
        explanation=list(found.steps),
        rule=found.rule,
        offering_id=found.price_ref[0],
        price_version=found.price_ref[1],
        price=None if found.price is None else dict(found.price),
        inputs=dict(found.inputs),
        evidence=list(found.evidence),
        gross=None if charge.gross is None else amount(charge.gross),
    )


def invoice_row(bill: Bill) -> InvoiceRowOut:
    return InvoiceRowOut(**_invoice_fields(bill))


def invoice(bill: Bill) -> InvoiceOut:
    found = bill.invoice
    return InvoiceOut(
        **_invoice_fields(bill),
        currency=found.currency,
        net=amount(found.net),
        tax=amount(found.tax),
        lines=[line(one) for one in found.lines],
        taxes=[_tax(item) for item in found.taxes],
        seller=dict(found.seller),
        buyer=dict(found.buyer),
        pay_path=bill.pay_path,
    )


def explanation(bill: Bill, changed: Difference | None, name: str) -> ExplanationOut:
    found = bill.invoice
    return ExplanationOut(
        invoice_id=found.id,
        lines=[explained_line(one, found.price_of) for one in found.lines],
        counted=[CountedOut.model_validate(one) for one in found.counted],
        difference=None if changed is None else difference(changed, name),
    )


def difference(changed: Difference, name: str) -> DifferenceOut:
    return DifferenceOut(
        account_id=changed.account_id,
        name=name,
        kind=changed.kind,
        before=None if changed.before is None else amount(changed.before),
        after=None if changed.after is None else amount(changed.after),
        causes=[CauseOut.model_validate(one) for one in changed.causes],
    )


def payment(found: Payment) -> PaymentOut:
    fields = ("id", "account_id", "invoice_id", "amount", "created_at", "at", "reason")
    return PaymentOut(**{name: getattr(found, name) for name in fields}, state=found.state.value)


def _line_fields(charge: Charge) -> dict[str, Any]:
    since, until = charge.span
    names = ("code", "kind", "description", "service_id", "subscription_id", "quantity", "unit",
             "amount", "tax_category")  # fmt: skip
    return {**{name: getattr(charge, name) for name in names}, "since": since, "until": until}


def _invoice_fields(bill: Bill) -> dict[str, Any]:
    found = bill.invoice
    names = ("id", "account_id", "number", "issued_on", "due_on", "total")
    return {
        **{name: getattr(found, name) for name in names},
        "period": PeriodOut.model_validate(found.period),
        "open": bill.open,
        "state": bill.state,
    }


def _tax(item: TaxItem) -> TaxOut:
    percent = percent_text(item.percent)
    return TaxOut(
        country=item.country, percent=percent, base=amount(item.base), amount=amount(item.amount)
    )
