"""Parties and accounts: find, show, create, edit, note."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from billing.config import Isp
from billing.core.money import Money
from billing.core.party import (
    Account,
    Address,
    Contact,
    IdentityAssignment,
    Party,
    Service,
    Subject,
    TaxPlace,
)
from billing.core.period import Span, local_day, local_midnight, rfc3339
from billing.core.subscription import Subscription
from billing.store import accounts, assignments, catalog, timeline
from billing.store import customers as store
from billing.store.access import EVERY_ACCOUNT, Access
from billing.store.account_rows import new_lock, party_put, subject_put
from billing.store.customers import AccountSummary, Customer, CustomerSummary
from billing.store.pages import Page
from billing.store.timeline import Event
from billing.store.transactions import EditConflict, Put, commit
from functions.portal_api.operation import Operation
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases.drafted import Dated, in_room
from functions.portal_api.usecases.subscriptions.begin import Wanted, new_subscriptions


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One account in the list of customers."""

    account_id: str
    party_id: str
    name: str
    external_id: str
    plan: str  # names of the running plans, joined; "" without one
    state: str  # active, closed, overdue
    balance: Money  # owed; below zero: credit


@dataclass(frozen=True, slots=True)
class PartyView:
    """A party with its personal data. `version` counts edits of the data; 0: erased."""

    party: Party
    subject: Subject
    account_ids: tuple[str, ...]

    @property
    def version(self) -> int:
        return self.subject.version


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """All that one customer with one service needs: the form of the console, a row of an import."""

    name: str
    kind: str  # person, organisation
    email: str
    phone: str
    billing_address: Address
    tax_place: TaxPlace
    cycle_anchor: int
    offering_id: str  # "": no subscription yet
    start: date  # local day; account and subscription begin at its first instant
    identity: str  # "user:ada@isp.example"; "": none yet
    external_id: str = ""
    language: str = ""  # "": the ISP's
    vat_id: str = ""
    site: Address | None = None  # None: the billing address
    service_name: str = "Internet"
    coupons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerIds:
    """What creating a customer made. No subscription: ""."""

    party_id: str
    account_id: str
    service_id: str
    subscription_id: str


def list_customers(
    *, query: str = "", cursor: str | None = None, limit: int = 25, today: date
) -> Page[CustomerRow]:
    """Customers by name; `query`: the beginning of a name, or an id, external id, identity."""
    by_identity = _account_of_identity(query) if query and cursor is None else None
    found = store.list_customers(by_identity or query, cursor=cursor, limit=limit)
    return Page(
        tuple(
            _row(summary, account, today) for summary in found.items for account in summary.accounts
        ),
        found.cursor,
    )


def customer(account_id: str, sees: Access) -> Customer:
    """One account with everything that hangs from it. Raises AccountNotFound."""
    return store.load_customer(account_id, sees)


def own_customers(account_ids: tuple[str, ...]) -> tuple[Customer, ...]:
    """The accounts of one login."""
    price_of = catalog.price_versions()
    access = Access(frozenset(account_ids))
    return tuple(store.load_customer(one, access, price_of) for one in account_ids)


def state_of(customer: Customer | AccountSummary, today: date) -> str:
    """active, closed, or overdue when an open item's due day is over."""
    late = any(item.due_on < today and item.open.minor > 0 for item in customer.open_items)
    return "overdue" if late else customer.account.state


def plan_of(customer: Customer | AccountSummary) -> str:
    """The names of the running plans, without parts of bundles and add-ons."""
    running = (one for one in customer.subscriptions if one.ended is None and not one.parent_id)
    return ", ".join(sorted({one.current.price.name for one in running}))


def timeline_of(
    account_id: str, sees: Access, *, cursor: str | None = None, limit: int = 50
) -> Page[Event]:
    """What happened on an account, newest first."""
    return timeline.list_events(account_id, sees, cursor=cursor, limit=limit)


def party(party_id: str) -> PartyView:
    """A party with its personal data and accounts. Raises PartyNotFound."""
    return PartyView(
        accounts.load_party(party_id),
        accounts.load_subject(party_id),
        tuple(accounts.accounts_of_party(party_id)),
    )


def create_party(op: Operation, fields: Mapping[str, Any]) -> PartyView:
    """A party without an account yet; `fields` are those of wire.requests.PartyIn."""
    made = Party(op.id("pty"), fields["kind"], fields["external_id"])
    data = {name: fields[name] for name in ("name", "email", "phone", "vat_id")}
    subject = Subject(made.id, contacts=_contacts(fields["contacts"]), **data)
    event = Event("party.created", op.actor, made.id, "A party was created", op.at)
    view = PartyView(replace(made, version=1), replace(subject, version=1), ())
    commit(
        [
            party_put(made),
            *new_lock("party", made.id, made.external_id),
            subject_put(subject),
            timeline.put_of(None, event),
            *op.keep(view),
        ]
    )
    return view


def edit_party(op: Operation, party_id: str, version: int, changes: Mapping[str, Any]) -> PartyView:
    """Change what `changes` names. `version` is the one that was seen; else EditConflict.

    The event stands on the first account's timeline and tells which fields, never their content.
    """
    seen = party(party_id)
    if seen.version != version:
        raise EditConflict(f"party {party_id}")
    fields = dict(changes)
    if "contacts" in fields:
        fields["contacts"] = _contacts(fields["contacts"])
    text = f"Changed: {', '.join(sorted(changes))}"
    event = Event("party.changed", op.actor, party_id, text, op.at)
    place = next(iter(seen.account_ids), None)
    saved = replace(seen.subject, **fields)
    commit([subject_put(saved), timeline.put_of(place, event)])
    return replace(seen, subject=replace(saved, version=version + 1))


