"""What a request may say. Every model is an allow-list: an unknown field is refused by its name."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from functions.portal_api.wire.base import (
    Country,
    Currency,
    Day,
    DecimalText,
    Email,
    Instant,
    Language,
    LongText,
    Money,
    OptionalText,
    Text,
    Wire,
)

ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]
Anchor = Annotated[int, Field(ge=1, le=31)]
IdentityText = Annotated[
    str, StringConstraints(pattern=r"^(user|mac|circuit|ip|port|phone):[!-~]{1,128}$")
]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class AddressIn(Wire):
    """A structured postal address; banks refuse unstructured ones."""

    street: Text
    number: OptionalText = ""
    postcode: OptionalText = ""
    town: Text
    region: OptionalText = ""
    country: Country


class ContactIn(Wire):
    name: Text
    email: Email
    phone: OptionalText = ""
    language: Language = "en"


class PartyIn(Wire):
    name: Text
    address: AddressIn
    contacts: Annotated[list[ContactIn], Field(min_length=1, max_length=10)]
    vat_id: OptionalText = ""
    external_id: ExternalId | None = None


class PartyPatch(Wire):
    """Only what is sent changes."""

    name: Text | None = None
    address: AddressIn | None = None
    contacts: Annotated[list[ContactIn], Field(min_length=1, max_length=10)] | None = None
    vat_id: OptionalText | None = None


class AccountIn(Wire):
    """A payer's account. Without taxPlace it is the billing address' country and region."""

    party_id: Text
    billing_address: AddressIn
    currency: Currency
    anchor: Anchor
    tax_place: OptionalText | None = Field(default=None, description='ISO country, as "IE"')
    seller_id: Text | None = None
    language: Language = "en"
    external_id: ExternalId | None = None


class AccountPatch(Wire):
    """The currency and the cycle of an account are for ever; everything else may change."""

    billing_address: AddressIn | None = None
    tax_place: OptionalText | None = None
    language: Language | None = None


class ServiceIn(Wire):
    account_id: Text
    name: Text
    site_address: AddressIn
    identities: list[IdentityText] = Field(default_factory=list, max_length=20)
    since: Instant | None = Field(default=None, description="of the identities; now if missing")
    external_id: ExternalId | None = None


class ServicePatch(Wire):
    name: Text | None = None
    site_address: AddressIn | None = None


class IdentityIn(Wire):
    """Give an identity to a service from an instant on; whoever holds it then loses it then."""

    identity: IdentityText
    since: Instant
    until: Instant | None = None
    take_over: bool = Field(
        default=False, description="end another service's assignment at `since` (a move)"
    )


class SubscriptionIn(Wire):
    account_id: Text
    service_id: Text
    offering_id: Text
    since: Instant
    external_id: ExternalId | None = None


class PlanChangeIn(Wire):
    offering_id: Text
    at: Instant


class PlanEndIn(Wire):
    at: Instant


class NoteIn(Wire):
    text: LongText


class VersionIn(Wire):
    """A new price version in the published schema (docs/pricing.md)."""

    name: Text
    valid_from: Day
    currency: Currency
    prices: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=50)]


class RunIn(Wire):
    """Prepare a run for a closed period. `period` is its first day; nothing is issued."""

    anchor: Anchor
    period: Day


class PrepareIn(Wire):
    """Prepare again after mending: opens the next revision."""

    reason: Text


class ApprovalIn(Wire):
    """Approve exactly what was seen: the revision and the digest of its drafts."""

    revision: Annotated[int, Field(ge=1)]
    digest: Digest


class InvoiceLineIn(Wire):
    text: Text
    quantity: DecimalText = "1"
    unit: OptionalText = ""
    amount: Money
    tax_category: Text = "standard"


class InvoiceIn(Wire):
    """An invoice outside the cycle."""

    account_id: Text
    lines: Annotated[list[InvoiceLineIn], Field(min_length=1, max_length=100)]


class RecycleIn(Wire):
    """A suspended usage record, corrected, or null to send it through as it is."""

    record: dict[str, Any] | None = None
    reason: Text


Step = Literal["hour", "day"]
