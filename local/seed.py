"""A believable past for an empty deployment, made by the product's own code in this process.

Nothing here writes a row: customers come by the import and the console's form, usage through the
function behind the stream, bills from the states of the bill cycle, payments and changes of plans
from the functions that post them.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

from billing.config import Isp, load_isp, load_plans
from billing.core.period import Period, local_day, period_containing, preceding
from billing.core.usage import bucket_of
from local.context import Context

if TYPE_CHECKING:
    from local.people import Person

LOGINS = 12  # customers who may sign in: the first ones
CONNECTED = 24  # customers whose routers report while the system runs
FOLDED_DAYS = 7  # the first; the rest waits for the schedule, and no figure tells them apart
COURIERS = 2

Tell = Callable[[str], None]


class SeedFailed(Exception):
    """A part of the history could not be made; its own words stand above."""


def seed(context: Context, accounts: int = 120, tell: Tell = print) -> None:
    """Make the history of so many customers, up to this hour.

    Two months are billed and mostly paid; the last one has all its usage and waits for its run.
    """
    context.use()  # the store reads its tables' names when it is imported
    from local import people
    from local.past import Past

    now, isp, plans = datetime.now(UTC), load_isp(), load_plans()
    months = months_of_history(now, isp, people.MONTHS)
    everybody = people.people(accounts, [month.start for month in months], isp, plans)

    tell(f"sending the usage of {len(everybody)} lines since {months[0].start}")
    couriers = start_couriers(context, everybody, months[0].start, now, isp)
    tell("importing the catalogue and the customers")
    past = Past(isp, plans)
    past.import_customers(everybody, months[0])
    wait_for(couriers)
    for month, following in pairwise(months):
        tell(f"billing {month.start:%B}: documents, mail, payments")
        late = [person for person in everybody if person.pays_late]
        past.bill(month, unpaid=late if following == months[-1] else ())
        past.live_through(following, everybody)
    past.add_logins(context, everybody[:LOGINS], now)
    write_connected(context, everybody)


def months_of_history(now: datetime, isp: Isp, count: int) -> list[Period]:
    """The last closed months, oldest first."""
    month = period_containing(local_day(now, isp.isp.zone), 1, isp.isp.zone)
    found: list[Period] = []
    for _ in range(count):
        month = preceding(month, 1)
        found.insert(0, month)
    return found


def start_couriers(
    context: Context, everybody: Sequence["Person"], first: date, now: datetime, isp: Isp
) -> list[BaseProcess]:
    """Processes that deliver all usage, each that of the lines in its own buckets."""
    couriers: list[BaseProcess] = []
    for worker in range(COURIERS):
        buckets = range(worker, isp.usage.buckets, COURIERS)
        lines = [
            person
            for person in everybody
            if bucket_of(f"user:{person.user_name}", isp.usage.buckets) in buckets
        ]
        given = (context, lines, first, now, f"history-{worker + 1}", list(buckets))
        couriers.append(get_context("spawn").Process(target=deliver_usage, args=given, daemon=True))
        couriers[-1].start()
    return couriers


def deliver_usage(
    context: Context,
    lines: Sequence["Person"],
    first: date,
    now: datetime,
    boot: str,
    buckets: list[int],
) -> None:
    """Hand each day's packs to the function behind the stream; fold the first days."""
    context.use()
    from functions.ingest_usage import fold, live
    from functions.runtime import metrics
    from local.invoked import Invocation
    from local.traffic import Deliveries, days_of_traffic

    deliveries = Deliveries(boot)
    for reports in days_of_traffic(lines, first, now, load_isp().isp.zone):
        if reports:
            live.lambda_handler(deliveries.event(reports), Invocation())
            metrics.clear_metrics()  # nobody collects them here
    days = [(first + timedelta(days=place)).isoformat() for place in range(FOLDED_DAYS)]
    fold.lambda_handler({"days": days, "buckets": buckets}, Invocation())


def wait_for(couriers: Sequence[BaseProcess]) -> None:
    """Until all usage is stored. Raises SeedFailed."""
    for courier in couriers:
        courier.join()
        if courier.exitcode:
            raise SeedFailed(f"a part of the usage was not stored (exit code {courier.exitcode})")


def write_connected(context: Context, everybody: Sequence["Person"]) -> None:
    """Who is connected to the simulated routers while the system runs."""
    users = [
        {
            "user_name": user_name,
            "nas_id": person.nas_id,
            "down_mbps": round(min(person.line_mbps * 0.2, person.gigabytes_a_day), 1),
            "up_mbps": round(min(person.line_mbps * 0.02, person.gigabytes_a_day / 10), 1),
        }
        for person in everybody
        for user_name in person.user_names
        if person.end is None
    ]
    context.users_file.write_text(json.dumps(users[:CONNECTED], indent=1))
