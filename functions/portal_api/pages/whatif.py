"""What if: past months of real accounts on another plan, on the console."""

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.catalog import PriceVersion
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.whatif import Bar, Repriced
from functions.portal_api.pages import views
from functions.portal_api.pages.answers import form, html, refused
from functions.portal_api.pages.render import money, whole
from functions.portal_api.problem import InvalidField, words
from functions.portal_api.usecases import catalogue, whatif
from functions.portal_api.usecases.bill_runs import name_of
from functions.portal_api.usecases.whatif import MONTHS_MAX, Outcome

PASTED = "pasted"  # the choice beside the offerings
EMPTY = MappingProxyType({"offering": "", "on": "", "last": "", "months": "1", "price": ""})
LEFT_OUT_SHOWN = 20


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get("/console/what-if", include_in_schema=False)
    def ask() -> Response:
        asked = app.current_event.query_string_parameters
        return _show(app, isp, {**EMPTY, "offering": asked.get("offering", "")})

    @app.post("/console/what-if", include_in_schema=False)
    def answer() -> Response:
        fields = {**EMPTY, **form(app)}
        try:
            found = whatif.sampled(_asked(fields, isp, app.context["now"]), isp, app.context["now"])
        except BillingError as refusal:
            return refused(refusal, lambda problem: _show(app, isp, fields, problem))
        return _show(app, isp, fields, found=found)


def _asked(fields: Mapping[str, str], isp: Isp, now: datetime) -> whatif.Asked:
    months = whatif.months_asked(_months(fields["last"], fields["months"]), isp, now)
    return whatif.Asked(_proposal(fields, isp, now), months, fields["on"])


def _proposal(fields: Mapping[str, str], isp: Isp, now: datetime) -> PriceVersion:
    if fields["offering"] != PASTED:
        return whatif.published(fields["offering"], isp, now)
    return whatif.proposed(_version_of(fields["price"]), "version", isp, now)


def _version_of(text: str) -> Mapping[str, Any]:
    """What was pasted, in TOML or JSON: a price version, a plan of plans.toml, or a price alone."""
    try:
        data = json.loads(text) if text.startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidField("#/price", f"the price is neither TOML nor JSON: {error}") from None
    if isinstance(data.get("offerings"), list) and data["offerings"]:
        last = data["offerings"][-1]
        versions = last.get("versions") if isinstance(last, dict) else None
        if not (isinstance(versions, list) and versions and isinstance(versions[-1], dict)):
            raise InvalidField("#/price", "the offering has no versions: paste one with its prices")
        # Parts of a bundle are subscriptions of their own, and are not compared.
        alone = {name: value for name, value in versions[-1].items() if name != "children"}
        return {"name": last.get("name", "Proposal"), **alone}
    if "model" in data:
        return {"currency": data.get("currency"), "prices": [data]}
    return data


def _months(last: str, count: str) -> list[str]:
    """So many months up to the last one, as they are written."""
    try:
        month, wanted = date.fromisoformat(f"{last}-01"), int(count)
    except ValueError:
        raise InvalidField("#/last", "choose the last month and how many") from None
    if not 1 <= wanted <= MONTHS_MAX:
        raise InvalidField("#/months", f"choose 1 to {MONTHS_MAX} months")
    at = month.year * 12 + month.month - 1
    return [f"{place // 12:04d}-{place % 12 + 1:02d}" for place in range(at - wanted + 1, at + 1)]


def _show(
    app: APIGatewayHttpResolver,
    isp: Isp,
    fields: Mapping[str, str],
    problem: str = "",
    found: Outcome | None = None,
) -> Response:
    offerings = sorted(catalogue.offerings(), key=lambda one: one.name)
    plans = [(one.id, one.name) for one in offerings]
    months = whatif.past_months(isp, app.context["now"])
    return html(
        "console/what_if.html",
        app,
        422 if problem else 200,
        problem,
        section="Plans",
        fields=fields,
        choices=[*plans, (PASTED, "A price that is pasted below")],
        held=[("", "Everybody"), *((id, f"Who is on {name}") for id, name in plans)],
        months=[(f"{month:%Y-%m}", f"{month:%B %Y}") for month in months],
        counts=range(1, MONTHS_MAX + 1),
        pasted=PASTED,
        found=None if found is None else _outcome(found, dict(plans)),
    )


def _outcome(found: Outcome, plans: Mapping[str, str]) -> dict[str, Any]:
    spread = found.distribution
    asked = found.asked
    return {
        "plan": asked.proposal.name,
        "who": f"Who is on {plans.get(asked.on, asked.on)}" if asked.on else "Everybody",
        "when": _when(asked.months),
        "scope": _scope(found),
        "tiles": [
            {
                "name": "Revenue",
                "figure": views.signed(spread.change),
                "note": f"{money(spread.old)} → {money(spread.new)}",
            },
            _share("Would pay more", spread.more, spread.accounts),
            _share("Would pay less", spread.less, spread.accounts),
            {
                "name": "Median change",
                "figure": views.signed(spread.median),
                "note": f"{views.count(spread.same, 'account')} without a change",
            },
        ],
        "billed": spread.billed,
        "percentiles": [(percent, views.signed(one)) for percent, one in spread.percentiles],
        "bars": [
            {"label": _bar(bar, spread.currency), "accounts": bar.accounts, "side": _side(bar)}
            for bar in spread.bars
        ],
        "rises": [_row(one) for one in spread.rises],
        "reasons": sorted(Counter(words(one.reason) for one in found.left_out).items()),
        "left_out": [
            {"account_id": one.account_id, "name": name_of(one.account_id), "text": one.text}
            for one in found.left_out[:LEFT_OUT_SHOWN]
        ],
        "accounts": spread.accounts,
    }


def _scope(found: Outcome) -> str:
    """Whom the figures are about: "96 accounts compared, out of 240 of 12,000 looked at"."""
    compared = views.count(found.distribution.accounts, "account")
    if found.looked_at == found.everybody:
        return f"{compared} compared, out of all {whole(found.everybody)}."
    looked_at = f"{whole(found.looked_at)} of {whole(found.everybody)} accounts"
    return f"{compared} compared, out of a sample of {looked_at} that is always the same."


def _when(months: tuple[date, ...]) -> str:
    first, last = (f"{month:%B %Y}" for month in (months[0], months[-1]))
    return first if first == last else f"{first} to {last}, together"


def _share(name: str, accounts: int, of: int) -> dict[str, str]:
    percent = round(100 * accounts / of) if of else 0
    return {"name": name, "figure": f"{percent} %", "note": views.count(accounts, "account")}


def _row(one: Repriced) -> dict[str, Any]:
    return {
        "account_id": one.account_id,
        "name": name_of(one.account_id),
        "old": one.old,
        "new": one.new,
        "difference": views.signed(one.difference),
    }


def _bar(bar: Bar, currency: str) -> str:
    """What a bar holds, in words: "€5.00 to €10.00 more"."""
    if bar.above == bar.up_to:
        return "no change"
    near, far = bar.above, bar.up_to
    side = "more"
    if near is None or near < 0:
        near, far, side = -(bar.up_to or 0), None if near is None else -near, "less"
    if far is None:
        return f"over {money(Money(near, currency))} {side}"
    if not near:
        return f"up to {money(Money(far, currency))} {side}"
    return f"{money(Money(near, currency))} to {money(Money(far, currency))} {side}"


def _side(bar: Bar) -> str:
    if bar.above == bar.up_to:
        return "same"
    return "less" if bar.above is None or bar.above < 0 else "more"
