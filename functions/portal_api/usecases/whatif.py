"""What-if: what real accounts would have paid in past months on another plan. Writes nothing."""

import hashlib
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain

from billing.config import Isp
from billing.core import whatif
from billing.core.catalog import PriceVersion, measure_of, price_version_from
from billing.core.charging import Charge, Counted, Measured
from billing.core.errors import BillingError
from billing.core.period import Period, Span, following, local_day, period_containing
from billing.core.subscription import Subscription
from billing.core.whatif import Distribution, LeftOut, Month, Repriced
from billing.store import accounts, catalog, invoices, usage
from billing.store.access import EVERY_ACCOUNT
from billing.store.catalog import PriceOf
from billing.store.customers import Customer, load_customer
from functions.portal_api.problem import InvalidField

# Of one answer, which has 29 seconds: a month of an account takes about 17 ms of a whole processor,
# and the function has half of one.
SAMPLE_MAX, SAMPLE_MONTHS_MAX = 240, 480
MONTHS_MAX = 12
HELD_AT_ONCE = 1000
# A month is billed by its own invoice, and in advance by the one before; corrections come after.
BILLS_BESIDES = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What is proposed, for which months, and to whom."""

    proposal: PriceVersion
    months: tuple[date, ...]  # first days of calendar months: of each cycle that begins in them
    on: str = ""  # id of the offering they are and were on; "": everybody


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was compared of the accounts looked at."""

    asked: Asked
    looked_at: int
    everybody: int  # accounts there are, or there are on the offering
    compared: tuple[Repriced, ...]
    left_out: tuple[LeftOut, ...]
    distribution: Distribution


@dataclass(frozen=True, slots=True)
class _Account:
    customer: Customer
    months: tuple[Month, ...]
    billed: tuple[Charge, ...]
    counted: tuple[Counted, ...]


def sampled(asked: Asked, isp: Isp, now: datetime, at_most: int = SAMPLE_MAX) -> Outcome:
    """The same accounts each time: a sample of all of them when they are more than `at_most`."""
    everybody = in_sample_order(isp, asked.on)
    looked_at = everybody[: min(at_most, sample_size(len(asked.months)))]
    compared, left_out = of_accounts(looked_at, asked, isp, now)
    return outcome(asked, len(looked_at), len(everybody), compared, left_out)


