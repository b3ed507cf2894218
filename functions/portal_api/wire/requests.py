"""What a request may say. Every model is an allow-list: an unknown field is refused by its name."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from billing.core.usage import identity_from
from functions.portal_api.usecases.whatif import MONTHS_MAX, SAMPLE_MAX
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
    OptionalCountry,
    OptionalEmail,
    OptionalLanguage,
    OptionalText,
    Patch,
    Text,
    When,
    Wire,
)

_EXTERNAL = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}"
ExternalId = Annotated[str, StringConstraints(pattern=rf"^{_EXTERNAL}$")]
OptionalExternalId = Annotated[str, StringConstraints(pattern=rf"^({_EXTERNAL})?$")]
Anchor = Annotated[int, Field(ge=1, le=31)]
_IDENTITY = r"((user|mac|circuit|ip|port):[!-~]{1,128}|tel:\+[1-9][0-9]{6,14})"
IdentityText = Annotated[
    str, StringConstraints(pattern=rf"^{_IDENTITY}$"), AfterValidator(identity_from)
]
OptionalIdentity = Annotated[
    str, StringConstraints(pattern=rf"^({_IDENTITY})?$"), AfterValidator(identity_from)
]
Quantity = Annotated[int, Field(ge=1, le=10_000)]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
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
    role: Literal["owner", "billing", "technical"]
    name: Text
    email: OptionalEmail = ""
    phone: OptionalText = ""
    language: OptionalLanguage = Field(default="", description="the account's if empty")


class PartyIn(Wire):
    """Who we deal with. Its accounts pay, their services are connected."""

    kind: Literal["person", "organisation"]
    name: Text
    email: OptionalEmail = ""
    phone: OptionalText = ""
    vat_id: OptionalText = ""
    contacts: Annotated[list[ContactIn], Field(max_length=10)] = Field(default_factory=list)
    external_id: OptionalExternalId = ""


class PartyPatch(Patch):
    """Only what is sent changes."""

    name: Text | None = None
    email: OptionalEmail | None = None
    phone: OptionalText | None = None
    vat_id: OptionalText | None = None
    contacts: Annotated[list[ContactIn], Field(max_length=10)] | None = None


class TaxPlaceIn(Wire):
    """Where services are taxed. An account without a country is parked when bills are made."""

    country: OptionalCountry = ""
    region: OptionalText = ""


class AccountIn(Wire):
    """Who pays which seller. Currency and cycle are for ever; what is left out is the ISP's own."""

    party_id: Text
    billing_address: AddressIn
    tax_place: TaxPlaceIn
    cycle_anchor: Anchor | None = None
    currency: Currency | None = None
    language: Language | None = None
    seller_id: Text | None = None
    parent_id: OptionalText = ""
    opened_on: Day | None = None
    external_id: OptionalExternalId = ""


class AccountPatch(Patch):
    """Only what is sent changes. The currency and the cycle of an account never do."""

    billing_address: AddressIn | None = None
    tax_place: TaxPlaceIn | None = None
    language: Language | None = None
    state: Literal["active", "closed"] | None = None


class ServiceIn(Wire):
    name: Text
    kind: Text = "internet"
    site: AddressIn
    identities: list[IdentityText] = Field(default_factory=list, max_length=20)
    since: Instant | None = Field(default=None, description="start of the identities; now if null")
    external_id: OptionalExternalId = ""


class ServicePatch(Patch):
    """Only what is sent changes."""

    name: Text | None = None
    site: AddressIn | None = None
    state: Literal["planned", "active", "ended"] | None = None


class IdentityIn(Wire):
    """Give an identity to a service from an instant on; whoever holds it then loses it then."""

    identity: IdentityText
    since: Instant
    until: Instant | None = None
    take_over: bool = Field(
        default=False, description="end another service's assignment at `since` (a move)"
    )


class IdentityEndIn(Wire):
    """From `at` on, usage of the identity is not the service's any more."""

    identity: IdentityText
    at: Instant


class LoginIn(Wire):
    """Who may see the account in the portal. Whoever has a login already gets the account added."""

    email: Email


class SubscriptionIn(Wire):
    """A plan, a bundle with its parts, or (with `parentId`) an add-on beside a plan."""

    service_id: Text
    offering_id: Text
    since: Instant | None = Field(default=None, description="now if null")
    quantity: Quantity = 1
    coupons: Annotated[list[Text], Field(max_length=10)] = Field(default_factory=list)
    members: Annotated[list[Text], Field(max_length=100)] = Field(
        default_factory=list, description="services that share its pooled allowance"
    )
    parent_id: OptionalText = Field(default="", description="the subscription it is added to")


class PlanChangeIn(Wire):
    offering_id: Text
    at: When


class MomentIn(Wire):
    """When an end, a pause or a resumption takes effect."""

    at: When


class QuantityIn(Wire):
    quantity: Quantity
    at: When


class OverrideIn(Wire):
    """Another amount for one fixed price of this subscription; null: the price of the list."""

    code: Text
    amount: Money | None
    at: When
    reason: Text


class PurchaseIn(Wire):
    """A pass, or a top-up of a bucket that has a price."""

    code: Text
    at: When = "now"


class RiseIn(Wire):
    """Prices rise on a day for who is on one of `fromVersions`. `version` is the one it makes."""

    version: Annotated[int, Field(ge=2)]
    valid_from: Day
    from_versions: Annotated[list[int], Field(min_length=1, max_length=100)]
    by_percent: DecimalText | None = None
    by_amount: Money | None = None
    codes: Annotated[list[Text], Field(max_length=50)] = Field(
        default_factory=list, description="of the fixed prices that rise; all if none"
    )
    cursor: Annotated[str | None, Field(max_length=4096)] = Field(
        default=None, description="nextCursor of the call before; each call moves some"
    )


class NoteIn(Wire):
    text: LongText


class VersionIn(Wire):
    """The next price version in the published schema (docs/pricing.md): its number is one more."""

    version: Annotated[int, Field(ge=1)]
    name: Text
    valid_from: Day
    currency: Currency
    prices: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=50)]
    discounts: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=50)] | None = None
    contract: dict[str, Any] | None = None
    trial: dict[str, Any] | None = None
    children: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=20)] | None = None


class WhatIfIn(Wire):
    """Past months of real accounts on another plan: one on sale, or one not yet published."""

    months: Annotated[list[Month], Field(min_length=1, max_length=MONTHS_MAX)]
    offering_id: OptionalText = Field(default="", description="of the plan to try")
    version: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="of the offering; the one of today if null"
    )
    proposal: dict[str, Any] | None = Field(
        default=None,
        description="instead of an offering: a price version in the schema of docs/pricing.md",
    )
    on: OptionalText = Field(
        default="", description="id of the offering they are and were on; everybody if empty"
    )
    at_most: Annotated[int, Field(ge=1, le=SAMPLE_MAX)] = SAMPLE_MAX


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
