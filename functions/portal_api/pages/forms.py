"""What the console's forms about customers ask, and what is wrong with what was entered."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from billing.core.catalog import Offering
from billing.core.party import Address, Contact, ContactRole, TaxPlace
from billing.store.customers import Customer
from functions.portal_api.usecases.customers import NewCustomer
from functions.portal_api.wire.base import (
    Country,
    Day,
    OptionalCountry,
    OptionalEmail,
    OptionalText,
    Text,
)
from functions.portal_api.wire.requests import OptionalExternalId

F = TypeVar("F", bound="Form")
UserName = Annotated[str, StringConstraints(pattern=r"^[!-~]{0,128}$")]

PERSONAL = ("name", "email", "phone", "vat_id")
REACH = ("name", "email", "phone")
CONTACTS: Mapping[ContactRole, str] = {
    "billing": "Contact for bills",
    "technical": "Contact for the line",
}
ADDRESS = {
    "street": ("Street", 8, True),
    "number": ("Number", 4, False),
    "postcode": ("Postcode", 4, False),
    "town": ("Town", 8, True),
    "region": ("Region", 6, False),
    "country": ("Country (two letters)", 6, True),
}
PLAIN: Mapping[str, str] = {
    "string_too_short": "This is needed.",
    "string_too_long": "This is too long: at most 200 signs.",
    "string_pattern_mismatch": "This does not have the right form.",
    "value_error": "This holds signs that cannot be printed.",
    "decimal_parsing": "An amount is written as 12.50.",
    "greater_than": "This must be above zero.",
    "decimal_max_digits": "This is too much.",
    "decimal_max_places": "An amount has at most two decimals.",
    "date_from_datetime_parsing": "A day is written as 2026-10-31.",
    "date_parsing": "A day is written as 2026-10-31.",
    "int_parsing": "A whole number is needed.",
    "literal_error": "Choose one of the list.",
}


class Form(BaseModel):
    """The fields of a form; what else is sent does not matter."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Reach(Form):
    """How to reach somebody."""

    name: Text
    email: OptionalEmail = ""
    phone: OptionalText = ""


class Place(Form):
    """A postal address."""

    street: Text
    number: OptionalText = ""
    postcode: OptionalText = ""
    town: Text
    region: OptionalText = ""
    country: Country

    @property
    def address(self) -> Address:
        return Address(**{name: getattr(self, name) for name in ADDRESS})


class Payer(Reach, Place):
    """Who pays, where the bill goes, and where it is taxed."""

    vat_id: OptionalText = ""
    tax_country: OptionalCountry = ""


class NewForm(Payer):
    kind: Literal["person", "organisation"] = "person"
    external_id: OptionalExternalId = ""
    offering: OptionalText = ""
    coupon: OptionalText = ""
    start: Day
    anchor: int
    user_name: UserName = ""


def new_customer(
    fields: Mapping[str, str], anchors: Collection[int]
) -> tuple[NewCustomer | None, dict[str, str]]:
    """The customer the form describes, or by field what is wrong with it."""
    entered, errors = read(NewForm, fields)
    if entered is not None and entered.anchor not in anchors:
        errors = {"anchor": PLAIN["literal_error"]}
    if entered is None or errors:
        return None, errors
    return (
        NewCustomer(
            name=entered.name,
            kind=entered.kind,
            email=entered.email,
            phone=entered.phone,
            billing_address=entered.address,
            tax_place=TaxPlace(entered.tax_country),
            cycle_anchor=entered.anchor,
            offering_id=entered.offering,
            start=entered.start,
            identity=f"user:{entered.user_name}" if entered.user_name else "",
            external_id=entered.external_id,
            vat_id=entered.vat_id,
            coupons=(entered.coupon,) if entered.coupon else (),
        ),
        {},
    )


def fields_of(found: Customer) -> dict[str, str]:
    """What the edit form shows of a customer before anything is changed."""
    address = found.account.billing_address
    subject = found.subject
    return {
        **{name: getattr(subject, name) for name in PERSONAL},
        **{name: getattr(address, name) if address else "" for name in ADDRESS},
        "tax_country": found.account.tax_place.country,
        **{
            f"{role}_{name}": getattr(contact, name) if contact else ""
            for role in CONTACTS
            for contact in [_contact_of(subject.contacts, role)]
            for name in REACH
        },
    }


