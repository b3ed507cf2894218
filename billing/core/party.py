"""Parties and what hangs from them: accounts, services, and dated identities without overlap.

A party is who we deal with; its account pays, its services are connected. What names a person
stands in Subject alone, so that erasing a subject is deleting one item. All are edited by saving
the next version; `version` is the number the store loaded, 0 for what was never stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from billing.core.errors import BillingError
from billing.core.period import Span, instant_from, rfc3339

PartyKind = Literal["person", "organisation"]
ContactRole = Literal["owner", "billing", "technical"]
AccountState = Literal["active", "closed"]
ServiceState = Literal["planned", "active", "ended"]


class IdentityAlreadyAssigned(BillingError):
    """Two services claim one identity at the same time: its usage could not be billed."""

    def __init__(self, wanted: "IdentityAssignment", held: "IdentityAssignment") -> None:
        until = "now" if held.span.end is None else rfc3339(held.span.end)
        super().__init__(
            f"{wanted.identity} belongs to service {held.service_id} from"
            f" {rfc3339(held.span.start)} until {until}: end that assignment first,"
            " or begin this one later"
        )
        self.wanted, self.held = wanted, held


class IdentityNotAssigned(BillingError):
    """There is no open assignment to end."""

    def __init__(self, identity: str, service_id: str) -> None:
        super().__init__(
            f"{identity} has no open assignment to service {service_id}: check the service"
        )
        self.identity, self.service_id = identity, service_id


@dataclass(frozen=True, slots=True)
class Address:
    """A structured address (as EN 16931 and SEPA demand). Country: ISO 3166-1 alpha-2."""

    street: str
    number: str
    postcode: str
    town: str
    country: str
    region: str = ""

    def lines(self) -> tuple[str, ...]:
        """As printed on an envelope, without the country's name."""
        street = f"{self.street} {self.number}".strip()
        town = f"{self.postcode} {self.town}".strip()
        return tuple(line for line in (street, town, self.region) if line)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person to reach about one matter, in their language (BCP 47)."""

    role: ContactRole
    name: str
    email: str = ""
    phone: str = ""
    language: str = ""  # "": the account's


@dataclass(frozen=True, slots=True)
class Party:
    """Who we deal with. No name here: it is in the Subject."""

    id: str
    kind: PartyKind
    external_id: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """The personal data of a party. Erasure deletes this item and nothing else."""

    party_id: str
    name: str
    email: str = ""
    phone: str = ""
    vat_id: str = ""
    contacts: tuple[Contact, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class TaxPlace:
    """Where the account's services are taxed. Country "" is not known yet: billing parks it."""

    country: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays which seller, in one currency for ever, on which day of the month."""

    id: str
    party_id: str  # the payer
    seller_id: str
    currency: str
    language: str
    cycle_anchor: int  # 1..31
    opened_on: date
    tax_place: TaxPlace = TaxPlace()
    billing_address: Address | None = None
    parent_id: str = ""
    external_id: str = ""
    state: AccountState = "active"
    version: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """The thing that is connected, at its site."""

    id: str
    account_id: str
    name: str
    kind: str = "internet"
    site: Address | None = None
    external_id: str = ""
    state: ServiceState = "active"
    version: int = 0


@dataclass(frozen=True, slots=True)
class IdentityAssignment:
    """In this span, usage of the identity ("user:<name>", "tel:+353…") is the service's."""

    identity: str
    service_id: str
    account_id: str
    span: Span


def assign(
    existing: Sequence[IdentityAssignment], new: IdentityAssignment
) -> tuple[IdentityAssignment, ...]:
    """All assignments of an identity with a new one, by start. The same one again changes nothing.

    The new one takes what is free; where another holds the identity, IdentityAlreadyAssigned.
    """
    if new in existing:
        return tuple(existing)
    for held in existing:
        if held.span.overlap(new.span) is not None:
            raise IdentityAlreadyAssigned(new, held)
    return tuple(sorted((*existing, new), key=lambda one: one.span.start))


def take_over(
    existing: Sequence[IdentityAssignment], new: IdentityAssignment
) -> tuple[IdentityAssignment, ...]:
    """The same, and another service that holds the identity when the new one begins loses it."""
    held = holder(existing, new.span.start)
    if held is not None and held.service_id != new.service_id:
        existing = close(existing, new.identity, held.service_id, new.span.start)
    return assign(existing, new)


