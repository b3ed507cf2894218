"""What happened in the months before today, done again in its order by the functions that do it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import time_machine

from billing.config import Isp
from billing.core.catalog import Offering, price_version_to_dict
from billing.core.period import Period
from billing.core.subscription import Subscription
from billing.store import accounts, customers
from billing.store.access import EVERY_ACCOUNT
from billing.store.logins import Login, save_login
from billing.store.timeline import Event
from functions.portal_api.operation import Operation
from functions.portal_api.usecases import catalogue, imports
from functions.portal_api.usecases.customers import add_note, create_customer
from functions.portal_api.usecases.subscriptions import changes, deeds
from local import cycles, logins, people, tariffs
from local.context import Context
from local.people import Person

STAFF = cycles.STAFF
CALLED = "Called about the speed in the evening: the line is fine; moved to the faster plan."


@dataclass(slots=True)
class Past:
    """The accounts made so far, by the number of their person."""

    isp: Isp
    plans: Sequence[Offering]
    account_ids: dict[int, str] = field(default_factory=dict[int, str])
    first: date = date.max  # of the first month

    def import_customers(self, everybody: Sequence[Person], month: Period) -> None:
        """The catalogue, and one file of all who begin in the first month, days before it."""
        then = self._at(month.start - timedelta(days=3), 9)
        for offering in self.plans:
            for version in offering.versions:
                op = Operation(STAFF, then, f"{offering.code}/{version.version}")
                catalogue.add_version(op, offering.id, price_version_to_dict(version))
        first = [person for person in everybody if person.start < month.end]
        text = people.csv_of(first, self._offering_ids)
        with time_machine.travel(then):
            imports.run(Operation(STAFF, then, "customers.csv"), text, self.isp)
        for person in first:
            found = accounts.find_external("account", person.external_id)
            self.account_ids[person.number] = str(found)
        self.first = month.start
        self._live_on_tariffs(month, everybody)

    def live_through(self, month: Period, everybody: Sequence[Person]) -> None:
        """Who came in this month, who left, who changed the plan."""
        for person in everybody:
            if _within(month, person.start):
                self._join(person)
            if _within(month, person.end):
                self._leave(person)
            if _within(month, person.faster_on):
                self._change_plan(person)
        self._live_on_tariffs(month, everybody)

    def bill(self, month: Period, unpaid: Sequence[Person] = ()) -> None:
        """Bill a month on the day after it; everybody pays within days, but those named."""
        day = month.end + timedelta(days=1)
        run = cycles.bill(month, self._at(day, 9))
        late = {self.account_ids.get(person.number) for person in unpaid}
        paying = [one for one in cycles.issued_in(run) if one.account_id not in late]
        noon = self._at(day, 12)
        cycles.in_threads(lambda one: cycles.pay(one, noon + cycles.paid_after(one)), paying)

    def add_logins(self, context: Context, some: Sequence[Person], now: datetime) -> None:
        """These customers may sign in to the portal and see their accounts."""
        for person in some:
            account_id = self.account_ids[person.number]
            subject = logins.add_customer(context, person.email).subject
            event = Event("login.added", STAFF, account_id, f"{person.email} may sign in", now)
            save_login(Login(subject, (account_id,), person.email), account_id, event)

    def _live_on_tariffs(self, month: Period, everybody: Sequence[Person]) -> None:
        tariffs.live(month, self.first, everybody, self.account_ids, self._at, self.isp)

    def _join(self, person: Person) -> None:
        op = Operation(STAFF, self._at(person.start, 10), f"new/{person.external_id}")
        made = create_customer(op, people.newcomer(person, self._offering_ids), self.isp)
        self.account_ids[person.number] = made.account_id

    def _leave(self, person: Person) -> None:
        held, last = self._subscription(person), person.end or date.max
        op = Operation(STAFF, self._at(last - timedelta(days=7), 10), "leaves")
        end = self._at(last, 0)
        deeds.do(op, held.account_id, held.id, held.version, changes.end(end), self.isp)

    def _change_plan(self, person: Person) -> None:
        held, then = self._subscription(person), self._at(person.faster_on or date.max, 11)
        faster = next(one for one in self.plans if one.id != held.current.price.offering_id)
        op = Operation(STAFF, then, "faster")
        change = changes.plan(faster.id, then)
        deeds.do(op, held.account_id, held.id, held.version, change, self.isp)
        later = Operation(STAFF, then + timedelta(minutes=4), "called")
        add_note(later, held.account_id, CALLED)

    def _subscription(self, person: Person) -> Subscription:
        """The plan of the person, without its parts and add-ons."""
        account_id = self.account_ids[person.number]
        found = customers.load_customer(account_id, EVERY_ACCOUNT).subscriptions
        (held,) = [one for one in found if not one.parent_id]
        return held

    def _at(self, day: date, hour: int) -> datetime:
        """An hour of a local day."""
        zone = ZoneInfo(self.isp.isp.zone)
        return datetime.combine(day, time(hour), zone).astimezone(UTC)

    @property
    def _offering_ids(self) -> dict[str, str]:
        return {offering.code: offering.id for offering in self.plans}


def _within(month: Period, day: date | None) -> bool:
    return day is not None and month.start <= day < month.end
