"""Invented customers of an invented ISP: the same for the same number, nobody real."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from billing.config import Isp
from billing.core.catalog import Offering
from billing.core.party import Address, TaxPlace
from billing.core.usage import identity_of_number, identity_of_port, identity_of_user
from functions.portal_api.usecases.customers import NewCustomer

GIVEN = (
    "Aoife Brigid Cormac Dara Eimear Fergal Grainne Hugh Iseult Jarlath Keelin Lorcan Maeve "
    "Niall Orla Padraig Quentin Roisin Senan Tara Ultan Vera Wanda Xenia Yvonne Zita Amara "
    "Bastian Chidi Dana Emil Farah Gita Henrik Ines Jonas Kaveh Leila Milan Noor"
)
FAMILY = (
    "Ashwood Barrowdale Carrick Dunleer Eastmoor Fernhill Glenside Harrowgate Inchmore "
    "Kilbride Larkfield Mossbank Northcote Oakmount Pinewell Quarrymount Rathmore Stonehall "
    "Thornbury Underhill Vanleer Westbrook Yarrow Zellwood"
)
STREETS = "Harbour Road,Mill Lane,Chapel Street,Orchard Rise,Station Row,Quay Walk,Abbey Park"
TOWNS = (("Ballycraic", "T45 X0A0"), ("Dunmeadow", "T56 X1B2"), ("Inishford", "T67 X3C4"))
FIRMS = "Bakery,Print Works,Veterinary Practice,Joinery,Guesthouse,Garden Centre"
# Any other plan: 1. Those of 0 are an add-on, or for who is named in ON_TARIFF.
PLANS_CHOSEN = {
    "fibre-100": 5,
    "fibre-500": 4,
    "wireless-50": 3,
    "fixed-ip": 0,
    "phone-line": 0,
    "burst-200": 0,
    "office-pool": 0,
    "pass-30": 0,
    "cabin-yearly": 0,
    "hybrid-50": 0,
    "home-bundle": 0,
}
CYCLE_ANCHOR = 1  # everybody is billed by the calendar month
MONTHS = 3  # of history: two that are billed, and the one whose bill run is to be reviewed

# Customers with a story, by their number. The first ones, so that every size of demo has them.
OVERDUE = (2, 9)  # do not pay their last bill
CHANGES_PLAN = 5  # in the middle of the last month
LEAVES = 7  # in the middle of the month before
WITHOUT_TAX_COUNTRY = 3  # and new in the last month
NEW_EVERY = 25  # one in so many is new in the second month, and one in the last
# One customer on each of the less common tariffs.
ON_TARIFF = {
    1: "night-owl",
    4: "radio-capped",
    6: "fair-use-60",
    8: "all-in-250",
    12: "home-bundle",
    13: "fibre-1000",
    14: "hybrid-50",
    15: "pass-30",
    16: "office-pool",
    17: "phone-line",
    18: "cabin-yearly",
    19: "burst-200",
    20: "fibre-100",
}
LEAVES_EARLY = 13  # before the contract's term, in the middle of the last month
FRIEND_OF_A_FRIEND = 12  # new in the second month, with a coupon
WITH_SITES = 16  # three sites of one firm, new in the second month
WITH_PORT = 19  # new in the last month: five-minute levels are many
OF_OLD = 20  # on the plan's first version
COUNT_MIN = 20


@dataclass(frozen=True, slots=True)
class Person:
    """One customer as a file of customers knows it, with the line that is his and his habits."""

    number: int
    name: str
    business: bool
    street: str
    house: str
    town: str
    postcode: str
    plan: str  # code of the offering
    start: date
    end: date | None  # leaves: the line is silent from this day on
    faster_on: date | None  # moves to a faster plan
    pays_late: bool  # does not pay the last bill
    tax_country: str
    gigabytes_a_day: float
    line_mbps: int
    nas_id: str
    coupon: str = ""

    @property
    def external_id(self) -> str:
        return f"C{self.number:05d}"

    @property
    def email(self) -> str:
        return f"c{self.number:05d}@customers.example"

    @property
    def user_name(self) -> str:
        """The RADIUS name of the line."""
        return f"c{self.number:05d}@line.example"

    @property
    def user_names(self) -> tuple[str, ...]:
        """The RADIUS names of all lines: none of a telephone or a port, three of three sites."""
        if self.plan in ("phone-line", "burst-200"):
            return ()
        sites = tuple(f"c{self.number:05d}-{n}@line.example" for n in (2, 3))
        return (self.user_name, *(sites if self.plan == "office-pool" else ()))

    @property
    def number_called_from(self) -> str:
        """The telephone number of who has one."""
        return f"+35320911{self.number:04d}" if self.plan in ("phone-line", "home-bundle") else ""

    @property
    def port(self) -> str:
        """The port whose level is measured, on the router of the line."""
        return f"xe-0/1/{self.number}" if self.plan == "burst-200" else ""

    @property
    def identity(self) -> str:
        """What the service is known by from its first day."""
        if self.port:
            return identity_of_port(self.nas_id, self.port)
        if not self.user_names:
            return identity_of_number(self.number_called_from)
        return identity_of_user(self.user_name)


def people(count: int, months: Sequence[date], isp: Isp, plans: Sequence[Offering]) -> list[Person]:
    """So many customers, each with a plan, a line and a habit.

    months  first days of the months of history, oldest first
    """
    count = max(count, COUNT_MIN)
    return [_with_story(_person(n, months[0], isp, plans), months) for n in range(1, count + 1)]


def csv_of(some: Sequence[Person], offering_ids: Mapping[str, str]) -> str:
    """Customers as a file for the console's import. Offerings by their code."""
    text = io.StringIO()
    rows = [_row(person, offering_ids) for person in some]
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def newcomer(person: Person, offering_ids: Mapping[str, str]) -> NewCustomer:
    """A customer as the console's form sends it."""
    row = _row(person, offering_ids)
    address = ("street", "number", "postcode", "town", "country", "region")
    return NewCustomer(
        name=person.name,
        kind=row["kind"],
        email=person.email,
        phone=row["phone"],
        billing_address=Address(*(row[name] for name in address)),
        tax_place=TaxPlace(person.tax_country),
        cycle_anchor=CYCLE_ANCHOR,
        # Sites that share a plan must be there before it begins.
        offering_id="" if person.plan == "office-pool" else row["plan"],
        start=person.start,
        identity=row["identity"],
        external_id=person.external_id,
        vat_id=row["vat_id"],
        coupons=(person.coupon,) if person.coupon else (),
    )