def close(
    existing: Sequence[IdentityAssignment], identity: str, service_id: str, at: datetime
) -> tuple[IdentityAssignment, ...]:
    """All assignments, the service's open one ended at an instant. Again: changes nothing."""
    ours = [one for one in existing if one.service_id == service_id]
    if any(one.span.end == at for one in ours):
        return tuple(existing)
    running = next((one for one in ours if one.span.end is None and one.span.start < at), None)
    if running is None:
        raise IdentityNotAssigned(identity, service_id)
    ended = replace(running, span=Span(running.span.start, at))
    return tuple(ended if one == running else one for one in existing)


def holder(existing: Sequence[IdentityAssignment], at: datetime) -> IdentityAssignment | None:
    """Who has the identity at an instant; None: nobody, its usage then is unbilled."""
    return next((one for one in existing if one.span.contains(at)), None)


def address_to_dict(address: Address) -> dict[str, Any]:
    return {
        "street": address.street,
        "number": address.number,
        "postcode": address.postcode,
        "town": address.town,
        "region": address.region,
        "country": address.country,
    }


def address_from(data: Mapping[str, Any]) -> Address:
    return Address(**data)


def party_to_dict(party: Party) -> dict[str, Any]:
    return {"id": party.id, "kind": party.kind, "external_id": party.external_id}


def party_from(data: Mapping[str, Any], version: int = 0) -> Party:
    return Party(**data, version=version)


def subject_to_dict(subject: Subject) -> dict[str, Any]:
    return {
        "party_id": subject.party_id,
        "name": subject.name,
        "email": subject.email,
        "phone": subject.phone,
        "vat_id": subject.vat_id,
        "contacts": [
            {
                "role": contact.role,
                "name": contact.name,
                "email": contact.email,
                "phone": contact.phone,
                "language": contact.language,
            }
            for contact in subject.contacts
        ],
    }


def subject_from(data: Mapping[str, Any], version: int = 0) -> Subject:
    fields: dict[str, Any] = dict(data)
    fields["contacts"] = tuple(Contact(**contact) for contact in data["contacts"])
    return Subject(**fields, version=version)


def account_to_dict(account: Account) -> dict[str, Any]:
    address = account.billing_address
    return {
        "id": account.id,
        "party_id": account.party_id,
        "seller_id": account.seller_id,
        "currency": account.currency,
        "language": account.language,
        "cycle_anchor": account.cycle_anchor,
        "opened_on": account.opened_on.isoformat(),
        "tax_place": {"country": account.tax_place.country, "region": account.tax_place.region},
        "billing_address": None if address is None else address_to_dict(address),
        "parent_id": account.parent_id,
        "external_id": account.external_id,
        "state": account.state,
    }


def account_from(data: Mapping[str, Any], version: int = 0) -> Account:
    fields: dict[str, Any] = dict(data)
    address = fields["billing_address"]
    fields["opened_on"] = date.fromisoformat(data["opened_on"])
    fields["tax_place"] = TaxPlace(**data["tax_place"])
    fields["billing_address"] = None if address is None else address_from(address)
    return Account(**fields, version=version)


def service_to_dict(service: Service) -> dict[str, Any]:
    return {
        "id": service.id,
        "account_id": service.account_id,
        "name": service.name,
        "kind": service.kind,
        "site": None if service.site is None else address_to_dict(service.site),
        "external_id": service.external_id,
        "state": service.state,
    }


def service_from(data: Mapping[str, Any], version: int = 0) -> Service:
    fields: dict[str, Any] = dict(data)
    fields["site"] = None if data["site"] is None else address_from(data["site"])
    return Service(**fields, version=version)


def assignment_to_dict(assignment: IdentityAssignment) -> dict[str, Any]:
    end = assignment.span.end
    return {
        "identity": assignment.identity,
        "service_id": assignment.service_id,
        "account_id": assignment.account_id,
        "start": rfc3339(assignment.span.start),
        "end": None if end is None else rfc3339(end),
    }


def assignment_from(data: Mapping[str, Any]) -> IdentityAssignment:
    end = None if data["end"] is None else instant_from(data["end"])
    span = Span(instant_from(data["start"]), end)
    return IdentityAssignment(data["identity"], data["service_id"], data["account_id"], span)
