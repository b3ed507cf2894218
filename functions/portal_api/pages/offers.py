"""What is on sale: every offering with its price versions, and the taking over of plans.toml."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import load_plans
from billing.core.catalog import Offering, PriceVersion
from functions.portal_api.pages.answers import done_or, form, html
from functions.portal_api.pages.offer_words import NameOf, promised
from functions.portal_api.pages.price_words import in_words
from functions.portal_api.usecases import catalogue


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
    offerings = sorted(catalogue.offerings(), key=lambda one: one.name)
    missing = catalogue.missing(load_plans())
    return html(
        "console/plans.html",
        app,
        409 if problem else 200,
        problem,
        section="Plans",
        missing=[f"{one.name}, version {one.version}" for one in missing],
        offerings=[_offering(one, _namer(offerings)) for one in offerings],
    )


def _namer(offerings: Sequence[Offering]) -> NameOf:
    names = {one.id: one.name for one in offerings}
    return lambda offering_id: names.get(offering_id, offering_id)


def _offering(offering: Offering, name_of: NameOf) -> Mapping[str, Any]:
    newest_first = reversed(offering.versions)
    return {
        "id": offering.id,
        "name": offering.name,
        "versions": [_version(one, name_of) for one in newest_first],
    }


def _version(version: PriceVersion, name_of: NameOf) -> Mapping[str, Any]:
    return {
        "number": version.version,
        "valid_from": version.valid_from,
        "prices": [(price.name, in_words(price)) for price in version.prices],
        "promised": promised(version, name_of),
    }
