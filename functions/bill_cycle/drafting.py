"""From what an account has, used and was billed, to the draft of its bill. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billing.adapters.issuing import buyer_of, pay_token, refuse_unless_valid, seller_of
from billing.config import Isp
from billing.core.catalog import price_version_to_dict
from billing.core.charging import Charge, Counted, Measured, charges_for, usage_windows
from billing.core.errors import BillingError
from billing.core.invoicing import Draft, Parked, draft, invoice_id
from billing.core.period import Span, following
from billing.core.subscription import Subscription
from billing.core.tax import taxes, with_net
from billing.core.usage import Call, Sample, Used
from billing.store.customers import Customer
from billing.store.runs import Run
from functions.bill_cycle.apart import park


class NotInThisCycle(BillingError):
    """The account's own cycle begins on another day."""

    def __init__(self, account_id: str, anchor: int, run: Run) -> None:
        super().__init__(
            f"account {account_id} is billed on day {anchor} of the month, this run on day"
            f" {run.anchor}: its own cycle bills it"
        )
        self.account_id, self.anchor = account_id, anchor


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the bill of one account depends on."""

    customer: Customer
    billed: tuple[Charge, ...]  # lines of earlier invoices


@dataclass(frozen=True, slots=True)
class Read:
    """What was measured for the accounts of a partition, by service."""

    used: Mapping[str, Sequence[Used]]  # in the order of its windows
    calls: Mapping[str, Sequence[Call]]
    samples: Mapping[str, Sequence[Sample]]


def windows_of(facts: Facts, run: Run) -> dict[str, list[Span]]:
    """The windows of the period whose usage must be counted, by service."""
    windows: dict[str, list[Span]] = {}
    for subscription in facts.customer.subscriptions:
        for window in usage_windows(subscription, run.period, facts.billed):
            spans = windows.setdefault(window.service_id, [])
            if window.span not in spans:
                spans.append(window.span)
    return windows


def draft_all(
    facts: Sequence[Facts],
    read: Read,
    run: Run,
    isp: Isp,
    secret: str,
) -> tuple[list[Draft], list[Parked]]:
    """The drafts, and who could not be billed and why. Nothing to bill: neither."""
    drafts: list[Draft] = []
    parked: list[Parked] = []
    for one in facts:
        try:
            made = draft_of(one, read, run, isp, secret)
        except BillingError as error:
            parked.append(park(run.id, one.customer.account.id, error))
        else:
            drafts += [] if made is None else [made]
    return drafts, parked


def draft_of(facts: Facts, read: Read, run: Run, isp: Isp, secret: str) -> Draft | None:
    """The draft of one account; None when there is nothing to bill.

    Tax is that of the day after the period, on which the bill becomes due to be made: the same
    for every attempt, whenever it is made and numbered.
    """
    customer, account = facts.customer, facts.customer.account
    if account.cycle_anchor != run.anchor:
        raise NotInThisCycle(account.id, account.cycle_anchor, run)
    counted = counted_of(facts, read.used, run)
    measured = Measured(counted, read.calls, read.samples)
    charges = [
        charge
        for subscription in sorted(customer.subscriptions, key=_parts_follow)
        for charge in charges_for(
            subscription,
            run.period,
            following(run.period, run.anchor),
            measured,
            facts.billed,
        )
    ]
    if not any(charge.amount for charge in charges):
        return None
    country, taxed_on = account.tax_place.country, run.period.end
    lines = with_net(charges, country, taxed_on, isp.tax_rates)
    made = draft(
        account_id=account.id,
        run_id=run.id,
        revision=run.revision,
        period=run.period,
        currency=account.currency,
        language=account.language or isp.isp.language,
        seller=seller_of(isp, account.seller_id),
        buyer=buyer_of(customer),
        charges=lines,
        taxes=taxes(lines, country, taxed_on, isp.tax_rates),
        counted=[one for spans in counted.values() for one in spans.values()],
        price_versions=versions_of(customer, charges),
        pay_token=pay_token(secret, invoice_id(account.id, run.id, run.period)),
    )
    refuse_unless_valid(made)
    return made


def _parts_follow(one: Subscription) -> tuple[str, bool, str]:
    """On a bill the parts of a bundle and add-ons stand after what they belong to."""
    return one.parent_id or one.id, bool(one.parent_id), one.id


def versions_of(customer: Customer, charges: Sequence[Charge]) -> list[Mapping[str, Any]]:
    """The price versions that charges name, in the published schema, each once."""
    named = {charge.price_ref for charge in charges}
    held = {
        segment.price.ref: segment.price
        for subscription in customer.subscriptions
        for segment in subscription.segments
    }
    return [price_version_to_dict(held[ref]) for ref in sorted(named & held.keys())]


def counted_of(
    facts: Facts, used: Mapping[str, Sequence[Used]], run: Run
) -> dict[str, dict[Span, Counted]]:
    """What the bill counts, by service and window, as it will stand in the invoice."""
    return {
        service_id: {
            span: Counted(
                service_id, one.start, one.end, one.octets_in, one.octets_out, tuple(one.flags)
            )
            for span, one in zip(spans, used[service_id], strict=True)
        }
        for service_id, spans in windows_of(facts, run).items()
    }
