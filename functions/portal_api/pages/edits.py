"""Editing a customer: who pays, where the bill goes, whom to reach.

Party and account are two items, each under its own version; the form carries both. When somebody
else saved meanwhile, nothing is written: the form comes back with what was typed, and under each
field that differs stands what is stored now.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.core.errors import BillingError
from billing.core.party import Contact, TaxPlace
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import Customer
from billing.store.transactions import EditConflict
from functions.portal_api.once import unnamed
from functions.portal_api.pages import forms
from functions.portal_api.pages.answers import form, refused, see_other
from functions.portal_api.pages.form_page import show_form
from functions.portal_api.pages.forms import Payer
from functions.portal_api.usecases import customers

CHANGED_MEANWHILE = (
    "Somebody else saved this customer while you were typing, so nothing of yours is saved yet."
    " Where the two differ, the saved value stands under the field. Save again to keep yours."
)


def register(app: APIGatewayHttpResolver) -> None:
    @app.get("/console/customers/<account_id>/edit", include_in_schema=False)
    def edit(account_id: str) -> Response:
        found = customers.customer(account_id, EVERY_ACCOUNT)
        return _show(app, found, forms.fields_of(found), {})

    @app.post("/console/customers/<account_id>/edit", include_in_schema=False)
    def save(account_id: str) -> Response:
        fields = form(app)
        found = customers.customer(account_id, EVERY_ACCOUNT)
        entered, errors = forms.read(Payer, fields)
        contacts, more = forms.contacts_from(fields, found.subject.contacts)
        if entered is None or more:
            return _show(app, found, fields, errors | more)
        try:
            _save(app, found, fields, entered, contacts)
        except EditConflict as refusal:
            return refused(refusal, lambda _: _show_both(app, account_id, fields))
        except BillingError as refusal:
            return refused(refusal, lambda words: _show(app, found, fields, {}, words))
        return see_other(f"/console/customers/{account_id}?done=saved")


def _save(
    app: APIGatewayHttpResolver,
    found: Customer,
    fields: Mapping[str, str],
    entered: Payer,
    contacts: tuple[Contact, ...],
) -> None:
    """Write what differs from what is stored, if that is what the editor saw."""
    personal: dict[str, Any] = {
        name: getattr(entered, name)
        for name in forms.PERSONAL
        if getattr(entered, name) != getattr(found.subject, name)
    }
    if set(contacts) != set(found.subject.contacts):
        personal["contacts"] = [
            {name: getattr(one, name) for name in Contact.__dataclass_fields__} for one in contacts
        ]
    paying = _changes(found, entered)
    # Each half under its own version: cut off between the two, the same form goes on.
    of_subject, _, of_account = fields.get("version", "").partition(".")
    if (personal and of_subject != str(found.subject.version)) or (
        paying and of_account != str(found.account.version)
    ):
        raise EditConflict(f"customer {found.account.id}")
    name = fields.get("idempotency_key", "")
    op = unnamed(app.context["principal"], name, app.context["now"])
    if personal:
        customers.edit_party(op, found.party.id, found.subject.version, personal)
    if paying:
        customers.edit_account(op, found.account.id, found.account.version, paying)


def _changes(found: Customer, entered: Payer) -> dict[str, Any]:
    account, changes = found.account, dict[str, Any]()
    if entered.address != account.billing_address:
        changes["billing_address"] = {name: getattr(entered, name) for name in forms.ADDRESS}
    place = TaxPlace(entered.tax_country, account.tax_place.region)
    if place != account.tax_place:
        changes["tax_place"] = {"country": place.country, "region": place.region}
    return changes


def _version(found: Customer) -> str:
    return f"{found.subject.version}.{found.account.version}"


def _show_both(app: APIGatewayHttpResolver, account_id: str, fields: Mapping[str, str]) -> Response:
    """What was typed, with what somebody else saved beside it."""
    found = customers.customer(account_id, EVERY_ACCOUNT)
    theirs = {
        name: f"Saved meanwhile: {text or 'nothing'}"
        for name, text in forms.fields_of(found).items()
        if text != fields.get(name, "")
    }
    return _show(app, found, fields, theirs, CHANGED_MEANWHILE, version=_version(found))


def _show(
    app: APIGatewayHttpResolver,
    found: Customer,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    problem: str = "",
    version: str = "",
) -> Response:
    place = f"/console/customers/{found.account.id}"
    return show_form(
        app,
        f"Edit {found.subject.name}",
        forms.edit_groups(values, errors),
        action=f"{place}/edit",
        back=place,
        errors=errors,
        problem=problem,
        version=version or values.get("version", _version(found)),
    )
