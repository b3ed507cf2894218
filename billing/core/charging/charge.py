"""A charge: one amount owed or credited, and the facts it was computed from.

The arithmetic in words is made from the facts when somebody asks (billing.core.explaining)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from billing.core.catalog import PriceVersion
from billing.core.money import Money
from billing.core.period import DAY, instant_from, local_time, rfc3339
from billing.core.usage.measured import Call

PriceOf = Callable[[str, int], PriceVersion]  # by offering id and version
Kind = Literal[
    "recurring",
    "usage",
    "credit",
    "proration",
    "one-off",
    "discount",
    "courtesy",
    "termination",
]


@dataclass(frozen=True, slots=True)
class Charge:
    """One amount owed (or credited, negative) with what it is for and how it was computed."""

    subscription_id: str
    service_id: str
    code: str  # of the price
    kind: Kind
    description: str
    price_ref: tuple[str, int]  # offering id, version
    span: tuple[date, date]  # local days, half-open
    quantity: str  # exact: decimal text, or a ratio such as 61/60 where no decimals are
    unit: str  # "month", "day", "GB", "minute", …
    amount: Money  # net of tax
    tax_category: str
    key: str  # derived identity: the same facts give the same key
    facts: Mapping[str, Any]  # inputs of the arithmetic, as JSON; "rule" names it
    corrects: str = ""  # of a credit: the key of the charge it credits
    gross: Money | None = None  # of a price that includes tax: what was priced

    @property
    def priced(self) -> Money:
        """The amount in the terms of its price: with tax where the price includes it."""
        return self.amount if self.gross is None else self.gross


@dataclass(frozen=True, slots=True)
class Counted:
    """What a bill counted for a service in a window on grid hours. It is stored in the invoice."""

    service_id: str
    start: datetime
    end: datetime
    octets_in: int  # from the subscriber
    octets_out: int  # to the subscriber
    flags: tuple[str, ...] = ()


def charge_to_dict(charge: Charge) -> dict[str, Any]:
    """For storage and the wire: money as {"value", "unit"}, days as dates."""
    return {
        "subscription_id": charge.subscription_id,
        "service_id": charge.service_id,
        "code": charge.code,
        "kind": charge.kind,
        "description": charge.description,
        "offering_id": charge.price_ref[0],
        "price_version": charge.price_ref[1],
        "start": charge.span[0].isoformat(),
        "end": charge.span[1].isoformat(),
        "quantity": charge.quantity,
        "unit": charge.unit,
        "amount": charge.amount.to_wire(),
        "tax_category": charge.tax_category,
        "key": charge.key,
        "facts": dict(charge.facts),
        "corrects": charge.corrects,
        "gross": None if charge.gross is None else charge.gross.to_wire(),
    }


def charge_from(data: Mapping[str, Any]) -> Charge:
    """The inverse of `charge_to_dict`."""
    return Charge(
        subscription_id=data["subscription_id"],
        service_id=data["service_id"],
        code=data["code"],
        kind=data["kind"],
        description=data["description"],
        price_ref=(data["offering_id"], data["price_version"]),
        span=(date.fromisoformat(data["start"]), date.fromisoformat(data["end"])),
        quantity=data["quantity"],
        unit=data["unit"],
        amount=Money.from_wire(data["amount"]),
        tax_category=data["tax_category"],
        key=data["key"],
        facts=data["facts"],
        corrects=data["corrects"],
        gross=None if data["gross"] is None else Money.from_wire(data["gross"]),
    )


def counted_to_dict(counted: Counted) -> dict[str, Any]:
    """For storage in the invoice: octets as integers, instants in RFC 3339."""
    return {
        "service_id": counted.service_id,
        "start": rfc3339(counted.start),
        "end": rfc3339(counted.end),
        "octets_in": counted.octets_in,
        "octets_out": counted.octets_out,
        "flags": list(counted.flags),
    }


def counted_from(data: Mapping[str, Any]) -> Counted:
    """The inverse of `counted_to_dict`."""
    return Counted(
        service_id=data["service_id"],
        start=instant_from(data["start"]),
        end=instant_from(data["end"]),
        octets_in=data["octets_in"],
        octets_out=data["octets_out"],
        flags=tuple(data["flags"]),
    )


def together(counted: Iterable[Counted]) -> list[Counted]:
    """What was counted, with windows that adjoin as one: allowances count in many small ones.

    A window inside another one of its service was counted for two prices, and stands once.
    """
    found: list[Counted] = []
    for one in sorted(counted, key=lambda c: (c.service_id, c.start, -c.end.timestamp())):
        last = found[-1] if found else None
        if last is None or last.service_id != one.service_id or one.start > last.end:
            found.append(one)
        elif one.start == last.end:
            found[-1] = Counted(
                one.service_id,
                last.start,
                one.end,
                last.octets_in + one.octets_in,
                last.octets_out + one.octets_out,
                tuple(sorted({*last.flags, *one.flags})),
            )
    return found


def call_to_list(call: Call) -> list[Any]:
    """A call in the facts of a line: id, start in RFC 3339, seconds, the number called."""
    return [call.id, rfc3339(call.start), call.seconds, call.to]


def call_from(data: Sequence[Any]) -> Call:
    """The inverse of `call_to_list`."""
    return Call(data[0], instant_from(data[1]), data[2], data[3])


def spoken_day(day: date) -> str:
    """A day as a bill says it: "11 April 2026"."""
    return f"{day.day} {day:%B %Y}"


def spoken_days(first: date, end: date) -> str:
    """The days from first to before end as a bill says them: "11 April 2026 to 30 April 2026"."""
    last = end - DAY
    return spoken_day(first) if last == first else f"{spoken_day(first)} to {spoken_day(last)}"


def spoken_instant(at: datetime, zone: str) -> str:
    """An instant as a bill says it, on the local clock: "11 April 2026, 16:00"."""
    local = local_time(at, zone)
    return f"{spoken_day(local.date())}, {local:%H:%M}"
