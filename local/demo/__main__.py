"""The command line of the demo."""

import argparse
import signal
import sys
from datetime import UTC, datetime

from billing.config import load_isp
from billing.core.period import local_day, period_containing, preceding, rfc3339
from local import logins
from local.context import Context
from local.demo.api import Api
from local.demo.journal import Journal, NotAsItMustBe
from local.demo.world import CYCLE_ANCHOR, World
from local.deploy import DeployFailed
from local.seed import SeedFailed
from local.system import NotReady, PortTaken, running

STAFF_ROLE = "billing"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m local.demo", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=8080, help="the portal's; its neighbours follow"
    )
    parser.add_argument("--accounts", type=int, default=120, help="customers with history")
    parser.add_argument(
        "--running", action="store_true", help="use a system that runs there, and leave it running"
    )
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    journal = Journal()
    try:
        if given.running:
            play(Context.at(given.port), journal)
        else:
            journal.step("A system with history starts")
            with running(base_port=given.port, accounts=given.accounts, tell=journal.fact) as (
                context,
                _,
            ):
                play(context, journal)
    except (NotAsItMustBe, DeployFailed, NotReady, PortTaken, SeedFailed) as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    print(f"\nEverything was as it must be, after {journal.seconds:.1f} s.")
    return 0


def play(context: Context, journal: Journal) -> None:
    """All steps on a running system whose last month is not billed yet."""
    context.use()  # the store, which adds up the books, reads its tables' names when imported
    from local.demo import books, customers, cycle, network, paying

    isp = load_isp()
    today = local_day(datetime.now(UTC), isp.isp.zone)
    month = period_containing(today, CYCLE_ANCHOR, isp.isp.zone)
    somebody = next(one for one in logins.logins(context) if one.group == STAFF_ROLE)
    staff = Api.signed_in(context.console_url, somebody.name, somebody.password)
    world = World(
        context, journal, staff, isp, preceding(month, CYCLE_ANCHOR), rfc3339(month.span.start)
    )
    customers.open_account(world)
    network.use(world)
    first = cycle.prepare(world)
    mended = cycle.mend(world, first)
    cycle.approve(world, mended, first)
    cycle.read_invoice(world)
    paying.pay(world)
    paying.repeat_webhooks(world)
    customers.look_in(world)
    customers.change_plan(world)
    books.add_up(world)


if __name__ == "__main__":
    sys.exit(main())
