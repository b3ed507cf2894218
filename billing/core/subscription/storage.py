"""A subscription as it is stored: ids, instants in RFC 3339, prices by reference."""

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from billing.core.catalog import PriceVersion
from billing.core.catalog.contract_schema import contract_from, contract_to_dict
from billing.core.catalog.offer_schema import discount_from, discount_to_dict
from billing.core.period import Span, instant_from, rfc3339
from billing.core.subscription.values import Contract, Granted, Purchase, Segment, Subscription

PriceOf = Callable[[str, int], PriceVersion]  # by offering id and version


def to_dict(subscription: Subscription) -> dict[str, Any]:
    """For storage. What a plain subscription has not is left out, and reads as its default."""
    currency = subscription.current.price.currency
    written: dict[str, Any] = {
        "id": subscription.id,
        "account_id": subscription.account_id,
        "service_id": subscription.service_id,
        "version": subscription.version,
        "segments": [_segment_to_dict(held) for held in subscription.segments],
    }
    if subscription.parent_id:
        written["parent_id"] = subscription.parent_id
    if subscription.discounts:
        written["discounts"] = [
            {
                "discount": discount_to_dict(one.discount, currency),
                "since": one.since.isoformat(),
                **({} if one.until is None else {"until": one.until.isoformat()}),
            }
            for one in subscription.discounts
        ]
    if subscription.contract is not None:
        written["contract"] = {
            "terms": contract_to_dict(subscription.contract.terms, currency),
            "signed_on": subscription.contract.signed_on.isoformat(),
        }
    if subscription.purchases:
        written["purchases"] = [
            {"id": one.id, "code": one.code, "at": rfc3339(one.at)}
            for one in subscription.purchases
        ]
    return written


def subscription_from(data: Mapping[str, Any], price_of: PriceOf) -> Subscription:
    """The inverse of `to_dict`; `price_of(offering_id, version)` resolves the prices."""
    segments = tuple(_segment_from(part, price_of) for part in data["segments"])
    currency = segments[-1].price.currency
    contract = data.get("contract")
    return Subscription(
        data["id"],
        data["account_id"],
        data["service_id"],
        segments,
        data["version"],
        parent_id=data.get("parent_id", ""),
        discounts=tuple(
            Granted(
                discount_from(one["discount"], currency),
                date.fromisoformat(one["since"]),
                date.fromisoformat(one["until"]) if "until" in one else None,
            )
            for one in data.get("discounts", ())
        ),
        contract=None
        if contract is None
        else Contract(
            contract_from(contract["terms"], currency), date.fromisoformat(contract["signed_on"])
        ),
        purchases=tuple(
            Purchase(one["id"], one["code"], instant_from(one["at"]))
            for one in data.get("purchases", ())
        ),
    )


def _segment_to_dict(held: Segment) -> dict[str, Any]:
    written: dict[str, Any] = {
        "offering_id": held.price.offering_id,
        "version": held.price.version,
        "start": rfc3339(held.span.start),
        "end": None if held.span.end is None else rfc3339(held.span.end),
    }
    if held.paused:
        written["paused"] = True
    if held.quantity != 1:
        written["quantity"] = held.quantity
    if held.overrides:
        written["overrides"] = [[code, str(minor)] for code, minor in held.overrides]
    if held.members:
        written["members"] = list(held.members)
    return written


def _segment_from(part: Mapping[str, Any], price_of: PriceOf) -> Segment:
    return Segment(
        price_of(part["offering_id"], part["version"]),
        Span(
            instant_from(part["start"]),
            None if part["end"] is None else instant_from(part["end"]),
        ),
        paused=part.get("paused", False),
        quantity=int(part.get("quantity", 1)),
        overrides=tuple((code, Fraction(minor)) for code, minor in part.get("overrides", ())),
        members=tuple(part.get("members", ())),
    )
