"""Invented customers of an invented ISP: the same for the same number, nobody real."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

GIVEN = (
    "Aoife Brigid Cormac Dara Eimear Fergal Grainne Hugh Iseult Jarlath Keelin Lorcan Maeve Niall "
    "Orla Padraig Quentin Roisin Senan Tara Ultan Vera Wanda Xenia Yvonne Zita Amara Bastian Chidi "
    "Dana Emil Farah Gita Henrik Ines Jonas Kaveh Leila Milan Noor"
).split()
FAMILY = (
    "Ashwood Barrowdale Carrick Dunleer Eastmoor Fernhill Glenside Harrowgate Inchmore Kilbride "
    "Larkfield Mossbank Northcote Oakmount Pinewell Quarrymount Rathmore Stonehall Thornbury "
    "Underhill Vanleer Westbrook Yarrow Zellwood"
).split()
STREETS = "Harbour Road,Mill Lane,Chapel Street,Orchard Rise,Station Row,Quay Walk,Abbey Park".split(",")
TOWNS = (("Ballycraic", "T45 X0A0"), ("Dunmeadow", "T56 X1B2"), ("Inishford", "T67 X3C4"))
FIRMS = "Bakery,Print Works,Veterinary Practice,Joinery,Guesthouse,Garden Centre".split(",")


@dataclass(frozen=True, slots=True)
class Person:
    """One customer as a CSV import knows it."""

    external_id: str
    name: str
    email: str
    street: str
    number: str
    postcode: str
    town: str
    plan: str
    user_name: str
    start: date
    gigabytes_a_day: float


def people(count: int, *, plans: list[str], starts_in: date) -> list[Person]:
    """So many customers, each with a plan, a line identity and a habit, starting within a month."""
    return [_person(index, plans, starts_in) for index in range(1, count + 1)]


def _person(index: int, plans: list[str], starts_in: date) -> Person:
    chance = Random(index)
    given, family = chance.choice(GIVEN), chance.choice(FAMILY)
    plan = chance.choices(range(len(plans)), weights=(5, 4, 3, 2, *[1] * len(plans))[: len(plans)])[0]
    business = plan == len(plans) - 1
    name = f"{family} {chance.choice(FIRMS)}" if business else f"{given} {family}"
    town, postcode = chance.choice(TOWNS)
    return Person(
        external_id=f"C{index:05d}",
        name=name,
        email=f"c{index:05d}@customers.example",
        street=chance.choice(STREETS),
        number=str(chance.randint(1, 180)),
        postcode=postcode,
        town=town,
        plan=plans[plan],
        user_name=f"c{index:05d}@line.example",
        start=starts_in + timedelta(days=chance.choice((0, 0, 0, 0, 4, 9, 14, 20))),
        gigabytes_a_day=round(chance.lognormvariate(2.1, 0.7), 2),
    )
