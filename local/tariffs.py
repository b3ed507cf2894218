"""What customers on the less common tariffs do: buy, add, share; by the product's own deeds."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from billing.config import Isp, load_plans
from billing.core.period import Period
from billing.core.subscription import Subscription
from billing.core.usage import identity_of_number, identity_of_user
from billing.store.access import EVERY_ACCOUNT
from functions.portal_api.operation import Operation
from functions.portal_api.usecases import services
from functions.portal_api.usecases.customers import customer
from functions.portal_api.usecases.subscriptions import begin, changes, deeds
from local.people import Person

STAFF = "staff:clara"
At = Callable[[date, int], datetime]

PASSES_BOUGHT = (2, 34, 66)  # days after the first month began: not always when the last one ends
TOP_UP_BOUGHT = 75
ADDRESS_ADDED = 40


def live(
    month: Period, first: date, people: Sequence[Person], accounts: dict[int, str], at: At, isp: Isp
) -> None:
    """What happens in a month on the tariffs that need more than a beginning.

    first     day of the first month
    accounts  by the number of their person
    """
    for person in people:
        account_id = accounts.get(person.number)
        if account_id is None or not person.start < month.end:
            continue
        began = month.start <= person.start or month.start == first
        if person.plan == "home-bundle" and began:
            _connect_telephone(person, account_id, at, isp)
        if person.plan == "office-pool" and began:
            _share(person, account_id, at, isp)
        if person.plan == "pass-30":
            for day in _within(month, first, PASSES_BOUGHT):
                _do(person, account_id, changes.buy("thirty-days"), at(day, 10), isp)
        if person.plan == "hybrid-50":
            for day in _within(month, first, (TOP_UP_BOUGHT,)):
                _do(person, account_id, changes.buy("top-up"), at(day, 18), isp)
        if person.plan == "night-owl" and person.number == 1:
            for day in _within(month, first, (ADDRESS_ADDED,)):
                _add_addresses(person, account_id, at(day, 9), isp)


def _within(month: Period, first: date, days: Sequence[int]) -> list[date]:
    dates = (first + timedelta(days=n) for n in days)
    return [day for day in dates if month.start <= day < month.end]


def _connect_telephone(person: Person, account_id: str, at: At, isp: Isp) -> None:
    """The telephone of a bundle gets its number."""
    (service,) = customer(account_id, EVERY_ACCOUNT).services
    since = at(person.start, 0)
    services.assign(
        Operation(STAFF, since, f"number/{person.external_id}"),
        account_id,
        service.id,
        identity_of_number(person.number_called_from),
        since,
        None,
        isp,
        take_over=False,
    )


def _share(person: Person, account_id: str, at: At, isp: Isp) -> None:
    """Two more sites, and one plan for all of them."""
    since = at(person.start, 0)
    (first,) = customer(account_id, EVERY_ACCOUNT).services
    members: list[str] = []
    for place, user_name in enumerate(person.user_names[1:], start=2):
        made = services.create(
            Operation(STAFF, since, f"site/{person.external_id}/{place}"),
            account_id,
            {
                "name": f"Site {place}",
                "kind": first.kind,
                "site": {
                    "street": person.street,
                    "number": f"{person.house}{place}",
                    "postcode": person.postcode,
                    "town": person.town,
                    "region": "",
                    "country": "IE",
                },
                "external_id": "",
                "since": since,
                "identities": [identity_of_user(user_name)],
            },
        )
        members.append(made.id)
    wanted = begin.Wanted(first.id, _id_of(person.plan), since, members=tuple(members))
    begin.begin(Operation(STAFF, since, f"pool/{person.external_id}"), account_id, wanted, isp)


def _add_addresses(person: Person, account_id: str, now: datetime, isp: Isp) -> None:
    """Two fixed addresses beside the plan."""
    held = _plan(account_id)
    wanted = begin.Wanted(held.service_id, _id_of("fixed-ip"), now, quantity=2, parent_id=held.id)
    begin.begin(Operation(STAFF, now, f"addresses/{person.external_id}"), account_id, wanted, isp)


def _do(
    person: Person, account_id: str, decide: deeds.Decide, now: datetime, isp: Isp
) -> Subscription:
    held = _plan(account_id)
    op = Operation(STAFF, now, f"tariff/{person.external_id}/{now:%Y%m%d}")
    return deeds.do(op, account_id, held.id, held.version, decide, isp)


def _id_of(code: str) -> str:
    return next(one.id for one in load_plans() if one.code == code)


def _plan(account_id: str) -> Subscription:
    held = customer(account_id, EVERY_ACCOUNT).subscriptions
    return next(one for one in held if not one.parent_id)