def sample_size(months: int) -> int:
    """How many accounts one answer can compare over so many months."""
    return min(SAMPLE_MAX, SAMPLE_MONTHS_MAX // months)


def outcome(
    asked: Asked,
    looked_at: int,
    everybody: int,
    compared: Sequence[Repriced],
    left_out: Sequence[LeftOut],
) -> Outcome:
    """The whole answer, from what was compared of some accounts."""
    spread = whatif.distribution(compared, asked.proposal.currency)
    return Outcome(asked, looked_at, everybody, tuple(compared), tuple(left_out), spread)


def in_sample_order(isp: Isp, on: str = "") -> list[str]:
    """The ids of all accounts that are billed, in an order that no property of theirs decides.

    on  only those whose plan this offering is and stays
    """
    everybody = (
        {held.account_id for held in _held(on)}
        if on
        else chain(*(accounts.due_accounts(anchor) for anchor in isp.cycles.anchors))
    )
    return sorted(everybody, key=lambda id: hashlib.sha256(id.encode()).digest())


def of_accounts(
    account_ids: Iterable[str], asked: Asked, isp: Isp, now: datetime
) -> tuple[list[Repriced], list[LeftOut]]:
    """Who can be compared and how, and who cannot and why. Who was not on the plan is neither."""
    price_of, settings = catalog.price_versions(), usage.settings_of(isp)
    kept_from = now - timedelta(days=isp.usage.retention_days)
    found: list[_Account] = []
    left_out: list[LeftOut] = []
    for account_id in account_ids:
        try:
            one = _read(account_id, asked, isp, now, price_of)
            if one is not None:
                for service_id, window in _not_billed(one):
                    whatif.refuse_expired(service_id, window, kept_from)
                found.append(one)
        except BillingError as error:
            left_out.append(_left_out(account_id, error))
    read_again = _octets_of(found, settings)
    compared: list[Repriced] = []
    for one in found:
        try:
            compared.append(_repriced(one, read_again, isp, settings))
        except BillingError as error:
            left_out.append(_left_out(one.customer.account.id, error))
    return compared, left_out


def months_asked(texts: Iterable[str], isp: Isp, now: datetime) -> tuple[date, ...]:
    """Calendar months written as "2026-09", that are over. InvalidField names the others."""
    found: set[date] = set()
    today = local_day(now, isp.isp.zone)
    for text in texts:
        try:
            month = date.fromisoformat(f"{text}-01")
        except ValueError:
            raise InvalidField("#/months", f"{text!r} is no month: write 2026-09") from None
        if _last_day(month) >= today:
            raise InvalidField("#/months", f"{text} is not over: choose months of the past")
        found.add(month)
    if not 1 <= len(found) <= MONTHS_MAX:
        raise InvalidField("#/months", f"choose 1 to {MONTHS_MAX} months")
    return tuple(sorted(found))


def past_months(isp: Isp, now: datetime, count: int = MONTHS_MAX) -> list[date]:
    """First days of the calendar months that are over, newest first."""
    found = [local_day(now, isp.isp.zone).replace(day=1)]
    while len(found) <= count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[1:]


def published(
    offering_id: str, isp: Isp, now: datetime, version: int | None = None
) -> PriceVersion:
    """A version on sale, the one of today if no number is named. Raises OfferingNotFound."""
    if version is not None:
        return catalog.load_price_version(offering_id, version)
    return catalog.load_offering(offering_id).version_on(local_day(now, isp.isp.zone))


def proposed(data: Mapping[str, object], path: str, isp: Isp, now: datetime) -> PriceVersion:
    """A version that is not published, in the published schema. BadPrice names the field."""
    today = local_day(now, isp.isp.zone).isoformat()
    assumed = {"offering_id": "proposal", "name": "Proposal", "valid_from": today}
    return price_version_from({**assumed, **data}, path)


def _held(offering_id: str) -> Iterator[Subscription]:
    price_of, cursor = catalog.price_versions(), None
    while True:
        page = accounts.list_held(offering_id, price_of, cursor=cursor, limit=HELD_AT_ONCE)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _read(
    account_id: str, asked: Asked, isp: Isp, now: datetime, price_of: PriceOf
) -> _Account | None:
    customer = load_customer(account_id, EVERY_ACCOUNT, price_of)
    anchor, zone = customer.account.cycle_anchor, isp.isp.zone
    today = local_day(now, zone)
    periods = [period_containing(_last_day(month), anchor, zone) for month in asked.months]
    pairs = [(one, following(one, anchor)) for one in periods if one.end <= today]
    months = [
        month
        for subscription in customer.subscriptions
        if not subscription.parent_id
        for month in whatif.months_of(subscription, asked.proposal, pairs, asked.on)
    ]
    if not months:
        return None
    bills = _bills(account_id, [month.period for month in months])
    return _Account(
        customer,
        tuple(months),
        tuple(line for bill in bills for line in bill.lines),
        tuple(one for bill in bills for one in bill.counted),
    )


def _bills(account_id: str, periods: Sequence[Period]) -> list[invoices.Invoice]:
    first = min(period.start for period in periods) - timedelta(days=31 * BILLS_BESIDES)
    last = max(period.end for period in periods) + timedelta(days=31 * BILLS_BESIDES)
    until = invoices.invoices_until(account_id, last)
    found: list[invoices.Invoice] = []
    for invoice in until:  # newest first
        if invoice.period.end <= first:
            break
        found.append(invoice)
    return found


def _windows(one: _Account) -> Iterator[tuple[str, Span]]:
    seen: set[tuple[str, Span]] = set()
    for month in one.months:
        for service_id, spans in whatif.windows_of(month).items():
            for span in spans:
                if (service_id, span) not in seen:
                    seen.add((service_id, span))
                    yield service_id, span


def _not_billed(one: _Account) -> list[tuple[str, Span]]:
    """The windows that the bills do not answer: their usage is read again."""
    return [
        (service_id, span)
        for service_id, span in _windows(one)
        if whatif.from_bills(service_id, span, one.counted) is None
    ]


def _octets_of(
    found: Sequence[_Account], settings: usage.Settings
) -> dict[tuple[str, Span], Counted]:
    """Usage read again, for all accounts in one go."""
    windows: dict[str, list[Span]] = {}
    for one in found:
        for service_id, span in _not_billed(one):
            windows.setdefault(service_id, []).append(span)
    claims = [claim for one in found for claim in one.customer.assignments]
    used = usage.of(claims, windows, settings) if windows else {}
    return {
        (service_id, span): Counted(
            service_id, counted.start, counted.end, counted.octets_in, counted.octets_out
        )
        for service_id, spans in windows.items()
        for span, counted in zip(spans, used[service_id], strict=True)
    }


def _repriced(
    one: _Account,
    read_again: Mapping[tuple[str, Span], Counted],
    isp: Isp,
    settings: usage.Settings,
) -> Repriced:
    octets = {
        (service_id, span): whatif.from_bills(service_id, span, one.counted)
        or read_again[service_id, span]
        for service_id, span in _windows(one)
    }
    measured = whatif.measured_of(octets, _calls_and_levels(one, settings))
    account = one.customer.account
    return whatif.repriced(
        account.id, one.months, measured, one.billed, account.tax_place.country, isp.tax_rates
    )


def _calls_and_levels(one: _Account, settings: usage.Settings) -> Measured:
    """Calls and levels of the months, read only where a price charges them."""
    kinds = {
        measure_of(price.unit)
        for month in one.months
        for side in (month.held, month.proposed)
        for price in side.current.price.usage
    }
    spans = [month.period.span for month in one.months]
    span = Span(min(s.start for s in spans), max(s.end for s in spans if s.end))
    claims, measured = one.customer.assignments, Measured()
    if kinds & {"seconds", "events"}:
        measured = replace(measured, calls=usage.calls_of(claims, span, settings))
    if "level" in kinds:
        measured = replace(measured, samples=usage.samples_of(claims, span, settings))
    return measured


def _left_out(account_id: str, error: BillingError) -> LeftOut:
    return LeftOut(account_id, type(error).__name__, str(error))


def _last_day(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])
