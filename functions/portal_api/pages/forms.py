"""The console's forms: their fields, and what is wrong with what was entered."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from billing.core.catalog import Offering
from billing.core.party import Address, TaxPlace
from billing.store.customers import Customer
from functions.portal_api.usecases.customers import NewCustomer
from functions.portal_api.wire.base import Country, Email, OptionalText, Text

ADDRESS = {
    "street": ("Street", 8, True),
    "number": ("Number", 4, True),
    "postcode": ("Postcode", 4, True),
    "town": ("Town", 8, True),
    "region": ("Region", 6, False),
    "country": ("Country (two letters)", 6, True),
}
PLAIN: Mapping[str, str] = {
    "string_too_short": "This is needed.",
    "string_too_long": "This is too long: at most 200 signs.",
    "string_pattern_mismatch": "This does not have the right form.",
    "date_from_datetime_parsing": "A day is written as 2026-10-31.",
    "date_parsing": "A day is written as 2026-10-31.",
    "int_parsing": "A whole number is needed.",
    "literal_error": "Choose one of the list.",
}


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Contact(_Form):
    name: Text
    email: Email | Literal[""] = ""
    phone: OptionalText = ""


class Place(_Form):
    street: Text
    number: Text
    postcode: Text
    town: Text
    region: OptionalText = ""
    country: Country
    tax_country: Country | Literal[""] = ""


class NewForm(Contact, Place):
    kind: Literal["person", "organisation"] = "person"
    external_id: OptionalText = ""
    offering: OptionalText = ""
    start: date
    anchor: Annotated[int, Field(ge=1, le=31)]
    user_name: OptionalText = ""


def new_customer(fields: Mapping[str, str]) -> tuple[NewCustomer | None, dict[str, str]]:
    """The customer the form describes, or by field what is wrong with it."""
    errors = _errors(NewForm, fields)
    if errors:
        return None, errors
    entered = NewForm.model_validate(_upper(fields))
    return (
        NewCustomer(
            name=entered.name,
            kind=entered.kind,
            email=entered.email,
            phone=entered.phone,
            billing_address=Address(**{name: getattr(entered, name) for name in ADDRESS}),
            tax_place=TaxPlace(entered.tax_country),
            cycle_anchor=entered.anchor,
            offering_id=entered.offering,
            start=entered.start,
            identity=f"user:{entered.user_name}" if entered.user_name else "",
            external_id=entered.external_id,
        ),
        {},
    )


def contact_errors(fields: Mapping[str, str]) -> dict[str, str]:
    return _errors(Contact, fields)


def address_errors(fields: Mapping[str, str]) -> dict[str, str]:
    return _errors(Place, fields)


def fields_of(found: Customer) -> dict[str, str]:
    """What the edit form shows of a customer before anything is changed."""
    address = found.account.billing_address
    return {
        "name": found.subject.name,
        "email": found.subject.email,
        "phone": found.subject.phone,
        **{name: getattr(address, name) if address else "" for name in ADDRESS},
        "tax_country": found.account.tax_place.country,
    }


def edit_groups(values: Mapping[str, str], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": "Contact", "fields": _contact(values, errors)},
        {"name": "Billing address", "fields": _address(values, errors)},
        {"name": "Tax", "fields": [_tax(values, errors)]},
    ]


def new_groups(
    values: Mapping[str, str],
    errors: Mapping[str, str],
    anchors: Iterable[int],
    offerings: Iterable[Offering],
) -> list[dict[str, Any]]:
    kinds = [("person", "Person"), ("organisation", "Organisation")]
    plans = [(one.id, one.name) for one in offerings]
    days = [(str(anchor), f"Day {anchor} of the month") for anchor in anchors]
    who = _field("kind", "Kind", values, errors, width=6, options=kinds)
    theirs = _field("external_id", "Customer number of yours", values, errors, width=6)
    user = _field("user_name", "RADIUS user name of the line", values, errors, width=6)
    return [
        {"name": "Contact", "fields": [*_contact(values, errors), who, theirs]},
        {"name": "Billing address", "fields": _address(values, errors)},
        {
            "name": "Service",
            "fields": [
                _field("offering", "Plan", values, errors, width=6, options=plans),
                _field("start", "Starts on", values, errors, width=6, required=True, type="date"),
                _field("anchor", "Billed on", values, errors, width=6, options=days),
                user | {"hint": "Usage of this name is billed to this customer."},
            ],
        },
        {"name": "Tax", "fields": [_tax(values, errors)]},
    ]


def _contact(values: Mapping[str, str], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        _field("name", "Name", values, errors, width=12, required=True),
        _field("email", "E-mail", values, errors, width=6, type="email"),
        _field("phone", "Phone", values, errors, width=6, type="tel"),
    ]


def _address(values: Mapping[str, str], errors: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        _field(name, label, values, errors, width=width, required=required)
        for name, (label, width, required) in ADDRESS.items()
    ]


def _tax(values: Mapping[str, str], errors: Mapping[str, str]) -> dict[str, Any]:
    field = _field("tax_country", "Tax country (two letters)", values, errors, width=6)
    return field | {"hint": "Without it the account is parked and not billed."}


def _field(
    name: str, label: str, values: Mapping[str, str], errors: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    field = {
        "name": name,
        "label": label,
        "value": values.get(name, ""),
        "error": errors.get(name, ""),
        "required": False,
    }
    return field | more


def _upper(fields: Mapping[str, str]) -> dict[str, str]:
    """Country codes may be typed in small letters."""
    return {
        name: value.upper() if name in ("country", "tax_country") else value
        for name, value in fields.items()
    }


def _errors(model: type[BaseModel], fields: Mapping[str, str]) -> dict[str, str]:
    try:
        model.model_validate(_upper(fields))
    except ValidationError as error:
        return {str(one["loc"][0]): _plain(one) for one in error.errors()}
    return {}


def _plain(error: Any) -> str:
    if error["type"] == "missing":
        return PLAIN["string_too_short"]
    return PLAIN.get(error["type"], error["msg"])
