"""What a request may say. Every model is an allow-list: an unknown field is refused by its name."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from billing.core.usage import identity_from
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
    service_id: Text
    offering_id: Text
    since: Instant | None = Field(default=None, description="now if null")


class PlanChangeIn(Wire):
    offering_id: Text
    at: Instant


class PlanEndIn(Wire):
    at: Instant


class NoteIn(Wire):
    text: LongText


class VersionIn(Wire):
    """The next price version in the published schema (docs/pricing.md): its number is one more."""

    version: Annotated[int, Field(ge=1)]
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