def create_account(op: Operation, fields: Mapping[str, Any], isp: Isp) -> Account:
    """An account of a party; what is left out is the ISP's own. wire.requests.AccountIn."""
    payer = accounts.load_party(fields["party_id"])
    anchor = fields["cycle_anchor"] or isp.cycles.anchors[0]
    if anchor not in isp.cycles.anchors:
        days = ", ".join(str(day) for day in isp.cycles.anchors)
        raise InvalidField("#/cycleAnchor", f"no cycle begins on day {anchor}: use {days}")
    new = Account(
        id=op.id("acc"),
        party_id=payer.id,
        seller_id=isp.seller(fields["seller_id"] or "").id,
        currency=fields["currency"] or isp.isp.currency,
        language=fields["language"] or isp.isp.language,
        cycle_anchor=anchor,
        opened_on=fields["opened_on"] or local_day(op.at, isp.isp.zone),
        tax_place=TaxPlace(**fields["tax_place"]),
        billing_address=Address(**fields["billing_address"]),
        parent_id=fields["parent_id"],
        external_id=fields["external_id"],
    )
    event = Event("account.created", op.actor, new.id, "The account was opened", op.at)
    saved = replace(new, version=1)
    accounts.save_new_account(new, event, also=op.keep(saved))
    return saved


def edit_account(
    op: Operation, account_id: str, version: int, changes: Mapping[str, Any]
) -> Account:
    """Change what `changes` names. `version` is the one that was seen; else EditConflict."""
    stored = accounts.load_account(account_id, EVERY_ACCOUNT)
    if stored.version != version:
        raise EditConflict(f"account {account_id}")
    fields = dict(changes)
    if "billing_address" in fields:
        fields["billing_address"] = Address(**fields["billing_address"])
    if "tax_place" in fields:
        fields["tax_place"] = TaxPlace(**fields["tax_place"])
    text = f"Changed: {', '.join(sorted(changes))}"
    event = Event("account.changed", op.actor, account_id, text, op.at)
    return accounts.save_account(replace(stored, **fields), event)


def create_customer(op: Operation, wanted: NewCustomer, isp: Isp) -> CustomerIds:
    """Party, account, service, identity and subscription in one transaction."""
    zone = isp.isp.zone
    begins = local_midnight(wanted.start, zone)
    ids = CustomerIds(
        op.id("pty"), op.id("acc"), op.id("svc"), op.id("sub") if wanted.offering_id else ""
    )
    site = wanted.site or wanted.billing_address
    service = Service(ids.service_id, ids.account_id, wanted.service_name, site=site)
    subscriptions: list[Subscription] = []
    if wanted.offering_id:
        plan = Wanted(ids.service_id, wanted.offering_id, begins, coupons=wanted.coupons)
        subscriptions = new_subscriptions(ids.account_id, plan, isp, op.id)
    held = (
        IdentityAssignment(wanted.identity, service.id, ids.account_id, Span(begins, None)),
    ) if wanted.identity else ()  # fmt: skip
    event = Event("customer.created", op.actor, ids.account_id, "The account was opened", op.at)

    def save(room: Sequence[Put]) -> bool:
        return accounts.save_new_customer(
            party=Party(ids.party_id, wanted.kind),  # pyright: ignore[reportArgumentType]
            subject=Subject(ids.party_id, wanted.name, wanted.email, wanted.phone, wanted.vat_id),
            account=_account(ids, wanted, isp),
            services=[service],
            subscriptions=subscriptions,
            identities=held,
            event=event,
            also=[*op.keep(ids), *room],
        )

    if subscriptions:
        begun = Span(begins, None)
        what = f"a customer begins at {rfc3339(begins)}"
        in_room(op, Dated(ids.account_id, frozenset({wanted.cycle_anchor}), begun, what), isp, save)
    else:  # nothing to bill
        save(())
    return ids


def add_note(op: Operation, account_id: str, text: str) -> Event:
    """A note on an account's timeline."""
    accounts.load_account(account_id, EVERY_ACCOUNT)
    note = Event("note", op.actor, op.id("nte"), text, op.at)
    commit([timeline.put_of(account_id, note), *op.keep(note)])
    return note


def _account(ids: CustomerIds, wanted: NewCustomer, isp: Isp) -> Account:
    return Account(
        id=ids.account_id,
        party_id=ids.party_id,
        seller_id=isp.seller().id,
        currency=isp.isp.currency,
        language=wanted.language or isp.isp.language,
        cycle_anchor=wanted.cycle_anchor,
        opened_on=wanted.start,
        tax_place=wanted.tax_place,
        billing_address=wanted.billing_address,
        external_id=wanted.external_id,
    )


def _contacts(fields: list[Mapping[str, Any]]) -> tuple[Contact, ...]:
    return tuple(Contact(**contact) for contact in fields)


def _row(who: CustomerSummary, one: AccountSummary, today: date) -> CustomerRow:
    return CustomerRow(
        one.account.id,
        who.party_id,
        who.name,
        one.account.external_id,
        plan_of(one),
        state_of(one, today),
        one.balance,
    )


def _account_of_identity(query: str) -> str | None:
    for identity in (query, f"user:{query}"):
        if held := assignments.who_has(identity):
            return held[-1].account_id
    return None
