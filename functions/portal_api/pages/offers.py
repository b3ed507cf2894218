"""What is on sale: every offering with its price versions, and the taking over of plans.toml."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from babel.numbers import format_currency, get_currency_precision

from billing.config import load_plans
from billing.core.catalog import (
    Graduated,
    Offering,
    Package,
    Price,
    PriceVersion,
    RecurringPrice,
    Tier,
    UsagePrice,
)
from functions.portal_api.pages.answers import done_or, form, html
from functions.portal_api.usecases import catalogue

EXACT_DIGITS = 6  # of a price below the minor unit, as a page shows it


def register(app: APIGatewayHttpResolver) -> None:
    @app.get("/console/plans", include_in_schema=False)
    def listed() -> Response:
        return _show(app)

    @app.post("/console/plans", include_in_schema=False)
    def take_over() -> Response:
        return done_or(
            app,
            form(app),
            lambda op: catalogue.take_over(op, load_plans()),
            lambda _: "/console/plans?done=on-sale",
            lambda words: _show(app, words),
        )


def _show(app: APIGatewayHttpResolver, problem: str = "") -> Response:
    missing = catalogue.missing(load_plans())
    return html(
        "console/plans.html",
        app,
        409 if problem else 200,
        problem,
        section="Plans",
        missing=[f"{one.name}, version {one.version}" for one in missing],
        offerings=[
            _offering(one) for one in sorted(catalogue.offerings(), key=lambda one: one.name)
        ],
    )


def _offering(offering: Offering) -> Mapping[str, Any]:
    newest_first = reversed(offering.versions)
    return {"name": offering.name, "versions": [_version(one) for one in newest_first]}


def _version(version: PriceVersion) -> Mapping[str, Any]:
    return {
        "number": version.version,
        "valid_from": version.valid_from,
        "prices": [(price.name, in_words(price)) for price in version.prices],
    }


def in_words(price: Price) -> str:
    """What a price asks for, in one sentence: "€32.00 a period, in advance"."""
    if isinstance(price, RecurringPrice):
        when = "in advance" if price.in_advance else "in arrears"
        return f"{_amount(price.amount, price.currency)} a period, {when}"
    if isinstance(price.model, Package):
        return _package(price.model, price)
    return _graduated(price.model, price)


def _package(model: Package, price: UsagePrice) -> str:
    block = _amount(model.block_price, price.currency)
    words = (
        f"{_figure(model.included)} {price.unit} included, then {block}"
        f" for each {_figure(model.block_size)} {price.unit} begun"
    )
    if model.ceiling is None:
        return words
    return f"{words}, at most {_amount(model.ceiling, price.currency)}"


def _graduated(model: Graduated, price: UsagePrice) -> str:
    return "; ".join(_tier(tier, price) for tier in model.tiers)


def _tier(tier: Tier, price: UsagePrice) -> str:
    each = f"{_amount(tier.per_unit, price.currency)} a {price.unit}" if tier.per_unit else "free"
    flat = f" and {_amount(tier.flat, price.currency)} once" if tier.flat else ""
    if tier.up_to is None:
        return f"{'above that ' if tier.above else ''}{each}{flat}"
    return f"up to {_figure(tier.up_to)} {price.unit} {each}{flat}"


def _figure(value: Fraction) -> str:
    return f"{value.numerator / Decimal(value.denominator):,f}"


def _amount(minor: Fraction, currency: str) -> str:
    """An exact amount, with as many digits as it needs and at least those of the currency."""
    digits = get_currency_precision(currency)
    exact = (Decimal(minor.numerator) / minor.denominator).scaleb(-digits)
    cents = "0" * digits + "#" * (EXACT_DIGITS - digits)
    return format_currency(
        exact, currency, format=f"¤#,##0.{cents}", locale="en_IE", currency_digits=False
    )