def contacts_from(
    fields: Mapping[str, str], stored: Sequence[Contact]
) -> tuple[tuple[Contact, ...], dict[str, str]]:
    """The contacts as the form leaves them; those it does not show stay. Or what is wrong."""
    kept = [one for one in stored if one not in [_contact_of(stored, r) for r in CONTACTS]]
    errors: dict[str, str] = {}
    for role in CONTACTS:
        entered = {name: fields.get(f"{role}_{name}", "") for name in REACH}
        if not any(entered.values()):
            continue
        found, wrong = read(Reach, entered)
        errors |= {f"{role}_{name}": text for name, text in wrong.items()}
        if found is not None:
            before = _contact_of(stored, role)
            language = before.language if before else ""
            kept.append(Contact(role, found.name, found.email, found.phone, language))
    return tuple(kept), errors


def edit_groups(values: Mapping[str, str], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": "Customer", "fields": _contact(values, errors)},
        {"name": "Billing address", "fields": address_fields(values, errors)},
        {"name": "Tax", "fields": _tax(values, errors)},
        *(
            {
                "name": label,
                "fields": [
                    field(f"{role}_name", "Name", values, errors, width=4),
                    field(f"{role}_email", "E-mail", values, errors, width=4, type="email"),
                    field(f"{role}_phone", "Phone", values, errors, width=4, type="tel"),
                ],
            }
            for role, label in CONTACTS.items()
        ),
    ]


def new_groups(
    values: Mapping[str, str],
    errors: Mapping[str, str],
    anchors: Iterable[int],
    offerings: Iterable[Offering],
) -> list[dict[str, Any]]:
    kinds = [("person", "Person"), ("organisation", "Organisation")]
    plans = [*((one.id, one.name) for one in offerings), ("", "No plan yet")]
    days = [(str(anchor), f"Day {anchor} of the month") for anchor in anchors]
    who = field("kind", "Kind", values, errors, width=6, options=kinds)
    theirs = field("external_id", "Customer number of yours", values, errors, width=6)
    user = field("user_name", "RADIUS user name of the line", values, errors, width=6)
    return [
        {"name": "Customer", "fields": [*_contact(values, errors), who, theirs]},
        {"name": "Billing address", "fields": address_fields(values, errors)},
        {
            "name": "Service",
            "fields": [
                field("offering", "Plan", values, errors, width=6, options=plans),
                field("coupon", "Coupon", values, errors, width=6),
                field("start", "Starts on", values, errors, width=6, required=True, type="date"),
                field("anchor", "Billed on", values, errors, width=6, options=days),
                user | {"hint": "Usage of this name is billed to this customer."},
            ],
        },
        {"name": "Tax", "fields": _tax(values, errors)},
    ]


def _contact(values: Mapping[str, str], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        field("name", "Name", values, errors, width=12, required=True),
        field("email", "E-mail", values, errors, width=6, type="email"),
        field("phone", "Phone", values, errors, width=6, type="tel"),
    ]


def address_fields(values: Mapping[str, str], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        field(name, label, values, errors, width=width, required=required)
        for name, (label, width, required) in ADDRESS.items()
    ]


def _tax(values: Mapping[str, str], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    hint = "Without it the account is parked and not billed."
    label = "Tax country (two letters)"
    return [
        field("tax_country", label, values, errors, width=6, hint=hint),
        field("vat_id", "VAT number", values, errors, width=6),
    ]


def field(
    name: str, label: str, values: Mapping[str, str], errors: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    made = {
        "name": name,
        "label": label,
        "value": values.get(name, ""),
        "error": errors.get(name, ""),
        "required": False,
    }
    return made | more


def read(model: type[F], fields: Mapping[str, str]) -> tuple[F | None, dict[str, str]]:
    """The form as its model, or by field what is wrong in plain words."""
    try:
        return model.model_validate(_upper(fields)), {}
    except ValidationError as error:
        return None, {str(one["loc"][0]): _plain(one) for one in error.errors()}


def _contact_of(contacts: Iterable[Contact], role: str) -> Contact | None:
    return next((one for one in contacts if one.role == role), None)


def _upper(fields: Mapping[str, str]) -> dict[str, str]:
    """Country codes may be typed in small letters."""
    return {
        name: value.upper() if name in ("country", "tax_country") else value
        for name, value in fields.items()
    }


def _plain(error: Any) -> str:
    if error["type"] == "missing":
        return PLAIN["string_too_short"]
    return PLAIN.get(error["type"], error["msg"])