def _person(number: int, first: date, isp: Isp, plans: Sequence[Offering]) -> Person:
    chance = Random(number)
    codes = [offering.code for offering in plans]
    plan = chance.choices(codes, [PLANS_CHOSEN.get(code, 1) for code in codes])[0]
    if ON_TARIFF.get(number) in codes:
        plan = ON_TARIFF[number]
    business = plan.startswith(("business", "burst", "office"))
    given, family = chance.choice(GIVEN.split()), chance.choice(FAMILY.split())
    firm = chance.choice(FIRMS.split(","))
    town, postcode = chance.choice(TOWNS)
    speed = plan.rpartition("-")[2]
    return Person(
        number=number,
        name=f"{family} {firm}" if business else f"{given} {family}",
        business=business,
        street=chance.choice(STREETS.split(",")),
        house=str(chance.randint(1, 180)),
        town=town,
        postcode=postcode,
        plan=plan,
        start=first + timedelta(days=chance.choice((0, 0, 0, 0, 0, 4, 9, 20))),
        end=None,
        faster_on=None,
        pays_late=number in OVERDUE,
        tax_country="IE",
        gigabytes_a_day=min(60.0, round(chance.lognormvariate(2.2, 0.8), 2)),
        line_mbps=int(speed) if speed.isdecimal() else 50,
        nas_id=_nas_of(plan, number, isp),
    )


def _with_story(person: Person, months: Sequence[date]) -> Person:
    _, second, last = months
    match person.number:
        case _ if person.number == WITHOUT_TAX_COUNTRY:
            return replace(person, start=last + timedelta(days=5), tax_country="")
        case _ if person.number == CHANGES_PLAN:
            slow = replace(person, plan="fibre-100", line_mbps=100, business=False)
            return replace(slow, start=months[0], faster_on=last + timedelta(days=13))
        case _ if person.number == LEAVES:
            return replace(person, start=months[0], end=second + timedelta(days=16))
        case _ if person.number in OVERDUE:
            return replace(person, start=months[0])
        case _ if person.number == LEAVES_EARLY:
            return replace(person, start=months[0], end=last + timedelta(days=19))
        case _ if person.number == FRIEND_OF_A_FRIEND and person.plan == "home-bundle":
            return replace(person, start=second + timedelta(days=6), coupon="FRIEND")
        case _ if person.number == WITH_SITES:
            return replace(person, start=second)
        case _ if person.number == WITH_PORT:
            return replace(person, start=last + timedelta(days=14))
        case _ if person.number == OF_OLD:
            return replace(person, start=date(2023, 5, 1))
        case _ if person.number % NEW_EVERY == 10:
            return replace(person, start=last + timedelta(days=person.number % 17))
        case _ if person.number % NEW_EVERY == 11:
            return replace(person, start=second + timedelta(days=person.number % 13))
        case _:
            return person


def _nas_of(plan: str, number: int, isp: Isp) -> str:
    """Radio lines hang from the slowest router, the others from the fast ones in turn."""
    by_rate = sorted(isp.nas, key=lambda nas: nas.line_rate_mbps)
    if plan.startswith("wireless") or len(by_rate) == 1:
        return by_rate[0].id
    return by_rate[1 + number % (len(by_rate) - 1)].id


def _row(person: Person, offering_ids: Mapping[str, str]) -> dict[str, str]:
    return {
        "external_id": person.external_id,
        "name": person.name,
        "kind": "organisation" if person.business else "person",
        "email": person.email,
        "phone": f"+353 20 910 {person.number:04d}",
        "vat_id": f"IE{person.number:07d}XX" if person.business else "",
        "street": person.street,
        "number": person.house,
        "postcode": person.postcode,
        "town": person.town,
        "region": "County Cork",
        "country": "IE",
        "tax_country": person.tax_country,
        "anchor": str(CYCLE_ANCHOR),
        "plan": offering_ids[person.plan],
        "identity": person.identity,
        "start": person.start.isoformat(),
    }
