"""A dated rise on the console: what rises for whom, first as a preview, then call by call."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import Field

from billing.config import Isp, load_isp
from billing.core.catalog import Offering
from billing.core.errors import BillingError
from billing.core.money import Money
from functions.portal_api.pages import forms
from functions.portal_api.pages.answers import done_or, form, html, refused, today
from functions.portal_api.pages.forms import Form
from functions.portal_api.pages.links import read_cursor, write_cursor
from functions.portal_api.pages.price_words import in_words
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases import catalogue
from functions.portal_api.usecases.subscriptions import rises
from functions.portal_api.usecases.subscriptions.rises import Moved, Rise
from functions.portal_api.wire.base import Day, OptionalText

PLACE = "/console/plans/<offering_id>/rise"
FIELDS = ("by", "kind", "valid_from", "from_version", "code", "version")


class RiseForm(Form):
    by: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=4)]
    kind: str = "percent"
    valid_from: Day
    from_version: Annotated[int, Field(ge=1)]
    code: OptionalText = ""  # "": all fixed prices
    version: Annotated[int, Field(ge=2)]


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get(PLACE, include_in_schema=False)
    def preview(offering_id: str) -> Response:
        return _show(app, isp, offering_id, app.current_event.query_string_parameters)

    @app.post(PLACE, include_in_schema=False)
    def raise_prices(offering_id: str) -> Response:
        fields = form(app)
        offering, place = catalogue.offering(offering_id), f"/console/plans/{offering_id}/rise"
        entered, errors = forms.read(RiseForm, fields)
        if entered is None:
            return _show(app, isp, offering_id, fields, errors=errors)
        cursor = read_cursor(app, fields.get("cursor") or None)
        before = int(fields.get("moved") or 0)

        def onward(done: Moved) -> str:
            moved, left = str(before + done.moved), str(len(done.left))
            kept = {name: fields.get(name, "") for name in FIELDS} | {"moved": moved, "left": left}
            following = write_cursor(app, place, done.cursor, **kept)
            return following or f"{place}?{urlencode(kept | {'done': 'raised'})}"

        return done_or(
            app,
            fields,
            lambda op: rises.rise(op, offering_id, _rise(entered, offering), cursor, isp),
            onward,
            lambda words: _show(app, isp, offering_id, fields, problem=words),
        )


def _show(
    app: APIGatewayHttpResolver,
    isp: Isp,
    offering_id: str,
    asked: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    """The form; once it is filled, with whom the rise concerns, or how far it has come."""
    offering = catalogue.offering(offering_id)
    values = _first(offering, today(app, isp.isp.zone)) | dict(asked)
    wrong, seen = dict(errors or {}), dict[str, Any]()
    if "by" in asked and not wrong:
        entered, wrong = forms.read(RiseForm, asked)
        if entered is not None and not problem:
            try:
                seen = _seen(entered, offering, isp)
            except BillingError as refusal:
                return refused(
                    refusal, lambda words: _show(app, isp, offering_id, asked, problem=words)
                )
    return html(
        "console/rise.html",
        app,
        422 if wrong or problem else 200,
        problem or ("Please mend the marked fields." if wrong else ""),
        section="Plans",
        heading=f"Raise prices of {offering.name}",
        place=f"/console/plans/{offering_id}/rise",
        fields=_fields(offering, values, wrong),
        next_version=values["version"],
        asked={name: values.get(name, "") for name in FIELDS},
        seen=seen,
        moved=asked.get("moved", ""),
        left=asked.get("left", ""),
        cursor=asked.get("cursor", ""),
    )


def _first(offering: Offering, day_now: date) -> dict[str, str]:
    newest = offering.versions[-1]
    begins = date(day_now.year + day_now.month // 12, day_now.month % 12 + 1, 1)
    return {
        "kind": "percent",
        "valid_from": begins.isoformat(),
        "from_version": str(newest.version),
        "version": str(newest.version + 1),
    }


def _fields(
    offering: Offering, values: Mapping[str, str], wrong: Mapping[str, str]
) -> list[dict[str, Any]]:
    currency = offering.versions[-1].currency
    codes = {price.code: price.name for one in offering.versions for price in one.recurring}
    kinds = [("percent", "per cent"), ("amount", currency)]
    versions = [
        (str(one.version), f"Version {one.version}, from {one.valid_from}")
        for one in reversed(offering.versions)
    ]
    all = [("", "All fixed prices"), *codes.items()]
    return [
        forms.field("by", "By", values, wrong, width=3, required=True, mode="decimal"),
        forms.field("kind", "Of", values, wrong, width=3, options=kinds),
        forms.field("code", "What rises", values, wrong, width=6, options=all),
        forms.field("from_version", "Who is on", values, wrong, width=6, options=versions),
        forms.field("valid_from", "From", values, wrong, width=6, required=True, type="date"),
    ]


def _seen(entered: RiseForm, offering: Offering, isp: Isp) -> dict[str, Any]:
    found = rises.preview(offering.id, _rise(entered, offering), isp)
    return {
        "prices": [(price.name, in_words(price)[0]) for price in found.version.recurring],
        "moving": found.moving,
        "staying": found.staying,
        "complete": found.is_complete,
        "number": found.version.version,
        "valid_from": found.version.valid_from,
    }


def _rise(entered: RiseForm, offering: Offering) -> Rise:
    by_amount = entered.kind == "amount"
    currency = offering.versions[-1].currency
    try:
        amount = Money.parse(f"{entered.by:f}", currency) if by_amount else None
    except BillingError as refusal:
        raise InvalidField("#/by", str(refusal)) from None
    return Rise(
        version=entered.version,
        valid_from=entered.valid_from,
        from_versions=(entered.from_version,),
        by_percent=None if by_amount else Fraction(entered.by),
        by_amount=amount,
        codes=(entered.code,) if entered.code else (),
    )
